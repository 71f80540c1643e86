"""Lines that are made of a text without a screen are those that drawing it gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with

from mosh_common.history_limits import Limits
from mosh_common.terminal.cells import BOLD, DEFAULT_STYLE, Style
from mosh_common.terminal.history.encoding import decode_line
from mosh_common.terminal.history.history import History
from mosh_common.terminal.history.line import Line
from mosh_common.terminal.history.straight import straight_lines
from mosh_common.terminal.history.unparsed import Text, draw
from mosh_common.terminal.screen.charsets import DEFAULT_CHARSETS
from mosh_common.terminal.screen.past import Beginning
from mosh_common.terminal.screen.state import DEFAULT_RULES, Rules, default_tab_stops

PIECES = st.sampled_from(
    ["hello", "x" * 30, "日本語漢字" * 3, "日", "e\u0301", "é", " ", "   ", "😀", "\u200b", "\xa0", "q" * 19, "q" * 20,
     "\t", "\r", "\n", "\x07", "\x1b[K", "\x1b(B"] + ["\r\n"] * 5
)  # fmt: skip
RENDITIONS = st.sampled_from(["\x1b[31m", "\x1b[0m", "\x1b[1;4m", "\x1b[m", "\x1b[38;5;9m", "\x1b[4:3m", "\x1b[42m"])
SIMPLE = st.sampled_from(["hello", "x" * 25, "日本語", " ", "      ", "é", "\r\n", "\r\n"])
STYLES = st.sampled_from([DEFAULT_STYLE, Style(fg=1, flags=BOLD), Style(link=";http://a/"), Style(bg=2)])


def text_of(output: str, *, columns: int = 20, style: Style = DEFAULT_STYLE, rules: Rules = DEFAULT_RULES) -> Text:
    output += "\r\n"
    stops = default_tab_stops(columns)
    return Text(output, Beginning(columns, style, rules, DEFAULT_CHARSETS, stops, False), output.count("\n"))


def drawn(text: Text) -> list[Line]:
    history = History(Limits(1 << 30, 1 << 30))
    draw(text, history)
    lines: list[Line] = []
    while (piece := history.piece_at(len(lines))) is not None:
        lines += [decode_line(encoded, piece.styles) for encoded in piece.lines[len(lines) - piece.first :]]
    return lines


def straight(text: Text) -> list[Line] | None:
    piece = straight_lines(text)
    return None if piece is None else [decode_line(encoded, piece.styles) for encoded in piece.lines]


@tried_with(200)
@given(pieces=st.lists(st.one_of(PIECES, RENDITIONS), max_size=30), columns=st.sampled_from([2, 20, 33]), style=STYLES)
def test_they_are_as_drawn_or_it_says_so(pieces: list[str], columns: int, style: Style) -> None:
    text = text_of("".join(pieces), columns=columns, style=style)
    lines = straight(text)
    assert lines is None or lines == drawn(text)


@tried_with(200)
@given(pieces=st.lists(st.one_of(SIMPLE, RENDITIONS), max_size=40), columns=st.sampled_from([2, 20, 33]))
def test_text_with_renditions_is_as_drawn(pieces: list[str], columns: int) -> None:
    text = text_of("".join(pieces), columns=columns)
    lines = straight(text)
    assert lines is None or lines == drawn(text)


@pytest.mark.parametrize(
    "line",
    ["plain", "", "x" * 50, "blanks at its end  ", "x" * 15 + " " * 8, "日本語の文章です。" * 3, "é and ü \xa0",
     "\x1b[31mred\x1b[0m and \x1b[1;38;5;7mbold\x1b[m  ", "\x1b[4mit goes on", "\x1b[31m" + "y" * 45 + "\x1b[0m",
     "\x1b[31m   \x1b[0m", "a" + "日" * 15 + " ", "x" * 25 + "\x1b[31m\x1b[0m  ",
     "日" * 10 + "\x1b[31mab\x1b[m" + " " * 30],
)  # fmt: skip
def test_common_lines_need_no_screen(line: str) -> None:
    text = text_of("\r\n".join([line] * 3))
    assert straight(text) == drawn(text)


@pytest.mark.parametrize(
    "output",
    ["a\tb", "a\x07", "a\x1b[K", "a\rb", "a\n", "e\u0301", "\x1b[41mred", "\x1b(Ba", "\u200b", "\x7f",
     f"\x1b[{'1;' * 200}31mred", f"日\x1b[{'1;' * 200}31mred"],
)  # fmt: skip
def test_what_a_screen_has_to_say_is_drawn(output: str) -> None:
    assert straight(text_of(output)) is None


def test_other_rules_are_for_a_screen() -> None:
    assert straight(text_of("a", rules=Rules(autowrap=False))) is None
    assert straight(text_of("a", rules=Rules(insert_mode=True))) is None
