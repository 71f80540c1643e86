"""Screens with more renditions than anybody looks at."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.terminal.cells import (
    DEFAULT_COLOR,
    DEFAULT_STYLE,
    PROTECTED,
    RGB,
    Palette,
    Row,
    Snapshot,
    Style,
    blank_snapshot,
)
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.terminal.screen.grid import Grid
from mosh_common.terminal.screen.style_merging import FEWEST, merge_styles

pytestmark = pytest.mark.thorough


def colors(first: int = 0) -> Iterator[int]:
    """Yield colours, all of them different, in no order."""
    for number in itertools.count(first):
        yield number * 0x9E3779 & 0xFFFFFF


def painting(columns: int, lines: int, first: int = 0) -> bytes:
    """Return what paints each cell in a colour of its own."""
    cells = [
        f"\x1b[48;2;{color >> 16};{color >> 8 & 255};{color & 255}mx"
        for color in itertools.islice(colors(first), columns * lines)
    ]
    return (
        "\x1b[?7l\x1b[H" + "\r\n".join("".join(cells[at : at + columns]) for at in range(0, len(cells), columns))
    ).encode()


def backgrounds(screen: Snapshot) -> list[int]:
    styles = screen.palette.styles
    return [styles[ord(letter)].bg for row in screen.rows for letter in row[1]]


def painted(columns: int, lines: int, first: int = 0) -> list[int]:
    return [RGB | color for color in itertools.islice(colors(first), columns * lines)]


def screen_of(columns: int, lines: int, first: int = 0) -> Snapshot:
    """Return what `painting` leaves, without the time that reading it takes."""
    blank = blank_snapshot(columns, lines)
    letters = [blank.palette.letter(Style(bg=color)) for color in painted(columns, lines, first)]
    rows: list[Row] = [
        ("x" * columns, "".join(letters[at : at + columns]), False, {}) for at in range(0, len(letters), columns)
    ]
    return blank._replace(rows=tuple(rows))


def test_what_is_made_without_painting_is_what_painting_leaves() -> None:
    emulator = Emulator(9, 3)
    emulator.feed(painting(9, 3, 7))
    drawn, made = emulator.snapshot(), screen_of(9, 3, 7)
    assert backgrounds(made) == backgrounds(drawn)
    assert [(row[0], *row[2:]) for row in made.rows] == [(row[0], *row[2:]) for row in drawn.rows]


def test_letters_leave_out_the_surrogates() -> None:
    palette = Palette()
    letters: list[str] = []
    while not palette.full:
        letters.append(palette.letter(Style(fg=RGB | len(letters))))
    assert "\ud7ff" in letters
    assert letters[-1] == "\uffff"
    assert not [letter for letter in letters if "\ud800" <= letter <= "\udfff"]
    assert len(set(letters)) == len(letters) > Palette.KEPT
    assert [palette.styles[ord(letter)].fg for letter in letters] == [RGB | number for number in range(len(letters))]
    assert palette.find(DEFAULT_STYLE) == "\x00"
    with pytest.raises(OverflowError):
        palette.letter(Style(fg=1))


def test_fifty_thousand_renditions_on_both_screens_are_kept() -> None:
    columns, lines, others = 400, 100, 24
    size = columns * lines
    emulator = Emulator(columns, lines)
    emulator.restore(screen_of(columns, lines))
    emulator.feed(b"\x1b[?1049h" + painting(columns, others, size))
    assert size + columns * others > 0.98 * Palette.KEPT
    # Then many more, one after the other in one cell: their palettes come and go.
    emulator.feed(b"\x1b[H")
    with mock.patch.object(Grid, "compact_palette", autospec=True, side_effect=Grid.compact_palette) as compactions:
        emulator.feed(b"".join(b"\x1b[48;2;%d;%d;255mx\b" % (n >> 8, n & 255) for n in range(14_000)))
    assert compactions.called
    assert backgrounds(emulator.snapshot())[1 : columns * others] == painted(columns, others, size)[1:]
    emulator.feed(b"\x1b[?1049l")
    assert backgrounds(emulator.snapshot()) == painted(columns, lines)


def test_beyond_that_colours_merge_and_none_becomes_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    columns, lines = 150, 100  # in place of more than 50,000 cells
    monkeypatch.setattr(Palette, "KEPT", FEWEST)
    emulator = Emulator(columns, lines)
    with mock.patch.object(Grid, "compact_palette", autospec=True, side_effect=Grid.compact_palette) as compactions:
        emulator.feed(painting(columns, lines))
    assert compactions.call_count < 20  # each goes through the whole screen
    shown = backgrounds(emulator.snapshot())
    assert DEFAULT_COLOR not in shown
    apart = [
        max(abs((seen >> shift & 255) - (wanted >> shift & 255)) for shift in (0, 8, 16))
        for seen, wanted in zip(shown, painted(columns, lines), strict=True)
    ]
    assert max(apart) <= 8  # four bits a component


def test_a_frame_leads_from_one_screen_of_many_styles_to_another() -> None:
    columns, lines = 120, 50
    client = Emulator(columns, lines, frames=True)
    known = client.snapshot()
    for first in (0, 40_000):
        new = screen_of(columns, lines, first)
        client.restore(known)
        client.feed(diff(known, new))
        known = client.snapshot()
        assert backgrounds(known) == backgrounds(new) == painted(columns, lines, first)


@pytest.mark.parametrize("size", [(20, 5), (80, 24), (200, 50)])
def test_fresh_colours_start_new_palettes_seldom(size: tuple[int, int]) -> None:
    emulator = Emulator(*size)
    emulator.feed(painting(*size))
    fresh = 6000
    with mock.patch.object(Grid, "compact_palette", autospec=True, side_effect=Grid.compact_palette) as compactions:
        emulator.feed(b"".join(b"\x1b[38;2;%d;%d;7mx" % (n >> 8, n & 255) for n in range(fresh)))
    # A new palette costs as much as the screen has cells: a few of them for each new colour, however large it is.
    assert compactions.call_count <= 2 + fresh // max(512, size[0] * size[1] // 4)


_color = st.one_of(st.just(DEFAULT_COLOR), st.integers(0, 255), st.integers(0, 0xFFFFFF).map(lambda value: RGB | value))
_style = st.builds(
    Style,
    fg=_color,
    bg=_color,
    flags=st.integers(0, 511),
    underline=st.integers(0, 5),
    underline_color=_color,
    link=st.sampled_from(["", ";http://a", ";http://b"]),
)


@given(st.lists(_style, unique=True, max_size=60), st.integers(1, 60))
def test_merging_is_bounded_and_takes_no_colour_away(styles: list[Style], most: int) -> None:
    merged = merge_styles(styles, most)
    left = set(merged.values())
    assert len(left) <= max(most, FEWEST)
    if len(styles) <= most:
        assert merged == {style: style for style in styles}
    for style, new in merged.items():
        assert (style.fg == DEFAULT_COLOR) == (new.fg == DEFAULT_COLOR)
        assert (style.bg == DEFAULT_COLOR) == (new.bg == DEFAULT_COLOR)
        assert bool(style.underline) == bool(new.underline)
        assert style.flags & PROTECTED == new.flags & PROTECTED


def test_whatever_the_styles_are_few_are_left_in_the_end() -> None:
    values = [DEFAULT_COLOR, *range(0, 256, 17), *(RGB | color for color in range(0, 1 << 24, 0x123456))]
    styles = [
        Style(fg, bg, flags, underline, underline_color, link)
        for fg in values[::3]
        for bg in values[::4]
        for flags in range(0, 512, 15)
        for underline in (0, 3)
        for underline_color in (DEFAULT_COLOR, 9)
        for link in ("", ";http://a")
    ]
    assert len(styles) > 2 * FEWEST
    assert len(set(merge_styles(styles, FEWEST).values())) <= FEWEST
