"""Round-trip times from 16-bit timestamps (docs/wire.md §1; the estimator is RFC 6298's).

Knows nothing of datagrams; the endpoint gives it only what came in order.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Final

from mosh_common.protocol import (
    CONGESTION_PENALTY_MS,
    RTO_MAX_MS,
    RTO_MIN_MS,
    RTT_SAMPLE_LIMIT_MS,
    RTTVAR_START_MS,
    SRTT_START_MS,
    TIMESTAMP_HOLD_MS,
    TIMESTAMP_MODULUS,
    TIMESTAMP_NONE,
)

# RFC 6298 §2.3: what a new sample weighs.
_SRTT_GAIN: Final = 1 / 8
_RTTVAR_GAIN: Final = 1 / 4
RECENT_MS: Final = 5000  # holds a heartbeat's answer at the least, and a link that changed is soon seen to have


def timestamp16(now: int) -> int:
    """Return the clock as it goes into a datagram; never TIMESTAMP_NONE."""
    timestamp = now % TIMESTAMP_MODULUS
    return 0 if timestamp == TIMESTAMP_NONE else timestamp


class RoundTripTime:
    """The smoothed round-trip time, the path's own, and the peer's timestamp waiting to be sent back."""

    __slots__ = ("_moved", "_recent", "_saved", "_saved_at", "measured", "rttvar", "srtt")

    def __init__(self) -> None:
        # The estimate, ms.
        self.srtt = SRTT_START_MS
        self.rttvar = RTTVAR_START_MS
        self.measured = False  # whether any sample came
        # (when, sample) of those that no later one undercut, within RECENT_MS before the newest; ever longer samples.
        self._recent: deque[tuple[int, int]] = deque()
        self._moved = False  # the path is another since the newest of them
        # The peer's newest timestamp and when it came; None = sent back already.
        self._saved: int | None = None
        self._saved_at = 0

    def receive_timestamps(
        self, timestamp: int, reply: int, *, now: int, congestion: bool = False, arrived_at: int | None = None
    ) -> None:
        """Take the timestamps of an in-order datagram; `congestion`: it met a congested router (ECN CE).

        `arrived_at`: when it came, if not `now`. What it waited for us since then is no part of the path's round trip.
        """
        if timestamp != TIMESTAMP_NONE:
            # Our reply will look older than it is, so the peer takes the path for slower and sends less.
            self._saved = (timestamp - (CONGESTION_PENALTY_MS if congestion else 0)) % TIMESTAMP_MODULUS
            self._saved_at = now
        if reply != TIMESTAMP_NONE:
            sample = (timestamp16(now) - reply) % TIMESTAMP_MODULUS
            if sample < RTT_SAMPLE_LIMIT_MS:
                # The first tells how long the two took to begin: a server starts the shell before it answers.
                if self.measured:
                    waited = 0 if arrived_at is None else now - arrived_at
                    self._add_recent(max(sample - waited, 0), now=now)
                self._add(sample)

    def take_reply(self, *, now: int) -> int:
        """Return the timestamp reply for the next datagram, and forget it: each is echoed once."""
        saved, self._saved = self._saved, None
        held = now - self._saved_at
        if saved is None or held >= TIMESTAMP_HOLD_MS:
            return TIMESTAMP_NONE
        return (saved + held) % TIMESTAMP_MODULUS

    @property
    def shortest(self) -> int | None:
        """The shortest of the recent samples but the first, ms; None = there was none.

        What a sample holds besides the path's round trip is delay of the two programs, which had other work before they
        read the datagram or sent the answer. Now and then there is none of it.
        """
        return self._recent[0][1] if self._recent else None

    @property
    def queueing(self) -> int:
        """How much longer than `shortest` the newest sample was, ms: what waits on the path for its turn, or jitter."""
        return self._recent[-1][1] - self._recent[0][1] if self._recent else 0

    def path_moved(self) -> None:
        """Say that the path is another: `shortest` holds until something is known of that."""
        self._moved = True

    @property
    def rto(self) -> int:
        """Retransmission timeout, ms."""
        return min(max(math.ceil(self.srtt + 4 * self.rttvar), RTO_MIN_MS), RTO_MAX_MS)

    def _add(self, sample: int) -> None:
        if not self.measured:
            self.measured = True
            self.srtt = float(sample)
            self.rttvar = sample / 2
            return
        self.rttvar += _RTTVAR_GAIN * (abs(self.srtt - sample) - self.rttvar)
        self.srtt += _SRTT_GAIN * (sample - self.srtt)

    def _add_recent(self, sample: int, *, now: int) -> None:
        recent = self._recent
        if self._moved:
            self._moved = False
            recent.clear()
        while recent and recent[-1][1] >= sample:
            recent.pop()
        recent.append((now, sample))
        while recent[0][0] <= now - RECENT_MS:
            recent.popleft()
