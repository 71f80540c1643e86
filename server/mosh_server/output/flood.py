"""The flood: output faster than anybody can read, and what the user types into it.

Big batches are cheap per octet, but while one is read and digested no key goes to the application and no frame to the
client. So here is decided how much is read at once, how soon again, how often the screen is looked at, and what of the
output is taken for the answer to a key; `sync/pacing.py` is told of it as an `Interaction`. Reads no clock: it is told.
"""

from __future__ import annotations

from typing import Final

from mosh_common.sync.pacing import ANSWER_WITHIN_MS, NO_INTERACTION, Interaction

# --- What is a flood: a threshold for each decision -------------------------------------------------------------------

MORE_FOLLOWS_OCTETS: Final = 2048  # fills a pty's buffer by half: reading goes on, and what it leaves is glanced at
FEWER_FRAMES_OCTETS: Final = 16 * 1024  # of one reading, digested: from here on fewer frames show it (sync/pacing.py)

# --- One reading ------------------------------------------------------------------------------------------------------

REFILL_MS: Final = 1  # until a pty is full again: it takes some 50 µs; a program that needs longer is no flood
READING_NS: Final = 8_000_000  # as long as about as much as is digested at once takes to read
PROMPT_OCTETS: Final = 128  # what is longer and ends like a prompt is a piece of text cut anywhere

# --- Batches ----------------------------------------------------------------------------------------------------------

TARGET_MS: Final = 10  # half of the shortest send interval: a flood costs frames and Ctrl-C no more than that
LEAST_OCTETS: Final = 16 * 1024  # a few screens of text: lines that scroll away unseen cost next to nothing
# What is ready in so little time may be twice as long: much of what long batches hold costs nothing (skipping.py,
# overpainting.py), so that most take less than twice the time.
GROWTH_MS: Final = 7
# But what takes several times as long as it may is no text: so little of it is read that Ctrl-C has little to wait for.
COSTLY_MS: Final = 4 * TARGET_MS
COSTLY_OCTETS: Final = 2048
MOST_OCTETS: Final = 256 * 1024  # beyond, nothing gets cheaper
START_OCTETS: Final = 64 * 1024  # nobody knows yet what it costs
# Digesting takes no more of a turn than this. In the next one signals, datagrams and keys come first, then the rest.
TURN_NS: Final = 20_000_000  # of the processor's time

# --- Rests ------------------------------------------------------------------------------------------------------------

# A flood that goes on for so long is a mistake, or nobody looks: while its pty is not read, the program that writes it
# has to wait as well, and the machine has time for others. (A file of 40 MB has been shown by then.)
LONG_FLOOD_MS: Final = 1000
LONG_BATCH_OCTETS: Final = LEAST_OCTETS  # less in one turn leaves the machine time enough
REST_FACTOR: Final = 2  # reading is followed by a rest so many times as long; digesting what was read is part of it
REST_LIMIT_MS: Final = 20  # it may have taken long because others had the processor
PAUSE_MS: Final = 50  # without a long batch for so long, a flood has ended; one may be short because a key came

# --- Glances ----------------------------------------------------------------------------------------------------------

# In a flood the screen is looked at no more often than this, well within a send interval: more of what comes between
# scrolls away, or is overwritten, without ever being drawn.
GLANCE_INTERVAL_MS: Final = 8

# --- Answers ----------------------------------------------------------------------------------------------------------

TYPED_OCTETS: Final = 32  # typing, even on a slow link; not a paste
ANSWER_OCTETS: Final = 4096  # what is longer is a new screen, in several writes; its rest has a turn of its own
_SPACE: Final = 0x20
_HARMLESS: Final = b"\x08\x7f\x1b"  # control characters that edit or move, and start no program


