"""Rows that wrap, where a terminal keeps a scrollback: what copying joins is what wraps, in xterm and in tmux."""

from __future__ import annotations

import pytest
from tests.support.scrollback import Terminal

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM
from mosh_common.terminal.frame_diff.diff import diff

PRIMARY = XTERM._replace(scrolls_back=True, synchronized=False)
COLUMNS, LINES = 10, 6


def screen(output: str) -> Snapshot:
    emulator = Emulator(COLUMNS, LINES)
    emulator.feed(output.encode())
    return emulator.snapshot()


LONG = "0123456789abcdefghij"  # two rows
SCREENS = {
    "a short line where a long one was": (f"{LONG}\r\nx", "a\r\nb\r\nx"),
    "a short line behind one that wraps": (f"{LONG}c\r\nx", "0123456789de\r\nf\r\nx"),
    "blanks behind one that wraps": (f"{LONG[:10]}bcd", f"{LONG[:10]}   \r\nx"),
    "a long line where a short one was": ("a\r\nb", LONG),
    "the same, one row lower": (f"a\r\nb\r\n{LONG}c\r\nx", f"a\r\nb\r\nnew\r\n{LONG}c\r\nx"),
    "the same, one row higher": (f"a\r\nb\r\nc\r\n{LONG}c", f"a\r\nb\r\n{LONG}c\r\nx"),
    "another end of the line below": (f"{LONG}\r\nx", f"{LONG[:10]}xyz\r\nx"),
    "the last row, which wraps nowhere": ("\r\n" * 5 + LONG[:11], "\r\n" * 5 + "a"),
}


@pytest.mark.parametrize("keeps_wraps", [False, True], ids=["xterm", "tmux"])
@pytest.mark.parametrize("name", SCREENS)
def test_rows_wrap_as_the_sessions_do(name: str, *, keeps_wraps: bool) -> None:
    before, after = map(screen, SCREENS[name])
    terminal = Terminal(COLUMNS, LINES, keeps_wraps=keeps_wraps)
    terminal.feed(diff(None, before, dialect=PRIMARY))
    for old, new in ((before, after), (after, before), (before, after)):
        terminal.feed(diff(old, new, dialect=PRIMARY))
        assert terminal.shown == [row[0].replace("\x00", " ").rstrip() for row in new.rows]
        assert [terminal.wraps.get(row, False) for row in range(LINES - 1)] == [row[2] for row in new.rows[:-1]]
    assert terminal.violations == []


@pytest.mark.parametrize("long", ["a" + "漢" * 9 + "b", "a" + "漢" * 9 + "\rX", "\x1b[31ma" + "漢" * 9])
def test_where_a_wide_character_does_not_fit_nothing_is_printed(long: str) -> None:
    """A blank would be copied, with the row."""
    for before in ("", "\r\nb", "x" * 30):
        old, new = screen(before), screen(f"\x1b[H\x1b[J{long}")
        terminal = Terminal(COLUMNS, LINES, keeps_wraps=True)
        terminal.feed(diff(None, old, dialect=PRIMARY))
        terminal.feed(diff(old, new, dialect=PRIMARY))
        assert terminal.shown == [row[0].replace("\x00", " ").replace("\x01", "").rstrip() for row in new.rows]
        assert [terminal.wraps.get(row, False) for row in range(LINES - 1)] == [row[2] for row in new.rows[:-1]]
        if not before.startswith("x"):
            assert (b" " in diff(old, new, dialect=PRIMARY)) == (new.rows[1][0][1] != "\x01")


def test_other_terminals_are_written_nothing_more() -> None:
    before, after = map(screen, SCREENS["a short line where a long one was"])
    assert b"\x1b[2K" in diff(before, after, dialect=PRIMARY)
    assert b"\x1b[2K" not in diff(before, after, dialect=XTERM)
