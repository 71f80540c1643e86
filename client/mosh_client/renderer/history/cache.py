"""Lines of history by their number, as many as there is room for, and what there is on the server.

Pure: messages in, lines out. What is missing is asked for by wishes.py.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from mosh_client.ipc.messages import HistoryExtent, HistoryPage
from mosh_common.terminal.cells import Style
from mosh_common.terminal.history.line import NO_HISTORY, Extent, Line, Position, joined

# SECURITY: the server says how long lines are and how many it sends; beyond this, lines go.
# Test: test_a_cache_stays_within_its_bound.
CACHE_OCTETS: Final = 4 << 20  # of memory, about: some 10,000 lines of a log
_KEPT_OCTETS: Final = CACHE_OCTETS * 3 // 4  # after some were dropped, which is done in one go

# SECURITY: the server says which lines there are. Behind them the screen's are numbered on, and what is counted or
# wished of either has to stay below 2^63. Test: test_lines_of_any_number_are_wished_for_and_selected.
_HIGHEST_LINE: Final = (1 << 62) - 1

_LINE_OCTETS: Final = 320  # tuples, dictionary and string, without what is in them
_COLUMN_OCTETS: Final = 2  # most text is ASCII, which takes one
_RUN_OCTETS: Final = 208  # with a style of its own
_GRAPHEME_OCTETS: Final = 160


class Known(NamedTuple):
    """What is here of one line."""

    line: Line  # its first columns
    whole: bool  # all of it
    octets: int  # of memory, about


class HistoryCache:
    """The lines that came, those farthest from what is looked at dropped first."""

    def __init__(self) -> None:
        self.extent: Extent = NO_HISTORY
        self.alternate = False  # the screen shown is the alternate one
        self._lines: dict[int, Known] = {}
        self._octets = 0  # of `_lines`
        self._focus = range(0)  # lines that somebody looks at
        self._styles: dict[Style, Style] = {}  # equal ones are one object

    @property
    def octets(self) -> int:
        """How much memory the lines take, about."""
        return self._octets

    def set_extent(self, message: HistoryExtent) -> None:
        """Take what there is; after a clear nothing of before is left."""
        first, line = min(message.first, _HIGHEST_LINE), min(message.line, _HIGHEST_LINE)
        extent = Extent(first, Position(line, message.column), message.clears)
        if extent.clears != self.extent.clears:
            self._forget()
        self.extent = extent
        self.alternate = message.alternate

    def receive_page(self, page: HistoryPage) -> None:
        """Take the lines of a page; what is here of a line already stays, unless the page has more of it."""
        last = len(page.lines) - 1
        column = page.column
        for index, line in enumerate(page.lines):
            self._take(page.line + index, column, line, whole=index < last or page.whole)
            column = 0
        if self._octets > CACHE_OCTETS:
            self._drop_farthest()

    def set_gone(self, first: int) -> None:
        """Note that lines before `first` are gone, although the newest extent does not say so yet."""
        first = min(first, self.extent.end.line)  # where all that there is ends
        if first > self.extent.first:
            self.extent = self.extent._replace(first=first)

    def known(self, number: int) -> Known | None:
        """Return what is here of a line; None = nothing."""
        return self._lines.get(number)

    def attend(self, numbers: range) -> None:
        """Say which lines are looked at: they are kept, and those near them longest."""
        self._focus = numbers

    def lacks(self, number: int) -> Position | None:
        """Return where what is missing of a line begins; None = nothing of it is: all that scrolled off is here."""
        first, end, _ = self.extent
        if not first <= number <= end.line or (number == end.line and end.column == 0):
            return None
        known = self._lines.get(number)
        if known is None:
            return Position(number, 0)
        columns = len(known.line.text)
        if known.whole or (number == end.line and columns >= end.column):
            return None
        return Position(number, columns)

    def _take(self, number: int, column: int, line: Line, *, whole: bool) -> None:
        before = self._lines.get(number)
        if number < self.extent.first:
            return  # it was asked for before all of it was forgotten
        if column:
            if before is None or before.whole or len(before.line.text) != column:
                return  # what is before that column is not here, or more than this
            line = joined(before.line, line)
        elif before is not None and (before.whole or len(before.line.text) > len(line.text)):
            return
        runs = tuple([(columns, self._styles.setdefault(style, style)) for columns, style in line.runs])
        line = line._replace(runs=runs)
        octets = (
            _LINE_OCTETS
            + len(line.text) * _COLUMN_OCTETS
            + len(runs) * _RUN_OCTETS
            + len(line.graphemes) * _GRAPHEME_OCTETS
        )
        self._octets += octets - (before.octets if before is not None else 0)
        self._lines[number] = Known(line, whole, octets)

    def _drop_farthest(self) -> None:
        """Drop lines until there is room again, but none that are looked at."""
        focus = self._focus

        def distance(number: int) -> int:
            return max(focus.start - number, number - focus.stop + 1, 0)

        numbers = deque(sorted(self._lines))
        while numbers and self._octets > _KEPT_OCTETS:
            number = numbers.popleft() if distance(numbers[0]) >= distance(numbers[-1]) else numbers.pop()
            if distance(number) == 0:
                break
            self._octets -= self._lines.pop(number).octets
        self._styles = {style: style for known in self._lines.values() for _, style in known.line.runs}

    def _forget(self) -> None:
        self._lines, self._styles, self._octets = {}, {}, 0
