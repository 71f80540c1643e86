"""What a `Transport` counts and estimates, in numbers; for a status display, debug output and tests."""

from __future__ import annotations

from typing import Any, NamedTuple

from mosh_common.sync.facts import PathFacts
from mosh_common.wire.drop import DropReason


class Counters:
    """What went through a Transport, for debug output and tests. Only ever grows."""

    __slots__ = (
        "dropped",
        "empty_acks",
        "instructions",
        "received",
        "received_octets",
        "resends",
        "sent",
        "sent_octets",
        "unsendable",
    )

    def __init__(self) -> None:
        self.sent = 0  # datagrams
        self.sent_octets = 0
        self.received = 0  # datagrams, the dropped ones included
        self.received_octets = 0
        self.instructions = 0  # instructions sent (one or more datagrams each)
        self.resends = 0  # of these, with a number that was sent before
        self.empty_acks = 0  # of these, with an empty diff
        self.unsendable = 0  # instructions too long for any peer
        self.dropped: dict[DropReason, int] = {}

    def count_sent(self, datagrams: list[tuple[bytes, Any]]) -> None:
        """Take datagrams that go out, each with its destination."""
        self.sent += len(datagrams)
        self.sent_octets += sum([len(data) for data, _ in datagrams])

    def count_dropped(self, reason: DropReason) -> None:
        """Take something that came and was not used."""
        self.dropped[reason] = self.dropped.get(reason, 0) + 1


class Statistics(NamedTuple):
    """How the session goes, for a status display, debug output and tests."""

    sent: int  # datagrams
    sent_octets: int
    received: int  # datagrams, the dropped ones included
    received_octets: int
    dropped: dict[DropReason, int]  # how often, by why
    resends: int
    srtt: float  # ms
    rto: int  # ms
    send_interval: int  # ms
    loss_incoming: float  # shares of datagrams, 0–1, estimated
    loss_outgoing: float
    mtu: int  # octets of the longest datagram


def statistics_of(counters: Counters, path: PathFacts, *, send_interval: int) -> Statistics:
    """Return how the session goes at this moment; `send_interval` is in ms."""
    return Statistics(
        sent=counters.sent,
        sent_octets=counters.sent_octets,
        received=counters.received,
        received_octets=counters.received_octets,
        dropped=dict(counters.dropped),
        resends=counters.resends,
        srtt=path.rtt.srtt,
        rto=path.rtt.rto,
        send_interval=send_interval,
        loss_incoming=path.loss.incoming,
        loss_outgoing=path.loss.outgoing,
        mtu=path.mtu,
    )
