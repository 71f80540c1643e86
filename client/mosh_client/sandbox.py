"""What a process of the client gives up once it is running: each step a fact of the system, none of them required.

`confine_network_process` is for the process that digests what the network brings: it holds the key, so it must not be
readable by other processes, and it needs no program and no sockets but for datagrams. `confine_renderer` is for the one
that draws, which needs no socket at all. Systems that lack a step do without it; the session works all the same. Knows
nothing of the protocol.
"""

from __future__ import annotations

import os
import resource

from mosh_client import seccomp
from mosh_common.io import privileges


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
    privileges.forbid_tracing()
    privileges.forbid_new_privileges()
    seccomp.forbid_programs(datagrams=True)


def confine_renderer() -> None:
    """Give up what the renderer does not need; call once it holds the terminal, before it is sent anything."""
    privileges.forbid_new_privileges()
    seccomp.forbid_programs(datagrams=False)


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
