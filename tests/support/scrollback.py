"""Terminals that keep what scrolls off their primary screen, and a server whose history is plain to see.

Neither knows the product's emulator or its history: the terminal is pyte's with what pyte lacks, the server a list.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import pyte
import pyte.modes

from mosh_client.ipc.messages import HistoryExtent, HistoryPage, WantHistory
from mosh_common.terminal.cells import (
    DEFAULT_STYLE,
    EMPTY,
    NO_CLUSTERS,
    WIDE_TAIL,
    Palette,
    Row,
    Snapshot,
    Style,
    blank_row,
    rows_lost_above,
)
from mosh_common.terminal.history.line import Line, Position, line_of, part

_PRIVATE = 5  # pyte keeps private modes shifted by so many bits
_ALTERNATE = 1049
_MORE: Row = ("x", "\x00", False, NO_CLUSTERS)
_WIDE_MORE: Row = ("日" + WIDE_TAIL, "\x00\x00", False, NO_CLUSTERS)
_SWITCH = re.compile(r"\x1b\[\?1049([hl])|\x1b\[(6)n|\x1b\[(3)J")


class KeptRow(NamedTuple):
    """A row of the scrollback."""

    text: str  # without blanks at its end
    wrapped: bool
    looks: tuple[Any, ...]  # (fg, bg, bold) of each of its columns that are not blank


class Terminal(pyte.Screen):
    """A user's terminal.

    `takes_back`: when it grows, rows come back from the scrollback, as in xterm and tmux. `keeps_wraps`: a row wraps
    until it or the one below it is erased as a whole, as in tmux, which loses some where lines are inserted or deleted;
    else until its last column is written or erased, as in xterm.
    """

    def __init__(self, columns: int, lines: int, *, takes_back: bool = True, keeps_wraps: bool = False) -> None:
        self.kept: list[tuple[Any, bool]] = []  # the scrollback: pyte's lines, and whether they wrap
        self.wraps: dict[int, bool] = {}  # of the rows of the screen
        self.takes_back = takes_back
        self.keeps_wraps = keeps_wraps
        self.answers: list[int] = []  # rows, from 0, of cursor reports
        self.octets = bytearray()  # all that was written
        self.violations: list[str] = []
        self._primary: tuple[Any, ...] | None = None  # while the alternate screen is shown
        super().__init__(columns, lines)
        self._stream = pyte.Stream(self)

    def feed(self, octets: bytes) -> None:
        """Execute what was written."""
        self.octets += octets
        text = octets.decode()
        start = 0
        for match in _SWITCH.finditer(text):
            self._stream.feed(_readable(text[start : match.start()]))
            start = match.end()
            if match[1] == "h":
                self._primary = (self.buffer, self.wraps, self.cursor.x, self.cursor.y)
                self.buffer, self.wraps = (
                    type(self.buffer)(lambda: pyte.screens.StaticDefaultDict(self.default_char)),  # type: ignore[call-overload]  # pyte's
                    {},
                )
            elif match[1] == "l" and self._primary is not None:
                self.buffer, self.wraps, self.cursor.x, self.cursor.y = self._primary
                self._primary = None
            elif match[2]:
                self.answers.append(self.cursor.y)
            elif match[3]:
                self.kept.clear()
        self._stream.feed(_readable(text[start:]))

    def draw(self, data: str) -> None:
        """Print, and note which rows wrap."""
        for char in data:
            if self.cursor.x == self.columns or (_is_wide(char) and self.cursor.x == self.columns - 1):
                self.wraps[self.cursor.y] = True
                self.cursor.x = self.columns  # a wide one does not fit: pyte would put it there
            super().draw(char)
            if self.cursor.x == self.columns and not self.keeps_wraps:
                self.wraps[self.cursor.y] = False

    def set_margins(self, top: int | None = None, bottom: int | None = None) -> None:
        """Set them; none where they are the screen's, which pyte 0.8.0 takes for those of before."""
        if not top and bottom in (None, self.lines):
            self.margins = None
            self.cursor_position()
        else:
            super().set_margins(top, bottom)

    def index(self) -> None:
        """Scroll at the bottom; the top row is kept if the whole primary screen scrolls."""
        if self.cursor.y == (self.margins.bottom if self.margins else self.lines - 1):
            if self.margins and self._primary is None:
                self.violations.append("a scroll within margins")
            if self._primary is None:
                self._keep_top()
            self.wraps = {row - 1: wraps for row, wraps in self.wraps.items() if row}
        super().index()

    def reverse_index(self) -> None:
        """Scroll down at the top."""
        if self.cursor.y == (self.margins.top if self.margins else 0):
            self._lose_wraps(self.cursor.y - 1, self.cursor.y)
            self.wraps = {row + 1: wraps for row, wraps in self.wraps.items()}
        super().reverse_index()

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:  # pyte's
        """Erase; a row without its end does not wrap."""
        if not self.keeps_wraps:
            self.wraps[self.cursor.y] = False
        elif how == 2 or (how == 0 and self.cursor.x == 0):
            self._lose_wraps(self.cursor.y - 1, self.cursor.y)
        super().erase_in_line(how, private)

    def erase_in_display(self, how: int = 0, *args: Any, **kwargs: Any) -> None:
        """Refuse what terminals keep for their users."""
        if self._primary is None and how != 1:
            self.violations.append(f"ED {how}")
        self.wraps = {}
        super().erase_in_display(how, *args, **kwargs)

    def delete_lines(self, count: int | None = None) -> None:
        """Delete; row 0 only on the alternate screen."""
        if self._primary is None and self.cursor.y == 0:
            self.violations.append("DL in row 0")
        self._lose_wraps(self.cursor.y - 1)
        self._shift_wraps(-(count or 1))
        super().delete_lines(count)

    def insert_lines(self, count: int | None = None) -> None:
        """Insert."""
        self._lose_wraps(self.cursor.y - 1, self.cursor.y)
        self._shift_wraps(count or 1)
        super().insert_lines(count)

    def reset_rows(self) -> None:
        """Nothing of pyte's own."""

    def set_size(self, columns: int, lines: int) -> None:
        """Be resized by the user, as xterm does it."""
        assert self._primary is None
        if lines < self.lines:
            for _ in range(rows_lost_above(self.cursor.y, lines)):
                self._keep_top()
                self._move_rows(-1)
            for row in range(lines, self.lines):
                self.buffer.pop(row, None)
                self.wraps.pop(row, None)
        elif self.takes_back:
            for _ in range(min(lines - self.lines, len(self.kept))):
                self._move_rows(1)
                self.buffer[0], self.wraps[0] = self.kept.pop()
        x, y = min(self.cursor.x, columns - 1), self.cursor.y
        if columns < self.columns:
            for cells in self.buffer.values():
                for column in range(columns, self.columns):
                    cells.pop(column, None)
        self.columns, self.lines = columns, lines
        self.cursor.x, self.cursor.y = x, min(y, lines - 1)

    @property
    def on_alternate(self) -> bool:
        """Whether the alternate screen is shown."""
        return self._primary is not None

    @property
    def scrollback(self) -> list[KeptRow]:
        """The rows that were kept."""
        return [_kept(line, self.columns, wrapped) for line, wrapped in self.kept]

    @property
    def shown(self) -> list[str]:
        """What the screen says."""
        return [_kept(self.buffer[row], self.columns, False).text for row in range(self.lines)]

    def _keep_top(self) -> None:
        self.kept.append((self.buffer[0], self.wraps.get(0, False)))
        self.buffer[0] = type(self.buffer[0])(self.default_char)

    def _move_rows(self, by: int) -> None:
        rows = {row + by: line for row, line in self.buffer.items() if row + by >= 0}
        self.buffer.clear()
        self.buffer.update(rows)
        self.wraps = {row + by: wraps for row, wraps in self.wraps.items() if row + by >= 0}
        self.cursor.y += by

    def _lose_wraps(self, *rows: int) -> None:
        if self.keeps_wraps:
            self.wraps.update(dict.fromkeys(rows, False))
            if -1 in rows and self._primary is None and self.kept:
                self.kept[-1] = (self.kept[-1][0], False)  # the row above the first one

    def _shift_wraps(self, by: int) -> None:
        top = self.cursor.y
        self.wraps = {
            (row if row < top else row + by): wraps
            for row, wraps in self.wraps.items()
            if row < top or row + by >= (top if by < 0 else 0)
        }


