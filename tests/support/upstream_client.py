"""Upstream's client as a black box: send it frame diffs, get back what it draws on its user's terminal.

A server that speaks just enough of the protocol (docs/wire.md) to send diffs, one state after the other, each until the
client acknowledges it. Shares nothing with the product but the emulator that stands for the user's terminal.
"""

from __future__ import annotations

import base64
import fcntl
import os
import select
import socket
import struct
import subprocess
import termios
import time
import zlib
from collections.abc import Callable

from tests.support.programs import UPSTREAM
from tests.support.upstream_screen import field, fields

from mosh_common.terminal.cells import BLINK, BOLD, INVERSE, INVISIBLE, ITALIC, WIDE_TAIL, Snapshot, cell_text
from mosh_common.terminal.emulator import Emulator

_PATIENCE_S = 20.0
_RESEND_S = 1.0
_HEARTBEAT_S = 3.0  # after 6.5 s of silence the client lays a bar over the first row
_TO_CLIENT = 1 << 63
_PIECE_OCTETS = 1000
_FLAGS = BOLD | ITALIC | BLINK | INVERSE | INVISIBLE  # what the client can draw


def drawn(screen: Snapshot) -> list[object]:
    """Return what upstream's client can show of a screen, for comparison: rows, modes, cursor."""
    rows: list[object] = []
    for row in screen.rows:
        cells = []
        for column, letter in enumerate(row[1]):
            style, text = screen.palette.styles[ord(letter)], cell_text(row, column).strip(" ")
            look: tuple[object, ...] = (style.fg, style.bg, style.flags & _FLAGS, bool(style.underline))
            if not text and not style.flags & INVERSE and not style.underline and row[0][column] != WIDE_TAIL:
                look = (style.bg,)  # of a blank there is no more to be seen
            cells.append((text, look))
        rows.append(cells)
    modes = screen.modes._replace(cursor_shape=0, alternate_scroll=False)  # the client carries neither to a terminal
    return [*rows, modes, (screen.cursor_row, screen.cursor_column)]


class UserTerminal:
    """What a user of upstream's client sees, but for its one mistake.

    Having printed the last column it takes the cursor to be one beyond it, and walks back from there with backspaces;
    a terminal's cursor is in the last column still, with a wrap pending, and ends one further to the left. The client
    does so whatever server it has, in the bottom row only (from others it goes on with CR LF), and no diff can prevent
    it. Here the first of these backspaces does what the client counts on.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self._emulator = Emulator(columns, lines)
        self.corrected = 0  # backspaces

    def feed(self, output: bytes) -> None:
        """Show `output`."""
        first, *rest = output.split(b"\b")
        self._emulator.feed(first)
        for piece in rest:
            if self._emulator.screen.wrap_pending:
                self.corrected += 1
                self._emulator.feed(b"\x1b[C")  # gives up the wrap and stays
            else:
                self._emulator.feed(b"\b")
            self._emulator.feed(piece)

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self._emulator.resize(columns, lines)

    def snapshot(self) -> Snapshot:
        """Return what is shown."""
        return self._emulator.snapshot()


class UpstreamClient:
    """One mosh-client in a pty, and its server."""

    def __init__(self, columns: int, lines: int) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESOCB3

        key = os.urandom(16)
        self._cipher = AESOCB3(key)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._peer: tuple[str, int] | None = None
        self._sequence = 0
        self._fragment = 0
        self._state = 0  # the newest that was sent
        self._acknowledged = 0  # the newest that the client has
        self._heard = 0  # the client's newest
        self._spoke_at = 0.0  # when it was sent something last
        self.terminal = UserTerminal(columns, lines)
        self._pty, inside = os.openpty()
        fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "MOSH_"))}
        environment |= {"LC_ALL": "C.UTF-8", "TERM": "xterm-256color", "MOSH_PREDICTION_DISPLAY": "never"}
        environment["MOSH_KEY"] = base64.b64encode(key).decode().rstrip("=")
        self._client = subprocess.Popen(
            [*UPSTREAM.client, "127.0.0.1", str(self._socket.getsockname()[1])],
            env=environment,
            stdin=inside,
            stdout=inside,
        )
        os.close(inside)
        self._deliver(field(1, field(3, field(5, columns) + field(6, lines))))

    def __enter__(self) -> UpstreamClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the client."""
        self._client.kill()
        self._client.wait()
        self._socket.close()
        os.close(self._pty)

    def execute(self, output: bytes) -> None:
        """Make the client's next state of its newest one by `output`."""
        self._deliver(field(1, field(2, field(4, output))))

    def wait_until(self, is_right: Callable[[Snapshot], bool]) -> bool:
        """Read what the client draws until the terminal is right; return whether it came to that."""
        deadline = time.monotonic() + _PATIENCE_S
        while not (right := is_right(self.terminal.snapshot())) and time.monotonic() < deadline:
            if time.monotonic() > self._spoke_at + _HEARTBEAT_S:
                self._deliver(b"")
            self._read()
        return right

    def _deliver(self, diff: bytes) -> None:
        self._state += 1
        deadline = time.monotonic() + _PATIENCE_S
        resend = 0.0
        while self._acknowledged < self._state:
            now = time.monotonic()
            assert now < deadline, "upstream's client does not acknowledge"
            if self._peer is not None and now >= resend:
                self._send(diff)
                resend = now + _RESEND_S
            self._read()

    def _send(self, diff: bytes) -> None:
        instruction = field(1, 2) + field(2, self._state - 1) + field(3, self._state) + field(4, self._heard)
        data = zlib.compress(instruction + field(5, self._state - 1) + field(6, diff))
        self._fragment += 1
        self._spoke_at = time.monotonic()
        for start in range(0, len(data), _PIECE_OCTETS):
            final = start + _PIECE_OCTETS >= len(data)
            plain = struct.pack("!HH", int(time.monotonic() * 1000) % 65535, 65535)
            plain += struct.pack("!QH", self._fragment, final << 15 | start // _PIECE_OCTETS)
            nonce = struct.pack("!Q", _TO_CLIENT | self._sequence)
            self._sequence += 1
            sealed = self._cipher.encrypt(bytes(4) + nonce, plain + data[start : start + _PIECE_OCTETS], None)
            assert self._peer is not None
            self._socket.sendto(nonce + sealed, self._peer)

    def _read(self) -> None:
        """Take what the client drew and what it sent, waiting a moment for either."""
        either: list[int | socket.socket] = [self._pty, self._socket]
        ready, _, _ = select.select(either, [], [], 0.05)
        if self._pty in ready:
            self.terminal.feed(os.read(self._pty, 65536))
        if self._socket in ready:
            datagram, self._peer = self._socket.recvfrom(65536)
            plain = self._cipher.decrypt(bytes(4) + datagram[:8], datagram[8:], None)
            values = dict(fields(zlib.decompress(plain[14:])))  # a client that nobody types at sends single fragments
            self._acknowledged = max(self._acknowledged, int(values.get(4, 0)))
            self._heard = max(self._heard, int(values.get(3, 0)))
