"""What a transport counts: each number is its own."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from mosh_common.sync.statistics import Counters, Statistics, statistics_of
from mosh_common.wire.drop import DropReason

LOSS = SimpleNamespace(incoming=0.25, outgoing=0.5)
PATH: Any = SimpleNamespace(rtt=SimpleNamespace(srtt=1.5, rto=2), loss=LOSS, mtu=3)


def test_nothing_is_counted_before_anything_happened() -> None:
    counters = Counters()
    assert counters.dropped == {}
    assert {getattr(counters, name) for name in Counters.__slots__ if name != "dropped"} == {0}


def test_what_is_sent_and_dropped_is_counted() -> None:
    counters = Counters()
    for _ in range(2):
        counters.count_sent([(b"abc", None), (b"d", None)])
        counters.count_dropped(DropReason.TOO_SHORT)
    assert (counters.sent, counters.sent_octets, counters.dropped) == (4, 8, {DropReason.TOO_SHORT: 2})


def test_statistics_have_each_number_in_its_place() -> None:
    counters = Counters()
    counters.sent, counters.sent_octets, counters.received, counters.received_octets = 10, 11, 12, 13
    counters.resends, counters.dropped = 14, {DropReason.TOO_SHORT: 15}
    said = statistics_of(counters, PATH, send_interval=16)
    assert said == Statistics(
        sent=10,
        sent_octets=11,
        received=12,
        received_octets=13,
        dropped={DropReason.TOO_SHORT: 15},
        resends=14,
        srtt=1.5,
        rto=2,
        send_interval=16,
        loss_incoming=0.25,
        loss_outgoing=0.5,
        mtu=3,
    )
    assert said.dropped is not counters.dropped  # which goes on
