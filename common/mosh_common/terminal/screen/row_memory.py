"""What became of rows under operations on many of them, so that the same again is a look-up.

Programs that touch the whole screen with four octets do so again and again, or go through few states: rows that were
met are found by identity, and results that are equal are one object. Operations are pure functions from row to row
(rows.py), each under a key that says all that its result depends on. Bounded. Knows nothing of what the operations do.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from mosh_common.terminal.cells import CLUSTER, Row, graphemes_of

_CELLS_LIMIT: Final = 600_000  # of remembered rows: 16 operations on 200 × 60, which in the worst case are 4 MB
_ROW_CELLS: Final = 100  # what a row costs beside its cells, in cells


class RowMemory:
    """Results of operations on rows."""

    __slots__ = ("_cells", "_equal", "_kept", "_results", "misses")

    def __init__(self) -> None:
        self._results: dict[Hashable, dict[Hashable, Row]] = {}  # by operation, then by what it began with
        self._kept: list[Row] = []  # those rows: an identity means something only while its row lives
        self._equal: dict[tuple[str, str, bool, tuple[str, ...]], Row] = {}  # results by their contents
        self._cells = 0  # of all results and the rows before them
        self.misses = 0  # rows on which an operation was really executed; for tests

    def clear(self) -> None:
        """Forget everything: letters mean other styles from now on."""
        self._results.clear()
        self._kept.clear()
        self._equal.clear()
        self._cells = 0

    def apply(self, rows: list[Row], key: Hashable, operation: Callable[[Row], Row]) -> list[Row]:
        """Return `rows` after `operation`, which is remembered under `key`. What it raises ends all of it."""
        results = self._results.get(key)
        if results is not None:
            try:
                return list(map(results.__getitem__, map(id, rows)))
            except KeyError:
                pass  # some are new
        results = self._room_for(key, rows)
        made = []
        for row in rows:
            result = results.get(id(row))
            if result is None:
                result = results[id(row)] = self._one(row, operation(row))
                self._keep(row)
            made.append(result)
        return made

    def merge(
        self, rows: list[Row], others: list[Row], key: Hashable, operation: Callable[[Row, Row], Row]
    ) -> list[Row]:
        """Return what `operation` makes of each of `rows` and its counterpart in `others`."""
        pairs = list(zip(map(id, rows), map(id, others), strict=True))
        results = self._results.get(key)
        if results is not None:
            try:
                return list(map(results.__getitem__, pairs))
            except KeyError:
                pass
        results = self._room_for(key, rows)
        made = []
        for pair, row, other in zip(pairs, rows, others, strict=True):
            result = results.get(pair)
            if result is None:
                result = results[pair] = self._one(row, operation(row, other))
                self._keep(row)
                self._kept.append(other)
            made.append(result)
        return made

    def _room_for(self, key: Hashable, rows: list[Row]) -> dict[Hashable, Row]:
        if self._cells > max(_CELLS_LIMIT, 4 * (len(rows[0][0]) + _ROW_CELLS) * len(rows)):
            self.clear()
        return self._results.setdefault(key, {})

    def _keep(self, row: Row) -> None:
        self._kept.append(row)
        self._cells += 2 * (len(row[0]) + _ROW_CELLS)
        self.misses += 1

    def _one(self, row: Row, result: Row) -> Row:
        """Return the row object that stands for all that equal `result`, which was made of `row`."""
        if result is row or result == row:
            return row
        text, letters, wrapped, clusters = result
        if clusters and text.count(CLUSTER) != len(clusters):
            return result
        return self._equal.setdefault((text, letters, wrapped, graphemes_of(clusters)), result)
