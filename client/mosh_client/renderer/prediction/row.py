"""What stands in a row, and what typing into it moves: borders, gaps, suggestions; inserting and deleting.

Functions on cells. Knows nothing of keys, guesses or time.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_client.renderer.prediction.guesses import BLANK, Cell, is_dim
from mosh_common.terminal.cells import DEFAULT_STYLE, WIDE_TAIL, Snapshot

# What programs draw between panes. The ASCII bar is also a common character of commands, so it must stand in
# both rows beside it; of box-drawing characters one neighbour is enough.
_BORDER: Final = re.compile("[│┃║╎╏┆┇┊┋▏▕|]")
_BORDER_OR_JOINT: Final = frozenset("│┃║╎╏┆┇┊┋▏▕├┤┼┬┴┣┫╋┳┻╠╣╬╦╩╭╮╰╯┌┐└┘")


def pane(screen: Snapshot, row: int, column: int) -> tuple[int, int]:
    """Return the first column of the pane that the column lies in and the first one beyond it."""
    text = screen.rows[row][0]
    left, right = 0, screen.columns
    for found in _BORDER.finditer(text):
        at = found.start()
        if _is_border(screen, row, at, found.group()):
            if at < column:
                left = at + 1
            elif at > column:
                right = at
                break
    return left, right


def _is_border(screen: Snapshot, row: int, column: int, char: str) -> bool:
    neighbours = [screen.rows[other][0][column] for other in (row - 1, row + 1) if 0 <= other < screen.lines]
    if char == "|":
        return len(neighbours) == 2 and all(neighbour in "|+" for neighbour in neighbours)
    return any(neighbour in _BORDER_OR_JOINT for neighbour in neighbours)


def text_end(cells: list[Cell], column: int, margin: int) -> int:
    """Return where the text at or right of `column` ends: at a gap of two blanks, a proposal, or the margin."""
    # "up to the next gap, border or dim proposal"
    last = margin - 1
    for at in range(column, last):
        if cells[at].text == BLANK and cells[at + 1].text == BLANK:
            return at
        if is_dim(cells[at].style) and at > column and is_suggestion(cells, at, margin):
            return at
    return last if last >= column and cells[last].text == BLANK else margin


def insert(cells: list[Cell], column: int, new: list[Cell], margin: int) -> list[Cell]:
    """Return the row with `new` inserted: what stands right of it moves into the next gap, or out at the margin."""
    width = len(new)
    end = min(text_end(cells, column, margin) + width, margin)
    return [*cells[:column], *new, *cells[column : end - width], *cells[end:]]


def delete(cells: list[Cell], column: int, count: int, margin: int) -> list[Cell]:
    """Return the row without those cells: the text right of them, up to the next gap, moves left."""
    end = text_end(cells, column + count, margin)
    full = end == margin and margin > column + count
    # "What moves into a full row from the next one is unknown."
    filler = Cell(BLANK, DEFAULT_STYLE, known=not full)
    return [*cells[:column], *cells[column + count : end], *[filler] * count, *cells[end:]]


def is_suggestion(cells: list[Cell], column: int, margin: int) -> bool:
    """Whether a shell's dim proposal, not text, begins at `column`: it is greyer than what stands left of it."""
    if column >= margin or column == 0:
        return False
    at = column
    if cells[at].text == BLANK and at + 1 < margin:
        at += 1  # a proposal may begin with a blank, whose colour nobody sees
    if cells[at].text == BLANK or not is_dim(cells[at].style):
        return False
    before = column - 1
    while before > 0 and cells[before].text == BLANK:
        before -= 1
    return not is_dim(cells[before].style)


def step_left(cells: list[Cell], column: int) -> int:
    """Return the column of the grapheme left of `column`; `column` > 0."""
    column -= 1
    return column - 1 if column > 0 and cells[column].text == WIDE_TAIL else column


def step_right(cells: list[Cell], column: int) -> int:
    """Return the column behind the grapheme at `column`."""
    wide = column + 1 < len(cells) and cells[column + 1].text == WIDE_TAIL
    return column + (2 if wide else 1)


def word_left(cells: list[Cell], column: int, start: int, *, blanks_only: bool) -> int:
    """Return where the word left of `column` begins: readline's, or with `blanks_only` the terminal driver's."""
    while column > start and not _in_word(cells[column - 1].text, blanks_only=blanks_only):
        column -= 1
    while column > start and _in_word(cells[column - 1].text, blanks_only=blanks_only):
        column -= 1
    return column


def word_right(cells: list[Cell], column: int, end: int) -> int:
    """Return where the word at or right of `column` ends, as readline counts."""
    while column < end and not _in_word(cells[column].text, blanks_only=False):
        column += 1
    while column < end and _in_word(cells[column].text, blanks_only=False):
        column += 1
    return column


def _in_word(text: str, *, blanks_only: bool) -> bool:
    return text != BLANK if blanks_only else text == WIDE_TAIL or text[0].isalnum()
