"""Rows in, lines out: what the terminal wrapped is joined again."""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import EMPTY, Palette, Row, Style, graphemes_of
from mosh_common.terminal.history.encoding import BLANKS, MOST_STYLES, StyleTable, encode_line
from mosh_common.terminal.history.line import LONGEST_LINE

CHUNK_OCTETS: Final = 8192  # about, of text and styles
CHUNK_LINES: Final = 512


class Joiner:
    """The lines of a chunk that is being made, and the one that has not ended yet."""

    __slots__ = ("_encoded", "_last", "_open", "_palette", "_table", "columns", "lines", "octets", "styled")

    def __init__(self) -> None:
        self.lines: list[str] = []  # as encoding.py keeps them
        self.octets = 0  # of the lines, about
        self._table = StyleTable()
        self._open: list[str] = []  # the rows of the line that has not ended, kept in the same way
        self.columns = 0  # of them
        self._palette: Palette | None = None  # what the letters of the last row mean
        self._last: Row | None = None  # the last row that was a line, and what it became: blank ones are one object
        self._encoded = ""
        self.styled = 0  # so many cells of rows with styles were looked at closely, in all

    @property
    def styles(self) -> list[Style]:
        """The styles of the lines."""
        return self._table.styles

    @property
    def full(self) -> bool:
        """Whether the lines are enough for a chunk."""
        return not self.columns and (
            len(self.lines) >= CHUNK_LINES
            or self.octets + self._table.octets >= CHUNK_OCTETS
            or len(self.styles) >= MOST_STYLES // 2  # one more line adds a quarter at most
        )

    def add(self, rows: list[Row], palette: Palette) -> int:
        """Add rows as they follow one another, until the chunk is full; return how many were added."""
        if palette is not self._palette:
            self._palette, self._last = palette, None
        for index, row in enumerate(rows):
            text, letters, wrapped, clusters = row
            if wrapped or self.columns:
                self._go_on(row, palette)
                if self.full:
                    return index + 1
                continue
            if row is not self._last:
                self._last = row
                if clusters or letters.count("\x00") != len(letters):
                    self.styled += len(letters)
                    encoded = encode_line(text, letters, graphemes_of(clusters), palette, self._table)
                else:
                    encoded = text.rstrip(BLANKS)  # what nearly all lines are
                self._encoded = encoded
            self.lines.append(self._encoded)
            self.octets += len(self._encoded) + 1
            if self.full:
                return index + 1
        return len(rows)

    def _go_on(self, row: Row, palette: Palette) -> None:
        """Add a row to the line that has not ended."""
        text, letters, wrapped, clusters = row
        room = len(text)
        self.styled += room
        if wrapped and text[-1] == EMPTY:
            text, letters = text[:-1], letters[:-1]  # the wide character that follows did not fit there
        self._open.append(encode_line(text, letters, graphemes_of(clusters), palette, self._table, part=wrapped))
        self.columns += len(text)
        if not wrapped or self.columns + room > LONGEST_LINE:
            self.end_line()

    def end_line(self) -> None:
        """End the line that has not ended, if there is one."""
        if self._open:
            encoded = "".join(self._open)
            self.lines.append(encoded)
            self.octets += len(encoded) + 1
            self._open, self.columns = [], 0

    def all_lines(self) -> list[str]:
        """Return the lines, and what there is of the one that has not ended."""
        return [*self.lines, "".join(self._open)] if self._open else self.lines

    def take_chunk(self) -> tuple[list[str], list[Style]]:
        """Return and forget the lines, with their styles. None may be without its end."""
        taken = self.lines, self.styles
        self.lines, self._table, self.octets, self._last = [], StyleTable(), 0, None
        return taken

    @property
    def copy_units(self) -> int:
        """What `copy` costs, in units of work."""
        return 1 + len(self.styles) // 4 + len(self.lines) // 64

    def copy(self) -> Joiner:
        """Return one to which rows can be added in its stead."""
        copy = Joiner()
        copy.lines, copy.octets = list(self.lines), self.octets
        copy._table = self._table.copy()
        copy._open, copy.columns = list(self._open), self.columns
        return copy
