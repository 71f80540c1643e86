"""Printed characters: wrapping, wide and combining ones, insert mode, character sets, REP."""

from __future__ import annotations

import pytest

from mosh_common.terminal.cells import CLUSTER, EMPTY, WIDE_TAIL, Snapshot, Style
from mosh_common.terminal.emulator import Emulator

W = WIDE_TAIL


def screen_after(output: str, columns: int = 6, lines: int = 3) -> Snapshot:
    emulator = Emulator(columns, lines)
    emulator.feed(output.encode())
    return emulator.snapshot()


def texts(output: str, columns: int = 6, lines: int = 3) -> list[str]:
    return [row[0].rstrip(EMPTY).replace(EMPTY, "_") for row in screen_after(output, columns, lines).rows]


def test_the_last_column_leaves_the_wrap_pending() -> None:
    screen = screen_after("abcdef")
    assert (screen.cursor_row, screen.cursor_column, screen.wrap_pending) == (0, 5, True)
    assert screen.rows[0][2] is False


def test_the_next_character_wraps_and_the_row_remembers() -> None:
    screen = screen_after("abcdefg")
    assert [row[0].rstrip(EMPTY) for row in screen.rows] == ["abcdef", "g", ""]
    assert [row[2] for row in screen.rows] == [True, False, False]


# What does nothing, or scrolls without regard to the cursor: DECSTBM, EL and ED with parameters that are refused; ED 3;
# DECSTR; memory lock.
_LEFT_ALONE = ["\x1b[5;2r", "\x1b[2;2r", "\x1b[3K", "\x1b[3J", "\x1b[9J", "\x1b[!p", "\x1bl\x1bm"]


@pytest.mark.parametrize(
    "kept", ["\x1b[31m", "\t", "\x1b[I", "\x1b[3g", "\x1b[?2004h", "\x1b[?25l", "\a", *_LEFT_ALONE]
)
def test_what_keeps_a_pending_wrap(kept: str) -> None:
    assert texts(f"abcdef{kept}g") == ["abcdef", "g", ""]


@pytest.mark.parametrize("cancelling", ["\x1b[K", "\x1b[X", "\x1b[1;6H", "\x1b[J", "\x1b[99z", "\x1b[6G"])
def test_what_cancels_a_pending_wrap(cancelling: str) -> None:
    assert texts(f"abcdef{cancelling}g")[0] == "abcdeg"


def test_scrolling_keeps_a_pending_wrap() -> None:
    assert texts("\x1b[2Habcdef\x1b[Sg") == ["abcdef", "", "g"]
    assert texts("abcdef\x1b[Tg") == ["", "gbcdef", ""]
    assert texts("abcdef\x1b9g") == ["bcdef", "g", ""]
    assert texts("abcdef\x1b[ Ag") == ["_abcde", "g", ""]
    assert texts("abcdef\x1b[ @g") == ["bcdef", "g", ""]
    assert texts("abcdef\x1b['}g") == ["abcde", "g", ""]
    assert texts("abcdef\x1b['~g") == ["abcde", "g", ""]


@pytest.mark.parametrize("sequence", ["\x1b[L", "\x1b[M", "\x1b['}", "\x1b['~", "\x1b[ @", "\x1b[ A"])
def test_outside_the_region_nothing_happens_and_a_wrap_stays_pending(sequence: str) -> None:
    assert texts(f"\x1b[2;3r\x1b[Habcdef{sequence}g") == ["abcdef", "g", ""]


def test_inside_the_region_lines_are_inserted_and_removed_at_the_left_margin() -> None:
    assert texts("abcdef\x1b[Lg") == ["g", "abcdef", ""]
    assert texts("abcdef\x1b[Mg") == ["g", "", ""]


def test_without_autowrap_the_last_column_is_overwritten() -> None:
    assert texts("\x1b[?7labcdefgh") == ["abcdeh", "", ""]


def test_text_longer_than_the_screen_scrolls() -> None:
    assert texts("a" * 6 + "b" * 6 + "c" * 6 + "d" * 6 + "e") == ["c" * 6, "d" * 6, "e"]


def test_a_wide_character_takes_two_columns() -> None:
    assert texts("a中b") == [f"a中{W}b", "", ""]


