"""How many datagrams the path loses, from what is seen at one end.

On the way here, sequence numbers show every gap. On the way there, only what had to be sent again tells, and that the
answer may have been lost instead is taken into account. Knows nothing of time or of what the datagrams hold.
"""

from __future__ import annotations

from typing import Final

GAIN: Final = 1 / 50  # weight of one datagram: the last hundred or so make the estimate
# A longer run of losses is an outage: it says nothing about the datagrams after it.
OUTAGE_DATAGRAMS: Final = 12


class LossEstimate:
    """Shares of datagrams lost in each direction, 0–1."""

    __slots__ = ("_unanswered", "incoming")

    def __init__(self) -> None:
        self.incoming = 0.0  # lost on the way here
        self._unanswered = 0.0  # exchanges that failed: lost on the way there, or the answer on the way back

    def received(self, *, missing: int) -> None:
        """Take a datagram with the highest sequence number so far; `missing` numbers below it were skipped."""
        if missing > OUTAGE_DATAGRAMS:
            return
        for _ in range(missing):
            self.incoming += GAIN * (1 - self.incoming)
        self.incoming -= GAIN * self.incoming

    def received_late(self) -> None:
        """Take a datagram that was overtaken: it had been counted as lost."""
        self.incoming = max(self.incoming - GAIN, 0.0)

    def answered(self, *, in_time: bool) -> None:
        """Say whether what was sent once was acknowledged before it had to be sent again."""
        self._unanswered += GAIN * ((not in_time) - self._unanswered)

    @property
    def outgoing(self) -> float:
        """Share lost on the way there."""
        if self._unanswered <= self.incoming:
            return 0.0
        return 1 - (1 - self._unanswered) / (1 - self.incoming)

    @property
    def worst(self) -> float:
        """Share lost in the direction that loses more: what repeats must make up for, as peers hear one way only."""
        return max(self.incoming, self.outgoing)
