"""What reaches the terminal: judged by an emulator that executes it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.screens import programs

from mosh_client.renderer.drawing.compositor import Compositor, Touched, fit
from mosh_common.terminal.cells import CLUSTER, EMPTY, WIDE_TAIL, Snapshot, blank_snapshot, cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM


def screen_after(output: str, columns: int = 10, lines: int = 3) -> Snapshot:
    emulator = Emulator(columns, lines)
    emulator.feed(output.encode())
    return emulator.snapshot()


def lines_of(snapshot: Snapshot) -> list[str]:
    return ["".join(cell_text(row, column) or " " for column in range(len(row[0]))).rstrip() for row in snapshot.rows]


class Terminal:
    """A compositor and the terminal that it draws on."""

    def __init__(self, columns: int = 10, lines: int = 3, prefix: str = "") -> None:
        self.size = (columns, lines)
        self.compositor = Compositor(dialect=XTERM, title_prefix=prefix)
        self.emulator = Emulator(columns, lines)

    def show(self, screen: Snapshot, *bars: str) -> bytes:
        octets = self.compositor.draw(screen, columns=self.size[0], lines=self.size[1], bars=bars, now=0)
        self.emulator.feed(octets)
        return octets

    @property
    def lines(self) -> list[str]:
        return lines_of(self.emulator.snapshot())


def test_the_terminal_shows_the_screen_and_then_the_next() -> None:
    terminal = Terminal()
    terminal.show(screen_after("one\r\ntwo"))
    assert terminal.lines == ["one", "two", ""]
    terminal.show(screen_after("one\r\nthree"))
    assert terminal.lines == ["one", "three", ""]


def test_drawing_the_same_again_costs_nothing() -> None:
    terminal, screen = Terminal(), screen_after("one")
    assert terminal.show(screen) != b""
    assert terminal.show(screen) == b""


def test_a_terminal_whose_contents_are_unknown_is_drawn_from_nothing() -> None:
    terminal, screen = Terminal(), screen_after("one")
    terminal.show(screen)
    terminal.emulator.feed(b"\x1b[Hrubbish\x1b[31;4m\x1b[2;3r")
    terminal.compositor.forget()
    terminal.show(screen)
    assert terminal.lines == ["one", "", ""]


def test_a_bar_comes_and_goes() -> None:
    terminal, screen = Terminal(), screen_after("one\r\ntwo")
    terminal.show(screen, "mosh: hi")
    assert terminal.lines == ["mosh: hi", "two", ""]
    terminal.show(screen)
    assert terminal.lines == ["one", "two", ""]


def test_titles_get_the_prefix_once_the_server_set_one() -> None:
    terminal = Terminal(prefix="[mosh] ")
    terminal.show(screen_after("x"))
    assert not terminal.emulator.snapshot().title_set
    terminal.show(screen_after("\x1b]0;vim\x07"))
    assert terminal.emulator.snapshot().title == "[mosh] vim"


@pytest.mark.parametrize(("columns", "lines"), [(10, 3), (5, 2), (14, 5), (3, 9), (1, 1)])
def test_a_screen_of_another_size_is_cut_or_filled_up(columns: int, lines: int) -> None:
    terminal = Terminal(columns, lines)
    terminal.show(screen_after("0123456789\r\nabcdefg\r\nzz"))
    whole = ["0123456789", "abcdefg", "zz"] + [""] * 9
    first = max(0, 3 - lines)  # the row of the cursor stays
    assert terminal.lines == [line[:columns] for line in whole[first : first + lines]]


@given(programs, st.integers(1, 50), st.integers(1, 16))
@settings(deadline=None)
def test_the_client_cuts_a_screen_as_the_server_will(program: str, columns: int, lines: int) -> None:
    emulator = Emulator(37, 11)
    emulator.feed(program.encode())
    cut = fit(emulator.snapshot(), columns, lines)
    emulator.resize(columns, lines)
    server = emulator.snapshot()
    assert cut.rows == server.rows
    assert (cut.cursor_row, cut.cursor_column) == (server.cursor_row, server.cursor_column)


def test_a_wide_character_that_is_cut_in_half_is_left_out() -> None:
    screen = fit(screen_after("ab漢c"), 3, 1)
    assert screen.rows[0][0] == "ab" + EMPTY
    assert fit(screen_after("a漢b"), 3, 1).rows[0][0] == "a漢" + WIDE_TAIL


def test_clusters_beyond_the_cut_go_with_it() -> None:
    screen = screen_after("e\u0301xe\u0301")
    assert screen.rows[0][0][:3] == CLUSTER + "x" + CLUSTER
    assert fit(screen, 2, 1).rows[0][3] == {0: "e\u0301"}


def test_the_cursor_stays_inside() -> None:
    screen = fit(screen_after("\x1b[3;10H"), 4, 2)
    assert (screen.cursor_row, screen.cursor_column) == (1, 3)


def test_a_screen_that_fits_is_not_copied() -> None:
    screen = blank_snapshot(4, 2)
    assert fit(screen, 4, 2) is screen


# --- What the terminal may have otherwise from the start


def test_alternate_scroll_and_cursor_shape_are_left_alone_until_a_program_asks() -> None:
    terminal = Terminal()
    octets = terminal.show(screen_after("one"))
    terminal.compositor.forget()
    octets += terminal.show(screen_after("two"))
    assert b"?1007" not in octets
    assert b" q" not in octets
    assert terminal.compositor.touched == Touched()


@pytest.mark.parametrize("between", ["nothing", "a repaint"])
def test_what_a_program_switched_on_is_switched_off_when_it_does_not_want_it_any_longer(between: str) -> None:
    terminal = Terminal()
    terminal.show(screen_after("one"))
    octets = terminal.show(screen_after("\x1b[?1007h\x1b[4 q"))
    assert b"\x1b[?1007h" in octets
    assert b"\x1b[4 q" in octets
    if between == "a repaint":
        terminal.compositor.forget()
    octets = terminal.show(screen_after("two"))
    assert b"\x1b[?1007l" in octets
    assert b"\x1b[0 q" in octets
    assert terminal.compositor.touched == Touched(alternate_scroll=True, cursor_shape=True)


def test_what_a_first_frame_switches_on_is_touched() -> None:
    terminal = Terminal()
    terminal.show(screen_after("\x1b[?1007h"))
    assert terminal.compositor.touched == Touched(alternate_scroll=True)


def test_what_a_dead_renderer_may_have_switched_is_stated() -> None:
    compositor = Compositor(dialect=XTERM, title_prefix="", touched=Touched(alternate_scroll=True, cursor_shape=True))
    octets = compositor.draw(screen_after("one"), columns=10, lines=3, bars=(), now=0)
    assert b"\x1b[?1007l" in octets
    assert b"\x1b[0 q" in octets


def test_a_terminal_that_was_given_back_is_untouched() -> None:
    terminal = Terminal()
    terminal.show(screen_after("\x1b[?1007h\x1b[4 q"))
    terminal.compositor.start_over()
    octets = terminal.show(screen_after("one"))
    assert b"?1007" not in octets
    assert terminal.compositor.touched == Touched()


# --- A terminal that is larger than any screen


@pytest.mark.parametrize("size", [(12, 3), (10, 5), (13, 6)])
def test_a_terminal_of_which_only_a_part_is_drawn_on_shows_that_part_right_and_nothing_else(
    size: tuple[int, int],
) -> None:
    terminal = Terminal()
    terminal.emulator = Emulator(*size)
    terminal.compositor.set_cut(True)
    remote = Emulator(10, 3)
    for output in ("one\r\n", "wrapped line of text\r\n", "two\r\nthree", "\r\x1b[4@", "\x1b[2P", "\r\nfour and five!"):
        remote.feed(output.encode())
        terminal.show(remote.snapshot())
        shown = [line.rstrip() for line in lines_of(remote.snapshot())]
        assert terminal.lines == shown + [""] * (size[1] - 3)


def test_a_terminal_that_grows_past_the_largest_screen_is_drawn_anew() -> None:
    terminal, screen = Terminal(), screen_after("one")
    terminal.show(screen)
    terminal.compositor.set_cut(False)
    assert terminal.show(screen) == b""
    terminal.compositor.set_cut(True)
    assert terminal.show(screen) != b""
