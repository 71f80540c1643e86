"""Rows that were kept already: how many of what scrolls off they are."""

from __future__ import annotations

from mosh_common.terminal.cells import NO_CLUSTERS, Row
from mosh_common.terminal.screen.unseen import Unseen


def row(text: str, *, wraps: bool = False) -> Row:
    return (text, "\0" * len(text), wraps, NO_CLUSTERS)


A, B, C, D = row("a"), row("b"), row("c"), row("d")
WRAPPING = row("w", wraps=True)


def expecting(rows: int, lines: int) -> Unseen:
    unseen = Unseen()
    unseen.expect(rows, lines)
    return unseen


def test_without_any_all_rows_are_new() -> None:
    unseen = Unseen()
    assert not unseen.exceeds([])
    assert unseen.take_new([A, B]) == [A, B]


def test_rows_come_first_and_then_lines() -> None:
    unseen = expecting(1, 1)
    assert unseen.take_new([A, B, C]) == [C]
    assert (unseen.rows, unseen.lines) == (0, 0)


def test_they_may_scroll_off_one_after_the_other() -> None:
    unseen = expecting(2, 1)
    assert [unseen.take_new([each]) for each in (A, B, C, D)] == [[], [], [], [D]]


def test_a_line_goes_on_as_long_as_its_rows_wrap() -> None:
    unseen = expecting(0, 1)
    assert unseen.take_new([WRAPPING]) == []
    assert unseen.take_new([WRAPPING, A, B]) == [B]


def test_there_are_more_than_rows_that_do_not_reach_the_end_of_them() -> None:
    assert expecting(2, 0).exceeds([A])
    assert not expecting(2, 0).exceeds([A, B])
    assert expecting(1, 1).exceeds([A, WRAPPING])
    assert not expecting(1, 1).exceeds([A, WRAPPING, B])
