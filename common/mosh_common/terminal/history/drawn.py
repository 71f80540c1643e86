"""Rows that scrolled off just before text that was not drawn: kept as the screen had them, encoded when somebody asks.

In a flood each look at the screen costs a screen of such rows. To encode their styles takes longer than to keep the
text between two looks.
"""

from __future__ import annotations

import sys
from typing import Final

from mosh_common.terminal.cells import EMPTY, NO_CLUSTERS, Palette, Row
from mosh_common.terminal.history.chunks import OVERHEAD_OCTETS, Piece
from mosh_common.terminal.history.encoding import BLANKS
from mosh_common.terminal.history.joining import Joiner
from mosh_common.terminal.history.line import LONGEST_LINE

MOST_CELLS: Final = 16384  # are encoded at once: some milliseconds' work
_STYLE_OCTETS: Final = 300  # an object with its place in two tables; its link comes on top


class Drawn:
    """Such rows in history, the last of which ends its line."""

    __slots__ = ("_columns", "_letters", "_styles", "_text", "_wraps", "count", "first", "octets")

    def __init__(self, first: int, rows: list[Row], palette: Palette) -> None:
        """Keep rows that `are_fit`."""
        self.first = first
        # As few objects as can be. With the styles that they have: a palette grows, and may hold 64 thousand.
        self._columns = len(rows[0][0])
        self._text = "".join([row[0] for row in rows])
        self._letters = "".join([row[1] for row in rows])
        self._wraps = bytes([row[2] for row in rows])
        self._styles = {letter: palette.styles[ord(letter)] for letter in set(self._letters)}
        self.count = self._wraps[:-1].count(0) + 1
        self.octets = (
            sum(map(sys.getsizeof, (self._text, self._letters, self._wraps)))
            + sum([_STYLE_OCTETS + 4 * len(style.link) for style in self._styles.values()])
            + OVERHEAD_OCTETS
        )

    @property
    def text(self) -> str:
        """The lines' text, with LF between them; it may have blanks at their ends."""
        columns, text = self._columns, self._text
        rows = [text[at : at + columns] for at in range(0, len(text), columns)]
        pieces = [
            row.removesuffix(EMPTY) if wrapped else row.rstrip(BLANKS) + "\n"
            for row, wrapped in zip(rows, self._wraps, strict=True)
        ]
        return "".join(pieces)

    def piece(self) -> Piece:
        """Return the lines."""
        palette = Palette()
        letters = self._letters.translate({ord(old): palette.letter(style) for old, style in self._styles.items()})
        columns, text = self._columns, self._text
        rows: list[Row] = [
            (text[at : at + columns], letters[at : at + columns], bool(wrapped), NO_CLUSTERS)
            for at, wrapped in zip(range(0, len(text), columns), self._wraps, strict=True)
        ]
        joiner = Joiner()
        while rows:
            rows = rows[joiner.add(rows, palette) :]
        joiner.end_line()
        return Piece(self.first, joiner.lines, joiner.styles)


def are_fit(rows: list[Row]) -> bool:
    """Return whether `rows` can be kept as Drawn: equally long, no graphemes, no line too long."""
    columns = len(rows[0][0])
    wrapped = 0
    for text, _, wraps, clusters in rows:
        if clusters or len(text) != columns:
            return False
        wrapped += wraps
    return len(rows) * columns <= MOST_CELLS and (wrapped + 2) * columns <= LONGEST_LINE
