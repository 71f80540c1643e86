"""The own states on their way to the peer: numbers, bases, resends, acknowledgements, shutdown."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest
from tests.support.simulation import Text

from mosh_common.protocol import SENT_STATES_LIMIT, SHUTDOWN_NUMBER
from mosh_common.sync.pacing import NO_INTERACTION, Interaction, Link, Pacing, ServerPacing, copies_wanted
from mosh_common.sync.path.contact import Contact
from mosh_common.sync.sender import Sender, Sending
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.wire.instruction import CHAFF_ENTROPY_OCTETS, Instruction

NOW = 1_000_000
INTERVAL, RTO = 40, 200
LOST = RTO + 100  # after this, what was sent is no longer assumed to have arrived


class Driver:
    """A Sender, a clock, and a peer heard all the time unless it is said to be silent."""

    def __init__(self, text: bytes = b"") -> None:
        self.now = NOW
        self.loss = 0.0
        self.silent_since: int | None = None
        self.sender: Sender[Any] = Sender(Text(text), pacing=Pacing(), entropy=bytes, now=NOW)

    @property
    def link(self) -> Link:
        heard = self.now if self.silent_since is None else self.silent_since
        contact = Contact(began_at=NOW, last_datagram_at=heard, last_heard=heard)
        return Link(send_interval=INTERVAL, rto=RTO, contact=contact, loss=self.loss)

    def show(self, text: bytes) -> None:
        self.sender.set_state(Text(text), now=self.now)

    def ack(self, number: int) -> None:
        self.sender.receive_ack(number, now=self.now)

    def send_now(self) -> Sending | None:
        return self.sender.instruction_to_send(now=self.now, link=self.link)

    def next(self) -> Instruction:
        """Wait for the next instruction."""
        for _ in range(100):
            self.now = max(self.now, self.sender.next_deadline(now=self.now, link=self.link))
            sending = self.send_now()
            if sending is not None:
                return sending.instruction
        raise AssertionError("spins")

    def all_within(self, milliseconds: int) -> list[Instruction]:
        """Return the instructions that are sent within a time."""
        end, sent = self.now + milliseconds, []
        while self.sender.next_deadline(now=self.now, link=self.link) <= end:
            sent.append(self.next())
        self.now = end
        return sent


def connected(text: bytes = b"") -> Driver:
    """A driver whose first, empty state is acknowledged, some time ago."""
    driver = Driver(text)
    driver.next()
    driver.ack(1)
    driver.now += 1000
    return driver


def numbers(instruction: Instruction) -> tuple[int, int]:
    return instruction.old_num, instruction.new_num


# --- Acknowledging ----------------------------------------------------------------------------------------------------


def test_the_first_instruction_goes_at_once() -> None:
    assert Driver().next() == Instruction(0, 1, 0, 0)


def lengths(keys: bytes) -> Counter[int]:
    """How often each length of an encoded instruction comes, bare acknowledgements (no keys) or so many keys typed."""
    found: Counter[int] = Counter()
    source = random.Random(1)

    def beginning(octet: int) -> Callable[[int], bytes]:
        return lambda octets: bytes([octet]) + source.randbytes(octets - 1)

    for length in range(CHAFF_ENTROPY_OCTETS):  # each as likely as any other
        driver = connected()
        driver.sender = Sender(
            UserStream(),
            pacing=Pacing(),
            entropy=beginning(length),
            now=driver.now,
        )
        driver.ack(driver.next().new_num)
        for _ in range(100):
            driver.now += 1000
            if keys:
                driver.sender.set_state(driver.sender._current.push_keys(keys), now=driver.now)
            instruction = driver.next()
            assert bool(instruction.diff) is bool(keys)
            driver.ack(instruction.new_num)
            found[len(instruction.encode())] += 1
    return found


def best_accuracy(one: Counter[int], other: Counter[int]) -> float:
    """How often whoever knows both distributions guesses right from a length alone; half is chance."""
    likelier = (max(one[length] / one.total(), other[length] / other.total()) for length in one | other)
    return sum(likelier) / 2


# Upstream's: a key is 7 octets longer than an acknowledgement, and 17 lengths of chaff are equally likely with both, so
# (1 + 7/17) / 2 = 71 %; 69 % was measured.
@pytest.mark.parametrize(("keys", "limit"), [(b"a", 0.72), (b"ab", 0.74), (b"\x1b[A", 0.77)])
def test_lengths_alone_hardly_tell_keys_from_acknowledgements(keys: bytes, limit: float) -> None:
    acknowledgements = lengths(b"")
    assert len(acknowledgements) >= CHAFF_ENTROPY_OCTETS
    assert best_accuracy(acknowledgements, lengths(keys)) <= limit


def test_an_empty_ack_goes_every_3_seconds_and_takes_a_new_number() -> None:
    driver = Driver()
    for expected in (1, 2, 3):
        instruction = driver.next()
        assert (instruction.new_num, instruction.diff) == (expected, b"")
        assert driver.now == NOW + (expected - 1) * 3000
        driver.ack(expected)


def test_data_is_acknowledged_within_100_ms() -> None:
    driver = connected()
    driver.sender.set_ack(7, data=True, now=driver.now)
    received = driver.now
    assert driver.next().ack_num == 7
    assert driver.now == received + 100


def test_what_brought_no_data_is_acknowledged_by_the_way() -> None:
    driver = connected()
    driver.sender.set_ack(7, data=False, now=driver.now)
    assert driver.all_within(1999) == []
    driver.show(b"x")
    assert driver.next().ack_num == 7


def test_an_ack_that_is_due_takes_a_change_along() -> None:
    driver = connected()
    driver.sender.set_ack(7, data=True, now=driver.now)
    driver.now += 99
    driver.show(b"x")
    driver.now += 1  # the change alone would wait longer
    sending = driver.send_now()
    assert sending is not None
    assert (sending.rule, sending.instruction.diff, sending.instruction.ack_num) == ("ack due", b"0:x", 7)


# --- Sending ----------------------------------------------------------------------------------------------------------


def test_a_change_goes_once_no_other_follows() -> None:
    driver = connected()
    changed = driver.now
    driver.show(b"x")
    driver.now += 3
    driver.show(b"xy")
    instruction = driver.next()
    assert (driver.now, instruction) == (changed + 3 + 4, Instruction(1, 2, 0, 1, b"0:xy"))


def test_a_change_taken_back_is_not_sent() -> None:
    driver = connected()
    driver.show(b"x")
    driver.show(b"")
    assert driver.all_within(1000) == []


def test_the_next_diff_starts_from_what_the_peer_is_assumed_to_hold() -> None:
    driver = connected()
    driver.show(b"x" * 2000)
    driver.next()
    driver.show(b"x" * 2000 + b"y")
    assert driver.next() == Instruction(2, 3, 0, 1, b"2000:y")


def test_what_is_not_acknowledged_is_sent_again_with_its_number() -> None:
    driver = connected()
    driver.show(b"x")
    first = driver.next()
    sent = driver.now
    assert numbers(driver.next()) == numbers(first) == (1, 2)
    assert driver.now == sent + LOST
    sending_again = driver.now
    assert numbers(driver.next()) == (1, 2)
    assert driver.now == sending_again + LOST  # the time was refreshed


def test_once_a_state_is_overdue_everything_that_builds_on_it_is_in_doubt() -> None:
    driver = connected()
    driver.show(b"x" * 2000)
    driver.next()
    sent = driver.now
    driver.now += LOST - 50
    driver.show(b"x" * 2000 + b"y")
    assert numbers(driver.next()) == (2, 3)
    instruction = driver.next()
    assert (numbers(instruction), driver.now) == ((1, 3), sent + LOST)


def test_an_overdue_state_on_which_nothing_builds_is_of_no_account() -> None:
    driver = connected()
    driver.sender.probe(now=driver.now)
    assert numbers(driver.next()) == (1, 2)  # an empty acknowledgement, which a peer need not acknowledge
    driver.now += 100
    driver.show(b"x")
    assert numbers(driver.next()) == (1, 3)
    sent = driver.now
    instruction = driver.next()
    assert (numbers(instruction), driver.now) == ((1, 3), sent + LOST)


def test_nothing_is_sent_again_once_it_is_acknowledged() -> None:
    driver = connected()
    driver.show(b"x")
    driver.ack(driver.next().new_num)
    assert driver.all_within(2999) == []
    assert driver.sender.sent.acknowledged_state.value == b"x"


def test_a_silent_peer_gets_only_the_3_second_probes_which_carry_the_change() -> None:
    driver = connected()
    driver.show(b"x")
    driver.next()
    driver.silent_since = driver.now - 10_000
    assert driver.all_within(6000) == [Instruction(1, 2, 0, 1, b"0:x")] * 2


@pytest.mark.parametrize("number", [3, 17, SHUTDOWN_NUMBER])
def test_an_acknowledgement_of_what_was_not_sent_is_ignored(number: int) -> None:
    driver = connected()
    driver.ack(number)
    assert driver.sender.sent.acknowledged_number == 1


def test_an_acknowledgement_of_what_is_forgotten_is_ignored() -> None:
    driver = connected()
    driver.ack(0)
    assert driver.sender.sent.acknowledged_number == 1


def test_an_acknowledgement_says_when_that_state_was_sent() -> None:
    driver = connected()
    driver.show(b"x")
    number = driver.next().new_num
    sent = driver.now
    driver.now += 75
    driver.ack(number)
    assert driver.sender.sent.last_acknowledged_at == sent


def test_throwaway_is_the_newest_acknowledged_number() -> None:
    driver = connected()
    driver.show(b"x")
    driver.ack(driver.next().new_num)
    driver.show(b"y")
    assert driver.next().throwaway_num == 2


def test_more_than_32_states_lose_one_from_the_middle() -> None:
    driver = connected()
    for index in range(SENT_STATES_LIMIT - 1):
        driver.show(b"%d" % index)
        driver.next()
    assert driver.sender.sent.held == SENT_STATES_LIMIT
    middle = driver.sender.sent.number + 1 - 15  # the 16th from the end, once one more is there
    driver.show(b"one more")
    driver.next()
    assert driver.sender.sent.held == SENT_STATES_LIMIT
    driver.ack(middle)
    assert driver.sender.sent.acknowledged_number == 1  # forgotten
    driver.ack(middle + 1)
    assert driver.sender.sent.acknowledged_number == middle + 1


# --- Prospective resend -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unacknowledged", "new", "base"),
    [
        (b"x" * 101, b"y", 1),  # 104 octets against 5: longer by 99
        (b"x" * 102, b"y", 2),  # by 100
        (b"x" * 90, b"y" * 907, 1),  # 999 octets
        (b"x" * 90, b"y" * 908, 2),  # 1000
    ],
)
def test_a_short_diff_from_the_acknowledged_state_is_preferred(unacknowledged: bytes, new: bytes, base: int) -> None:
    driver = connected()
    driver.show(unacknowledged)
    driver.next()
    driver.show(unacknowledged + new)
    assert numbers(driver.next()) == (base, 3)


def test_a_diff_from_the_acknowledged_state_that_is_no_longer_is_preferred_at_any_size() -> None:
    driver = connected()
    driver.show(b"x" * 5000)
    driver.next()
    driver.show(b"y" * 5000)
    assert numbers(driver.next()) == (1, 3)


# --- Differences that cannot be expressed -----------------------------------------------------------------------------


class Coarse(Text):
    """A state whose diff does not tell upper from lower case."""

    def diff_from(self, known: Text) -> bytes:
        return b"" if self.value.lower() == known.value.lower() else b"0:" + self.value

    __hash__ = None


def test_a_change_that_cannot_be_expressed_is_not_sent_and_does_not_spin() -> None:
    driver = Driver()
    driver.sender = Sender(Coarse(b"a"), pacing=Pacing(), entropy=bytes, now=NOW)
    driver.next()
    driver.ack(1)
    driver.now += 1000
    driver.sender.set_state(Coarse(b"A"), now=driver.now)
    driver.now += 500
    assert driver.send_now() is None
    assert driver.sender.next_deadline(now=driver.now, link=driver.link) == NOW + 3000


def test_a_change_back_to_what_the_peer_may_no_longer_show_is_sent() -> None:
    driver = connected(b"old")
    driver.show(b"new")
    driver.next()
    driver.show(b"old")  # the same as the acknowledged state, but the peer may show the new one
    assert driver.next() == Instruction(1, 3, 0, 1, b"")


def test_what_is_an_earlier_state_again_is_sent_until_it_is_acknowledged() -> None:
    driver = connected(b"old")
    driver.show(b"new")
    driver.next()  # it arrives, and its acknowledgement does not
    driver.show(b"old")
    lost = driver.next()
    again = driver.all_within(2 * LOST)
    assert [(instruction.old_num, instruction.diff) for instruction in again] == [(1, b""), (1, b"")]
    assert again[0].new_num > lost.new_num
    driver.ack(again[-1].new_num)
    assert driver.all_within(2 * LOST) == []


# --- Shutdown ---------------------------------------------------------------------------------------------------------


def test_shutdown_has_its_own_number_and_starts_from_what_the_peer_has() -> None:
    driver = connected()
    driver.show(b"last words")
    driver.sender.start_shutdown(now=driver.now)
    assert [driver.next() for _ in range(2)] == [Instruction(1, SHUTDOWN_NUMBER, 0, 1, b"0:last words")] * 2


def test_shutdown_freezes_the_object() -> None:
    driver = connected()
    driver.sender.start_shutdown(now=driver.now)
    driver.show(b"too late")
    assert driver.next().diff == b""


def test_shutdown_can_leave_out_what_was_not_sent_yet() -> None:
    driver = connected()
    driver.show(b"sent")
    driver.next()
    driver.show(b"sent, and more that costs much")
    driver.sender.start_shutdown(now=driver.now, as_sent=True)
    assert driver.next() == Instruction(2, SHUTDOWN_NUMBER, 0, 1, b"")


def test_shutdown_is_repeated_at_the_send_interval_and_16_times_at_most() -> None:
    driver = connected()
    driver.sender.start_shutdown(now=driver.now)
    start = driver.now
    for _ in range(16):
        assert not driver.sender.shutdown.expired(now=driver.now)
        assert driver.next().new_num == SHUTDOWN_NUMBER
    assert driver.now == start + 15 * INTERVAL
    assert driver.sender.shutdown.expired(now=driver.now)
    driver.now += 5000
    assert driver.send_now() is None


def test_shutdown_is_given_10_seconds_at_most() -> None:
    driver = connected()
    driver.sender.start_shutdown(now=driver.now)
    assert driver.sender.shutdown.deadline == driver.now + 10_000
    assert not driver.sender.shutdown.expired(now=driver.now + 9_999)
    assert driver.sender.shutdown.expired(now=driver.now + 10_000)


def test_shutdown_is_over_when_the_peer_acknowledges_it() -> None:
    driver = connected()
    driver.sender.start_shutdown(now=driver.now)
    driver.next()
    assert driver.sender.sent.acknowledged_number != SHUTDOWN_NUMBER
    driver.ack(SHUTDOWN_NUMBER)
    assert driver.sender.sent.acknowledged_number == SHUTDOWN_NUMBER


def test_the_peers_shutdown_is_acknowledged_at_the_send_interval() -> None:
    driver = connected()
    driver.show(b"x")
    driver.next()
    sent = driver.now
    driver.sender.set_ack(SHUTDOWN_NUMBER, data=False, now=driver.now)
    assert not driver.sender.shutdown_ack_sent
    assert driver.next().ack_num == SHUTDOWN_NUMBER
    assert (driver.now, driver.sender.shutdown_ack_sent) == (sent + INTERVAL, True)


# --- Silence ----------------------------------------------------------------------------------------------------------


def test_into_silence_go_frames_that_are_of_use_by_themselves() -> None:
    driver = connected()
    driver.show(b"a" * 2000)
    acknowledged = driver.next().new_num
    driver.ack(acknowledged)
    driver.silent_since = driver.now
    frames = []
    while driver.now < driver.silent_since + 5000:
        driver.show(b"b" * 2000 + b"%d" % driver.now)
        frames.append((driver.now, driver.next()))
        driver.now += 10
    early = [frame.old_num for at, frame in frames if at < driver.silent_since + LOST]
    late = [frame.old_num for at, frame in frames if at > driver.silent_since + 2 * LOST + INTERVAL]
    assert any(number > acknowledged for number in early)  # as long as they may well arrive, they are short
    assert set(late) == {acknowledged}
    driver.silent_since = None
    driver.ack(frames[-1][1].new_num)
    driver.show(b"c")
    assert driver.next().old_num == frames[-1][1].new_num


def test_where_much_is_lost_something_small_goes_as_often_as_is_wanted_and_no_oftener() -> None:
    driver = connected()
    driver.loss = 0.3
    driver.show(b"a")
    copies = [driver.next()]
    copies += driver.all_within(RTO - 50)
    assert 2 < copies_wanted(driver.loss) == len(copies)
    assert {numbers(copy) for copy in copies} == {numbers(copies[0])}


class Portioned(Text):
    """Of which a frame carries two octets more than the peer has."""

    def within_reach(self, known: Text) -> Text:
        return Portioned(self.value[: len(known.value) + 2])


def test_the_rest_of_what_one_frame_cannot_carry_follows_the_acknowledgement() -> None:
    driver = connected()
    driver.sender.set_state(Portioned(b"abcd"), now=driver.now)
    first = driver.next()
    assert first.diff == b"0:ab"
    driver.now += 2 * INTERVAL
    driver.ack(first.new_num)
    rest = driver.send_now()
    assert rest is not None
    assert (rest.instruction.diff, rest.rule) == (b"2:cd", "changed")


def test_a_change_that_an_ack_takes_along_starts_from_what_the_peer_has() -> None:
    driver = connected()
    driver.show(b"a")
    assert driver.next().diff == b"0:a"  # assumed to have arrived, but not acknowledged
    driver.now += INTERVAL
    driver.sender.set_ack(7, data=True, now=driver.now - 99)
    driver.show(b"ab")
    driver.now += 1
    sending = driver.send_now()
    assert sending is not None
    assert (sending.rule, sending.instruction.old_num, sending.instruction.diff) == ("ack due", 1, b"0:ab")


def test_what_is_known_of_the_application_is_asked_when_something_is_to_be_sent() -> None:
    link = connected().link
    due = []
    for known in (NO_INTERACTION, Interaction(flood=True)):
        interaction = Mock(return_value=known)
        sender = Sender(Text(), pacing=ServerPacing(), entropy=bytes, now=NOW, interaction=interaction)
        sender.instruction_to_send(now=NOW, link=link)
        sender.set_state(Text(b"a"), now=NOW + 500)
        due.append(sender.next_deadline(now=NOW + 500, link=link))
    assert due[1] <= NOW + 500 < due[0]  # nobody waits for the quiet after a flood
