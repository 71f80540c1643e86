"""A channel beside the first: two more objects, synchronised over the same path (docs/wire.md §4, "Channels").

The same numbered states and instructions as channel 0, with simpler rules, since nobody waits for it with a finger on a
key: each diff starts from the state that the peer is known to hold, and nothing is sent where nothing is outstanding:
no heartbeat, no probe. What is lost is sent again as it was, so that the peer needs only the fragments that it lacks.

When a channel may send, beside channel 0 and others, is `Channels`'. Knows nothing of datagrams or of what the states
are. All times are absolute milliseconds, None = never.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from mosh_common.protocol import MTU_FALLBACK_OCTETS, SHUTDOWN_NUMBER
from mosh_common.sync.facts import ReceivedFacts, SentFacts
from mosh_common.sync.pacing import Link
from mosh_common.sync.receiver import Receiver
from mosh_common.sync.sent_states import SentState, SentStates
from mosh_common.sync.state import LocalState, RemoteState
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.fragment import CHANNEL_SHIFT, HEADER_OCTETS, Assembler, Fragment, Fragmenter
from mosh_common.wire.instruction import CHAFF_ENTROPY_OCTETS, Instruction, chaff

# SECURITY: what a peer may make us hold and inflate for one channel: many times what the states of one have.
# Test: test_what_a_channel_holds_is_bounded.
ASSEMBLY_LIMIT_OCTETS: Final = 1 << 16
INFLATED_LIMIT_OCTETS: Final = 1 << 20
STATES_LIMIT: Final = 64
WEIGHT_LIMIT_OCTETS: Final = 16 << 20

ACK_DELAY_MS: Final = 10  # an acknowledgement waits so long for a state to ride on: the next wish, mostly
RESEND_MAX_MS: Final = 3000  # between two tries
QUICK_TRIES: Final = 3  # so often it is sent again after the same time, then each time after twice as long
# What was sent so often and is not acknowledged may be too long for the path, which channel 0 need not have noticed.
LONG_TRIES: Final = 5
SHORT_OCTETS: Final = MTU_FALLBACK_OCTETS - 28  # of a fragment in the shortest datagrams

Local = TypeVar("Local", bound=LocalState)
Remote = TypeVar("Remote", bound=RemoteState)


class _Flight(NamedTuple):
    """A fragment under way."""

    sent_at: int
    octets: int
    number: int  # of the state that it brings


class Channel(Generic[Local, Remote]):
    """One channel of a `Transport`."""

    __slots__ = (
        *("_ack_due_at", "_ack_num", "_assembler", "_entropy", "_fragmenter", "_fragments", "_last_at", "_queue"),
        *("_flights", "_receiver", "_sent", "_short", "_target", "_tries", "number", "received", "sent"),
    )

    def __init__(self, number: int, *, local: Local, remote: Remote, entropy: Callable[[int], bytes], now: int) -> None:
        """Begin at state 0 of both objects, which are `local` and `remote`."""
        self.number: Final = number
        self._entropy = entropy
        # Our object.
        self._sent: SentStates[Local] = SentStates(local, now=now)
        self._target = local  # what the owner has
        self._fragmenter = Fragmenter(number)
        self._fragments: list[Fragment] = []  # of the newest instruction …
        self._queue: deque[Fragment] = deque()  # … and those of them that were not sent yet
        self._flights: deque[_Flight] = deque()  # sent, and neither acknowledged nor given up
        self._last_at = now - RESEND_MAX_MS  # when a fragment was sent last
        self._tries = 0  # how often the newest instruction was sent
        self._short = False  # only short datagrams got through
        # The peer's.
        self._assembler = Assembler(limit=ASSEMBLY_LIMIT_OCTETS)
        self._receiver: Receiver[Remote] = Receiver(remote, most_states=STATES_LIMIT, most_octets=WEIGHT_LIMIT_OCTETS)
        self._ack_num = 0
        self._ack_due_at: int | None = None
        # What of these anybody may ask.
        self.sent: Final[SentFacts[Local]] = self._sent
        self.received: Final[ReceivedFacts[Remote]] = self._receiver

    # --- What comes in ------------------------------------------------------------------------------------------

    def set_local_state(self, state: Local) -> None:
        """Say that the owned object changed. Afterwards ask the transport for datagrams."""
        self._target = state

    def local_state(self) -> Local:
        """Return the owned object as last set, without what the peer is known to have."""
        return self._target

    def receive(self, fragment: Fragment, *, now: int) -> bool:
        """Take a fragment of this channel; afterwards `received` may hold a newer state. Raises Dropped.

        Return whether it acknowledges something that was not acknowledged yet.
        """
        encoded = self._assembler.add(fragment)
        if encoded is None:
            return False
        instruction = Instruction.decode(encoded, limit=INFLATED_LIMIT_OCTETS)
        news = self._receive_ack(instruction.ack_num)
        if instruction.new_num == instruction.old_num and not instruction.diff:
            return news  # an acknowledgement alone
        if instruction.new_num == SHUTDOWN_NUMBER:
            raise Dropped(DropReason.MALFORMED_INSTRUCTION, "a shutdown, which is channel 0's")
        try:
            self._receiver.receive(instruction, now=now)
        except Dropped as error:
            if error.reason is DropReason.ALREADY_HELD:  # our acknowledgement was lost
                self._acknowledge(now=now)
            raise
        self._acknowledge(now=now)
        return news

    def path_changed(self) -> None:
        """Say that what is under way went where the peer is no longer."""
        self._flights.clear()
        self._short = False
        self._tries = 0
        self._last_at -= RESEND_MAX_MS

    # --- What goes out ------------------------------------------------------------------------------------------

    def in_flight(self, *, link: Link, now: int) -> int:
        """Return the octets that are believed to be under way."""
        return sum([flight.octets for flight in self._flights if now < flight.sent_at + _answer_ms(link)])

    def acknowledgement_due_at(self) -> int | None:
        """Return when `acknowledgement` is due."""
        return self._ack_due_at

    def acknowledgement(self) -> Fragment:
        """Return an acknowledgement alone; it disturbs nothing that the peer is putting together."""
        self._ack_due_at = None
        known = self._sent.acknowledged_number
        # Its id is below all others, so the assembly of a newer instruction goes on; the state is one that is held.
        return Fragment(self.number << CHANNEL_SHIFT, 0, True, self._instruction(known, known, b"").encode())

    def fragment_due_at(self, *, link: Link, now: int) -> int | None:
        """Return when `prepare` has a fragment, but for what other channels have under way. Changes nothing."""
        if self._queue:
            return now
        if self._changed():
            return self._last_at + link.send_interval
        # By number: a state that is the same again as the acknowledged one replaces what may have arrived in between.
        if self._sent.number == self._sent.acknowledged_number or not link.contact.worth_resending(now=now):
            return None
        return self._last_at + min(_answer_ms(link) << max(self._tries - QUICK_TRIES, 0), RESEND_MAX_MS)

    def prepare(self, *, fragment_octets: int, link: Link, now: int) -> int | None:
        """Return how long the fragment is that is due; None when none is."""
        due = self.fragment_due_at(link=link, now=now)
        if due is None or now < due:
            return None
        while self._flights and now >= self._flights[0].sent_at + _answer_ms(link):
            self._flights.popleft()
        if not self._queue and not self._begin(fragment_octets):
            return None
        return HEADER_OCTETS + len(self._queue[0].contents)

    def take(self, *, now: int) -> Fragment:
        """Return the fragment that was prepared, which the caller sends."""
        fragment = self._queue.popleft()
        self._flights.append(_Flight(now, HEADER_OCTETS + len(fragment.contents), self._sent.number))
        self._last_at = now
        return fragment

    def flights_end_at(self, *, link: Link) -> list[int]:
        """Return when (ms) each fragment under way is believed lost, in the order in which they were sent."""
        return [flight.sent_at + _answer_ms(link) for flight in self._flights]

    # --- Private ------------------------------------------------------------------------------------------------

    def _receive_ack(self, number: int) -> bool:
        entry = self._sent.acknowledge(number)
        if entry is None:
            return False
        self._sent.trim(entry.state)
        self._target = self._target.trimmed(entry.state)
        self._flights = deque([flight for flight in self._flights if flight.number > number])
        if number == self._sent.number:  # a repeat of it that had begun is of no use any more
            self._short = self._tries > LONG_TRIES
            self._queue.clear()
            self._fragments.clear()
        return True

    def _acknowledge(self, *, now: int) -> None:
        self._ack_num = self._receiver.number
        if self._ack_due_at is None:
            self._ack_due_at = now + ACK_DELAY_MS

    def _current(self) -> Local:
        return self._target.within_reach(self._sent.acknowledged_state)

    def _changed(self) -> bool:
        return self._target is not self._sent.state and self._current() != self._sent.state

    def _begin(self, fragment_octets: int) -> bool:
        """Fill the queue with a new state's instruction, or with the last one again; return whether there is any."""
        if self._changed():
            known, current = self._sent.entries[0], self._current()
            diff = current.diff_from(known.state)
            if not diff and self._sent.state == known.state:
                self._sent.equate(-1, current)
                return False
            number = self._sent.number + 1
            self._sent.add(SentState(0, number, current, known.number))
            self._tries = 0
            octets = SHORT_OCTETS if self._short else fragment_octets
            encoded = self._instruction(known.number, number, diff).encode()
            self._fragments = self._fragmenter.split(encoded, min(octets, fragment_octets))
            if len(self._fragments) == 1:  # it brings the acknowledgement at once
                self._ack_due_at = None
        elif self._tries == LONG_TRIES:
            encoded = b"".join([fragment.contents for fragment in self._fragments])
            self._fragments = self._fragmenter.split(encoded, min(SHORT_OCTETS, fragment_octets))
        self._tries += 1
        self._queue.extend(self._fragments)
        return bool(self._queue)

    def _instruction(self, old: int, new: int, diff: bytes) -> Instruction:
        return Instruction(
            old_num=old,
            new_num=new,
            ack_num=self._ack_num,
            throwaway_num=self._sent.acknowledged_number,
            diff=diff,
            chaff=chaff(self._entropy(CHAFF_ENTROPY_OCTETS)),  # SECURITY: as channel 0's (sender.py)
        )


def _answer_ms(link: Link) -> int:
    """Return how long the acknowledgement of a state may take."""
    return link.rto + ACK_DELAY_MS
