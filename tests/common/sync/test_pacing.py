"""The timing rules, one by one."""

from __future__ import annotations

from typing import Any

import pytest

from mosh_common.protocol import SEND_INTERVAL_MIN_MS
from mosh_common.sync import pacing
from mosh_common.sync.pacing import (
    ANSWER_WITHIN_MS,
    NO_INTERACTION,
    REPEAT,
    ClientPacing,
    Due,
    Interaction,
    Link,
    Pacing,
    ServerPacing,
    Situation,
    copies_wanted,
)
from mosh_common.sync.path.contact import Contact

SENT = 50_000  # when the newest state was sent
HEARD = Contact(began_at=SENT, last_datagram_at=SENT, last_heard=SENT)
UNHEARD = Contact(began_at=SENT)
LINK = Link(send_interval=100, rto=220, contact=HEARD, srtt=200.0)
QUIET = Situation(
    link=LINK,
    last_sent_at=SENT,
    last_frame_at=SENT,
    last_frame_octets=50,
    volley_at=SENT,
    changed_at=None,
    touched_at=SENT,
    minor=False,
    assumed_is_current=True,
    acknowledged_is_current=True,
    doubted_at=None,
    copies=1,
    repeatable=True,
)
PACING = Pacing()


def heard_at(at: int) -> Contact:
    return Contact(began_at=0, last_datagram_at=at, last_heard=at)


def due(situation: Situation, *, now: int = SENT, by: Pacing = PACING) -> int | None:
    return by.next_send(situation, now=now).at


def changed(at: int, touched: int | None = None, **facts: Any) -> Situation:
    return QUIET._replace(changed_at=at, touched_at=at if touched is None else touched, **facts)


ANSWER_TO_CHARACTER = Interaction(answering=True, plain=True)
ANSWER_TO_ENTER = Interaction(answering=True)
FLOOD = Interaction(flood=True)


def served(situation: Situation, interaction: Interaction) -> int | None:
    """Return when a server sends."""
    return due(situation._replace(interaction=interaction), by=ServerPacing())


# --- Frames -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("srtt", "interval"), [(0, 20), (40.0, 20), (41.0, 21), (100.1, 51), (499, 250), (5000, 250)])
def test_frames_go_twice_per_round_trip_within_limits(srtt: float, interval: int) -> None:
    assert PACING.send_interval(srtt) == interval


def test_a_peer_that_has_everything_gets_nothing() -> None:
    assert PACING.next_send(QUIET, now=SENT) == Due(None, "nothing to send")


@pytest.mark.parametrize(
    ("first", "last", "at"), [(1, 1, 100), (99, 99, 103), (500, 500, 504), (500, 502, 506), (500, 507, 508)]
)
def test_a_change_waits_for_quiet_8_ms_at_most_and_for_the_send_interval(first: int, last: int, at: int) -> None:
    assert due(changed(SENT + first, SENT + last)) == SENT + at


def test_a_change_goes_to_a_silent_peer_too() -> None:
    situation = changed(SENT, link=LINK._replace(contact=UNHEARD))
    assert due(situation, now=SENT + 99_999) == SENT + 100


def test_what_nobody_sees_waits_for_company_and_not_for_a_slot() -> None:
    assert due(changed(SENT + 1, minor=True)) == SENT + 20
    assert due(changed(SENT + 50, minor=True)) == SENT + 58


def test_a_frame_that_showed_nothing_does_not_delay_the_next() -> None:
    assert due(changed(SENT + 1, last_frame_at=SENT - 500)) == SENT + 5


def test_keys_go_at_once_four_times_as_closely_as_frames() -> None:
    client = ClientPacing()
    assert due(changed(SENT + 500), by=client) == SENT + 500
    assert due(changed(SENT + 1), by=client) == SENT + 25
    assert due(changed(SENT + 1, link=LINK._replace(send_interval=30)), by=client) == SENT + 8
    assert due(changed(SENT + 1, last_frame_octets=pacing.SMALL_FRAME_OCTETS + 1), by=client) == SENT + 100


