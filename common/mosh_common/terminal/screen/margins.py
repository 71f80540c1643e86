"""Margins, and saving the cursor: `CSI s` is either."""

from __future__ import annotations

from mosh_common.terminal.screen.state import MOVED, PENDING_MOVED, SavedCursor
from mosh_common.terminal.screen.tabulation import Tabulation


class Margins(Tabulation):
    """Control functions that set margins, or save and restore the cursor."""

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
        """DECSTBM: rows from 1, 0 and None for the edges; ignored unless they are two or more; homes the cursor."""
        first, last = (top or 1) - 1, min(bottom or self.lines, self.lines) - 1
        if first < last or (self.lines == 1 and first == last):
            self.top, self.bottom = first, last
            self.cursor_position()

    def set_column_margins(self, left: int = 0, right: int = 0, *_: int) -> None:
        """DECSLRM, columns from 1 and 0 for the edges, where DECLRMM is set; else SCOSC (both are `CSI s`)."""
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
