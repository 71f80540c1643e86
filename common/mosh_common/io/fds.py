"""File descriptors: non-blocking reads and writes whose outcome is a value, and closing what was inherited.

Knows nothing of what the octets mean.
"""

from __future__ import annotations

import os
import select
import sys
from typing import Final, NoReturn

READ_OCTETS: Final = 65536  # one read; a pty gives 4 KiB at most, a pipe up to this


def read_available(fd: int, limit: int = READ_OCTETS) -> bytes | None:
    """Read at most `limit` octets; b"" when nothing waits, None at the end of the file (or a hung-up pty)."""
    try:
        data = os.read(fd, limit)
    except (BlockingIOError, InterruptedError):
        return b""
    except OSError:  # EIO: the other side of a pty is closed
        return None
    return data or None


def write_available(fd: int, data: bytes | bytearray | memoryview) -> int | None:
    """Write what fits without blocking; return how many octets went, None when the other side is gone."""
    try:
        return os.write(fd, data)
    except (BlockingIOError, InterruptedError):
        return 0
    except OSError:
        return None


def write_all(fd: int, data: bytes) -> None:
    """Write everything to a blocking descriptor. Raises OSError as os.write does."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_line(fd: int, line: str) -> None:
    """Write `line`, which has no end yet, for whoever debugs: on a full disk, or a pipe that nobody reads, it is lost.

    Never raises and never blocks: a session does not end, or stand still, for its log. What is longer than a pipe takes
    at once (PIPE_BUF) is cut.
    """
    try:
        # Not poll(2), which refuses a process that may open no descriptor any more.
        if select.select([], [fd], [], 0)[1]:
            os.write(fd, line.encode(errors="backslashreplace")[: select.PIPE_BUF - 1] + b"\n")
    except OSError:
        pass


def leave(status: int) -> NoReturn:
    """End this process at once, with what is buffered written: taking Python apart only keeps who waits for the end."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            try:
                stream.flush()
            except OSError:  # nobody reads it any more
                pass
    os._exit(status)


def close_all_except(keep: set[int]) -> None:
    """Close every descriptor from 3 up that is not in `keep`: nothing inherited stays reachable."""
    start = 3
    for fd in sorted(fd for fd in keep if fd >= 3):
        os.closerange(start, fd)
        start = fd + 1
    os.closerange(start, _highest_fd() + 1)


def _highest_fd() -> int:
    for directory in ("/proc/self/fd", "/dev/fd"):
        try:
            return max(int(name) for name in os.listdir(directory) if name.isdigit())
        except (OSError, ValueError):
            continue
    return 4096  # no listing: more than a shell or sshd hands on
