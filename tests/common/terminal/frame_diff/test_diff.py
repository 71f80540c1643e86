"""The frame diff's output, octet for octet, where the shortest way is known."""

from __future__ import annotations

import re

import pytest

from mosh_common.terminal.cells import Modes, Palette, Row, Snapshot, Style, blank_row, blank_snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM, Dialect
from mosh_common.terminal.frame_diff.diff import diff

COLUMNS, LINES = 40, 6


def after(*programs: str, columns: int = COLUMNS, lines: int = LINES) -> list[Snapshot]:
    """Return the screen after each of the programs, which one application writes one after the other."""
    emulator = Emulator(columns, lines)
    screens = []
    for program in programs:
        emulator.feed(program.encode())
        screens.append(emulator.snapshot())
    return screens


def step(before: str, then: str, dialect: Dialect = Dialect(), **size: int) -> str:  # noqa: B008  # immutable
    """Return the diff for what an application writes after `before`."""
    old, new = after(before, then, **size)
    return diff(old, new, dialect=dialect).decode()


LINE = "the quick brown fox jumps over"
PAGE = "\r\n".join(("one apple", "two pears", "three plums", "some figs", "many dates", "status line"))


@pytest.mark.parametrize(
    ("before", "then", "output"),
    [
        ("$ ech", "o", "o"),
        ("$ echo", "\b \b", "\b \b"),
        ("$ echo\x1b[4D", "\x1b[K", "\x1b[K"),
        ("$ echo hello", "\r\nhello\r\n$ ", "\r\nhello\r\n$ "),
        ("abcdef", "\x1b[3D", "\b\b\b"),
        ("abcdef", "\r", "\r"),
        ("abcdefghij", "\r\x1b[2C", "\rab"),
        ("abcdefghij\r", "\x1b[9C", "\x1b[9C"),
        ("\x1b[3;5H", "\x1b[2;5H", "\x1bM"),
        ("\x1b[5;30H", "\x1b[H", "\x1b[H"),
    ],
)
def test_simple_steps_cost_what_the_application_paid(before: str, then: str, output: str) -> None:
    assert step(before, then) == output


def test_typing_in_the_middle_of_a_line_inserts_a_character() -> None:
    assert step(LINE + "\x1b[20D", "\x1b[@X") == "\x1b[@X"


def test_deleting_in_the_middle_of_a_line_deletes_a_character() -> None:
    assert step(LINE + "\x1b[20D", "\b\x1b[P") == "\b\x1b[P"


def test_another_pane_to_the_right_stays_in_place() -> None:
    beside = "\x1b[1;45H| another pane beside it"
    old, new = after(LINE + beside + "\x1b[1;5H", "\x1b[@X" + beside + "\x1b[1;6H", columns=80)
    output = diff(old, new).decode()
    assert output.count("\x1b[P") == output.count("\x1b[@") == 1
    assert "pane" not in output


def test_a_terminal_without_ich_is_written_anew() -> None:
    output = step(LINE + "\x1b[20D", "\x1b[@X", Dialect(insert_delete_characters=False))
    assert output == "Xbrown fox jumps over\x1b[20D"


def test_a_new_line_at_the_bottom_scrolls_the_screen() -> None:
    assert step(PAGE, "\r\nnext") == "\n\rnext"


def test_many_lines_scroll_with_one_sequence() -> None:
    assert step(PAGE + "\x1b[3H", "\x1b[2S") == "\x1b[2S"


def test_a_status_line_below_stays_while_the_region_scrolls() -> None:
    output = step(PAGE, "\x1b[1;5r\x1b[5H\nnew\x1b[r\x1b[6H")
    assert output == "\x1b[;5r\x1b[4B\n\x1b[r\x1b[4Bnew\r\n"


def test_a_visible_terminal_is_not_trusted_to_erase_with_the_background_alone() -> None:
    output = step(LINE, "\r\x1b[4;44mthe\x1b[K", XTERM)
    assert re.search(r"the\x1b\[(24|0;44)m\x1b\[K", output), output


def test_a_visible_terminal_is_not_trusted_to_go_home_when_margins_are_reset() -> None:
    output = step(PAGE, "\x1b[1;5r\x1b[5H\nnew\x1b[r\x1b[6H", XTERM)
    assert "\x1b[r\x1b[5Hnew" in output


def test_a_line_inserted_above_pushes_the_rest_down() -> None:
    assert step(PAGE + "\x1b[2H", "\x1b[Lnew") == "\x1b[Lnew"


