"""What is painted over unseen is not drawn: the result is what drawing everything gives."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.terminal_output import check_screen, dump

from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.parser import stream
from mosh_common.terminal.screen import overpainting

COLUMNS, LINES = 9, 4

_SGR = ("", "", "\x1b[m", "\x1b[0m", "\x1b[0;31m", "\x1b[01;32m", "\x1b[7m", "\x1b[1;44m", "\x1b[27;4m")
_OTHERS = (
    "\x1b[K", "\x1b[2J", "\u0301", "中", "\r\n",
    "\x1b[3b", "\x1b[?7l", "\x1b[?7h", "\x1b[4h", "\x1b[4l", "\x1b[?6h",
    "\x1b[2;3r", "\x1b[r", "\x1b(0", "\x1b(B", "\x1bN", "\x1b[?69h\x1b[2;5s", "\x1b]0;",
    "\x1b[1\x22q", "\x1b[0\x22q", "\x1b[5",
    "\x1b]8;;http://x\x1b\\", "\x1b]8;;\x1b\\", "\x1b7", "\x1b8", "\x1b#8",
)  # fmt: skip


def _output(dice: Random) -> str:
    """Return up to four blocks of pieces, each at a place of its own, with something else behind each block.

    From dice, not from strategies: hypothesis would take twenty times as long to draw the hundreds of pieces as both
    emulators take to execute them.
    """
    output = dice.choice(_OTHERS)
    for _ in range(dice.randint(1, 4)):
        for _ in range(dice.randint(20, 60)):
            output += f"\x1b[{dice.randint(0, LINES + 1)};{dice.randint(0, COLUMNS)}H"
            for _ in range(dice.randint(1, 3)):
                output += dice.choice(_SGR) + "".join(dice.choices("ab -~", k=dice.randint(0, 5)))
        output += "".join(dice.choices(_OTHERS, k=dice.randint(0, 2)))
    return output


@tried_with(400)
@given(dice=st.randoms(use_true_random=True), chunk=st.sampled_from([300, 1000, 100_000]))
def test_overpainting_changes_nothing_that_can_be_seen(dice: Random, chunk: int) -> None:
    data = _output(dice).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "MIN_TO_OVERPAINT", 100)
        patch.setattr(overpainting, "LAYERS", 3)
        hiding, drawing = Emulator(COLUMNS, LINES), Emulator(COLUMNS, LINES, skipping=False)
        for start in range(0, len(data), chunk):
            hiding.feed(data[start : start + chunk])
            drawing.feed(data[start : start + chunk])
            assert dump(hiding.snapshot()) == dump(drawing.snapshot())
    assert hiding.replies() == drawing.replies()
    check_screen(hiding.snapshot())


def test_most_pieces_of_many_screens_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator(80, 24)
    screen = emulator.screen
    drawn: list[str] = []
    monkeypatch.setattr(type(screen), "print_at", lambda _self, _row, _column, _text: None)
    monkeypatch.setattr(type(screen), "print_styled", lambda _self, _sgr, _none, text: drawn.append(text))
    emulator.feed(
        b"".join(b"\x1b[%d;1H\x1b[3%dm%-79d" % (row + 1, layer % 8, layer) for layer in range(40) for row in range(24))
    )
    assert len(drawn) == 24
    assert {text.strip() for text in drawn} == {"39"}