def test_a_wide_character_that_does_not_fit_goes_to_the_next_row() -> None:
    screen = screen_after("\x1b[44mabcde中")
    assert [row[0].rstrip(EMPTY) for row in screen.rows] == ["abcde", f"中{W}", ""]
    assert screen.palette.styles[ord(screen.rows[0][1][5])] == Style(bg=4)
    assert screen.rows[0][2] is True


def test_a_row_of_one_column_shows_no_wide_characters() -> None:
    assert texts("中a", columns=1, lines=2) == ["a", ""]


def test_overwriting_half_of_a_wide_character_blanks_the_other() -> None:
    assert texts("中文\x1b[1;2Hx") == [f"_x文{W}", "", ""]
    assert texts("中文\x1b[1;1Hx") == [f"x_文{W}", "", ""]


def test_combining_characters_join_the_last_written_cell() -> None:
    screen = screen_after("ae\u0301b")
    assert screen.rows[0][0].rstrip(EMPTY) == f"a{CLUSTER}b"
    assert screen.rows[0][3] == {1: "e\u0301"}


def test_combining_characters_join_in_the_last_column_and_in_wide_characters() -> None:
    assert screen_after("abcdee\u0301").rows[0][3] == {5: "e\u0301"}
    screen = screen_after("中\u0301x")
    assert (screen.rows[0][0].rstrip(EMPTY), screen.rows[0][3]) == (f"{CLUSTER}{W}x", {0: "中\u0301"})


def test_a_combining_character_on_nothing_stands_on_a_no_break_space() -> None:
    screen = screen_after("\u0301")
    assert (screen.rows[0][0].rstrip(EMPTY), screen.rows[0][3]) == (CLUSTER, {0: "\u00a0\u0301"})


@pytest.mark.parametrize("before", ["", "a", "中", "e\u0301", "e" + "\u0301" * 15, " "])
@pytest.mark.parametrize("column", [1, 2, 6])
@pytest.mark.parametrize("marks", ["\u0301", "\ufeff", "\u200b\u0301"])
def test_what_has_no_width_does_not_move_the_cursor(before: str, column: int, marks: str) -> None:
    screen = screen_after(f"\x1b[1;{column}H{before}\x1b[1;{column}H{marks}")
    assert (screen.cursor_row, screen.cursor_column) == (0, column - 1)
    assert screen_after(f"\ufeff\x1b[1;{column}Hx").rows[0][0][column - 1] == "x"


def test_a_combining_character_after_a_move_joins_the_cell_at_the_cursor() -> None:
    assert screen_after("abc\r\u0301").rows[0][3] == {0: "a\u0301"}


def test_a_cell_holds_32_octets_at_most() -> None:
    assert screen_after("e" + "\u0301" * 15).rows[0][3] == {0: "e" + "\u0301" * 15}
    assert screen_after("ee" + "\u0301" * 40).rows[0][3] == {1: "e" + "\u0301" * 15}


def test_joined_emoji_take_the_columns_of_their_parts() -> None:
    screen = screen_after("👩\u200d🚀|")
    assert screen.rows[0][0].rstrip(EMPTY) == f"{CLUSTER}{W}🚀{W}|"
    assert screen.rows[0][3] == {0: "👩\u200d"}


def test_insert_mode_pushes_the_rest_of_the_row() -> None:
    assert texts("abcd\r\x1b[4hxy") == ["xyabcd", "", ""]
    assert texts("a中bc\r\x1b[4hx") == [f"xa中{W}bc", "", ""]
    assert texts("abc中\r\x1b[4hxy") == ["xyabc", "", ""]


_COLUMNS_3_TO_5 = "\x1b[?69h\x1b[3;5s"


@pytest.mark.parametrize(
    ("output", "row"),
    [
        ("\x1b[HXY", "XYcdefgh"),  # left of them
        ("\x1b[1;2HX", "aXcdefgh"),
        ("\x1b[H中", f"中{W}cdefgh"),
        ("\x1b[HX\x1b[b", "XXcdefgh"),  # REP
        ("\x1b[1;6HX", "abcdeXgh"),  # right of them
        ("\x1b[1;3HX", "abXcdfgh"),  # inside
        ("\x1b[1;5HX", "abcdXfgh"),
        ("\x1b[HXYZ", "XYZcdfgh"),  # from outside to inside
        ("\x1b[1;2H中Z", f"a中{W}Zdfgh"),
    ],
)
def test_insert_mode_inserts_between_the_left_and_right_margins_only(output: str, row: str) -> None:
    assert texts(f"abcdefgh{_COLUMNS_3_TO_5}\x1b[4h{output}", columns=8)[0] == row


