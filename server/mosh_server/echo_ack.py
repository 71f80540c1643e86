"""Which of the client's input the screen shows the effect of (protocol.md §6).

An input state counts as echoed once the application has had it for ECHO_ACK_DELAY_MS. Knows numbers, offsets in the
stream of octets for the pty, and times; nothing else.
"""

from __future__ import annotations

from collections import deque

from mosh_common.protocol import ECHO_ACK_DELAY_MS


class EchoAck:
    """The newest input state whose effect the screen shows, `number`."""

    __slots__ = ("_given", "_queued", "number")

    def __init__(self) -> None:
        self.number = 0  # state 0 is empty: nothing to wait for
        self._queued: deque[tuple[int, int]] = deque()  # (offset of its last octet's end, state number)
        self._given: deque[tuple[int, int]] = deque()  # (time, state number) of those the pty took

    def queue(self, number: int, *, end: int) -> None:
        """Input state `number` is complete once the pty has taken `end` octets in all."""
        self._queued.append((end, number))

    def taken(self, total: int, *, now: int) -> None:
        """The pty has taken `total` octets in all."""
        while self._queued and self._queued[0][0] <= total:
            self._given.append((now, self._queued.popleft()[1]))

    def advance(self, *, now: int) -> bool:
        """Move `number` on to the newest state that the application has had for long enough; say if it moved."""
        before = self.number
        while self._given and self._given[0][0] + ECHO_ACK_DELAY_MS <= now:
            self.number = self._given.popleft()[1]
        return self.number != before

    def next_deadline(self) -> int | None:
        """Return when `advance` will move next, None when nothing is on its way."""
        return self._given[0][0] + ECHO_ACK_DELAY_MS if self._given else None
