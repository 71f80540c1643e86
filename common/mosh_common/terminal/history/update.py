"""A synchronized update: where in history begins what it drew itself.

What a program draws in an update, scrolls off and then erases to draw it anew was for nobody: only what is there at its
end is to stand in history. The first rows that scroll off in an update may be those that it found; they stay.
"""

from __future__ import annotations

from typing import NamedTuple

from mosh_common.terminal.cells import Palette, Row
from mosh_common.terminal.history.joining import Joiner


class Mark(NamedTuple):
    """A place in history to which one can go back."""

    next: int  # number of the first line that is in no chunk
    newest: Joiner  # those lines


class Update:
    """What is known of the update that a program is in; None and None where it is in none, or that is given up."""

    __slots__ = ("_palette", "mark", "watched")

    def __init__(self, rows: list[Row] | None = None, palette: Palette | None = None) -> None:
        # The rows that it found and that did not scroll off yet, as long as none of its own did.
        self.watched = rows
        self._palette = palette
        self.mark: Mark | None = None  # where the first of its own is

    def still_old(self, rows: list[Row], palette: Palette) -> int:
        """Return how many of `rows`, which scroll off, are as it found them."""
        watched = self.watched
        if watched is None or palette is not self._palette:
            self.watched = None  # they may be the same under other letters
            return len(rows)
        count = 0
        while count < min(len(rows), len(watched)) and rows[count] is watched[count]:
            count += 1
        del watched[:count]
        return count

    def begins(self, next_line: int, newest: Joiner) -> None:
        """Say that what scrolls off from here on is its own."""
        self.watched = None
        self.mark = Mark(next_line, newest.copy())
