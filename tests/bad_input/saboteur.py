"""Runs one of our programs in a world that fails on demand: `saboteur.py SWITCHES (client|server) ARGUMENTS…`.

What fails is told by `Switches`, a small file that both sides map: it works across forks, and in processes that may
open no file any more. Each fault is put in at the narrowest place: the socket's sendto, os.openpty, the clock's system
call, one method of the screen.
"""

from __future__ import annotations

import mmap
import os
import pathlib
import socket
import struct
import sys
import time
from typing import Any


class Switches:
    """Numbers that a test sets and the program under test obeys.

    The program sets two itself: how often sending was refused, and how often the screen failed.
    """

    NAMES = (
        "send_errno",
        "send_refused",
        "longest_sent",
        "screen_fails",
        "screen_failed",
        "wall_clock_s",
        "boot_clock_ms",
    )
    _NUMBER = struct.Struct("=q")

    def __init__(self, path: str) -> None:
        file = pathlib.Path(path)
        if not file.exists():
            file.write_bytes(bytes(self._NUMBER.size * len(self.NAMES)))
        with open(path, "r+b") as opened:
            self._map = mmap.mmap(opened.fileno(), self._NUMBER.size * len(self.NAMES))

    def get(self, name: str) -> int:
        """Return what a switch is set to; 0 = nothing fails."""
        return int(self._NUMBER.unpack_from(self._map, self._place(name))[0])

    def set(self, **values: int) -> None:
        """Set switches, and touch no other: the other side may be setting one of its own."""
        for name, value in values.items():
            self._NUMBER.pack_into(self._map, self._place(name), value)

    def _place(self, name: str) -> int:
        return self.NAMES.index(name) * self._NUMBER.size


def sabotage(switches: Switches, *, no_pty: bool, sequence: int) -> None:
    """Put the faults in. `sequence`: of the first datagram that is sent."""

    class FailingSocket(socket.socket):
        def sendto(self, data: Any, *rest: Any) -> int:
            number = switches.get("send_errno")
            if number and len(data) > switches.get("longest_sent"):
                switches.set(send_refused=switches.get("send_refused") + 1)
                raise OSError(number, os.strerror(number))
            sent: int = super().sendto(data, *rest)
            return sent

    from mosh_common.io import udp

    class SocketModule:
        """The socket module as udp.py sees it."""

        socket = FailingSocket

        def __getattr__(self, name: str) -> Any:
            return getattr(socket, name)

    udp.socket = SocketModule()  # type: ignore[assignment, attr-defined]  # a fault is put in

    if no_pty:

        def none_left() -> tuple[int, int]:
            raise OSError(28, os.strerror(28))

        os.openpty = none_left

    for name in ("time", "time_ns", "gmtime", "localtime"):
        setattr(time, name, _lying(getattr(time, name), switches, 1_000_000_000 if name == "time_ns" else 1))
    real_clock = time.clock_gettime_ns

    def clock(which: int) -> int:
        if which == time.CLOCK_REALTIME:
            return real_clock(which) + switches.get("wall_clock_s") * 1_000_000_000
        return real_clock(which) + switches.get("boot_clock_ms") * 1_000_000

    time.clock_gettime_ns = clock

    from mosh_common.terminal.screen.screen import Screen

    real_title = Screen.set_title

    def set_title(self: Any, title: str) -> None:
        if switches.get("screen_fails"):
            switches.set(screen_failed=switches.get("screen_failed") + 1)
            raise RuntimeError(f"no title like {title}")
        real_title(self, title)

    Screen.set_title = set_title  # type: ignore[assignment, method-assign]  # a fault is put in

    if sequence:
        from mosh_common.sync.path.endpoint import Endpoint

        real_init = Endpoint.__init__

        def begin_late(self: Endpoint, **words: Any) -> None:
            real_init(self, **words)
            self._next_sequence = sequence

        Endpoint.__init__ = begin_late  # type: ignore[method-assign]  # it begins where nobody waits for it


def _lying(real: Any, switches: Switches, unit: int) -> Any:
    def lie(*given: Any) -> Any:
        if given:
            return real(*given)
        if real.__name__ in ("gmtime", "localtime"):
            return real(time.time())
        return real() + switches.get("wall_clock_s") * unit

    return lie


def main() -> int:
    """Sabotage, then be the program."""
    switches = Switches(sys.argv[1])
    program, *arguments = sys.argv[2:]
    sabotage(switches, no_pty="NO_PTY" in os.environ, sequence=int(os.environ.get("FIRST_SEQUENCE", "0")))
    sys.argv[1:] = arguments
    if program == "server":
        from mosh_server.cli import main as serve

        return serve(arguments)
    from mosh_client.cli import main as attend

    return attend(arguments)


if __name__ == "__main__":
    sys.exit(main())
