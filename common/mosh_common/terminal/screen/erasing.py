"""Erasing, inserting and deleting; with protection (DECSCA, SPA).

What works on the cursor's row cancels a pending wrap; what scrolls, and what does nothing, keeps it (as xterm; no
frame relies on either).
"""

from __future__ import annotations

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import NO_CLUSTERS, PROTECTED, WIDE_TAIL, Row
from mosh_common.terminal.screen.margins import Margins
from mosh_common.terminal.screen.state import MOVED, PENDING


class Erasing(Margins):
    """Control functions that blank, insert or remove cells. What is blank has the current background only."""

    def _erase(self, row: int, start: int, end: int, *, selective: bool = False) -> None:
        """Blank columns `start` to `end` (exclusive); protected cells stay where the sequence respects them."""
        if selective == self.rules.iso_protection:
            # Ordinary erasure, or a selective one where only SPA protects: DECSED and DECSEL know DECSCA only.
            self.erase(row, start, end)
            return
        self.erase_rows(row, row, start, end, selective=selective)

    def erase_rows(self, first: int, last: int, start: int, end: int, *, selective: bool = False) -> None:
        """Blank columns `start` to `end` (exclusive) of rows `first` to `last` (inclusive), as `_erase` does in one."""
        ordinary = selective == self.rules.iso_protection
        erased = self.erased if ordinary else self.erased_unprotected
        key = ("erase", ordinary, start, end, self.rendition.blank)
        self.change_rows(first, last, key, lambda row: erased(row, start, end))

    def erased_unprotected(self, row: Row, start: int, end: int) -> Row:
        """Return `row` with the unprotected columns from `start` to `end` (exclusive) blank."""
        text, letters, _wrapped, _clusters = row
        protected = {letter: self.is_protected(letter) for letter in set(letters[start:end])}
        if not any(protected.values()):
            return row_ops.erase(row, start, end, self.rendition.blank)
        erased = [not protected[letter] for letter in letters[start:end]]
        # A wide character is as its left half is: erased whole, also beyond the end, or kept.
        tail = text.find(WIDE_TAIL, start, end + 1)
        while tail >= 0:
            if tail == start:
                erased[0] = False
            elif tail == end:
                erased.append(erased[-1])
            else:
                erased[tail - start] = erased[tail - start - 1]
            tail = text.find(WIDE_TAIL, tail + 1, end + 1)
        return row_ops.erase_cells(row, start, erased, self.rendition.blank)

    def erase_characters(self, count: int | None = None, *_: int) -> None:
        """ECH: blank `count` columns from the cursor on, regardless of margins."""
        self.cancel_wrap()
        end = min(self.cursor_column + (count or 1), self.columns)
        self._erase(self.cursor_row, self.cursor_column, end)

    def erase_in_line(self, how: int = 0, *_: int, private: bool = False) -> None:
        """EL, and DECSEL if private: 0 to the end, 1 from the start, 2 all of the row."""
        if how > 2:
            return
        if self.phase >= PENDING:
            self.cancel_wrap()
        if how == 0:
            if private or self.rules.iso_protection:
                self._erase(self.cursor_row, self.cursor_column, self.columns, selective=private)
            else:
                self.erase(self.cursor_row, self.cursor_column, self.columns)
        elif how == 1:
            self._erase(self.cursor_row, 0, self.cursor_column + 1, selective=private)
        else:
            self._erase(self.cursor_row, 0, self.columns, selective=private)

    def erase_in_display(self, how: int = 0, *_: int, private: bool = False) -> None:
        """ED, and DECSED if private: 0 to the end, 1 from the start, 2 all; 3 forgets what scrolled off."""
        if how > 2:
            if how == 3 and self.past is not None:
                self.past.clear()
            return
        self.cancel_wrap()
        first, last = 0, self.lines - 1
        if how == 0:
            first = self.cursor_row + 1
            if self.cursor_column == 0:
                first -= 1
            else:
                self.erase_in_line(0, private=private)
        elif how == 1:
            last = self.cursor_row - 1
            self.erase_in_line(1, private=private)
        if self.past is not None and first == 0 <= last and not self.alternate:
            self.past.erased()
        if private or self.rules.iso_protection:
            self.erase_rows(first, last, 0, self.columns, selective=private)
        elif last >= first:
            self.rows[first : last + 1] = [self.blank_row()] * (last - first + 1)

    def insert_characters(self, count: int | None = None, *_: int) -> None:
        """ICH: blanks at the cursor; the rest up to the right margin moves right."""
        self.cancel_wrap()
        if self.within_columns():
            self.scroll_sideways(self.cursor_column, count or 1, self.cursor_row, self.cursor_row)

    def delete_characters(self, count: int | None = None, *_: int) -> None:
        """DCH: remove columns at the cursor; the rest up to the right margin moves left."""
        self.cancel_wrap()
        if self.within_columns():
            self.scroll_sideways(self.cursor_column, -(count or 1), self.cursor_row, self.cursor_row)

    def insert_lines(self, count: int | None = None, *_: int) -> None:
        """IL: blank rows at the cursor; the cursor goes to the left margin. Outside the region: nothing."""
        self.keep_wrap()
        if self.within_margins():
            self.scroll_down(count or 1, self.cursor_row)
            self.cursor_column = self.left
            self.phase = MOVED

    def delete_lines(self, count: int | None = None, *_: int) -> None:
        """DL: remove rows at the cursor; the cursor goes to the left margin. Outside the region: nothing."""
        self.keep_wrap()
        if self.within_margins():
            self.scroll_up(count or 1, self.cursor_row)
            self.cursor_column = self.left
            self.phase = MOVED

    def insert_columns(self, count: int = 1, *_: int) -> None:
        """DECIC: blank columns at the cursor, on all rows of the region."""
        self.keep_wrap()
        if self.within_margins():
            self.scroll_sideways(self.cursor_column, count or 1, self.top, self.bottom)

    def delete_columns(self, count: int = 1, *_: int) -> None:
        """DECDC: remove columns at the cursor, on all rows of the region."""
        self.keep_wrap()
        if self.within_margins():
            self.scroll_sideways(self.cursor_column, -(count or 1), self.top, self.bottom)

    def scroll_lines_up(self, count: int = 1, *_: int) -> None:
        """SU: the region up."""
        self.keep_wrap()
        self.scroll_up(count or 1)

    def scroll_lines_down(self, count: int = 1, *more: int) -> None:
        """SD: the region down. With five parameters it is xterm's highlight tracking, which is not supported."""
        self.keep_wrap()
        if not more:
            self.scroll_down(count or 1)

    def scroll_left(self, count: int = 1, *_: int) -> None:
        """SL: the region left."""
        self.keep_wrap()
        if self.within_margins():
            self.scroll_sideways(self.left, -(count or 1), self.top, self.bottom)

    def scroll_right(self, count: int = 1, *_: int) -> None:
        """SR: the region right."""
        self.keep_wrap()
        if self.within_margins():
            self.scroll_sideways(self.left, count or 1, self.top, self.bottom)

    def alignment_display(self) -> None:
        """DECALN: margins reset, cursor home, the screen full of E."""
        self.reset_margins()
        self.change_rules(origin_mode=False)
        self.cursor_position()
        self.rows[:] = [("E" * self.columns, "\x00" * self.columns, False, NO_CLUSTERS)] * self.lines

    # --- protection

    def _set_protected(self, protected: bool) -> None:
        """Protect what is printed from now on, or stop doing so."""
        flags = self.style.flags
        self.set_style(self.style._replace(flags=flags | PROTECTED if protected else flags & ~PROTECTED))

    def _protect_against_all(self, every: bool) -> None:
        """Choose what protected cells are protected against: all erasure, or selective erasure only."""
        if self.rules.iso_protection != every:
            self.change_rules(iso_protection=every)

    def set_protection(self, how: int = 0, *_: int) -> None:
        """DECSCA: 1 protects against selective erasure, 0 and 2 do not."""
        if how in (0, 1, 2):
            self._set_protected(how == 1)
            self._protect_against_all(False)

    def start_protected_area(self) -> None:
        """SPA: protect against all erasure."""
        self._set_protected(True)
        self._protect_against_all(True)

    def end_protected_area(self) -> None:
        """EPA: no longer protect what is printed."""
        self._set_protected(False)