# --- Answers to keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("srtt", "quiet"), [(3.0, 0), (149.9, 0), (150.0, 1), (200.0, 1), (3000.0, 8)])
def test_the_answer_to_a_character_goes_when_the_pty_was_quiet_for_a_150th_of_the_round_trip(
    srtt: float, quiet: int
) -> None:
    # (Below 1 ms the loop looks once more before it sends.)
    assert served(changed(SENT + 500, link=LINK._replace(srtt=srtt)), ANSWER_TO_CHARACTER) == SENT + 500 + quiet


def test_the_answer_to_what_starts_programs_is_collected_a_little() -> None:
    assert served(changed(SENT + 500), ANSWER_TO_ENTER) == SENT + 504


def test_answers_follow_each_other_closely() -> None:
    situation = changed(SENT + 501, last_frame_at=SENT + 490)
    assert served(situation, ANSWER_TO_CHARACTER) == SENT + 515
    assert served(situation, ANSWER_TO_ENTER) == SENT + 515
    assert served(situation, NO_INTERACTION) == SENT + 590


def test_a_prompt_is_the_end_of_an_answer() -> None:
    assert served(changed(SENT + 500), ANSWER_TO_ENTER._replace(prompt=True)) == SENT + 500
    assert served(changed(SENT + 500), Interaction(prompt=True)) == SENT + 504  # nobody typed


def test_a_client_has_no_use_for_what_is_known_of_the_application() -> None:
    situation = changed(SENT + 501, last_frame_at=SENT + 490)
    for interaction in (NO_INTERACTION, ANSWER_TO_CHARACTER, FLOOD):
        assert due(situation._replace(interaction=interaction), by=ClientPacing()) == SENT + 515


# --- Floods -----------------------------------------------------------------------------------------------------------

TYPED_INTO = FLOOD._replace(answering=True, typed_into_flood_at=SENT + 500)  # Ctrl-C, half a second into it
BROKEN = TYPED_INTO._replace(flood=False)


def test_a_flood_is_broken_when_it_trickles_soon_after_something_was_typed_into_it() -> None:
    assert BROKEN.flood_broken(at=SENT + 500 + ANSWER_WITHIN_MS)
    assert not BROKEN.flood_broken(at=SENT + 501 + ANSWER_WITHIN_MS)
    assert not TYPED_INTO.flood_broken(at=SENT + 500)
    assert not NO_INTERACTION.flood_broken(at=SENT + 500)


def test_the_end_of_a_flood_does_not_wait_for_the_frame_before_it() -> None:
    # Long, just sent, and the screen has differed from it ever since.
    situation = changed(SENT + 491, SENT + 504, last_frame_at=SENT + 490, last_frame_octets=9999)
    assert served(situation, BROKEN) == SENT + 506
    assert served(situation, BROKEN._replace(prompt=True)) == SENT + 504
    assert served(situation._replace(touched_at=SENT + 519), BROKEN) == SENT + 520  # it is not collected for ever
    shown = situation._replace(last_frame_at=SENT + 506, last_frame_octets=10)
    assert served(shown, BROKEN) == SENT + 506 + 25  # what follows is paced again
    assert served(situation._replace(touched_at=SENT + 501 + ANSWER_WITHIN_MS), BROKEN) == SENT + 590


def test_a_flood_makes_way_for_the_answer_to_what_was_typed_into_it() -> None:
    situation = changed(SENT + 391, SENT + 499, last_frame_at=SENT + 390)
    assert served(situation, FLOOD) == SENT + 490
    assert served(situation._replace(touched_at=SENT + 519), TYPED_INTO) == SENT + 520
    again = TYPED_INTO._replace(typed_into_flood_at=SENT + 690)
    assert served(situation._replace(touched_at=SENT + 699), again) == SENT + 570  # but not for ever
    answered = situation._replace(last_frame_at=SENT + 501, touched_at=SENT + 600)
    assert served(answered, TYPED_INTO) == SENT + 601


