"""What scrolled off the top of the screen, as lines, bounded. The screen fills it; reading is in reading.py.

The newest rows wait as they are; what is older is kept in chunks: lines with little around them, or text that nobody
has looked at. Whole chunks are forgotten, the oldest first.
"""

from __future__ import annotations

from typing import Final

from mosh_common.history_limits import DEFAULT_LIMITS, Limits
from mosh_common.terminal.cells import Palette, Row
from mosh_common.terminal.history.chunks import Piece
from mosh_common.terminal.history.drawn import Drawn, are_fit
from mosh_common.terminal.history.joining import Joiner
from mosh_common.terminal.history.line import NO_HISTORY, Extent, Position
from mosh_common.terminal.history.shelf import Chunk, Shelf
from mosh_common.terminal.history.straight import straight_lines
from mosh_common.terminal.history.unparsed import Text, Unparsed, draw, parts_of
from mosh_common.terminal.history.update import Update
from mosh_common.terminal.screen.past import Beginning
from mosh_common.terminal.screen.unseen import Unseen

ROWS_AT_ONCE: Final = 64  # rows wait until there are so many
_CELLS_AT_ONCE: Final = 16384  # or so many columns of them
_CELLS_PER_UNIT: Final = 4  # of work, where each cell may have a style of its own
_TEXTS: Final = 16  # of unparsed texts there are more, or the oldest is too much of all
_FEWEST_CHARACTERS: Final = 4096
_TEXT_PER_CELL: Final = 8  # characters of text that is not drawn, for each cell that is kept as it is beside it
LAID_OUT: Final = 4  # texts that are kept at hand, laid out, because the next page is likely to want them too
_UNLIMITED: Final = Limits(1 << 62, 1 << 62)


