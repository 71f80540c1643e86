"""Pieces of lines: what a page holds where it begins or ends within one."""

from __future__ import annotations

from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL, Style
from mosh_common.terminal.history.line import Line


def piece(line: Line, start: int, end: int) -> Line:
    """Return the columns from `start` to `end` of a line; a wide character at the end is left whole, in or out."""
    text = line.text
    if end < len(text) and text[end] == WIDE_TAIL:
        end += -1 if end - 1 > start else 1
    runs: list[tuple[int, Style]] = []
    at = 0
    for columns, style in line.runs:
        kept = min(at + columns, end) - max(at, start)
        if kept > 0:
            runs.append((kept, style))
        at += columns
    before = text.count(CLUSTER, 0, start)
    within = text.count(CLUSTER, start, end)
    return Line(text[start:end], tuple(runs), line.graphemes[before : before + within])
