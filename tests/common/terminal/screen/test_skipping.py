"""Lines that scroll away unseen: the result is what drawing everything gives."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.terminal_output import check_screen, dump

from mosh_common.terminal.emulator import BACKLOG_LIMIT, Emulator

_words = st.text("ab cdeéä中デ\u0301", max_size=14)
_pieces = st.one_of(
    _words,
    _words,
    st.sampled_from(
        ["\x1b[31m", "\x1b[m", "\x1b[0;44m", "\x1b[1;7m", "\x1b[K", "\x1b[38;5;9m", "\t", "\a", "\x1b(B", "\r"]
    ),
)
_line_ends = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r\r\n"])
_lines = st.builds(lambda pieces, end: "".join(pieces) + end, st.lists(_pieces, max_size=5), _line_ends)
_bare_lines = st.builds(lambda text: text + "\n", st.text("xyz \a", max_size=12))
_blocks = st.one_of(
    st.lists(_lines, min_size=6, max_size=60).map("".join), st.lists(_bare_lines, min_size=6, max_size=60).map("".join)
)
_openings = st.sampled_from(
    [
        "", "\x1b[2;4r", "\x1b[2;4r\x1b[3;1H", "\x1b[2;3r\x1b[5;1H", "\x1b[?6h\x1b[2;5r", "\x1b[?69h\x1b[2;8s",
        "\x1b[?7l",        "\x1b[20h", "\x1b[4h", "\x1b(0", "\x1b[?1049h", "\x1b[41m", "\x1b[99;99Hz", "\x1bN",
        "\x1b]0;", "\x1bP", "\x1b[3",
    ]
)  # fmt: skip
_closings = st.sampled_from(["", "end", "\x1b[3b", "\x1b[6n", "\u0301", "\x1b[2", "\x1b]2;t\x07"])


@tried_with(500)
@example(opening="", blocks=[("\r\n" * 5 + "a\r\u0301\n\na\r\n\r\n\r\n", "")], columns=2, chunk=7)
@given(
    opening=_openings,
    blocks=st.lists(st.tuples(_blocks, _closings), min_size=1, max_size=3),
    columns=st.integers(2, 12),
    chunk=st.sampled_from([7, 100, 100_000]),
)
def test_skipping_changes_nothing_that_can_be_seen(
    opening: str, blocks: list[tuple[str, str]], columns: int, chunk: int
) -> None:
    data = (opening + "".join(block + closing for block, closing in blocks)).encode()
    skipping, drawing = Emulator(columns, 5), Emulator(columns, 5, skipping=False)
    for start in range(0, len(data), chunk):
        skipping.feed(data[start : start + chunk])
        drawing.feed(data[start : start + chunk])
    assert skipping.replies() == drawing.replies()
    assert dump(skipping.snapshot()) == dump(drawing.snapshot())
    check_screen(skipping.snapshot())


def test_most_lines_of_a_long_block_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator(80, 24)
    drawn: list[str] = []
    monkeypatch.setattr(emulator._stream.parser, "_write", drawn.append)
    emulator.feed(b"".join(b"line %d\r\n" % number for number in range(1000)))
    emulator.snapshot()
    assert drawn == [f"line {number}" for number in range(977, 1000)]


def test_a_sequence_that_a_read_cuts_does_not_end_the_putting_off() -> None:
    emulator = Emulator(20, 4)
    line = b"\x1b[1mbold\x1b[0m and plain\n"
    filling = line * (BACKLOG_LIMIT // len(line) + 1)
    emulator.take(filling + b"\x1b[3")
    while emulator.waiting:
        emulator.digest()
    emulator.take(b"1mred\n")
    assert not emulator.waiting
    assert emulator.put_off
    drawn = Emulator(20, 4)
    drawn.feed(filling + b"\x1b[31mred\n")
    assert dump(emulator.snapshot()) == dump(drawn.snapshot())


def test_what_is_put_off_is_bounded() -> None:
    emulator = Emulator(80, 24)
    for _ in range(3 * BACKLOG_LIMIT // 1000):
        emulator.feed(b"x" * 1000)
        assert emulator._backlog_length <= BACKLOG_LIMIT


def test_a_question_after_a_long_block_is_answered_at_once() -> None:
    emulator = Emulator(80, 24)
    emulator.feed(b"a\r\n" * 100)
    emulator.feed(b"abc\x1b[6n")
    assert emulator.replies() == b"\x1b[24;4R"


def test_bells_of_skipped_lines_ring() -> None:
    emulator = Emulator(80, 24)
    emulator.feed(b"a\a\r\n" * 100)
    assert emulator.snapshot().bell_count == 100


def test_blocks_are_skipped_that_begin_and_end_in_the_middle_of_a_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator(80, 24)
    drawn = 0

    def count(*_: object) -> None:
        nonlocal drawn
        drawn += 1

    monkeypatch.setattr(emulator._stream.calls, "_print_styled", count)
    line = b"\x1b[31mred\x1b[0m\r\n"
    data = line * 400
    for start in range(0, len(data), 2000 + 3):
        emulator.feed(data[start : start + 2000 + 3])
        emulator.snapshot()
    assert 0 < drawn < 4 * 2 * 30


def test_blocks_are_skipped_between_other_sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    emulator = Emulator(80, 24)
    drawn: list[str] = []
    monkeypatch.setattr(emulator._stream.parser, "_write", drawn.append)
    emulator.feed((b"\x1b[5n" + b"a\r\n" * 200) * 3)
    emulator.snapshot()
    assert len(drawn) <= 3 * 24
