"""What scrolled off the top of the screen, as lines, bounded. The screen fills it; reading is in reading.py.

The newest rows wait as they are; what is older is kept in chunks: lines with little around them, or text that nobody
has looked at. Whole chunks are forgotten, the oldest first.
"""

from __future__ import annotations

from bisect import bisect_right
from operator import attrgetter
from typing import Final, TypeAlias

from mosh_common.history_limits import DEFAULT_LIMITS, Limits
from mosh_common.terminal.cells import Palette, Row
from mosh_common.terminal.history.chunks import Laid, Piece
from mosh_common.terminal.history.joining import Joiner
from mosh_common.terminal.history.line import NO_HISTORY, Extent, Position
from mosh_common.terminal.history.unparsed import Text, Unparsed, draw, parts_of
from mosh_common.terminal.history.update import Mark, Update
from mosh_common.terminal.screen.past import Beginning

ROWS_AT_ONCE: Final = 64  # rows wait until there are so many
_CELLS_AT_ONCE: Final = 16384  # or so many columns of them
_CELLS_PER_UNIT: Final = 4  # of work, where each cell may have a style of its own


_TEXTS: Final = 16  # of unparsed texts there are more, or the oldest is too much of all
_FEWEST_CHARACTERS: Final = 4096
LAID_OUT: Final = 4  # texts that are kept at hand, laid out, because the next page is likely to want them too

Chunk: TypeAlias = Laid | Unparsed


_UNLIMITED: Final = Limits(1 << 62, 1 << 62)


