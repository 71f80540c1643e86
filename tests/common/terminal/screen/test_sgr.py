"""SGR: what parameters do to a style."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with

from mosh_common.terminal import cells
from mosh_common.terminal.cells import BOLD, PROTECTED, RGB, Palette, Style
from mosh_common.terminal.screen.sgr import (
    _CHANGE_LIMIT,
    _EDGE_LIMIT,
    MAX_PARAMETERS,
    Rendition,
    Renditions,
    apply_sgr,
    sgr_report,
)


@pytest.mark.parametrize(
    ("parameters", "style"),
    [
        ("", Style()),
        ("1;2;3;5;7;8;9;53", Style(flags=0b11111111)),
        ("1;2;22", Style()),
        ("31;42", Style(fg=1, bg=2)),
        ("91;102", Style(fg=9, bg=10)),
        ("38;5;200;48;5;17", Style(fg=200, bg=17)),
        ("38;2;1;2;3", Style(fg=RGB | 0x010203)),
        ("38:2:1:2:3", Style(fg=RGB | 0x010203)),
        ("38:2::1:2:3", Style(fg=RGB | 0x010203)),
        ("48:5:9", Style(bg=9)),
        ("4", Style(underline=1)),
        ("21", Style(underline=2)),
        ("4:3", Style(underline=3)),
        ("4:5;58:5:7", Style(underline=5, underline_color=7)),
        ("4:3;4:0", Style()),
        ("58:2::9:8:7;59", Style()),
        ("31;39;42;49", Style()),
        ("31;0", Style()),
        ("31;;1", Style(flags=cells.BOLD)),
        # Malformed: the rest still counts, nothing raises.
        ("38;5;256;1", Style(flags=cells.BOLD)),
        ("38;2;1;2;300;1", Style(flags=cells.BOLD)),
        ("38;5", Style()),
        ("38;2;1", Style()),
        ("38", Style()),
        ("38:5", Style()),
        ("38:9:1", Style()),
        ("99999999999999999999;1", Style(flags=cells.BOLD)),
        ("1000;1", Style(flags=cells.BOLD)),
        ("4:9", Style(underline=1)),
        ("²;38;5;²;4:²;1", Style(flags=cells.BOLD, underline=1)),  # digits, but not of a parameter
    ],
)
def test_parameters_change_the_default_style(parameters: str, style: Style) -> None:
    assert apply_sgr(Style(), parameters) == style


def test_reset_keeps_hyperlink_and_protection() -> None:
    style = Style(fg=1, flags=cells.BOLD | cells.PROTECTED, link=";http://a/")
    assert apply_sgr(style, "0") == Style(flags=cells.PROTECTED, link=";http://a/")


def test_parameters_beyond_the_limit_are_ignored() -> None:
    assert apply_sgr(Style(), ";".join(["0"] * (MAX_PARAMETERS - 1) + ["1"])).flags == cells.BOLD
    assert apply_sgr(Style(), ";".join(["0"] * MAX_PARAMETERS + ["1"])).flags == 0


@given(st.text("0123456789;:", max_size=40))
def test_any_parameters_give_a_style_in_range(parameters: str) -> None:
    style = apply_sgr(Style(), parameters)
    for color in (style.fg, style.bg, style.underline_color):
        assert color == -1 or 0 <= color < 256 or RGB <= color < 2 * RGB
    assert 0 <= style.underline <= 5


@given(st.lists(st.sampled_from(["1", "3", "4:3", "9", "31", "94", "48:5:77", "38:2::1:2:3", "7"])).map(";".join))
def test_a_report_makes_the_style_again(parameters: str) -> None:
    style = apply_sgr(Style(), parameters)
    assert apply_sgr(Style(), sgr_report(style)) == style


def test_transitions_are_remembered_and_bounded() -> None:
    def when_full(style: Style) -> Rendition:
        raise AssertionError(style)

    renditions = Renditions(Palette(), when_full)
    start = renditions.of(Style())
    assert start.follow("1;31") is start.follow("1;31")
    most = 0
    for number in range(_EDGE_LIMIT + 100):
        start.follow(f"38;5;{number % 256};{number}")
        most = max(most, len(start.after))
    assert most == _EDGE_LIMIT
    assert len(renditions._steps) <= _CHANGE_LIMIT


_STARTS = [Style(), Style(flags=PROTECTED | BOLD), Style(fg=0, underline=3, underline_color=RGB, link=";http://x")]
_PARAMETERS = ["0", "1", "2", "4", "4:3", "7", "9", "22", "24", "27", "31", "39", "42", "49", "53", "97", "103", "59"]
_PARAMETERS += ["38;5;255", "48:2::255:255:255", "58;5;0", "38;2;0;0;0"]


@tried_with(300)
@given(
    start=st.sampled_from(_STARTS),
    sequences=st.lists(st.lists(st.sampled_from(["", *_PARAMETERS]), max_size=4).map(";".join), max_size=12),
)
def test_renditions_follow_as_styles_change(start: Style, sequences: list[str]) -> None:
    renditions = Renditions(Palette(), when_full=lambda style: pytest.fail(f"full at {style}"))
    node, style = renditions.of(start), start
    for parameters in sequences:
        node, style = node.follow(parameters), apply_sgr(style, parameters)
        assert node.style == style
        assert node is renditions.of(style)


def test_a_style_whose_link_has_no_room_is_kept_without_it() -> None:
    renditions = Renditions(Palette(), lambda style: pytest.fail(f"full at {style}"), links_limit=10)
    linked = Style(fg=1, link=";http://a")
    assert renditions.of(linked).style == linked
    assert renditions.of(linked._replace(fg=2)).style == Style(fg=2)
    assert renditions.of(linked).follow("33").style == Style(fg=3)
    assert renditions.of(linked).style == linked
