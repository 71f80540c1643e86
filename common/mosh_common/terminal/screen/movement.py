"""Moving the cursor.

What moves the cursor cancels a pending wrap, except tabulation; what does nothing, or only scrolls, keeps it.
"""

from __future__ import annotations

from mosh_common.terminal.screen.drawing import Drawing
from mosh_common.terminal.screen.state import MOVED, PENDING


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
        """CUP, HVP: from 1, 0 and None count as 1; with origin mode, relative to the margins and inside them."""
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
