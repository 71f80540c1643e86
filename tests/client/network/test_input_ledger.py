"""Where the user's input is on its way, by positions in the stream."""

from __future__ import annotations

import pytest

from mosh_client.network.input_ledger import InputLedger


@pytest.fixture
def ledger() -> InputLedger:
    """Three batches that end at 2, 5 and 6, in two states: 7 holds the first, 9 all of them."""
    ledger = InputLedger()
    for batch, position in ((1, 2), (2, 5), (3, 6)):
        ledger.note_batch(batch, position)
    ledger.note_sent(7, 2)
    ledger.note_sent(9, 6)
    return ledger


def test_a_batch_is_echoed_once_a_state_that_holds_all_of_it_is(ledger: InputLedger) -> None:
    assert [ledger.take_echo_ack(number) for number in (0, 6, 7, 8, 9, 20)] == [0, 0, 1, 1, 3, 3]


def test_a_state_that_ends_within_a_batch_does_not_count_for_it(ledger: InputLedger) -> None:
    ledger.note_batch(4, 10)
    ledger.note_sent(10, 9)
    ledger.note_sent(11, 10)
    assert [ledger.take_echo_ack(number) for number in (10, 11)] == [3, 4]


def test_a_state_that_is_sent_again_stays_where_it_was(ledger: InputLedger) -> None:
    ledger.note_sent(9, 100)
    ledger.note_batch(4, 10)
    assert ledger.take_echo_ack(9) == 3


def test_an_echo_ack_that_goes_back_takes_no_echo_back(ledger: InputLedger) -> None:
    ledger.take_echo_ack(9)
    assert ledger.take_echo_ack(7) == 3


def test_another_renderers_batches_are_its_own(ledger: InputLedger) -> None:
    ledger.begin_batches()
    assert ledger.take_echo_ack(9) == 0
    ledger.note_batch(1, 8)
    ledger.note_sent(10, 8)
    assert [ledger.take_echo_ack(number) for number in (9, 10)] == [0, 1]
