"""Which rows wrap, on a terminal that keeps a scrollback and joins rows that wrap when they are copied from it.

xterm takes a wrap back when the row's last column is written or erased. tmux does when all of the row is erased, or all
of the row below it, and forgets it besides when lines are inserted or deleted there. What is written holds for both.
The row above the first one is the scrollback's last, and may wrap into the screen: row 0 is not moved, and when it does
(`Dialect.continues`) never erased from its first column on. (Else it is erased where it becomes blank: blanks that are
printed there instead would be kept with the row.)
"""

from __future__ import annotations

from collections.abc import Sequence

from mosh_common.terminal.cells import DEFAULT_STYLE, EMPTY, WIDE_TAIL, Row, blank_row
from mosh_common.terminal.frame_diff.pen import Pen


def wraps_taken_back(
    pen: Pen, rows: Sequence[Row], wanted: Sequence[Row], *, unsure: int, scrolled: bool
) -> tuple[Row, ...]:
    """Erase the row below each that wraps and is not to, and each in which a wide character is to leave a cell free.

    Return the rows as the frame diff has to take them then.

    What wraps in `wanted` and may have lost that is without it, so that it is written through its end again; what does
    not and may is with it, so that its last column is. `unsure`: a row of which nobody knows; `scrolled`: lines were
    inserted or deleted since the rows were written.
    """
    result = list(rows)
    bottom = len(rows) - 1
    for index, goal in enumerate(wanted):
        if not goal[2] and (result[index][2] or index == unsure):
            erased = min(index + 1, bottom)
            _erase(pen, erased)
            result[erased] = blank_row(len(goal[0]))
            if erased > index:
                result[index] = _with_wrap(result[index], wraps=True)
            elif index and wanted[index - 1][2]:
                result[index - 1] = _with_wrap(result[index - 1], wraps=False)
        elif goal[2] and index < bottom:
            below, goal_below = rows[index + 1], wanted[index + 1]
            if scrolled or index == unsure or _is_erased(below, goal_below):
                result[index] = _with_wrap(result[index], wraps=False)
            if result[index] != goal and _leaves_a_cell(goal, goal_below) and (index or not pen.dialect.continues):
                # tmux copies a blank there, unless the row was erased as a whole since anything was in it.
                _erase(pen, index)
                result[index] = blank_row(len(goal[0]))
                if index and wanted[index - 1][2]:
                    result[index - 1] = _with_wrap(result[index - 1], wraps=False)
    return tuple(result)


def _erase(pen: Pen, row: int) -> None:
    pen.set_background_of(DEFAULT_STYLE)
    if pen.row != row or pen.pending:
        pen.move(row, 0)
    pen.output.append("\x1b[2K")


def _leaves_a_cell(row: Row, below: Row) -> bool:
    """Whether the wide character that begins the row below did not fit into the last cell of this one."""
    return row[0][-1] == EMPTY and below[0][1:2] == WIDE_TAIL


def _is_erased(row: Row, goal: Row) -> bool:
    """Whether drawing it may erase all of it."""
    return row != goal and not goal[0].strip(EMPTY + " ")


def _with_wrap(row: Row, *, wraps: bool) -> Row:
    return (*row[:2], wraps, row[3])
