"""Pieces of lines are what the line is there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.history import line, lines

from mosh_common.sync.states.history.pieces import piece
from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL, Style
from mosh_common.terminal.history.line import Line, Position


@given(lines(), st.integers(1, 40))
def test_the_pieces_of_a_line_together_are_the_line(line: Line, columns: int) -> None:
    at, text = 0, ""
    styles: list[Style] = []
    graphemes: tuple[str, ...] = ()
    while at < len(line.text):
        part = piece(line, at, min(at + columns, len(line.text)))
        assert part.text[0] != WIDE_TAIL
        assert 1 <= len(part.text) <= columns + 1
        assert sum(count for count, _ in part.runs) == len(part.text)
        assert len(part.graphemes) == part.text.count(CLUSTER)
        at += len(part.text)
        text += part.text
        styles += [style for count, style in part.runs for _ in range(count)]
        graphemes += part.graphemes
    assert (text, graphemes) == (line.text, line.graphemes)
    assert styles == [style for count, style in line.runs for _ in range(count)]


WIDE = f"ab漢{WIDE_TAIL}c"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (0, 2, "ab"),
        (0, 3, "ab"),  # the left half alone: it is left out …
        (2, 3, f"漢{WIDE_TAIL}"),  # … but for where nothing else is
        (1, 3, "b"),
        (0, 4, f"ab漢{WIDE_TAIL}"),
        (1, 5, f"b漢{WIDE_TAIL}c"),
        (0, 9, WIDE),
    ],
)
def test_a_wide_character_at_the_end_is_left_whole(start: int, end: int, text: str) -> None:
    assert piece(line(WIDE), start, end) == line(text)


def test_positions_compare_as_they_follow_one_another() -> None:
    assert Position(3, 80) < Position(4) < Position(4, 1)


def test_a_piece_to_the_end_of_a_line_is_the_rest_of_it() -> None:
    assert piece(line("abc"), 1, 3) == line("bc")
