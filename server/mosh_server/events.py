"""What a session decided and its loop is to do."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class StartShell(NamedTuple):
    """The client is there: start the shell on a pty of this size."""

    columns: int
    lines: int


class SetSize(NamedTuple):
    """The client's window has this size now: tell the pty."""

    columns: int
    lines: int
    signal: bool = False  # tell the programs (SIGWINCH) even if the size was the same: another client took over


class ClientHeard(NamedTuple):
    """The client is heard again, or from another host."""

    host: str


class ClientSilent(NamedTuple):
    """Nothing was heard of the client for DETACH_AFTER_MS: it is detached."""


class ClientAttached(NamedTuple):
    """Another client, from this host, has taken the session over, or taken it up again."""

    host: str


class ClientDetached(NamedTuple):
    """The client asked to leave; the session stays."""


class OutputNotDigested(NamedTuple):
    """The emulator failed on what the programs wrote: a bug. The session goes on; the screen may be wrong."""

    place: str  # the kind of error and where in the program; nothing of what was written
    failed: int  # how often in this session, this time included


class Finished(NamedTuple):
    """The session is over: hang up the pty and leave."""

    reason: str


Event: TypeAlias = (
    StartShell | SetSize | ClientHeard | ClientSilent | ClientAttached | ClientDetached | OutputNotDigested | Finished
)
