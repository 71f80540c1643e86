"""What is asked of the server's history, in which order, and what is not asked again."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from tests.client.renderer.history.test_cache import cache_of, page

from mosh_client.ipc.messages import HistoryFound, SearchHistory, WantHistory
from mosh_client.renderer.history.wishes import NOTHING, Wishes
from mosh_common.terminal.history.line import PAGE_LINES, Position

END = Position(5000)


def test_what_is_needed_most_is_asked_for_first() -> None:
    wishes = Wishes(cache_of(END), serials=count(1))
    assert wishes.page_wanted([range(100, 120), range(80, 100)]) == WantHistory(1, 100, 0, 20)
    wishes.receive_page(page(100, *["x"] * 20))
    assert wishes.page_wanted([range(100, 120), range(80, 100)]) == WantHistory(2, 80, 0, 20)


def test_nothing_is_asked_again_while_it_is_on_its_way() -> None:
    wishes = Wishes(cache_of(END), serials=count(1))
    assert wishes.page_wanted([range(100, 120)])
    assert wishes.page_wanted([range(100, 120)]) is None
    assert wishes.page_wanted([range(105, 120)]) is None


def test_the_view_moved_on_and_so_does_the_wish() -> None:
    wishes = Wishes(cache_of(END), serials=count(1))
    wishes.page_wanted([range(100, 120)])
    assert wishes.page_wanted([range(300, 320)]) == WantHistory(2, 300, 0, 20)


def test_what_did_not_fit_into_a_page_is_asked_for_next() -> None:
    wishes = Wishes(cache_of(END), serials=count(1))
    wishes.page_wanted([range(100, 120)])
    wishes.receive_page(page(100, "whole", "cu", whole=False))
    assert wishes.page_wanted([range(100, 120)]) == WantHistory(2, 101, 2, 19)


def test_a_wish_is_for_no_more_than_a_page() -> None:
    wishes = Wishes(cache_of(END), serials=count(1))
    assert wishes.page_wanted([range(100, 4000)]) == WantHistory(1, 100, 0, PAGE_LINES)
    assert wishes.page_wanted([range(100, 4000)]) is None


def test_what_is_gone_is_not_asked_for_any_more() -> None:
    cache = cache_of(END)
    wishes = Wishes(cache, serials=count(1))
    wishes.page_wanted([range(100, 120)])
    wishes.receive_page(page(110, *["x"] * 10))
    assert cache.extent.first == 110
    assert wishes.page_wanted([range(100, 120)]) is None


def test_what_finds_no_room_is_not_asked_for_for_ever() -> None:
    cache = cache_of(END)
    wishes = Wishes(cache, serials=count(1))
    needs = [range(100, 101), range(99, 100), range(101, 102)]
    asked = []
    for _ in range(20):
        wish = wishes.page_wanted(needs)
        if wish is None:
            break
        asked.append(wish.line)  # an answer that is dropped at once: nothing of it is kept
        wishes.receive_page(page(wish.line, serial=wish.serial))
    assert asked == [100, 99, 101]


def test_what_somebody_else_may_have_replaced_is_asked_for_again() -> None:
    wishes = Wishes(cache_of(END), serials=count(1))
    wishes.page_wanted([range(100, 120)])
    wishes.start_over()
    assert wishes.page_wanted([range(100, 120)]) == WantHistory(2, 100, 0, 20)


def test_a_search_comes_before_pages_and_its_answer_counts_once() -> None:
    wishes = Wishes(cache_of(END), serials=count(1))
    wishes.page_wanted([range(100, 120)])
    assert wishes.search("error", line=100, backwards=True) == SearchHistory(2, 100, True, "error")
    assert wishes.page_wanted([range(100, 120)]) is None
    assert wishes.receive_found(HistoryFound(1, 7)) is None
    assert wishes.receive_found(HistoryFound(2, 7)) == 7
    assert wishes.receive_found(HistoryFound(2, 7)) is None
    assert wishes.page_wanted([range(100, 120)]) == WantHistory(3, 100, 0, 20)


def test_a_search_that_found_nothing_says_so_and_one_given_up_says_nothing() -> None:
    wishes = Wishes(cache_of(END), serials=count(1))
    wishes.search("error", line=100, backwards=True)
    assert wishes.receive_found(HistoryFound(1, None)) == NOTHING
    wishes.search("error", line=100, backwards=True)
    wishes.stop_searching()
    assert wishes.receive_found(HistoryFound(2, 5)) is None


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9), st.integers(0, 5)), max_size=30))
def test_everything_needed_comes_whatever_size_the_pages_have(moves: list[tuple[int, int, int]]) -> None:
    """Each answer brings as much as it likes of what was asked for, at least one line or a column."""
    cache = cache_of(Position(60))
    wishes = Wishes(cache, serials=count(1))
    for start, needed, room in [*moves, (0, 60, 1)]:
        needs = [range(start, start + needed)]
        while (wish := wishes.page_wanted(needs)) is not None:
            texts = ["line"[wish.column :], *["line"] * (wish.lines - 1)]
            if room:
                texts = texts[:room]
                wishes.receive_page(page(wish.line, *texts, column=wish.column, serial=wish.serial))
            else:
                wishes.receive_page(
                    page(wish.line, texts[0][:1], column=wish.column, whole=wish.column == 3, serial=wish.serial)
                )
        assert [number for number in needs[0] if cache.lacks(number) is not None] == []
