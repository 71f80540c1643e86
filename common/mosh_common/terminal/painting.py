"""Cursor-addressed output in bulk: positions, renditions and short ASCII texts, painted onto a flat copy of the cells.

Programs that draw their own screen send thousands of such pieces in a read, many of them on top of each other. Making a
new row for each costs far more than assigning slices of two lists and making each row once at the end. `paint` does
exactly what executing the pieces one by one does; a test holds the two against each other.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_common.terminal.cells import WIDE_TAIL, Palette
from mosh_common.terminal.grid import MOVED, PENDING, WRITTEN
from mosh_common.terminal.skipping import Skipping

# A block of CUP and SGR with printable ASCII between (possessive: no backtracking, so linear), and its pieces.
PAINT_BLOCK: Final = re.compile("(?:\x1b\\[(?:[0-9]{0,5}(?:;[0-9]{0,5})?H|[0-9;:]{0,60}m)[ -~]*+)++")
_CSI: Final = "\x1b["
_PART: Final = re.compile("([0-9;:]*)([Hm])(.*)")  # what follows a CSI in such a block

_POSITIONS_LIMIT: Final = 1 << 14  # remembered; an 80×24 screen has 1920, with leading zeros there are more


class Painting(Skipping):
    """A canvas for a block of pieces."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        # Offset into the flat cells and end of that row, by what follows CSI.
        self._positions: dict[str, tuple[int, int]] = {}
        self._positions_size = (self.columns, self.lines)  # of the screen that they are right for

    def worth_painting(self, length: int) -> bool:
        """Return whether a block of that length pays for the copy."""
        return length >= self.columns * self.lines

    def paint(self, block: str) -> int:
        """Execute the front of a PAINT_BLOCK; return its length. The rest begins with what is not of the common kind.

        That is a text which wraps, or anything where characters are not just put where the cursor is.
        """
        columns, rows = self.columns, self.rows
        renditions = block.count("m")  # at most: each may take two styles of the palette
        if (
            not self.plain_printing
            or self.phase >= PENDING
            or len(self.palette.styles) + 2 * renditions > Palette.LIMIT
        ):
            return 0
        text = "".join([row[0] for row in rows])
        if WIDE_TAIL in text or any(row[3] for row in rows):
            return 0
        if self._positions_size != (columns, self.lines) or len(self._positions) > _POSITIONS_LIMIT:
            self._positions = {}
            self._positions_size = (columns, self.lines)
        positions = self._positions
        cells, letters = list(text), list("".join([row[1] for row in rows]))
        unwrapped: set[int] = set()  # rows whose last column was written: they do not go on in the next any more
        offset = self.cursor_row * columns + self.cursor_column
        limit = (self.cursor_row + 1) * columns  # end of the cursor's row
        phase, rendition = self.phase, self.rendition
        letter, after = rendition.letter, rendition.after
        parts = block.split(_CSI)
        del parts[0]  # what is before the first CSI: nothing
        done = len(parts)
        for index, part in enumerate(parts):
            if part in positions:
                offset, limit = positions[part]
                phase = MOVED
                continue
            parameters, _, piece = part.partition("m")
            if parameters in after:
                rendition = after[parameters]
            else:
                match = _PART.fullmatch(part)
                assert match is not None
                parameters, final, piece = match.groups()
                if final == "m":
                    rendition = rendition.follow(parameters)
                else:
                    offset, limit = positions[f"{parameters}H"] = self._place_of(parameters)
                    phase = MOVED
            letter, after = rendition.letter, rendition.after
            if piece:
                end = offset + len(piece)
                if end >= limit:
                    if end > limit:  # it wraps
                        done = index
                        break
                    unwrapped.add(limit // columns - 1)
                    phase = PENDING
                else:
                    phase = WRITTEN
                cells[offset:end] = piece
                letters[offset:end] = letter * len(piece)
                offset = end
        self._take_canvas("".join(cells), "".join(letters), unwrapped)
        self.rendition = rendition
        self.phase = phase
        self.cursor_row = limit // columns - 1
        self.cursor_column = min(offset, limit - 1) - (limit - columns)
        if done == len(parts):
            return len(block)
        return sum(map(len, parts[:done])) + len(_CSI) * (done + 1) + _start_of_text(parts[done])

    def _take_canvas(self, text: str, letters: str, unwrapped: set[int]) -> None:
        columns, rows = self.columns, self.rows
        for index, (old_text, old_letters, wrapped, clusters) in enumerate(rows):
            start = index * columns
            new_text, new_letters = text[start : start + columns], letters[start : start + columns]
            still_wrapped = wrapped and index not in unwrapped
            if new_text != old_text or new_letters != old_letters or still_wrapped != wrapped:
                rows[index] = (new_text, new_letters, still_wrapped, clusters)

    def _place_of(self, parameters: str) -> tuple[int, int]:
        """Return where CUP with those parameters leads in the flat cells, and the end of that row."""
        row, _, column = parameters.partition(";")
        start = (min(int(row or 1) or 1, self.lines) - 1) * self.columns
        return start + min(int(column or 1) or 1, self.columns) - 1, start + self.columns


def _start_of_text(part: str) -> int:
    """Return where the text of a part begins."""
    match = _PART.fullmatch(part)
    assert match is not None
    return match.start(3)
