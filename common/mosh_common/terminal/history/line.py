"""A line of history, and places in history: the values that store, wire, IPC, pager and native scroll exchange.

A line is what a program printed up to a line feed: rows that the terminal wrapped are joined, so that it can be laid
out at any width. Lines are numbered from 0 for as long as the session lives, the oldest first.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mosh_common.terminal.cells import (
    CLUSTER,
    EMPTY,
    NO_CLUSTERS,
    WIDE_TAIL,
    Graphemes,
    Palette,
    Row,
    Style,
    blank_row,
    graphemes_of,
)

LONGEST_LINE: Final = 8192  # columns; what is longer goes on in the next line, which costs no more than a screen
PAGE_LINES: Final = 1000  # asked for at once
LONGEST_SEARCH: Final = 256  # characters
# By code point, not by `str.isprintable`: what that refuses (joiners, icons, newer emoji) stands in lines.
_IN_NO_LINE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Line(NamedTuple):
    """A line, without blanks of the default style at its end."""

    text: str = ""  # a character for each column, with the stand-ins of cells.py
    runs: tuple[tuple[int, Style], ...] = ()  # columns (1 or more) and their style; together as long as the text
    graphemes: tuple[str, ...] = ()  # of the CLUSTERs in the text, in their order


class Position(NamedTuple):
    """A place between two columns of history; they compare as they follow one another."""

    line: int  # from 0; a number is never given to another line
    column: int = 0  # so many columns of the line are before it


class Extent(NamedTuple):
    """What of the history there is, as of one moment of the screen."""

    first: int = 0  # the oldest line that is kept
    end: Position = Position(0)  # where the screen's first row begins; all before it scrolled off
    clears: int = 0  # how often all of it was forgotten (ED 3, RIS)


class Found(NamedTuple):
    """What a search found, or where it is to go on; neither: nothing, and it is over."""

    line: int | None
    next_line: int | None


NO_HISTORY: Final = Extent()
BLANK_LINE: Final = Line()


def may_stand_in_line(text: str) -> bool:
    """Return whether a line can have such characters: all but controls and halves of surrogate pairs."""
    return _IN_NO_LINE.search(text) is None


def plain_text(line: Line) -> str:
    """Return what a line says: blanks for erased cells, graphemes whole."""
    text = line.text.replace(WIDE_TAIL, "").replace(EMPTY, " ")
    if not line.graphemes:
        return text
    pieces = text.split(CLUSTER)
    return "".join([piece for pair in zip(pieces, (*line.graphemes, ""), strict=True) for piece in pair])


def part(line: Line, start: int, end: int | None = None) -> Line:
    """Return columns `start` to `end` (exclusive; None: all that follow) of a line."""
    text = line.text[start:end]
    graphemes = line.graphemes
    if graphemes:
        before = line.text.count(CLUSTER, 0, start)
        graphemes = graphemes[before : before + text.count(CLUSTER)]
    runs: list[tuple[int, Style]] = []
    column, last = 0, start + len(text)
    for count, style in line.runs:
        inside = min(column + count, last) - max(column, start)
        if inside > 0:
            runs.append((inside, style))
        column += count
    return Line(text, tuple(runs), graphemes)


def joined(one: Line, other: Line) -> Line:
    """Return the line that begins as `one` and goes on as `other`."""
    runs = one.runs + other.runs
    if one.runs and other.runs and one.runs[-1][1] == other.runs[0][1]:
        both = (one.runs[-1][0] + other.runs[0][0], one.runs[-1][1])
        runs = (*one.runs[:-1], both, *other.runs[1:])
    return Line(one.text + other.text, runs, one.graphemes + other.graphemes)


def rows(line: Line, columns: int, palette: Palette, *, start: int = 0) -> list[Row]:
    """Return the rows of a line on a screen of `columns` (2 or more), from its column `start` on; at least one.

    A wide character that does not fit at the edge goes to the next row, as it would when printed. Raises OverflowError
    when `palette` is full.
    """
    letters = "".join([palette.letter(style) * count for count, style in line.runs])
    text = line.text
    padding = columns - len(text)
    if not start and padding >= 0 and not line.graphemes:  # most lines
        return [(text + EMPTY * padding, letters + "\x00" * padding, False, NO_CLUSTERS)]
    graphemes = iter(line.graphemes[text.count(CLUSTER, 0, start) :]) if line.graphemes else iter(())
    result: list[Row] = []
    while start < len(text):
        end = min(start + columns, len(text))
        if end < len(text) and text[end] == WIDE_TAIL:
            end -= 1
        piece = text[start:end]
        count = piece.count(CLUSTER)
        padding = columns - len(piece)
        filled = piece + EMPTY * padding
        clusters = Graphemes(filled, tuple([next(graphemes) for _ in range(count)])) if count else NO_CLUSTERS
        result.append((filled, letters[start:end] + "\x00" * padding, end < len(text), clusters))
        start = end
    return result or [blank_row(columns)]


def line_of(joined: list[Row], palette: Palette) -> Line:
    """Return the line that `joined`, rows of which all but the last wrapped, are."""
    texts: list[str] = []
    lettering: list[str] = []
    graphemes: tuple[str, ...] = ()
    for index, (text, letters, wrapped, clusters) in enumerate(joined):
        end = len(text)
        if wrapped and index + 1 < len(joined) and text[-1:] == EMPTY and joined[index + 1][0][1:2] == WIDE_TAIL:
            end -= 1  # the wide character that follows did not fit
        texts.append(text[:end])
        lettering.append(letters[:end])
        if clusters:
            graphemes += graphemes_of(clusters)
    text, letters = "".join(texts), "".join(lettering)
    end = len(text)
    while end and text[end - 1] in (EMPTY, " ") and letters[end - 1] == "\x00":
        end -= 1
    return Line(text[:end], _runs(letters[:end], palette), graphemes)


def _runs(letters: str, palette: Palette) -> tuple[tuple[int, Style], ...]:
    """Return the runs of equal letters with their styles."""
    if letters and letters == letters[0] * len(letters):  # most lines are of one style
        return ((len(letters), palette.styles[ord(letters[0])]),)
    runs: list[tuple[int, Style]] = []
    start = 0
    for index in range(1, len(letters) + 1):
        if index == len(letters) or letters[index] != letters[start]:
            runs.append((index - start, palette.styles[ord(letters[start])]))
            start = index
    return tuple(runs)
