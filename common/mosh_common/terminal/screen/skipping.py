"""Lines that scroll away unseen are not drawn.

Of a block of plain lines (text, CR, LF, HT, BEL, SGR, EL) with more line feeds than the scrolling region has rows, only
the end can be seen. What the rest leaves behind is small: the rendition, the count of bells, the column, and the
background of the rows that scrolled in. `skip_unseen` works that out and says where drawing has to begin, so that
the result is exactly what drawing everything gives; a test holds the two against each other.

Where what scrolls off is kept, so is the text that is not drawn: from the start of a line on, for which some lines may
have to be drawn first (`lead`).
"""

from __future__ import annotations

import re
from typing import Final

from mosh_common.terminal.plain_text import without_sequences
from mosh_common.terminal.screen.charsets import DEFAULT_CHARSETS
from mosh_common.terminal.screen.past import Beginning, Past
from mosh_common.terminal.screen.rectangles import Rectangles
from mosh_common.terminal.screen.state import MOVED, PENDING, default_tab_stops
from mosh_common.terminal.width import width_runs

_SGR: Final = re.compile("\x1b\\[([0-9;:]*)m")
# A line that may be longer than history's lines is drawn. That is looked for in steps, and closely where a line is
# longer than one of them.
_STEP: Final = 2048
_STEP_OF_WIDE: Final = 1024
_STEP_WITH_TABS: Final = 256
_LONGEST_LINE: Final = 8192 - 4096  # columns: history's, less one row of the widest screen

_RESETS: Final = ("\x1b[0m", "\x1b[m", "\x1b[0;")  # after the last of them, what came before does not matter


