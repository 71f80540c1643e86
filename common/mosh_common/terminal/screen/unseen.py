"""What scrolls off a screen next and was kept already, as text that was not drawn.

Of such text the end is drawn, to be seen; the rows above it, and the line that it may begin with, are not to be kept
twice.
"""

from __future__ import annotations

from mosh_common.terminal.cells import Row


class Unseen:
    """Rows that were kept already, and after them those of lines that were, in the order in which they scroll off."""

    __slots__ = ("lines", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self.lines = 0  # after those; each goes on as long as its rows wrap

    def expect(self, rows: int, lines: int) -> None:
        """Say what there is of them from now on."""
        self.rows, self.lines = rows, lines

    def take_new(self, rows: list[Row]) -> list[Row]:
        """Return those of `rows`, which scroll off now, that were not kept."""
        dropped = min(self.rows, len(rows))
        self.rows -= dropped
        while self.lines and not self.rows and dropped < len(rows):
            self.lines -= not rows[dropped][2]
            dropped += 1
        return rows[dropped:] if dropped else rows

    def exceeds(self, rows: list[Row]) -> bool:
        """Return whether there are more of them than `rows`, should these scroll off next."""
        return self.rows > len(rows) or self.lines > sum([not row[2] for row in rows[self.rows :]])
