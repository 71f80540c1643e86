"""Moving the cursor, tab stops, margins, save and restore.

What moves the cursor cancels a pending wrap, except tabulation; what does nothing, or only scrolls, keeps it.
"""

from __future__ import annotations

from mosh_common.terminal.screen.drawing import Drawing
from mosh_common.terminal.screen.state import MOVED, PENDING, PENDING_MOVED, SavedCursor


class Movement(Drawing):
    """Control functions that move the cursor. Counts of 0 mean 1; positions are 1-based as on the wire."""

    # --- relative

    def cursor_up(self, count: int | None = None, *_: int) -> None:
        """CUU: up, no further than the top margin (the first row from above it)."""
        self.phase = MOVED
        limit = self.top if self.cursor_row >= self.top else 0
        self.cursor_row = max(limit, self.cursor_row - (count or 1))

    def cursor_down(self, count: int | None = None, *_: int) -> None:
        """CUD: down, no further than the bottom margin (the last row from below it)."""
        self.phase = MOVED
        limit = self.bottom if self.cursor_row <= self.bottom else self.lines - 1
        self.cursor_row = min(limit, self.cursor_row + (count or 1))

    def cursor_forward(self, count: int | None = None, *_: int) -> None:
        """CUF: right, no further than the right margin (the last column from beyond it)."""
        self.phase = MOVED
        limit = self.right if self.cursor_column <= self.right else self.columns - 1
        self.cursor_column = min(limit, self.cursor_column + (count or 1))

    def cursor_back(self, count: int | None = None, *_: int) -> None:
        """CUB: left, no further than the left margin (the first column from before it)."""
        if self.rules.reverse_wrap and self.rules.autowrap:
            self._back_around(count or 1)
            return
        self.phase = MOVED
        limit = self.left if self.cursor_column >= self.left else 0
        self.cursor_column = max(limit, self.cursor_column - (count or 1))

    def _back_around(self, count: int) -> None:
        """Move left with reverse wraparound: from the left margin to the right one of the row above."""
        count = min(count, self.columns * self.lines)
        if self.phase >= PENDING:
            # The pending column counts as one more to the right.
            self.phase = MOVED
            count -= 1
        while count > 0:
            limit = self.left if self.cursor_column >= self.left else 0
            step = min(count, self.cursor_column - limit)
            self.cursor_column -= step
            count -= step
            if count > 0:
                if self.cursor_row == self.top:
                    self.cursor_row = self.bottom
                elif self.cursor_row > 0:
                    self.cursor_row -= 1
                else:
                    return
                self.cursor_column = self.right
                count -= 1

    def cursor_down1(self, count: int | None = None, *_: int) -> None:
        """CNL: down, to the left margin."""
        self.cursor_down(count)
        self.carriage_return()

    def cursor_up1(self, count: int | None = None, *_: int) -> None:
        """CPL: up, to the left margin."""
        self.cursor_up(count)
        self.carriage_return()

    def column_forward(self, count: int = 1, *_: int) -> None:
        """HPR: right, regardless of margins."""
        self.phase = MOVED
        self.cursor_column = min(self.columns - 1, self.cursor_column + (count or 1))

    def line_forward(self, count: int = 1, *_: int) -> None:
        """VPR: down, regardless of margins."""
        self.phase = MOVED
        self.cursor_row = min(self.lines - 1, self.cursor_row + (count or 1))

    # --- absolute

    def cursor_position(self, line: int | None = None, column: int | None = None, *_: int) -> None:
        """CUP, HVP: with origin mode, relative to the margins and inside them."""
        self.move_to((line or 1) - 1, (column or 1) - 1)

    def cursor_to_column(self, column: int | None = None, *_: int) -> None:
        """CHA, HPA: with origin mode, relative to the left margin."""
        self.phase = MOVED
        first, last = (self.left, self.right) if self.rules.origin_mode else (0, self.columns - 1)
        self.cursor_column = min(first + (column or 1) - 1, last)

    def cursor_to_line(self, line: int | None = None, *_: int) -> None:
        """VPA: with origin mode, relative to the top margin."""
        self.phase = MOVED
        first, last = (self.top, self.bottom) if self.rules.origin_mode else (0, self.lines - 1)
        self.cursor_row = min(first + (line or 1) - 1, last)

    # --- controls

    def carriage_return(self) -> None:
        """CR: to the left margin; to the first column from before it, unless in origin mode."""
        self.phase = MOVED
        self.cursor_column = self.left if self.cursor_column >= self.left or self.rules.origin_mode else 0

    def linefeed(self) -> None:
        """LF, VT, FF: down one row, scrolling at the bottom margin; also CR in newline mode."""
        self.index()
        if self.settings.newline_mode:
            self.carriage_return()

    def next_line(self) -> None:
        """NEL: CR and down one row."""
        self.index()
        self.carriage_return()

    def reverse_index(self) -> None:
        """RI: up one row; at the top margin, scroll down."""
        self.phase = MOVED
        if self.cursor_row == self.top:
            if self.within_columns():
                self.scroll_down(1)
        elif self.cursor_row > 0:
            self.cursor_row -= 1

    def backspace(self) -> None:
        """BS: left one column."""
        self.cursor_back(1)

    def forward_index(self) -> None:
        """DECFI: right one column; at the right margin, scroll left."""
        self.keep_wrap()
        if self.cursor_column == self.right:
            if self.within_margins():
                self.scroll_sideways(self.left, -1, self.top, self.bottom)
        elif self.cursor_column < self.columns - 1:
            self.cursor_column += 1
            self.phase = MOVED

    def back_index(self) -> None:
        """DECBI: left one column; at the left margin, scroll right."""
        self.keep_wrap()
        if self.cursor_column == self.left:
            if self.within_margins():
                self.scroll_sideways(self.left, 1, self.top, self.bottom)
        elif self.cursor_column > 0:
            self.cursor_column -= 1
            self.phase = MOVED

    # --- tabulation (keeps a pending wrap)

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

    # --- margins

    def lock_memory(self) -> None:
        """HP's memory lock, as in xterm: the rows above the cursor do not scroll."""
        self.keep_wrap()
        if self.cursor_row < self.bottom:
            self.top = self.cursor_row

    def unlock_memory(self) -> None:
        """End of memory lock: the region begins at the first row again."""
        self.keep_wrap()
        self.top = 0

    def set_margins(self, top: int | None = None, bottom: int | None = None, *_: int) -> None:
        """DECSTBM: ignored unless the region has two rows or more; homes the cursor."""
        first, last = (top or 1) - 1, min(bottom or self.lines, self.lines) - 1
        if first < last or (self.lines == 1 and first == last):
            self.top, self.bottom = first, last
            self.cursor_position()

    def set_column_margins(self, left: int = 0, right: int = 0, *_: int) -> None:
        """DECSLRM where DECLRMM is set, else SCOSC (both are `CSI s`)."""
        if not self.rules.margin_mode:
            self.save_cursor()
            return
        first, last = (left or 1) - 1, min(right or self.columns, self.columns) - 1
        if first < last:
            self.left, self.right = first, last
            self.cursor_position()

    def set_margin_mode(self, enabled: bool) -> None:
        """DECLRMM: resetting it also resets the left and right margins."""
        self.change_rules(margin_mode=enabled)
        self.cancel_wrap_at_margin()
        self.left, self.right = 0, self.columns - 1

    # --- save and restore

    def save_cursor(self, *_: int) -> None:
        """DECSC, SCOSC: remember position, pending wrap, style, character sets and origin mode."""
        self.saved = SavedCursor(
            row=self.cursor_row,
            column=self.cursor_column,
            wrap_pending=self.wrap_pending,
            style=self.style,
            charsets=self.charsets,
            origin_mode=self.rules.origin_mode,
        )

    def restore_cursor(self, *_: int) -> None:
        """DECRC, SCORC: back to what was saved, or home with defaults."""
        saved = self.saved
        self.set_style(saved.style._replace(link=self.style.link))
        self.use_charsets(saved.charsets)
        if saved.origin_mode != self.rules.origin_mode:
            self.change_rules(origin_mode=saved.origin_mode)
        self.cursor_row = min(saved.row, self.lines - 1)
        self.cursor_column = min(saved.column, self.columns - 1)
        if self.rules.origin_mode:
            self.cursor_row = min(max(self.cursor_row, self.top), self.bottom)
            self.cursor_column = min(max(self.cursor_column, self.left), self.right)
        self.phase = PENDING_MOVED if saved.wrap_pending and self.cursor_column == self.columns - 1 else MOVED
