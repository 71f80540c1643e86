"""What is left of a wide character that loses a half is as erased: blank, the current background, nothing else.

As in xterm 379, by comparison of its printed screens. In frames, which both ends execute alike, as upstream has it.
"""

from __future__ import annotations

import pytest

from mosh_common.terminal.cells import EMPTY, WIDE_TAIL, Style
from mosh_common.terminal.emulator import Emulator

W = WIDE_TAIL
ERASED = Style(bg=2)
# Two wide characters and two others in one look, then another background and the cursor in the middle of the first.
SETTING = "\x1b[1;4;7;31;44m中文ab\x1b[0;42m\x1b[1;2H"


def halves(output: str, *, lines: int = 1) -> tuple[str, list[int]]:
    """Return the first row's text after SETTING and `output`, and the columns that look erased."""
    emulator = Emulator(6, lines)
    emulator.feed((SETTING + output).encode())
    screen = emulator.snapshot()
    text, letters = screen.rows[0][:2]
    erased = [column for column in range(6) if screen.palette.styles[ord(letters[column])] == ERASED]
    return text.replace(EMPTY, "_"), erased


@pytest.mark.parametrize(
    ("output", "text", "erased"),
    [
        ("x", f"_x文{W}ab", [0, 1]),
        ("\rx", f"x_文{W}ab", [0, 1]),
        ("語", f"_語{W}_ab", [0, 1, 2, 3]),
        ("\r\x1b[Cx\x1b[b", "_xx_ab", [0, 1, 2, 3]),  # REP
        ("\x1b[4hx", f"_x_文{W}a", [0, 1, 2]),  # IRM
        ("\x1b[@", f"___文{W}a", [0, 1, 2]),  # ICH
        ("\x1b[P", f"_文{W}ab_", [0, 5]),  # DCH
        ("\x1b[2P", "__ab__", [0, 1, 4, 5]),
        ("\x1b[X", f"__文{W}ab", [0, 1]),  # ECH
        ("\x1b[2X", "____ab", [0, 1, 2, 3]),
        ("\x1b[K", "______", [0, 1, 2, 3, 4, 5]),  # EL
        ("\x1b[C\x1b[1K", "____ab", [0, 1, 2, 3]),
        ("\x1b[C\x1b[1J", "____ab", [0, 1, 2, 3]),  # ED
        ("\x1b['}", f"___文{W}a", [0, 1, 2]),  # DECIC
        ("\x1b['~", f"_文{W}ab_", [0, 5]),  # DECDC
        ("\x1b[ @", f"_文{W}ab_", [0, 5]),  # SL
        ("\x1b[1;2;1;3$z", "____ab", [0, 1, 2, 3]),  # DECERA
        ("\x1b[1;2;1;3${", "____ab", [0, 1, 2, 3]),  # DECSERA
        ("\x1b[88;1;2;1;3$x", "_XX_ab", [0, 1, 2, 3]),  # DECFRA
        ("\x1b[1;2;1;3;1;1;1$v", f"__文{W}ab", [0, 1]),  # DECCRA of two halves
        ("\x1b[1;5;1;6;1;1;2$v", "_ab_ab", [0, 3]),  # DECCRA onto two halves
    ],
)
def test_half_of_a_wide_character_is_as_erased(output: str, text: str, erased: list[int]) -> None:
    # (What an erasure itself leaves is among `erased`, and so is what is printed in that background alone.)
    assert halves(output) == (text, erased)


def test_margins_cut_wide_characters_in_two() -> None:
    assert halves("\x1b[?69h\x1b[2;3s\x1b[1;1r\x1b[1;2H\x1b[ @") == ("____ab", [0, 1, 2, 3])
    # Rows scroll between the margins: what was inside is half on each side.
    assert halves("\x1b[?69h\x1b[2;3s\x1b[1;2H\x1b[L", lines=3) == ("____ab", [0, 1, 2, 3])
    assert halves("\x1b[?69h\x1b[2;3s\x1b[1;2H\x1b[M", lines=3) == ("____ab", [0, 3])  # default ones came up


def test_a_new_size_cuts_a_wide_character_in_two() -> None:
    emulator = Emulator(8, 1)
    emulator.feed(SETTING.encode())
    emulator.resize(3, 1)
    text, letters = emulator.snapshot().rows[0][:2]
    assert text == f"中{W}{EMPTY}"
    assert emulator.snapshot().palette.styles[ord(letters[2])] == Style()


def test_in_a_frame_the_right_half_keeps_its_background() -> None:
    emulator = Emulator(8, 1, frames=True)
    emulator.feed("\x1b[1;4;31;44m中\x1b[m\rx".encode())
    screen = emulator.snapshot()
    assert screen.rows[0][0][:2] == f"x{EMPTY}"
    assert screen.palette.styles[ord(screen.rows[0][1][1])] == Style(bg=4)
