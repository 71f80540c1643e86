"""A renderer whose server has history, without a network: what was printed, and a view that pages it.

The server's side is an ideal one: all lines at once, laid out at the width of the screen; the last rows are the screen.
"""

from __future__ import annotations

from functools import cache

from tests.support.world import START, Seat, lines_of

from mosh_client.ipc.frames import FrameEncoder
from mosh_client.ipc.messages import (
    Abilities,
    HistoryExtent,
    HistoryFound,
    HistoryPage,
    Input,
    SearchHistory,
    ToHistory,
    ToNetwork,
    WantHistory,
)
from mosh_client.renderer.pager.document import slice_of
from mosh_common.terminal.cells import DEFAULT_MODES, Modes, Palette, Row, Snapshot, blank_row
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM
from mosh_common.terminal.history.line import Line, Position, line_of, plain_text, rows

WIDEST = 1200  # columns of a line


@cache
def line(text: str) -> Line:
    """Return the line that printing `text`, with control sequences, gives."""
    emulator = Emulator(min(2 * len(text) + 1, WIDEST), 1)  # each character at its widest
    emulator.feed(text.encode())
    snapshot = emulator.snapshot()
    return line_of(list(snapshot.rows), snapshot.palette)


class FakeServer:
    """What was printed, of which the last rows are on the screen."""

    def __init__(self, *, columns: int, lines: int) -> None:
        self.columns, self.height = columns, lines
        self.lines: list[Line] = []
        self.first = 0  # lines before were dropped
        self.clears = 0
        self.alternate = False
        self.modes: Modes = DEFAULT_MODES
        self.room = 4000  # columns that a page may have
        self.palette = Palette()

    def print(self, *texts: str) -> None:
        """Print lines."""
        self.lines += [line(text) for text in texts]

    def laid(self, first: int = 0) -> list[tuple[Position, Row]]:
        """Return all rows, from a line on, and where they begin."""
        result: list[tuple[Position, Row]] = []
        for number, each in enumerate(self.lines[first:], first):
            column = 0
            for row in rows(each, self.columns, self.palette):
                result.append((Position(number, column), row))
                column += self.columns - (
                    row[2] and each.text[column + self.columns : column + self.columns + 1] == "\1"
                )
        return result

    def last_laid(self) -> list[tuple[Position, Row]]:
        """Return the last rows, more than the screen has if there are more; a line is a row or more."""
        return self.laid(max(len(self.lines) - self.height - 1, 0))

    def end(self) -> Position:
        """Return where the screen begins."""
        laid = self.last_laid()
        return laid[-self.height][0] if len(laid) > self.height else Position(0)

    def extent(self) -> HistoryExtent:
        """Return what is told before a frame."""
        return HistoryExtent(self.first, *self.end(), self.clears, self.alternate)

    def snapshot(self) -> Snapshot:
        """Return the screen."""
        shown = [row for _, row in self.last_laid()[-self.height :]]
        shown += [blank_row(self.columns)] * (self.height - len(shown))
        last = max([index for index, row in enumerate(shown) if row[0].strip("\0 ")], default=0)
        return Snapshot(
            self.columns,
            self.height,
            tuple(shown),
            self.palette,
            cursor_row=last,
            cursor_column=min(len(shown[last][0].rstrip("\0 ")) + 1, self.columns - 1),  # as behind a prompt
            modes=self.modes,
        )

    def answer(self, wish: ToNetwork) -> ToHistory | None:
        """Return the answer to a wish, as it is now."""
        if isinstance(wish, SearchHistory):
            return HistoryFound(wish.serial, self._find(wish))
        if not isinstance(wish, WantHistory):
            return None
        start = max(Position(wish.line, wish.column), Position(self.first))
        end = self.end()
        found: list[Line] = []
        room, whole, column = self.room, True, start.column
        for number in range(start.line, min(wish.line + wish.lines, end.line + (end.column > 0))):
            text = self.lines[number]
            limit = end.column if number == end.line else len(text.text)
            cut = min(limit, column + room)
            found.append(slice_of(text, column, cut))
            room -= max(len(found[-1].text), 1)
            whole = number < end.line and cut >= limit
            column = 0
            if room <= 0 or not whole:
                break
        return HistoryPage(wish.serial, start.line, start.column, tuple(found), whole)

    def _find(self, wish: SearchHistory) -> int | None:
        numbers = range(wish.line - 1, self.first - 1, -1) if wish.backwards else range(wish.line, len(self.lines))
        smart = wish.text == wish.text.lower()
        end = self.end().line
        for number in numbers:
            if not 0 <= number < end:
                continue
            plain = plain_text(self.lines[number])
            if wish.text in (plain.lower() if smart else plain):
                return number
        return None


class PagingDesk(Seat):
    """The view and its terminal, and the server's side, which answers when it is told to."""

    def __init__(
        self, *, columns: int = 40, lines: int = 10, offered: bool = True, clipboard: bool = True, **environment: str
    ) -> None:
        self.now = START
        super().__init__(
            columns=columns,
            lines=lines,
            environment={"MOSH_PREDICTION_DISPLAY": "never", "MOSH_TITLE_NOPREFIX": "1", **environment},
            dialect=XTERM._replace(synchronized=False, clipboard=clipboard),
        )
        self.server = FakeServer(columns=columns, lines=lines)
        self.typed = b""  # what the session was given
        self.wishes: list[WantHistory | SearchHistory] = []
        self.standing: WantHistory | SearchHistory | None = None
        self._frames = FrameEncoder()
        self.view.receive_message(Abilities(True, offered), now=self.now)
        self.show()

    def show(self) -> None:
        """Let the newest screen come."""
        self.view.receive_message(self.server.extent(), now=self.now)
        frame = self._frames.encode(self.server.snapshot())
        if frame is not None:
            self.view.receive_message(frame, now=self.now)

    def print(self, *texts: str) -> None:
        """Print lines, and let them be shown."""
        self.server.print(*texts)
        self.show()

    def type(self, keys: bytes | str, *, answered: bool = True) -> None:
        """Type; with `answered` the server answers until nothing more is asked."""
        self.view.receive_keys(keys.encode() if isinstance(keys, str) else keys, now=self.now)
        if answered:
            self.answer()
        else:
            self.collect()

    def collect(self) -> None:
        """Take what the renderer says."""
        for message in self.view.messages_to_send():
            if isinstance(message, Input):
                self.typed += message.data
            elif isinstance(message, WantHistory | SearchHistory):
                self.standing = message
                self.wishes.append(message)

    def answer(self) -> None:
        """Answer what is asked, until nothing more is."""
        self.collect()
        while self.standing is not None:
            standing, self.standing = self.standing, None
            answer = self.server.answer(standing)
            assert answer is not None
            self.view.receive_message(answer, now=self.now)
            self.collect()

    def wait(self, milliseconds: int) -> None:
        """Let time go by."""
        self.now += milliseconds
        self.draw(now=self.now)
        self.answer()

    @property
    def shown(self) -> list[str]:
        """What the terminal's rows say, the bar last."""
        self.written = self.draw(now=self.now)
        return lines_of(self.terminal.snapshot())

    @property
    def text(self) -> list[str]:
        """What the rows above the bar say."""
        return self.shown[:-1]

    @property
    def bar(self) -> str:
        """What the bar says."""
        return self.shown[-1]

    @property
    def paging(self) -> bool:
        """Whether the pager is there."""
        return self.view.paging
