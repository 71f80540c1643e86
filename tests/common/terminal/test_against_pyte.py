"""Our Screen and Stream beside pyte's own: each drives the other's counterpart, and all come to the same screen."""

from __future__ import annotations

import re
from pathlib import Path

import pyte
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with

from mosh_common.terminal import cells
from mosh_common.terminal.parser.stream import Stream
from mosh_common.terminal.screen.screen import Screen

COLUMNS, LINES = 40, 8

# What pyte does as terminals do: no wide characters, which it cuts in half; short rows, as it keeps a pending wrap
# where terminals cancel it; no DL, which leaves rows behind where the screen is blank; no margins, which hold
# the cursor from outside.
_counts = st.sampled_from(["", "1", "2", "3"])
_tokens = st.one_of(
    st.builds("\x1b[{};{}H{}".format, st.integers(1, LINES), st.integers(1, 20), st.text("abc ", max_size=9)),
    st.sampled_from(["\r", "\n", "\b", "\t", "\x1bM", "\x1bD", "\x1b7\x1b8", "\x1b[2J", "\x1b[K", "\x1b[1K"]),
    st.builds("\x1b[{}{}".format, _counts, st.sampled_from("ABCDEFLPX@")),
    st.sampled_from(["\x1b[1;31m", "\x1b[m", "\x1b[7m", "\x1b[38;5;9m", "\x1b[38;2;1;2;3m", "\x1b[4;9;27m"]),
    st.sampled_from(["\x1b[4h", "\x1b[4l", "\x1b]2;title\x07", "\x1b[3g", "\x1bH"]),
)
_outputs = st.lists(_tokens, max_size=25).map("".join)


def rows_and_cursor(screen: pyte.Screen) -> object:
    return screen.display, screen.cursor.y, min(screen.cursor.x, COLUMNS - 1)


@pytest.mark.parametrize(
    ("make_stream", "make_screen"), [(pyte.Stream, Screen), (Stream, pyte.Screen), (Stream, Screen)]
)
def test_every_pair_of_stream_and_screen_draws_what_pyte_draws(
    make_stream: type[pyte.Stream], make_screen: type[pyte.Screen]
) -> None:
    @tried_with(150)
    @given(_outputs)
    def compare(output: str) -> None:
        reference, screen = pyte.Screen(COLUMNS, LINES), make_screen(COLUMNS, LINES)
        pyte.Stream(reference).feed(output)
        make_stream(screen).feed(output)
        assert rows_and_cursor(screen) == rows_and_cursor(reference)
        assert screen.title == reference.title

    compare()


def test_cells_read_as_pyte_gives_them() -> None:
    output = "\x1b[1;3;4;5;7;9;31;44mab\x1b[0;38;5;200mc\x1b[0;1;38;2;1;2;3;97md\x1b[0;48;2;1;2;3me\x1b[m中"
    reference, screen = pyte.Screen(COLUMNS, LINES), Screen(COLUMNS, LINES)
    pyte.Stream(reference).feed(output)
    Stream(screen).feed(output)
    for column in range(8):
        assert screen.buffer[0][column] == reference.buffer[0][column]


def test_the_parser_starts_whatever_pyte_does_in_attach(monkeypatch: pytest.MonkeyPatch) -> None:
    def attach_of_0_8_0(self: pyte.Stream, screen: pyte.Screen) -> None:
        self.listener = screen
        self._parser = self._parser_fsm()
        self._taking_plain_text = next(self._parser)

    monkeypatch.setattr(pyte.Stream, "attach", attach_of_0_8_0)
    screen = Screen(COLUMNS, LINES)
    Stream(screen).feed("\x1b[2;3Hx")
    assert screen.display[1].rstrip() == "  x"


def test_a_stream_can_be_attached_later_and_elsewhere() -> None:
    first, second = Screen(COLUMNS, LINES), Screen(COLUMNS, LINES)
    parser = Stream()
    parser.attach(first)
    parser.feed("a\x1b[")
    parser.attach(second)
    parser.feed("2Cb")
    assert (first.display[0].rstrip(), second.display[0].rstrip()) == ("a", "2Cb")
    parser.detach(second)
    with pytest.raises(RuntimeError):
        parser.feed("c")
    with pytest.raises(TypeError, match="is missing"):
        parser.attach(object())


@pytest.mark.parametrize("theirs", [pyte.Stream, pyte.Screen])
def test_nothing_private_of_pyte_is_used_or_replaced(theirs: type) -> None:
    """A version that lacks it would not call ours, and one that has it would call ours by mistake."""
    instance = theirs() if theirs is pyte.Stream else theirs(2, 2)
    private = {name for name in {*vars(theirs), *vars(instance)} if name.startswith("_") and not name.endswith("__")}
    sources = "".join(path.read_text() for path in Path(cells.__file__).parent.rglob("*.py"))
    assert private & set(re.findall(r"(?:\.|def )(_\w+)", sources)) == set()


def test_the_views_are_copies() -> None:
    screen = Screen(COLUMNS, LINES)
    screen.cursor.x = 5
    screen.tabstops.clear()
    screen.draw("x")
    screen.tab()
    assert (screen.cursor.x, screen.cursor.y) == (8, 0)
    assert screen.display[0].rstrip() == "x"


def test_views_give_margins_modes_and_tab_stops_as_pyte_numbers_them() -> None:
    reference, screen = pyte.Screen(COLUMNS, LINES), Screen(COLUMNS, LINES)
    output = "\x1b[2;5r\x1b[?6h\x1b[4h\x1b[?25l\x1b[?2004h"
    pyte.Stream(reference).feed(output)
    Stream(screen).feed(output)
    assert screen.margins == reference.margins
    assert screen.mode == reference.mode
    assert screen.tabstops == reference.tabstops
    assert screen.cursor.hidden == reference.cursor.hidden is True


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ("\x1b[1;2;3Ax", "x"),  # pyte raises
        ("\x1b[4:3mx", "x"),  # pyte prints "3m"
        ("\x1bP$qm\x1b\\x", "x"),  # pyte prints "$qm"
        ("\x1b[>4;1mx", "x"),  # pyte takes it for SGR
        ("\x1b[?1049hx\x1b[?1049l", ""),  # pyte has no alternate screen
    ],
)
def test_known_faults_of_pyte_are_not_ours(output: str, shown: str) -> None:
    screen = Screen(COLUMNS, LINES)
    Stream(screen).feed(output)
    assert screen.display[0].rstrip() == shown
    assert screen.cursor.attrs.bold is False


def test_a_stream_without_a_screen_says_so() -> None:
    with pytest.raises(RuntimeError):
        Stream().feed("x")


def test_a_screen_that_lacks_events_is_refused() -> None:
    with pytest.raises(TypeError):
        Stream(object())
