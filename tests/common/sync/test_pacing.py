"""The timing rules, one by one."""

from __future__ import annotations

import pytest

from mosh_common.sync.pacing import Due, Link, Pacing, Situation

SENT = 50_000  # when the newest state was sent
LINK = Link(send_interval=40, rto=200, last_heard=SENT)
QUIET = Situation(
    link=LINK,
    last_sent_at=SENT,
    changed_at=None,
    assumed_is_current=True,
    acknowledged_is_current=True,
    doubted_at=None,
)
PACING = Pacing(collection_delay_ms=8)


def due(situation: Situation, *, now: int = SENT) -> int | None:
    return PACING.next_send(situation, now=now).at


@pytest.mark.parametrize(("srtt", "interval"), [(0, 20), (40.0, 20), (41.0, 21), (100.1, 51), (499, 250), (5000, 250)])
def test_frames_go_twice_per_round_trip_within_limits(srtt: float, interval: int) -> None:
    assert PACING.send_interval(srtt) == interval


def test_a_peer_that_has_everything_gets_nothing() -> None:
    assert PACING.next_send(QUIET, now=SENT) == Due(None, "nothing to send")


@pytest.mark.parametrize(("changed", "at"), [(SENT + 1, SENT + 40), (SENT + 32, SENT + 40), (SENT + 500, SENT + 508)])
def test_a_change_waits_for_its_burst_and_for_the_send_interval(changed: int, at: int) -> None:
    assert due(QUIET._replace(changed_at=changed)) == at


def test_a_change_goes_to_a_silent_peer_too() -> None:
    situation = QUIET._replace(changed_at=SENT, link=LINK._replace(last_heard=None))
    assert due(situation, now=SENT + 99_999) == SENT + 40


def test_what_is_presumed_lost_goes_again_at_the_send_interval() -> None:
    assert due(QUIET._replace(assumed_is_current=False, acknowledged_is_current=False)) == SENT + 40


def test_what_was_not_acknowledged_in_time_goes_again() -> None:
    assert due(QUIET._replace(acknowledged_is_current=False)) == SENT + 200 + 100


def test_a_doubt_about_an_earlier_state_comes_first() -> None:
    situation = QUIET._replace(acknowledged_is_current=False)
    assert due(situation._replace(doubted_at=SENT + 120)) == SENT + 120
    assert due(situation._replace(doubted_at=SENT + 3)) == SENT + 40  # but not before the send interval


@pytest.mark.parametrize("lost", [True, False])
def test_nothing_is_repeated_to_a_peer_silent_for_10_seconds(lost: bool) -> None:
    situation = QUIET._replace(assumed_is_current=not lost, acknowledged_is_current=False)
    assert due(situation, now=SENT + 9_999) is not None
    assert due(situation, now=SENT + 10_000) is None
    assert due(situation._replace(link=LINK._replace(last_heard=None))) is None
