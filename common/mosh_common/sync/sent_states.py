"""The states that were sent, of which the peer holds one for certain and others perhaps (docs/wire.md §4, "Sender").

Knows nothing of why and when something is sent, and of states only how they shed what the peer has.
"""

from __future__ import annotations

from typing import Final, Generic, NamedTuple, TypeVar

from mosh_common.protocol import SENT_STATES_DROP, SENT_STATES_LIMIT, SHUTDOWN_NUMBER
from mosh_common.sync.state import LocalState

_LONG_AGO_MS: Final = 10_000  # what was sent so long ago is overdue by any reckoning

Local = TypeVar("Local", bound=LocalState)


class SentState(NamedTuple, Generic[Local]):
    """A state that was sent."""

    sent_at: int  # now_ms; last time, if more than once; early repeats not counted
    number: int
    state: Local
    base: int  # number of the state that its diff started from
    doubted: bool = False  # it was sent again because an acknowledgement was overdue


class SentStates(Generic[Local]):
    """What the peer is known, assumed and supposed to hold."""

    __slots__ = ("entries", "last_acknowledged_at")

    def __init__(self, initial: Local, *, now: int) -> None:
        # [0] is acknowledged, [-1] was sent last.
        self.entries: list[SentState[Local]] = [SentState(now, 0, initial, 0)]
        self.last_acknowledged_at: int | None = None  # when the newest acknowledged state was *sent*

    # --- Facts --------------------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """Number of the newest state that was sent."""
        return self.entries[-1].number

    @property
    def state(self) -> Local:
        """The newest state that was sent."""
        return self.entries[-1].state

    @property
    def acknowledged_number(self) -> int:
        """Number of the newest state that the peer is known to hold."""
        return self.entries[0].number

    @property
    def acknowledged_state(self) -> Local:
        """The newest state that the peer is known to hold."""
        return self.entries[0].state

    @property
    def held(self) -> int:
        """How many sent states are remembered."""
        return len(self.entries)

    def assumed(self, *, answer_ms: int, now: int) -> tuple[int, int | None]:
        """Return the index of the newest state that the peer may be assumed to hold, and when that runs out.

        A state is assumed to be held until its acknowledgement, which may take `answer_ms`, is overdue, if the state
        that its diff starts from is held or assumed, too. Never the shutdown state: a repeat of it must start from
        something that the peer has.
        """
        entries = self.entries
        acknowledged = entries[0].number
        assumed, doubted_at = 0, None
        doubts: dict[int, int] = {}  # when the assumption about a state runs out, by its number
        for index in range(1, len(entries)):
            entry = entries[index]
            doubt = entry.sent_at + answer_ms
            if entry.base > acknowledged:
                doubt = min(doubt, doubts.get(entry.base, now))
            if now < doubt and entry.number != SHUTDOWN_NUMBER:
                doubts[entry.number] = doubt
                assumed, doubted_at = index, doubt
        return assumed, doubted_at

    # --- What happens to them -----------------------------------------------------------------------------------

    def add(self, entry: SentState[Local]) -> None:
        """Take a state that is sent for the first time; too many make one in the middle be forgotten."""
        self.entries.append(entry)
        if len(self.entries) > SENT_STATES_LIMIT:
            del self.entries[-SENT_STATES_DROP]

    def resend(self, entry: SentState[Local]) -> None:
        """Take the newest state as sent once more."""
        self.entries[-1] = entry

    def acknowledge(self, number: int) -> SentState[Local] | None:
        """Take the newest number that the peer holds; return its state, or None when that is no news or unknown."""
        if number == self.entries[0].number:
            return None
        for index, entry in enumerate(self.entries):
            if entry.number == number:
                del self.entries[:index]
                self.last_acknowledged_at = entry.sent_at
                return entry
        return None

    def trim(self, known: Local) -> None:
        """Drop from all states what the peer has."""
        self.entries = [entry._replace(state=entry.state.trimmed(known)) for entry in self.entries]

    def keep_ends(self) -> None:
        """Forget what is between the state that the peer is known to hold and the newest one."""
        del self.entries[1:-1]

    def equate(self, index: int, state: Local) -> None:
        """Take `state` for the one at `index`: they differ in nothing that can be expressed."""
        self.entries[index] = self.entries[index]._replace(state=state)

    def doubt_all(self) -> None:
        """Say that what is under way went where the peer is no longer."""
        self.entries[1:] = [entry._replace(sent_at=entry.sent_at - _LONG_AGO_MS) for entry in self.entries[1:]]
