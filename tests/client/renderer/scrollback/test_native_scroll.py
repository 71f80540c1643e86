"""What goes into the scrollback, and what is asked for: the rules of renderer/scrollback/native_scroll.py."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest
from tests.support.histories import Kept, numbered

from mosh_client.ipc.messages import HistoryExtent, HistoryPage, WantHistory
from mosh_client.renderer.scrollback import native_scroll
from mosh_client.renderer.scrollback.native_scroll import (
    FEW_LINES,
    FURTHEST_BEHIND,
    KEPT_BEHIND_GAP,
    MOST_LINES_HELD,
    MOST_ROWS_AT_ONCE,
    NativeScroll,
)
from mosh_common.history_limits import Limits
from mosh_common.terminal.cells import DEFAULT_STYLE, RGB, Palette, Row, Style
from mosh_common.terminal.history.line import LONGEST_LINE, PAGE_LINES, Line, Position

NOW = 5000


def line(text: str) -> Line:
    return Line(text, ((len(text), DEFAULT_STYLE),) if text else ())


def scroll_at(number: int, column: int = 0, **arguments: Any) -> NativeScroll:
    """Native scroll whose first extent ended there."""
    scroll = NativeScroll(serials=count(1), **arguments)
    scroll.receive_extent(HistoryExtent(0, number, column, 0, False), now=NOW)
    return scroll


def grow(
    scroll: NativeScroll, number: int, column: int = 0, *, first: int = 0, clears: int = 0, now: int = NOW
) -> None:
    scroll.receive_extent(HistoryExtent(first, number, column, clears, False), now=now)


def page(wish: WantHistory | None, texts: list[str], *, whole: bool = True, begin: int | None = None) -> HistoryPage:
    assert wish is not None
    at = wish.line if begin is None else begin
    return HistoryPage(wish.serial, at, wish.column, tuple([line(text) for text in texts]), whole)


def due(scroll: NativeScroll, *, columns: int = 10) -> list[str]:
    rows = scroll.rows_due(columns=columns, palette=Palette())
    return [row[0].replace("\x00", " ").rstrip() + ("\\" if row[2] else "") for row in rows]


def test_what_scrolled_off_before_the_session_is_for_the_pager() -> None:
    scroll = scroll_at(7)
    assert scroll.wish(now=NOW) == WantHistory(1, 7, 0, FEW_LINES)
    assert scroll.wish(now=NOW) is None


def test_a_page_grows_and_each_line_of_it_is_pushed_once() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 1)
    scroll.receive_page(page(wish, ["a"]), now=NOW)
    assert due(scroll) == ["a"]
    grow(scroll, 3)
    scroll.receive_page(page(wish, ["a", "b", "c"]), now=NOW)
    assert due(scroll) == ["b", "c"]
    assert due(scroll) == []


def asked(scroll: NativeScroll) -> int:
    """Return how many lines it asks for."""
    wish = scroll.wish(now=NOW + 1000)
    assert wish is not None
    return wish.lines


def test_as_many_lines_are_asked_for_as_come() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 60_000)
    scroll.receive_page(page(wish, ["x"] * FEW_LINES), now=NOW)
    wish = scroll.wish(now=NOW + 1000)
    assert wish is not None
    assert wish.lines == 2 * FEW_LINES
    scroll.receive_page(page(wish, ["x"] * 200), now=NOW)  # no more went into it
    due(scroll)
    wish = scroll.wish(now=NOW + 1000)
    assert wish is not None
    assert wish.lines == 250
    scroll.receive_page(page(wish, ["x"] * 70), now=NOW)
    due(scroll)
    assert asked(scroll) == FEW_LINES


def test_lines_newer_than_the_frame_wait_for_theirs() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    scroll.receive_page(page(wish, ["a", "b"]), now=NOW)
    assert due(scroll) == []
    grow(scroll, 1)
    assert due(scroll) == ["a"]
    grow(scroll, 2)
    assert due(scroll) == ["b"]


def test_of_a_line_that_goes_on_whole_rows_are_pushed_and_wrap() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 0, 10)
    scroll.receive_page(page(wish, ["0123456789"], whole=False), now=NOW)
    assert due(scroll) == ["0123456789\\"]
    grow(scroll, 1)
    scroll.receive_page(page(wish, ["0123456789abc"]), now=NOW)
    assert due(scroll) == ["abc"]


def test_a_line_that_is_cut_within_a_row_waits_for_the_rest_of_it() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 0, 15)  # the server's window is 15 columns wide, ours 10 already
    scroll.receive_page(page(wish, ["0123456789abcde"], whole=False), now=NOW)
    assert due(scroll) == ["0123456789\\"]
    grow(scroll, 1)
    scroll.receive_page(page(wish, ["0123456789abcdefgh"]), now=NOW)
    assert due(scroll) == ["abcdefgh"]


def test_a_wide_character_that_did_not_fit_leaves_a_blank() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 0, 9)
    scroll.receive_page(page(wish, ["012345678"], whole=False), now=NOW)
    assert due(scroll) == ["012345678\\"]


def test_what_was_asked_for_is_asked_for_anew_from_where_it_has_come() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 63)
    scroll.receive_page(page(wish, ["x"] * 63), now=NOW)
    assert scroll.wish(now=NOW) is None  # it stands, and its page grows
    grow(scroll, 64)
    scroll.receive_page(page(wish, ["x"] * 64), now=NOW)
    assert scroll.wish(now=NOW) == WantHistory(2, 64, 0, FEW_LINES)


def test_a_page_that_does_not_grow_although_there_is_more_is_asked_for_again() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 9)
    assert scroll.next_deadline() is None  # it has not come yet
    scroll.receive_page(page(wish, ["x"] * 3), now=NOW)
    again = scroll.next_deadline()
    assert again is not None
    assert scroll.wish(now=again - 1) is None
    assert scroll.wish(now=again) == WantHistory(2, 3, 0, FEW_LINES)


def test_no_page_is_asked_for_while_two_are_here() -> None:
    scroll = scroll_at(0)
    grow(scroll, 1)
    wish = scroll.wish(now=NOW)
    scroll.receive_page(page(wish, ["x"] * PAGE_LINES), now=NOW)
    wish = scroll.wish(now=NOW)
    scroll.receive_page(page(wish, ["x"] * PAGE_LINES), now=NOW)
    assert scroll.wish(now=NOW + 1000) is None  # MOST_LINES_HELD
    assert MOST_LINES_HELD == 2 * PAGE_LINES
    grow(scroll, PAGE_LINES)
    due(scroll)
    assert scroll.wish(now=NOW + 1000) is not None


def test_a_drawing_pushes_a_bounded_number_of_rows() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 1)
    scroll.receive_page(page(wish, ["x" * 8000]), now=NOW)
    assert len(due(scroll, columns=2)) <= 4000  # one line at most beyond MOST_ROWS_AT_ONCE
    grow(scroll, 1000)
    scroll.receive_page(page(wish, ["x" * 8000] + ["y" * 8] * 999), now=NOW)
    assert len(due(scroll, columns=2)) == MOST_ROWS_AT_ONCE
    assert len(due(scroll, columns=2)) == 999 * 4 - MOST_ROWS_AT_ONCE


def test_a_line_without_an_end_is_cut() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 5)
    for _ in range(3):
        scroll.receive_page(page(wish, ["x" * LONGEST_LINE], whole=False), now=NOW)
        wish = scroll.wish(now=NOW + 1000)
        assert wish is not None
        assert wish.column == 0  # the next line's
    assert wish is not None
    assert wish.line == 3


def test_a_style_for_each_column_is_borne() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    assert wish is not None
    grow(scroll, 50)
    lines = [
        Line("x" * 4000, tuple([(1, Style(fg=RGB | number * 4000 + column)) for column in range(4000)]))
        for number in range(50)
    ]
    scroll.receive_page(HistoryPage(wish.serial, 0, 0, tuple(lines), True), now=NOW)
    drawings = 0
    while scroll.rows_due(columns=80, palette=Palette()):
        drawings += 1
    assert drawings == 10


def test_lines_that_the_server_does_not_keep_any_more_are_counted() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 1502, first=1500)
    scroll.receive_page(page(wish, ["x", "y"], begin=1500), now=NOW)
    assert due(scroll, columns=80) == ["[mosh: 1,500 lines are gone: the server keeps no more]", "x", "y"]


def test_what_has_not_been_fetched_is_what_the_servers_bounds_drop_last() -> None:
    kept = Kept(limits=Limits(lines=400))
    scroll = scroll_at(0)
    found: list[str] = []
    for begin in range(0, 6000, 300):  # less than the bounds keep, between two pages
        kept.feed(numbered(range(begin, begin + 300)))
        fetch_and_take(scroll, kept, found)
    assert kept.reading.extent.first > 5000
    assert found == [f"l{number}" for number in range(kept.reading.extent.end.line)]
    kept.feed(numbered(range(6000, 7000)))  # more
    fetch_and_take(scroll, kept, found)
    [note] = [text for text in found if text.startswith("[")]
    at = found.index(note)
    first = kept.reading.extent.first
    assert note == f"[mosh: {first - at} lines are gone: the server keeps no more]"
    assert found[at + 1] == f"l{first}"


def fetch_and_take(scroll: NativeScroll, kept: Kept, found: list[str]) -> None:
    """Fetch all that there is, and take it."""
    first, (line, column), clears = kept.reading.extent
    grow(scroll, line, column, first=first, clears=clears)
    later = NOW
    while not scroll.caught_up:
        later += 1000
        wish = scroll.wish(now=later)
        assert wish is not None
        start, lines, whole = kept.reading.lines(Position(wish.line, wish.column), wish.lines, 1 << 20)
        scroll.receive_page(HistoryPage(wish.serial, *start, tuple(lines), whole), now=later)
        found += due(scroll, columns=80)


def test_a_gap_that_is_too_long_is_left_out_once_the_flood_is_over() -> None:
    scroll = scroll_at(0, pager_key="Ctrl-^ [")
    scroll.wish(now=NOW)
    far = FURTHEST_BEHIND + 10_000
    grow(scroll, far // 2)
    grow(scroll, far)
    assert scroll.wish(now=NOW) is None
    over = scroll.next_deadline()
    assert over is not None
    assert over > NOW
    start = far - KEPT_BEHIND_GAP
    assert scroll.wish(now=over) == WantHistory(2, start, 0, FEW_LINES)
    assert due(scroll, columns=80) == [f"[mosh: {start:,} lines are left out here; Ctrl-^ [ shows them]"]


def test_nothing_is_asked_for_while_a_flood_goes_on() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 2000)
    scroll.receive_page(page(wish, ["x"] * PAGE_LINES), now=NOW)
    assert scroll.wish(now=NOW) is None
    grow(scroll, 4000, now=NOW + 100)
    over = scroll.next_deadline()
    assert over is not None
    assert over > NOW + 200
    assert scroll.wish(now=over - 1) is None
    assert scroll.wish(now=over) == WantHistory(2, PAGE_LINES, 0, PAGE_LINES)


def test_what_clears_all_and_prints_it_anew_is_no_flood() -> None:
    scroll = scroll_at(0)
    scroll.wish(now=NOW)
    grow(scroll, 4000, first=1, clears=1)
    assert scroll.wish(now=NOW) == WantHistory(2, 1, 0, FEW_LINES)


def test_a_clear_is_due_once_and_what_follows_begins_with_the_first_line() -> None:
    scroll = scroll_at(5)
    scroll.wish(now=NOW)
    grow(scroll, 9, first=8, clears=1)
    assert scroll.clear_due
    assert scroll.wish(now=NOW) == WantHistory(2, 8, 0, FEW_LINES)


def test_pages_of_before_a_clear_are_dropped() -> None:
    scroll = scroll_at(0)
    old = scroll.wish(now=NOW)
    grow(scroll, 9, first=8, clears=1)
    scroll.wish(now=NOW)
    scroll.receive_page(page(old, ["old"] * 20), now=NOW)
    assert due(scroll) == []


def _three_pushed() -> NativeScroll:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 3)
    scroll.receive_page(page(wish, ["a", "b", "c"]), now=NOW)
    assert due(scroll) == ["a", "b", "c"]
    return scroll


def test_rows_that_the_server_takes_back_are_not_pushed_again() -> None:
    scroll = _three_pushed()
    grow(scroll, 1)
    wish = scroll.wish(now=NOW)
    grow(scroll, 4)
    scroll.receive_page(page(wish, ["b", "c", "d"]), now=NOW)
    assert due(scroll) == ["d"]


def test_what_was_drawn_over_them_meanwhile_is() -> None:
    scroll = _three_pushed()
    grow(scroll, 1)
    wish = scroll.wish(now=NOW)
    grow(scroll, 3)
    scroll.receive_page(page(wish, ["B", "c"]), now=NOW)
    assert due(scroll) == ["B", "c"]


def test_rows_that_the_terminal_takes_back_are_pushed_again_when_they_leave() -> None:
    scroll = _three_pushed()
    assert scroll.pulled_by_terminal(2) == 0
    assert scroll.printed == Position(1)
    wish = scroll.wish(now=NOW)
    scroll.receive_page(page(wish, ["b", "c"]), now=NOW)
    assert due(scroll) == ["b", "c"]


def test_rows_from_before_the_session_are_not_its_own() -> None:
    assert _three_pushed().pulled_by_terminal(5) == 2


def test_rows_that_the_terminal_pushes_count() -> None:
    scroll = scroll_at(0)
    rows: list[Row] = [("a" * 10, "\x00" * 10, True, {}), ("b" * 10, "\x00" * 10, False, {})]
    scroll.pushed_by_terminal(rows, Position(0))
    assert scroll.printed == Position(1)
    scroll.pushed_by_terminal(rows, Position(0))  # others are on their way
    assert scroll.printed == Position(1)


def test_a_renderer_that_follows_one_that_died_goes_on_where_that_was() -> None:
    scroll = NativeScroll(serials=count(1), printed=Position(4), clears=2)
    grow(scroll, 9, clears=2)
    assert not scroll.clear_due
    assert scroll.wish(now=NOW) == WantHistory(1, 4, 0, FEW_LINES)


def test_what_did_not_come_before_the_end_is_said() -> None:
    scroll = scroll_at(0)
    grow(scroll, 12)
    [row] = scroll.note_of_missing(columns=80, palette=Palette())
    assert row[0].rstrip("\x00") == "[mosh: 12 lines had not come when the session ended]"
    assert scroll_at(3).note_of_missing(columns=80, palette=Palette()) == []


def test_a_flood_is_more_than_anybody_reads() -> None:
    assert native_scroll.KEPT_BEHIND_GAP < native_scroll.FURTHEST_BEHIND


@pytest.mark.parametrize("came", [0, 4])  # behind its last row
def test_a_line_of_which_only_the_beginning_came_ends_where_lines_are_left_out(came: int) -> None:
    scroll = scroll_at(0, pager_key="Ctrl-^ [")
    wish = scroll.wish(now=NOW)
    grow(scroll, 0, 20)
    scroll.receive_page(page(wish, ["a" * (20 + came)], whole=False), now=NOW)
    assert due(scroll) == ["a" * 10 + "\\", "a" * 10 + "\\"]
    grow(scroll, FURTHEST_BEHIND + 1)
    wish = scroll.wish(now=NOW + 1000)
    assert wish is not None
    rest, note = due(scroll, columns=100)
    assert rest == "a" * came
    assert "lines are left out here" in note
    scroll.receive_page(page(wish, ["x"]), now=NOW + 1000)
    assert due(scroll) == ["x"]


def test_a_line_of_which_a_part_is_gone_is_ended_before_what_is_left_of_it() -> None:
    scroll = scroll_at(0)
    wish = scroll.wish(now=NOW)
    grow(scroll, 1)
    scroll.receive_page(page(wish, ["a" * 14], whole=False), now=NOW)
    assert due(scroll) == ["a" * 10 + "\\"]
    assert wish is not None
    scroll.receive_page(HistoryPage(wish.serial, 0, 20, (line("b"),), True), now=NOW)
    assert due(scroll) == ["a" * 4, "b"]
