"""The master's side of a pty: what the programs write, and what they are given.

Never blocks whoever reads and writes. Knows neither what runs there nor what the octets mean.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from mosh_common.io.fds import read_available, write_available


class Pty:
    """The descriptor of a pty's master, non-blocking."""

    __slots__ = ("_master",)

    def __init__(self, master: int) -> None:
        """Take over the descriptor `master`; it is closed with `close`."""
        os.set_blocking(master, False)
        self._master = master

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._master

    def read(self, limit: int, until: Callable[[bytes, int], bool]) -> tuple[bytes, bool]:
        """Return (what the programs wrote, up to about `limit`; whether the pty is still open).

        `until` is asked after each piece, also after an empty one when nothing is there, whether that is enough: its
        arguments are the piece and how much was read so far.
        """
        parts: list[bytes] = []
        total = 0
        while total < limit:
            piece = read_available(self._master)
            if piece is None:
                return b"".join(parts), False
            if piece:
                parts.append(piece)
                total += len(piece)
            if until(piece, total):
                break
        return b"".join(parts), True

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write what the pty takes now; return how many octets went. A hung-up pty takes everything."""
        written = write_available(self._master, data)
        return len(data) if written is None else written

    def close(self) -> None:
        """Close the descriptor; the pty hangs up with the last one of it."""
        os.close(self._master)
