"""What a peer's silence means, rule by rule, at its limit and one past it."""

from __future__ import annotations

import pytest

from mosh_common.sync.path.contact import Contact

NOW = 1_000_000
UNHEARD = Contact(began_at=NOW)


def heard(at: int) -> Contact:
    """A peer that brought its newest state then, and nothing later."""
    return Contact(began_at=0, last_datagram_at=at, last_heard=at)


def test_a_peer_that_was_never_heard_is_silent_since_the_beginning() -> None:
    assert UNHEARD.silent_since == NOW
    assert heard(NOW + 5).silent_since == NOW + 5


@pytest.mark.parametrize("contact", [UNHEARD, heard(NOW)])
def test_contact_seems_lost_after_twice_the_time_of_an_answer(contact: Contact) -> None:
    assert not contact.seems_lost(answer_ms=150, now=NOW + 300)
    assert contact.seems_lost(answer_ms=150, now=NOW + 301)


def test_a_peer_without_a_state_for_10_seconds_is_sent_nothing_again() -> None:
    assert heard(NOW).worth_resending(now=NOW + 9_999)
    assert not heard(NOW).worth_resending(now=NOW + 10_000)
    only_fragments = Contact(began_at=0, last_datagram_at=NOW)
    assert not only_fragments.worth_resending(now=NOW)


def test_a_heartbeat_is_missed_after_4_seconds() -> None:
    assert not heard(NOW).heartbeat_missed(now=NOW + 4000)
    assert heard(NOW).heartbeat_missed(now=NOW + 4001)
    assert not UNHEARD.heartbeat_missed(now=NOW + 10**9)


def test_a_client_is_attached_for_40_seconds() -> None:
    assert heard(NOW).attached(now=NOW + 40_000)
    assert not heard(NOW).attached(now=NOW + 40_001)
    assert not UNHEARD.attached(now=NOW)
    assert (heard(NOW).detaches_at, UNHEARD.detaches_at) == (NOW + 40_000, None)


def test_a_server_waits_a_minute_for_its_first_client_and_then_as_long_as_it_is_told() -> None:
    assert UNHEARD.given_up_at(patience_ms=None) == UNHEARD.given_up_at(patience_ms=5) == NOW + 60_000
    assert heard(NOW).given_up_at(patience_ms=None) is None
    assert heard(NOW).given_up_at(patience_ms=5) == NOW + 5


def test_all_addresses_are_tried_from_the_start_and_again_when_the_server_is_silent() -> None:
    assert UNHEARD.worth_other_addresses(now=NOW)
    assert not heard(NOW).worth_other_addresses(now=NOW + 3999)
    assert heard(NOW).worth_other_addresses(now=NOW + 4000)


def test_a_change_of_the_network_is_worth_a_try_when_a_heartbeat_is_late() -> None:
    assert not heard(NOW).worth_a_try(now=NOW + 3500)
    assert heard(NOW).worth_a_try(now=NOW + 3501)
    assert UNHEARD.worth_a_try(now=NOW)


def test_a_client_must_have_a_state_within_15_seconds() -> None:
    assert (UNHEARD.connected_by, heard(NOW).connected_by) == (NOW + 15_000, None)


def test_whatever_is_authentic_counts_as_heard_while_nothing_is_of_use() -> None:
    contact = Contact(began_at=0, last_datagram_at=NOW + 100, last_heard=NOW)
    assert (contact.heard_at(usable=True), contact.heard_at(usable=False)) == (NOW, NOW + 100)
    assert Contact(began_at=0, last_datagram_at=NOW).heard_at(usable=True) == NOW
    assert UNHEARD.heard_at(usable=True) is None


def test_a_server_silent_for_10_seconds_is_not_expected_to_answer() -> None:
    assert heard(NOW).may_answer(usable=True, now=NOW + 9_999)
    assert not heard(NOW).may_answer(usable=True, now=NOW + 10_000)
    assert not UNHEARD.may_answer(usable=True, now=NOW)