def test_frames_of_a_flood_are_fewer_but_its_last_one_is_not_late() -> None:
    fast = LINK._replace(send_interval=20)
    assert served(changed(SENT + 5, SENT + 75, link=fast), FLOOD) == SENT + pacing.FLOOD_FRAME_INTERVAL_MS
    ended = changed(SENT + 5, SENT + 15, link=fast)
    assert served(ended, FLOOD) == SENT + 15 + pacing.FLOOD_QUIET_MS
    assert served(ended, NO_INTERACTION) == SENT + 20
    assert served(changed(SENT + 5, SENT + 145), FLOOD) == SENT + LINK.send_interval


def test_that_the_pty_is_not_looked_at_does_not_mean_that_a_flood_has_ended() -> None:
    resting = FLOOD._replace(rests_until=SENT + 29)
    fast = LINK._replace(send_interval=20)
    assert served(changed(SENT + 5, SENT + 15, link=fast), resting) == SENT + 29 + pacing.FLOOD_QUIET_MS
    assert served(changed(SENT + 5, SENT + 40, link=fast), resting) == SENT + 40 + pacing.FLOOD_QUIET_MS


# --- Resends ----------------------------------------------------------------------------------------------------------


def test_what_is_presumed_lost_goes_again_at_the_send_interval() -> None:
    assert due(QUIET._replace(assumed_is_current=False, acknowledged_is_current=False)) == SENT + 100


def test_what_was_not_acknowledged_in_time_goes_again() -> None:
    assert due(QUIET._replace(acknowledged_is_current=False)) == SENT + 220 + 100
    assert due(QUIET._replace(acknowledged_is_current=False), by=ClientPacing()) == SENT + 220 + 58


def test_a_doubt_about_an_earlier_state_comes_first() -> None:
    situation = QUIET._replace(acknowledged_is_current=False)
    assert due(situation._replace(doubted_at=SENT + 120)) == SENT + 120
    assert due(situation._replace(doubted_at=SENT + 3)) == SENT + 100  # but not before the send interval


@pytest.mark.parametrize("lost", [True, False])
def test_nothing_is_repeated_to_a_peer_silent_for_10_seconds(lost: bool) -> None:
    situation = QUIET._replace(assumed_is_current=not lost, acknowledged_is_current=False)
    assert due(situation, now=SENT + 9_999) is not None
    assert due(situation, now=SENT + 10_000) is None
    assert due(situation._replace(link=LINK._replace(contact=UNHEARD))) is None


@pytest.mark.parametrize(
    ("loss", "copies"), [(0.0, 1), (0.024, 1), (0.025, 2), (0.1, 2), (0.2, 3), (0.29, 4), (0.5, 6), (1.0, 6)]
)
def test_the_more_is_lost_the_more_copies_go(loss: float, copies: int) -> None:
    assert copies_wanted(loss) == copies


def test_copies_follow_ever_later() -> None:
    lossy = QUIET._replace(acknowledged_is_current=False, link=LINK._replace(loss=0.2))
    assert PACING.next_send(lossy, now=SENT) == Due(SENT + 20, REPEAT)
    assert PACING.next_send(lossy._replace(copies=2, last_sent_at=SENT + 20), now=SENT) == Due(SENT + 60, REPEAT)
    assert PACING.next_send(lossy._replace(copies=3), now=SENT).rule == "not acknowledged"


def test_nothing_long_or_acknowledged_is_repeated_early() -> None:
    lossy = QUIET._replace(acknowledged_is_current=False, link=LINK._replace(loss=0.5))
    assert PACING.next_send(lossy._replace(repeatable=False), now=SENT).rule == "not acknowledged"
    assert PACING.next_send(lossy._replace(acknowledged_is_current=True), now=SENT).at is None


