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
    RECENT_MS,
    SEND_INTERVAL_MAX_MS,
    SEND_INTERVAL_MIN_MS,
    SENT_STATES_DROP,
    SENT_STATES_LIMIT,
    SHUTDOWN_NUMBER,
    SHUTDOWN_TIMEOUT_MS,
    SHUTDOWN_TRIES,
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
from mosh_common.sync.state import LocalState
from mosh_common.wire.instruction import CHAFF_ENTROPY_OCTETS, Instruction, chaff

Local = TypeVar("Local", bound=LocalState)


class SentState(NamedTuple, Generic[Local]):
    """A state that was sent."""

    sent_at: int  # last time, if more than once; early repeats not counted
    number: int
    state: Local
    base: int  # number of the state that its diff started from
    doubted: bool = False  # it was sent again because an acknowledgement was overdue


class Sending(NamedTuple):
    """An instruction to be sent now."""

    instruction: Instruction
    rule: str  # why now
    resent: bool  # its number was sent before


class Sender(Generic[Local]):
    """What the peer is known, assumed and supposed to hold of our object."""

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
        # States: [0] is acknowledged, [-1] was sent last.
        self._sent: list[SentState[Local]] = [SentState(now, 0, initial, 0)]
        self._target = initial  # what the owner has
        self._current = initial  # what is to be sent: `_target`, or a part of the way there
        self._changed_at: int | None = None  # since when `_current` differs from `_sent[-1]`
        self._touched_at = now  # when it changed last
        # What was sent.
        self._last_sent_at = now  # any instruction
        self._last_frame_at = now - SEND_INTERVAL_MAX_MS  # one that showed something new …
        self._last_frame_octets = 0  # … and the length of its diff
        self._last: Instruction | None = None  # the newest one, for early repeats
        self._copies = 0  # how often it went out
        self._repeatable = False  # it is short enough for that
        self.last_acknowledged_at: int | None = None  # when the newest acknowledged state was sent
        # Acknowledgements of the peer's states.
        self._ack_num = 0
        self._ack_due_at = now  # an empty ack is due; the first at once, which tells a peer where we are
        # Shutdown.
        self._shutdown_deadline: int | None = None  # when patience ends; None = not shutting down
        self._patient = False  # a silent peer is waited for
        self._shutdown_tries = 0
        self.shutdown_ack_sent = False  # an acknowledgement of the peer's shutdown was sent

    # --- What comes in ------------------------------------------------------------------------------------------

    def set_state(self, state: Local, *, now: int) -> None:
        """Take the owner's object as it is now. Ignored once shutdown started."""
        if self._shutdown_deadline is None:
            if state != self._target:
                self._touched_at = now
            self._target = state
            self._aim(now=now)

    def receive_ack(self, number: int, *, now: int) -> None:
        """Take the newest number that the peer holds; unknown ones are ignored."""
        sent = self._sent
        if number == sent[0].number:
            return
        for index, entry in enumerate(sent):
            if entry.number == number:
                if not entry.doubted:
                    self._loss.answered(in_time=True)
                del sent[:index]
                self.last_acknowledged_at = entry.sent_at
                self._trim(entry.state)
                self._aim(now=now)
                return

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
        self._sent[1:] = [entry._replace(sent_at=entry.sent_at - RECENT_MS) for entry in self._sent[1:]]
        self.probe(now=now)

    def start_shutdown(self, *, now: int, patience_ms: int = SHUTDOWN_TIMEOUT_MS, as_sent: bool = False) -> None:
        """Freeze the object and go on to the shutdown state; called again, it can only become less patient.

        `as_sent`: freeze it as it was sent last.
        """
        if as_sent:
            self.set_state(self._sent[-1].state, now=now)
        patient = patience_ms > SHUTDOWN_TIMEOUT_MS
        if self._shutdown_deadline is None:
            self._shutdown_deadline = now + patience_ms
            self._patient = patient
        else:
            self._shutdown_deadline = min(self._shutdown_deadline, now + patience_ms)
            self._patient = self._patient and patient

    def peer_heard(self) -> None:
        """Say that the peer is there: one that did not hear of the end so far can do so now."""
        if self._patient and self._tries_are_used_up:
            self._shutdown_tries = 0

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
        if not (ack_due or send_due) or self.shutdown_expired(now=now):
            return None
        if due.rule is REPEAT and send_due and not ack_due:
            return self._repeat(now=now)
        assumed = self._assumed(now=now, link=link)[0]
        if assumed and self._pacing.contact_lost(self._sent[1].sent_at, link, now=now):
            assumed = 0  # the first frame that gets through must be of use by itself
        if send_due or self._changed_at is not None or link.loss >= LOSSY:
            base, diff = self._choose_base(assumed, link)
        else:  # a bare acknowledgement: what is under way needs no insurance yet
            base, diff = assumed, self._current.diff_from(self._sent[assumed].state)
        if not diff:
            # The base's difference to the current state, if any, cannot be expressed: to the peer they are the same.
            self._sent[base] = self._sent[base]._replace(state=self._current)
            if not ack_due and not self._differs_from_last():
                self._changed_at = None
                return None
        return self._send(base, diff, due.rule if send_due else "ack due", overdue=send_due, now=now)

    # --- Facts --------------------------------------------------------------------------------------------------

    @property
    def sent_num(self) -> int:
        """Number of the newest state that was sent."""
        return self._sent[-1].number

    @property
    def acknowledged_num(self) -> int:
        """Number of the newest state that the peer is known to hold."""
        return self._sent[0].number

    def local_state(self) -> Local:
        """Return the owner's object, trimmed."""
        return self._target

    def last_sent_state(self) -> Local:
        """Return the newest state that was sent."""
        return self._sent[-1].state

    def acknowledged_state(self) -> Local:
        """Return the newest state that the peer is known to hold."""
        return self._sent[0].state

    @property
    def states_held(self) -> int:
        """How many sent states are remembered."""
        return len(self._sent)

    @property
    def shutdown_in_progress(self) -> bool:
        """Whether the shutdown state is what this side wants to send."""
        return self._shutdown_deadline is not None

    @property
    def shutdown_acknowledged(self) -> bool:
        """Whether the peer holds our shutdown state."""
        return self._sent[0].number == SHUTDOWN_NUMBER

    @property
    def shutdown_deadline(self) -> int | None:
        """When patience with an unanswered shutdown ends."""
        return self._shutdown_deadline

    def shutdown_expired(self, *, now: int) -> bool:
        """Return whether the peer had its chances to acknowledge our shutdown."""
        deadline = self._shutdown_deadline
        return deadline is not None and (now >= deadline or (not self._patient and self._tries_are_used_up))

    @property
    def _tries_are_used_up(self) -> bool:
        return self._shutdown_tries >= SHUTDOWN_TRIES

    # --- Timers -------------------------------------------------------------------------------------------------

    def _next_ack(self, link: Link) -> int:
        # "On shutdown, ack at the send interval": ours (which repeats it) and the peer's (which ends it).
        repeating = self.shutdown_in_progress and not self._tries_are_used_up
        if repeating or self._ack_num == SHUTDOWN_NUMBER:
            return min(self._ack_due_at, self._last_sent_at + link.send_interval)
        probe = self._pacing.probe_at(self._last_sent_at, link)
        return self._ack_due_at if probe is None else min(self._ack_due_at, probe)

    def _next_send(self, *, now: int, link: Link) -> Due:
        sent, current = self._sent, self._current
        assumed, doubted_at = self._assumed(now=now, link=link)
        situation = Situation(
            link=link,
            last_sent_at=self._last_sent_at,
            last_frame_at=self._last_frame_at,
            last_frame_octets=self._last_frame_octets,
            volley_at=sent[-1].sent_at,
            changed_at=self._changed_at,
            touched_at=self._touched_at,
            minor=self._changed_at is not None and current.looks_like(sent[-1].state),
            assumed_is_current=sent[assumed].state == current,
            acknowledged_is_current=sent[0].state == current,
            doubted_at=doubted_at,
            copies=self._copies,
            repeatable=self._repeatable,
            interaction=self._interaction(),
        )
        return self._pacing.next_send(situation, now=now)

    # --- States -------------------------------------------------------------------------------------------------

    def _aim(self, *, now: int) -> None:
        """Choose what to send next, and note since when it differs from what was sent last."""
        self._current = self._target.within_reach(self._sent[0].state)
        if self._sent[-1].state == self._current:
            self._changed_at = None
        elif self._changed_at is None:
            self._changed_at = now

    def _trim(self, known: Local) -> None:
        """Drop from all states what the peer has."""
        self._sent = [entry._replace(state=entry.state.trimmed(known)) for entry in self._sent]
        self._target = self._target.trimmed(known)

    def _assumed(self, *, now: int, link: Link) -> tuple[int, int | None]:
        """Return the index of the newest state that the peer may be assumed to hold, and when that runs out.

        A state is assumed to be held until its acknowledgement is overdue, if the state that its diff starts from is
        held or assumed, too. Never the shutdown state: a repeat of it must start from something that the peer has.
        """
        sent = self._sent
        acknowledged = sent[0].number
        assumed, doubted_at = 0, None
        doubts: dict[int, int] = {}  # when the assumption about a state runs out, by its number
        for index in range(1, len(sent)):
            entry = sent[index]
            doubt = self._pacing.doubted_at(entry.sent_at, link.rto)
            if entry.base > acknowledged:
                doubt = min(doubt, doubts.get(entry.base, now))
            if now < doubt and entry.number != SHUTDOWN_NUMBER:
                doubts[entry.number] = doubt
                assumed, doubted_at = index, doubt
        return assumed, doubted_at

    def _choose_base(self, assumed: int, link: Link) -> tuple[int, bytes]:
        """Return the index of the state to start from and the diff: from the assumed or the acknowledged one."""
        diff = self._current.diff_from(self._sent[assumed].state)
        if assumed:
            longer = self._current.diff_from(self._sent[0].state)
            excess = len(longer) - len(diff)
            worth = PROSPECTIVE_EXCESS_OCTETS if link.loss < LOSSY else PROSPECTIVE_EXCESS_LOSSY_OCTETS
            if excess <= 0 or (len(longer) < PROSPECTIVE_LIMIT_OCTETS and excess < worth):
                return 0, longer
        return assumed, diff

    def _differs_from_last(self) -> bool:
        """Return whether the peer, if it holds the state sent last, would see the current one as another."""
        last = self._sent[-1]
        if last.state == self._current:
            return False
        if self._current.diff_from(last.state):
            return True
        self._sent[-1] = last._replace(state=self._current)
        return False

    def _send(self, base: int, diff: bytes, rule: str, *, overdue: bool, now: int) -> Sending:
        last = self._sent[-1]
        old_num = self._sent[base].number
        if self.shutdown_in_progress:
            number = SHUTDOWN_NUMBER
            self._shutdown_tries += 1
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
            self._sent[-1] = SentState(now, number, self._current, old_num, doubted=overdue or last.doubted)
        else:
            self._sent.append(SentState(now, number, self._current, old_num))
            if len(self._sent) > SENT_STATES_LIMIT:
                del self._sent[-SENT_STATES_DROP]
        self._changed_at = None
        instruction = Instruction(
            old_num=old_num,
            new_num=number,
            ack_num=self._ack_num,
            throwaway_num=self._sent[0].number,
            diff=diff,
            # SECURITY: acknowledgements too, or their lengths, which are all alike, would show which of the others are
            # keys and when each was pressed. test_lengths_alone_hardly_tell_keys_from_acknowledgements
            chaff=chaff(self._entropy(CHAFF_ENTROPY_OCTETS)),
        )
        self._last = instruction
        self._copies = 1
        self._repeatable = bool(diff) and len(diff) <= REPEAT_LIMIT_OCTETS and not self.shutdown_in_progress
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
