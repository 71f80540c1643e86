"""Invariant: whatever an application writes, nothing raises, rows stay whole, cutting and skipping change nothing."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed
from tests.support.terminal_output import check_screen, dump

from mosh_common.terminal.emulator import Emulator

SEEDS = [
    b"text \xe4\xb8\xad\xe6\x96\x87 e\xcc\x81 \xf0\x9f\x91\x8d\r\n", b"\x1b[1;31;48;2;1;2;3m",
    b"\x1b[4:3;58:2::1:2:3m", b"\x1b[2;5H", b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?69h", b"\x1b[2;9s",
    b"\x1b[2;4r", b"\x1b[?6h", b"\x1b[4h", b"\x1b[?7l", b"\x1b]0;title\x07", b"\x1b]8;;http://x\x1b\\",
    b"\x1b]52;c;YWJj\x07", b"\x1bP$qm\x1b\\", b"\x1b_x\x1b\\", b"\x1b(0", b"\x1b)A\x0e", b"\x1bN", b"\x1b[9b",
    b"\x1b[65;1;1;3;9$x", b"\x1b[1;1;2;9;1;2;2;1$v", b"\x1b[1;1;3;5;7$t", b'\x1b[1"q', b"\x1b[?2J", b"\x1bV",
    b"\x1b[3'}", b"\x1b[2'~", b"\x1b6\x1b9", b"\x1b[3 @\x1b[2 A", b"\x1b7\x1b8", b"\x1bc", b"\x1b[!p", b"\x1b#8",
    b"\x1b[L\x1b[3M\x1b[2@\x1b[2P\x1b[3X", b"\t\x1b[Z\x1b[2I", b"line\r\n" * 40, b"\x1b[31mred\x1b[m\r\n" * 40,
    b"x\n" * 50, b"\x9b\xc2\x9b5C", b"\x1b[?1;2;3;4;5$p", b"\x1b[6n\x1b[c", b"\x00\x7f\x18\x1a",
]  # fmt: skip

OCTETS = [
    b"",
    b"\x1b",
    b"[",
    b"?",
    b";",
    b":",
    b"0",
    b"9",
    b"$",
    b" ",
    b"m",
    b"H",
    b"\x07",
    b"\x08",
    b"\n",
    b"\r",
    b"]",
    b"P",
]

pieces = st.lists(st.one_of(st.sampled_from(SEEDS), st.sampled_from(SEEDS), st.binary(max_size=6)), max_size=12)
damages = st.lists(st.tuples(st.integers(0, 400), st.integers(0, 3), st.sampled_from(OCTETS)), max_size=6)


@st.composite
def outputs(draw: st.DrawFn) -> bytes:
    """Return a few pieces of meaningful output, some of them damaged."""
    data = bytearray(b"".join(draw(pieces)))
    for at, length, new in draw(damages):
        at %= len(data) + 1
        data[at : at + length] = new
    return bytes(data)


# What this found.
@example(data=b"x\x1b]8;;u\x1b\x1b[9by", size=(20, 5), steps=[1], new_size=(1, 1))
@example(data=b"\r\n" * 5 + b"a\r\xcc\x81\n\na\r\n\r\n\r\n", size=(2, 3), steps=[5], new_size=(1, 1))
@fuzzed
@given(
    data=outputs(),
    size=st.sampled_from([(20, 5), (1, 1), (2, 3), (7, 4), (80, 24)]),
    steps=st.lists(st.sampled_from([1, 2, 5, 50, 1000]), min_size=1, max_size=5),
    new_size=st.tuples(st.integers(1, 30), st.integers(1, 10)),
)
def test_any_output_leaves_a_whole_screen_however_it_comes(
    data: bytes, size: tuple[int, int], steps: list[int], new_size: tuple[int, int]
) -> None:
    whole, cut = Emulator(*size), Emulator(*size, skipping=False)
    whole.feed(data)
    at = turn = 0
    while at < len(data):
        step = steps[turn % len(steps)]
        cut.feed(data[at : at + step])
        at, turn = at + step, turn + 1
    check_screen(whole.snapshot())
    assert dump(whole.snapshot()) == dump(cut.snapshot())
    assert whole.replies() == cut.replies()
    whole.resize(*new_size)
    whole.feed(data[::-1])
    check_screen(whole.snapshot())
