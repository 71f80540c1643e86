"""What a process of the client gives up once it is running: each step a fact of the system, none of them required.

`confine_network_process` is for the process that digests what the network brings: it holds the key, so it must not be
readable by other processes, and it needs no file and no program. Systems that lack a step do without it; the session
works all the same. Knows nothing of the protocol.
"""

from __future__ import annotations

import os
import resource
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # prctl(2), <linux/prctl.h>


def leave_terminal(*, keep_stderr: bool) -> None:
    """Leave the user's session and terminal: no signal from its keys, no way to read or write it."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1) if keep_stderr else (0, 1, 2):
        os.dup2(null, fd)
    if null > 2:
        os.close(null)


def confine_network_process() -> None:
    """Give up what the network process does not need; call after all imports and before the first datagram is read."""
    forbid_core_dumps()
    forbid_tracing()


def forbid_core_dumps() -> None:
    """A crash must not write the key to disk."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        pass


def forbid_tracing() -> None:
    """No other process of the user may attach to this one or read its memory and environment (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass  # without it the process is as any other of the user's


def name_process(name: str) -> None:
    """Show `name` (15 octets at most) in ps and top, where Linux lets a process choose."""
    try:
        with open("/proc/self/comm", "wb", buffering=0) as file:
            file.write(name.encode())
    except OSError:
        pass
