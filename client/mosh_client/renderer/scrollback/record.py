"""What the last rows of the terminal's scrollback are, so that rows which come back to the screen are not there twice.

Two kinds: those that left the session's screen, and behind them those that stand on it again, because its window grew:
a terminal that pulls fewer rows back than the session has them in its scrollback already. They are known by what they
say; how they looked is not compared.
"""

from __future__ import annotations

from collections import deque
from typing import Final, NamedTuple

from mosh_common.terminal.cells import Row, graphemes_of
from mosh_common.terminal.history.line import Position

RECORDED_ROWS: Final = 1024  # more than a window grows by


class _Recorded(NamedTuple):
    start: Position
    text: str
    graphemes: tuple[str, ...]
    wraps: bool


class Pulled(NamedTuple):
    """What came back from the scrollback."""

    foreign: int  # rows at the top of the screen that are not known here: the user's own, perhaps
    printed: Position | None  # where the scrollback ends now; None: where it ended


class Record:
    """The scrollback's end."""

    def __init__(self) -> None:
        self._rows: deque[_Recorded] = deque(maxlen=RECORDED_ROWS)
        self._standing: deque[_Recorded] = deque(maxlen=RECORDED_ROWS)  # behind these, and on the screen, too

    def forget(self) -> None:
        """Say that the scrollback may end with anything."""
        self._rows.clear()
        self._standing.clear()

    def add(self, row: Row, start: Position) -> None:
        """Say that a row went there."""
        self._standing.clear()
        self._rows.append(_recorded(row, start))

    def came_back(self, end: Position) -> None:
        """Say that the rows from `end` on are on the session's screen again."""
        while self._rows and self._rows[-1].start >= end:
            self._standing.appendleft(self._rows.pop())

    @property
    def wraps(self) -> bool | None:
        """Whether the scrollback's last row goes on in the screen's first one; None: that is not known."""
        rows = self._standing or self._rows
        return rows[-1].wraps if rows else None

    def has(self, row: Row, start: Position) -> bool:
        """Return whether a row that leaves the screen is there already, as the next of those that stand on it."""
        if not self._standing:
            return False
        if self._standing[0] == _recorded(row, start):
            self._rows.append(self._standing.popleft())
            return True
        self.forget()  # the screen was drawn anew: what stands there is of the past
        return False

    def pull(self, count: int) -> Pulled:
        """Say that the terminal has taken its last `count` rows back to its screen."""
        printed: Position | None = None
        while count and self._standing:
            self._standing.pop()
            count -= 1
        while count and self._rows:
            printed = self._rows.pop().start
            count -= 1
        return Pulled(count, printed)


def _recorded(row: Row, start: Position) -> _Recorded:
    return _Recorded(start, row[0], graphemes_of(row[3]), row[2])
