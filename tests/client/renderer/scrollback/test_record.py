"""What is remembered of the scrollback's end."""

from __future__ import annotations

from mosh_client.renderer.scrollback.record import RECORDED_ROWS, Pulled, Record
from mosh_common.terminal.cells import NO_CLUSTERS, Graphemes, Row
from mosh_common.terminal.history.line import Position


def row(text: str) -> Row:
    return (text, "\x00" * len(text), False, NO_CLUSTERS)


def record(*texts: str) -> Record:
    """A record of rows that went there, a line each."""
    result = Record()
    for number, text in enumerate(texts):
        result.add(row(text), Position(number))
    return result


def test_so_many_rows_are_remembered_and_no_more() -> None:
    assert record(*["x"] * (RECORDED_ROWS + 5)).pull(RECORDED_ROWS + 1) == Pulled(1, Position(5))


def test_rows_that_are_on_the_screen_again_are_known_when_they_leave_it() -> None:
    kept = record("a", "b", "c")
    kept.came_back(Position(1))
    assert kept.has(row("b"), Position(1))
    assert kept.has(row("c"), Position(2))
    assert not kept.has(row("d"), Position(3))


def test_a_row_that_says_something_else_is_another_and_so_are_those_behind_it() -> None:
    kept = record("a", "b", "c")
    kept.came_back(Position(1))
    assert not kept.has(row("B"), Position(1))
    assert not kept.has(row("c"), Position(2))
    assert kept.pull(1) == Pulled(1, None)  # what is there nobody knows any more


def test_graphemes_count() -> None:
    kept = Record()
    kept.add(("\x02", "\x00", False, Graphemes("\x02", ("e\u0301",))), Position(0))
    kept.came_back(Position(0))
    assert not kept.has(("\x02", "\x00", False, Graphemes("\x02", ("a\u0301",))), Position(0))


def test_the_terminal_takes_the_last_rows_back() -> None:
    kept = record("a", "b", "c")
    kept.came_back(Position(2))
    assert kept.pull(1) == Pulled(0, None)  # it stood on the screen, too
    assert kept.pull(1) == Pulled(0, Position(1))
    assert kept.pull(3) == Pulled(2, Position(0))
