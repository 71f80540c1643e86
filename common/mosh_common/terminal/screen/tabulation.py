"""Tab stops, and moving to them, which keeps a pending wrap."""

from __future__ import annotations

from mosh_common.terminal.screen.movement import Movement
from mosh_common.terminal.screen.state import MOVED, PENDING, PENDING_MOVED


class Tabulation(Movement):
    """Control functions that know of tab stops."""

    def tab(self) -> None:
        """HT: to the next tab stop, else to the right margin or last column."""
        if self.phase >= PENDING and self.rules.wrap_before_tab and self.rules.autowrap:
            self._wrap()
        self.phase = PENDING_MOVED if self.phase >= PENDING else MOVED
        limit = self.right if self.cursor_column <= self.right else self.columns - 1
        stop = self.tab_stops.find(1, self.cursor_column + 1, limit)
        self.cursor_column = stop if stop >= 0 else limit

    def forward_tab(self, count: int = 1, *_: int) -> None:
        """CHT: `count` times HT."""
        self.work.charge_cells(2 * self.columns)  # there may be a stop in each
        self.tab()
        stops, column = self.tab_stops, self.cursor_column
        limit = self.right if column <= self.right else self.columns - 1
        for _i in range(min(count or 1, stops.count(1, column + 1, limit) + 2) - 1):
            column = stops.find(1, column + 1, limit)
            if column < 0:
                column = limit
                break
        self.cursor_column = column

    def back_tab(self, count: int = 1, *_: int) -> None:
        """CBT: to the `count`-th tab stop to the left, else to the first column."""
        self.work.charge_cells(2 * self.columns)  # there may be a stop in each
        first = self.left if self.rules.origin_mode else 0
        column = self.cursor_column
        for _i in range(min(count or 1, self.columns)):
            column = self.tab_stops.rfind(1, first, max(first, column))
            if column < 0:
                self.cursor_column = min(first, self.cursor_column)
                return
        self.cursor_column = column

    def set_tab_stop(self) -> None:
        """HTS: a tab stop in the cursor's column."""
        self._put_tab_stop(b"\x01")

    def clear_tab_stop(self, how: int = 0, *_: int) -> None:
        """TBC: 0 the cursor's column, 3 all."""
        if how == 0:
            self._put_tab_stop(b"\x00")
        elif how == 3:
            self.tab_stops = bytes(self.columns)

    def _put_tab_stop(self, stop: bytes) -> None:
        column = self.cursor_column
        self.tab_stops = self.tab_stops[:column] + stop + self.tab_stops[column + 1 :]
