"""The pager in whole sessions: what it shows, finds and copies is what was printed, on any network."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from tests.support.history_session import (
    HistorySession,
    Network,
    View,
    build_log,
    chinese,
    emoji,
    long_lines,
    plain,
    seq,
)

pytestmark = [pytest.mark.e2e, pytest.mark.system, pytest.mark.requires_linux]

GOOD, BAD = Network(), Network(delay_ms=100, loss=0.1)
MIXED = [*seq(3000), *build_log(200), *chinese(40), *emoji(40), *long_lines(10), *seq(1500)]
LOG, CHINESE, EMOJI, LONG = 3001, 3201, 3241, 3281  # where these begin; before them, "ready"


SIZE = (24, 100)


NETWORKS = pytest.mark.parametrize("network", [GOOD, BAD], ids=["0 ms", "200 ms, 10 %"])


@contextmanager
def long_session(network: Network) -> Iterator[HistorySession]:
    """A session that has printed MIXED, most of which was skipped in bulk."""
    with HistorySession(size=SIZE, patience_s=40, network=network) as opened:
        opened.print(MIXED)
        yield opened


@pytest.fixture(scope="module", params=[GOOD, BAD], ids=["0 ms", "200 ms, 10 %"])
def shared(request: pytest.FixtureRequest) -> Iterator[HistorySession]:
    """Such a session for several, each of which leaves it as it was."""
    with long_session(request.param) as opened:
        yield opened


@pytest.fixture
def session(shared: HistorySession) -> Iterator[HistorySession]:
    """That one, with the pager shown."""
    shared.enter()
    yield shared
    shared.leave()
    shared.resize(*SIZE)
    shared.wait_until(lambda: shared.shown()[-1] == "", "the live screen")


def has_rows(count: int, view: View) -> bool:
    return len(view.rows) == count


def next_one(session: HistorySession, text: str, after: int) -> int:
    return next(number for number in range(after + 1, len(session.printed)) if text in plain(session.printed[number]))


def one_before(session: HistorySession, text: str, before: int) -> int:
    return next(number for number in range(before - 1, -1, -1) if text in plain(session.printed[number]))


@NETWORKS
def test_pages_are_what_was_printed_up_to_the_top(network: Network) -> None:
    with long_session(network) as session:
        session.enter()
        all_lines = len(session.printed) + 1
        session.wait_for_view("all that was printed", lambda view: (view.total, view.gone) == (all_lines, 0))
        for _ in range(3):
            session.go(b"b")
        session.go(b"g", to=lambda view: view.top == 1)
        session.go(b" ")
        session.find(b"/[ 90%]\r", next_one(session, "[ 90%]", LOG))
        session.press(b"\x1b")  # what is marked would not look as it was printed
        view = session.wait_for_view("the end of the log")
        while view.top <= LONG + 10:
            view = session.page_down(view)
        session.go(b"G", to=lambda view: view.bottom == view.total)
        session.leave()


def test_searches_find_the_nearest_line_both_ways(session: HistorySession) -> None:
    found = one_before(session, "is broken", len(session.printed))
    session.find(b"?is broken\r", found)
    session.find(b"n", one_before(session, "is broken", found))
    session.find(b"N", found)
    session.find("/👩\u200d💻\r".encode(), next_one(session, "👩\u200d💻", EMOJI))
    session.find("?日本語\r".encode(), one_before(session, "日本語", EMOJI))
    session.find(b"/<7>\r", LONG + 7)


def test_copies_are_lines_as_they_were_printed(session: HistorySession) -> None:
    session.copy(LOG + 3, LOG + 90)
    session.copy(CHINESE + 10, CHINESE + 30)
    session.copy(EMOJI + 5, EMOJI + 20)
    session.copy(LONG + 2, LONG + 8)


def test_after_three_resizes_it_is_the_same_text(session: HistorySession) -> None:
    for lines, columns in ((30, 64), (9, 133), (24, 100)):
        session.resize(lines, columns)
        session.wait_for_view("the new size", partial(has_rows, lines - 1))
        session.find(b"g/<1>\r", LONG + 1)
        session.press(b"\x1b")
        session.wait_for_view("the long lines", lambda view: view.top <= LONG + 2 <= view.bottom)
        for _ in range(3):
            session.go(b"b")
        session.go(b"G", to=lambda view: view.bottom == view.total)
        session.go(b"g", to=lambda view: view.top == 1)


def test_past_the_bounds_the_bar_says_what_was_dropped_and_the_rest_is_there() -> None:
    with HistorySession(history="2000,1M") as session:
        session.print([*seq(9000), *build_log(100), *seq(500)])
        session.enter()
        session.go(b"g", to=lambda view: view.top == view.gone + 1 > len(session.printed) - 2100)
        session.go(b" ")
        session.go(b"G", to=lambda view: view.bottom == view.total)
        session.find(b"?is broken\r", one_before(session, "is broken", len(session.printed)))
        session.press(b"?ready\r")
        session.wait_until(lambda: "not found above" in session.bar, "that it is gone")


@NETWORKS
def test_while_a_flood_runs_pages_are_what_was_printed(network: Network) -> None:
    with HistorySession(patience_s=40, network=network) as session:
        session.print([*seq(500), *build_log(50)])
        session.begin_flood([f"flood {number}" for number in range(1000)])
        session.enter()
        for _ in range(3):
            session.go(b"b")
        session.wait_for_view("enough of the flood", lambda view: view.total > 2000)
        session.press(b"g")  # what is dropped within a round trip is not seen
        session.end_flood()
        session.go(b"G", to=lambda view: view.bottom == view.total)
        view = session.go(b"g", to=lambda view: view.top == view.gone + 1)
        session.go(b" ")
        session.leave()
        assert view.total > 2000
