"""When to send: every timing rule of the protocol (docs/wire.md §4), over facts and nothing else.

`Sender` gathers the facts and asks; another policy is another class with these methods. All times are absolute
milliseconds, None = never. Each answer names the rule it comes from, for debug lines.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from mosh_common.protocol import ACK_DELAY_MS, RECENT_MS, SEND_INTERVAL_MAX_MS, SEND_INTERVAL_MIN_MS


class Link(NamedTuple):
    """What is known of the path."""

    send_interval: int  # ms between two frames
    rto: int  # retransmission timeout, ms
    last_heard: int | None  # when the newest remote state came


class Situation(NamedTuple):
    """What the sender knows when it asks whether to send."""

    link: Link
    last_sent_at: int  # when the newest state was sent (or sent again)
    changed_at: int | None  # when the current state began to differ from the one sent last; None = it does not
    assumed_is_current: bool  # the peer is assumed to hold the current state
    acknowledged_is_current: bool  # the peer is known to hold it
    doubted_at: int | None  # when the next assumption about what the peer holds runs out


class Due(NamedTuple):
    """When something is to be sent, and by which rule."""

    at: int | None
    rule: str


_NEVER: Final = Due(None, "nothing to send")


class Pacing:
    """Upstream's timing: frames at most twice per round trip, and resends once an acknowledgement is overdue."""

    __slots__ = ("collection_delay_ms",)

    def __init__(self, *, collection_delay_ms: int) -> None:
        self.collection_delay_ms: Final = collection_delay_ms  # a change waits this long for more of its kind

    def send_interval(self, srtt: float) -> int:
        """Return the least time between two frames, ms."""
        return min(max(math.ceil(srtt / 2), SEND_INTERVAL_MIN_MS), SEND_INTERVAL_MAX_MS)

    def doubted_at(self, sent_at: int, rto: int) -> int:
        """Return when a state sent at `sent_at` should have been acknowledged."""
        return sent_at + rto + ACK_DELAY_MS

    def next_send(self, situation: Situation, *, now: int) -> Due:
        """Return when the current state is to be sent."""
        link, last_sent_at = situation.link, situation.last_sent_at
        if situation.changed_at is not None:
            at = max(situation.changed_at + self.collection_delay_ms, last_sent_at + link.send_interval)
            return Due(at, "changed")
        if link.last_heard is None or now - link.last_heard >= RECENT_MS:
            return _NEVER  # the empty acks probe
        if not situation.assumed_is_current:
            return Due(last_sent_at + link.send_interval, "presumed lost")
        if not situation.acknowledged_is_current:
            at = self.doubted_at(last_sent_at, link.rto)
            # Time alone may turn the assumption: then the rule above holds, but not before.
            if situation.doubted_at is not None:
                at = min(at, max(situation.doubted_at, last_sent_at + link.send_interval))
            return Due(at, "not acknowledged")
        return _NEVER
