"""The session's last screen as plain lines: what is printed on the user's own screen once the session's was left.

Unlike a frame it is for a terminal whose cursor may be anywhere: no moves, modes and hyperlinks, but text, renditions
and line ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from mosh_common.terminal.cells import (
    CLUSTER,
    DEFAULT_COLOR,
    DEFAULT_STYLE,
    EMPTY,
    INVERSE,
    OVERLINE,
    STRIKE,
    WIDE_TAIL,
    Row,
    Snapshot,
    Style,
)
from mosh_common.terminal.frame_diff.dialect import Dialect
from mosh_common.terminal.frame_diff.sgr import rendition

_STYLE_RUN: Final = re.compile(r"(.)\1*", re.DOTALL)
_LINE_END: Final = "\r\n"  # the terminal is in raw mode


def printed(screen: Snapshot, *, columns: int, dialect: Dialect) -> bytes:
    """Return what prints the rows of `screen` up to the last that shows anything, each with a line end.

    A row that goes on in the next one does so on a terminal of as many `columns`, too, so that it can be copied as a
    line. On a narrower one rows wrap.
    """
    # SECURITY: made of cells, which hold no control characters, and of renditions of our own. Test:
    # test_nothing_but_text_renditions_and_line_ends_is_printed.
    ends = [_end_of(row, screen.palette.styles) for row in screen.rows]
    used = max([index + 1 for index, end in enumerate(ends) if end], default=0)
    pieces: list[str] = []
    for index in range(used):
        row, end = screen.rows[index], ends[index]
        pieces.append(_line(row, end, screen.palette.styles, dialect))
        joined = row[2] and end == screen.columns == columns and index + 1 < used and ends[index + 1]
        if not joined:
            pieces.append(_LINE_END)
    return "".join(pieces).encode("utf-8", "replace")


def _end_of(row: Row, styles: Sequence[Style]) -> int:
    """Return how many columns of a row there are up to the last that shows anything."""
    text, letters = row[0], row[1]
    end = len(text)
    while end and text[end - 1] in (EMPTY, " ") and not _shows_blanks(styles[ord(letters[end - 1])]):
        end -= 1
    return end


def _shows_blanks(style: Style) -> bool:
    return style.bg != DEFAULT_COLOR or style.underline > 0 or bool(style.flags & (INVERSE | STRIKE | OVERLINE))


def _line(row: Row, end: int, styles: Sequence[Style], dialect: Dialect) -> str:
    """Return the first `end` columns of a row; behind them the rendition is the default one again."""
    text, letters, _, clusters = row
    pieces: list[str] = []
    style = DEFAULT_STYLE
    for match in _STYLE_RUN.finditer(letters, 0, end):
        start, last = match.span()
        wanted = styles[ord(match[1])]
        pieces += rendition(style, wanted, dialect)
        style = wanted
        for column in range(start, last):
            char = text[column]
            if char == CLUSTER:
                char = clusters[column]
            elif char == EMPTY:
                char = " "
            if char != WIDE_TAIL:
                pieces.append(char if dialect.unicode or char.isascii() else "?")
    pieces += rendition(style, DEFAULT_STYLE, dialect)
    return "".join(pieces)
