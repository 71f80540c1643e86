"""Searching in the pager: at the server and on the screen, both ways, marked where it stands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.paging import PagingDesk, line

from mosh_client.ipc.messages import HistoryFound, SearchHistory
from mosh_client.renderer.pager.finding import Needle, found_in
from mosh_client.renderer.pager.pager import HOLD_MS
from mosh_client.renderer.pager.waiting import MOST_WAITING
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


def test_a_search_that_is_out_is_said() -> None:
    desk = desk_with_errors(50)
    desk.type("?error\r", answered=False)
    assert desk.bar == ' searching for "error"…'


@pytest.mark.parametrize("key", ["\x1b", "\x03"], ids=["Esc", "Ctrl-C"])
@pytest.mark.parametrize("waiting", ["", "kk", "/line", "V"])
def test_a_search_that_is_out_can_be_given_up(key: str, waiting: str) -> None:
    desk = desk_with_errors(50)
    before = desk.text
    desk.type("?error\r" + waiting, answered=False)
    desk.type(key, answered=False)
    desk.now += HOLD_MS
    assert desk.text == before
    assert "searching" not in desk.bar
    desk.answer()
    assert (desk.text, desk.paging, marked(desk)) == (before, True, [])


TYPED_BEHIND = [
    *("k", "jj", "b ", "\x15", "g", "n", "nN", "nk", "Vky", "vjvky"),
    *("?line 3\rk", "?line q\x7f4\r", "/\x7fk", "?x\r"),
]


@pytest.mark.parametrize("behind", TYPED_BEHIND)
def test_what_is_typed_behind_a_search_is_done_where_that_leads(behind: str) -> None:
    patient, hasty = desk_with_errors(50, 120), desk_with_errors(50, 120)
    patient.type("?error\r")
    for key in behind:
        patient.type(key)
    hasty.type("?error\r", answered=False)
    before = hasty.text
    for key in behind:
        hasty.type(key, answered=False)
    assert hasty.text == before
    hasty.answer()
    assert (hasty.shown, marked(hasty)) == (patient.shown, marked(patient))
    assert (hasty.typed, hasty.paging) == (b"", True)
    assert (b"\x1b]52;" in hasty.written) == (b"\x1b]52;" in patient.written)


@pytest.mark.parametrize("waiting", ["", "kk", "n", "Vj", "vl"])
@pytest.mark.parametrize(("key", "typed"), [("q", b""), ("\r", b""), ("x", b"x"), ("cat q", b"cat q")])
def test_what_leaves_does_so_before_the_answer(waiting: str, key: str, typed: bytes) -> None:
    desk = desk_with_errors(50)
    desk.type("?error\r" + waiting, answered=False)
    desk.type(key, answered=False)
    assert (desk.typed, desk.paging) == (typed, False)
    desk.answer()
    assert (desk.typed, desk.paging) == (typed, False)


def test_a_q_in_a_line_that_waits_is_text() -> None:
    desk = desk_with_errors(50)
    desk.type("?error\r/q", answered=False)
    assert desk.paging


def test_what_had_waited_and_leaves_at_the_end_is_followed_by_what_is_typed() -> None:
    desk = PagingDesk(columns=60)
    desk.print(*[f"line {number}" for number in range(200)])
    desk.type("\x1b[5;2~")  # entered upwards: to go on at the end leaves
    desk.type("?line 0\rG j", answered=False)
    assert (desk.typed, desk.paging) == (b"", True)
    desk.answer()
    assert not desk.paging


def test_no_more_keys_wait_than_may() -> None:
    desk = desk_with_errors(50)
    before = desk.text
    desk.type("?error\r" + "k" * MOST_WAITING, answered=False)
    assert desk.text == before
    desk.type("j", answered=False)
    assert "searching" not in desk.bar
    hundred = desk_with_errors(50)
    hundred.type("k" * MOST_WAITING + "j")
    desk.answer()
    assert desk.text == hundred.text


def test_searches_that_wait_are_bounded_too() -> None:
    desk = desk_with_errors(50)
    desk.type("?error\r" + "n" * 3 * MOST_WAITING, answered=False)
    desk.type("q", answered=False)
    assert not desk.paging


def test_the_wheel_gives_up_a_search_that_is_out() -> None:
    desk = desk_with_errors(50)
    desk.type("?error\rk", answered=False)
    desk.type("\x1b[<64;1;1M", answered=False)
    other = desk_with_errors(50)
    other.type("kkkk")
    desk.answer()
    assert desk.text == other.text


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
