"""Pieces of lines: what a page holds where it begins or ends within one."""

from __future__ import annotations

from mosh_common.terminal.cells import WIDE_TAIL
from mosh_common.terminal.history.line import Line, part


def piece(line: Line, start: int, end: int) -> Line:
    """Return the columns from `start` to `end` of a line; a wide character at the end is left whole, in or out."""
    text = line.text
    if end < len(text) and text[end] == WIDE_TAIL:
        end += -1 if end - 1 > start else 1
    return part(line, start, end)
