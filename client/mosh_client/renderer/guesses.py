"""What the engine believes the screen will show: guesses by cell, guesses of the cursor, and laying them over a frame.

A guess is a value with a date and a number: what it expects, since when, and which input batch carries its key. It
knows nothing of keys; why a guess is made is prediction.py's business.
"""

from __future__ import annotations

import enum
import unicodedata
from typing import Final, NamedTuple

from mosh_common.terminal.cells import CLUSTER, EMPTY, UNDERLINE_SINGLE, WIDE_TAIL, Row, Snapshot, Style

BLANK: Final = " "


class Verdict(enum.Enum):
    """What a frame says of a guess (prediction.md, "A guess")."""

    PENDING = enum.auto()  # the server has not told yet that the key took effect
    CORRECT = enum.auto()
    NO_CREDIT = enum.auto()  # not contradicted, but proves nothing
    WRONG = enum.auto()


class Cell(NamedTuple):
    """A cell's grapheme (BLANK when it looks blank, WIDE_TAIL for the right half of a wide one) and style."""

    text: str
    style: Style
    known: bool = True  # False: something unforeseeable is shifted in here


class CellGuess:
    """One cell's expected contents."""

    __slots__ = ("batch", "cell", "epoch", "made_at", "originals", "typed")

    def __init__(
        self, cell: Cell, *, epoch: int, batch: int, made_at: int, originals: tuple[str, ...], typed: bool
    ) -> None:
        self.cell = cell
        self.epoch = epoch  # shown once this epoch is confirmed
        self.batch = batch  # judged once the echo ack reaches this input batch
        self.made_at = made_at  # ms
        self.originals = originals  # texts that it replaces, all that were seen there since
        self.typed = typed  # the key's own character, rather than one moved by it

    def verdict(self, shown: str, *, echo_acknowledged: int) -> Verdict:
        """Judge by the text that the server's screen shows in the cell."""
        if self.batch > echo_acknowledged:
            return Verdict.PENDING
        text = self.cell.text
        if not self.cell.known or text in (BLANK, WIDE_TAIL):
            return Verdict.NO_CREDIT
        if text != shown:
            return Verdict.WRONG
        return Verdict.NO_CREDIT if text in self.originals else Verdict.CORRECT


class CursorGuess:
    """Where the cursor is expected, as the last key of its epoch left it."""

    __slots__ = ("batch", "column", "epoch", "made_at", "row")

    def __init__(self, row: int, column: int, *, epoch: int, batch: int, made_at: int) -> None:
        self.row = row
        self.column = column
        self.epoch = epoch
        self.batch = batch
        self.made_at = made_at

    def verdict(self, screen: Snapshot, *, echo_acknowledged: int) -> Verdict:
        """Judge by the server's cursor."""
        if self.batch > echo_acknowledged:
            return Verdict.PENDING
        right = (self.row, self.column) == (screen.cursor_row, screen.cursor_column)
        return Verdict.CORRECT if right else Verdict.WRONG


