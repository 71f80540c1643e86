"""What a process of the client gives up once it is running: each step a fact of the system, none of them required.

`confine_network_process` is for the process that digests what the network brings: it holds the key, so it must not be
readable by other processes, and it needs no file and no program. Systems that lack a step do without it; the session
works all the same. Knows nothing of the protocol.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Collection

from mosh_common.io.fds import close_all_except


def leave_terminal(*, keep_stderr: bool) -> None:
    """Leave the user's session and terminal: no signal from its keys, no way to read or write it."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1) if keep_stderr else (0, 1, 2):
        os.dup2(null, fd)
    if null > 2:
        os.close(null)


def confine_network_process(*, keep: Collection[int]) -> None:
    """Give up what the network process does not need; call after all imports and before the first datagram.

    `keep`: the descriptors that stay open besides 0, 1 and 2.
    """
    close_all_except(set(keep))
    forbid_core_dumps()


def forbid_core_dumps() -> None:
    """A crash must not write the key to disk."""
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        pass


def name_process(name: str) -> None:
    """Show `name` (15 octets at most) in ps and top, where Linux lets a process choose."""
    try:
        with open("/proc/self/comm", "wb", buffering=0) as file:
            file.write(name.encode())
    except OSError:
        pass
