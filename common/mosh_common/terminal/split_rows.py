"""Rows of which the columns between the left and right margins are kept apart, so that scrolling there moves no cells.

To whoever looks it is a list like any other: a row is put together when it is asked for. Only scrolling knows better:
what is between the margins is a list of its own, and to scroll is to rotate that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mosh_common.terminal.cells import WIDE_TAIL, Row
from mosh_common.terminal.rows import Span, put, span


class SplitRows(list[Row]):
    """Rows whose columns from `left` to `end` (exclusive) are kept apart once they were scrolled.

    Its length does not change; who wants another one makes a list of it first.
    """

    __slots__ = ("_lifted", "_pieces", "_stale", "_touched", "end", "left")

    def __init__(self, rows: Iterable[Row], left: int, end: int) -> None:
        super().__init__(rows)
        self.left = left
        self.end = end
        self._forget()

    def _forget(self) -> None:
        self._pieces: list[Span | None] = [None] * len(self)  # what is between the margins; None: what the row says
        self._stale = bytearray(len(self))  # 1: the piece is newer than the row
        self._lifted = (0, -1)  # rows that all had pieces
        self._touched: list[int] = []  # those of them that have none any more

    def scroll(
        self,
        first: int,
        last: int,
        count: int,
        *,
        blank: Span,
        orphan: str,
        overwritten: Callable[[Row, int, Span], Row],
    ) -> None:
        """Move the pieces of rows `first` to `last` up by `count` rows, or down if it is negative.

        The margins cut wide characters in two: the halves between them get the style `orphan`; what becomes of those
        outside `overwritten` says.
        """
        pieces = self._pieces
        if self._lifted == (first, last):
            for number in self._touched:
                if first <= number <= last:
                    self._lift((number,), orphan, overwritten)
        else:
            self._lift(range(first, last + 1), orphan, overwritten)
            self._lifted = (first, last)
        self._touched.clear()
        if count > 0:
            del pieces[first : first + count]
            pieces[last + 1 - count : last + 1 - count] = [blank] * count
        else:
            del pieces[last + 1 + count : last + 1]
            pieces[first:first] = [blank] * -count
        self._stale[first : last + 1] = b"\x01" * (last + 1 - first)

    def _lift(self, numbers: Iterable[int], orphan: str, overwritten: Callable[[Row, int, Span], Row]) -> None:
        """Give rows that have none their pieces. They may keep what is between the margins: it is stale from now on."""
        left, end, pieces = self.left, self.end, self._pieces
        before: Row | None = None  # rows are often one object
        piece, row = Span("", ""), None
        for number in numbers:
            if pieces[number] is not None:
                continue
            if before is None or super().__getitem__(number) is not before:
                before = row = super().__getitem__(number)
                text = before[0]
                piece = span(before, left, end, orphan)
                if text[left] == WIDE_TAIL or text[end : end + 1] == WIDE_TAIL or (end == len(text) and before[2]):
                    row = overwritten(before, left, piece)
            assert row is not None
            super().__setitem__(number, row)
            pieces[number] = piece

    def _join(self, number: int) -> None:
        """Put a row together."""
        self._stale[number] = 0
        piece = self._pieces[number]
        assert piece is not None
        super().__setitem__(number, put(super().__getitem__(number), self.left, piece))

    def _join_all(self) -> None:
        before: tuple[Row, Span] | None = None
        row: Row | None = None
        number = self._stale.find(1)
        while number >= 0:
            old, piece = super().__getitem__(number), self._pieces[number]
            assert piece is not None
            if before is None or old is not before[0] or piece is not before[1]:
                before = (old, piece)
                row = put(old, self.left, piece)
            assert row is not None
            super().__setitem__(number, row)
            self._stale[number] = 0
            number = self._stale.find(1, number + 1)

    # --- as a list

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, slice):
            self._join_all()
        elif self._stale[key]:
            self._join(key)
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        if isinstance(key, slice):
            super().__setitem__(key, value)  # what is replaced need not be put together
            for number in range(*key.indices(len(self))):
                self._replaced(number)
            self._join_all()
            return
        super().__setitem__(key, value)
        self._replaced(key.__index__() % len(self))

    def _replaced(self, number: int) -> None:
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
