"""How much of a flood of output is digested in one turn of the loop, and how soon the next turn may do so again.

Big batches are cheap per octet, but while one is digested no key goes to the application and no frame to the client.
So the size follows the time that the last ones took. Reads no clock: it is told.
"""

from __future__ import annotations

from typing import Final

TARGET_MS: Final = 10  # half of the shortest send interval: a flood costs frames and Ctrl-C no more than that
LEAST_OCTETS: Final = 16 * 1024  # a few screens of text: lines that scroll away unseen cost next to nothing
# What is ready in so little time may be twice as long: much of what long batches hold costs nothing (skipping.py,
# overpainting.py), so that most take less than twice the time.
GROWTH_MS: Final = 7
# But what takes several times as long as it may is no text: so little of it is read that Ctrl-C has little to wait for.
COSTLY_MS: Final = 4 * TARGET_MS
COSTLY_OCTETS: Final = 2048
MOST_OCTETS: Final = 256 * 1024  # beyond, nothing gets cheaper
FLOOD_OCTETS: Final = 2048  # what is so long fills a pty's buffer by half: more follows
START_OCTETS: Final = 64 * 1024  # nobody knows yet what it costs

# A flood that goes on for so long is a mistake, or nobody looks: while its pty is not read, the program that writes it
# has to wait as well, and the machine has time for others. (A file of 40 MB has been shown by then.)
LONG_FLOOD_MS: Final = 1000
LONG_BATCH_OCTETS: Final = LEAST_OCTETS  # less in one turn leaves the machine time enough
REST_FACTOR: Final = 2  # reading is followed by a rest so many times as long; digesting what was read is part of it
REST_LIMIT_MS: Final = 20  # it may have taken long because others had the processor
PAUSE_MS: Final = 50  # without a long batch for so long, a flood has ended; one may be short because a key came


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


def is_prompt(output: bytes) -> bool:
    """Return whether a program that wrote this is likely to wait for the user now."""
    return output.endswith(b" ")
