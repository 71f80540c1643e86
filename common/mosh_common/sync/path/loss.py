"""How many datagrams the path loses, from what is seen at one end.

On the way here, sequence numbers show every gap. On the way there, only what had to be sent again tells, and that the
answer may have been lost instead is taken into account. Knows nothing of time or of what the datagrams hold.
"""

from __future__ import annotations

from typing import Final

FAST_GAIN: Final = 1 / 50  # weight of one datagram in what notices a link that turned bad
SLOW_GAIN: Final = 1 / 300  # and in what remembers that it is: a few datagrams without loss prove nothing
# A longer run of losses is an outage: it says nothing about the datagrams after it.
OUTAGE_DATAGRAMS: Final = 12


class Share:
    """How large a part of all that happened was a loss: the larger of a fast and a slow average."""

    __slots__ = ("_count", "_fast", "_slow")

    def __init__(self) -> None:
        self._fast = 0.0
        self._slow = 0.0
        self._count = 0

    def add(self, *, lost: bool) -> None:
        """Take one more."""
        self._count += 1
        self._fast += FAST_GAIN * (lost - self._fast)
        # In the beginning a plain mean, as if something had gone well before.
        self._slow += max(1 / (self._count + 1 / FAST_GAIN), SLOW_GAIN) * (lost - self._slow)

    def take_back(self) -> None:
        """Say that one that counted as lost was not."""
        self._fast = max(self._fast - FAST_GAIN, 0.0)
        self._slow = max(self._slow - SLOW_GAIN, 0.0)

    @property
    def value(self) -> float:
        """The share, 0–1."""
        return max(self._fast, self._slow)


class LossEstimate:
    """Shares of datagrams lost in each direction."""

    __slots__ = ("_incoming", "_unanswered")

    def __init__(self) -> None:
        self._incoming = Share()
        self._unanswered = Share()  # exchanges that failed: lost on the way there, or the answer on the way back

    def received(self, *, missing: int) -> None:
        """Take a datagram with the highest sequence number so far; `missing` numbers below it were skipped."""
        if missing > OUTAGE_DATAGRAMS:
            return
        for _ in range(missing):
            self._incoming.add(lost=True)
        self._incoming.add(lost=False)

    def received_late(self) -> None:
        """Take a datagram that was overtaken: it had been counted as lost."""
        self._incoming.take_back()

    def answered(self, *, in_time: bool) -> None:
        """Say whether what was sent once was acknowledged before it had to be sent again."""
        self._unanswered.add(lost=not in_time)

    @property
    def incoming(self) -> float:
        """Share lost on the way here, 0–1."""
        return self._incoming.value

    @property
    def outgoing(self) -> float:
        """Share lost on the way there, 0–1."""
        incoming, unanswered = self._incoming.value, self._unanswered.value
        return 0.0 if unanswered <= incoming else 1 - (1 - unanswered) / (1 - incoming)

    @property
    def worst(self) -> float:
        """Share lost in the direction that loses more: what repeats must make up for, as peers hear one way only."""
        return max(self.incoming, self.outgoing)
