"""Selecting in the pager, with keys and the mouse, and copying what is selected."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest
from tests.client.renderer.pager.test_searching import marked
from tests.support.paging import PagingDesk, line

from mosh_client.renderer.pager.selection import LONGEST_COPY_OCTETS, clipboard_of
from mosh_common.terminal.payloads import is_clipboard

ENTER_KEY = b"\x1e["


def copied(desk: PagingDesk) -> str | None:
    """What was written to the terminal's clipboard with the last picture."""
    desk.shown  # noqa: B018  # it draws
    found = re.search(rb"\x1b\]52;c;([^\x07\x1b]*)", desk.written)
    return base64.b64decode(found[1]).decode() if found else None


def desk_of(*texts: str, **more: Any) -> PagingDesk:
    desk = PagingDesk(**{"columns": 40, "lines": 8, **more})
    desk.print(*texts)
    desk.type(ENTER_KEY + b"g")
    return desk


def mouse(button: int, column: int, row: int, *, released: bool = False) -> bytes:
    return b"\x1b[<%d;%d;%d%c" % (button, column + 1, row + 1, b"m" if released else b"M")


def test_a_selection_from_here_to_there_is_copied() -> None:
    desk = desk_of("zero", "one two", "three", "four", *["x"] * 10)
    desk.type("vgjllllv")  # to the "two", where it starts
    assert "y copies" in desk.bar
    desk.type("j$")
    assert marked(desk) == ["two" + " " * 33, "three"]
    desk.type("y")
    assert desk.bar.endswith("Copied 9 characters.")
    assert copied(desk) is None  # with the bar it was written
    assert marked(desk) == []


def test_the_clipboard_is_set_once() -> None:
    desk = desk_of("hello", *["x"] * 10)
    desk.type("vgVy")
    assert copied(desk) == "hello"
    assert copied(desk) is None
    desk.type("q")
    assert copied(desk) is None


def test_wrapped_rows_are_one_line_and_blanks_at_its_end_are_gone() -> None:
    desk = desk_of("a" * 50 + "   ", "\x1b[44mb   \x1b[m", "漢字 e\u0301", *["x"] * 10)
    desk.type("vgVjjjy")
    assert copied(desk) == "a" * 50 + "\nb\n漢字 e\u0301"


@pytest.mark.parametrize("keys", ["$", "llllllll", "w"])
def test_a_wide_character_at_the_end_of_a_line_is_one_step(keys: str) -> None:
    desk = desk_of("one漢", *["x"] * 10)
    desk.type(f"vg{keys}hvy")
    assert copied(desk) == "e"


def test_lines_that_have_not_come_are_waited_for() -> None:
    desk = desk_of(*[f"line {number}" for number in range(300)])
    desk.type("vgV", answered=False)
    desk.type("Gy", answered=False)
    assert "Copying: waiting for lines" in desk.bar
    desk.answer()
    assert desk.bar == " Copied 2,589 characters."


def test_what_is_copied_is_bounded() -> None:
    longest = "x" * 1000
    desk = desk_of(*[longest] * 14, *["y"] * 10)
    desk.type("vgV" + "j" * 13 * 25 + "y")
    assert "takes 12,288 characters at most" in desk.shown[-1] or "Not copied" in desk.shown[-1]
    assert copied(desk) is None
    assert is_clipboard(clipboard_of("ä" * (LONGEST_COPY_OCTETS // 2)))


@pytest.mark.parametrize(
    ("more", "said"),
    [({"MOSH_CLIPBOARD": "no"}, "Not copied: MOSH_CLIPBOARD is no."), ({"clipboard": False}, "has no clipboard")],
)
def test_a_clipboard_that_may_not_be_set_is_not_set(more: dict[str, Any], said: str) -> None:
    desk = desk_of("hello", *["x"] * 10, columns=70, **more)
    desk.type("vgVy")
    assert said in desk.bar
    assert copied(desk) is None


def test_nothing_selected_and_nothing_there_are_said() -> None:
    desk = desk_of("", "x", *[""] * 20, columns=70)
    desk.type("y")
    assert "Nothing is selected" in desk.bar
    desk.type("vgVy")
    assert "nothing stands there" in desk.bar


def test_escape_drops_a_selection() -> None:
    desk = desk_of("hello", *["x"] * 10)
    desk.type("vgV")
    assert marked(desk)
    desk.type("\x1b")
    desk.wait(50)
    assert desk.paging
    assert marked(desk) == []


def test_the_cursor_moves_by_words_and_rows_and_scrolls() -> None:
    desk = desk_of(*[f"word{number} two three" for number in range(40)])

    def cursor() -> tuple[int, int]:
        desk.shown  # noqa: B018  # it draws
        screen = desk.terminal.snapshot()
        assert screen.modes.cursor_visible
        return screen.cursor_row, screen.cursor_column

    desk.type("vg")
    assert cursor() == (0, 0)
    places = []
    for keys in ("w", "w", "b", "$", "0", "l", "j", "h", "\x1b[C", "\x1b[B", "w" * 9, "jjjjjjjjj", "k"):
        desk.type(keys)
        places.append(cursor())
    assert places[:11] == [
        *((0, 6), (0, 10), (0, 6), (0, 14), (0, 0), (0, 1), (1, 1), (1, 0), (1, 1), (2, 1)),
        (2, 14),
    ]
    assert places[11:] == [(6, 14), (5, 14)]
    assert desk.text[6].startswith("word11 ")


def test_a_cursor_begins_where_something_was_found() -> None:
    desk = desk_of("a needle", *["x"] * 30)
    desk.type("/needle\r")
    desk.type("vv$y")
    assert copied(desk) == "needle"


def test_a_drag_selects_and_a_click_drops() -> None:
    desk = desk_of("hello world", "second line", *["x"] * 10)
    desk.type(mouse(0, 6, 0) + mouse(32, 3, 1) + mouse(32, 5, 1) + mouse(0, 5, 1, released=True))
    assert marked(desk) == ["world" + " " * 29, "second"]
    desk.type("y")
    assert copied(desk) == "world\nsecond"
    desk.type(mouse(0, 6, 0) + mouse(32, 8, 0) + mouse(0, 8, 0, released=True) + mouse(0, 1, 0))
    assert marked(desk) == []


def test_a_drag_beyond_the_edge_scrolls() -> None:
    desk = desk_of(*[f"line {number}" for number in range(50)])
    desk.type(mouse(0, 0, 3) + mouse(32, 2, 7) * 4)
    assert desk.text[0] == "line 4"
    desk.type("y")
    assert copied(desk) == "\n".join([f"line {number}" for number in range(3, 10)] + ["lin"])


def test_wide_characters_are_selected_whole() -> None:
    desk = desk_of("漢字", *["x"] * 10)
    desk.type(mouse(0, 1, 0) + mouse(32, 2, 0))
    assert marked(desk) == ["漢字"]
    desk.type("y")
    assert copied(desk) == "漢字"


def test_a_line_of_the_tests_is_what_was_printed() -> None:
    assert line("a\x1b[31mb").text == "ab"