class Batch:
    """The size of the next batch, `octets`."""

    __slots__ = ("_digesting", "_took_ns", "octets")

    def __init__(self) -> None:
        self.octets = START_OCTETS
        self._digesting = 0  # octets of the batch that is being digested
        self._took_ns = 0  # so far

    def began(self, octets: int) -> None:
        """Say that a batch of `octets` was read."""
        self._digesting += octets

    def worked(self, took_ns: int) -> None:
        """Say that digesting it has taken so much more of the processor's time."""
        self._took_ns += took_ns

    def ended(self) -> None:
        """Say that it is digested."""
        if self._digesting:
            self.digested(self._digesting, took_ms=self._took_ns // 1_000_000)
        self._digesting = self._took_ns = 0

    def digested(self, octets: int, *, took_ms: int) -> None:
        """Learn from a batch of `octets` whose digestion took `took_ms` of the processor's time.

        Not of the wall clock's: on a busy machine smaller batches would only add to the load.
        """
        if took_ms <= TARGET_MS:
            if octets >= self.octets and took_ms <= GROWTH_MS:
                self.octets = min(self.octets * 2, MOST_OCTETS)
        elif octets < COSTLY_OCTETS:
            pass  # tells little: something may have been done for the first time
        elif took_ms > COSTLY_MS:
            self.octets = min(self.octets, max(octets * TARGET_MS // took_ms, COSTLY_OCTETS))
        else:
            self.octets = max(self.octets // 2, min(self.octets, LEAST_OCTETS))


class Rest:
    """Until when the pty is left alone, `until`: most of the time in a long flood, else not at all."""

    __slots__ = ("_began_at", "_expected_by", "until")

    def __init__(self) -> None:
        self.until = 0  # absolute ms; in the past: the pty is to be read
        self._began_at = 0  # the flood
        self._expected_by = -1  # the next long batch, if the flood goes on

    def read(self, octets: int, *, began_at: int, ended_at: int) -> None:
        """Learn that reading so many octets took from `began_at` to `ended_at`."""
        if octets < LONG_BATCH_OCTETS:
            return
        if began_at > self._expected_by:
            self._began_at = began_at
        if ended_at >= self._began_at + LONG_FLOOD_MS:
            self.until = ended_at + min(REST_FACTOR * (ended_at - began_at), REST_LIMIT_MS)
        self._expected_by = max(ended_at, self.until) + PAUSE_MS

    def end(self) -> None:
        """End it: a key may have come, and what answers it is to be seen."""
        self.until = 0


class Flood:
    """What is known of the output and of what was typed into it; every decision that hangs on its being a flood."""

    __slots__ = (
        "_batch",
        "_interaction",
        "_looked_at",
        "_more_follows",
        "_reading_ends_ns",
        "_rest",
        "_typed_at",
        "_typed_into_flood",
    )

    def __init__(self, *, now: int) -> None:
        self._batch = Batch()
        self._rest = Rest()
        self._reading_ends_ns: int | None = None  # the reading that is under way; None = it is not long so far
        # What was typed and printed.
        self._interaction = NO_INTERACTION
        self._typed_at: int | None = None  # something was typed then whose answer is awaited
        self._typed_into_flood = False  # it was typed into a flood: the rest of that comes before the answer
        # The screen.
        self._more_follows = False  # the last reading was long
        self._looked_at = now

    # --- What is read, and when -----------------------------------------------------------------------------------

    @property
    def batch_octets(self) -> int:
        """About how much is to be read at once."""
        return self._batch.octets

    @property
    def rests_until(self) -> int:
        """Until when the pty is not to be read, ms; in the past but for long floods."""
        return self._rest.until

    def end_rest(self) -> None:
        """Say that a datagram came: a key may be in it, and what answers it is to be seen."""
        self._rest.end()

    def patience_ms(self, piece: bytes, *, now_ns: int) -> int | None:
        """Return for how long more of a reading of MORE_FOLLOWS_OCTETS is waited for; 0 = what is there, None = enough.

        `piece` is what came last, b"" when nothing was there. In a flood the pty is refilled faster than the loop
        turns, or even than it is read: then reading goes on, but not for long. Afterwards say `read`.
        """
        if piece and len(piece) <= PROMPT_OCTETS and is_prompt(piece):
            return None
        if self._reading_ends_ns is None:
            self._reading_ends_ns = now_ns + READING_NS
        if now_ns >= self._reading_ends_ns:
            return None
        return 0 if piece else REFILL_MS

    def read(self, octets: int, *, began_at: int, ended_at: int) -> None:
        """Learn that reading so many octets took from `began_at` to `ended_at`; they are to be digested now."""
        self._reading_ends_ns = None
        self._batch.began(octets)
        self._rest.read(octets, began_at=began_at, ended_at=ended_at)
        # While nothing is read, that nothing comes tells nothing.
        if self._rest.until != self._interaction.rests_until:
            self._interaction = self._interaction._replace(rests_until=self._rest.until)

    def worked(self, took_ns: int) -> None:
        """Say that digesting what was read has taken so much more of the processor's time."""
        self._batch.worked(took_ns)

    def digested(self) -> None:
        """Say that all of what was read is digested."""
        self._batch.ended()

    # --- What is typed and printed --------------------------------------------------------------------------------

    def typed(self, data: bytes, *, now: int) -> None:
        """Note what was given to the application."""
        answering = len(data) <= TYPED_OCTETS
        known = self._interaction
        self._typed_at = now if answering else None
        self._typed_into_flood = known.flood
        self._interaction = known._replace(
            answering=answering,
            plain=answering and all(octet >= _SPACE or octet in _HARMLESS for octet in data),
            typed_into_flood_at=now if known.flood and answering else known.typed_into_flood_at,
        )

    def printed(self, data: bytes, *, now: int) -> None:
        """Note what the application printed: a whole reading."""
        octets = len(data)
        known = self._interaction
        awaited = self._typed_at is not None and now - self._typed_at <= ANSWER_WITHIN_MS
        self._typed_into_flood = self._typed_into_flood and octets > ANSWER_OCTETS
        self._interaction = known._replace(
            answering=known.answering and awaited and (octets <= ANSWER_OCTETS or self._typed_into_flood),
            prompt=is_prompt(data),
            flood=octets >= FEWER_FRAMES_OCTETS,
        )
        self._more_follows = octets >= MORE_FOLLOWS_OCTETS and not self._interaction.flood_broken(at=now)

    def interaction(self) -> Interaction:
        """Return what the pacing of frames is to know."""
        return self._interaction

    # --- How often the screen is looked at ------------------------------------------------------------------------

    def looked(self, *, now: int) -> None:
        """Say that the screen was looked at."""
        self._looked_at = now

    @property
    def glance_at(self) -> int:
        """When it may be looked at again although more follows."""
        return self._looked_at + GLANCE_INTERVAL_MS

    def may_look(self, *, now: int) -> bool:
        """Return whether it may be looked at now."""
        return not self._more_follows or now >= self.glance_at


def is_prompt(output: bytes) -> bool:
    """Return whether a program that wrote this is likely to wait for the user now."""
    return output.endswith(b" ")
