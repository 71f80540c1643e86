"""What a terminal can do, from its terminfo entry."""

from __future__ import annotations

import pytest

from mosh_common.terminal.cells import blank_snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import TRUECOLOR, dialect_from_terminfo
from mosh_common.terminal.frame_diff.diff import diff

XTERM_256: dict[str, bytes | int | bool | None] = {
    "ech": b"\x1b[%p1%dX", "bce": True, "colors": 256, "csr": b"\x1b[%i%p1%d;%p2%dr", "il": b"\x1b[%p1%dL",
    "dl": b"\x1b[%p1%dM", "ich": b"\x1b[%p1%d@", "dch": b"\x1b[%p1%dP", "hs": False, "tsl": None, "fsl": None, "XT": 1,
}  # fmt: skip


def test_an_xterm_can_do_nearly_everything() -> None:
    dialect = dialect_from_terminfo(XTERM_256)
    assert dialect.ech
    assert dialect.bce
    assert dialect.title
    assert dialect.hyperlinks
    assert dialect.colors == TRUECOLOR
    assert dialect.visible
    assert not dialect.scroll_sequences
    assert not dialect.extended_underline
    assert dialect_from_terminfo(XTERM_256, truecolor=True).extended_underline


def test_screen_has_no_bce() -> None:
    assert not dialect_from_terminfo({**XTERM_256, "bce": False}).bce


def test_a_console_is_not_sent_what_it_would_print() -> None:
    dialect = dialect_from_terminfo({"colors": 8, "bce": 1, "ech": b"\x1b[%p1%dX", "csr": b"\x1b[r"})
    assert dialect.colors == 8
    risky = ("title", "hyperlinks", "synchronized", "bright_colors", "insert_delete_characters", "insert_delete_lines")
    assert not [name for name in risky if getattr(dialect, name)]


def test_what_curses_does_not_know_is_missing() -> None:
    dialect = dialect_from_terminfo({"ech": None, "bce": -1, "colors": -1, "csr": b""}, unicode=False)
    assert not [name for name in ("ech", "bce", "scroll_region", "unicode") if getattr(dialect, name)]
    assert dialect.colors == 0


@pytest.mark.parametrize(
    ("terminal", "output"),
    [
        (XTERM_256, b"38;5;8;48;5;12"),  # whichever way the program asked: as upstream's client
        ({**XTERM_256, "RGB": True}, b"38;5;8;48;5;12"),
        ({**XTERM_256, "colors": 88}, b"90;104"),
        ({**XTERM_256, "colors": 16}, b"90;104"),
    ],
    ids=["256", "direct", "88", "16"],
)
@pytest.mark.parametrize("asked", [b"38;5;8;48;5;12", b"90;104", b"38:5:8;48:5:12"])
def test_bright_colours_go_out_by_index_where_there_are_256(
    terminal: dict[str, bytes | int | bool | None], output: bytes, asked: bytes
) -> None:
    emulator = Emulator(10, 2)
    emulator.feed(b"\x1b[" + asked + b"mx")
    drawn = diff(blank_snapshot(10, 2), emulator.snapshot(), dialect=dialect_from_terminfo(terminal))
    assert drawn.endswith((b"[" + output + b"mx", b";" + output + b"mx"))
