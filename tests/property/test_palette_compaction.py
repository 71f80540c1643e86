"""An emulator that starts a new palette whenever it can shows what one shows that never does."""

from __future__ import annotations

from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support import screens, terminal_output

from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.screen.grid import Grid

# Wide characters on backgrounds of their own, then something narrow in new renditions on halves of them: what is left
# of the other half needs a style, too, and the palette may be full just then.
_PLACES = [(row, column) for row in range(1, 6) for column in range(1, 20, 2)]
HALVES = "".join(
    [f"\x1b[{row};{column}H\x1b[4{row};38;5;{row * 20 + column}m中" for row, column in _PLACES]
    + [f"\x1b[{row};{column + row % 2}H\x1b[38;5;{row * 20 + column + 1}mx" for row, column in _PLACES]
)


def shown(output: bytes, *, spare_styles: int) -> object:
    with mock.patch.object(Grid, "_spare_styles", return_value=spare_styles):
        emulator = Emulator(20, 6)
        emulator.feed(output)
        screen = emulator.screen
    letters = {letter for rows in (screen.rows, screen.other.rows) for row in rows for letter in row[1]}
    assert all(ord(letter) < len(screen.palette.styles) for letter in letters)
    return screens.canonical(emulator.snapshot())


@given(output=terminal_output.output | screens.programs.map(str.encode), spare_styles=st.integers(3, 9))
def test_compacting_the_palette_is_never_seen(output: bytes, spare_styles: int) -> None:
    assert shown(output, spare_styles=spare_styles) == shown(output, spare_styles=1 << 14)


@pytest.mark.parametrize("spare_styles", range(3, 10))
def test_halves_of_wide_characters_keep_what_they_show(spare_styles: int) -> None:
    assert shown(HALVES.encode(), spare_styles=spare_styles) == shown(HALVES.encode(), spare_styles=1 << 14)


def test_a_new_palette_leaves_no_copy_behind_as_the_alternate_screen() -> None:
    colours = b"".join(b"\x1b[38;5;%dmx" % number for number in range(20, 60))
    assert shown(colours + b"\x1b[?47h", spare_styles=3) == shown(colours + b"\x1b[?47h", spare_styles=1 << 14)
    with mock.patch.object(Grid, "_spare_styles", return_value=3):
        emulator = Emulator(20, 6)
        emulator.feed(colours)
    assert emulator.screen.other.rows is emulator.screen.rows