@pytest.mark.parametrize("region", ["", "\x1b[1;2r"])
@pytest.mark.parametrize("wrapped", ["DE", "中"])
def test_a_wrap_at_the_edge_of_the_screen_does_not_scroll_what_is_between_margins(region: str, wrapped: str) -> None:
    bottom = 2 if region else 3
    rows = texts(f"abcdefgh\x1b[2Hijkl\x1b[3Hmn{_COLUMNS_3_TO_5}{region}\x1b[{bottom};6HABC{wrapped}", columns=8)
    assert rows[0] == "abcdefgh"
    assert rows[bottom - 1][5:] == "ABC"
    assert rows[bottom - 1][2:4] == (wrapped if wrapped == "DE" else f"中{W}")


def test_a_wrap_at_the_right_margin_scrolls_between_the_margins() -> None:
    rows = texts(f"abcdefgh\x1b[2Hijklmnop\x1b[3H{_COLUMNS_3_TO_5}\x1b[3;5HAB", columns=8)
    assert rows == ["abklmfgh", "ij__Anop", "__B"]


def test_special_graphics_draw_lines() -> None:
    assert texts("\x1b(0lqk\x1b(Blqk") == ["┌─┐lqk", "", ""]


def test_shifts_choose_among_the_four_sets() -> None:
    assert texts("\x1b)0q\x0eq\x0fq") == ["q─q", "", ""]
    assert texts("\x1b*0q\x1bnq\x0fq") == ["q─q", "", ""]
    assert texts("\x1b+0q\x1boq\x0fq") == ["q─q", "", ""]
    assert texts("\x1b*0\x1bNqq\x1b+0\x1bOqq") == ["─q─q", "", ""]
    assert texts("\x1b(A#") == ["£", "", ""]


def test_rep_repeats_the_last_character_only_if_nothing_came_between() -> None:
    assert texts("a\x1b[2bb") == ["aaab", "", ""]
    assert texts("e\u0301\x1b[b") == [CLUSTER * 2, "", ""]
    assert texts("中\x1b[b") == [f"中{W}中{W}", "", ""]
    assert texts("a\r\x1b[2b") == ["a", "", ""]
    assert texts("\x1b(0q\x1b[2b") == ["───", "", ""]
    assert texts("a\x1b[65535b") == ["aaaaaa", "aaaaaa", "aaaa"]


def test_erased_cells_keep_the_background_only() -> None:
    screen = screen_after("\x1b[1;31;44mab\x1b[K")
    assert screen.palette.styles[ord(screen.rows[0][1][5])] == Style(bg=4)
    assert screen.rows[0][0] == "ab" + EMPTY * 4


def test_hyperlinks_are_part_of_the_style() -> None:
    screen = screen_after("\x1b]8;id=1;http://a/\x07ab\x1b[0m\x1b]8;;\x07c")
    styles = [screen.palette.styles[ord(letter)].link for letter in screen.rows[0][1][:3]]
    assert styles == ["id=1;http://a/", "id=1;http://a/", ""]


def test_a_screen_full_of_styles_starts_a_new_palette_and_old_snapshots_keep_theirs() -> None:
    emulator = Emulator(8, 2)
    emulator.feed(b"\x1b[38;2;1;2;3mold")
    before = emulator.snapshot()
    for number in range(8000):
        emulator.feed(b"\x1b[2;1H\x1b[38;2;%d;%d;%dmx" % (number >> 16, number >> 8 & 255, number & 255))
    after = emulator.snapshot()
    assert after.palette is not before.palette
    assert len(after.palette.styles) < 2000  # what is not on the screen any more is forgotten
    for snapshot in (before, after):
        assert snapshot.palette.styles[ord(snapshot.rows[0][1][0])].fg == 1 << 24 | 0x010203
    assert after.palette.styles[ord(after.rows[1][1][0])].fg == 1 << 24 | 7999
