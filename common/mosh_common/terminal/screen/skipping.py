"""Lines that scroll away unseen are not drawn.

Of a block of plain lines (text, CR, LF, HT, BEL, SGR, EL) with more line feeds than the scrolling region has rows, only
the end can be seen. What the rest leaves behind is small: the rendition, the count of bells, the column, and the
background of the rows that scrolled in. `skip_unseen` works that out and says where drawing has to begin, so that
the result is exactly what drawing everything gives; a test holds the two against each other.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_common.terminal.plain_text import without_sequences
from mosh_common.terminal.screen.charsets import DEFAULT_CHARSETS
from mosh_common.terminal.screen.rectangles import Rectangles
from mosh_common.terminal.screen.state import MOVED, PENDING
from mosh_common.terminal.width import width_runs

_SGR: Final = re.compile("\x1b\\[([0-9;:]*)m")
_RESETS: Final = ("\x1b[0m", "\x1b[m", "\x1b[0;")  # after the last of them, what came before does not matter


class Skipping(Rectangles):
    """Accounting for output that is not drawn."""

    def select_rendition(self, parameters: str) -> None:
        """SGR with its parameters as they came, colons included."""
        self.rendition = self.rendition.follow(parameters)

    def ring(self, count: int) -> None:
        """Count bells."""
        raise NotImplementedError

    def skip_unseen(self, text: str) -> int:
        """Account for the front of `text`, which is plain, as far as it cannot be seen; return its length."""
        height = self.bottom - self.top + 1
        needed = height + self.bottom - self.cursor_row + 1
        if (
            self.rules.margin_mode
            or not self.top <= self.cursor_row <= self.bottom
            or self.charsets.single_shift
            or text.count("\n") < needed
            or ("\x1b(" in text and self.charsets != DEFAULT_CHARSETS)
        ):
            return 0
        end = len(text)
        for _ in range(height):
            end = text.rfind("\n", 0, end)
        start = text.rfind("\r", 0, end) + 1
        column = 0
        if not start or text.count("\n", 0, start) < needed - height:
            # No CR, or not where it helps: the column goes on from line to line.
            found = self._column_after(text[start : end + 1], from_start=start > 0)
            if found is None:
                return 0
            start, column = end + 1, found
        elif any(marks for _, _, marks, _ in width_runs(text[start:end])):
            return 0  # whether one takes a column depends on what the row showed before the CR
        self._account(text, start)
        self.cursor_row = self.bottom
        self.cursor_column = column
        self.phase = MOVED
        # The other rows of the region scroll away before anybody sees them.
        self.rows[self.bottom] = self.blank_row()
        return start

    def _account(self, text: str, end: int) -> None:
        """Count the bells of `text[:end]`, and apply its renditions."""
        bells = text.count("\x07", 0, end)
        if bells:
            self.ring(bells)
        start = max(text.rfind(reset, 0, end) for reset in _RESETS)
        for parameters in _SGR.findall(text, max(start, 0), end):
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
