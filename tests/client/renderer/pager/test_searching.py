"""Searching in the pager: at the server and on the screen, both ways, marked where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.paging import PagingDesk, line

from mosh_client.ipc.messages import HistoryFound, SearchHistory
from mosh_client.renderer.pager.finding import Needle, found_in
from mosh_common.terminal.cells import CLUSTER, INVERSE, WIDE_TAIL
from mosh_common.terminal.history.line import LONGEST_SEARCH, plain_text

ENTER_KEY = b"\x1e["


def desk_with_errors(*errors: int, columns: int = 60) -> PagingDesk:
    desk = PagingDesk(columns=columns)
    desk.print(*[f"line {number}{' Error' if number in errors else ''}" for number in range(200)])
    desk.type(ENTER_KEY)
    return desk


def marked(desk: PagingDesk) -> list[str]:
    """What stands in inverse above the bar, by row."""
    desk.shown  # noqa: B018  # it draws
    screen = desk.terminal.snapshot()
    result = []
    for row in screen.rows[:-1]:
        inverse = [screen.palette.styles[ord(letter)].flags & INVERSE for letter in row[1]]
        text = "".join(char for char, turned in zip(row[0], inverse, strict=True) if turned)
        if text:
            result.append(text.replace(WIDE_TAIL, "").replace("\0", " "))
    return result


def test_what_is_typed_stands_in_the_bar_and_enter_looks_for_it() -> None:
    desk = desk_with_errors(50, 120)
    desk.type("?eror\x7f\x7fror")
    assert desk.bar == "?error"
    screen = desk.terminal.snapshot()
    assert (screen.cursor_row, screen.cursor_column, screen.modes.cursor_visible) == (9, 6, True)
    desk.type("\r")
    assert "line 120 Error" in desk.text
    assert marked(desk) == ["Error"]
    assert not desk.terminal.snapshot().modes.cursor_visible


def test_the_next_and_the_one_before_are_found_from_there() -> None:
    desk = desk_with_errors(50, 120, 195)
    found = []
    for keys in ("?error\r", "n", "n", "n", "N", "N", "N"):
        desk.type(keys)
        found.append([text for text in desk.text if "Error" in text] + ([desk.bar] if "not found" in desk.bar else []))
    assert found == [
        ["line 195 Error"],
        ["line 120 Error"],
        ["line 50 Error"],
        ["line 50 Error", ' "error" is not found above.'],
        ["line 120 Error"],
        ["line 195 Error"],
        ["line 195 Error", ' "error" is not found below.'],
    ]


def test_a_search_forwards_goes_on_to_the_screen() -> None:
    desk = desk_with_errors(195)
    desk.type("g/error\r")
    assert "line 195 Error" in desk.text


def test_capitals_are_looked_for_as_they_are() -> None:
    desk = desk_with_errors(120)
    desk.type("?ERROR\r")
    assert desk.bar == ' "ERROR" is not found above.'
    desk.type("?Error\r")
    assert "line 120 Error" in desk.text


def test_a_search_is_bounded() -> None:
    desk = desk_with_errors()
    desk.type("/" + "x" * 5000 + "\r", answered=False)
    desk.type("g/" + "x" * 5000 + "\r", answered=False)
    searches = [wish for wish in desk.wishes if isinstance(wish, SearchHistory)]
    assert searches
    assert all(len(wish.text) == LONGEST_SEARCH for wish in searches)


def test_escape_cancels_the_line_then_the_marks_and_then_leaves() -> None:
    desk = desk_with_errors(120)
    desk.type("?error\r")
    desk.type("/x")
    for _ in range(2):
        desk.type("\x1b")
        desk.wait(50)
    assert desk.paging
    assert marked(desk) == []
    desk.type("\x1b")
    desk.wait(50)
    assert not desk.paging


@pytest.mark.parametrize("text", ["👩\u200d💻", "\ue0b0 main", "a\u00a0b"])
def test_joined_emoji_icons_and_odd_blanks_are_looked_for(text: str) -> None:
    desk = PagingDesk()
    desk.print(f"here: {text}", *[f"line {number}" for number in range(50)])
    desk.type(ENTER_KEY + b"?" + text.encode() + b"\r")
    assert desk.text[3].startswith("here: ") or desk.text[0].startswith("here: ")
    assert [wish.text for wish in desk.wishes if isinstance(wish, SearchHistory)] == [text]


def test_an_empty_line_looks_for_the_same_again() -> None:
    desk = desk_with_errors(50, 120)
    desk.type("?error\r")
    desk.type("g/\r")
    assert "line 50 Error" in desk.text


def test_next_before_any_search_says_so() -> None:
    desk = desk_with_errors()
    desk.type("n")
    assert desk.bar == " Nothing was searched for yet: / and ? begin."


def test_a_search_that_is_out_is_said_and_given_up_when_the_user_moves() -> None:
    desk = desk_with_errors(50)
    desk.type("?error\r", answered=False)
    assert desk.bar == ' searching for "error"…'
    desk.type("k", answered=False)
    search = next(wish for wish in desk.wishes if isinstance(wish, SearchHistory))
    before = desk.text
    desk.view.receive_message(HistoryFound(search.serial, 50), now=desk.now)
    desk.answer()
    assert desk.text == before


def test_a_line_that_is_not_there_was_not_found() -> None:
    desk = desk_with_errors()
    desk.type("?error\r", answered=False)
    search = next(wish for wish in desk.wishes if isinstance(wish, SearchHistory))
    desk.view.receive_message(HistoryFound(search.serial, 1 << 60), now=desk.now)
    assert desk.bar == ' "error" is not found above.'


def test_what_is_found_may_go_on_in_the_next_row() -> None:
    desk = PagingDesk(columns=10, lines=6)
    desk.print("0123456needle", *["x"] * 20)
    desk.type(ENTER_KEY + b"?needle\r")
    assert marked(desk) == ["nee", "dle"]


def test_clusters_and_wide_characters_are_marked_whole() -> None:
    found = line("a漢e\u0301字")
    assert found.text == "a漢" + WIDE_TAIL + CLUSTER + "字" + WIDE_TAIL
    for text, columns in (("漢", (1, 3)), ("e\u0301", (3, 4)), ("e", (3, 4)), ("字", (4, 6)), ("a漢", (0, 3))):
        assert found_in(found, Needle(text)) == [columns]


@given(st.text("abAB漢é ", max_size=30), st.text("abAB漢é", min_size=1, max_size=3))
def test_what_is_marked_is_what_a_line_says(text: str, needle: str) -> None:
    printed = line(text)
    for start, end in found_in(printed, Needle(needle)):
        said = plain_text(printed._replace(text=printed.text[start:end], graphemes=()))
        assert said.lower() == needle.lower()
    assert bool(found_in(printed, Needle(needle.lower()))) == (needle.lower() in plain_text(printed).lower())