class Server:
    """A screen on which lines are printed, and the history of what scrolled off it: nothing but lists."""

    def __init__(self, columns: int, lines: int, *, takes_back: bool = True) -> None:
        self.columns, self.lines = columns, lines
        self.takes_back = takes_back
        self.palette = Palette()
        self.rows: list[Row] = [blank_row(columns)] * lines
        self.row = 0  # of the cursor
        self.gone: list[Row] = []  # what scrolled off, since the last clear
        self.gone_before = 0  # lines that were cleared
        self.clears = 0
        self.alternate: str | None = None  # what the alternate screen says, if it is shown

    def print(self, text: str, style: Style = DEFAULT_STYLE) -> None:
        """Print a line, and go to the next."""
        letter = self.palette.letter(style)
        cells = "".join([char + WIDE_TAIL if _is_wide(char) else char for char in text])
        while True:
            part = cells[: self.columns]
            if cells[self.columns : self.columns + 1] == WIDE_TAIL:
                part = part[:-1]
            rest = cells[len(part) :]
            padding = self.columns - len(part)
            row = (part + EMPTY * padding, letter * len(part) + "\x00" * padding, bool(rest), NO_CLUSTERS)
            self.rows[self.row] = row
            self._line_feed()
            cells = rest
            if not cells:
                break
        self.rows[self.row] = blank_row(self.columns)

    def write_at(self, row: int, text: str) -> None:
        """Draw over a row that is there."""
        filled = text[: self.columns]
        row %= self.lines
        if row and self.rows[row - 1][2]:
            self.rows[row - 1] = (*self.rows[row - 1][:2], False, NO_CLUSTERS)
        self.rows[row] = (filled + EMPTY * (self.columns - len(filled)), "\x00" * self.columns, False, NO_CLUSTERS)

    def clear_screen(self) -> None:
        """ED 2 and home."""
        self.rows = [blank_row(self.columns)] * self.lines
        self.row = 0

    def clear_history(self) -> None:
        """ED 3."""
        self.gone_before = self.end.line + 1
        self.gone = []
        self.clears += 1

    def drop(self, count: int) -> None:
        """Have kept no more than that of the history but for its oldest lines, whole ones."""
        while count and any(not row[2] for row in self.gone):
            while self.gone.pop(0)[2]:
                pass
            self.gone_before += 1
            count -= 1

    def resize(self, lines: int) -> None:
        """Have another height: rows go at the top and come back there."""
        if lines < self.lines:
            for _ in range(rows_lost_above(self.row, lines)):
                self.gone.append(self.rows.pop(0))
                self.row -= 1
            del self.rows[lines:]
        else:
            for _ in range(lines - self.lines):
                if self.takes_back and self.gone:
                    self.rows.insert(0, self.gone.pop())
                    self.row += 1
                else:
                    self.rows.append(blank_row(self.columns))
        self.lines = lines

    @property
    def end(self) -> Position:
        """Where the screen's first row begins."""
        line = self.gone_before + sum(not row[2] for row in self.gone)
        column = 0
        for row in reversed(self.gone):
            if not row[2]:
                break
            column += self.columns - (row[0][-1] == EMPTY)
        return Position(line, column)

    def extent(self) -> HistoryExtent:
        """What is told before a frame."""
        return HistoryExtent(self.gone_before, *self.end, self.clears, self.alternate is not None)

    def snapshot(self) -> Snapshot:
        """The screen."""
        rows = tuple(self.rows)
        if self.alternate is not None:
            filled = self.alternate + EMPTY * (self.columns - len(self.alternate))
            rows = ((filled, "\x00" * self.columns, False, NO_CLUSTERS), *[blank_row(self.columns)] * (self.lines - 1))
        return Snapshot(self.columns, self.lines, rows, self.palette, cursor_row=self.row, cursor_column=0)

    def history(self) -> list[tuple[Line, bool]]:
        """The lines that scrolled off, from `gone_before` on, and whether they are whole."""
        lines: list[tuple[Line, bool]] = []
        joined: list[Row] = []
        for row in self.gone:
            joined.append(row)
            if not row[2]:
                lines.append((line_of(joined, self.palette), True))
                joined = []
        if joined:  # it goes on: blanks at its end are within it
            more = _WIDE_MORE if joined[-1][0][-1] == EMPTY else _MORE  # only a wide character does not fit
            lines.append((_without_last(line_of([*joined, more], self.palette), len(more[0])), False))
        return lines

    def answer(self, wish: WantHistory, *, most: int = 1000) -> HistoryPage:
        """The page for a wish as it is now, of at most so many lines."""
        line, column = wish.line, wish.column
        if line < self.gone_before:
            line, column = self.gone_before, 0
        found = self.history()[line - self.gone_before :][: min(most, wish.lines)]
        lines = [each for each, _ in found]
        if lines and column:
            lines[0] = part(lines[0], column)
        return HistoryPage(wish.serial, line, column, tuple(lines), not found or found[-1][1])

    def ideal(self) -> list[KeptRow]:
        """What an ideal terminal would have in its scrollback."""
        return [KeptRow(_text(row[0]), row[2], _looks(row, self.palette)) for row in self.gone]

    def _line_feed(self) -> None:
        if self.row == self.lines - 1:
            self.gone.append(self.rows.pop(0))
            self.rows.append(blank_row(self.columns))
        else:
            self.row += 1


