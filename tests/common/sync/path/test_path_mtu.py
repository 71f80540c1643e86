"""Which sizes get through, and what is made of it."""

from __future__ import annotations

import pytest
from tests.support.simulation import Conditions, Session, Text

from mosh_common.protocol import MTU_FALLBACK_OCTETS, MTU_IPV4_OCTETS
from mosh_common.sync.path import path_mtu
from mosh_common.sync.path.path_mtu import PROBE_AFTER_MS, PathMtu, failures_needed

NOW = 1000
TIMEOUT = 200
LONG = 1252


def overdue(path: PathMtu, number: int, *, now: int) -> None:
    """Let a long instruction become overdue, and send it again in short datagrams."""
    path.sent(number, longest=LONG, count=3, now=now)
    assert path.doubt_overdue(now=now + TIMEOUT, timeout=TIMEOUT)
    path.sent(number, longest=500, count=7, now=now + TIMEOUT)


def test_what_is_long_and_overdue_goes_again_in_short_datagrams() -> None:
    path = PathMtu(LONG)
    path.sent(5, longest=LONG, count=3, now=NOW)
    assert not path.doubt_overdue(now=NOW + TIMEOUT - 1, timeout=TIMEOUT)
    assert path.octets == LONG
    assert path.doubt_overdue(now=NOW + TIMEOUT, timeout=TIMEOUT)
    assert path.octets == MTU_FALLBACK_OCTETS


def test_what_is_short_and_overdue_raises_no_doubt() -> None:
    path = PathMtu(LONG)
    path.sent(5, longest=MTU_FALLBACK_OCTETS, count=3, now=NOW)
    assert not path.doubt_overdue(now=NOW + 99_999, timeout=TIMEOUT)


def test_a_failure_or_two_are_chance_and_three_are_not() -> None:
    path = PathMtu(LONG)
    for number in (5, 6):
        overdue(path, number, now=NOW)
        assert not path.acknowledged(number, loss=0.0, now=NOW)
        assert path.octets == LONG
    overdue(path, 7, now=NOW)
    assert path.acknowledged(7, loss=0.0, now=NOW)
    assert path.octets == MTU_FALLBACK_OCTETS


def test_a_long_one_that_arrives_restores_the_trust() -> None:
    path = PathMtu(LONG)
    for number in range(5, 25, 2):
        overdue(path, number, now=NOW)
        assert not path.acknowledged(number, loss=0.0, now=NOW)
        path.sent(number + 1, longest=LONG, count=3, now=NOW)
        path.acknowledged(number + 1, loss=0.0, now=NOW)
    assert path.octets == LONG


@pytest.mark.parametrize(
    ("loss", "count", "failures"), [(0.0, 1, 2), (0.0, 3, 3), (0.1, 1, 3), (0.29, 1, 6), (0.29, 4, 12), (1.0, 9, 12)]
)
def test_the_more_is_lost_anyway_the_more_failures_it_takes(loss: float, count: int, failures: int) -> None:
    assert failures_needed(loss, count) == failures


def test_longer_ones_are_tried_again_step_by_step_and_more_seldom_each_time() -> None:
    path = PathMtu(LONG)
    path.lower(now=NOW)
    assert path.probe_octets(now=NOW + path_mtu.PROBE_AFTER_MS - 1) is None
    now = NOW + path_mtu.PROBE_AFTER_MS
    assert path.probe_octets(now=now) == 800
    path.probe_sent(9, 800, now=now)
    path.expire_probe(now=now + path_mtu.PROBE_TIMEOUT_MS - 1)
    assert path.probe_octets(now=now + 10**9) is None  # it may yet arrive
    now += path_mtu.PROBE_TIMEOUT_MS  # it did not
    path.expire_probe(now=now)
    assert path.probe_octets(now=now + 2 * path_mtu.PROBE_AFTER_MS - 1) is None
    now += 2 * path_mtu.PROBE_AFTER_MS
    for number, size in ((20, 800), (21, 1000), (22, LONG)):
        assert path.probe_octets(now=now) == size
        path.probe_sent(number, size, now=now)
        path.acknowledged(number, loss=0.0, now=now)
        assert path.octets == size
    assert path.probe_octets(now=now + 10**9) is None


def test_what_is_remembered_of_long_ones_is_bounded_and_the_oldest_goes_first() -> None:
    path = PathMtu(LONG)
    for number in range(1, path_mtu.REMEMBERED + 2):
        path.sent(number, longest=LONG, count=1, now=NOW + number)
    assert sorted(path._long) == list(range(2, path_mtu.REMEMBERED + 2))
    assert not path.doubt_overdue(now=NOW + 1 + TIMEOUT, timeout=TIMEOUT)  # that one is forgotten
    assert path.doubt_overdue(now=NOW + 2 + TIMEOUT, timeout=TIMEOUT)


# --- A session on a path that drops long datagrams without a word ---------------------------------------------------


def redraw(session: Session) -> Text:
    """A screen of nothing that could be compressed."""
    return Text(session.random.randbytes(5000))


def test_a_redraw_over_a_black_hole_takes_less_than_a_second_and_a_half_and_typing_goes_on() -> None:
    session = Session(conditions=Conditions(delay=50, longest=600))
    session.resize(80, 24)
    session.run(3000)

    def show_and_type() -> None:
        screen = redraw(session)
        session.show(screen)
        session.run_until(lambda: session.client.transport.received.state == screen, patience=1500)
        session.type(b"x")
        typed = session.received_keys + b"x"
        session.run_until(lambda: session.received_keys == typed, patience=60)
        session.run(1000)

    for _ in range(5):
        show_and_type()
    assert session.server.transport.path.mtu == MTU_FALLBACK_OCTETS


def test_a_path_that_carries_long_datagrams_again_gets_them_again() -> None:
    session = Session(conditions=Conditions(delay=50, longest=600))
    session.resize(80, 24)
    session.run(3000)
    for _ in range(3):
        session.show(redraw(session))
        session.run(3000)
    assert session.server.transport.path.mtu == MTU_FALLBACK_OCTETS
    session.conditions = Conditions(delay=50)
    session.run(4 * 60_000)
    assert session.server.transport.path.mtu == MTU_IPV4_OCTETS


def test_losses_and_outages_alone_do_not_lower_the_size_for_long() -> None:
    session = Session(seed=3, conditions=Conditions(delay=50, loss=0.2))
    session.resize(80, 24)
    for _ in range(60):
        session.type(b"x")
        session.run(150)
    for _ in range(40):
        session.show(redraw(session))
        session.run(1500)
    server = session.server.transport
    session.run_until(lambda: server.path.mtu == MTU_IPV4_OCTETS, patience=4 * PROBE_AFTER_MS)


def test_without_anything_long_under_way_a_failure_is_that_of_one_datagram() -> None:
    path, loss = PathMtu(LONG), 0.5
    assert failures_needed(loss, 1) < failures_needed(loss, 2)
    failures = 0
    for number in range(5, 5 + 10 * failures_needed(loss, 2), 10):
        overdue(path, number, now=NOW)
        path.acknowledged(number + 1, loss=loss, now=NOW)  # it was sent before, in a short datagram
        path.sent(number + 2, longest=500, count=1, now=NOW)
        failures += 1
        if path.acknowledged(number + 2, loss=loss, now=NOW):
            break
    assert failures == failures_needed(loss, 1)
