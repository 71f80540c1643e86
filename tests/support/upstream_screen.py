"""Upstream's emulator as a black box: feed it output, get back upstream's own drawing of the screen that results.

Runs Debian's mosh-server with a program in it that echoes raw input, and speaks just enough of the protocol
(docs/wire.md) to type and to receive. It acknowledges nothing, so the server keeps sending the whole way from the blank
state 0: two equal answers mean two equal screens, in everything that upstream's diff can express. Shares no code with
the product, so that it can judge it.
"""

from __future__ import annotations

import base64
import ctypes
import locale
import os
import re
import shlex
import signal
import socket
import struct
import subprocess
import termios
import time
import zlib
from collections.abc import Iterator

from tests.support.programs import UPSTREAM, descendants, wait_until

# One cell: (grapheme, SGR parameters); a blank is "" whether it was written or erased.
Cell = tuple[str, str]


_PATIENCE_S = 20.0
ECHO = "stty raw -echo; exec cat"  # a program


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | bytes) -> bytes:
    """Return one protobuf field."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def fields(data: bytes) -> list[tuple[int, int | bytes]]:
    """Return (number, value) of each field of a protobuf message."""
    found: list[tuple[int, int | bytes]] = []
    at = 0

    def read() -> int:
        nonlocal at
        value = shift = 0
        while True:
            octet = data[at]
            at += 1
            value |= (octet & 127) << shift
            shift += 7
            if octet < 128:
                return value

    while at < len(data):
        tag = read()
        number = read()
        if tag & 7 == 0:
            found.append((tag >> 3, number))
        else:
            found.append((tag >> 3, data[at : at + number]))
            at += number
    return found


def host_output(diff: bytes) -> bytes:
    """Return the terminal output in a server's diff (docs/wire.md §6)."""
    output = b""
    for _, instruction in fields(diff):
        assert isinstance(instruction, bytes)
        for kind, body in fields(instruction):
            if kind == 2 and isinstance(body, bytes):
                output += b"".join(value for _, value in fields(body) if isinstance(value, bytes))
    return output


