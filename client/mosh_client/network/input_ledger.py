"""Where the user's input is on its way: from a renderer's batch to the screen that shows its echo.

A batch ends at a position of the user's stream; a state that was sent holds the stream up to a position; an echo ack is
the number of a state. Knows no messages and no time.
"""

from __future__ import annotations

from collections import deque


class InputLedger:
    """Batches and states, by positions in the user's stream."""

    def __init__(self) -> None:
        self._states: deque[tuple[int, int]] = deque(((0, 0),))  # (number, position of its end), as sent
        self._batches: deque[tuple[int, int]] = deque()  # (batch, position of its end), not yet echoed
        self._echoed = 0  # the newest batch that was taken off `_batches`

    def begin_batches(self) -> None:
        """Say that batches are counted from 1 again: another renderer types."""
        self._batches.clear()
        self._echoed = 0

    def note_batch(self, batch: int, position: int) -> None:
        """Remember that the stream reached `position` with `batch`."""
        self._batches.append((batch, position))

    def note_sent(self, number: int, position: int) -> None:
        """Remember that the stream of that state, sent now perhaps not for the first time, ends at `position`."""
        if number > self._states[-1][0]:
            self._states.append((number, position))

    def take_echo_ack(self, number: int) -> int:
        """Return the newest batch that a screen with that echo ack shows, 0 = none; forget what came before."""
        states, batches = self._states, self._batches
        while len(states) > 1 and states[1][0] <= number:
            states.popleft()
        echoed = states[0][1] if states[0][0] <= number else 0
        while batches and batches[0][1] <= echoed:
            self._echoed = batches.popleft()[0]
        return self._echoed
