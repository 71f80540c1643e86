"""Lines on their way from the server's history into the terminal's scrollback: in order, each once, whole rows only.

Bounded by who asks for them: NativeScroll asks for no page while much of earlier ones is here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from mosh_client.ipc.messages import HistoryPage
from mosh_common.terminal.cells import DEFAULT_STYLE, WIDE_TAIL, Palette, Row
from mosh_common.terminal.history.line import LONGEST_LINE, Line, Position, joined, part, rows

_BLANK: Final = Line(" ", ((1, DEFAULT_STYLE),))
_MOST_STYLES: Final = 1 << 14  # that rows of one drawing have, but for those of its last line


class Piece(NamedTuple):
    """A line, or the part of one that is here."""

    start: Position
    line: Line
    end: Position  # where what follows begins: in the next line where this one is `ended`
    ended: bool

    @property
    def is_blank_rest(self) -> bool:
        """Whether nothing but blanks followed the line's last row: that is no row."""
        return self.ended and not self.line.text and self.start.column > 0


class PlacedRow(NamedTuple):
    """A row, and where it stands in history."""

    row: Row
    start: Position
    end: Position


class FetchedLines:
    """The lines from where the scrollback ends up to `end`."""

    def __init__(self, start: Position) -> None:
        self.end = start
        self._pieces: deque[Piece] = deque()

    def __len__(self) -> int:
        return len(self._pieces)

    def start_over(self, at: Position) -> None:
        """Forget all of it, and go on from there."""
        self.end = at
        self._pieces.clear()

    def leave_out(self, note: Line, up_to: Position) -> None:
        """Put `note` where the lines from `end` to `up_to` would be."""
        self._append(Piece(self.end, note, up_to, True), follows=False)

    def take(self, page: HistoryPage) -> None:
        """Take what of `page` is new. Its first line must not be behind `end`."""
        last = len(page.lines) - 1
        for index, line in enumerate(page.lines):
            number, column = page.line + index, 0 if index else page.column
            ended = index < last or page.whole
            if number < self.end.line:
                continue
            if number == self.end.line and column < self.end.column:
                line = part(line, self.end.column - column)
                column = self.end.column
            # SECURITY: a line that has no end is cut where lines end. Test: test_a_line_without_an_end_is_cut.
            ended = ended or column + len(line.text) >= LONGEST_LINE
            if line.text or ended:
                end = Position(number + 1) if ended else Position(number, column + len(line.text))
                self._append(Piece(Position(number, column), line, end, ended))

    def rows(self, *, columns: int, palette: Palette, up_to: Position, most: int) -> Iterator[PlacedRow]:
        """Take out, and yield, rows of that width which end before `up_to` or there, about `most` of them.

        `palette`, which is new, gets their styles.
        """
        # SECURITY: a line has at most a style for each column; so the palette never overflows. Test:
        # test_a_style_for_each_column_is_borne.
        while self._pieces and most > 0 and len(palette.styles) <= _MOST_STYLES:
            piece = self._pieces[0]
            at = piece.end if piece.is_blank_rest and piece.end <= up_to else piece.start
            for placed in _rows_of(piece, columns, palette, up_to):
                yield placed
                most -= 1
                at = placed.end
            if at < piece.end or not piece.ended:
                # The rest of it comes, or scrolls off, later.
                self._pieces[0] = piece._replace(start=at, line=part(piece.line, at.column - piece.start.column))
                return
            self._pieces.popleft()

    def _append(self, piece: Piece, *, follows: bool = True) -> None:
        """Add the next one; `follows`: it is of the same text as what is here."""
        before = self._pieces[-1] if self._pieces else None
        if before is None or before.ended:
            self._pieces.append(piece)
        elif follows and before.end == piece.start:
            self._pieces[-1] = Piece(before.start, joined(before.line, piece.line), piece.end, piece.ended)
        else:
            # The rest of that line will not come. Its last row may be pushed already, and wraps: not into this.
            self._pieces[-1] = before._replace(line=before.line if before.line.text else _BLANK, ended=True)
            self._pieces.append(piece)
        self.end = piece.end


def _rows_of(piece: Piece, columns: int, palette: Palette, up_to: Position) -> Iterator[PlacedRow]:
    """Yield the rows of a piece as far as they are whole and end before `up_to` or there."""
    number, column = piece.start
    text = piece.line.text
    if piece.is_blank_rest:
        return
    at = 0
    for row in rows(piece.line, columns, palette):
        length = _length_of_row(text, at, columns)
        start, end = Position(number, column + at), Position(number, column + at + length)
        at += length
        if at < len(text):
            whole = True
        elif piece.ended:
            end, whole = piece.end, True
        else:
            # The line goes on behind what is here; a wide character may not have fitted into the last column.
            whole = length == columns or (length == columns - 1 and end == up_to)
            row = (row[0], row[1], True, row[3])
        if not whole or end > up_to:
            return
        yield PlacedRow(row, start, end)


def _length_of_row(text: str, start: int, columns: int) -> int:
    """Return how many columns of a line's text go into a row from `start` on, as history lays it out."""
    end = min(start + columns, len(text))
    return end - start - (end < len(text) and text[end] == WIDE_TAIL)