def _without_last(line: Line, columns: int) -> Line:
    *runs, (count, style) = line.runs
    return Line(line.text[:-columns], (*runs, (count - columns, style)) if count > columns else tuple(runs))


def _text(text: str) -> str:
    return text.replace(WIDE_TAIL, "").replace(EMPTY, " ").rstrip()


def _looks(row: Row, palette: Palette) -> tuple[Any, ...]:
    end = len(row[0].rstrip(EMPTY + " "))
    return tuple([palette.styles[ord(letter)].fg >= 0 for letter in row[1][:end]])


def _kept(line: Any, columns: int, wrapped: bool) -> KeptRow:
    cells = [line[column] for column in range(columns)]
    text = "".join([cell.data for cell in cells]).rstrip()
    end = len("".join([cell.data or "x" for cell in cells]).rstrip())
    return KeptRow(text, wrapped, tuple([cell.fg != "default" for cell in cells[:end]]))


def _is_wide(char: str) -> bool:
    return pyte.screens.wcwidth(char) == 2


def _readable(text: str) -> str:
    """Leave out what pyte does not know."""
    return re.sub(r"\x1b\[\?2026[hl]|\x1b\[[0-9]* q|\x1b\[[0-9;]*:[0-9:;]*m", "", text)


def without_blank_rests(rows: Sequence[KeptRow]) -> list[KeptRow]:
    """The rows without those that are blank and begin with a wrap: a line's last row, or no row, which looks alike."""
    result: list[KeptRow] = []
    for row in rows:
        if not row.text and not row.wrapped and result and result[-1].wrapped:
            result[-1] = result[-1]._replace(wrapped=False)
        else:
            result.append(row)
    return result


def plain(rows: Sequence[KeptRow]) -> list[str]:
    """What rows say."""
    return [row.text for row in rows]