class History:
    """The lines that scrolled off, as `Past` wants it."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._text_characters = max(limits.octets // _TEXTS, _FEWEST_CHARACTERS)  # of one unparsed text, about
        self._shelf = Shelf(limits)  # the chunks
        self._newest = Joiner()  # lines after those of the chunks
        self._rows: list[Row] = []  # rows after those
        self._lent: list[Row] = []  # rows after those, which may be taken back
        self._palette: Palette | None = None  # of both
        self.unseen: Final = Unseen()
        self._clears = 0
        self._update = Update()
        self.laying = Laying()
        self.shown = NO_HISTORY  # what there was when the screen was last looked at

    # --- What the screen says (past.py) ---------------------------------------------------------------------------

    def push(self, rows: list[Row], palette: Palette) -> int:
        """Take rows that scrolled off the top, the oldest first; return what that cost in units of work."""
        unseen = self.unseen
        if unseen.rows or unseen.lines:
            rows = unseen.take_new(rows)
            if not rows:
                return 0
        if self._update.watched is not None:
            return self._watch(rows, palette)
        if self._lent:
            self._rows += self._lent
            self._lent = []
        self._use_palette(palette)
        waiting = self._rows
        waiting += rows
        count = len(waiting)
        if count >= ROWS_AT_ONCE or (rows and count * len(rows[0][0]) >= _CELLS_AT_ONCE):
            return len(rows) + self._join_rows()
        return len(rows)

    def _use_palette(self, palette: Palette) -> None:
        """Take rows of `palette` from now on."""
        if palette is not self._palette:
            self._join_rows()
            self._palette = palette

    def _watch(self, rows: list[Row], palette: Palette) -> int:
        """Take rows that scrolled off in an update, and mark where its own begin; return what that cost."""
        self._join_all()
        self._use_palette(palette)
        old = self._update.still_old(rows, palette)
        self._rows += rows[:old]
        units = len(rows) + self._join_rows()
        if old < len(rows):
            self._update.begins(self._shelf.next, self._newest)
            units += self._newest.copy_units
            self._rows += rows[old:]
        return units

    def lend(self, rows: list[Row], palette: Palette) -> None:
        """Take rows for which the screen has become too low: they may be taken back."""
        self.end_update()  # its rows have other lengths now
        rows = self.unseen.take_new(rows)
        if palette is not self._palette:
            self._join_all()
            self._palette = palette
        self._lent += rows

    def take_back(self, count: int, palette: Palette) -> list[Row]:
        """Return the newest `count` rows, or fewer, if they were lent and nothing scrolled off since."""
        self.end_update()
        if palette is not self._palette or not count:
            return []
        kept = max(len(self._lent) - count, 0)
        taken = self._lent[kept:]
        del self._lent[kept:]
        return taken

    def keep(self, text: str, start: int, end: int, beginning: Beginning, *, lines: int) -> None:
        """Take `text[start:end]`, plain, so many lines with their LF, that scrolled off without being drawn."""
        shelf = self._shelf
        drawn = self._take_drawn((end - start) // _TEXT_PER_CELL)
        if drawn is not None:
            shelf.add(drawn)
        self.end_line()
        shelf.add_lines(*self._newest.take_chunk())
        if self._update.watched is not None:
            self._update.begins(shelf.next, self._newest)
        if end - start <= self._text_characters:
            shelf.add(Unparsed(shelf.next, text, start, end, beginning, lines=lines))
            return
        for part in parts_of(Text(text[start:end], beginning, lines), self._text_characters):
            whole = part.text
            shelf.add(Unparsed(shelf.next, whole, 0, len(whole), part.beginning, lines=part.lines))

    def _take_drawn(self, most_cells: int) -> Drawn | None:
        """Return the rows that wait, if they can be kept as they are and have no more cells than that."""
        update = self._update
        if self._lent or update.watched is not None or update.mark is not None:
            return None  # they may be taken back
        if self._newest.columns:
            self._join_open_line()
        rows, palette = self._rows, self._palette
        if not rows or palette is None or len(rows) * len(rows[0][0]) > most_cells or not are_fit(rows):
            return None
        self._rows = []
        self._shelf.add_lines(*self._newest.take_chunk())
        return Drawn(self._shelf.next, rows, palette)

    def _join_open_line(self) -> None:
        """Join those of the rows that wait with which the line ends that has not ended."""
        rows = self._rows
        end = next((at for at, row in enumerate(rows, 1) if not row[2]), len(rows))
        self._rows = rows[:end]
        self._join_rows()
        self._rows = rows[end:]

    @property
    def goes_on(self) -> bool:
        """Whether what scrolled off last wrapped: the first row of the screen goes on from it."""
        rows = self._lent or self._rows
        return rows[-1][2] if rows else self._newest.columns > 0

    def end_line(self) -> None:
        """Say that the first row of the screen does not go on from what scrolled off last."""
        self._join_all()
        self._newest.end_line()

    def erased(self) -> None:
        """Say that the first row of the screen was erased, with others: it goes on from nothing.

        In an update it is drawn anew, and what it had drawn before and is gone was for nobody.
        """
        mark = self._update.mark
        if mark is not None:
            self._shelf.go_back(mark.next)
            self._newest = mark.newest.copy()
            self._rows, self._lent = [], []
        self.end_line()

    def begin_update(self, rows: list[Row], palette: Palette) -> None:
        """Say that a synchronized update begins, on a screen of these rows."""
        self._update = Update(list(rows), palette)

    def end_update(self) -> None:
        """Say that none goes on."""
        self._update = Update()

    def clear(self) -> None:
        """Forget everything. No number is used again."""
        self.end_line()
        self._shelf.clear(self._shelf.next + len(self._newest.lines))
        self._newest = Joiner()
        self.laying = Laying()
        self.unseen.expect(0, 0)
        self._clears += 1
        if self._update.mark is not None or self._update.watched is not None:
            self._update.begins(self._shelf.next, self._newest)

    # --- What there is --------------------------------------------------------------------------------------------

    @property
    def extent(self) -> Extent:
        """What there is at this moment of the screen."""
        newest = self.newest()
        line = self._shelf.next + len(newest.lines)
        return Extent(max(self._shelf.first, line - self._limits.lines), Position(line, newest.columns), self._clears)

    def look(self) -> None:
        """Say that the screen is looked at now."""
        self.shown = self.extent
        self._update.mark = None  # what was seen has its numbers for good

    def newest(self) -> Joiner:
        """Return the lines after those of the chunks."""
        self._join_rows()
        if not self._lent or self._palette is None:
            return self._newest
        newest = self._newest.copy()
        rows = self._lent
        while rows:
            rows = rows[newest.add(rows, self._palette) :]
        return newest

    @property
    def octets(self) -> int:
        """How many octets the chunks take."""
        return self._shelf.octets

    def chunk_at(self, line: int) -> Chunk | None:
        """Return the chunk that has a line; None if none has it, as the newest are in none."""
        return self._shelf.at(line)

    def piece_at(self, line: int) -> Piece | None:
        """Return lines, that one among them; None if there is none of that number."""
        self._join_rows()  # which may make a chunk, the wanted one
        chunk = self.chunk_at(line)
        if isinstance(chunk, Unparsed):
            return self.laying.piece_at(chunk, line)
        if chunk is not None:
            return chunk.piece()
        newest, first = self.newest(), self._shelf.next
        lines = newest.all_lines()
        return Piece(first, lines, newest.styles) if first <= line < first + len(lines) else None

    # --- Rows -----------------------------------------------------------------------------------------------------

    def _join_all(self) -> None:
        """Join all rows, also those that were lent."""
        self._rows += self._lent
        self._lent = []
        self._join_rows()

    def _join_rows(self) -> int:
        """Make lines of the rows that wait; return what that cost in units of work."""
        rows, self._rows = self._rows, []
        palette = self._palette
        if not rows or palette is None:
            return 0
        newest = self._newest
        before = newest.styled
        while rows:
            rows = rows[newest.add(rows, palette) :]
            if newest.full:
                self._shelf.add_lines(*newest.take_chunk())
        return (newest.styled - before) // _CELLS_PER_UNIT


class Laying:
    """The lines of texts that were not drawn, laid out. The last that were wanted are kept at hand."""

    __slots__ = ("_cut", "_laid", "characters")

    def __init__(self) -> None:
        self._cut: tuple[Unparsed | None, list[Text]] = None, []  # the parts of the text that was wanted last
        self._laid: list[tuple[Text, Piece | History]] = []
        self.characters = 0  # that were laid out, in all

    def piece_at(self, chunk: Unparsed, line: int) -> Piece | None:
        """Return lines of `chunk`, that one among them; None if there is none of that number."""
        if chunk is not self._cut[0]:
            self._cut = chunk, chunk.parts()
        first = chunk.first
        for part in self._cut[1]:
            if line < first + part.lines:
                laid = self._lines(part)
                piece = laid if isinstance(laid, Piece) else laid.piece_at(line - first)
                return None if piece is None else piece._replace(first=piece.first + first)
            first += part.lines
        return None

    def _lines(self, text: Text) -> Piece | History:
        for known, lines in self._laid:
            if known is text:
                return lines
        laid: Piece | History | None = straight_lines(text)
        if laid is None:
            laid = History(_UNLIMITED)
            draw(text, laid)
        self.characters += len(text.text)
        del self._laid[: 1 - LAID_OUT]
        self._laid.append((text, laid))
        return laid