class History:
    """The lines that scrolled off, as `Past` wants it."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS) -> None:
        self._limits = limits
        self._text_characters = max(limits.octets // _TEXTS, _FEWEST_CHARACTERS)  # of one unparsed text, about
        self._chunks: list[Chunk] = []  # the oldest first
        self._octets = 0  # of the chunks
        self._first = 0  # the oldest line that is kept
        self._next = 0  # number of the line that is to be the next in a chunk
        self._newest = Joiner()  # lines after those of the chunks
        self._rows: list[Row] = []  # rows after those
        self._lent: list[Row] = []  # rows after those, which may be taken back
        self._palette: Palette | None = None  # of both
        self._unseen = 0  # so many rows that scroll off next were kept already,
        self._unseen_lines = 0  # and after them the rows of so many lines
        self._clears = 0
        self._update = Update()
        self._laid_out: list[tuple[Text, History]] = []
        self._cut: tuple[Unparsed | None, list[Text]] = None, []  # the parts of the text that was wanted last
        self.laid_characters = 0  # of texts, in all; for tests
        self.shown = NO_HISTORY  # what there was when the screen was last looked at

    # --- What the screen says (past.py) ---------------------------------------------------------------------------

    def push(self, rows: list[Row], palette: Palette) -> int:
        """Take rows that scrolled off the top, the oldest first; return what that cost in units of work."""
        if self._unseen or self._unseen_lines:
            rows = self._without_unseen(rows)
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
            self._update.begins(self._next, self._newest)
            units += self._newest.copy_units
            self._rows += rows[old:]
        return units

    def _without_unseen(self, rows: list[Row]) -> list[Row]:
        """Return those of `rows` that are not kept already."""
        dropped = min(self._unseen, len(rows))
        self._unseen -= dropped
        while self._unseen_lines and not self._unseen and dropped < len(rows):
            self._unseen_lines -= not rows[dropped][2]  # a line goes on as long as its rows wrap
            dropped += 1
        return rows[dropped:]

    def lend(self, rows: list[Row], palette: Palette) -> None:
        """Take rows for which the screen has become too low: they may be taken back."""
        self.end_update()  # its rows have other lengths now
        rows = self._without_unseen(rows)
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
        self.end_line()
        self._make_chunk()
        if self._update.watched is not None:
            self._update.begins(self._next, self._newest)
        if end - start <= self._text_characters:
            self._add_chunk(Unparsed(self._next, text, start, end, beginning, lines=lines))
            return
        for part in parts_of(Text(text[start:end], beginning, lines), self._text_characters):
            whole = part.text
            self._add_chunk(Unparsed(self._next, whole, 0, len(whole), part.beginning, lines=part.lines))

    def await_unseen(self, rows: int, lines: int) -> None:
        """Say that so many rows that scroll off next were kept already, and after them those of so many lines."""
        self._unseen, self._unseen_lines = rows, lines

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
            self._go_back(mark)
        self.end_line()

    def _go_back(self, mark: Mark) -> None:
        """Forget what came after `mark`, which nobody has seen."""
        while self._chunks and self._chunks[-1].first >= mark.next:
            self._octets -= self._chunks.pop().octets
        self._rows, self._lent = [], []
        self._newest = mark.newest.copy()
        self._next = mark.next
        self._first = min(self._first, self._next)

    def begin_update(self, rows: list[Row], palette: Palette) -> None:
        """Say that a synchronized update begins, on a screen of these rows."""
        self._update = Update(list(rows), palette)

    def end_update(self) -> None:
        """Say that none goes on."""
        self._update = Update()

    def clear(self) -> None:
        """Forget everything. No number is used again."""
        self.end_line()
        self._next += len(self._newest.lines)
        self._first = self._next
        self._newest = Joiner()
        self._chunks.clear()
        self._laid_out.clear()
        self._cut = None, []
        self._octets = 0
        self._unseen = self._unseen_lines = 0
        self._clears += 1
        if self._update.mark is not None or self._update.watched is not None:
            self._update.begins(self._next, self._newest)

    # --- What there is --------------------------------------------------------------------------------------------

    @property
    def extent(self) -> Extent:
        """What there is at this moment of the screen."""
        newest = self.newest()
        line = self._next + len(newest.lines)
        return Extent(max(self._first, line - self._limits.lines), Position(line, newest.columns), self._clears)

    def look(self) -> None:
        """Say that the screen is looked at now."""
        self.shown = self.extent
        self._update.mark = None  # what was seen has its numbers for good

    def newest(self) -> Joiner:
        """Return the lines after those of the chunks, the first of which has the number `next`, and what is open."""
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
        return self._octets

    def chunk_at(self, line: int) -> Chunk | None:
        """Return the chunk that has a line; None if none has it, as the newest are in none."""
        index = bisect_right(self._chunks, line, key=attrgetter("first")) - 1
        if index < 0 or line >= self._next:
            return None
        return self._chunks[index]

    def piece_at(self, line: int) -> Piece | None:
        """Return lines, that one among them; None if there is none of that number."""
        chunk = self.chunk_at(line)
        if isinstance(chunk, Laid):
            return chunk.piece()
        if chunk is not None:
            return self._piece_of(chunk, line)
        if line < self._next:
            return None
        newest = self.newest()
        lines = newest.all_lines()
        return Piece(self._next, lines, newest.styles) if line < self._next + len(lines) else None

    def _piece_of(self, chunk: Unparsed, line: int) -> Piece | None:
        """Return lines of a text that was not drawn, that one among them."""
        if chunk is not self._cut[0]:
            self._cut = chunk, chunk.parts()
        first = chunk.first
        for part in self._cut[1]:
            if line < first + part.lines:
                piece = self._laid(part).piece_at(line - first)
                return None if piece is None else piece._replace(first=piece.first + first)
            first += part.lines
        return None

    def _laid(self, text: Text) -> History:
        """Return the lines of a text. The last that were wanted are kept at hand."""
        for known, laid in self._laid_out:
            if known is text:
                return laid
        laid = History(_UNLIMITED)
        draw(text, laid)
        self.laid_characters += len(text.text)
        del self._laid_out[: -LAID_OUT + 1]
        self._laid_out.append((text, laid))
        return laid

    # --- Chunks ---------------------------------------------------------------------------------------------------

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
                self._make_chunk()
        return (newest.styled - before) // _CELLS_PER_UNIT

    def _make_chunk(self) -> None:
        """Make a chunk of the newest lines, none of which may be without its end."""
        lines, styles = self._newest.take_chunk()
        if lines:
            self._add_chunk(Laid(self._next, lines, styles))

    def _add_chunk(self, chunk: Chunk) -> None:
        self._chunks.append(chunk)
        self._next += chunk.count
        self._octets += chunk.octets
        self._keep_limits()

    def _keep_limits(self) -> None:
        """Forget the oldest chunks, as far as they are beyond the limits."""
        lines, octets = self._limits
        gone = 0
        chunks = self._chunks
        oldest = self._next - lines
        # SECURITY: programs decide how much there is. Test: test_hostile_output_keeps_to_the_octets.
        while gone < len(chunks) and (self._octets > octets or chunks[gone].first + chunks[gone].count <= oldest):
            self._octets -= chunks[gone].octets
            gone += 1
        if gone:
            del chunks[:gone]
        self._first = max(self._first, oldest, chunks[0].first if chunks else self._next)
