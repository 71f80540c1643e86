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
    SEND_INTERVAL_MAX_MS,
    SEND_INTERVAL_MIN_MS,
)
from mosh_common.silence import CONNECT_PROBE_MS, HEARTBEAT_MISSED_MS, HEARTBEATS_MISSED_MS
from mosh_common.sync.path.contact import Contact

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
# In a flood nobody can read what is on the screen for so short a time, and each frame is a whole screen: fewer of them
# leave both ends the time to get on. Its last frame goes as soon as it has ended.
FLOOD_FRAME_INTERVAL_MS: Final = 80
FLOOD_QUIET_MS: Final = 10  # its screen is looked at each 8 ms
# What is typed into a flood may be the Ctrl-C that ends it: a frame that would only be in the way of the answer waits
# for so long, and the answer does not wait for the frame before it, however long that was.
FLOOD_HOLD_MS: Final = 20
BROKEN_QUIET_MS: Final = 2  # the shell's prompt follows the echo of Ctrl-C sooner

# --- Repeats on links that lose datagrams -------------------------------------------------------------------------

# From this share of lost datagrams on, what is small is repeated before anything could have been acknowledged.
LOSSY: Final = 0.025
RESIDUAL_LOSS: Final = 0.01  # repeated until no more than this share of states should be missing …
REPEATS_LIMIT: Final = 5  # … but not more often than this
REPEAT_GAP_DIVISOR: Final = 10  # the first repeat follows after this share of the round trip, the others ever later, …
REPEAT_GAP_MIN_MS: Final = 8  # … so that they outlast short bursts of loss
REPEAT_LIMIT_OCTETS: Final = 700  # an instruction (compressed) up to this is cheap to repeat

# --- Probes of a client that hears nothing ----------------------------------------------------------------------------

SILENCE_PROBE_MS: Final = 500  # after one missed heartbeat
# After two the interval grows with the silence, so an outage costs at most this share of its length again once it is
# over, and the number of probes grows with its logarithm only.
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
    contact: Contact  # when the peer was heard
    srtt: float = 100.0  # smoothed round-trip time, ms
    loss: float = 0.0  # share of datagrams that do not arrive; 0 also while the loss is known to be congestion
    congested: bool = False  # a router on the path complained lately


class Interaction(NamedTuple):
    """What is known of the application's output, and of what was typed before it; a client knows nothing of either."""

    answering: bool = False  # all that was printed since something was typed is the answer to that
    plain: bool = False  # what was typed was a character, which one write answers; not Enter, which starts programs
    prompt: bool = False  # what was printed last ends as if the next were up to the user
    flood: bool = False  # what was printed last was a piece of very much
    typed_into_flood_at: int | None = None  # when that happened last
    rests_until: int = 0  # what is printed is not looked at before, as of the last reading

    def flood_broken(self, *, at: int) -> bool:
        """Return whether a flood had become a trickle `at` that time (ms), right after something was typed into it."""
        typed_at = self.typed_into_flood_at
        return not self.flood and typed_at is not None and at - typed_at <= ANSWER_WITHIN_MS


NO_INTERACTION: Final = Interaction()


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
    interaction: Interaction = NO_INTERACTION


