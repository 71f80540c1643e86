"""Lines of history in the renderer: what is kept, what is missing, what is dropped."""

from __future__ import annotations

import pytest

from mosh_client.ipc.messages import HistoryExtent, HistoryPage
from mosh_client.renderer.history.cache import CACHE_OCTETS, HistoryCache
from mosh_common.terminal.cells import BOLD, CLUSTER, DEFAULT_STYLE, Style
from mosh_common.terminal.history.line import Line, Position, joined

BOLD_STYLE = Style(flags=BOLD)


def plain(text: str) -> Line:
    return Line(text, ((len(text), DEFAULT_STYLE),) if text else ())


def cache_of(end: Position, *, first: int = 0, clears: int = 0) -> HistoryCache:
    cache = HistoryCache()
    cache.set_extent(HistoryExtent(first, end.line, end.column, clears, False))
    return cache


def page(line: int, *texts: str, column: int = 0, whole: bool = True, serial: int = 1) -> HistoryPage:
    return HistoryPage(serial, line, column, tuple(map(plain, texts)), whole)


def text_of(cache: HistoryCache, number: int) -> str | None:
    known = cache.known(number)
    return None if known is None else known.line.text


def test_lines_are_known_by_their_numbers() -> None:
    cache = cache_of(Position(20))
    cache.receive_page(page(5, "five", "six"))
    assert [text_of(cache, number) for number in (4, 5, 6, 7)] == [None, "five", "six", None]


def test_what_is_missing_is_a_line_or_its_end_and_nothing_beyond_the_extent() -> None:
    cache = cache_of(Position(8, 3), first=2)
    cache.receive_page(page(4, "four", "fi", whole=False))
    assert [cache.lacks(number) for number in range(1, 10)] == [
        *(None, Position(2), Position(3), None, Position(5, 2)),
        *(Position(6), Position(7), Position(8), None),
    ]
    cache.receive_page(page(8, "the", whole=False))
    assert cache.lacks(8) is None  # the rest of it is on the screen


def test_the_rest_of_a_cut_line_is_joined_to_it() -> None:
    cache = cache_of(Position(9))
    cache.receive_page(page(4, "lo", whole=False))
    cache.receive_page(page(4, "ng", "five", column=2))
    assert text_of(cache, 4) == "long"
    assert cache.lacks(4) is None
    assert text_of(cache, 5) == "five"


@pytest.mark.parametrize("column", [1, 3])
def test_a_rest_that_does_not_fit_is_not_joined(column: int) -> None:
    cache = cache_of(Position(9))
    cache.receive_page(page(4, "lo", whole=False))
    cache.receive_page(page(4, "ng", column=column))
    assert text_of(cache, 4) == "lo"


def test_a_page_that_came_late_takes_nothing_away() -> None:
    cache = cache_of(Position(9))
    cache.receive_page(page(4, "long"))
    cache.receive_page(page(4, "lo", whole=False))
    assert text_of(cache, 4) == "long"


def test_joined_lines_are_one_in_styles_and_clusters() -> None:
    one = Line("ab" + CLUSTER, ((2, DEFAULT_STYLE), (1, BOLD_STYLE)), ("é",))
    other = Line(CLUSTER + "c", ((1, BOLD_STYLE), (1, DEFAULT_STYLE)), ("ö",))
    assert joined(one, other) == Line(
        "ab" + CLUSTER * 2 + "c", ((2, DEFAULT_STYLE), (2, BOLD_STYLE), (1, DEFAULT_STYLE)), ("é", "ö")
    )


def test_a_clear_forgets_everything_also_what_is_on_its_way() -> None:
    cache = cache_of(Position(9))
    cache.receive_page(page(4, "four"))
    cache.set_extent(HistoryExtent(9, 9, 0, 1, False))
    cache.receive_page(page(5, "five"))
    assert text_of(cache, 4) is None
    assert text_of(cache, 5) is None
    assert cache.octets == 0


def test_a_cache_stays_within_its_bound() -> None:
    cache = cache_of(Position(1_000_000))
    cache.attend(range(500_000, 500_050))
    for start in range(490_000, 510_000, 500):
        cache.receive_page(page(start, *["x" * 200] * 500))
        assert cache.octets <= CACHE_OCTETS
    assert text_of(cache, 500_025) is not None
    assert text_of(cache, 490_000) is None
    assert text_of(cache, 509_999) is None


def test_what_is_looked_at_is_kept_however_much_it_is() -> None:
    cache = cache_of(Position(1_000_000))
    cache.attend(range(10))
    line = Line("x" * 8192, tuple([(1, Style(fg=color % 256)) for color in range(8192)]))
    for number in (*range(10), 20):
        cache.receive_page(HistoryPage(1, number, 0, (line,), True))
    assert all(cache.known(number) for number in range(10))
    assert cache.known(20) is None


def test_equal_styles_are_one_object() -> None:
    cache = cache_of(Position(9))
    for number in (1, 2):
        cache.receive_page(HistoryPage(1, number, 0, (Line("x", ((1, Style(fg=3)),)),), True))
    one, other = cache.known(1), cache.known(2)
    assert one is not None
    assert other is not None
    assert one.line.runs[0][1] is other.line.runs[0][1]
