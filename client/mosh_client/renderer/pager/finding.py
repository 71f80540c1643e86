"""Where a text stands in a line: the columns to mark. Whether a line has it at all, the server and the pager see alike.

Without capitals it is found in any case, as the server does.
"""

from __future__ import annotations

import re

from mosh_common.terminal.cells import CLUSTER, EMPTY, WIDE_TAIL
from mosh_common.terminal.history.line import Line, plain_text


def pattern_of(text: str) -> re.Pattern[str]:
    """Return what finds `text`."""
    return re.compile(re.escape(text), 0 if text != text.lower() else re.IGNORECASE)


def found_in(line: Line, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return the ranges of columns where `pattern` stands, in order."""
    plain = plain_text(line)
    if pattern.search(plain) is None:
        return []
    if len(plain) == len(line.text):
        return [match.span() for match in pattern.finditer(plain)]
    pieces: list[str] = []
    columns: list[int] = []  # of each character of the plain text
    graphemes = iter(line.graphemes)
    for column, char in enumerate(line.text):
        if char == WIDE_TAIL:
            continue
        piece = next(graphemes) if char == CLUSTER else " " if char == EMPTY else char
        pieces.append(piece)
        columns += [column] * len(piece)
    columns.append(len(line.text))
    found: list[tuple[int, int]] = []
    for match in pattern.finditer("".join(pieces)):
        start, end = columns[match.start()], columns[match.end()]
        if end == start or columns[match.end() - 1] == end:  # within a cluster: all of it
            end += 1
        while line.text[end : end + 1] == WIDE_TAIL:
            end += 1
        found.append((start, end))
    return found
