"""When to send: every timing rule of the protocol (docs/wire.md §4), over facts and nothing else.

`Sender` gathers the facts and asks; another policy is another class with these methods. All times are absolute
milliseconds, None = never. Each answer names the rule it comes from, for debug lines. Why the rules are what they are
is in docs/adr/0010.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from mosh_common.protocol import (
    ACK_DELAY_MS,
    ACK_INTERVAL_MS,
    COLLECTION_DELAY_SERVER_MS,
    ECHO_ACK_DELAY_MS,
    RECENT_MS,
    SEND_INTERVAL_MAX_MS,
    SEND_INTERVAL_MIN_MS,
)

# --- Frames -----------------------------------------------------------------------------------------------------------

# Keys and their answers are small: they may follow each other four times as closely as frames that may be long.
SMALL_FRAME_OCTETS: Final = 500
SMALL_GAP_DIVISOR: Final = 4
SMALL_GAP_MIN_MS: Final = 8  # two frames for a key that a program answers in two steps, not one for each of its writes

# An answer to a key is one write, now and then two: it goes once the pty was quiet this share of the round trip, in
# which nobody sees the difference. (Less than 1 ms is up to the loop, which looks once more before it sends.)
QUIET_DIVISOR: Final = 150
QUIET_OTHER_MS: Final = 4  # other output comes in more pieces, with the program's own work between them
ANSWER_WITHIN_MS: Final = ECHO_ACK_DELAY_MS  # what is printed later is not the answer to a key
ANSWER_OCTETS: Final = 4096  # what is longer is a new screen, in several writes
# In a flood nobody can read what is on the screen for so short a time, and each frame is a whole screen: fewer of them
# leave both ends the time to get on. Its last frame goes as soon as it has ended.
FLOOD_OCTETS: Final = 16_384  # printed at once
FLOOD_FRAME_INTERVAL_MS: Final = 80
FLOOD_QUIET_MS: Final = 10  # its screen is looked at each 8 ms
# What is typed into a flood may be the Ctrl-C that ends it: a frame that would only be in the way of the answer waits
# for so long, and the answer does not wait for the frame before it, however long that was.
FLOOD_HOLD_MS: Final = 20
BROKEN_QUIET_MS: Final = 2  # the shell's prompt follows the echo of Ctrl-C sooner
TYPED_OCTETS: Final = 32  # typing, even on a slow link; not a paste

# --- Repeats on links that lose datagrams -------------------------------------------------------------------------

# From this share of lost datagrams on, what is small is repeated before anything could have been acknowledged.
LOSSY: Final = 0.025
RESIDUAL_LOSS: Final = 0.01  # repeated until no more than this share of states should be missing …
REPEATS_LIMIT: Final = 5  # … but not more often than this
REPEAT_GAP_DIVISOR: Final = 10  # the first repeat follows after this share of the round trip, the others ever later, …
REPEAT_GAP_MIN_MS: Final = 8  # … so that they outlast short bursts of loss
REPEAT_LIMIT_OCTETS: Final = 700  # an instruction (compressed) up to this is cheap to repeat

# --- Probes of a client that hears nothing ----------------------------------------------------------------------------

CONNECT_PROBE_MS: Final = 250  # a first datagram without an answer is repeated after this time, doubled each time
SILENCE_MS: Final = 4000  # a server that is there is heard each 3 s: this is one heartbeat missed …
LONG_SILENCE_MS: Final = 7000  # … and this two
SILENCE_PROBE_MS: Final = 500
# The interval grows with the silence, so an outage costs at most this share of its length again once it is over, and
# the number of probes grows with its logarithm only.
PROBE_DIVISOR: Final = 160
PROBE_MIN_MS: Final = 100
PROBE_MAX_MS: Final = 3000  # the heartbeat, which there is anyway

# A server that hears nothing goes on sending what changes, since nobody knows when the path is back: at first twice as
# often, since the next frame is the first that may arrive, then ever more seldom, by a like reckoning. (A client that
# is back says so, and then the next frame goes at once.)
SILENT_SPEEDUP: Final = 2
SILENT_FRAME_DIVISOR: Final = 1000
SILENT_FRAME_MAX_MS: Final = 3000

# A server whose heartbeat is due within this time sends it when the client's comes: one wake-up for both. Its own timer
# leaves the client's time to arrive.
HEARTBEAT_RIDE_MS: Final = 1500
HEARTBEAT_SLACK_MS: Final = 300


class Link(NamedTuple):
    """What is known of the path."""

    send_interval: int  # ms between two frames
    rto: int  # retransmission timeout, ms
    last_heard: int | None  # when the newest remote state came
    srtt: float = 100.0  # smoothed round-trip time, ms
    loss: float = 0.0  # share of datagrams that do not arrive; 0 also while the loss is known to be congestion
    contact_at: int | None = None  # when the last authentic datagram came; None = none yet
    congested: bool = False  # a router on the path complained lately


class Situation(NamedTuple):
    """What the sender knows when it asks whether to send."""

    link: Link
    last_sent_at: int  # when any instruction was sent last
    last_frame_at: int  # when one was sent that showed something new
    last_frame_octets: int  # how long that one's diff was
    volley_at: int  # when the newest state was sent, before it was repeated early
    changed_at: int | None  # when the current state began to differ from the one sent last; None = it does not
    touched_at: int  # when it changed last
    minor: bool  # it differs in nothing that anybody sees
    assumed_is_current: bool  # the peer is assumed to hold the current state
    acknowledged_is_current: bool  # the peer is known to hold it
    doubted_at: int | None  # when the next assumption about what the peer holds runs out
    copies: int  # how often the newest state was sent in this volley
    repeatable: bool  # and whether its instruction is short enough to be repeated early


class Due(NamedTuple):
    """When something is to be sent, and by which rule."""

    at: int | None
    rule: str


_NEVER: Final = Due(None, "nothing to send")
REPEAT: Final = "repeated early"


class Pacing:
    """Frames at most twice per round trip, answers to keys sooner, resends once an acknowledgement is overdue."""

    __slots__ = ("doubt_delay_ms", "heartbeat_interval_ms")

    def __init__(self, *, doubt_delay_ms: int = ACK_DELAY_MS, heartbeat_interval_ms: int = ACK_INTERVAL_MS) -> None:
        self.doubt_delay_ms: Final = doubt_delay_ms  # an acknowledgement may keep us waiting for so long
        self.heartbeat_interval_ms: Final = heartbeat_interval_ms  # between two empty acks

    def send_interval(self, srtt: float) -> int:
        """Return the least time between two frames, ms."""
        return min(max(math.ceil(srtt / 2), SEND_INTERVAL_MIN_MS), SEND_INTERVAL_MAX_MS)

    def doubted_at(self, sent_at: int, rto: int) -> int:
        """Return when a state sent at `sent_at` should have been acknowledged."""
        return sent_at + rto + self.doubt_delay_ms

    def heartbeat_due(self, due_at: int, *, now: int) -> int:  # noqa: ARG002  # a server rides on the heartbeat that came
        """Return when an empty ack that is due at `due_at` goes out, now that the peer's heartbeat came."""
        return due_at

    def probe_at(self, _last_sent_at: int, _link: Link) -> int | None:
        """Return when a silent peer is to be sent something, whatever else there is to say."""
        return None

    def contact_lost(self, first_unacknowledged_at: int, link: Link, *, now: int) -> bool:
        """Return whether it is likely that nothing gets through, so that no state may be assumed to have arrived.

        That is when nothing at all was heard for twice the time that an acknowledgement may take, and one is overdue.
        """
        return self._silent(link, now=now) and self.doubted_at(first_unacknowledged_at, link.rto) <= now

    def next_send(self, situation: Situation, *, now: int) -> Due:
        """Return when the current state is to be sent."""
        link, last_sent_at = situation.link, situation.last_sent_at
        if situation.changed_at is not None:
            return self._next_change(situation)
        if link.last_heard is None or now - link.last_heard >= RECENT_MS:
            return _NEVER  # the empty acks probe
        if not situation.assumed_is_current:
            return Due(last_sent_at + link.send_interval, "presumed lost")
        if situation.acknowledged_is_current:
            return _NEVER
        due = Due(self.doubted_at(situation.volley_at, link.rto), "not acknowledged")
        # Time alone may turn the assumption: then the rule above holds, but not before.
        if situation.doubted_at is not None:
            due = Due(min(due.at or 0, max(situation.doubted_at, last_sent_at + link.send_interval)), due.rule)
        if situation.repeatable and situation.copies < copies_wanted(link.loss):
            at = last_sent_at + repeat_gap(link.srtt, situation.copies)
            if due.at is None or at < due.at:
                return Due(at, REPEAT)
        return due

    def _next_change(self, situation: Situation) -> Due:
        """Return when a change goes out: once it is likely to be complete, and not too soon after the one before."""
        assert situation.changed_at is not None
        if situation.minor:
            # It waits for company, and takes no slot: what follows it is not held up by it.
            return Due(
                max(situation.changed_at + COLLECTION_DELAY_SERVER_MS, situation.last_sent_at + SEND_INTERVAL_MIN_MS),
                "changed, nothing to see",
            )
        complete_at = self._complete_at(situation)
        if self._ends_flood(situation):
            return Due(complete_at, "answer in a flood")
        small = situation.last_frame_octets <= SMALL_FRAME_OCTETS and self._may_be_answer()
        interval = self._frame_interval(situation)
        gap = max(interval // SMALL_GAP_DIVISOR, SMALL_GAP_MIN_MS) if small else interval
        return Due(max(complete_at, situation.last_frame_at + gap), "answer" if small else "changed")

    def _silent(self, link: Link, *, now: int) -> bool:
        """Return whether nothing was heard for twice the time that an acknowledgement may take."""
        return link.contact_at is not None and now - link.contact_at > 2 * (link.rto + self.doubt_delay_ms)

    def _frame_interval(self, situation: Situation) -> int:
        """Return the least time between two frames, ms."""
        return situation.link.send_interval

    def _may_be_answer(self) -> bool:
        """Return whether somebody at a keyboard waits for this change."""
        return False

    def _ends_flood(self, _situation: Situation) -> bool:
        """Return whether this change is what a key did to a flood. (One frame for a key, so no queue builds.)"""
        return False

    def _complete_at(self, situation: Situation) -> int:
        """Return when nothing more is expected to follow a change at once."""
        assert situation.changed_at is not None
        return min(situation.touched_at + QUIET_OTHER_MS, situation.changed_at + COLLECTION_DELAY_SERVER_MS)


class ClientPacing(Pacing):
    """A client's: what was read from the keyboard is complete, and somebody waits for what it brings about."""

    __slots__ = ()

    def __init__(self) -> None:
        # The server says within this time that the application was given a key.
        super().__init__(doubt_delay_ms=ECHO_ACK_DELAY_MS + COLLECTION_DELAY_SERVER_MS)

    def probe_at(self, last_sent_at: int, link: Link) -> int | None:
        """Return when to look whether the server can be reached (again), sooner the shorter it has been silent."""
        if link.contact_at is None:
            return None
        silence = last_sent_at - link.contact_at
        if link.last_heard is None:
            return last_sent_at + min(max(silence, CONNECT_PROBE_MS), PROBE_MAX_MS)
        if silence < SILENCE_MS:
            return link.contact_at + SILENCE_MS
        if silence < LONG_SILENCE_MS:
            return last_sent_at + SILENCE_PROBE_MS
        return last_sent_at + min(max(silence // PROBE_DIVISOR, PROBE_MIN_MS), PROBE_MAX_MS)

    def _may_be_answer(self) -> bool:
        return True

    def _complete_at(self, situation: Situation) -> int:
        assert situation.changed_at is not None
        return situation.changed_at


class ServerPacing(Pacing):
    """A server's. Told what is typed and printed, so that it knows what is the answer to a key."""

    __slots__ = (
        "_answering",
        "_flood",
        "_into_flood",
        "_plain",
        "_prompt",
        "_rests_until",
        "_typed_at",
        "_typed_into_flood_at",
    )

    def __init__(self) -> None:
        super().__init__(heartbeat_interval_ms=ACK_INTERVAL_MS + HEARTBEAT_SLACK_MS)
        self._typed_at: int | None = None  # something was typed then whose answer is awaited
        self._plain = False  # it was a character, which one write answers; not Enter, which starts programs
        self._answering = False  # all that was printed since then is such an answer
        self._prompt = False  # what was printed last ends like a prompt
        self._flood = False  # what was printed last was a piece of very much
        self._rests_until = 0  # what is printed is not looked at before
        self._into_flood = False  # what was typed was typed into that: its rest comes before the answer
        self._typed_into_flood_at: int | None = None  # when that happened last

    def typed(self, data: bytes, *, now: int) -> None:
        """Note what was given to the application."""
        self._answering = len(data) <= TYPED_OCTETS
        self._plain = self._answering and all(octet >= _SPACE or octet in _HARMLESS for octet in data)
        self._typed_at = now if self._answering else None
        self._into_flood = self._flood
        if self._flood and self._answering:
            self._typed_into_flood_at = now

    def printed(self, octets: int, *, prompt: bool = False, now: int) -> None:
        """Note how much the application printed; `prompt`: it ends as if the next were up to the user."""
        self._prompt = prompt
        awaited = self._typed_at is not None and now - self._typed_at <= ANSWER_WITHIN_MS
        self._into_flood = self._into_flood and octets > ANSWER_OCTETS
        self._answering = self._answering and awaited and (octets <= ANSWER_OCTETS or self._into_flood)
        self._flood = octets >= FLOOD_OCTETS

    def output_rests(self, *, until: int) -> None:
        """Note that what is printed is not looked at before that time."""
        self._rests_until = until

    def heartbeat_due(self, due_at: int, *, now: int) -> int:
        """Return when an empty ack goes out: with the client's, when that is soon enough."""
        return now if due_at - now <= HEARTBEAT_RIDE_MS else due_at

    def _frame_interval(self, situation: Situation) -> int:
        link, last_frame_at = situation.link, situation.last_frame_at
        if link.contact_at is None or not self._silent(link, now=last_frame_at):
            return link.send_interval
        seldom = min((last_frame_at - link.contact_at) // SILENT_FRAME_DIVISOR, SILENT_FRAME_MAX_MS)
        often = link.send_interval if link.congested else link.send_interval // SILENT_SPEEDUP
        return max(often, SEND_INTERVAL_MIN_MS, seldom)

    def _may_be_answer(self) -> bool:
        return self._answering

    def flood_broken(self, *, now: int) -> bool:
        """Return whether a flood became a trickle right after something was typed into it."""
        typed_at = self._typed_into_flood_at
        return not self._flood and typed_at is not None and now - typed_at <= ANSWER_WITHIN_MS

    def _ends_flood(self, situation: Situation) -> bool:
        return self.flood_broken(now=situation.touched_at) and not self._answered(situation)

    def _answered(self, situation: Situation) -> bool:
        """Return whether a frame went out since the last key was typed into a flood."""
        return self._typed_into_flood_at is None or self._typed_into_flood_at < situation.last_frame_at

    def _complete_at(self, situation: Situation) -> int:
        if self._flood:
            due = situation.last_frame_at + max(FLOOD_FRAME_INTERVAL_MS, situation.link.send_interval)
            typed_at = self._typed_into_flood_at
            if typed_at is not None and not self._answered(situation):
                due = max(due, min(typed_at + FLOOD_HOLD_MS, due + FLOOD_FRAME_INTERVAL_MS))
            return min(max(situation.touched_at, self._rests_until) + FLOOD_QUIET_MS, due)
        if self._ends_flood(situation):  # the time of the change is not asked: it may be older than the key
            assert self._typed_into_flood_at is not None
            quiet = 0 if self._prompt else BROKEN_QUIET_MS
            return min(situation.touched_at + quiet, self._typed_into_flood_at + FLOOD_HOLD_MS)
        if not (self._answering and self._plain):
            return situation.touched_at if self._answering and self._prompt else super()._complete_at(situation)
        assert situation.changed_at is not None
        quiet = int(situation.link.srtt / QUIET_DIVISOR)
        return min(situation.touched_at + quiet, situation.changed_at + COLLECTION_DELAY_SERVER_MS)


_SPACE: Final = 0x20
_HARMLESS: Final = b"\x08\x7f\x1b"  # control characters that edit or move, and start no program


def copies_wanted(loss: float) -> int:
    """Return how often something small is sent at first, so that one of the copies is likely to arrive."""
    if loss < LOSSY:
        return 1
    if loss >= 1:
        return REPEATS_LIMIT + 1
    return min(math.ceil(math.log(RESIDUAL_LOSS) / math.log(loss)), REPEATS_LIMIT + 1)


def repeat_gap(srtt: float, copies: int) -> int:
    """Return how long after the newest of `copies` copies the next one goes."""
    return max(round(srtt / REPEAT_GAP_DIVISOR), REPEAT_GAP_MIN_MS) << (copies - 1)
