"""Rows that leave a terminal's primary screen at its top: into the scrollback that the terminal keeps for its user.

There is one way in that all terminals share: a line feed in the bottom row, without margins. What leaves is what stands
in the first rows then, so that is put there first; where it stands there already nothing is written but the line feeds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mosh_common.terminal.cells import DEFAULT_STYLE, Palette, Row, Snapshot, blank_row
from mosh_common.terminal.frame_diff.dialect import Dialect
from mosh_common.terminal.frame_diff.diff import diff


class Pushed(NamedTuple):
    """What to write, and what the terminal shows once it was written."""

    octets: bytes
    shown: Snapshot


def push(shown: Snapshot, rows: Sequence[Row], after: Snapshot, *, dialect: Dialect) -> Pushed:
    """Return what moves `rows` into the scrollback of a terminal that shows `shown`, on the way to `after`.

    `after` is of the same size, and its palette has the letters of `rows`, too. It is not drawn to the end: that is
    left to the frame diff. Its rows are only what the terminal shows below `rows` while these leave.
    """
    octets: list[bytes] = []
    lines = after.lines
    column = (*rows, *after.rows)
    # A row that wraps does so into the row below, which therefore stays.
    at_once = max(1, lines - 1)
    done = 0
    dialect = dialect._replace(synchronized=False)
    while done < len(rows):
        count = min(len(rows) - done, at_once)
        standing = shown._replace(
            rows=column[done : done + lines],
            palette=after.palette,
            cursor_row=lines - 1,
            cursor_column=0,
            style=DEFAULT_STYLE,  # what comes in at the bottom gets its background
            modes=shown.modes._replace(cursor_visible=False),
        )
        octets.append(diff(shown, standing, dialect=dialect) + b"\n" * count)
        shown = standing._replace(rows=_after_line_feeds(standing.rows, count))
        done += count
    return Pushed(b"".join(octets), shown)


def in_palette(rows: Sequence[Row], old: Palette, new: Palette) -> tuple[Row, ...]:
    """Return `rows`, lettered by `old`, in letters of `new`, which gets more. Raises OverflowError when full."""
    if old is new:
        return tuple(rows)
    used: set[str] = set()
    for row in rows:
        used.update(row[1])
    table = {ord(letter): new.letter(old.styles[ord(letter)]) for letter in used}
    if all(chr(letter) == other for letter, other in table.items()):
        return tuple(rows)
    return tuple([(text, letters.translate(table), wrapped, clusters) for text, letters, wrapped, clusters in rows])


def _after_line_feeds(rows: tuple[Row, ...], count: int) -> tuple[Row, ...]:
    """Return what stands on a screen of `rows` after so many line feeds in its bottom row."""
    text, letters, _, clusters = rows[-1]
    blank = blank_row(len(text))
    # Nothing wraps out of the bottom row, whatever the row is that was drawn there.
    return ((*rows[:-1], (text, letters, False, clusters)) + (blank,) * count)[count:]
