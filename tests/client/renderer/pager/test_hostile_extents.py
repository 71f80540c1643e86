"""A server that says of its history what it likes: the pager goes on, and what that costs is counted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Final

import pytest
from tests.support.paging import PagingDesk

from mosh_client.ipc.messages import HistoryExtent, HistoryPage, WantHistory, decode, encode
from mosh_client.renderer.pager.document import Document

LARGEST: Final = (1 << 63) - 1
ENTER_KEY: Final = b"\x1e["
EXTENTS: Final[dict[str, Callable[[int], tuple[int, int]]]] = {  # the first line, and the screen's
    "largest": lambda _turn: (0, LARGEST),
    "only the largest": lambda _turn: (LARGEST, LARGEST),
    "rising": lambda turn: (turn, 150 + turn * 10**9),
    "backwards": lambda turn: (0, LARGEST - turn * 10**12),
    "jumping": lambda turn: (0, (LARGEST, 5)[turn % 2]),
    "its beginning jumps": lambda turn: ((LARGEST - 5, 0)[turn % 2], LARGEST),
}
KEYS: Final = ("", "g", "k\x02\x02", "gVGy", "vgVG", "g/x\r", "?x\r")
TURNS: Final = 8


def desk_with_lines() -> PagingDesk:
    desk = PagingDesk(columns=40, lines=10)
    desk.print(*[f"line {number}" for number in range(160)])
    desk.type(ENTER_KEY)
    return desk


def told(desk: PagingDesk, first: int, line: int, clears: int = 0) -> None:
    desk.view.receive_message(HistoryExtent(first, line, 0, clears, False), now=desk.now)
    desk.collect()


@pytest.mark.parametrize("keys", KEYS, ids=map(repr, KEYS))
@pytest.mark.parametrize("kind", EXTENTS)
def test_lines_of_any_number_are_wished_for_and_selected(kind: str, keys: str) -> None:
    desk = desk_with_lines()
    for turn in range(TURNS):
        told(desk, *EXTENTS[kind](turn))
        desk.type(keys, answered=False)
        assert len(desk.shown) == 10
    assert [decode(encode(wish)) for wish in desk.wishes] == desk.wishes


@pytest.mark.parametrize("keys", KEYS, ids=map(repr, KEYS))
@pytest.mark.parametrize("kind", EXTENTS)
def test_an_extent_costs_a_few_screens_of_lines_and_one_wish(
    kind: str, keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = desk_with_lines()
    desk.type(keys, answered=False)
    laid = count()
    all_rows = Document._all_rows
    monkeypatch.setattr(Document, "_all_rows", lambda self, number: (next(laid), all_rows(self, number))[1])
    wished = len(desk.wishes)
    for turn in range(TURNS):
        told(desk, *EXTENTS[kind](turn))
        desk.shown  # noqa: B018  # it draws
    assert next(laid) <= TURNS * 8 * 10
    assert len(desk.wishes) - wished <= TURNS


def test_pages_that_never_bring_anything_are_not_asked_for_again() -> None:
    desk = desk_with_lines()
    desk.type("g", answered=False)
    for _ in range(50):
        standing, desk.standing = desk.standing, None
        if not isinstance(standing, WantHistory):
            break
        desk.view.receive_message(HistoryPage(standing.serial, standing.line, standing.column, (), True), now=desk.now)
        desk.collect()
    assert desk.standing is None
    assert len(desk.wishes) < 50


def test_a_page_behind_all_that_there_is_leaves_what_there_is() -> None:
    desk = desk_with_lines()
    desk.type("g", answered=False)
    standing = desk.standing
    assert standing is not None
    desk.view.receive_message(HistoryPage(standing.serial, LARGEST, 0, (), True), now=desk.now)
    desk.collect()
    desk.type("vGVgy", answered=False)
    assert len(desk.shown) == 10
