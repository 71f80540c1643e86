"""What the engine believes the screen will show: guesses by cell, guesses of the cursor, and laying them over a frame.

A guess is a value with a date and a number: what it expects, since when, and which input batch carries its key. It
knows nothing of keys; why a guess is made is guessing.py's business, and whether it holds judging.py's.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_client.renderer.prediction.habits import Habit
from mosh_common.terminal.cells import CLUSTER, EMPTY, FAINT, RGB, UNDERLINE_SINGLE, WIDE_TAIL, Row, Snapshot, Style
from mosh_common.terminal.width import char_width

BLANK: Final = " "

_BRIGHT_BLACK: Final = 8
_GREYS: Final = range(236, 251)  # of the 256 colours' ramp, those that are readable and yet dim
_GREY_SPREAD: Final = 24  # of 255: how far a grey's parts may lie apart
_GREY_BRIGHTEST: Final = 0xB4


# The epoch of guesses that are only made to learn whether they would have been right.
NEVER_SHOWN: Final = 1 << 62


class Cell(NamedTuple):
    """A cell's grapheme (BLANK when it looks blank, WIDE_TAIL for the right half of a wide one) and style."""

    text: str
    style: Style
    known: bool = True  # False: something unforeseeable is shifted in here


class Origin(NamedTuple):
    """Where a guess comes from: what all guesses of one key share."""

    epoch: int  # shown once this epoch is confirmed
    batch: int  # judged once the echo ack reaches this input batch
    made_at: int  # ms
    habit: Habit | None = None  # what the program is expected to do with the key


class CellGuess:
    """One cell's expected contents."""

    # "A guess is what one key will do to one cell, or to the cursor. It remembers every text that it replaces, the
    # epoch, the batch of input that carries its key, and when it was made."

    __slots__ = ("cell", "credited", "origin", "original_style", "originals", "typed", "until_then")

    def __init__(
        self, cell: Cell, origin: Origin, *, originals: tuple[str, ...], original_style: Style, typed: bool
    ) -> None:
        self.cell = cell
        self.origin = origin
        self.originals = originals  # texts that it replaces, all that were seen there since
        self.original_style = original_style  # of the text replaced first
        self.typed = typed  # the key's own character, rather than one moved by it
        self.credited = False  # already seen to be right, before the echo ack
        self.until_then: CellGuess | None = None  # what is shown there while this one may not be


class CursorGuess(NamedTuple):
    """Where the cursor is expected after a key."""

    row: int
    column: int
    origin: Origin


