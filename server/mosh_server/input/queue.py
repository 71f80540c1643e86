"""What waits to be written to the pty, and which input states are complete with which octet of it.

A pty takes input only as fast as its application reads; what it does not take waits here, bounded. Knows neither the
pty nor what the octets mean.
"""

from __future__ import annotations

from collections import deque
from typing import Final

# An application that takes no input must not cost memory without end. Beyond this, what is typed is lost, as it is
# in a tty whose own queue (4 KiB) is full; a paste of megabytes is not.
LIMIT_OCTETS: Final = 16 << 20
REPLIES_LIMIT_OCTETS: Final = 64 << 10  # answers behind this much unread input: the asker is not listening


class InputQueue:
    """Octets for the pty in order, `data`, and the states that they belong to."""

    __slots__ = ("_ends", "_taken", "data")

    def __init__(self) -> None:
        self.data = bytearray()  # not written yet; for the loop to write from, not to change
        self._taken = 0  # octets written in all
        self._ends: deque[tuple[int, int]] = deque()  # (octets written in all when it is complete, state number)

    def add(self, octets: bytes, *, limit: int = LIMIT_OCTETS) -> None:
        """Append `octets`, all or (when more than `limit` would wait) none of them."""
        if len(self.data) + len(octets) <= limit:
            self.data += octets

    def end_state(self, number: int) -> None:
        """Say that input state `number` is complete with what was added so far."""
        self._ends.append((self._taken + len(self.data), number))

    def written(self, count: int) -> None:
        """Say that the pty took the first `count` octets of `data`."""
        del self.data[:count]
        self._taken += count

    def complete_states(self) -> list[int]:
        """Return and forget the states that the pty has taken whole, oldest first."""
        numbers: list[int] = []
        while self._ends and self._ends[0][0] <= self._taken:
            numbers.append(self._ends.popleft()[1])
        return numbers

    def forget_states(self) -> None:
        """Forget which states what waits belongs to: the numbers of what follows are another client's."""
        self._ends.clear()

    def clear(self) -> None:
        """Forget what waits: nobody is left to take it."""
        self.written(len(self.data))