class Guesses:
    """All guesses that wait for their verdict."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[int, CellGuess]] = {}  # row → column → guess; no row without guesses
        self.cursors: list[CursorGuess] = []  # one for each epoch at most, in order of epoch

    def __bool__(self) -> bool:
        return bool(self.rows or self.cursors)

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self.cursors.clear()

    def expect(
        self,
        screen: Snapshot,
        row: int,
        column: int,
        cell: Cell,
        *,
        epoch: int,
        batch: int,
        now: int,
        typed: bool = False,
    ) -> None:
        """Guess that `cell` will be there, instead of what was guessed or is shown there."""
        shown = text_at(screen.rows[row], column)
        guesses = self.rows.setdefault(row, {})
        old = guesses.get(column)
        if old is None:
            originals: tuple[str, ...] = (shown,)
        else:
            originals = old.originals if shown in old.originals else (*old.originals, shown)
        guesses[column] = CellGuess(cell, epoch=epoch, batch=batch, made_at=now, originals=originals, typed=typed)

    def expect_cursor(self, row: int, column: int, *, epoch: int, batch: int, now: int) -> None:
        """Guess that the cursor will be there; an earlier epoch's guess stays beside it."""
        guess = CursorGuess(row, column, epoch=epoch, batch=batch, made_at=now)
        if self.cursors and self.cursors[-1].epoch == epoch:
            self.cursors[-1] = guess
        else:
            self.cursors.append(guess)

    def expected_row(self, screen: Snapshot, row: int) -> list[Cell]:
        """Return the row as it is expected to look, all epochs included."""
        cells = read_row(screen, row)
        for column, guess in self.rows.get(row, {}).items():
            cells[column] = guess.cell
        return cells

    def drop(self, row: int, column: int) -> None:
        """Forget the guess of that cell."""
        guesses = self.rows[row]
        del guesses[column]
        if not guesses:
            del self.rows[row]

    def drop_from_epoch(self, epoch: int) -> None:
        """Forget that epoch and what was built upon it."""
        for row in list(self.rows):
            kept = {column: guess for column, guess in self.rows[row].items() if guess.epoch < epoch}
            if kept:
                self.rows[row] = kept
            else:
                del self.rows[row]
        self.cursors = [guess for guess in self.cursors if guess.epoch < epoch]

    def oldest_made_at(self) -> int | None:
        """When the guess that waits longest was made."""
        cells = (guess.made_at for row in self.rows.values() for guess in row.values())
        return min((*cells, *(guess.made_at for guess in self.cursors)), default=None)

    def lay_over(self, screen: Snapshot, *, confirmed_epoch: int, underlined: bool) -> Snapshot:
        """Return the screen with the guesses up to that epoch in it; the same object if nothing differs."""
        rows: list[Row] | None = None
        for row, guesses in self.rows.items():
            if row >= screen.lines:
                continue
            shown = [
                (column, guess.cell)
                for column, guess in guesses.items()
                if guess.epoch <= confirmed_epoch and column < screen.columns and guess.cell.known
            ]
            changed = _overlay(screen, screen.rows[row], shown, underlined=underlined)
            if changed is not None:
                if rows is None:
                    rows = list(screen.rows)
                rows[row] = changed
        cursor_row, cursor_column = screen.cursor_row, screen.cursor_column
        for cursor in self.cursors:
            if cursor.epoch <= confirmed_epoch and cursor.row < screen.lines and cursor.column < screen.columns:
                cursor_row, cursor_column = cursor.row, cursor.column
        moved = (cursor_row, cursor_column) != (screen.cursor_row, screen.cursor_column)
        if rows is None and not moved:
            return screen
        return screen._replace(
            rows=screen.rows if rows is None else tuple(rows),
            cursor_row=cursor_row,
            cursor_column=cursor_column,
            wrap_pending=screen.wrap_pending and not moved,
        )


def text_at(row: Row, column: int) -> str:
    """Return the grapheme there as `Cell.text` has it."""
    char = row[0][column]
    if char == CLUSTER:
        return row[3][column]
    return BLANK if char == EMPTY else char


def read_row(screen: Snapshot, row: int) -> list[Cell]:
    """Return the server's row as cells."""
    text, letters, _, clusters = screen.rows[row]
    styles = screen.palette.styles
    cells = [
        Cell(BLANK if char == EMPTY else char, styles[ord(letter)]) for char, letter in zip(text, letters, strict=True)
    ]
    for column, cluster in clusters.items():
        if text[column] == CLUSTER:
            cells[column] = Cell(cluster, cells[column].style)
    return cells


def is_wide(text: str) -> bool:
    """Whether a grapheme takes two columns."""
    return text > "\u10ff" and (len(text) > 1 or unicodedata.east_asian_width(text) in "WF")


def _overlay(screen: Snapshot, row: Row, shown: list[tuple[int, Cell]], *, underlined: bool) -> Row | None:
    """Return `row` with the cells of `shown` in it, or None if they are all there already."""
    text, letters, wrapped, clusters = row
    palette = screen.palette
    new_text: list[str] | None = None
    for column, cell in shown:
        if text_at(row, column) == cell.text:
            continue
        if new_text is None:
            new_text, new_letters, new_clusters = list(text), list(letters), dict(clusters)
        style = cell.style
        if underlined and not style.underline and cell.text != BLANK:
            style = style._replace(underline=UNDERLINE_SINGLE)
        try:
            letter = palette.letter(style)
        except OverflowError:
            letter = letters[column]  # a full palette: the right character in an old colour
        new_letters[column] = letter
        if len(cell.text) == 1:
            new_text[column] = cell.text
            new_clusters.pop(column, None)
        else:
            new_text[column] = CLUSTER
            new_clusters[column] = cell.text
    if new_text is None:
        return None
    if WIDE_TAIL in new_text or WIDE_TAIL in text:
        _mend_wide(new_text, new_clusters, text)
    return ("".join(new_text), "".join(new_letters), wrapped, new_clusters if new_clusters else clusters and {})


def _mend_wide(text: list[str], clusters: dict[int, str], before: str) -> None:
    """Blank every half of a wide character that lost its other half."""
    last = len(text) - 1
    for column, char in enumerate(text):
        if char == WIDE_TAIL:
            left = text[column - 1] if column else BLANK
            if left == EMPTY or (left != CLUSTER and not is_wide(left)):
                text[column] = BLANK
        elif before[column] != WIDE_TAIL and column < last and before[column + 1] == WIDE_TAIL:
            if text[column + 1] != WIDE_TAIL and char == before[column]:
                text[column] = BLANK
                clusters.pop(column, None)
        elif char not in (EMPTY, CLUSTER) and is_wide(char) and (column == last or text[column + 1] != WIDE_TAIL):
            text[column] = BLANK
