"""History takes no more memory than it says, whatever programs print."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from tests.support.histories import Kept

from mosh_common.history_limits import Limits
from mosh_common.terminal.emulator import Emulator

OCTETS = 60_000
# What is not in chunks yet: rows that wait, and a chunk that is being made.
WAITING_OCTETS = 40_000
HOSTILE = {
    "plain text": ["The quick brown fox jumps over the lazy dog and runs away.\r\n" * 400] * 10,
    "a style for each cell": [
        "".join(f"\x1b[38;2;{row};{column};{row * column % 256}mx" for column in range(80)) + "\x1b[A\x1b[B\r\n"
        for row in range(66)
    ],
    "links": [f"\x1b]8;;http://{number}/{'u' * 1000}\x1b\\text\x1b]8;;\x1b\\\r\n" for number in range(200)],
    "graphemes": ["e\u0301\u0302\u0303\u0304\u0305" * 80 + "\r\n"] * 100,
    "empty lines": ["\r\n" * 1000] * 100,
    "coloured rows by SU": [f"\x1b[48;5;{number % 256}m\x1b[24S" for number in range(133)],
    "small texts that are skipped": ["\r\n" * 60 + "\x1b[A"] * 233,
    "a line without end": ["x" * 10_000] * 33,
    "a line without end in colours": ["\x1b[31mx\x1b[32my" * 1000] * 20,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_output_keeps_to_the_octets(kind: str) -> None:
    kept = Kept(80, 24, limits=Limits(1 << 30, OCTETS))
    without = Emulator(80, 24)
    tracemalloc.start()
    try:
        for piece in HOSTILE[kind]:
            kept.feed(piece)
        with_history = traced()
        for piece in HOSTILE[kind]:
            without.feed(piece.encode())
            without.snapshot()
        screen_alone = traced() - with_history
    finally:
        tracemalloc.stop()
    assert kept.reading.extent.first > 0  # there was more than may be kept
    assert kept.history.octets <= OCTETS
    assert with_history - screen_alone <= 1.3 * OCTETS + WAITING_OCTETS


def traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_rows_of_one_column_are_one_line_up_to_its_longest() -> None:
    kept = Kept(1, 5).feed("x" * 20_000)
    assert [len(text) for text in kept.texts] == [8192, 8192, 20_000 - 2 * 8192 - 5]


def test_so_many_lines_are_kept_and_no_fewer() -> None:
    kept = Kept(80, 24, limits=Limits(1000, 1 << 30))
    for _ in range(20):
        kept.feed("line\r\n" * 300)
        extent = kept.reading.extent
        assert extent.end.line - extent.first == min(extent.end.line, 1000)
        assert len(kept.lines) == extent.end.line - extent.first
