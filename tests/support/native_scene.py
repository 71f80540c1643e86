"""Native scroll without a terminal and a network: a plain server, the renderer's core, a terminal that keeps rows.

Between the first two a network process that hands messages on, late or never (`come`), or all of them (`settle`).
"""

from __future__ import annotations

import random
from typing import Any

from tests.support.scrollback import Server, Terminal, plain, without_blank_rests

from mosh_client.ipc.frames import FrameEncoder
from mosh_client.ipc.messages import Notice, Resize, WantHistory
from mosh_client.renderer.scrollback.terminal import NativeTerminal
from mosh_client.renderer.view import View
from mosh_client.settings import read_settings
from mosh_common.terminal.cells import Style
from mosh_common.terminal.frame_diff.dialect import XTERM, Dialect

COLUMNS = 12
NATIVE = NativeTerminal(b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[3J")


class Scene:
    """All of it. What is sent in either direction is on its way until `run` hands it on."""

    def __init__(
        self,
        *,
        lines: int = 5,
        seed: int = 0,
        dialect: Dialect = XTERM,
        takes_back: bool = True,
        keeps_wraps: bool = False,
        native: NativeTerminal = NATIVE,
    ) -> None:
        self.chance = random.Random(seed)
        self.now = 1000
        self.server = Server(COLUMNS, lines)
        self.terminal = Terminal(COLUMNS, lines, takes_back=takes_back, keeps_wraps=keeps_wraps)
        self.view = View(
            settings=read_settings({"MOSH_SCROLLBACK": "native"}),
            dialect=dialect,
            columns=COLUMNS,
            lines=lines,
            now=self.now,
            native=native,
        )
        self._frames = FrameEncoder()
        self._wish: WantHistory | None = None
        self._page: Any = None
        self.sizes: list[int] = []
        self.said = 0

    def tell(self) -> None:
        """Let a frame come."""
        self.view.receive_message(self.server.extent(), now=self.now)
        frame = self._frames.encode(self.server.snapshot())
        if frame is not None:
            self.view.receive_message(frame, now=self.now)

    def answer(self, *, most: int = 1000) -> None:
        """Let history come."""
        if self._wish is not None:
            page = self.server.answer(self._wish, most=most)
            if page != self._page:
                self._page = page
                self.view.receive_message(page, now=self.now)

    def draw(self) -> None:
        """Let the renderer draw, the terminal answer and the network process hear what is wished."""
        for _ in range(3):
            self.terminal.feed(self.view.draw(now=self.now))
            if not self.terminal.answers:
                break
            assert self.view.takes_cursor_question()
            self.view.cursor_reported(self.terminal.answers.pop())
        for message in self.view.messages_to_send():
            if isinstance(message, WantHistory):
                self._wish = message
            elif isinstance(message, Resize):
                self.sizes.append(message.lines)

    def settle(self) -> None:
        """Let all come that is on its way."""
        quiet = 0
        while quiet < 3:
            written, wish = len(self.terminal.octets), self._wish
            for lines in self.sizes:
                self.server.resize(lines)
            self.sizes.clear()
            self.tell()
            self.answer()
            self.draw()
            self.now += 60
            quiet = quiet + 1 if (written, wish) == (len(self.terminal.octets), self._wish) else 0

    def perform(self, operation: tuple[Any, ...]) -> None:
        """Do one of the operations above."""
        what, *how = operation
        server = self.server
        if what == "print" and server.alternate is None:
            server.print(how[0], Style(fg=how[1]))
        elif what == "flood" and server.alternate is None:
            for _ in range(how[0]):
                self.said += 1
                server.print(f"flood {self.said}")
        elif what == "draw over" and server.alternate is None:
            server.write_at(*how)
        elif what == "clear screen" and server.alternate is None:
            server.clear_screen()
        elif what == "clear history":
            server.clear_history()
        elif what == "drop":
            server.drop(how[0])
        elif what == "alternate":
            server.alternate = f"full {self.said}" if how[0] else None
        elif what == "notice":
            self.view.receive_message(Notice("notice" if how[0] else "", True), now=self.now)
        elif what == "type":
            self.view.receive_keys(how[0].encode(), now=self.now)
        elif what == "repaint":
            self.view.receive_keys(b"\x0c", now=self.now)
        elif what == "pause":
            self.now += how[0]
        elif what == "resize":
            self.resize(how[0])

    def resize(self, lines: int) -> None:
        """The user makes the window higher or lower; the server hears of it later."""
        if self.server.alternate is not None or self.terminal.on_alternate:
            return  # pyte cannot
        self.terminal.set_size(COLUMNS, lines)
        self.view.resize(COLUMNS, lines)

    def come(self) -> None:
        """Let something come, or not."""
        if self.sizes and self.chance.random() < 0.5:
            self.server.resize(self.sizes.pop(0))
        if self.chance.random() < 0.6:
            self.tell()
        if self.chance.random() < 0.5:
            self.answer(most=self.chance.choice((1, 3, 1000)))
        if self.chance.random() < 0.8:
            self.draw()
        self.now += self.chance.choice((0, 1, 3, 10))

    def assert_ideal(self) -> None:
        """Each line once, in order, complete, as it looked; and nothing that terminals keep was written otherwise."""
        assert self.terminal.violations == []
        found, wanted = without_blank_rests(self.terminal.scrollback), without_blank_rests(self.server.ideal())
        assert plain(found) == plain(wanted)
        assert found == wanted
        if self.server.alternate is None:
            assert (
                self.terminal.shown[1:]
                == [row[0].replace("\x01", "").replace("\x00", " ").rstrip() for row in self.server.rows][1:]
            )


def begun(**arguments: Any) -> Scene:
    """A scene whose first screen is there."""
    scene = Scene(**arguments)
    scene.settle()
    return scene