def test_a_long_line_is_written_through_its_end_so_that_it_stays_one_line() -> None:
    assert step("", "x" * 50) == "x" * 50


def test_the_wrap_is_made_again_when_only_its_flag_is_missing() -> None:
    old, new = after("x" * 40 + "\r\nyyy", "\x1b[1;40Hxy\x1b[2;4H")
    assert diff(old, new) == b"\x1bM\x1b[36Cxyyy"


def test_the_last_column_is_never_printed_on_the_strength_of_a_pending_wrap() -> None:
    old, new = after("x" * 40, "y")
    assert diff(old, new) == b"\x1b[40Gxy"


def test_long_blanks_are_erased() -> None:
    assert step("a" * 30, "\r\x1b[20X") == "\r\x1b[20X"
    assert step("a" * 30, "\r\x1b[20X", Dialect(ech=False)) == "\r" + " " * 20 + "\r"


def test_erasing_keeps_the_background() -> None:
    assert step("abc", "\r\x1b[44m\x1b[K\x1b[m") == "\r\x1b[44m\x1b[K\x1b[m"
    assert step("abc", "\r\x1b[44m\x1b[K\x1b[m", Dialect(bce=False)).count(" ") == COLUMNS


def test_both_halves_of_a_wide_character_are_rewritten() -> None:
    assert step("日本", "\x1b[2G\x1b[1X\x1b[1G日x\x1b[H") == "\b\bx \r"


def test_text_that_may_differ_in_width_is_followed_by_an_absolute_move() -> None:
    assert step("", "👍ok", Dialect(visible=True)) == "👍\x1b[3Gok"
    assert step("", "👍ok") == "👍ok"
    assert step("", "日本ok é") == "日本ok é"
    assert step("", "\U0001f8ffok") == "\U0001f8ff\r\x1b[Cok"  # upstream draws nothing there


def test_disputed_widths_are_placed_on_the_wire_where_that_costs_little() -> None:
    assert step("", "☰") == "☰"
    assert step("", "x" * 100 + "☰ok", columns=150) == "x" * 100 + "☰\x1b[102Gok"


@pytest.mark.parametrize("text", ["☰", "☰a", "☰🇩", "🏽", "a🏽日", "䷀\u0301b"])
def test_placing_costs_at_most_a_sixteenth_of_a_frame(text: str) -> None:
    program = text * 50
    assert len(step("", program).encode()) <= len(program.encode()) * 17 / 16


def test_renditions_change_in_the_shortest_way() -> None:
    assert step("", "\x1b[31ma\x1b[0;1;31mb\x1b[0mc") == "\x1b[31ma\x1b[1mb\x1b[mc"


def test_what_upstream_skips_travels_apart_from_what_it_reads() -> None:
    assert step("", "\x1b[4:3;58:2::1:2:3ma\x1b[m") == "\x1b[4m\x1b[4:3m\x1b[58:2::1:2:3ma\x1b[m"


def test_hyperlinks_open_and_close() -> None:
    assert step("", "\x1b]8;;http://a\x07a\x1b]8;;\x07") == "\x1b]8;;http://a\x07a\x1b]8;;\x07"
    assert step("", "\x1b]8;;http://a\x07a\x1b]8;;\x07", Dialect(hyperlinks=False)) == "a"


def test_titles_share_one_sequence_when_they_are_equal() -> None:
    assert step("", "\x1b]0;hello\x07") == "\x1b]0;hello\x07"
    assert step("\x1b]0;hello\x07", "\x1b]2;other\x07") == "\x1b]2;other\x07"
    assert step("", "\x1b]1;icon\x07") == "\x1b]1;icon\x07\x1b]2;\x07"
    assert step("", "\x1b]0;hello\x07", Dialect(title=False)) == ""


def test_a_title_cannot_smuggle_controls() -> None:
    blank = blank_snapshot(COLUMNS, LINES)
    hostile = blank._replace(title="a\x1b]52;c;eA==\x07\x9bb", icon_name="", title_set=True)
    assert diff(blank, hostile) == b"\x1b]2;a]52;c;eA==b\x07"
    endless = blank._replace(title="x" * 1000, icon_name="y" * 1000, title_set=True)
    assert diff(blank, endless) == b"\x1b]1;" + b"y" * 254 + b"\x07\x1b]2;" + b"x" * 254 + b"\x07"


def test_a_hyperlink_cannot_smuggle_controls() -> None:
    blank = blank_snapshot(COLUMNS, LINES)
    for link in (";http://a\x07\x1b]52;c;eA==\x9c", ";javascript:1", "id=\x07;http://a"):
        hostile = blank._replace(style=Style(link=link))
        assert diff(blank, hostile) == b"\x1b]8;;\x07"


