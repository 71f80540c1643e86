"""What runs in a session, and where its shell is, as far as /proc says it. Elsewhere nothing of it is known.

Looked at by the visitor, once for all sessions, so that it costs no session anything.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping
from typing import Final, NamedTuple

PROC: Final = "/proc"
PROGRAMS_LIMIT: Final = 16  # names of a session that are told
_PROCESSES_LIMIT: Final = 1 << 16  # that are looked at; the most that Linux has by itself is half of that
# proc(5), /proc/PID/stat: pid (comm) state ppid pgrp session tty_nr tpgid …; the name may hold anything.
_STAT: Final = re.compile(rb"\d+ \((.*)\) \S -?\d+ (\d+) (\d+) -?\d+ (-?\d+) ", re.DOTALL)


class Running(NamedTuple):
    """What is known of one session. Names are as the programs gave them: not for a terminal."""

    folder: str | None = None  # of the shell; None where that is not told
    programs: tuple[str, ...] | None = None  # besides the shell; None where that is not told


def running(shells: Collection[int], *, proc: str = PROC) -> Mapping[int, Running]:
    """Return what runs in the sessions of these shells, by the shell's process id."""
    if not shells or not os.path.isdir(os.path.join(proc, "self")):
        return {}
    found: dict[int, list[tuple[bool, int, str]]] = {}  # (not in the foreground, process id, name)
    with os.scandir(proc) as names:
        for pid in [int(each.name) for each in names if each.name.isdigit()][:_PROCESSES_LIMIT]:
            match = _STAT.match(_stat(proc, pid))
            if match is None:
                continue
            session, foreground = int(match[3]), match[2] == match[4]
            if session in shells and pid != session:
                found.setdefault(session, []).append((not foreground, pid, match[1].decode(errors="replace")))
    return {
        shell: Running(
            _folder(proc, shell), tuple(name for _, _, name in sorted(found.get(shell, []))[:PROGRAMS_LIMIT])
        )
        for shell in shells
    }


def name_of(pid: int, *, proc: str = PROC) -> str | None:
    """Return the name of a process; None where that is not told."""
    match = _STAT.match(_stat(proc, pid))
    return None if match is None else match[1].decode(errors="replace")


def _stat(proc: str, pid: int) -> bytes:
    try:
        with open(os.path.join(proc, str(pid), "stat"), "rb", buffering=0) as file:
            return file.read(1024)
    except OSError:
        return b""  # it has ended meanwhile


def _folder(proc: str, pid: int) -> str | None:
    try:
        return os.readlink(os.path.join(proc, str(pid), "cwd"))
    except OSError:
        return None
