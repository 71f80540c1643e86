"""What is painted over unseen is not drawn: the result is what drawing everything gives."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.terminal_output import check_screen, dump

from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.parser import stream
from mosh_common.terminal.screen import overpainting

COLUMNS, LINES = 9, 4

_texts = st.text("ab -~", max_size=5)
_sgr = st.sampled_from(
    ["", "", "\x1b[m", "\x1b[0m", "\x1b[0;31m", "\x1b[01;32m", "\x1b[7m", "\x1b[1;44m", "\x1b[27;4m"]
)
_pieces = st.builds(
    lambda row, column, styled: f"\x1b[{row};{column}H" + "".join(sgr + text for sgr, text in styled),
    st.integers(0, LINES + 1),
    st.integers(0, COLUMNS),
    st.lists(st.tuples(_sgr, _texts), min_size=1, max_size=3),
)
_others = st.sampled_from(
    [
        "\x1b[K", "\x1b[2J", "\u0301", "中", "\r\n",
        "\x1b[3b", "\x1b[?7l", "\x1b[?7h", "\x1b[4h", "\x1b[4l", "\x1b[?6h",
        "\x1b[2;3r", "\x1b[r", "\x1b(0", "\x1b(B", "\x1bN", "\x1b[?69h\x1b[2;5s", "\x1b]0;",
        "\x1b[1\x22q", "\x1b[0\x22q", "\x1b[5",
        "\x1b]8;;http://x\x1b\\", "\x1b]8;;\x1b\\", "\x1b7", "\x1b8", "\x1b#8",
    ]
)  # fmt: skip
_blocks = st.tuples(
    st.lists(_pieces, min_size=20, max_size=60).map("".join), st.lists(_others, max_size=2).map("".join)
)


@settings(max_examples=400, deadline=None)
@given(blocks=st.lists(_blocks, min_size=1, max_size=4), opening=_others, chunk=st.sampled_from([300, 1000, 100_000]))
def test_overpainting_changes_nothing_that_can_be_seen(blocks: list[tuple[str, str]], opening: str, chunk: int) -> None:
    data = (opening + "".join(block + other for block, other in blocks)).encode()
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
