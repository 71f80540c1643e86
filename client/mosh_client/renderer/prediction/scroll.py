"""The screen scrolls when a line grows beyond the bottom row, or ends there: showing that before the server does.

Until a frame shows it, frames are looked at as if they had scrolled already, so that guesses keep their rows. Knows
nothing of guesses and time.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import EMPTY, Row, Snapshot, blank_row

# Characters of the row that must be there to tell by whether it has moved.
_LEAST_KNOWN: Final = 4


class BottomScroll:
    """A scroll by one row that a key is expected to have brought about."""

    __slots__ = ("_known", "_moved", "batch")

    def __init__(self, screen: Snapshot, batch: int) -> None:
        """Expect it of input `batch`, typed while the server showed `screen`."""
        self.batch = batch
        self._known = _left_of_cursor(screen)
        self._moved = (screen, _moved_up(screen))

    @staticmethod
    def can_be_told(screen: Snapshot) -> bool:
        """Whether later frames will tell if the bottom row, where the cursor is, has moved up."""
        # "if frames can tell"
        if screen.cursor_row != screen.lines - 1 or screen.lines < 2:
            return False
        known = _left_of_cursor(screen)
        return len(known.strip(f"{EMPTY} ")) >= _LEAST_KNOWN and not screen.rows[-2][0].startswith(known)

    def shown_by(self, screen: Snapshot) -> bool | None:
        """Whether a frame shows the scroll; None: it shows something else."""
        if screen.rows[-1][0].startswith(self._known):
            return False
        return True if screen.rows[-2][0].startswith(self._known) else None

    def over(self, screen: Snapshot) -> Snapshot:
        """Return the frame as it will look; the same object for the same frame."""
        if self._moved[0] is not screen:
            self._moved = (screen, _moved_up(screen))
        return self._moved[1]


class Scrolling:
    """What keys in the bottom row do to the rows above it."""

    def __init__(self) -> None:
        self._under_way: BottomScroll | None = None
        self._above_ended_line: tuple[Row, ...] | None = None  # what stood above the bottom row when a line ended there

    @property
    def under_way(self) -> bool:
        """Whether a scroll is expected that no frame has shown."""
        return self._under_way is not None

    def begin(self, screen: Snapshot, batch: int) -> None:
        """Expect that the screen scrolls by a row; the guesses and the line are to be moved up."""
        self._under_way = BottomScroll(screen, batch)

    def cancel(self) -> None:
        """Go back to what the server shows."""
        self._under_way = None

    def over(self, screen: Snapshot) -> Snapshot:
        """Return a frame as it looks after the scroll that is under way."""
        return screen if self._under_way is None else self._under_way.over(screen)

    def failed(self, screen: Snapshot, *, echo_acknowledged: int) -> bool:
        """Look whether a frame shows the scroll that is under way; whether it should, or shows something else."""
        if self._under_way is None:
            return False
        shown = self._under_way.shown_by(screen)
        if shown:
            # "which is shown until a frame does"
            self._under_way = None
            return False
        return shown is None or echo_acknowledged >= self._under_way.batch

    def end_line(self, screen: Snapshot) -> None:
        """Take note that a line ends in the bottom row."""
        self._above_ended_line = screen.rows[:-1]

    def is_line_in_sight(self, screen: Snapshot) -> bool:
        """Whether the line that ended in the bottom row stands there still."""
        # "the line stays in sight until the screen scrolls"
        return self._above_ended_line is not None and screen.rows[:-1] == self._above_ended_line


def _left_of_cursor(screen: Snapshot) -> str:
    return screen.rows[-1][0][: screen.cursor_column]


def _moved_up(screen: Snapshot) -> Snapshot:
    return screen._replace(
        rows=(*screen.rows[1:], blank_row(screen.columns)),
        cursor_row=max(screen.cursor_row - 1, 0),
        wrap_pending=False,
    )
