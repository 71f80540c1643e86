"""Sums of cells from the start of a row on, so that the checksum of any area is one subtraction a row (DECRQCRA)."""

from __future__ import annotations

from array import array
from itertools import accumulate
from operator import add
from typing import Final

from mosh_common.terminal.cells import BLINK, BOLD, CLUSTER, EMPTY, INVERSE, WIDE_TAIL, Palette, Row, cell_text

_CELLS_LIMIT: Final = 200_000  # of remembered rows, eight octets each
_BLANKS: Final = {ord(EMPTY): " ", ord(WIDE_TAIL): "\x00"}  # what counts as a space, and as nothing


class RowSums:
    """The sums of rows whose letters are those of `palette`."""

    __slots__ = ("_cells", "_extra", "_known", "palette")

    def __init__(self, palette: Palette) -> None:
        self.palette = palette
        self._extra: dict[str, int] = {}  # what a style adds, by letter
        self._known: dict[int, tuple[Row, array[int]]] = {}  # by identity; with the row, so that it means something
        self._cells = 0

    def of(self, row: Row) -> array[int]:
        """Return the sum of the first n cells for each n, 0 and all included."""
        known = self._known.get(id(row))
        if known is not None:
            return known[1]
        if self._cells > max(_CELLS_LIMIT, 100 * len(row[0])):
            self._known.clear()
            self._cells = 0
        text, letters, _wrapped, clusters = row
        extra = self._extra
        for letter in set(letters).difference(extra):
            style = self.palette.styles[ord(letter)]
            value = 0x10 * (style.underline > 0) + 0x20 * bool(style.flags & INVERSE)
            extra[letter] = value + 0x40 * bool(style.flags & BLINK) + 0x80 * bool(style.flags & BOLD)
        if clusters:
            codes = [
                sum(map(ord, cell_text(row, column))) if char == CLUSTER else ord(char)
                for column, char in enumerate(text.translate(_BLANKS))
            ]
        else:
            codes = list(map(ord, text.translate(_BLANKS)))
        sums = array("Q", accumulate(map(add, codes, map(extra.__getitem__, letters)), initial=0))
        self._known[id(row)] = (row, sums)
        self._cells += len(text)
        return sums
