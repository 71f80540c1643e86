"""The peer's states: what is taken, what is refused and why."""

from __future__ import annotations

import pytest
from tests.support.simulation import Text

from mosh_common.protocol import RECEIVED_STATES_LIMIT, SHUTDOWN_NUMBER
from mosh_common.sync import receiver as module
from mosh_common.sync.receiver import Receiver
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.instruction import Instruction

NOW = 100_000


def instruction(old: int, new: int, text: bytes = b"", *, throwaway: int = 0) -> Instruction:
    return Instruction(old, new, 0, throwaway, b"0:" + text if text else b"")


def assert_refused(receiver: Receiver[Text], refused: Instruction, reason: DropReason, *, now: int = NOW) -> None:
    held = receiver.states_held
    with pytest.raises(Dropped) as dropped:
        receiver.receive(refused, now=now)
    assert dropped.value.reason is reason
    assert receiver.states_held == held or reason is DropReason.MALFORMED_DIFF


def test_a_new_state_is_the_one_to_acknowledge() -> None:
    receiver = Receiver(Text())
    assert receiver.receive(instruction(0, 1, b"a"), now=NOW)
    assert (receiver.number, receiver.state.value) == (1, b"a")


def test_an_empty_diff_leads_to_a_new_state_with_the_old_contents() -> None:
    receiver = Receiver(Text(b"same"))
    assert receiver.receive(instruction(0, 5), now=NOW)
    assert (receiver.number, receiver.state.value) == (5, b"same")


def test_a_repeat_is_ignored() -> None:
    receiver = Receiver(Text())
    receiver.receive(instruction(0, 1, b"a"), now=NOW)
    assert_refused(receiver, instruction(0, 1, b"b"), DropReason.ALREADY_HELD, now=NOW + 1)
    assert_refused(receiver, instruction(0, 0), DropReason.ALREADY_HELD)


def test_a_diff_from_a_state_that_is_not_held_is_ignored() -> None:
    assert_refused(Receiver(Text()), instruction(7, 8, b"a"), DropReason.UNKNOWN_BASE)


def test_an_overtaken_state_is_kept_but_is_not_news() -> None:
    receiver = Receiver(Text())
    receiver.receive(instruction(0, 3, b"three"), now=NOW)
    assert not receiver.receive(instruction(0, 2, b"two"), now=NOW + 50)
    assert receiver.number == 3
    assert receiver.receive(Instruction(2, 4, 0, 0, b"3:!"), now=NOW)
    assert receiver.state.value == b"two!"


def test_states_below_the_throwaway_number_are_forgotten() -> None:
    receiver = Receiver(Text())
    receiver.receive(instruction(0, 1, b"a"), now=NOW)
    receiver.receive(instruction(1, 2, b"b", throwaway=1), now=NOW)
    assert receiver.states_held == 2
    assert_refused(receiver, instruction(0, 3, b"c"), DropReason.UNKNOWN_BASE)


@pytest.mark.parametrize(("old", "new", "throwaway"), [(1, 2, 2), (1, 2, 2**64 - 1), (1, 0, 0)])
def test_numbers_that_are_not_in_order_are_refused(old: int, new: int, throwaway: int) -> None:
    receiver = Receiver(Text())
    receiver.receive(instruction(0, 1), now=NOW)
    receiver.receive(instruction(1, 5, throwaway=1), now=NOW)  # 0 is forgotten
    assert_refused(receiver, instruction(old, new, throwaway=throwaway), DropReason.MALFORMED_INSTRUCTION)


def test_a_malformed_diff_leads_nowhere() -> None:
    receiver = Receiver(Text())
    assert_refused(receiver, Instruction(0, 1, 0, 0, b"no diff"), DropReason.MALFORMED_DIFF)
    assert receiver.number == 0


def test_1024_states_are_held_and_no_more() -> None:
    receiver = Receiver(Text())
    for number in range(1, RECEIVED_STATES_LIMIT):
        receiver.receive(instruction(0, number, b"x"), now=NOW)
    assert receiver.states_held == RECEIVED_STATES_LIMIT
    # The first one too many makes room for itself; then nothing for 15 s; then one again.
    assert receiver.receive(instruction(receiver.number, 2000), now=NOW)
    assert_refused(receiver, instruction(2000, 2001), DropReason.TOO_MANY_STATES, now=NOW + 14_999)
    assert receiver.receive(instruction(2000, 2001), now=NOW + 15_000)
    assert_refused(receiver, instruction(2001, 2002), DropReason.TOO_MANY_STATES, now=NOW + 15_001)
    assert receiver.states_held == RECEIVED_STATES_LIMIT


def test_a_peer_that_throws_away_what_it_made_us_hold_is_heard_again() -> None:
    receiver = Receiver(Text())
    for number in range(1, RECEIVED_STATES_LIMIT + 1):
        receiver.receive(instruction(0, number) if number == 1 else instruction(1, number), now=NOW)
    newest = receiver.number
    assert receiver.receive(instruction(newest, newest + 1, throwaway=newest), now=NOW)
    assert receiver.states_held == 2


def test_states_are_held_up_to_a_weight_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WEIGHT_LIMIT_OCTETS", 1000)
    receiver = Receiver(Text())
    receiver.receive(instruction(0, 1, b"x" * 999), now=NOW)
    receiver.receive(instruction(1, 2, b"x" * 500), now=NOW)  # 999 are below the limit
    receiver.receive(instruction(2, 3), now=NOW)  # makes room, by forgetting the oldest ones
    assert receiver.states_held < 4
    receiver.receive(instruction(3, 4, b"x" * 999), now=NOW)
    assert_refused(receiver, instruction(4, 5), DropReason.TOO_MANY_STATES)


class Indigestible(Text):
    """A text whose owner cannot execute any diff."""

    def apply(self, diff: bytes) -> Text:
        raise Dropped(DropReason.NOT_DIGESTED, f"{len(diff)} octets")


def test_a_state_that_cannot_be_digested_is_not_taken_unless_it_is_the_last_of_all() -> None:
    receiver: Receiver[Text] = Receiver(Indigestible(b"as it was"))
    assert_refused(receiver, instruction(0, 1, b"a"), DropReason.NOT_DIGESTED)
    assert receiver.receive(instruction(0, SHUTDOWN_NUMBER, b"a"), now=NOW)
    assert (receiver.number, receiver.state.value) == (SHUTDOWN_NUMBER, b"as it was")


def test_the_last_state_of_all_is_refused_for_any_other_fault() -> None:
    receiver = Receiver(Text())
    assert_refused(receiver, Instruction(0, SHUTDOWN_NUMBER, 0, 0, b"no diff"), DropReason.MALFORMED_DIFF)


def test_overtaken_states_are_held_in_order_of_number() -> None:
    receiver = Receiver(Text())
    for number in (5, 3, 4, 1):
        receiver.receive(instruction(0, number, b"%d" % number), now=NOW)
    receiver.receive(Instruction(4, 6, 0, 4, b"1:!"), now=NOW)  # throws 0, 1 and 3 away
    assert (receiver.states_held, receiver.number, receiver.state.value) == (3, 6, b"4!")
