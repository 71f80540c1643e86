"""Lines and rows of history by their places: parts of lines, and where rows of a screen begin once they scroll off."""

from __future__ import annotations

from collections.abc import Sequence

from mosh_common.terminal.cells import EMPTY, WIDE_TAIL, Row
from mosh_common.terminal.history.line import Position


def ends(rows: Sequence[Row], start: Position) -> list[Position]:
    """Return where each of `rows` ends, of which the first begins at `start`: that is where the next one begins."""
    result: list[Position] = []
    for index, (text, _letters, wrapped, _clusters) in enumerate(rows):
        if not wrapped:
            start = Position(start.line + 1)
        else:
            below = rows[index + 1][0] if index + 1 < len(rows) else ""
            padded = text[-1:] == EMPTY and below[1:2] == WIDE_TAIL  # a wide character did not fit
            start = Position(start.line, start.column + len(text) - padded)
        result.append(start)
    return result


def rows_if_wrapped_anew(rows: Sequence[Row], columns: int) -> int:
    """Return how many rows `rows` are on a terminal that wraps its lines anew when it becomes so many columns wide."""
    count = length = 0
    for text, _letters, wrapped, _clusters in rows:
        length += len(text if wrapped else text.rstrip(EMPTY + " "))
        if not wrapped:
            count += max(1, -(-length // columns))
            length = 0
    return count + -(-length // columns)
