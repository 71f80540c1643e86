"""What the pager draws, as a terminal that is not ours shows it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.support.paging import PagingDesk
from tests.support.programs import clean_environment, wait_until
from tests.support.tmux import Look, Pane, Tmux

from mosh_common.terminal.cells import WIDE_TAIL, Row, cell_text

pytestmark = [pytest.mark.interop, pytest.mark.requires_linux, pytest.mark.requires_program("tmux")]

COLUMNS, LINES = 60, 12
END = "all was drawn"
BAR = Look(fg="7", bg="4", flags=frozenset({"bold"}))


@pytest.fixture
def desk() -> PagingDesk:
    desk = PagingDesk(columns=COLUMNS, lines=LINES)
    desk.print(
        *[f"\x1b[3{number % 7 + 1}mline\x1b[m {number} 漢字 e\u0301 {'x' * (number % 70)}" for number in range(200)]
    )
    return desk


def text_of(row: Row) -> str:
    return "".join([cell_text(row, column) or " " * (char != WIDE_TAIL) for column, char in enumerate(row[0])]).rstrip()


def drawn(desk: PagingDesk, tmux: Tmux, directory: Path, *steps: bytes) -> Pane:
    """Show in tmux what the steps drew, one after the other."""
    octets = b""
    for step in (b"", *steps):
        desk.type(step)
        assert desk.shown
        octets += desk.written
    (directory / "drawn").write_bytes(octets + f"\x1b]2;{END}\x07".encode())
    environment = clean_environment(directory, TERM="tmux-256color")
    words = ["sh", "-c", f"stty raw -echo; cat '{directory}/drawn'; exec cat >/dev/null"]
    pane = tmux.open_pane(words, environment=environment, directory=directory, columns=COLUMNS, lines=LINES)
    wait_until(lambda: pane.title == END, "it was not drawn")
    return pane


@pytest.mark.parametrize(
    "steps",
    [
        (b"\x1e[",),
        (b"\x1e[", b"b", b"b", b"k", b"j"),
        (b"\x1e[", b"g", b"?", b"G", b"\x15"),
        (b"\x1b[5;2~", b"\x1b[<64;3;3M", b"\x1b[<65;3;3M"),
        (b"\x1e[", b"b", b"q"),
    ],
    ids=["entered", "paged", "searching", "by the wheel", "left"],
)
def test_tmux_shows_what_is_meant(desk: PagingDesk, tmux: Tmux, tmp_path: Path, steps: tuple[bytes, ...]) -> None:
    pane = drawn(desk, tmux, tmp_path, *steps)
    screen = desk.terminal.snapshot()
    assert pane.text() == [text_of(row) for row in screen.rows]
    assert pane.flag("cursor_flag") == screen.modes.cursor_visible
    assert pane.flag("mouse_sgr_flag") == desk.paging
    if screen.modes.cursor_visible:
        assert pane.cursor == (screen.cursor_row, screen.cursor_column)


def test_the_bar_and_what_was_found_and_selected_stand_out(desk: PagingDesk, tmux: Tmux, tmp_path: Path) -> None:
    pane = drawn(desk, tmux, tmp_path, b"\x1e[", b"?line 120 \r", b"v", b"v", b"w", b"w")
    rows = pane.picture().rows
    assert {cell.look for cell in rows[-1] if cell.text != " "} == {BAR}
    assert {cell.look.bg for cell in rows[-1]} == {BAR.bg}
    [found] = [row for row in rows[:-1] if "".join(cell.text for cell in row).startswith("line 120 ")]
    inverse = "".join(cell.text for cell in found if "inverse" in cell.look.flags)
    assert inverse == "line 120 漢"
    assert found[0].look.fg == "2"
    others = [cell for row in rows[:-1] if row is not found for cell in row]
    assert not any("inverse" in cell.look.flags for cell in others)


def test_what_has_not_come_is_faint_dots(desk: PagingDesk, tmux: Tmux, tmp_path: Path) -> None:
    desk.type(b"\x1e[")
    desk.type(b"g", answered=False)
    desk.standing = None  # it is lost
    rows = drawn(desk, tmux, tmp_path).picture().rows
    for row in rows[:-1]:
        assert {(cell.text, cell.look) for cell in row} == {("·", Look(flags=frozenset({"faint"})))}
