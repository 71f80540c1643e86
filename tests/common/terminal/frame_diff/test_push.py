"""Rows go off the top of a primary screen: those, in order, and as few octets as can be."""

from __future__ import annotations

import pytest
from tests.support.scrollback import Terminal, plain

from mosh_common.terminal.cells import DEFAULT_STYLE, Palette, Snapshot, Style
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM, Dialect
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.terminal.frame_diff.push import in_palette, push
from mosh_common.terminal.history.line import Line, rows

COLUMNS, LINES = 10, 5
PRIMARY = XTERM._replace(scrolls_back=True, synchronized=False)


def screen(output: str) -> Snapshot:
    emulator = Emulator(COLUMNS, LINES)
    emulator.feed(output.encode())
    return emulator.snapshot()


def pushed(
    before: Snapshot, texts: list[str], after: Snapshot, *, dialect: Dialect = PRIMARY
) -> tuple[Terminal, bytes]:
    """Push lines between two screens; return the terminal, and what was written."""
    palette = Palette()
    going = [row for text in texts for row in rows(Line(text, ((len(text), DEFAULT_STYLE),)), COLUMNS, palette)]
    below = after._replace(rows=in_palette(after.rows, after.palette, palette), palette=palette)
    result = push(before, going, below, dialect=dialect)
    octets = result.octets + diff(result.shown, after, dialect=dialect)
    terminal = Terminal(COLUMNS, LINES)
    terminal.feed(diff(None, before, dialect=dialect))
    terminal.feed(octets)
    assert terminal.violations == []
    assert terminal.shown == [row[0].replace("\x00", " ").rstrip() for row in after.rows]
    return terminal, octets


FULL = "".join(f"row {number}\r\n" for number in range(4)) + "last"


def test_what_stands_at_the_top_already_is_not_written() -> None:
    terminal, octets = pushed(screen(FULL), ["row 0", "row 1"], screen(FULL + "\r\nnew\r\nnewer"))
    assert plain(terminal.scrollback) == ["row 0", "row 1"]
    assert b"row" not in octets
    assert octets.count(b"\n\n") == 1


def test_what_does_not_is_written_first() -> None:
    terminal, octets = pushed(screen(FULL), ["gone 1", "gone 2"], screen(FULL))
    assert plain(terminal.scrollback) == ["gone 1", "gone 2"]
    assert octets.count(b"row 0") == 0  # the screen moved down and up again


@pytest.mark.parametrize("count", [1, 4, 5, 6, 23])
def test_any_number_of_rows_may_go(count: int) -> None:
    texts = [f"gone {number}" for number in range(count)]
    terminal, _ = pushed(screen(FULL), texts, screen("other"))
    assert plain(terminal.scrollback) == texts


def test_rows_that_wrap_do_so_across_the_portions_in_which_they_go() -> None:
    terminal, _ = pushed(screen(FULL), ["x" * 97], screen("other"))
    assert [row.wrapped for row in terminal.scrollback] == [True] * 9 + [False]


def test_what_comes_in_has_no_background_of_what_was_drawn_last() -> None:
    before = screen(FULL + "\x1b[41m")
    terminal, _ = pushed(before, ["gone"], screen(FULL))
    assert all(not any(row.looks) for row in terminal.scrollback)


def test_a_screen_of_unknown_contents_is_erased_row_by_row() -> None:
    octets = diff(None, screen("x"), dialect=PRIMARY)
    assert b"J" not in octets
    assert octets.count(b"\x1b[K") == LINES


def test_a_part_of_the_screen_scrolls_without_margins() -> None:
    texts = ["abcdefghij", "ABCDEFGHIJ", "0123456789", "ZYXWVUTSRQ"]
    before = screen("status\r\n" + "\r\n".join(texts[:3]) + "\r\nfoot")
    after = screen("status\r\n" + "\r\n".join(texts[1:]) + "\r\nfoot")
    octets = diff(before, after, dialect=PRIMARY)
    assert b"\x1b[1M" in octets
    assert b"\x1b[1L" in octets
    assert b"012" not in octets
    terminal = Terminal(COLUMNS, LINES)
    terminal.feed(diff(None, before, dialect=PRIMARY) + octets)
    assert terminal.shown == ["status", *texts[1:], "foot"]
    assert terminal.scrollback == []
    assert terminal.violations == []


def test_letters_of_another_palette_are_the_same_styles() -> None:
    old, new = Palette(), Palette()
    new.letter(Style(fg=3))
    letter = old.letter(Style(fg=1))
    [row] = in_palette([("ab", letter * 2, False, {})], old, new)
    assert [new.styles[ord(each)] for each in row[1]] == [Style(fg=1)] * 2


@pytest.mark.parametrize(("before", "after"), [("abc", "ab"), ("abcd", "ab"), ("a", ""), ("abc def", "abc d")])
def test_no_blank_is_printed_at_the_end_of_a_row_that_will_be_kept(before: str, after: str) -> None:
    old, new = (screen(f"above\r\n{text}\r\nbelow") for text in (before, after))
    octets = diff(old, new, dialect=PRIMARY)
    assert b"\x1b[K" in octets
    assert b" " not in octets.replace(b"c d", b"")
