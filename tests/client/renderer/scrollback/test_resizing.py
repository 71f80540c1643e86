"""What is concluded from where a terminal has its cursor after a new size."""

from __future__ import annotations

from itertools import count

import pytest

from mosh_client.ipc.messages import HistoryExtent
from mosh_client.renderer.scrollback.native_scroll import NativeScroll
from mosh_client.renderer.scrollback.resizing import (
    ANSWER_PATIENCE_MS,
    CURSOR_QUESTION,
    MUTE_PATIENCE_MS,
    Resizing,
)
from mosh_common.terminal.cells import blank_snapshot
from mosh_common.terminal.history.line import Position

NOW = 1000


def stood(*, columns: int = 20, lines: int = 5, cursor_row: int = 7) -> tuple[Resizing, NativeScroll]:
    """A screen of 20×8, its cursor at the bottom, of a session that scrolled 30 lines off; asked about another size."""
    scroll = NativeScroll(serials=count(1))
    scroll.receive_extent(HistoryExtent(0, 30, 0, 0, False), now=NOW)
    resizing = Resizing(scroll)
    draw(resizing, cursor_row=cursor_row)
    resizing.begin(columns, lines)
    assert resizing.question(now=NOW) == CURSOR_QUESTION
    return resizing, scroll


def draw(resizing: Resizing, *, cursor_row: int = 7) -> None:
    resizing.drawn(blank_snapshot(20, 8), cursor_row=cursor_row, end=Position(30))


def test_the_question_is_asked_once_and_not_waited_for_without_end() -> None:
    resizing, _ = stood()
    assert resizing.question(now=NOW + ANSWER_PATIENCE_MS - 1) == b""
    assert resizing.pending
    assert resizing.next_deadline() == NOW + ANSWER_PATIENCE_MS
    resizing.question(now=NOW + ANSWER_PATIENCE_MS)
    assert not resizing.pending


def test_a_terminal_that_did_not_answer_is_not_waited_for_so_long_until_it_does() -> None:
    resizing, _ = stood()
    resizing.question(now=NOW + ANSWER_PATIENCE_MS)
    for patience in (MUTE_PATIENCE_MS, ANSWER_PATIENCE_MS):
        draw(resizing)
        resizing.begin(20, 5)
        resizing.question(now=NOW)
        assert resizing.next_deadline() == NOW + patience
        resizing.question(now=NOW + patience)
        resizing.answered(4)  # too late, but it does answer


def test_a_size_that_changes_again_is_asked_for_again() -> None:
    resizing, _ = stood()
    resizing.begin(20, 4)
    resizing.answered(4)  # of the size before
    assert resizing.question(now=NOW) == CURSOR_QUESTION
    assert resizing.pending


@pytest.mark.parametrize(("row", "printed"), [(4, 33), (7, 30), (6, 31), (None, 33)])
def test_rows_that_the_terminal_pushed_count(row: int | None, printed: int) -> None:
    resizing, scroll = stood()
    resizing.answered(row)
    assert scroll.printed == Position(printed)
    assert resizing.take_first() == b""


def test_rows_from_before_the_session_are_pushed_again() -> None:
    resizing, _ = stood(cursor_row=2)
    resizing.answered(4)
    assert resizing.take_first() == b"\x1b[m\x1b[5;1H\n\n"
    assert resizing.take_first() == b""


@pytest.mark.parametrize(("row", "again"), [(7, 0), (None, 0), (5, 0), (9, 2)])
def test_with_another_width_what_came_back_for_certain_is_pushed_again(row: int | None, again: int) -> None:
    resizing, scroll = stood(columns=30)
    resizing.answered(row)
    assert resizing.take_first().count(b"\n") == again
    assert scroll.printed == Position(30)


@pytest.mark.parametrize(("row", "printed"), [(7, 19), (8, 20), (10, 30)])
def test_what_a_terminal_that_grows_may_have_had_drawn_over_comes_again(row: int, printed: int) -> None:
    """A frame of the old height was on its way: it has set the cursor, and covers what was taken back."""
    scroll = NativeScroll(serials=count(1), printed=Position(0))
    scroll.receive_extent(HistoryExtent(0, 30, 0, 0, False), now=NOW)
    scroll.pushed_by_terminal(blank_snapshot(20, 30).rows, Position(0))
    resizing = Resizing(scroll)
    draw(resizing)
    resizing.begin(30, 11)
    resizing.question(now=NOW)
    resizing.answered(row)
    assert scroll.printed == Position(printed)
    assert resizing.take_first().count(b"\n") == row - 7


@pytest.mark.parametrize("columns", [20, 30])
def test_all_that_a_terminal_which_does_not_say_may_have_taken_back_is_pushed_again(columns: int) -> None:
    resizing, scroll = stood(columns=columns, lines=11)
    resizing.question(now=NOW + ANSWER_PATIENCE_MS)
    assert resizing.take_first() == b"\x1b[m\x1b[11;1H\n\n\n"
    assert scroll.printed == Position(30)


def test_what_a_notice_covers_does_not_count() -> None:
    resizing, scroll = stood()
    resizing.drawn(blank_snapshot(20, 8), cursor_row=7, end=None)
    resizing.answered(4)
    assert scroll.printed == Position(30)
