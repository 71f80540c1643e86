"""What one renderer was told, so that it is told only what is new to it, in the order in which it must learn it.

Knows messages, but not where their contents come from. Time is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from mosh_client.ipc.frames import FrameEncoder, portions
from mosh_client.ipc.messages import (
    Abilities,
    Exit,
    HistoryExtent,
    HistoryFound,
    HistoryPage,
    Link,
    Notice,
    Progress,
    ServerNotices,
    Statistics,
    ToRenderer,
)
from mosh_common.terminal.cells import Snapshot

# Facts of the link that are only times reach the renderer when those that it has are this old, so that an idle session
# does not wake it at every heartbeat; in time before it would show them (notice.py: at 6.5 s and 10 s).
HEARD_REFRESH_MS: Final = 6300
ACKNOWLEDGED_REFRESH_MS: Final = 9000
HEARD_WORTH_TELLING_MS: Final = 4500  # newer by so much, they go along with a heartbeat: every second one
STATISTICS_INTERVAL_MS: Final = 1000  # while they are watched; nobody reads faster


class Facts(NamedTuple):
    """What a renderer should know."""

    snapshot: Snapshot | None  # of the server's screen; None = it was not heard yet
    progress: Progress
    notice: Notice
    server_notices: ServerNotices
    abilities: Abilities
    link: Link
    over: bool  # the session is: nothing follows
    extent: HistoryExtent | None = None  # of the history that goes with the snapshot
    history: HistoryPage | HistoryFound | None = None  # the answer to its newest wish


class RendererLedger:
    """One renderer, from its Hello to its end."""

    def __init__(self, *, clipboard: str = "") -> None:
        """Begin with nothing told, but for the `clipboard` that a renderer before it was told."""
        self._frames = FrameEncoder(clipboard=clipboard)
        self._progress = Progress(0)
        self._link: Link | None = None
        self._notice: Notice | None = None
        self._server_notices = ServerNotices(())
        self._abilities = Abilities(False)
        self._extent: HistoryExtent | None = None
        self._history: HistoryPage | HistoryFound | None = None
        self._statistics: Statistics | None = None
        self._statistics_due: int | None = None  # when to look at them again; None: nobody watches
        self._dismissed = False  # Exit was sent, after which nothing may follow

    @property
    def clipboard(self) -> str:
        """The newest clipboard that it was told."""
        return self._frames.clipboard

    def watch(self, on: bool, *, now: int) -> None:
        """Say whether the user wants to see how the connection is."""
        self._statistics = None
        self._statistics_due = now if on else None

    def news(self, facts: Facts, statistics: Callable[[], Statistics], *, now: int) -> list[ToRenderer]:
        """Return what is to be told now, and count it as told. `statistics` is called only while they are watched."""
        messages: list[ToRenderer] = []
        if facts.extent is not None and facts.extent != self._extent:
            # Before its frame: what that no longer shows is in the history.
            self._extent = facts.extent
            messages.append(facts.extent)
        if facts.history is not self._history:
            self._history = facts.history
            if facts.history is not None:
                messages.append(facts.history)
        if facts.snapshot is not None:
            # The frame goes first: progress read with an older frame would judge predictions by the wrong screen.
            frame = self._frames.encode(facts.snapshot)
            if frame is not None:
                messages += portions(frame)
        if facts.progress != self._progress:
            self._progress = facts.progress
            messages.append(facts.progress)
        notice = facts.notice
        if notice != self._notice and (notice.text or self._notice is not None):
            self._notice = notice
            messages.append(notice)
        if facts.server_notices != self._server_notices:
            self._server_notices = facts.server_notices
            messages.append(facts.server_notices)
        if facts.abilities != self._abilities:
            self._abilities = facts.abilities
            messages.append(facts.abilities)
        link = facts.link
        if link != self._link and (messages or self._worth_telling(link) or now >= self._due(link)):
            self._link = link
            messages.append(link)
        if self._statistics_due is not None and now >= self._statistics_due:
            self._statistics_due = now + STATISTICS_INTERVAL_MS
            counted = statistics()
            if counted != self._statistics:
                self._statistics = counted
                messages.append(counted)
        if facts.over and not self._dismissed:
            self._dismissed = True
            messages.append(Exit())
        return messages

    def next_deadline(self, link: Link) -> int | None:
        """Return when `news` must be asked for as things are; None = never."""
        due = None if link == self._link else self._due(link)
        if due is None or self._statistics_due is None:
            return self._statistics_due if due is None else due
        return min(due, self._statistics_due)

    def _worth_telling(self, link: Link) -> bool:
        """Return whether to tell of `link` now that there is a turn anyway."""
        told = self._link
        if told is None or told.last_heard is None or link.last_heard is None:
            return True
        return link.last_heard - told.last_heard >= HEARD_WORTH_TELLING_MS

    def _due(self, link: Link) -> int:
        """Return when `link`, which differs from what was told, must be told; 0 = at once."""
        told = self._link
        if (
            told is None
            or told.last_heard is None
            or told.last_acknowledged is None
            or (told.send_interval, told.port) != (link.send_interval, link.port)
        ):
            return 0
        return min(told.last_heard + HEARD_REFRESH_MS, told.last_acknowledged + ACKNOWLEDGED_REFRESH_MS)
