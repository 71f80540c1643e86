"""Whether what the server sends can be shown, and what the user reads when it cannot.

The fault may be the server's, the path's or our own emulator's: whichever it is, it is said, and nothing of what was
sent is quoted. Knows the events of a transport, not the renderer. Time is an argument.
"""

from __future__ import annotations

from typing import Final

from mosh_client.ipc.control import Report
from mosh_common.silence import CONNECT_TIMEOUT_MS
from mosh_common.sync.events import StateNotTaken
from mosh_common.terminal.cells import Snapshot
from mosh_common.wire.drop import DropReason

UNUSABLE_TIMEOUT_MS: Final = 3000  # nothing of all that came could ever be shown: waiting longer does not help

# Exit codes of sysexits(3), when nothing could ever be shown.
UNREACHABLE: Final = 69  # EX_UNAVAILABLE
OUR_FAULT: Final = 70  # EX_SOFTWARE
SERVERS_FAULT: Final = 76  # EX_PROTOCOL


class Reception:
    """What became of the server's states."""

    def __init__(self, blank: Snapshot) -> None:
        """Begin with nothing shown: `blank` is the screen of state 0."""
        self._blank = blank
        self._shown = False  # something else than `blank`
        self._unusable: StateNotTaken | None = None  # the last of them, until something newer was used
        self._unusable_since: int | None = None  # when the first of them came, while nothing was shown

    def taken(self, snapshot: Snapshot) -> None:
        """Say that a state newer than all before could be used."""
        self._unusable = None
        if snapshot is not self._blank:
            self._shown = True

    def not_taken(self, event: StateNotTaken, *, now: int) -> None:
        """Say that one could not."""
        self._unusable = event
        if self._unusable_since is None:
            self._unusable_since = now

    @property
    def words(self) -> str:
        """What the bar should say as long as it holds; "" = nothing is wrong."""
        event = self._unusable
        if event is None:
            return ""
        if event.reason is DropReason.NOT_DIGESTED:
            return cannot_show(event.cause)
        return f"cannot make sense of what the server sends ({event.reason.value}); please report this."

    def deadline(self) -> int | None:
        """Return when `verdict` may end the session; None = not as things are."""
        if self._shown or self._unusable is None or self._unusable_since is None:
            return None
        return self._unusable_since + UNUSABLE_TIMEOUT_MS

    def verdict(self, *, now: int) -> Report | None:
        """Return how the session ends for want of anything to be shown; None while there is hope."""
        deadline = self.deadline()
        if deadline is None or self._unusable is None or now < deadline:
            return None
        ours = self._unusable.reason is DropReason.NOT_DIGESTED
        return Report(OUR_FAULT if ours else SERVERS_FAULT, f"mosh-client: {self.words}")


def cannot_show(cause: str) -> str:
    """Return what the user reads when our own emulator fails, or cannot be had."""
    return f"cannot show what the server sends ({cause}); please report this."


def nothing_whole(ip: str, port: int) -> Report:
    """Return how it ends when the server was heard, but nothing that it said came whole."""
    return Report(
        UNREACHABLE,
        f"mosh-client: {ip} answers on UDP port {port}, but nothing that it sent came whole within"
        f" {CONNECT_TIMEOUT_MS // 1000} seconds: the path may lose long datagrams.",
    )
