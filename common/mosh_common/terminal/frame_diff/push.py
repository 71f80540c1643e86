"""Rows that leave a terminal's primary screen at its top: into the scrollback that the terminal keeps for its user.

There is one way in that all terminals share: a line feed in the bottom row, without margins. What leaves is what stands
in the first rows then, so that is put there first; where it stands there already nothing is written but the line feeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mosh_common.terminal.cells import (
    DEFAULT_COLOR,
    DEFAULT_STYLE,
    EMPTY,
    NO_CLUSTERS,
    Palette,
    Row,
    Snapshot,
    Style,
    blank_row,
)
from mosh_common.terminal.frame_diff.dialect import Dialect
from mosh_common.terminal.frame_diff.diff import OUTSIDE, diff
from mosh_common.terminal.frame_diff.pen import REPRINT_LIMIT, UNKNOWN, Pen
from mosh_common.terminal.frame_diff.whole_rows import WholeRowPainter


class Pushed(NamedTuple):
    """What to write, and what the terminal shows once it was written."""

    octets: bytes
    shown: Snapshot


def push(shown: Snapshot, rows: Sequence[Row], after: Snapshot, *, dialect: Dialect) -> Pushed:
    """Return what moves `rows`, the top one first, into the scrollback of a terminal that shows `shown`.

    `after` is the screen to come, of the same size; its palette has the letters of `rows`, too. Drawing it to the end
    is left to the frame diff.
    """
    lines = after.lines
    column = (*rows, *after.rows)
    few = len(rows) < lines  # then what is below them stays, and may stand there already
    standing = shown._replace(
        rows=column[:lines] if few else (*column[: lines - 1], blank_row(after.columns)),
        palette=after.palette,
        cursor_row=lines - 1,
        cursor_column=0,
        style=DEFAULT_STYLE,  # what comes in at the bottom gets its background
        modes=shown.modes._replace(cursor_visible=False),
    )
    octets = diff(shown, standing, dialect=dialect._replace(synchronized=False))
    if few:
        # A row that wraps does so into the row below, which therefore stays.
        octets += b"\n" * len(rows)
        return Pushed(octets, standing._replace(rows=_after_line_feeds(standing.rows, len(rows))))
    pen = _ColumnPen(standing, rows=len(column), dialect=dialect)
    _print(pen, column, from_row=lines - 1, styles=after.palette.styles)
    octets += "".join(pen.output).encode("utf-8", "replace")
    cursor_column = pen.column if pen.row == len(column) - 1 and not pen.pending else after.columns - 1
    if pen.row == UNKNOWN:
        octets, cursor_column = octets + b"\r", 0
    shown = standing._replace(rows=column[-lines:], cursor_column=max(cursor_column, 0), style=pen.style)
    return Pushed(octets, shown)


class _ColumnPen(Pen):
    """A pen that goes down a column of rows, of which the one that it is in is the screen's last."""

    __slots__ = ("_bottom",)

    def __init__(self, shown: Snapshot, *, rows: int, dialect: Dialect) -> None:
        super().__init__(
            columns=shown.columns,
            lines=rows,
            row=shown.lines - 1,
            column=0,
            style=shown.style,
            dialect=dialect,
        )
        self._bottom = shown.lines

    def move(self, row: int, column: int, *, text: str = "") -> None:
        """Move within the row, or to the next one, which makes the screen scroll."""
        forward = column - self.column if row == self.row and self.column != UNKNOWN and not self.pending else -1
        if self.row == UNKNOWN:
            self.output.append(f"\x1b[{self._bottom};{column + 1}H")
        elif 0 < forward <= min(len(text), REPRINT_LIMIT):
            self.output.append(text[-forward:])
        elif forward > 0:
            self.output.append(f"\x1b[{forward}C")
        elif forward < 0:
            self.output.append("\r" + "\n" * (row - self.row) + (f"\x1b[{column}C" if column else ""))
        self.row, self.column, self.pending = row, column, False


def _print(pen: Pen, column: Sequence[Row], *, from_row: int, styles: list[Style]) -> None:
    """Print the rows of a column from that one on, each below the one before."""
    painter = WholeRowPainter(pen, styles)
    columns = pen.columns
    unknown = chr(OUTSIDE)
    for index in range(from_row, len(column)):
        row = column[index]
        end = len(row[0].rstrip(EMPTY + " "))
        if painter.print_below(index, row):
            continue
        coloured = painter.wrapping and pen.style.bg != DEFAULT_COLOR  # what the wrap scrolls in has the background
        if not painter.wrapping:
            pen.set_background_of(DEFAULT_STYLE)
            pen.move(index, 0)
        # All of its text is drawn in one go, with the blanks between.
        blank = unknown * columns if coloured else unknown * end + "\x00" * (columns - end)
        painter.draw(index, (EMPTY * columns, blank, False, NO_CLUSTERS), row)


def in_palette(rows: Sequence[Row], old: Palette, new: Palette) -> tuple[Row, ...]:
    """Return `rows`, lettered by `old`, in letters of `new`; what that has no room for gets the default style's."""
    if old is new:
        return tuple(rows)
    used: set[str] = set()
    for row in rows:
        used.update(row[1])
    table: dict[int, str] = {}
    for letter in used:
        style = old.styles[ord(letter)]
        table[ord(letter)] = (new.find(style) or "\x00") if new.full else new.letter(style)
    if all(chr(letter) == other for letter, other in table.items()):
        return tuple(rows)
    return tuple([(text, letters.translate(table), wrapped, clusters) for text, letters, wrapped, clusters in rows])


def _after_line_feeds(rows: tuple[Row, ...], count: int) -> tuple[Row, ...]:
    """Return what stands on a screen of `rows` after so many line feeds in its bottom row."""
    text, letters, _, clusters = rows[-1]
    blank = blank_row(len(text))
    # Nothing wraps out of the bottom row, whatever the row is that was drawn there.
    return ((*rows[:-1], (text, letters, False, clusters)) + (blank,) * count)[count:]
