"""The screen scrolls when a line grows beyond the bottom row: showing that before the server does.

Until a frame shows it, frames are looked at as if they had scrolled already, so that guesses keep their rows. Knows
nothing of guesses and time.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import EMPTY, Snapshot, blank_row

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


def _left_of_cursor(screen: Snapshot) -> str:
    return screen.rows[-1][0][: screen.cursor_column]


def _moved_up(screen: Snapshot) -> Snapshot:
    return screen._replace(
        rows=(*screen.rows[1:], blank_row(screen.columns)),
        cursor_row=max(screen.cursor_row - 1, 0),
        wrap_pending=False,
    )