class UpstreamScreen:
    """One mosh-server with a program in it, by default one that echoes raw input."""

    def __init__(self, columns: int = 80, lines: int = 24, *, program: str = ECHO) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESOCB3

        self._columns = columns
        self._lines = lines
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "MOSH_"))}
        environment |= {"LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        started = subprocess.run(
            [*shlex.split(f"{UPSTREAM.server[0]} new -i 127.0.0.1 -p 61200:61999 -c 256 -- sh -c"), program],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        words = re.search(rb"MOSH CONNECT (\d+) (\S{22})", started.stdout)
        detached = re.search(rb"pid = (\d+)", started.stderr)
        assert words is not None, started
        assert detached is not None, started
        self._pid = int(detached[1])
        self._cipher = AESOCB3(base64.b64decode(words[2] + b"=="))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect(("127.0.0.1", int(words[1])))
        self._sequence = 0
        self._fragment = 0
        self._state = 0
        self._heard = 0  # the newest state of ours that the server has
        self._acknowledged = 0  # the newest state of the server's that it is told we have
        self._inbox: list[tuple[int, int, bytes]] = []  # received while waiting for something else
        self._marks = 0
        self._assembly: tuple[int, dict[int, bytes], int | None] = (-1, {}, None)
        self._type(field(1, field(3, field(5, columns) + field(6, lines))))
        if program == ECHO:
            wait_until(self._is_raw, "the program has not made its terminal raw")

    def __enter__(self) -> UpstreamScreen:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        self._socket.close()
        try:
            os.kill(self._pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def _is_raw(self) -> bool:
        """Whether the terminal is raw within; before it would show what is fed as a terminal shows keys."""
        for child in descendants(self._pid):
            try:
                terminal = os.open(os.readlink(f"/proc/{child.pid}/fd/0"), os.O_RDONLY | os.O_NOCTTY)
            except OSError:  # not there yet, or any more
                continue
            try:
                return not termios.tcgetattr(terminal)[3] & (termios.ECHO | termios.ICANON)
            except termios.error:  # the child has not got its own yet
                continue
            finally:
                os.close(terminal)
        return False

    def resize(self, columns: int, lines: int) -> None:
        """Give the terminal another size."""
        self._type(field(1, field(3, field(5, columns) + field(6, lines))))

    def feed(self, output: bytes) -> None:
        """Have the program inside print `output`."""
        for start in range(0, len(output), 2000):  # the pty's queue is bounded
            self._type(field(1, field(2, field(4, output[start : start + 2000]))))

    def drawing(self, output: bytes) -> bytes:
        """Start from a reset terminal, print `output`; return upstream's drawing of the result from nothing."""
        self._marks += 1
        mark = b"mark%d." % self._marks
        self.feed(b"\x1bc" + output + b"\x1b]2;" + mark + b"\x07")
        self._inbox.clear()
        deadline = time.monotonic() + _PATIENCE_S
        while time.monotonic() < deadline:
            received = self._receive(deadline - time.monotonic())
            if received is None:
                continue
            old, _, diff = received
            if old:
                continue
            text = host_output(diff)
            if mark in text:
                return re.sub(rb"\x1b\][02];[^\x07]*\x07|\x07", b"", text)
        raise AssertionError("upstream's server does not answer")

    def screen(self, output: bytes) -> tuple[list[list[Cell]], list[bool], str]:
        """Like `drawing`, but return (cells, whether each row wraps, what follows the cells)."""
        return read_drawing(self.drawing(output).decode(), self._columns, self._lines)

    def frames(self, patience_s: float) -> Iterator[tuple[int, int, bytes]]:
        """Yield (old state number, new one, output) of what comes within that time; acknowledge each."""
        deadline = time.monotonic() + patience_s
        while (left := deadline - time.monotonic()) > 0:
            received = self._inbox.pop(0) if self._inbox else self._receive(left)
            if received is None or not received[2]:
                continue
            old, new, diff = received
            if new > self._acknowledged:
                self._acknowledged = new
                self._state += 1
                self._send(self._instruction(b""))
            yield old, new, host_output(diff)

    def type(self, keys: bytes) -> None:
        """Type `keys` without waiting for anything."""
        self._state += 1
        self._send(self._instruction(field(1, field(2, field(4, keys)))))

    def _instruction(self, diff: bytes) -> bytes:
        return (
            field(1, 2)
            + field(2, self._state - 1)
            + field(3, self._state)
            + field(4, self._acknowledged)
            + field(5, self._state - 1)
            + field(6, diff)
        )

    def _type(self, diff: bytes) -> None:
        self._state += 1
        deadline = time.monotonic() + _PATIENCE_S
        while self._heard < self._state:
            assert time.monotonic() < deadline, "upstream's server does not acknowledge"
            self._send(self._instruction(diff))
            waited = time.monotonic() + 0.4
            while self._heard < self._state and time.monotonic() < waited:
                received = self._receive(waited - time.monotonic())
                if received is not None:
                    self._inbox.append(received)

    def _send(self, instruction: bytes) -> None:
        data = zlib.compress(instruction)
        self._fragment += 1
        pieces = [data[start : start + 1000] for start in range(0, len(data), 1000)]
        for number, piece in enumerate(pieces):
            final = number == len(pieces) - 1
            plain = struct.pack("!HH", int(time.monotonic() * 1000) % 65535, 65535)
            plain += struct.pack("!QH", self._fragment, final << 15 | number) + piece
            nonce = struct.pack("!Q", self._sequence)
            self._sequence += 1
            self._socket.send(nonce + self._cipher.encrypt(bytes(4) + nonce, plain, None))

    def _receive(self, patience_s: float) -> tuple[int, int, bytes] | None:
        """Return (old state number, new one, diff) of the next whole instruction, or None."""
        self._socket.settimeout(max(0.001, patience_s))
        try:
            datagram = self._socket.recv(65536)
        except (TimeoutError, ConnectionRefusedError):
            return None
        plain = self._cipher.decrypt(bytes(4) + datagram[:8], datagram[8:], None)
        identity, number = struct.unpack("!QH", plain[4:14])
        known, pieces, count = self._assembly
        if identity != known:
            pieces, count = {}, None
        pieces[number & 0x7FFF] = plain[14:]
        if number & 0x8000:
            count = (number & 0x7FFF) + 1
        self._assembly = (identity, pieces, count)
        if count is None or len(pieces) < count:
            return None
        values = dict(fields(zlib.decompress(b"".join(pieces[index] for index in range(count)))))
        self._heard = max(self._heard, int(values.get(4, 0)))
        diff = values.get(6, b"")
        assert isinstance(diff, bytes)
        return (int(values.get(2, 0)), int(values.get(3, 0)), diff)


_wcwidth = ctypes.CDLL(None).wcwidth  # the C library's, as upstream's programs use it
_TOKEN = re.compile(r"\x1b\[([?]?[0-9;]*)([A-Za-z])|\x1b\][^\x07]*\x07|[\r\n\b]|[^\x00-\x1f]")


def read_drawing(drawing: str, columns: int, lines: int) -> tuple[list[list[Cell]], list[bool], str]:
    """Execute upstream's drawing of a whole screen: the few sequences that upstream uses for it, and nothing else."""
    locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    blank: Cell = ("", "0")
    cells = [[blank] * columns for _ in range(lines)]
    wraps = [False] * lines
    row = column = 0
    pending = False
    rendition = "0"
    rest: list[str] = []
    last: tuple[int, int] | None = None
    for match in _TOKEN.finditer(drawing):
        token, parameters, final = match[0], match[1], match[2]
        if len(token) == 1 and token not in "\r\n\b":
            width = _wcwidth(ord(token))
            if width <= 0 and last is not None:
                grapheme, style = cells[last[0]][last[1]]
                cells[last[0]][last[1]] = (grapheme + token, style)
                continue
            if pending:
                wraps[row] = True
                row, column = row + 1, 0
            if row == lines:  # the wrap of the bottom row; upstream rewrites that row's start
                row = lines - 1
            cells[row][column] = ("" if token == " " else token, rendition)
            if width == 2:
                cells[row][column + 1] = ("tail", rendition)
            last = (row, column)
            column += width
            pending = column >= columns
            column = min(column, columns - 1)
            continue
        if final == "m":
            rendition = parameters
            rest.append(token)
            continue
        if final == "h" or final == "l" or token.startswith("\x1b]"):
            rest.append(token)
            continue
        if token == "\b" and pending:
            column += 1  # upstream counts from beyond the last column here, wherever its own emulator then is
        pending = False
        background = "0" + "".join(re.findall(r";4(?:8;[0-9;]*|[0-7])(?=;|$)", rendition))
        if token == "\r":
            column = 0
        elif token == "\n":
            row += 1
        elif token == "\b":
            column -= 1
        elif final == "H":
            row, column = [int(number) - 1 for number in parameters.split(";")] if parameters else (0, 0)
        elif final == "K":
            cells[row][column:] = [("", background)] * (columns - column)
        elif final == "X":
            count = int(parameters or "1")
            cells[row][column : column + count] = [("", background)] * count
        elif final == "J":
            cells = [[("", background)] * columns for _ in range(lines)]
        elif final != "r":
            raise AssertionError(f"unexpected {token!r}")
    position = f"cursor {row},{column}"
    tail = "".join(rest)
    end = tail.rfind("\x1b[?2004")
    # The renditions while drawing may differ; the one in force at the end and the modes may not.
    return cells, wraps, f"{position} {rendition} {tail[end:]} {'?25h' if '?25h' in tail else '?25l'} {'?5h' in tail}"
