"""A screen goes through the door and becomes text, or text with renditions and nothing else."""

from __future__ import annotations

import re

import pytest
from tests.support.doors import screen

from mosh_common.terminal.cells import Palette, Row, Snapshot, Style
from mosh_common.terminal.emulator import Emulator
from mosh_server.door.preview import ansi_of, text_of
from mosh_server.door.protocol import LONGEST_ANSWER, LONGEST_TEXT, STYLES_LIMIT, Screen, decode_answer, encode
from mosh_server.door.screen import ROWS_LIMIT_OCTETS, last_line, screen_of


def through_the_door(shown: Snapshot, *, styles: bool = False) -> Screen:
    octets = encode(screen_of(shown, styles=styles))
    assert len(octets) <= LONGEST_ANSWER
    answer = decode_answer(octets)
    assert isinstance(answer, Screen)
    return answer


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("", ""),
        ("one\r\n\r\n  two  ", "one\n\n  two\n"),
        ("日本 e\u0301!", "日本 e\u0301!\n"),
        ("\x1b[7m \x1b[m", ""),
        ("\x1b[31mred\x1b[m \x1b]8;;http://x/\x07link\x1b]8;;\x07", "red link\n"),
    ],
)
def test_text_has_no_blanks_at_the_right_and_at_the_end(written: str, text: str) -> None:
    assert text_of(through_the_door(screen(written))) == text


@pytest.mark.parametrize(
    "written",
    [
        "plain\r\ntext",
        "\x1b[1;31mred\x1b[m and \x1b[38;2;1;2;3mtrue\x1b[48;5;200m back\x1b[m",
        "\x1b[4:3m\x1b[58:2::1:2:3mcurly\x1b[m \x1b[7m  \x1b[m",
        "日\x1b[32m本\x1b[m e\u0301\x1b[9m!",
    ],
)
def test_what_is_printed_looks_like_the_screen(written: str) -> None:
    shown = screen(written)
    printed = ansi_of(through_the_door(shown, styles=True))
    assert re.sub(r"\x1b\[[0-9;:]*m", "", printed).isprintable() or "\n" in printed
    again = Emulator(shown.columns, shown.lines)
    again.feed(printed.replace("\n", "\r\n").encode())
    got = again.snapshot()
    for column in range(shown.columns):
        for old, new in zip(shown.rows, got.rows, strict=True):
            look = shown.palette.styles[ord(old[1][column])], old[0][column].replace("\0", " ")
            assert (got.palette.styles[ord(new[1][column])], new[0][column].replace("\0", " ")) == look


def test_links_do_not_come_along() -> None:
    printed = ansi_of(through_the_door(screen("\x1b]8;;http://x/\x07link\x1b]8;;\x07"), styles=True))
    assert printed == "link\n"


def test_of_another_version_s_screen_nothing_but_text_is_printed() -> None:
    evil = Screen(5, 1, (("a\x1b\u202eb\x02", "\x05" * 5, ("\x1b]0;x\x07",)),), ((1 << 24, -1, 1 << 20, 77, 1000),) * 6)
    assert text_of(evil) == "ab]0;x\n"
    assert set(re.findall("\x1b.", ansi_of(evil))) == {"\x1b["}
    assert re.sub(r"\x1b\[[0-9;:]*m", "", ansi_of(evil)) == "ab]0;x\n"


def test_a_letter_without_a_style_is_the_default() -> None:
    assert ansi_of(Screen(1, 1, (("a", "\x09", ()),), ())) == "a\n"


def test_the_last_line_with_text_is_looked_for_from_the_cursor_upwards() -> None:
    assert last_line(screen("")) == ""
    assert last_line(screen("one\r\ntwo\r\n\r\n")) == "two"
    assert last_line(screen("one\r\n\r\n\r\nstatus line\x1b[2H")) == "one"
    assert last_line(screen("日e\u0301 x")) == "日e\u0301 x"
    assert len(last_line(screen("x" * 300, columns=300))) == LONGEST_TEXT


def test_styles_are_told_up_to_a_number_and_only_those_in_use() -> None:
    palette = Palette()
    letters = "".join(palette.letter(Style(fg=(1 << 24) + number)) for number in range(STYLES_LIMIT + 50))
    rows: tuple[Row, ...] = tuple(
        ("x" * 100, letters[at : at + 100].ljust(100, "\0"), False, {}) for at in range(0, len(letters), 100)
    )
    answer = through_the_door(Snapshot(100, len(rows), rows, palette), styles=True)
    assert len(answer.styles) == STYLES_LIMIT
    assert answer.rows[-1][1][-60:] == "\0" * 60
    few = through_the_door(Snapshot(100, 1, rows[10:11], palette), styles=True)
    assert len(few.styles) == 101


def test_a_screen_that_is_too_large_for_a_message_is_cut() -> None:
    columns = 4096
    fits = ROWS_LIMIT_OCTETS // (12 * columns)
    assert not through_the_door(screen("", columns=columns, lines=fits)).cut
    cut = through_the_door(screen("", columns=columns, lines=fits + 1))
    assert cut.cut
    assert len(cut.rows) == fits
