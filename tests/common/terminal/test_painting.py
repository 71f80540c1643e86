"""Cursor-addressed output painted in bulk: the result is what executing it piece by piece gives."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.terminal_output import check_screen, dump

from mosh_common.terminal.emulator import Emulator

_positions = st.one_of(
    st.builds("\x1b[{};{}H".format, st.integers(0, 7), st.integers(0, 14)),
    st.sampled_from(["\x1b[H", "\x1b[3H", "\x1b[;4H", "\x1b[002;03H", "\x1b[99999;99999H"]),
)
_renditions = st.sampled_from(
    ["\x1b[m", "\x1b[0;31m", "\x1b[1m", "\x1b[7;42m", "\x1b[38;5;9m", "\x1b[4:3m", "\x1b[48:2::1:2:3m", "\x1b[;m"]
)
_texts = st.text("abc xyz~!", max_size=6)
_pieces = st.one_of(_positions, _positions, _renditions, _texts, _texts)
_blocks = st.lists(_pieces, min_size=10, max_size=80).map("".join)
_between = st.sampled_from(
    [
        "",
        "\r\n", "\x1b[K", "é", "中", "e\u0301", "\x1b[3b", "\x1b[6n", "\x1b[2;3r", "\x1b[?6h", "\x1b[?6l", "\x1b[4h",
        "\x1b[4l", "\x1b(0", "\x1b(B", "\x1b[?7l", "\x1b[?7h", "\x1b]0;t", "\x1bP", "\x1b[3", "\x1b[?69h\x1b[3;8s",
        "\x1bN", '\x1b[1"q', "\x1b[?1049h", "long text that wraps over more than a row",
    ]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(
    parts=st.lists(st.tuples(_between, _blocks), min_size=1, max_size=4),
    columns=st.integers(1, 12),
    lines=st.integers(1, 6),
    chunk=st.sampled_from([50, 100_000]),
)
def test_painting_changes_nothing_that_can_be_seen(
    parts: list[tuple[str, str]], columns: int, lines: int, chunk: int
) -> None:
    data = "".join(between + block for between, block in parts).encode()
    painting, drawing = Emulator(columns, lines), Emulator(columns, lines, skipping=False)
    for start in range(0, len(data), chunk):
        painting.feed(data[start : start + chunk])
        drawing.feed(data[start : start + chunk])
    assert painting.replies() == drawing.replies()
    assert dump(painting.snapshot()) == dump(drawing.snapshot())
    assert painting.screen.phase == drawing.screen.phase
    check_screen(painting.snapshot())


def _random_screens(count: int) -> str:
    chance = random.Random(1)
    return "".join(
        f"\x1b[{chance.randint(1, 24)};{chance.randint(1, 70)}H\x1b[{chance.choice((0, 1, 7))};3{chance.randrange(8)}m"
        + "x" * chance.randint(1, 10)
        for _ in range(count)
    )


def test_a_long_block_is_painted_and_not_executed_piece_by_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator(80, 24)
    executed: list[str] = []
    monkeypatch.setattr(emulator._stream, "_run", executed.append)
    emulator.feed(_random_screens(2000).encode())
    assert "".join(executed) == ""


def test_rows_that_end_as_they_were_stay_the_same_object() -> None:
    emulator = Emulator(80, 24)
    emulator.feed(_random_screens(2000).encode())
    before = emulator.snapshot().rows
    rewritten = "".join(f"\x1b[24;1H\x1b[0m{'y' * 40}" for _ in range(100))
    emulator.feed(rewritten.encode())
    after = emulator.snapshot().rows
    assert [old is new for old, new in zip(before, after, strict=True)] == [True] * 23 + [False]


def test_many_wraps_do_not_copy_the_screen_for_each() -> None:
    emulator = Emulator(80, 24)
    calls: list[int] = []
    paint = emulator._stream._paint
    assert paint is not None

    def counted(block: str) -> int:
        calls.append(len(block))
        return paint(block)

    emulator._stream._paint = counted
    emulator.feed(b"\x1b[1;79Habc" * 5000)
    assert len(calls) == 1


def test_a_palette_about_to_be_full_is_left_to_the_common_way() -> None:
    painting, drawing = Emulator(40, 10), Emulator(40, 10, skipping=False)
    for number in range(0, 40_000, 400):
        data = "".join(
            f"\x1b[{n % 10 + 1};{n % 30 + 1}H\x1b[38;2;1;{n >> 8};{n & 255}mab" for n in range(number, number + 400)
        )
        painting.feed(data.encode())
        drawing.feed(data.encode())
    assert dump(painting.snapshot()) == dump(drawing.snapshot())
