"""Renditions as SGR: what is sent, and that it means the same for every terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.terminal.cells import ALL_FLAGS, BOLD, FAINT, PROTECTED, RGB, STRIKE, Snapshot, Style, blank_snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import WIRE, Dialect
from mosh_common.terminal.frame_diff.sgr import _FLAGS, erasable, rendition

_colors = st.one_of(st.just(-1), st.integers(0, 255), st.integers(0, 0xFFFFFF).map(lambda rgb: rgb | RGB))
# Each flag, also one that is new: without a row of `_FLAGS` it is lost on the way.
_flags = st.integers(0, ALL_FLAGS).map(lambda flags: flags & ~PROTECTED)
_styles = st.builds(Style, _colors, _colors, _flags, st.integers(0, 5), _colors, st.just(""))


@given(_styles, _styles, st.booleans(), st.booleans())
def test_a_change_of_rendition_leads_to_the_new_one(old: Style, new: Style, terse: bool, bright: bool) -> None:
    dialect = Dialect(terse_rendition=terse, bright_colors=bright)
    emulator = Emulator(10, 2)
    start: Snapshot = blank_snapshot(10, 2)._replace(style=old)
    emulator.restore(start)
    emulator.feed("".join(rendition(old, new, dialect)).encode())
    assert emulator.snapshot().style == new


def test_each_flag_is_drawn_but_protection() -> None:
    assert sum(flag for flag, _, _ in _FLAGS) == ALL_FLAGS & ~PROTECTED


@given(_styles, _styles)
def test_what_upstream_would_misread_is_apart_and_has_colons_only(old: Style, new: Style) -> None:
    base, extension = rendition(old, new, WIRE)
    assert ":" not in base
    assert "\x1b[58" not in base
    assert ";" not in extension


@pytest.mark.parametrize(
    ("old", "new", "output"),
    [
        (Style(), Style(fg=1), "\x1b[31m"),
        (Style(fg=1), Style(), "\x1b[m"),
        (Style(fg=1), Style(fg=9), "\x1b[91m"),
        (Style(fg=1, flags=BOLD), Style(fg=1), "\x1b[22m"),
        (Style(flags=BOLD | FAINT), Style(flags=FAINT), "\x1b[;2m"),
        (Style(fg=RGB | 0x010203, bg=4), Style(fg=RGB | 0x010203), "\x1b[49m"),
        (Style(flags=STRIKE), Style(flags=STRIKE, underline=1), "\x1b[4m"),
    ],
)
def test_the_shorter_of_a_reset_and_a_change_is_sent(old: Style, new: Style, output: str) -> None:
    assert "".join(rendition(old, new, WIRE)) == output


def test_a_plain_terminal_gets_resets_only() -> None:
    plain = Dialect(terse_rendition=False, bright_colors=False, extended_underline=False)
    assert rendition(Style(fg=1), Style(fg=9, underline=3), plain) == ("\x1b[0;4;38;5;9m", "")
    assert rendition(Style(fg=1), Style(), plain) == ("\x1b[0m", "")


@pytest.mark.parametrize(
    ("color", "colors", "output"),
    [
        (RGB | 0xFF0000, 256, "\x1b[38;5;196m"),
        (RGB | 0x808080, 256, "\x1b[38;5;244m"),
        (RGB | 0xFE0101, 16, "\x1b[91m"),
        (196, 16, "\x1b[91m"),
        (9, 8, "\x1b[31m"),
        (244, 8, "\x1b[37m"),
        (3, 8, "\x1b[33m"),
        (3, 0, ""),
    ],
)
def test_colours_that_a_terminal_lacks_become_the_nearest(color: int, colors: int, output: str) -> None:
    assert "".join(rendition(Style(), Style(fg=color), Dialect(colors=colors))) == output


def test_only_a_background_can_be_erased_to() -> None:
    assert erasable(Style())
    assert erasable(Style(bg=4))
    assert not erasable(Style(fg=4))
    assert not erasable(Style(underline=1))
    assert not erasable(Style(bg=4, link=";http://a"))
