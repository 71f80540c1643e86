"""The numbered states of the peer's object (docs/wire.md §4, "Receiver").

Knows nothing of datagrams or of what the states are. Idempotent: repeats, old and overtaken instructions change
nothing.
"""

from __future__ import annotations

from typing import Final, Generic, NamedTuple, TypeVar

from mosh_common.errors import PeerError
from mosh_common.protocol import RECEIVED_QUENCH_MS, RECEIVED_STATES_LIMIT, SHUTDOWN_NUMBER
from mosh_common.sync.state import RemoteState
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.instruction import Instruction

Remote = TypeVar("Remote", bound=RemoteState)

# Sum of the weights of all states held. A peer that keeps to the protocol has at most 33 states outstanding, which even
# on the largest terminal stay below this.
WEIGHT_LIMIT_OCTETS: Final = 256 << 20


class ReceivedState(NamedTuple, Generic[Remote]):
    """A state that the peer sent."""

    number: int
    state: Remote
    weight: int  # what the state holds, unless it shares all of it with the one that it starts from


class Receiver(Generic[Remote]):
    """The states that the peer may still start a diff from, the newest of which is acknowledged."""

    def __init__(self, initial: Remote, *, most_states: int | None = None, most_octets: int | None = None) -> None:
        """Begin with state 0; hold at most so many states, of so much weight, where less than the limits will do."""
        self._most_states = RECEIVED_STATES_LIMIT if most_states is None else most_states
        self._most_octets = WEIGHT_LIMIT_OCTETS if most_octets is None else most_octets
        self._states: list[ReceivedState[Remote]] = [ReceivedState(0, initial, initial.weight)]  # in order of number
        self._weight = initial.weight
        self._quenched_until: int | None = None  # too many states: new ones are refused until then

    def receive(self, instruction: Instruction, *, now: int) -> bool:
        """Take the state that an instruction leads to; return whether it is newer than all others. Raises Dropped."""
        old_num, new_num, throwaway_num = instruction.old_num, instruction.new_num, instruction.throwaway_num
        base: ReceivedState[Remote] | None = None
        for entry in self._states:
            if entry.number == new_num:
                raise Dropped(DropReason.ALREADY_HELD, f"state {new_num} is held")
            if entry.number == old_num:
                base = entry
        if base is None:
            raise Dropped(DropReason.UNKNOWN_BASE, f"state {old_num}, from which {new_num} starts, is not held")
        if not throwaway_num <= old_num < new_num:
            raise Dropped(
                DropReason.MALFORMED_INSTRUCTION,
                f"throwaway {throwaway_num}, old {old_num}, new {new_num} are not in order",
            )
        self._forget_below(throwaway_num)
        self._check_room(now=now)
        try:
            state = base.state.apply(instruction.diff) if instruction.diff else base.state
        except Dropped as error:
            # Nothing starts from the last state of all, so it may be taken as it was: the session ends in good order.
            if error.reason is not DropReason.NOT_DIGESTED or new_num != SHUTDOWN_NUMBER:
                raise
            state = base.state
        except PeerError as error:
            raise Dropped(DropReason.MALFORMED_DIFF, str(error)) from None
        state = state.trimmed(self._states[0].state)
        return self._insert(ReceivedState(new_num, state, state.weight if instruction.diff else 0))

    @property
    def number(self) -> int:
        """Number of the newest state, which is to be acknowledged."""
        return self._states[-1].number

    @property
    def state(self) -> Remote:
        """The newest state."""
        return self._states[-1].state

    @property
    def states_held(self) -> int:
        """How many states are remembered."""
        return len(self._states)

    def _forget_below(self, number: int) -> None:
        if self._states[0].number >= number:
            return
        kept = [entry for entry in self._states if entry.number >= number]
        oldest = kept[0].state
        self._states = []
        for entry in kept:
            state = entry.state.trimmed(oldest)
            self._states.append(ReceivedState(entry.number, state, min(entry.weight, state.weight)))
        self._weight = sum(entry.weight for entry in self._states)

    def _check_room(self, *, now: int) -> None:
        """Raise Dropped when too much is held, except once in RECEIVED_QUENCH_MS: then the oldest make room."""
        if not self._full():
            return
        if self._quenched_until is not None and now < self._quenched_until:
            raise Dropped(
                DropReason.TOO_MANY_STATES,
                f"{len(self._states)} states of {self._weight} octets held,"
                f" at most {self._most_states} of {self._most_octets}",
            )
        self._quenched_until = now + RECEIVED_QUENCH_MS
        while self._full() and len(self._states) > 1:
            self._weight -= self._states.pop(0).weight

    def _full(self) -> bool:
        return len(self._states) >= self._most_states or self._weight >= self._most_octets

    def _insert(self, entry: ReceivedState[Remote]) -> bool:
        self._weight += entry.weight
        if entry.number > self._states[-1].number:
            self._states.append(entry)
            return True
        index = len(self._states)
        while index and self._states[index - 1].number > entry.number:
            index -= 1
        self._states.insert(index, entry)
        return False
