"""Which input the server's screen shows the effect of (protocol.md §6, "Echo ack N").

Knows nothing of screens: an application is given 50 ms to answer, then its answer is taken to be on the screen.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from ..protocol import ECHO_ACK_DELAY_MS, SHUTDOWN_NUMBER

# Input states that may arrive within those 50 ms, one client sending at most every 20 ms. Past it the two newest are
# taken as one, which acknowledges the earlier a little late.
PENDING_LIMIT: Final = 256


class EchoAckClock:
    """Turns the arrival of input states into the newest number that is old enough."""

    __slots__ = ("_pending", "number")

    def __init__(self) -> None:
        self._pending: deque[tuple[int, int]] = deque()  # (time from which the screen counts as the answer, number)
        self.number = 0  # the echo ack to put on the screen

    def receive_input(self, number: int, *, now: int) -> None:
        """Note that the new, non-empty input state `number` was given to the application."""
        if number == SHUTDOWN_NUMBER:
            return
        if len(self._pending) >= PENDING_LIMIT:
            self._pending.pop()
        self._pending.append((now + ECHO_ACK_DELAY_MS, number))

    def advance(self, *, now: int) -> bool:
        """Bring `number` up to date; return whether it changed, which makes a new state of the screen."""
        before = self.number
        while self._pending and self._pending[0][0] <= now:
            self.number = self._pending.popleft()[1]
        return self.number != before

    def next_deadline(self, *, now: int) -> int | None:
        """Return when `advance` changes something; None = never. Changes nothing."""
        return self._pending[0][0] if self._pending else None