# --- Heartbeats and probes --------------------------------------------------------------------------------------------


def test_a_server_s_heartbeat_rides_on_its_client_s_when_it_is_due_soon() -> None:
    assert ServerPacing().heartbeat_due(SENT + 1500, now=SENT) == SENT
    assert ServerPacing().heartbeat_due(SENT + 1501, now=SENT) == SENT + 1501
    assert ClientPacing().heartbeat_due(SENT + 10, now=SENT) == SENT + 10


@pytest.mark.parametrize(
    ("silence", "wait"),
    [(0, 4000), (3999, 1), (4000, 500), (6999, 500), (7000, 100), (32_000, 200), (60_000, 375), (10**7, 3000)],
)
def test_a_client_probes_a_silent_server_ever_more_seldom(silence: int, wait: int) -> None:
    assert ClientPacing().probe_at(SENT + silence, LINK) == SENT + silence + wait
    assert ServerPacing().probe_at(SENT + silence, LINK) is None


@pytest.mark.parametrize(("age", "wait"), [(0, 250), (250, 250), (500, 500), (1000, 1000), (10_000, 3000)])
def test_a_server_that_was_never_heard_is_tried_again_soon(age: int, wait: int) -> None:
    assert ClientPacing().probe_at(SENT + age, LINK._replace(contact=UNHEARD)) == SENT + age + wait


def test_the_probes_of_an_outage_of_an_hour_cost_no_more_than_its_heartbeats() -> None:
    client, at, probes = ClientPacing(), SENT, 0
    while at < SENT + 3_600_000:
        at = min(client.probe_at(at, LINK) or at, at + 3000)
        probes += 1
    assert probes < 2 * 3_600_000 / 3000


@pytest.mark.parametrize(
    ("silent_for", "unacknowledged_for", "lost"),
    [(641, 400, True), (640, 400, False), (9999, 320, True), (9999, 319, False), (0, 9999, False)],
)
def test_contact_is_lost_when_nothing_is_heard_and_an_acknowledgement_is_overdue(
    silent_for: int, unacknowledged_for: int, lost: bool
) -> None:
    now = SENT + 10_000
    link = LINK._replace(contact=heard_at(now - silent_for))  # its acknowledgements may take 220 + 100 ms
    assert PACING.contact_lost(now - unacknowledged_for, link, now=now) is lost


@pytest.mark.parametrize(("age", "lost"), [(640, False), (641, True)])
def test_a_peer_that_was_never_heard_is_silent_since_the_beginning(age: int, lost: bool) -> None:
    assert PACING.contact_lost(SENT, LINK._replace(contact=UNHEARD), now=SENT + age) is lost


@pytest.mark.parametrize(
    ("silence", "gap"),
    [(0, 100), (640, 100), (641, 50), (50_000, 50), (150_000, 150), (600_000, 600), (10_000_000, 3000)],
)
def test_a_server_sends_frames_into_silence_twice_as_often_then_ever_more_seldom(silence: int, gap: int) -> None:
    situation = changed(SENT + 1, link=LINK._replace(contact=heard_at(SENT - silence)))
    assert due(situation, by=ServerPacing()) == SENT + gap
    back = situation._replace(link=LINK._replace(contact=heard_at(SENT + 2)))
    assert due(back, by=ServerPacing()) == SENT + 100


def test_frames_into_silence_are_no_more_than_others_when_a_router_complained_before() -> None:
    link = LINK._replace(contact=heard_at(SENT - 641), congested=True)
    assert due(changed(SENT + 1, link=link), by=ServerPacing()) == SENT + 100


def test_frames_into_silence_are_no_closer_than_any_two_frames() -> None:
    link = LINK._replace(contact=heard_at(SENT - 641), send_interval=SEND_INTERVAL_MIN_MS + 2)
    assert due(changed(SENT + 1, link=link), by=ServerPacing()) == SENT + SEND_INTERVAL_MIN_MS
