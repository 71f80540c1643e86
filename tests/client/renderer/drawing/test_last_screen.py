"""The last screen, printed as lines on a terminal that shows something else."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.world import lines_of

from mosh_client.renderer.drawing.last_screen import printed
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import WIRE, XTERM, Dialect

COLUMNS, LINES = 10, 5


def screen(output: bytes, *, columns: int = COLUMNS, lines: int = LINES) -> Snapshot:
    emulator = Emulator(columns, lines)
    emulator.feed(output)
    return emulator.snapshot()


def text(output: bytes, *, columns: int = COLUMNS, of: int = COLUMNS) -> str:
    """What is printed of that screen of `of` columns on a terminal of `columns`, without renditions."""
    return re.sub(r"\x1b\[[0-9;:]*m", "", printed(screen(output, columns=of), columns=columns, dialect=XTERM).decode())


def test_rows_are_printed_down_to_the_last_that_shows_something() -> None:
    assert text(b"one\r\n\r\n  three\r\n") == "one\r\n\r\n  three\r\n"


def test_of_an_empty_screen_nothing_is_printed() -> None:
    assert printed(screen(b"   \r\n \r\n"), columns=COLUMNS, dialect=XTERM) == b""


def test_the_whole_screen_may_be_used() -> None:
    assert text(b"\r\n".join([b"%d" % number for number in range(9)])) == "4\r\n5\r\n6\r\n7\r\n8\r\n"


def test_each_row_ends_with_the_default_rendition() -> None:
    output = printed(screen(b"\x1b[31mred\r\nstill\x1b[m plain"), columns=COLUMNS, dialect=XTERM)
    first, second = output.decode().split("\r\n")[:2]
    assert re.fullmatch(r"\x1b\[(0;)?31mred\x1b\[0?m", first)
    assert re.fullmatch(r"\x1b\[(0;)?31mstill\x1b\[0?m plain", second)


def test_blanks_that_are_seen_are_printed() -> None:
    assert text(b"\x1b[41m  \x1b[m \r\n\x1b[7m \x1b[m  \r\n\x1b[31m  ") == "  \r\n \r\n"


def test_a_line_that_went_on_in_the_next_row_does_so_again() -> None:
    assert text(b"0123456789abc\r\nend") == "0123456789abc\r\nend\r\n"
    assert text(b"0123456789\r\nabc") == "0123456789\r\nabc\r\n"
    assert text(b"0123456789abc", columns=12) == "0123456789\r\nabc\r\n"


def test_a_wide_character_that_did_not_fit_begins_a_row_of_its_own() -> None:
    assert text("012345678漢".encode()) == "012345678\r\n漢\r\n"
    assert text("01234567漢字".encode()) == "01234567漢字\r\n"


def test_on_a_narrower_terminal_nothing_is_cut_off() -> None:
    assert text(b"0123456789\r\nend", columns=4) == "0123456789\r\nend\r\n"


def test_graphemes_of_several_code_points_are_whole() -> None:
    assert text("e\u0301 👩\u200d💻!".encode()) == "e\u0301 👩\u200d💻!\r\n"


def test_a_terminal_that_knows_no_unicode_gets_ascii() -> None:
    dialect = XTERM._replace(unicode=False)
    assert printed(screen("ä漢e\u0301x".encode()), columns=COLUMNS, dialect=dialect) == b"???x\r\n"


def test_links_are_plain_text_and_colours_as_the_terminal_has_them() -> None:
    linked = screen(b"\x1b]8;;https://example.org\x1b\\\x1b[38;2;255;0;0mlink")
    output = printed(linked, columns=COLUMNS, dialect=XTERM._replace(colors=8))
    assert re.fullmatch(rb"\x1b\[(0;)?31mlink\x1b\[0?m\r\n", output)


PIECES = (
    *(
        b"a",
        b"bcd ",
        "漢".encode(),
        "e\u0301".encode(),
        b"\r\n",
        b"\r",
        b"\x1b[31m",
        b"\x1b[7;4m",
        b"\x1b[m",
        b"\x1b[3;3H",
    ),
    *(
        b"\x1b]0;t\x07",
        b"\x1b]8;;http://a\x07",
        b"\x1b[?1049h",
        b"\x1b[41m\x1b[K",
        b"\x1b[c",
        b"\x1b]52;c;YQ==\x07",
        b"\x07",
    ),
)


@tried_with(300)
@given(
    st.lists(st.sampled_from(PIECES), max_size=40),
    st.sampled_from([XTERM, WIRE, XTERM._replace(colors=0, unicode=False)]),
    st.integers(1, 12),
)
def test_nothing_but_text_renditions_and_line_ends_is_printed(
    output: list[bytes], dialect: Dialect, columns: int
) -> None:
    octets = printed(screen(b"".join(output)), columns=columns, dialect=dialect)
    rest = re.sub("\x1b\\[[0-9;:]*m|\r\n", "", octets.decode())
    assert rest.isprintable() or not rest
    # And the rendition that it leaves behind is none.
    assert not octets or octets.endswith(b"\r\n")


@pytest.mark.parametrize("start", [b"", b"$ mosh host -- x\r\n"])
def test_on_a_terminal_of_the_same_width_it_looks_as_it_did(start: bytes) -> None:
    was = screen("one\r\n\x1b[1mtwo\x1b[m 漢字\r\n0123456789abc".encode())
    terminal = Emulator(COLUMNS, 12)
    terminal.feed(start + printed(was, columns=COLUMNS, dialect=XTERM) + b"[mosh: ended]")
    shown = lines_of(terminal.snapshot())
    at = shown.index("one")
    assert shown[at : at + 4] == lines_of(was)[:4]
    assert shown[at + 4] == "[mosh: end"