class Guesses:
    """All guesses that wait for their verdict."""

    def __init__(self) -> None:
        self.rows: dict[int, dict[int, CellGuess]] = {}  # row → column → guess; no row without guesses
        self.trail: list[CursorGuess] = []  # key by key; epochs and batches never decrease

    def __bool__(self) -> bool:
        return bool(self.rows or self.trail)

    def clear(self) -> None:
        """Forget everything."""
        self.rows.clear()
        self.trail.clear()

    def expect(
        self,
        screen: Snapshot,
        row: int,
        column: int,
        cell: Cell,
        origin: Origin,
        *,
        typed: bool = False,
        until_then: bool = False,
    ) -> None:
        """Guess that `cell` will be there, instead of what was guessed or is shown there.

        `until_then`: what was guessed is shown as long as this may not be; see `lay_over`.
        """
        shown = cell_at(screen, row, column)
        guesses = self.rows.setdefault(row, {})
        old = guesses.get(column)
        if old is None:
            originals: tuple[str, ...] = (shown.text,)
            original_style = shown.style
        else:
            originals, original_style = old.originals, old.original_style
            if shown.text not in originals:
                originals = (*originals, shown.text)
        guess = CellGuess(cell, origin, originals=originals, original_style=original_style, typed=typed)
        if old is not None:
            guess.until_then = old if until_then and old.until_then is None else old.until_then
        guesses[column] = guess

    def expect_cursor(self, row: int, column: int, origin: Origin) -> None:
        """Guess that the cursor will be there after the key."""
        self.trail.append(CursorGuess(row, column, origin))

    def cursor(self, screen: Snapshot) -> tuple[int, int]:
        """Return the row and column where the cursor is expected after all keys."""
        if self.trail:
            return self.trail[-1].row, self.trail[-1].column
        return screen.cursor_row, screen.cursor_column

    def restyle(self, row: int, *, beyond: int, style: Style) -> None:
        """Expect that style of what was typed right of that column."""
        for column, guess in self.rows[row].items():
            if column > beyond and guess.typed:
                guess.cell = guess.cell._replace(style=style)

    def expected_row(self, screen: Snapshot, row: int) -> list[Cell]:
        """Return the row as it is expected to look, all epochs included that may ever be shown."""
        cells = read_row(screen, row)
        for column, guess in self.rows.get(row, {}).items():
            if guess.origin.epoch != NEVER_SHOWN:
                cells[column] = guess.cell
        return cells

    def drop(self, row: int, column: int) -> None:
        """Forget the guess of that cell."""
        guesses = self.rows[row]
        del guesses[column]
        if not guesses:
            del self.rows[row]

    def drop_habit(self, row: int, habit: Habit | None) -> None:
        """Forget the row's guesses that rest upon `habit`."""
        for column, guess in list(self.rows.get(row, {}).items()):
            if guess.origin.habit is habit:
                self.drop(row, column)

    def move_up(self) -> None:
        """Take all guesses one row up; those of the top row are forgotten."""
        self.rows = {row - 1: guesses for row, guesses in self.rows.items() if row}
        self.trail = [guess._replace(row=guess.row - 1) for guess in self.trail if guess.row]

    def oldest_made_at(self) -> int | None:
        """When the guess that waits longest was made."""
        cells = (
            guess.origin.made_at
            for row in self.rows.values()
            for guess in row.values()
            if guess.origin.epoch != NEVER_SHOWN
        )
        return min((*cells, *(guess.origin.made_at for guess in self.trail)), default=None)

    def lay_over(
        self, screen: Snapshot, *, confirmed_epoch: int, underlined: bool, replaced_after: int | None = None
    ) -> Snapshot:
        """Return the screen with the guesses up to that epoch in it; the same object if nothing differs.

        `replaced_after`: of those that later ones replace, show what comes from input batches after this one, too.
        """
        rows: list[Row] | None = None
        for row, guesses in self.rows.items():
            shown = []
            for column, guess in guesses.items():
                replaced = guess.until_then
                # "the line stays in sight until the screen scrolls"
                if guess.origin.epoch > confirmed_epoch and replaced is not None and replaced_after is not None:
                    if replaced.origin.batch <= replaced_after:
                        continue
                    guess = replaced
                if guess.origin.epoch <= confirmed_epoch and guess.cell.known:
                    shown.append((column, guess.cell))
            changed = _overlay(screen, screen.rows[row], shown, underlined=underlined)
            if changed is not None:
                if rows is None:
                    rows = list(screen.rows)
                rows[row] = changed
        cursor_row, cursor_column = screen.cursor_row, screen.cursor_column
        for cursor in reversed(self.trail):
            if cursor.origin.epoch <= confirmed_epoch:
                cursor_row, cursor_column = cursor.row, cursor.column
                break
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


def cell_at(screen: Snapshot, row: int, column: int) -> Cell:
    """Return the server's cell."""
    cells = screen.rows[row]
    return Cell(text_at(cells, column), screen.palette.styles[ord(cells[1][column])])


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


def is_dim(style: Style) -> bool:
    """Whether text of that style is meant to stand back."""
    color = style.fg
    if style.flags & FAINT or color == _BRIGHT_BLACK or color in _GREYS:
        return True
    if color < RGB:
        return False
    parts = (color >> 16 & 255, color >> 8 & 255, color & 255)
    return max(parts) - min(parts) <= _GREY_SPREAD and max(parts) <= _GREY_BRIGHTEST


def is_wide(text: str) -> bool:
    """Whether a grapheme takes two columns."""
    return char_width(text[0]) == 2


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
    joined = "".join(new_text)
    if WIDE_TAIL in joined or CLUSTER in joined or not joined.isascii():
        _mend_wide(new_text, new_letters, new_clusters)
        joined = "".join(new_text)
    return (joined, "".join(new_letters), wrapped, new_clusters if new_clusters else clusters and {})


def _mend_wide(text: list[str], letters: list[str], clusters: dict[int, str]) -> None:
    """Blank every half of a wide character that lost its other half; give both halves one style, the left one's."""

    def wide_at(column: int) -> bool:
        char = text[column]
        return char != EMPTY and is_wide(clusters[column] if char == CLUSTER else char)

    last = len(text) - 1
    for column, char in enumerate(text):
        if char == WIDE_TAIL:
            if column and wide_at(column - 1):
                letters[column] = letters[column - 1]
            else:
                text[column] = BLANK
        elif wide_at(column) and (column == last or text[column + 1] != WIDE_TAIL):
            text[column] = BLANK
            clusters.pop(column, None)
