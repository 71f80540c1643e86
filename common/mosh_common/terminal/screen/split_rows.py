"""Rows of which the columns between the left and right margins are kept apart, so that scrolling there moves no cells.

To whoever looks it is a list like any other: a row is put together when it is asked for. Only scrolling knows better:
what is between the margins is a list of its own, and to scroll is to rotate that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import WIDE_TAIL, Row, blank_row
from mosh_common.terminal.rows import Span
from mosh_common.terminal.screen.row_memory import RowMemory

_FEW: Final = 4  # rows that are not worth remembering


class SplitRows(list[Row]):
    """Rows whose columns from `left` to `end` (exclusive) are kept apart, as rows of their own, once they scrolled.

    Its length does not change; who wants another one makes a list of it first.
    """

    __slots__ = ("_blank", "_lifted", "_memory", "_overwritten", "_pieces", "_stale", "_touched", "end", "left")

    def __init__(
        self,
        rows: Iterable[Row],
        left: int,
        end: int,
        *,
        memory: RowMemory,
        overwritten: Callable[[Row, int, Span], Row],
    ) -> None:
        """`overwritten` puts a span into a row: what becomes of characters that the margins cut is its affair."""
        super().__init__(rows)
        self.left = left
        self.end = end
        self._memory = memory
        self._overwritten = overwritten
        self._blank = blank_row(end - left)  # the last piece that scrolled in: one object is recognized
        self._pieces: list[Row | None] = [None] * len(self)  # what is between the margins; None: what the row says
        self._stale = bytearray(len(self))  # 1: the piece is newer than the row
        self._lifted = (0, -1)  # rows that all had pieces
        self._touched: list[int] = []  # those of them that have none any more

    def scroll(self, first: int, last: int, count: int, blank: str) -> None:
        """Move the pieces of rows `first` to `last` up by `count` rows, or down if it is negative.

        `blank` is the letter of what comes in, and of the halves that the margins cut off.
        """
        self._lift(first, last, blank)
        pieces = self._pieces
        if blank != self._blank[1][:1]:
            self._blank = blank_row(self.end - self.left, blank)
        if count > 0:
            del pieces[first : first + count]
            pieces[last + 1 - count : last + 1 - count] = [self._blank] * count
        else:
            del pieces[last + 1 + count : last + 1]
            pieces[first:first] = [self._blank] * -count
        self._stale[first : last + 1] = b"\x01" * (last + 1 - first)

    def fill(self, first: int, last: int, new: Span, blank: str) -> None:
        """Put `new`, which is as wide as the margins are apart, into rows `first` to `last`."""
        if first <= last:
            self._lift(first, last, blank)
            self._pieces[first : last + 1] = [(new.text, new.letters, False, new.clusters)] * (last + 1 - first)
            self._stale[first : last + 1] = b"\x01" * (last + 1 - first)

    def _lift(self, first: int, last: int, orphan: str) -> None:
        """Give rows that have none their pieces. They may keep what is between the margins: it is stale from now on."""
        low, high = self._lifted
        if low <= first and last <= high:
            numbers = [number for number in self._touched if first <= number <= last]
            self._touched = [number for number in self._touched if not first <= number <= last]
        else:
            numbers = [number for number in range(first, last + 1) if self._pieces[number] is None]
            self._lifted = (first, last)
            self._touched.clear()
        if not numbers:
            return
        left, end = self.left, self.end
        rows = [super(SplitRows, self).__getitem__(number) for number in numbers]
        pieces = self._remembered(rows, ("lift", left, end, orphan), lambda row: _piece(row, left, end, orphan))
        for number, row, piece in zip(numbers, rows, pieces, strict=True):
            self._pieces[number] = piece
            text = row[0]
            if text[left] == WIDE_TAIL or text[end : end + 1] == WIDE_TAIL or (end == len(text) and row[2]):
                super().__setitem__(number, self._overwritten(row, left, _span(piece)))

    def _remembered(self, rows: list[Row], key: tuple[object, ...], operation: Callable[[Row], Row]) -> list[Row]:
        return list(map(operation, rows)) if len(rows) <= _FEW else self._memory.apply(rows, key, operation)

    def _join(self, number: int) -> None:
        """Put a row together."""
        self._stale[number] = 0
        piece = self._pieces[number]
        assert piece is not None
        super().__setitem__(number, row_ops.put(super().__getitem__(number), self.left, _span(piece)))

    def _join_all(self) -> None:
        numbers = [number for number, stale in enumerate(self._stale) if stale]
        if len(numbers) <= _FEW:
            for number in numbers:
                self._join(number)
            return
        left = self.left
        rows = [super(SplitRows, self).__getitem__(number) for number in numbers]
        pieces = [piece for number in numbers if (piece := self._pieces[number]) is not None]
        whole = self._memory.merge(
            rows, pieces, ("join", left), lambda row, piece: row_ops.put(row, left, _span(piece))
        )
        for number, row in zip(numbers, whole, strict=True):
            super().__setitem__(number, row)
        self._stale = bytearray(len(self))

    # --- as a list

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            self._join_all()
        elif self._stale[key]:
            self._join(key)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__(key, value)
        if isinstance(key, slice):
            for number in range(*key.indices(len(self))):
                self._replaced(number)
        else:
            self._replaced(key)

    def _replaced(self, number: int) -> None:
        """Note that a row was replaced: it need not be put together any more."""
        self._stale[number] = 0
        if self._pieces[number] is not None:
            self._pieces[number] = None
            self._touched.append(number)

    def __iter__(self) -> Iterator[Row]:
        self._join_all()
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        self._join_all()
        return super().__eq__(other)

    __hash__ = None

    def copy(self) -> list[Row]:
        """Return a list of the rows, put together."""
        return list(self)


def _span(piece: Row) -> Span:
    return Span(piece[0], piece[1], piece[3])


def _piece(row: Row, start: int, end: int, orphan: str) -> Row:
    text, letters, clusters = row_ops.span(row, start, end, orphan)
    return (text, letters, False, clusters)
