"""What a new process of the client does first: it takes its name, and leaves a terminal that is not for it."""

from __future__ import annotations

import os

from mosh_common.io import privileges


def leave_terminal(*, keep_stderr: bool) -> None:
    """Leave the user's session and terminal: no signal from its keys, no way to read or write it."""
    os.setsid()
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1) if keep_stderr else (0, 1, 2):
        os.dup2(null, fd)
    if null > 2:
        os.close(null)


def name_process(name: str) -> None:
    """Show `name` (15 octets at most) in ps and top, where Linux lets a process choose."""
    try:
        with open("/proc/self/comm", "wb", buffering=0) as file:
            file.write(name.encode())
    except OSError:  # not Linux, or a child of a process that nobody may look into
        privileges.name_process(name)
