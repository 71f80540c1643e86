"""Scrolls in the frame diff: find rows that moved up or down, and have the terminal move them.

A scroll is worth it if it costs fewer octets than drawing again what it saves.
"""

from __future__ import annotations

from operator import ne
from typing import Final, NamedTuple

from mosh_common.terminal.cells import DEFAULT_STYLE, EMPTY, Row, blank_row
from mosh_common.terminal.frame_diff.pen import Pen

# Octets of a scroll, rather too many than too few: what it uncovers has to be drawn, too.
_COST_REGION: Final = 18  # DECSTBM, a move, the lines, DECSTBM reset; or DL and IL, with a move to each
_COST_TO_BOTTOM: Final = 9  # a move, IL or DL
_COST_WHOLE: Final = 6


class Scroll(NamedTuple):
    """Rows `top` to `bottom` (inclusive) move up by `distance`; down if it is negative."""

    top: int
    bottom: int
    distance: int


def find_scroll(old: tuple[Row, ...], new: tuple[Row, ...], *, from_top: bool = True) -> Scroll | None:
    """Return the scroll that saves most, or None if none does; without `from_top` not one that moves row 0."""
    lines = len(new)
    places: dict[str, int] = {}
    for index, row in enumerate(old):
        text = row[0]
        places[text] = -1 if text in places else index
    votes: dict[int, int] = {}
    first = lines
    last = -1
    for index, row in enumerate(new):
        before = old[index]
        if before is row or before == row:
            continue
        if first == lines:
            first = index
        last = index
        place = places.get(row[0], -1)
        if place >= 0 and place != index and not row[0].isspace() and row[0].strip(EMPTY):
            votes[place - index] = votes.get(place - index, 0) + 1
    if not votes:
        return None
    best: Scroll | None = None
    best_gain = 0
    for distance in sorted(votes, key=votes.__getitem__, reverse=True)[:2]:
        for start, end in _matching_runs(old, new, distance):
            for scroll in _regions(start, end, distance, first, last, lines):
                if not (from_top or scroll.top):
                    continue
                gain = _gain(old, new, scroll, lines)
                if gain > best_gain:
                    best, best_gain = scroll, gain
    return best


def _matching_runs(old: tuple[Row, ...], new: tuple[Row, ...], distance: int) -> list[tuple[int, int]]:
    """Return (first, last) of each stretch of new rows that the old ones `distance` below are equal to."""
    runs: list[tuple[int, int]] = []
    start = -1
    low = max(0, -distance)
    high = len(new) - max(0, distance)
    for index in range(low, high):
        source = old[index + distance]
        row = new[index]
        if source is row or (source[0] == row[0] and source == row):
            if start < 0:
                start = index
        elif start >= 0:
            runs.append((start, index - 1))
            start = -1
    if start >= 0:
        runs.append((start, high - 1))
    return runs


def _regions(start: int, end: int, distance: int, first: int, last: int, lines: int) -> list[Scroll]:
    """Return the regions whose scroll brings the rows to `start` … `end`."""
    top = start if distance > 0 else start + distance
    bottom = end + distance if distance > 0 else end
    regions = [Scroll(top, bottom, distance)]
    if bottom < lines - 1 and last == lines - 1:
        regions.append(Scroll(top, lines - 1, distance))
    if top > 0 and first == 0:
        regions.append(Scroll(0, bottom, distance))
        if bottom < lines - 1 and last == lines - 1:
            regions.append(Scroll(0, lines - 1, distance))
    return regions


def scroll_rows(rows: tuple[Row, ...], scroll: Scroll) -> tuple[Row, ...]:
    """Return the rows after the scroll."""
    top, bottom, distance = scroll
    blank = (blank_row(len(rows[0][0])),) * min(abs(distance), bottom + 1 - top)
    if distance > 0:
        return rows[:top] + rows[top + distance : bottom + 1] + blank + rows[bottom + 1 :]
    return rows[:top] + blank + rows[top : bottom + 1 + distance] + rows[bottom + 1 :]


def _gain(old: tuple[Row, ...], new: tuple[Row, ...], scroll: Scroll, lines: int) -> int:
    """Return about how many octets the scroll saves."""
    after = scroll_rows(old, scroll)
    span = range(scroll.top, scroll.bottom + 1)
    saved = sum(_row_cost(old[index], new[index]) - _row_cost(after[index], new[index]) for index in span)
    if scroll.bottom < lines - 1:
        return saved - _COST_REGION
    return saved - (_COST_TO_BOTTOM if scroll.top else _COST_WHOLE)


def _row_cost(old: Row, new: Row) -> int:
    """Return about how many octets turn one row into the other."""
    if old is new or old == new:
        return 0
    text = new[0].replace(EMPTY, " ")
    differing: int = sum(map(ne, old[0].replace(EMPTY, " "), text))
    if old[1] != new[1]:
        differing += sum(map(ne, old[1], new[1])) // 2
    return min(differing, len(text.rstrip()) + 3) + 2


def write_scroll(pen: Pen, scroll: Scroll) -> None:
    """Write the scroll in the shortest way; what comes in is blank with the default background."""
    top, bottom, distance = scroll
    dialect = pen.dialect
    pen.set_background_of(DEFAULT_STYLE)
    lines = pen.lines
    count = abs(distance)
    if bottom == lines - 1 and top == 0:
        _scroll_whole(pen, distance)
        return
    if bottom == lines - 1 and dialect.insert_delete_lines:
        if pen.row != top or dialect.visible:  # (real terminals differ on the column that IL and DL leave)
            pen.move(top, 0)
        pen.output.append(f"\x1b[{'' if count == 1 else count}{'M' if distance > 0 else 'L'}")
        pen.column = 0
        pen.pending = False
        return
    if distance > 0 and dialect.scrolls_back:
        _delete_and_insert(pen, scroll)
        return
    pen.output.append(f"\x1b[{top + 1};{bottom + 1}r" if top else f"\x1b[;{bottom + 1}r")
    pen.row = pen.column = 0
    pen.pending = False
    if dialect.scroll_sequences and count > 2:
        pen.output.append(f"\x1b[{count}{'S' if distance > 0 else 'T'}")
    elif distance > 0:
        pen.move(bottom, 0)
        pen.output.append("\n" * count)
    else:
        pen.move(top, 0)
        pen.output.append("\x1bM" * count)
    pen.output.append("\x1b[r")
    if dialect.visible:
        pen.forget_position()  # some terminals (pyte's among them) do not go home when margins are reset
    else:
        pen.row = pen.column = 0


def _delete_and_insert(pen: Pen, scroll: Scroll) -> None:
    """Scroll rows up that are neither the first nor the last, without margins: tmux keeps what goes off any region."""
    for row, final in ((scroll.top, "M"), (scroll.bottom + 1 - scroll.distance, "L")):
        pen.move(row, 0)
        pen.output.append(f"\x1b[{scroll.distance}{final}")
        pen.column = 0


def _scroll_whole(pen: Pen, distance: int) -> None:
    """Scroll the whole screen."""
    count = abs(distance)
    if pen.dialect.scroll_sequences and (count > 4 or pen.row != (pen.lines - 1 if distance > 0 else 0)):
        pen.output.append(f"\x1b[{'' if count == 1 else count}{'S' if distance > 0 else 'T'}")
        if pen.pending:
            pen.pending = False
            pen.column = -1
    elif distance > 0:
        if pen.row != pen.lines - 1 or pen.pending:
            pen.move(pen.lines - 1, 0)
        pen.output.append("\n" * count)
    else:
        pen.move(0, 0)
        pen.output.append("\x1bM" * count)
