"""What a terminal does to its primary screen when it gets another size, and what follows for the scrollback.

A terminal that shrinks puts rows into its scrollback, one that grows may take some back, and each in its own way
(docs/scrollback.md). All of them move the cursor along with its row, so they are asked where it is: the difference is
how many rows went. One that takes another width may wrap all of its lines anew; then only what is certain is used.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_client.renderer.scrollback.native_scroll import NativeScroll
from mosh_client.renderer.scrollback.places import rows_if_wrapped_anew
from mosh_common.terminal.cells import Snapshot, rows_lost_above
from mosh_common.terminal.history.line import Position

# For the terminal to say where its cursor is. Most take under 1 ms, one behind a slow ssh takes a round trip; nothing
# is drawn meanwhile, so one that said nothing the last time is not waited for so long.
ANSWER_PATIENCE_MS: Final = 1000
MUTE_PATIENCE_MS: Final = 100
CURSOR_QUESTION: Final = b"\x1b[6n"


class _Stood(NamedTuple):
    """What the screen showed before."""

    screen: Snapshot
    cursor_row: int
    end: Position | None  # where its first row begins; None: that is not known, or something covers it


class Resizing:
    """From a new size until it is known what became of the screen; nothing is drawn in between."""

    def __init__(self, scroll: NativeScroll) -> None:
        self._scroll = scroll
        self._stood: _Stood | None = None
        self._size = (0, 0)  # the new one
        self._answer_by: int | None = None  # the terminal was asked
        self._patience = ANSWER_PATIENCE_MS
        self._foreign_rows = 0  # at the top of the screen, which are to go into the scrollback again
        self.pending = False
        self.asked = False  # the question was put; who hears the answers says False again

    def drawn(self, screen: Snapshot, *, cursor_row: int, end: Position | None) -> None:
        """Say what the terminal shows; `screen` is the server's, whose first row begins at `end`, if that is seen."""
        self._stood = _Stood(screen, cursor_row, end)

    def cursor_left_at(self, row: int) -> None:
        """Say that the cursor was moved to `row` since."""
        if self._stood is not None:
            self._stood = self._stood._replace(cursor_row=row)

    def forget(self) -> None:
        """Say that nobody knows what it shows, and that it does not matter."""
        self._stood = None
        self.pending = False

    def begin(self, columns: int, lines: int) -> None:
        """Say that the terminal has that size now; `question` is to be asked, again if it was."""
        self._size = (columns, lines)
        self.pending = self._stood is not None
        self._answer_by = None

    def question(self, *, now: int) -> bytes:
        """Return what to write, while something is `pending`; it may not be any more afterwards."""
        if self._answer_by is None:
            self._answer_by = now + self._patience
            self.asked = True
            return CURSOR_QUESTION
        if now >= self._answer_by:
            self._patience = MUTE_PATIENCE_MS
            self.answered(None)
        return b""

    def next_deadline(self) -> int | None:
        """Return when to ask for `question` again; None = never."""
        return self._answer_by if self.pending else None

    def answered(self, row: int | None) -> None:
        """Take the row, from 0, in which the cursor is; None: the terminal did not say."""
        if row is not None:
            self._patience = ANSWER_PATIENCE_MS
            if self._answer_by is None:
                return  # that was of a size before
        stood = self._stood if self.pending else None
        self.pending = False
        if stood is None:
            return
        self._stood = None
        columns, lines = self._size
        grown = max(0, lines - stood.screen.lines)
        # Rather rows of the session twice than any lost: where nobody knows, all that fit may be of the scrollback.
        self._foreign_rows = grown if row is None else 0
        if columns != stood.screen.columns:
            if row is not None:
                self._foreign_rows = _rows_taken_back(stood, row, columns)
            if self._foreign_rows < grown:
                # What was on its way to the terminal when it grew has been drawn over rows that it had taken back, has
                # pushed none of its own, and set the cursor. Up to a screenful comes again from the history.
                self._scroll.pulled_by_terminal(lines - self._foreign_rows)
            self._scroll.wrapped_anew()
            return
        lost = rows_lost_above(stood.cursor_row, lines) if row is None else stood.cursor_row - row
        if lost > 0 and stood.end is not None:
            self._scroll.pushed_by_terminal(stood.screen.rows[:lost], stood.end)
        elif lost < 0:
            self._foreign_rows = self._scroll.pulled_by_terminal(-lost)

    def take_first(self) -> bytes:
        """Return what is to be written, once, before the screen is drawn: rows that are not the session's go back."""
        rows, self._foreign_rows = self._foreign_rows, 0
        return b"\x1b[m\x1b[%d;1H" % self._size[1] + b"\n" * rows if rows > 0 else b""


def _rows_taken_back(stood: _Stood, row: int, columns: int) -> int:
    """Return how many rows of the scrollback a terminal with another width shows, rather too many than too few."""
    above = stood.cursor_row
    above_anew = rows_if_wrapped_anew(stood.screen.rows[:above], columns)
    if row in (above, above_anew):
        return 0
    return max(0, row - min(above, above_anew))
