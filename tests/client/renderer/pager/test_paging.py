"""Paging: entered and left, what is shown, and that it is what was printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.paging import PagingDesk, line

from mosh_client.ipc.messages import Exit, HistoryExtent, HistoryPage, Notice, WantHistory
from mosh_client.renderer.history.cache import CACHE_OCTETS
from mosh_client.renderer.pager.pager import HOLD_MS
from mosh_client.renderer.pager.paging import CANNOT_PAGE, NOT_HERE
from mosh_common.terminal.cells import FAINT, Modes, cell_text

ENTER_KEY = b"\x1e["
SHIFT_PAGE_UP = b"\x1b[5;2~"
SHIFT_PAGE_DOWN = b"\x1b[6;2~"


def numbered(count: int) -> list[str]:
    return [f"line {number}" for number in range(count)]


def desk_with(count: int) -> PagingDesk:
    desk = PagingDesk()
    desk.print(*numbered(count))
    return desk


# --- Entering and leaving


def test_the_escape_key_and_a_bracket_enter_with_the_screen_as_it_is() -> None:
    desk = desk_with(100)
    live = desk.shown
    desk.type(ENTER_KEY)
    assert desk.text == live[:-1]
    assert desk.bar.startswith(" lines 91-99 of 100")
    assert desk.typed == b""


def test_shift_page_up_enters_a_page_up_and_shift_page_down_at_the_end_leaves() -> None:
    desk = desk_with(100)
    desk.type(b"a" + SHIFT_PAGE_UP)
    assert desk.text[0] == "line 81"
    desk.type(SHIFT_PAGE_DOWN)
    assert desk.paging
    desk.type(SHIFT_PAGE_DOWN + b"b")
    assert (desk.paging, desk.typed) == (False, b"ab")


@pytest.mark.parametrize("key", [b"q", b"\r", b"\x03"])
def test_keys_that_leave_are_not_typed(key: bytes) -> None:
    desk = desk_with(100)
    live = desk.shown
    desk.type(ENTER_KEY + b"k" + key)
    assert not desk.paging
    assert desk.shown == live
    assert desk.typed == b""


def test_escape_alone_leaves_once_no_rest_of_a_key_has_come() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY)
    desk.type(b"\x1b")
    assert desk.paging
    assert desk.view.next_deadline(now=desk.now) == desk.now + HOLD_MS
    desk.wait(HOLD_MS)
    assert (desk.paging, desk.typed) == (False, b"")


def test_a_key_that_comes_in_two_reads_is_one() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY)
    desk.type(b"\x1b")
    desk.type(b"[5~")
    assert desk.text[0] == "line 81"


@pytest.mark.parametrize("keys", ["x", "ls -l\r", "\x1b[11~", "\x1b[200~q and more\x1b[201~", "\x1bq", "ä", "\t"])
def test_whatever_else_is_typed_leaves_and_is_typed(keys: str) -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY + b"k")
    desk.type(keys)
    assert not desk.paging
    assert desk.typed == keys.encode()


def test_the_beginning_of_a_key_that_is_none_is_typed_in_the_end() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY)
    desk.type(b"\xc3")
    desk.wait(HOLD_MS)
    desk.answer()
    assert desk.typed == b"\xc3"
    assert not desk.paging


def test_focus_reports_go_through_and_nothing_leaves() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY)
    desk.type(b"\x1b[O\x1b[I")
    assert desk.paging
    assert desk.typed == b"\x1b[O\x1b[I"


def test_a_server_without_history_is_told_of_in_the_bar() -> None:
    desk = PagingDesk(columns=70, offered=False)
    desk.type(ENTER_KEY)
    assert desk.shown[0] == f"mosh: {CANNOT_PAGE}"
    desk.type(SHIFT_PAGE_UP)
    assert not desk.paging
    assert desk.typed == SHIFT_PAGE_UP


def test_on_the_alternate_screen_keys_go_to_the_program() -> None:
    desk = PagingDesk(columns=120)
    desk.print(*numbered(100))
    desk.server.alternate = True
    desk.show()
    desk.type(SHIFT_PAGE_UP)
    assert desk.typed == SHIFT_PAGE_UP
    desk.type(ENTER_KEY)
    assert not desk.paging
    assert desk.shown[0] == f"mosh: {NOT_HERE}"


def test_the_escape_key_works_in_the_pager() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY)
    desk.type(b"\x1e")
    assert desk.shown[0].startswith("Commands:")
    desk.type(b"[")  # it is there already
    assert desk.paging


def test_bars_still_show_what_they_did() -> None:
    desk = desk_with(100)
    desk.view.receive_message(Notice("no route to host", True), now=desk.now)
    desk.type(ENTER_KEY)
    assert desk.shown[0] == "mosh: no route to host"
    assert desk.text[1:] == numbered(100)[91:99]


def test_the_last_picture_is_the_live_screen() -> None:
    desk = desk_with(100)
    live = desk.shown
    desk.type(SHIFT_PAGE_UP)
    desk.view.receive_message(Exit(), now=desk.now)
    assert desk.shown == live


# --- Moving


def test_keys_move_as_they_say() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY)
    tops = []
    for keys in (
        "k",
        "\x1b[A",
        "\x1bOA",
        "j",
        "\x1b[B",
        "b",
        "\x15",
        "\x04",
        " ",
        "g",
        "G",
        "\x1b[H",
        "\x1b[F",
        "\x1b[1~",
    ):
        desk.type(keys)
        tops.append(int(desk.text[0].split()[1]))
    assert tops == [89, 88, 87, 88, 89, 80, 76, 80, 89, 0, 91, 0, 91, 0]


def test_nothing_is_beyond_the_first_and_the_last_row() -> None:
    desk = desk_with(30)
    desk.type(ENTER_KEY + b"b" * 20)
    assert desk.text == numbered(30)[:9]
    desk.type(b" " * 20)
    assert desk.text == numbered(30)[-9:]


def test_less_than_a_screen_can_be_paged_too() -> None:
    desk = desk_with(3)
    desk.type(ENTER_KEY + b"bgG k")
    assert desk.text[:4] == [*numbered(3), ""]
    assert desk.bar.startswith(" lines 1-3 of 3 (100%)")


def test_the_place_stays_where_the_user_is_while_output_goes_on() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY + b"kkk")
    before = desk.text
    desk.print(*numbered(50))
    desk.answer()
    assert desk.text == before
    assert " of 150" in desk.bar
    desk.type("G")
    assert desk.text == numbered(50)[-9:]
    desk.type("q")
    assert desk.shown == numbered(50)[-10:]


def test_what_is_read_stays_though_the_server_drops_it() -> None:
    desk = PagingDesk(columns=100)
    desk.print(*numbered(100))
    desk.type(ENTER_KEY + b"g")
    before = desk.text
    desk.server.first = 40
    desk.show()
    desk.answer()
    assert desk.text == before
    assert "40 lines dropped before" in desk.bar
    desk.type("G")
    desk.type("g")
    assert desk.text == numbered(100)[40:49]


def test_a_resize_keeps_the_line_at_the_top() -> None:
    desk = PagingDesk()
    desk.print(*[f"{number} " + "x" * 60 for number in range(200)])
    desk.type(ENTER_KEY)
    for _ in range(20):
        desk.type("b")
    top = desk.text[0].split()[0]
    for columns, lines in ((20, 8), (100, 30), (41, 5)):
        desk.view.resize(columns, lines)
        desk.terminal.resize(columns, lines)
        desk.answer()
        assert desk.text[0].split()[0] == top
        desk.server.columns, desk.server.height = columns, lines
        desk.show()
        desk.answer()
        assert desk.text[0].split()[0] == top


def test_a_clear_leaves_the_screen_to_be_paged() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY + b"g")
    desk.server.first, desk.server.clears = desk.server.end().line, 1
    desk.show()
    desk.answer()
    assert desk.text == numbered(100)[-10:-1]
    desk.type("b")
    assert desk.text == numbered(100)[-10:-1]


def test_a_program_on_a_screen_of_its_own_is_not_paged() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY)
    before = desk.text
    desk.server.alternate = True
    desk.server.modes = Modes(cursor_visible=False)
    desk.print(*["~"] * 10)
    desk.server.lines = desk.server.lines[:-10]  # it is no part of the text
    desk.view.receive_message(desk.server.extent(), now=desk.now)
    assert desk.text == before


# --- Lines that come late, or not


def test_what_has_not_come_is_dotted_and_the_bar_says_so() -> None:
    desk = desk_with(100)
    desk.type(ENTER_KEY + b"b", answered=False)
    assert desk.text == ["·" * 40] * 9
    assert "waiting…" in desk.bar
    letters = desk.terminal.snapshot().rows[0][1]
    assert desk.terminal.snapshot().palette.styles[ord(letters[0])].flags & FAINT
    desk.answer()
    assert desk.text == numbered(100)[81:90]
    assert "waiting" not in desk.bar


def test_a_page_up_is_a_page_up_however_long_the_lines_turn_out_to_be() -> None:
    desk = PagingDesk()
    desk.print(*[f"{number} " + "x" * 100 for number in range(50)])
    desk.type(ENTER_KEY)
    below = desk.text
    desk.type("b", answered=False)
    desk.answer()
    whole = [row for row in rows_of(desk) if row]
    at = find(whole, desk.text)
    assert whole[at + 9 : at + 18] == below


def test_wishes_are_in_order_of_need_and_each_replaces_the_one_before() -> None:
    desk = desk_with(1000)
    desk.type(ENTER_KEY)
    desk.wishes.clear()
    desk.type("g", answered=False)
    desk.type("G", answered=False)
    desk.type("b", answered=False)
    assert [wish.line for wish in desk.wishes] == [0, 973]
    desk.standing = None
    desk.type("g", answered=False)
    desk.answer()
    assert desk.text == numbered(1000)[:9]


def test_answers_that_are_lost_are_asked_for_when_they_are_needed_again() -> None:
    desk = desk_with(1000)
    desk.type(ENTER_KEY)
    for _ in range(5):
        desk.type("b", answered=False)  # nothing is ever answered
    desk.answer()
    assert desk.text == numbered(1000)[945:954]


# --- Exactly what was printed


def rows_of(desk: PagingDesk) -> list[str]:
    """What all rows say that were ever printed, as the server lays them out."""
    return [
        "".join(cell_text(row, column) or " " for column in range(desk.server.columns)).rstrip()
        for _, row in desk.server.laid()
    ]


def find(rows: list[str], part: list[str]) -> int:
    return next(at for at in range(len(rows)) if rows[at : at + len(part)] == part)


@tried_with(40)
@given(
    st.lists(st.text("ab 漢字é", max_size=90), min_size=1, max_size=20),
    st.integers(4, 30),
    st.integers(3, 9),
    st.sampled_from([1, 7, 50, 4000]),
    st.sampled_from(["b", "\x15", "k"]),
    st.booleans(),
)
def test_paging_to_the_top_shows_exactly_what_was_printed(
    texts: list[str], columns: int, lines: int, room: int, key: str, late: bool
) -> None:
    desk = PagingDesk(columns=columns, lines=lines)
    desk.server.room = room  # what a page may hold
    desk.print(*[f"{text}{number}" if number % 3 else text for number, text in enumerate(texts)])
    desk.type(ENTER_KEY)
    expected = rows_of(desk)
    expected += [""] * (lines - len(expected))
    at = len(expected) - lines  # of the window
    height = lines - 1
    for _ in range(len(expected) + 1):
        assert desk.text == expected[at : at + height]
        desk.type(key, answered=not late)
        if late:
            desk.answer()
        at = max(at - {"b": height, "k": 1}.get(key, max(height, 2) // 2), 0)
    assert at == 0


def test_many_lines_are_paged_within_the_bound_of_memory() -> None:
    desk = PagingDesk(columns=80, lines=24)
    text = line("\x1b[32mok\x1b[m " + "x" * 60)
    history = 12_000
    cache = desk.view._paging.cache
    desk.server.lines = [text] * 24
    desk.show()
    desk.view.receive_message(HistoryExtent(0, history, 0, 0, False), now=desk.now)
    desk.type(ENTER_KEY, answered=False)
    for _ in range(history // 23):
        desk.type(b"b", answered=False)
        while desk.standing is not None:
            wish, desk.standing = desk.standing, None
            assert isinstance(wish, WantHistory)
            page = HistoryPage(wish.serial, wish.line, wish.column, (text,) * wish.lines, True)
            desk.view.receive_message(page, now=desk.now)
            desk.collect()
        assert cache.octets <= CACHE_OCTETS
    desk.type(b"b", answered=False)
    assert desk.bar.startswith(" lines 1-23 of 12,024")
    assert desk.text[0].startswith("ok xxx")