class Skipping(Rectangles):
    """Accounting for output that is not drawn."""

    def select_rendition(self, parameters: str) -> None:
        """SGR with its parameters as they came, colons included."""
        self.rendition = self.rendition.follow(parameters)

    def ring(self, count: int) -> None:
        """Count bells."""
        raise NotImplementedError

    def lead(self, text: str) -> int:
        """Return how much of `text`, which is plain, is to be drawn before the rest is skipped.

        All but nothing, unless what scrolls off is kept: then that text must begin at the start of a blank row at the
        bottom of the region, and of a line.
        """
        past = self.past
        if past is None or not self._keeping:
            return 0
        needed = self.bottom - self.cursor_row
        if not needed and self._begins_line(past):
            return 0
        end = 0
        for _ in range(max(needed, 1)):
            end = text.find("\n", end) + 1
            if not end:
                return 0
        if not self.settings.newline_mode and text[end - 2 : end] != "\r\n":
            end = text.find("\r\n", end) + 2
            if end == 1:
                return 0
        return end

    @property
    def _keeping(self) -> bool:
        """Whether what scrolls off now is kept."""
        return self.past is not None and not self.alternate and not self.top and not self.rules.margin_mode

    def skip_unseen(self, text: str, first: int = 0) -> int:
        """Account for `text`, which is plain, from `first` on as far as it cannot be seen; return where that ends."""
        height = self.bottom - self.top + 1
        needed = height + self.bottom - self.cursor_row + 1
        if (
            self.rules.margin_mode
            or not self.top <= self.cursor_row <= self.bottom
            or self.charsets.single_shift
            or (count := text.count("\n", first)) < needed
            or ("\x1b(" in text and self.charsets != DEFAULT_CHARSETS)
        ):
            return first
        end = len(text)
        for _ in range(height):
            end = text.rfind("\n", 0, end)
        start = text.rfind("\r", first, end) + 1
        column = 0
        if not start or text.count("\n", first, start) < needed - height:
            # No CR, or not where it helps: the column goes on from line to line.
            found = self._column_after(text[max(start, first) : end + 1], from_start=start > 0)
            if found is None:
                return first
            start, column = end + 1, found
        elif any(marks for _, _, marks, _ in width_runs(text[start:end])):
            return first  # whether one takes a column depends on what the row showed before the CR
        if self.past is not None and self._keeping:
            if not self._keep_text(text, first, end + 1, self.past, lines=count - height + 1):
                return first
            self.past.unseen.expect(height - 1, text.count("\n", start, end + 1) if start <= end else 0)
        self._account(text, first, start)
        self.cursor_row = self.bottom
        self.cursor_column = column
        self.phase = MOVED
        # The other rows of the region scroll away before anybody sees them.
        self.rows[self.bottom] = self.blank_row()
        return start

    def _keep_text(self, text: str, start: int, end: int, past: Past, *, lines: int) -> bool:
        """Keep `text[start:end]`, so many lines, and what is above the cursor; return False if it must be drawn."""
        row = self.cursor_row
        if row != self.bottom or not self._begins_line(past) or self._may_have_long_line(text, start, end):
            return False
        past.push(self._plain_rows()[:row], self.palette)
        beginning = Beginning(
            self.columns,
            self.rendition.style,
            self.rules,
            self.charsets,
            self.tab_stops,
            self.settings.newline_mode,
        )
        past.keep(text, start, end, beginning, lines=lines)
        return True

    def _begins_line(self, past: Past) -> bool:
        """Return whether the cursor is at the start of a blank row that does not go on from the one above.

        Erasing a row does not take from the one above that it wrapped. And nothing of what follows was kept before, as
        the last line of a text that was not drawn to its end.
        """
        row = self.cursor_row
        if self.cursor_column or self.rows[row] != self.blank_row():
            return False
        unseen = past.unseen
        if (unseen.rows or unseen.lines) and unseen.exceeds(self._plain_rows()[:row]):
            return False
        return not (self.rows[row - 1][2] if row else past.goes_on)

    def _may_have_long_line(self, text: str, start: int, end: int) -> bool:
        """Return whether a line of `text[start:end]` may take more rows than fit into one line of history."""
        tabs = "\t" in text
        if tabs and self.tab_stops != default_tab_stops(self.columns):
            return True
        step = _STEP_WITH_TABS if tabs else _STEP if text.isascii() else _STEP_OF_WIDE
        first = start
        while end - start >= step:
            after = text.find("\n", start, start + step)
            if after < 0:
                # The line around this is as long as a step, or more.
                before = max(text.rfind("\n", first, start) + 1, first)
                after = text.find("\n", start + step, end)
                line = text[before : after if after >= 0 else end]
                columns = len(line) if line.isascii() else 2 * len(line)
                if columns + 7 * line.count("\t") > _LONGEST_LINE:
                    return True
                start = before + len(line)
            else:
                start += step
        return False

    def _account(self, text: str, start: int, end: int) -> None:
        """Count the bells of `text[start:end]`, and apply its renditions."""
        bells = text.count("\x07", start, end)
        if bells:
            self.ring(bells)
        if "\x1b" in text:
            self.follow_renditions(text, start, end)

    def follow_renditions(self, text: str, start: int, end: int) -> None:
        """Apply the renditions of `text[start:end]`, which is plain."""
        last = max(text.rfind(reset, start, end) for reset in _RESETS)
        for parameters in _SGR.findall(text, max(last, start), end):
            self.select_rendition(parameters)

    def _column_after(self, text: str, *, from_start: bool) -> int | None:
        """Return the cursor's column after `text`, which ends with LF and has no CR; None if it is hard to know.

        It begins at the cursor, or else at the start of a row.
        """
        if self.settings.newline_mode:
            return 0
        if not text.isascii() or "\t" in text or "K" in text:
            return None
        if "\x1b" in text:
            text = without_sequences(text)
        text = text.replace("\x07", "")
        columns, column = self.columns, 0 if from_start else self.cursor_column
        last = columns - 1
        lines = text.split("\n")
        if not from_start and self.phase >= PENDING and self.rules.autowrap and lines[0]:
            column = 0
        for line in lines:
            column += len(line)
            if column > last:
                column = min((column - 1) % columns + 1, last) if self.rules.autowrap else last
        return column
