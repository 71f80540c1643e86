"""Runs in a real terminal: our renderer with native scroll, and what it takes for the network process.

    python native_session.py COMMANDS LOG

Reads commands, a JSON array a line, from the pipe COMMANDS, and writes a line to LOG for each that is done; between
them it goes on serving, for a renderer that stood still meanwhile. The server is the plain one of scrollback.py, so
that what its history is, is plain to see.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from tests.support.scrollback import Server

from mosh_client.ipc.channel import Channel
from mosh_client.ipc.frames import FrameEncoder
from mosh_client.ipc.messages import Abilities, Exit, Hello, Link, Message, Resize, WantHistory
from mosh_client.renderer import process
from mosh_client.scrollback_end import ScrollbackEnd
from mosh_client.settings import read_settings
from mosh_client.terminal import tty
from mosh_client.terminal.description import Description
from mosh_common.clock import now_ms
from mosh_common.terminal.cells import Style
from mosh_common.terminal.frame_diff.dialect import dialect_from_terminfo

QUIET_S = 0.3
CONTACT_S = 1.0  # the renderer says after some seconds how long ago it heard of the server
LONGEST_S = 60  # for a renderer to begin


class Network:
    """The other end of the renderer's socketpair."""

    def __init__(self, sock: socket.socket) -> None:
        self.server: Server | None = None
        self.begin(sock)

    def begin(self, sock: socket.socket) -> None:
        """Speak with a renderer, that of the start or a later one."""
        self.channel = Channel(sock, in_network_process=True)
        self._frames = FrameEncoder()
        self._wish: WantHistory | None = None
        self._told: list[Message | None] = [None, None]

    def receive(self, patience: float) -> bool:
        """Take what the renderer says within that time."""
        if not select.select([self.channel], [], [], patience)[0]:
            return False
        for message in self.channel.receive():
            if isinstance(message, Hello):
                self.server = self.server or Server(message.columns, message.lines)
            elif isinstance(message, Resize) and self.server is not None:
                self.server.resize(message.lines)
            elif isinstance(message, WantHistory):
                self._wish = message
        return not self.channel.closed

    def tell(self) -> None:
        """Send the screen, and history if that is wanted."""
        if self.server is None:
            return
        self.channel.send(Link(now_ms(), now_ms(), 250, 60001))
        extent = self.server.extent()
        if extent != self._told[0]:
            self._told[0] = extent
            self.channel.send(extent)
        frame = self._frames.encode(self.server.snapshot())
        if frame is not None:
            self.channel.send(frame)
        if self._wish is not None and (page := self.server.answer(self._wish)) != self._told[1]:
            self._told[1] = page
            self.channel.send(page)
        while self.channel.pending and not self.channel.closed:
            select.select([], [self.channel], [], 1)
            self.channel.flush()

    def settle(self) -> None:
        """Go on until nothing more is said."""
        self.tell()
        while self.receive(QUIET_S):
            self.tell()

    def perform(self, command: list[Any]) -> None:
        """Do what a command says."""
        what, *how = command
        server = self.server
        assert server is not None
        if what == "print":
            server.print(how[0], Style(fg=how[1]))
            self.tell()
            self.receive(0)
        elif what == "flood":
            for number in range(how[0], how[1]):
                server.print(f"line {number}")
            self.tell()
        elif what == "alternate":
            server.alternate = how[0]
            self.tell()
        elif what == "clear history":
            server.clear_history()
        elif what == "clear screen":
            server.clear_screen()
        elif what == "await lines":
            while server.lines != how[0]:
                self.receive(10)
        elif what == "end":
            self.channel.send(Exit())
            self.channel.flush()
            return
        self.settle()


class Renderer:
    """The process that draws."""

    def __init__(self, described: Description, *, taken: bool = False) -> None:
        self.socket, theirs = socket.socketpair()
        self._lifeline, renderer_lifeline = socket.socketpair()
        settings = read_settings({"MOSH_SCROLLBACK": "native", "MOSH_PREDICTION_DISPLAY": "never"})
        self.pid = os.fork()
        if not self.pid:
            self.socket.close()
            self._lifeline.close()
            code = 70
            try:
                code = process.run(theirs, renderer_lifeline, settings=settings, described=described, taken=taken)
            finally:
                os._exit(code)
        theirs.close()
        renderer_lifeline.close()

    def last_words(self) -> str:
        """Return why it ended, if it said so."""
        return self._lifeline.recv(100).decode() if select.select([self._lifeline], [], [], 0)[0] else ""


def _commands(pipe: BinaryIO, network: Network) -> Iterator[list[Any]]:
    """Yield the commands as they come.

    Between them the renderer is served, too: one that stood still says something after all was quiet.
    """
    rest = b""
    while True:
        heard: list[Any] = [pipe] if network.channel.closed else [pipe, network.channel]
        ready = select.select(heard, [], [], CONTACT_S)[0]
        if network.channel in ready:
            network.receive(0)
        if not network.channel.closed:
            network.tell()
        if pipe in ready:
            piece = pipe.read(65536)
            if not piece:
                return
            *lines, rest = (rest + piece).split(b"\n")
            yield from map(json.loads, lines)


def main(commands: str, log: str) -> int:
    """Run the session."""
    attributes = tty.read_attributes(0)
    terminal = tty.describe_terminal(alternate_screen=True)
    described = Description(terminal, dialect_from_terminfo(terminal.capabilities), attributes, ScrollbackEnd())
    renderer = Renderer(described)
    network = Network(renderer.socket)
    network.receive(LONGEST_S)
    network.channel.send(Abilities(False, True))
    network.settle()
    with open(commands, "rb", buffering=0) as pipe, open(log, "a", buffering=1) as done:
        for command in _commands(pipe, network):
            if command[0] == "kill":
                os.kill(renderer.pid, signal.SIGKILL)
                os.waitpid(renderer.pid, 0)
                renderer = Renderer(described, taken=True)
                network.begin(renderer.socket)
                network.receive(LONGEST_S)
                network.channel.send(Abilities(False, True))
                network.settle()
            else:
                network.perform(command)
            ideal = [] if network.server is None else [row.text for row in network.server.ideal()]
            done.write(json.dumps({"command": command, "ideal": ideal}) + "\n")
            if command[0] == "end":
                break
    status = os.waitstatus_to_exitcode(os.waitpid(renderer.pid, 0)[1])
    print(f"left with {status}: {renderer.last_words()}")
    time.sleep(0.1)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
