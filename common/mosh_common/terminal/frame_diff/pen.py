"""The pen of the frame diff: where the other end's cursor and rendition are, and the shortest ways to change that.

Collects the output. Knows rows only as text that it may print over instead of moving; what is to be drawn is decided
elsewhere. Moves and renditions: ECMA-48 §8.3; which of them both ends know: docs/adr/0003-diff-vocabulary.md.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import Style
from mosh_common.terminal.frame_diff.dialect import Dialect
from mosh_common.terminal.frame_diff.sgr import hyperlink, rendition

UNKNOWN: Final = -1

# Printing over cells that are already right beats CUF (4 octets for 2–9 columns) up to here.
REPRINT_LIMIT: Final = 4


class Pen:
    """Writes to a terminal of that size while keeping track of it.

    `row` and `column` are 0-based; UNKNOWN after something that the two ends may count differently. `pending`: the last
    column was printed, so that the next character wraps; both ends agree on it, since nothing came between.
    """

    __slots__ = ("column", "columns", "dialect", "lines", "output", "pending", "row", "style")

    def __init__(self, *, columns: int, lines: int, row: int, column: int, style: Style, dialect: Dialect) -> None:
        self.columns = columns
        self.lines = lines
        self.dialect = dialect
        self.output: list[str] = []
        self.row = row
        # In the last column a wrap may be pending on one end and not on the other: only an absolute move is safe.
        self.column = UNKNOWN if column >= columns - 1 else column
        self.pending = False
        self.style = style

    def forget_position(self) -> None:
        """The cursor may be anywhere now."""
        self.row = self.column = UNKNOWN
        self.pending = False

    def set_style(self, style: Style) -> None:
        """Print in that style from here on."""
        current = self.style
        if style is current or style == current:
            return
        self.output.append(self.change(current, style))
        self.style = style

    def change(self, old: Style, new: Style) -> str:
        """Return what leads from one style to another. None of it cancels a pending wrap, on either end."""
        common, extras = rendition(old, new, self.dialect)
        if new.link != old.link and self.dialect.hyperlinks:
            extras += hyperlink(new.link)
        return common + extras

    def set_background_of(self, style: Style) -> None:
        """Make erasing fill with the background of `style`."""
        if self.dialect.visible:
            # Some terminals (pyte's among them) fill with underline and the like too, not with the background alone.
            self.set_style(Style(bg=style.bg))
        elif self.style.bg != style.bg:
            self.set_style(style)

    def print(self, text: str, width: int) -> None:
        """Print `text`, `width` columns of it, none beyond the last column."""
        self.output.append(text)
        self.column += width
        if self.column >= self.columns:
            self.column = self.columns - 1
            self.pending = True

    def wrap(self) -> None:
        """Count the next character as the first of the next row: a pending wrap takes it there."""
        self.pending = False
        self.row += 1
        self.column = 0

    def move(self, row: int, column: int, *, text: str = "") -> None:
        """Move the cursor.

        `text`, if given, is what that row shows already left of `column`, for as long as all of it is ASCII in the
        current style: it may be printed over.
        """
        here, there = self.column, column
        if self.pending:
            here = UNKNOWN
        if row == self.row and here == there:
            return
        if self.row == UNKNOWN:
            best = _position(row, column)
        else:
            best = ""
            down = row - self.row
            if down > 0:
                vertical = "\n" * down if down < 4 else f"\x1b[{down}B"
            elif down < 0:
                vertical = "\x1bM" * -down if down >= -2 else f"\x1b[{-down}A"
            else:
                vertical = ""
            # From the last column with a pending wrap only \r is read the same way everywhere.
            returned = _across(0, column, text)
            best = "\r" + vertical + returned
            if here != UNKNOWN:
                straight = vertical + _across(here, column, text)
                if len(straight) < len(best):
                    best = straight
            elif down == 0 and column:
                absolute = f"\x1b[{column + 1}G"
                if len(absolute) < len(best):
                    best = absolute
            if len(best) > 4:
                absolute = _position(row, column)
                if len(absolute) < len(best):
                    best = absolute
        self.output.append(best)
        self.row = row
        self.column = column
        self.pending = False


def _position(row: int, column: int) -> str:
    """Return CUP to the 0-based position."""
    if column:
        return f"\x1b[{row + 1};{column + 1}H"
    return f"\x1b[{row + 1}H" if row else "\x1b[H"


def _across(here: int, there: int, text: str) -> str:
    """Return the shortest move within a row; `text` is what may be printed over."""
    distance = there - here
    if distance == 0:
        return ""
    if distance > 0:
        if distance <= REPRINT_LIMIT and len(text) >= distance:
            return text[-distance:]
        return "\x1b[C" if distance == 1 else f"\x1b[{distance}C"
    if distance >= -4:
        return "\b" * -distance
    return f"\x1b[{-distance}D"
