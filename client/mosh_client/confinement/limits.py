"""Limits of the system (setrlimit(2)), which every Unix has, though not every one keeps to all of them."""

from __future__ import annotations

import os
import resource
from typing import Final

# More than any session needed (PORTS_KEPT sockets and a few more), less than harms the machine.
DESCRIPTORS: Final = 64
MEMORY_OCTETS: Final = 1 << 30  # beyond what is in use: many times the bounds of docs/security.md together


def forbid_core_dumps() -> str:
    """Let a crash write nothing to disk; return "" or why not."""
    return _limit(resource.RLIMIT_CORE, 0)


def bound_memory() -> str:
    """Let this process grow by MEMORY_OCTETS at most; return "" or why not. Reads a file."""
    try:
        with open("/proc/self/statm", "rb") as statm:
            in_use = int(statm.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return "how much memory is in use cannot be read"
    return _limit(resource.RLIMIT_AS, in_use + MEMORY_OCTETS)


def bound_descriptors(*, new: bool, writes_log: bool) -> str:
    """Give up processes and growing files, and descriptors but for a few `new` ones; return "" or why not.

    `writes_log`: standard error may be a file, which goes on growing.
    """
    failures = [
        # Counts what the user runs in all; so nought is the only useful number. Does not hold for root.
        _limit(resource.RLIMIT_NPROC, 0),
        _limit(resource.RLIMIT_NOFILE, DESCRIPTORS if new else 0),
    ]
    if not writes_log:
        failures.append(_limit(resource.RLIMIT_FSIZE, 0))
    return next(filter(None, failures), "")


def _limit(which: int, value: int) -> str:
    hard = resource.getrlimit(which)[1]
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    try:
        resource.setrlimit(which, (value, value))
    except (OSError, ValueError) as error:
        return str(error)
    return ""
