"""Which of the client's input the screen shows the effect of (docs/wire.md §6).

An application is given ECHO_ACK_DELAY_MS to answer; then its answer counts as being on the screen, unless it was seen
there before (visible_echo.py). Knows nothing of screens.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from mosh_common.protocol import ECHO_ACK_DELAY_MS


class EchoAckClock:
    """The newest input state whose effect the screen shows, `number`."""

    __slots__ = ("_given", "number")

    def __init__(self) -> None:
        self.number = 0  # state 0 is empty: nothing to wait for
        self._given: deque[tuple[int, int]] = deque()  # (time, number), oldest first; those of some 50 ms

    def give(self, numbers: Iterable[int], *, now: int) -> None:
        """Note that the application was given the whole of those input states, oldest first."""
        self._given.extend([(now, number) for number in numbers])

    def advance(self, *, now: int) -> bool:
        """Move `number` on to the newest state that the application has had for long enough; say if it moved."""
        before = self.number
        while self._given and self._given[0][0] + ECHO_ACK_DELAY_MS <= now:
            self.number = self._given.popleft()[1]
        return self.number != before

    def answered(self, number: int) -> None:
        """Move on to `number` at once: the screen shows the effect of that state."""
        while self._given and self._given[0][1] <= number:
            self.number = self._given.popleft()[1]

    def next_deadline(self) -> int | None:
        """Return when `advance` will move next, None when nothing is on its way."""
        return self._given[0][0] + ECHO_ACK_DELAY_MS if self._given else None
