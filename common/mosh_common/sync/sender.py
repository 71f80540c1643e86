"""The numbered states of the object that this side owns, on their way to the peer (docs/wire.md §4, "Sender").

Decides what goes into the next instruction; when, is `Pacing`'s. Knows nothing of datagrams, of what the states are,
or of what the peer's states are beyond the number to acknowledge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Generic, NamedTuple, TypeVar

from mosh_common.protocol import (
    ACK_DELAY_MS,
    PROSPECTIVE_EXCESS_LOSSY_OCTETS,
    PROSPECTIVE_EXCESS_OCTETS,
    PROSPECTIVE_LIMIT_OCTETS,
    SEND_INTERVAL_MAX_MS,
    SEND_INTERVAL_MIN_MS,
    SHUTDOWN_NUMBER,
    SHUTDOWN_TIMEOUT_MS,
)
from mosh_common.sync.pacing import (
    LOSSY,
    NO_INTERACTION,
    REPEAT,
    REPEAT_LIMIT_OCTETS,
    Due,
    Interaction,
    Link,
    Pacing,
    Situation,
)
from mosh_common.sync.path.loss import LossEstimate
from mosh_common.sync.sent_states import SentState, SentStates
from mosh_common.sync.shutdown import Shutdown
from mosh_common.sync.state import LocalState
from mosh_common.wire.instruction import CHAFF_ENTROPY_OCTETS, Instruction, chaff

Local = TypeVar("Local", bound=LocalState)


class Sending(NamedTuple):
    """An instruction to be sent now."""

    instruction: Instruction
    rule: str  # why now
    resent: bool  # its number was sent before


class Sender(Generic[Local]):
    """Our object on its way to the peer."""

    def __init__(
        self,
        initial: Local,
        *,
        pacing: Pacing,
        entropy: Callable[[int], bytes],
        now: int,
        loss: LossEstimate | None = None,
        interaction: Callable[[], Interaction] = lambda: NO_INTERACTION,
    ) -> None:
        self._pacing: Final = pacing
        self._interaction: Final = interaction  # the owner says what it knows of it now
        self._entropy: Final = entropy
        self._loss: Final = loss if loss is not None else LossEstimate()  # is told what had to be sent again
        # States.
        self.sent: Final[SentStates[Local]] = SentStates(initial, now=now)
        self._target = initial  # what the owner has
        self._current = initial  # what is to be sent: `_target`, or a part of the way there
        self._changed_at: int | None = None  # since when `_current` differs from `sent.state`
        self._touched_at = now  # when it changed last
        # What was sent.
        self._last_sent_at = now  # any instruction
        self._last_frame_at = now - SEND_INTERVAL_MAX_MS  # one that showed something new …
        self._last_frame_octets = 0  # … and the length of its diff
        self._last: Instruction | None = None  # the newest one, for early repeats
        self._copies = 0  # how often it went out
        self._repeatable = False  # it is short enough for that
        # Acknowledgements of the peer's states.
        self._ack_num = 0
        self._ack_due_at = now  # an empty ack is due; the first at once, which tells a peer where we are
        # Shutdown.
        self.shutdown: Final = Shutdown()
        self.shutdown_ack_sent = False  # an acknowledgement of the peer's shutdown was sent

    # --- What comes in ------------------------------------------------------------------------------------------

    def set_state(self, state: Local, *, now: int) -> None:
        """Take the owner's object as it is now. Ignored once shutdown started."""
        if not self.shutdown.in_progress:
            if state != self._target:
                self._touched_at = now
            self._target = state
            self._aim(now=now)

    def receive_ack(self, number: int, *, now: int) -> None:
        """Take the newest number that the peer holds; unknown ones are ignored."""
        entry = self.sent.acknowledge(number)
        if entry is None:
            return
        if not entry.doubted:
            self._loss.answered(in_time=True)
        self.sent.trim(entry.state)
        self._target = self._target.trimmed(entry.state)
        self._aim(now=now)

    def set_ack(self, number: int, *, data: bool, now: int) -> None:
        """Acknowledge the peer's state `number` from now on; `data`: within ACK_DELAY_MS."""
        self._ack_num = number
        if data:
            self._ack_due_at = min(self._ack_due_at, now + ACK_DELAY_MS)
        else:
            self._ack_due_at = self._pacing.heartbeat_due(self._ack_due_at, now=now)

    def probe(self, *, now: int) -> None:
        """Send something at once (but not right after something else): the path may have changed."""
        self._ack_due_at = min(self._ack_due_at, max(now, self._last_sent_at + SEND_INTERVAL_MIN_MS))

    def path_changed(self, *, now: int) -> None:
        """Say that what is under way went where the peer is no longer."""
        self.sent.doubt_all()
        self.probe(now=now)

    def start_shutdown(self, *, now: int, patience_ms: int = SHUTDOWN_TIMEOUT_MS, as_sent: bool = False) -> None:
        """Freeze the object and go on to the shutdown state; called again, it can only become less patient.

        `as_sent`: freeze it as it was sent last.
        """
        if as_sent:
            self.set_state(self.sent.state, now=now)
        if patience_ms > SHUTDOWN_TIMEOUT_MS:
            self.sent.keep_ends()  # a silent peer may be waited for for a day: that is not to cost dozens of states
        self.shutdown.start(patience_ms=patience_ms, now=now)

    # --- What goes out ------------------------------------------------------------------------------------------

    def next_deadline(self, *, now: int, link: Link) -> int:
        """Return when `instruction_to_send` has something; changes nothing."""
        ack = self._next_ack(link)
        send = self._next_send(now=now, link=link).at
        return ack if send is None else min(ack, send)

    def instruction_to_send(self, *, now: int, link: Link) -> Sending | None:
        """Return the instruction that is due, which the caller sends; None when none is."""
        ack_due = now >= self._next_ack(link)
        due = self._next_send(now=now, link=link)
        send_due = due.at is not None and now >= due.at
        if not (ack_due or send_due) or self.shutdown.expired(now=now):
            return None
        if due.rule is REPEAT and send_due and not ack_due:
            return self._repeat(now=now)
        entries = self.sent.entries
        assumed = self.sent.assumed(answer_ms=self._pacing.answer_ms(link.rto), now=now)[0]
        if assumed and self._pacing.contact_lost(entries[1].sent_at, link, now=now):
            assumed = 0  # the first frame that gets through must be of use by itself
        if send_due or self._changed_at is not None or link.loss >= LOSSY:
            base, diff = self._choose_base(assumed, link)
        else:  # a bare acknowledgement: what is under way needs no insurance yet
            base, diff = assumed, self._current.diff_from(entries[assumed].state)
        if not diff:
            # The base's difference to the current state, if any, cannot be expressed: to the peer they are the same.
            self.sent.equate(base, self._current)
            if not ack_due and not self._may_show_another():
                for index in range(len(entries)):
                    self.sent.equate(index, self._current)
                self._changed_at = None
                return None
        return self._send(base, diff, due.rule if send_due else "ack due", overdue=send_due, now=now)

    # --- Facts --------------------------------------------------------------------------------------------------

    def local_state(self) -> Local:
        """Return the owner's object, trimmed."""
        return self._target

    # --- Timers -------------------------------------------------------------------------------------------------

    def _next_ack(self, link: Link) -> int:
        # "On shutdown, ack at the send interval": ours (which repeats it) and the peer's (which ends it).
        repeating = self.shutdown.in_progress and not self.shutdown.tries_used_up
        if repeating or self._ack_num == SHUTDOWN_NUMBER:
            return min(self._ack_due_at, self._last_sent_at + link.send_interval)
        probe = self._pacing.probe_at(self._last_sent_at, link)
        return self._ack_due_at if probe is None else min(self._ack_due_at, probe)

    def _next_send(self, *, now: int, link: Link) -> Due:
        entries, current = self.sent.entries, self._current
        last = entries[-1]
        assumed, doubted_at = self.sent.assumed(answer_ms=self._pacing.answer_ms(link.rto), now=now)
        situation = Situation(
            link=link,
            last_sent_at=self._last_sent_at,
            last_frame_at=self._last_frame_at,
            last_frame_octets=self._last_frame_octets,
            volley_at=last.sent_at,
            changed_at=self._changed_at,
            touched_at=self._touched_at,
            minor=self._changed_at is not None and current.looks_like(last.state),
            assumed_is_current=entries[assumed].state == current,
            # Of a state in between nobody knows whether it arrived: then the peer shows that one.
            acknowledged_is_current=all(entry.state == current for entry in entries),
            doubted_at=doubted_at,
            copies=self._copies,
            repeatable=self._repeatable,
            interaction=self._interaction(),
        )
        return self._pacing.next_send(situation, now=now)

    # --- States -------------------------------------------------------------------------------------------------

    def _aim(self, *, now: int) -> None:
        """Choose what to send next, and note since when it differs from what was sent last."""
        self._current = self._target.within_reach(self.sent.acknowledged_state)
        if self.sent.state == self._current:
            self._changed_at = None
        elif self._changed_at is None:
            self._changed_at = now

    def _choose_base(self, assumed: int, link: Link) -> tuple[int, bytes]:
        """Return the index of the state to start from and the diff: from the assumed or the acknowledged one."""
        entries = self.sent.entries
        diff = self._current.diff_from(entries[assumed].state)
        if assumed:
            longer = self._current.diff_from(entries[0].state)
            excess = len(longer) - len(diff)
            worth = PROSPECTIVE_EXCESS_OCTETS if link.loss < LOSSY else PROSPECTIVE_EXCESS_LOSSY_OCTETS
            if excess <= 0 or (len(longer) < PROSPECTIVE_LIMIT_OCTETS and excess < worth):
                return 0, longer
        return assumed, diff

    def _may_show_another(self) -> bool:
        """Return whether the peer, holding one of the states that were sent, would see the current one as another."""
        current = self._current
        return any(entry.state != current and current.diff_from(entry.state) for entry in reversed(self.sent.entries))

    def _send(self, base: int, diff: bytes, rule: str, *, overdue: bool, now: int) -> Sending:
        last = self.sent.entries[-1]
        old_num = self.sent.entries[base].number
        if self.shutdown.in_progress:
            number = SHUTDOWN_NUMBER
            self.shutdown.tried()
        elif diff and last.state == self._current:
            number = last.number  # "a resend of the current state keeps its number and refreshes its time"
        else:
            number = last.number + 1
        if diff and not self._current.looks_like(last.state):
            self._last_frame_at = now
            self._last_frame_octets = len(diff)
        resent = number == last.number
        if resent:
            # What is long may have been too long for the path, which says nothing about the rest (path_mtu.py).
            if overdue and not last.doubted and self._repeatable:
                self._loss.answered(in_time=False)
            self.sent.resend(SentState(now, number, self._current, old_num, doubted=overdue or last.doubted))
        else:
            self.sent.add(SentState(now, number, self._current, old_num))
        self._changed_at = None
        instruction = Instruction(
            old_num=old_num,
            new_num=number,
            ack_num=self._ack_num,
            throwaway_num=self.sent.acknowledged_number,
            diff=diff,
            # SECURITY: acknowledgements too, or their lengths, which are all alike, would show which of the others are
            # keys and when each was pressed. test_lengths_alone_hardly_tell_keys_from_acknowledgements
            chaff=chaff(self._entropy(CHAFF_ENTROPY_OCTETS)),
        )
        self._last = instruction
        self._copies = 1
        self._repeatable = bool(diff) and len(diff) <= REPEAT_LIMIT_OCTETS and not self.shutdown.in_progress
        self._note_sent(now=now)
        return Sending(instruction, rule, resent)

    def _repeat(self, *, now: int) -> Sending:
        """Send the newest instruction once more, before it could have been acknowledged."""
        assert self._last is not None
        if self._last.ack_num != self._ack_num:
            self._last = self._last._replace(ack_num=self._ack_num)
        self._copies += 1
        self._note_sent(now=now)
        return Sending(self._last, REPEAT, resent=True)

    def _note_sent(self, *, now: int) -> None:
        self._last_sent_at = now
        self._ack_due_at = now + self._pacing.heartbeat_interval_ms
        self.shutdown_ack_sent = self._ack_num == SHUTDOWN_NUMBER