def test_the_clipboard_is_passed_on() -> None:
    assert step("", "\x1b]52;c;aGk=\x07") == "\x1b]52;c;aGk=\x07"


@pytest.mark.parametrize("clipboard", ["c;?", "", "c;eA==\x07\x1b[c", "c;eA", "x;eA=="])
def test_the_clipboard_is_never_asked_for(clipboard: str) -> None:
    old = blank_snapshot(COLUMNS, LINES)._replace(clipboard="c;aGk=")
    assert diff(old, old._replace(clipboard=clipboard)) == b""


def test_bells_are_counted_on_the_wire_and_heard_once_on_a_terminal() -> None:
    assert step("", "\a\a\a") == "\a\a\a"
    assert step("", "\a\a\a", XTERM) == "\a"


def test_mouse_modes_replace_each_other() -> None:
    assert step("\x1b[?1000h\x1b[?1006h", "\x1b[?1002h") == "\x1b[?1000l\x1b[?1002h"
    assert step("\x1b[?1000h\x1b[?1006h", "\x1b[?1000l\x1b[?1006l") == "\x1b[?1000l\x1b[?1006l"


def test_a_new_size_is_drawn_from_nothing() -> None:
    (old,) = after("old")
    (new,) = after("new", columns=50)
    assert diff(old, new) == b"\x1b[r\x1b[m\x1b[H\x1b[2Jnew"


def test_an_echo_on_a_terminal_does_not_hide_the_cursor() -> None:
    assert step("$ ech", "o", XTERM) == "o"


def test_a_frame_on_a_terminal_hides_the_cursor_while_it_is_drawn() -> None:
    output = step("", PAGE, XTERM)
    assert output.startswith("\x1b[?25l")
    assert output.endswith("\x1b[?25h")


def test_a_large_frame_on_a_terminal_is_shown_at_once() -> None:
    colourful = "\r\n".join(f"\x1b[3{number}m{number}\x1b[m text" for number in range(LINES))
    output = step("", colourful, XTERM)
    assert output.startswith("\x1b[?2026h")
    assert output.endswith("\x1b[?2026l")


def test_a_terminal_in_an_unknown_state_is_told_everything_but_the_bell_and_the_clipboard() -> None:
    (new,) = after("text\a\x1b]52;c;eA==\x07\x1b[?1002h")
    output = diff(None, new, dialect=XTERM)
    for part in (b"\x1b[2J", b"\x1b[?2004l", b"\x1b[?1000l", b"\x1b[?1002h", b"\x1b[?25h", b"text"):
        assert part in output
    assert b"\a" not in output.replace(b"\x1b]8;;\x07", b"")
    assert b"]52" not in output


def test_palettes_of_two_emulators_need_not_agree() -> None:
    (old,) = after("\x1b[31mred\x1b[32mgreen\x1b[m")
    (new,) = after("\x1b[32m\x1b[31mred\x1b[32mgreen\x1b[m!")
    assert old.palette is not new.palette
    assert diff(old, new) == b"!"


def test_protection_is_nobody_elses_business() -> None:
    assert step("abc", '\x1b[1"qabc\x1b[0"q') == "abc"


def test_a_wrap_in_the_bottom_row_is_not_taken_for_granted() -> None:
    palette = Palette()
    bottom: Row = ("x" * 10, "\x00" * 10, True, {})
    old = Snapshot(10, 2, (blank_row(10), bottom), palette, cursor_row=1)
    new = Snapshot(10, 2, (bottom, blank_row(10)), palette, cursor_row=1)
    for flag in (True, False):
        terminal = Emulator(10, 2)
        terminal.restore(old._replace(rows=(old.rows[0], (*bottom[:2], flag, {}))))
        terminal.feed(diff(old, new))
        assert terminal.snapshot().rows[0] == bottom


def test_no_terminal_without_utf8_is_sent_any() -> None:
    assert step("", "aé日e\u0301", Dialect(unicode=False)) == "a?? e"


def test_a_cursor_shape_is_set() -> None:
    blank = blank_snapshot(COLUMNS, LINES)
    assert diff(blank, blank._replace(modes=Modes(cursor_shape=4))) == b"\x1b[4 q"


def test_a_style_left_current_is_left_current() -> None:
    blank = blank_snapshot(COLUMNS, LINES)
    assert diff(blank, blank._replace(style=Style(fg=2, bg=12))) == b"\x1b[32;104m"