class Due(NamedTuple):
    """When something is to be sent, and by which rule."""

    at: int | None  # now_ms; None = not
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
        """Return the least time between two frames; all in ms (docs/wire.md §4)."""
        return min(max(math.ceil(srtt / 2), SEND_INTERVAL_MIN_MS), SEND_INTERVAL_MAX_MS)

    def answer_ms(self, rto: int) -> int:
        """Return how long the acknowledgement of a state may take; `rto` (RFC 6298) is in ms, too."""
        return rto + self.doubt_delay_ms

    def heartbeat_due(self, due_at: int, *, now: int) -> int:  # noqa: ARG002  # a server rides on the heartbeat that came
        """Return when an empty ack that is due at `due_at` goes out, now that the peer's heartbeat came."""
        return due_at

    def probe_at(self, _last_sent_at: int, _link: Link) -> int | None:
        """Return when (ms) a silent peer is to be sent something, whatever else there is to say; None = never."""
        return None

    def contact_lost(self, first_unacknowledged_at: int, link: Link, *, now: int) -> bool:
        """Return whether it is likely that nothing gets through, so that no state may be assumed to have arrived.

        That is when the peer is silent and an acknowledgement is overdue.
        """
        return self._silent(link, now=now) and first_unacknowledged_at + self.answer_ms(link.rto) <= now

    def next_send(self, situation: Situation, *, now: int) -> Due:
        """Return when the current state is to be sent."""
        link, last_sent_at = situation.link, situation.last_sent_at
        if situation.changed_at is not None:
            return self._next_change(situation)
        if not link.contact.worth_resending(now=now):
            return _NEVER  # the empty acks probe
        if not situation.assumed_is_current:
            return Due(last_sent_at + link.send_interval, "presumed lost")
        if situation.acknowledged_is_current:
            return _NEVER
        due = Due(situation.volley_at + self.answer_ms(link.rto), "not acknowledged")
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
        small = situation.last_frame_octets <= SMALL_FRAME_OCTETS and self._may_be_answer(situation)
        interval = self._frame_interval(situation)
        gap = max(interval // SMALL_GAP_DIVISOR, SMALL_GAP_MIN_MS) if small else interval
        return Due(max(complete_at, situation.last_frame_at + gap), "answer" if small else "changed")

    def _silent(self, link: Link, *, now: int) -> bool:
        """Return whether nothing was heard for twice the time that an acknowledgement may take."""
        return link.contact.seems_lost(answer_ms=self.answer_ms(link.rto), now=now)

    def _frame_interval(self, situation: Situation) -> int:
        """Return the least time between two frames; all in ms (docs/wire.md §4)."""
        return situation.link.send_interval

    def _may_be_answer(self, situation: Situation) -> bool:
        """Return whether somebody at a keyboard waits for this change."""
        return situation.interaction.answering

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
        silence = last_sent_at - link.contact.silent_since
        if link.contact.last_heard is None:
            return last_sent_at + min(max(silence, CONNECT_PROBE_MS), PROBE_MAX_MS)
        if silence < HEARTBEAT_MISSED_MS:
            return link.contact.silent_since + HEARTBEAT_MISSED_MS
        if silence < HEARTBEATS_MISSED_MS:
            return last_sent_at + SILENCE_PROBE_MS
        return last_sent_at + min(max(silence // PROBE_DIVISOR, PROBE_MIN_MS), PROBE_MAX_MS)

    def _may_be_answer(self, situation: Situation) -> bool:  # noqa: ARG002  # each change of a client's is a key
        return True

    def _complete_at(self, situation: Situation) -> int:
        assert situation.changed_at is not None
        return situation.changed_at


class ServerPacing(Pacing):
    """A server's: what answers a key goes sooner, what belongs to a flood more seldom."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(heartbeat_interval_ms=ACK_INTERVAL_MS + HEARTBEAT_SLACK_MS)

    def heartbeat_due(self, due_at: int, *, now: int) -> int:
        """Return when an empty ack goes out: with the client's, when that is soon enough."""
        return now if due_at - now <= HEARTBEAT_RIDE_MS else due_at

    def _frame_interval(self, situation: Situation) -> int:
        link, last_frame_at = situation.link, situation.last_frame_at
        if not self._silent(link, now=last_frame_at):
            return link.send_interval
        seldom = min((last_frame_at - link.contact.silent_since) // SILENT_FRAME_DIVISOR, SILENT_FRAME_MAX_MS)
        often = link.send_interval if link.congested else link.send_interval // SILENT_SPEEDUP
        return max(often, SEND_INTERVAL_MIN_MS, seldom)

    def _ends_flood(self, situation: Situation) -> bool:
        return situation.interaction.flood_broken(at=situation.touched_at) and not self._answered(situation)

    def _answered(self, situation: Situation) -> bool:
        """Return whether a frame went out since the last key was typed into a flood."""
        typed_at = situation.interaction.typed_into_flood_at
        return typed_at is None or typed_at < situation.last_frame_at

    def _complete_at(self, situation: Situation) -> int:
        interaction = situation.interaction
        typed_at = interaction.typed_into_flood_at
        if interaction.flood:
            due = situation.last_frame_at + max(FLOOD_FRAME_INTERVAL_MS, situation.link.send_interval)
            if typed_at is not None and not self._answered(situation):
                due = max(due, min(typed_at + FLOOD_HOLD_MS, due + FLOOD_FRAME_INTERVAL_MS))
            return min(max(situation.touched_at, interaction.rests_until) + FLOOD_QUIET_MS, due)
        if self._ends_flood(situation):  # the time of the change is not asked: it may be older than the key
            assert typed_at is not None
            quiet = 0 if interaction.prompt else BROKEN_QUIET_MS
            return min(situation.touched_at + quiet, typed_at + FLOOD_HOLD_MS)
        if not (interaction.answering and interaction.plain):
            answered = interaction.answering and interaction.prompt
            return situation.touched_at if answered else super()._complete_at(situation)
        assert situation.changed_at is not None
        quiet = int(situation.link.srtt / QUIET_DIVISOR)
        return min(situation.touched_at + quiet, situation.changed_at + COLLECTION_DELAY_SERVER_MS)


def copies_wanted(loss: float) -> int:
    """Return how often something small is sent at first, so that one of the copies is likely to arrive.

    `loss`: the share of datagrams that is lost, from 0 to 1 (docs/adr/0011-repeat-early.md).
    """
    if loss < LOSSY:
        return 1
    if loss >= 1:
        return REPEATS_LIMIT + 1
    return min(math.ceil(math.log(RESIDUAL_LOSS) / math.log(loss)), REPEATS_LIMIT + 1)


def repeat_gap(srtt: float, copies: int) -> int:
    """Return how long after the newest of `copies` (1 or more) copies the next one goes; both times in ms."""
    return max(round(srtt / REPEAT_GAP_DIVISOR), REPEAT_GAP_MIN_MS) << (copies - 1)
