"""Whether the screen shows the answer to typed characters already, so that the echo ack need not wait 50 ms for it.

A character typed at the cursor that now stands there, with the cursor behind it, was answered: what the client guessed
of it can be judged, and the echo ack travels with the answer instead of in a frame of its own. Anything else is left
to time (echo_ack.py). Knows nothing of time.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mosh_common.terminal.cells import EMPTY, Snapshot

TYPED_OCTETS: Final = 16  # more at once is no typing
_BLANKS: Final = EMPTY + " "


class VisibleEcho:
    """The characters that the application was given and has not answered."""

    __slots__ = ("_behind", "_column", "_row", "_typed")

    def __init__(self) -> None:
        self._typed: deque[tuple[int, str]] = deque()  # (input state, its characters); empty = nothing is expected
        self._row = self._column = 0  # where the next of them should appear
        self._behind = ""  # what stood there and to the right of it

    def expect(self, number: int, data: bytes, screen: Snapshot) -> None:
        """Note that input state `number` brings `data` while the screen is `screen`."""
        text = data.decode("ascii", "replace")
        if len(data) > TYPED_OCTETS or not (text.isascii() and text.isprintable()):
            self._typed.clear()
            self._typed.append((number, ""))  # what follows it is not foreseen, either, until time has passed
            return
        if self._typed and not self._typed[-1][1]:
            return
        if not self._typed:
            self._note_place(screen.cursor_row, screen.cursor_column, screen)
        self._typed.append((number, text))

    def forget_up_to(self, number: int) -> None:
        """Say that input states up to `number` count as answered, whatever the screen shows."""
        while self._typed and self._typed[0][0] <= number:
            self._typed.popleft()
            # Where the rest should appear is not known: it is left to time, too.
            if self._typed:
                self._typed = deque([(self._typed[-1][0], "")])

    def shown(self, screen: Snapshot) -> int | None:
        """Return the newest input state that `screen` answers in full, and forget it; None when there is none."""
        length = screen.cursor_column - self._column
        if not self._typed or length <= 0 or screen.cursor_row != self._row or self._row >= screen.lines:
            return None
        row = screen.rows[self._row][0]
        typed = "".join(text for _, text in self._typed)
        if not typed.startswith(row[self._column : screen.cursor_column]) or length > len(typed):
            return None
        # Within a line the rest must have given way, or the application is not done.
        after = row[screen.cursor_column :]
        if self._behind.strip(_BLANKS) and after != self._behind[: len(after)]:
            return None
        newest: int | None = None
        while self._typed and len(self._typed[0][1]) <= length:
            newest, text = self._typed.popleft()
            length -= len(text)
        if newest is None or length:
            return None  # half of what came at once: the rest will follow in a moment
        self._note_place(screen.cursor_row, screen.cursor_column, screen)
        return newest

    def _note_place(self, row: int, column: int, screen: Snapshot) -> None:
        self._row, self._column = row, column
        self._behind = screen.rows[row][0][column:]
