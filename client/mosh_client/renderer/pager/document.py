"""What is paged: the lines of history, and behind them those that the screen shows, as one text with one numbering.

A line keeps its number when it scrolls off the screen, so a place here stays the same place whatever is printed.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_client.renderer.history.cache import HistoryCache
from mosh_common.terminal.cells import (
    DEFAULT_STYLE,
    EMPTY,
    NO_CLUSTERS,
    WIDE_TAIL,
    Palette,
    Row,
    Snapshot,
    blank_row,
    blank_snapshot,
)
from mosh_common.terminal.history.line import BLANK_LINE, LONGEST_LINE, Line, Position, joined, line_of, part, rows

NARROWEST: Final = 2  # columns: what a wide character takes
_LINES_LAID: Final = 512  # remembered as they are laid out: several screens of most sizes
_STYLES_KEPT: Final = Palette.LIMIT // 4  # a screen adds as many as it has cells, at most


class LaidRow(NamedTuple):
    """A row of the text as it is laid out now."""

    place: Position  # where it begins
    row: Row | None  # None: what stands here has not come yet


class Document:
    """The text at one width. Rows are lettered in `palette`."""

    def __init__(self, cache: HistoryCache, *, columns: int) -> None:
        self._cache = cache
        self._columns = columns
        self._screen = blank_snapshot(1, 1)
        self._groups: list[tuple[int, int]] = []  # rows of the screen that are one line, from and before
        self._tail: dict[int, Line] = {}  # of the screen's lines those that were looked at
        self._laid: dict[int, list[LaidRow]] = {}  # of all lines
        self.palette = Palette()

    def set_screen(self, screen: Snapshot) -> None:
        """Take what the screen shows now."""
        self._screen = screen
        self._tail = {}
        self._groups = []
        self._laid.clear()
        start, columns = 0, self._cache.extent.end.column
        for index, row in enumerate(screen.rows, 1):
            columns += screen.columns
            if not row[2] or index == len(screen.rows) or columns >= LONGEST_LINE:
                self._groups.append((start, index))
                start, columns = index, 0

    def set_columns(self, columns: int) -> None:
        """Lay out at another width from now on."""
        self._columns = columns
        self._laid.clear()

    def text_changed(self) -> None:
        """Say that what is known of history is no longer what it was."""
        self._laid.clear()

    def renew_palette(self) -> None:
        """Forget styles once there are many: those of everything that was ever shown."""
        if len(self.palette.styles) > _STYLES_KEPT:
            self.palette = Palette()
            self._laid.clear()

    @property
    def columns(self) -> int:
        """The width."""
        return self._columns

    @property
    def first(self) -> int:
        """The oldest line that is kept."""
        return self._cache.extent.first

    @property
    def last(self) -> int:
        """The line of the screen's last row."""
        return self._screen_line + max(len(self._groups), 1) - 1

    @property
    def last_printed(self) -> int:
        """The last line that says something or holds the cursor."""
        for index in range(len(self._groups) - 1, -1, -1):
            start, end = self._groups[index]
            if start <= self._screen.cursor_row < end or self._screen_part(index).text:
                return self._screen_line + index
        return self._screen_line

    @property
    def screen_lines(self) -> range:
        """The lines of which the screen has something."""
        return range(self._screen_line, self.last + 1)

    @property
    def screen_top(self) -> Position:
        """Where the screen's first row begins."""
        return self._cache.extent.end

    def is_there(self, number: int) -> bool:
        """Return whether a line can be shown or can still come; lines that the server dropped may be here yet."""
        return self.first <= number <= self.last or (number < self.first and self._cache.known(number) is not None)

    def line(self, number: int) -> Line | None:
        """Return a line, as much of it as came; None = nothing of it."""
        line, index, column = BLANK_LINE, number - self._screen_line, self._seam(number)
        if index < 0 or column:
            known = self._cache.known(number)
            if known is None:
                return None
            line = known.line
        if 0 <= index < len(self._groups):
            line = joined(_of_length(line, column), self._screen_part(index))
        return line

    def lacks(self, number: int) -> bool:
        """Return whether a line has not come to its end; the one that goes on at the top of the screen counts as whole.

        What is here of that may be without its last blanks.
        """
        return number < self._screen_line and self._cache.lacks(number) is not None

    def rows(self, number: int) -> list[LaidRow]:
        """Return a line's rows; of what has not come yet there is one."""
        laid = self._laid.get(number)
        if laid is None:
            if len(self._laid) >= _LINES_LAID:
                self._laid.clear()
            laid = self._laid[number] = self._all_rows(number)
        return laid

    def row_at(self, place: Position) -> tuple[int, list[LaidRow]]:
        """Return which row of its line holds `place`, from 0, and all rows of that line."""
        laid = self.rows(place.line)
        index = 0
        while index + 1 < len(laid) and laid[index + 1].place <= place:
            index += 1
        return index, laid

    def _all_rows(self, number: int) -> list[LaidRow]:
        column = self._seam(number)
        line = self.line(number)
        if line is None:
            missing = LaidRow(Position(number, 0), None)
            if not column:
                return [missing]
            return [missing, *self._lay(self._screen_part(0), Position(number, column))]
        laid = self._lay(line, Position(number, 0))
        if self.lacks(number):
            laid.append(LaidRow(Position(number, len(line.text)), None))
        return laid

    def _seam(self, number: int) -> int:
        """Return how many columns of the line are in history if it goes on at the top of the screen; else 0."""
        end = self._cache.extent.end
        return end.column if number == end.line else 0

    @property
    def _screen_line(self) -> int:
        return self._cache.extent.end.line

    def _screen_part(self, index: int) -> Line:
        """Return what the screen has of its `index`-th line."""
        line = self._tail.get(index)
        if line is None:
            if index >= len(self._groups):
                return BLANK_LINE
            start, end = self._groups[index]
            line = self._tail[index] = line_of(list(self._screen.rows[start:end]), self._screen.palette)
        return line

    def _lay(self, line: Line, place: Position) -> list[LaidRow]:
        columns = self._columns
        if columns < NARROWEST:
            return [LaidRow(place, blank_row(columns))]
        laid: list[LaidRow] = []
        number, start = place
        for row in self._rows(line):
            laid.append(LaidRow(Position(number, start), row))
            start += columns
            if row[0][-1] == EMPTY and line.text[start - place.column : start - place.column + 1] == WIDE_TAIL:
                start -= 1  # the wide character that did not fit
        return laid

    def _rows(self, line: Line) -> list[Row]:
        try:
            return rows(line, self._columns, self.palette)
        except OverflowError:  # a full palette: then it is plain
            plain = ((len(line.text), DEFAULT_STYLE),) if line.text else ()
            return rows(line._replace(runs=plain), self._columns, self.palette)


def _of_length(line: Line, columns: int) -> Line:
    """Return the first `columns` of a line, with the blanks that it lost at its end."""
    missing = columns - len(line.text)
    if missing > 0:
        return joined(line, Line(EMPTY * missing, ((missing, DEFAULT_STYLE),)))
    return slice_of(line, 0, columns) if missing else line


def slice_of(line: Line, start: int, end: int) -> Line:
    """Return the columns from `start` up to `end` of a line; wide characters that are cut are left whole or out."""
    text = line.text
    if text[start : start + 1] == WIDE_TAIL:
        start -= 1
    if end < len(text) and text[end] == WIDE_TAIL:
        end += 1
    end = min(end, len(text))
    if start <= 0 and end == len(text):
        return line
    return part(line, start, end)


def dotted_row(columns: int) -> Row:
    """Return the row that stands for what has not come yet."""
    return ("·" * columns, "\x00" * columns, False, NO_CLUSTERS)
