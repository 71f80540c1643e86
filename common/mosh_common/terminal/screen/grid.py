"""The state of a screen and the few operations that everything else is made of: cursor, margins, modes, scrolling.

All rows and columns are 0-based; regions include their last row and column. Knows no escape sequences; the modules
that do (drawing, erasing, movement, …) are mixins over `Grid`.
"""

from __future__ import annotations

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import DEFAULT_MODES, Modes, Row, rows_lost_above
from mosh_common.terminal.screen.charsets import DEFAULT_CHARSETS, Charsets, Translation
from mosh_common.terminal.screen.split_rows import SplitRows
from mosh_common.terminal.screen.state import (
    DEFAULT_RULES,
    DEFAULT_SETTINGS,
    MOVED,
    NEVER_SAVED,
    PENDING,
    PENDING_MOVED,
    WRITTEN_HERE,
    Rules,
    SavedCursor,
    Settings,
    default_tab_stops,
)
from mosh_common.terminal.screen.styled_rows import StyledRows
from mosh_common.wire.size import nearest_size


class Grid(StyledRows):
    """A cursor in rows of cells, and what governs how the two change."""

    __slots__ = (
        "alternate",
        "bottom",
        "charsets",
        "cursor_column",
        "cursor_row",
        "left",
        "modes",
        "phase",
        "plain_printing",
        "right",
        "rules",
        "saved",
        "settings",
        "tab_stops",
        "top",
        "translation",
    )

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        # Cursor.
        self.cursor_row = 0
        self.cursor_column = 0
        self.phase = MOVED  # what happened last at the cursor
        self.saved: SavedCursor
        # Margins and tab stops.
        self.top: int
        self.bottom: int
        self.left: int
        self.right: int
        self.tab_stops: bytes  # one octet per column: 1 where a stop is
        # Character sets.
        self.charsets: Charsets
        self.translation: Translation | None  # of GL
        # Modes.
        self.rules: Rules
        self.plain_printing: bool  # nothing diverts printing and positioning from their common way
        self.settings: Settings
        self.modes: Modes  # those that cross the wire
        self.alternate: bool  # whether the alternate screen is shown
        self.reset_state()

    # --- defaults

    def reset_rules(self) -> None:
        """Set back what DECSTR does, but for rendition and cursor."""
        self.rules = DEFAULT_RULES
        self.use_charsets(DEFAULT_CHARSETS)
        self.saved = NEVER_SAVED
        self.reset_margins()

    def reset_state(self) -> None:
        """Set back all that is neither rendition, cursor nor rows: as after power-up."""
        self.reset_rules()
        self.settings = DEFAULT_SETTINGS
        self.modes = DEFAULT_MODES
        self.alternate = False
        self.reset_tab_stops()

    def reset_margins(self) -> None:
        """Make the whole screen the scrolling region."""
        self.top, self.bottom = 0, self.lines - 1
        self.left, self.right = 0, self.columns - 1

    def reset_tab_stops(self) -> None:
        """Put a tab stop every eight columns."""
        self.tab_stops = default_tab_stops(self.columns)

    # --- what diverts printing from its common way

    def change_rules(self, **changes: bool) -> None:
        """Change some of the rules."""
        self.rules = self.rules._replace(**changes)
        self._judge_printing()

    def use_charsets(self, charsets: Charsets) -> None:
        """Designate and shift character sets."""
        self.charsets = charsets
        self.translation = charsets.translation()
        self._judge_printing()

    def _judge_printing(self) -> None:
        rules = self.rules
        shifted = self.translation is not None or self.charsets.single_shift
        self.plain_printing = not (rules.insert_mode or rules.margin_mode or rules.origin_mode or shifted)

    # --- pending wrap

    @property
    def wrap_pending(self) -> bool:
        """Whether the cursor stands in the last column, which is written, and the next character wraps first."""
        return self.phase >= PENDING

    def cancel_wrap(self) -> None:
        """Cancel a pending wrap; a combining character still joins what was written."""
        if self.phase >= PENDING:
            self.phase = WRITTEN_HERE if self.phase == PENDING else MOVED

    def keep_wrap(self) -> None:
        """Keep a pending wrap, as xterm does (DEC STD 070); but REP has nothing to repeat from now on."""
        self.phase = PENDING_MOVED if self.phase >= PENDING else MOVED

    def cancel_wrap_at_margin(self) -> None:
        """Cancel a wrap that is pending at a right margin, because the margins go."""
        if self.cursor_column < self.columns - 1:
            self.cancel_wrap()

    # --- scrolling

    def within_columns(self) -> bool:
        """Return whether the cursor is between the left and right margins."""
        return self.left <= self.cursor_column <= self.right

    def within_margins(self) -> bool:
        """Return whether the cursor is inside the scrolling region."""
        return self.top <= self.cursor_row <= self.bottom and self.left <= self.cursor_column <= self.right

    @property
    def _whole_rows(self) -> bool:
        """Whether what is between the left and right margins is all there is."""
        return not self.left and self.right + 1 == self.columns

    def scroll_up(self, count: int, top: int | None = None) -> None:
        """Scroll the region from `top` (default: the top margin) down to the bottom margin up by `count` rows."""
        first = self.top if top is None else top
        last = self.bottom
        count = min(count, last - first + 1)
        past = None if first or top is not None or self.alternate else self.past
        if self.rules.margin_mode:
            if past is not None and self._whole_rows:
                self.work.done += past.push(self._plain_rows()[:count], self.palette)
            self._scroll_between_margins(first, last, count)
            return
        rows = self._plain_rows()
        if past is not None:
            self.work.done += past.push(rows[:count], self.palette)
        del rows[first : first + count]
        rows[last + 1 - count : last + 1 - count] = [self.blank_row()] * count

    def scroll_down(self, count: int, top: int | None = None) -> None:
        """Scroll the region from `top` (default: the top margin) down to the bottom margin down by `count` rows."""
        first = self.top if top is None else top
        last = self.bottom
        count = min(count, last - first + 1)
        if self.rules.margin_mode:
            self._scroll_between_margins(first, last, -count)
            return
        rows = self._plain_rows()
        del rows[last + 1 - count : last + 1]
        rows[first:first] = [self.blank_row()] * count

    def _scroll_between_margins(self, first: int, last: int, count: int) -> None:
        """Scroll the columns between the left and right margins on rows `first` to `last` up; down if negative."""
        self.work.charge_cells(last + 1 - first)
        self.split_rows().scroll(first, last, count, self.rendition.blank)

    def split_rows(self) -> SplitRows:
        """Return the rows with what is between the left and right margins kept apart."""
        rows, left, end = self.rows, self.left, self.right + 1
        if not isinstance(rows, SplitRows) or (rows.left, rows.end) != (left, end):
            rows = SplitRows(rows, left, end, memory=self.memory, overwritten=self.overwritten)
            self._use_rows(rows)
        return rows

    def scroll_sideways(self, at: int, count: int, first: int, last: int) -> None:
        """Move what is between column `at` and the right margin, on rows `first` to `last`.

        Right by `count` columns; left if it is negative. Blanks come in.
        """
        move = row_ops.insert if count > 0 else row_ops.delete
        end, letter = self.right + 1, self.rendition.blank
        if first == last:
            self.rows[first] = move(self.rows[first], at, end, abs(count), letter)
            return
        self.change_rows(first, last, (count, at, end, letter), lambda row: move(row, at, end, abs(count), letter))

    # --- size

    def resize_grid(self, columns: int, lines: int) -> None:
        """Cut or add rows and, at the right, columns, on both screens; margins are reset.

        Rows are added at the bottom. They are cut there too, but where that would cut the cursor's row: from the top.
        The screen that is not shown loses the same ones, as in xterm. Saved cursors stay with their rows. Where what
        scrolls off is kept, a higher screen gets rows back for which it became too low before, at the top. A size that
        no screen may have counts as the nearest one (wire/size.py).
        """
        columns, lines = nearest_size(columns, lines)
        lost = rows_lost_above(self.cursor_row, lines)
        if columns != self.columns:
            self.phase = MOVED
            self.tab_stops = self.tab_stops[:columns] + default_tab_stops(columns)[len(self.tab_stops) :]
        back = self._change_past(lines, lost)
        self.resize_rows(columns, lines, lost, back, back_on_other=self.alternate)
        moved = lost if self.alternate else lost - len(back)
        self.saved = self.saved.moved_up(moved)
        self.cursor_row -= moved
        self.cursor_column = min(self.cursor_column, columns - 1)
        self.reset_margins()

    def _change_past(self, lines: int, lost: int) -> list[Row]:
        """Lend the `lost` rows of the main screen, or take some back for one of `lines`; return those."""
        if self.past is None:
            return []
        if lost:
            main = self.other.rows if self.alternate else self._plain_rows()
            self.past.lend(main[:lost], self.palette)
        return self.past.take_back(max(lines - self.lines, 0), self.palette)
