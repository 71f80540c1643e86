"""Whatever an application writes: nothing raises, rows stay whole, and cutting or skipping makes no difference.

    python tests/fuzz/fuzz_terminal_stream.py [seconds] [seed]

Mutates pieces of meaningful output; prints the failing input and stops at the first failure.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "common")]

from tests.support.terminal_output import check_screen, dump  # noqa: E402  # runs as a program

from mosh_common.terminal.emulator import Emulator  # noqa: E402

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


def mutated(source: random.Random) -> bytes:
    """Return a few pieces, some of them damaged."""
    data = bytearray(b"".join(source.choice(SEEDS) for _ in range(source.randrange(1, 12))))
    for _ in range(source.choice([0, 0, 1, 3, 10])):
        at = source.randrange(len(data) + 1)
        kind = source.randrange(4)
        if kind == 0 and at < len(data):
            data[at] = source.randrange(256)
        elif kind == 1:
            data[at : at + source.randrange(4)] = b""
        elif kind == 2:
            data[at:at] = bytes([source.choice(b"0123456789;:?>$\"' \x1b\x07\x08\x0a\x0d[]PHm")])
        else:
            data[at:at] = data[source.randrange(len(data) + 1) :][:20]
    return bytes(data)


def judge(data: bytes, source: random.Random) -> None:
    """Assert the invariants for one input."""
    columns, lines = source.choice([(20, 5), (1, 1), (2, 3), (7, 4), (80, 24)])
    whole, pieces = Emulator(columns, lines), Emulator(columns, lines, skipping=False)
    whole.feed(data)
    at = 0
    while at < len(data):
        step = source.choice([1, 2, 5, 50, 1000])
        pieces.feed(data[at : at + step])
        at += step
    check_screen(whole.snapshot())
    assert dump(whole.snapshot()) == dump(pieces.snapshot())
    assert whole.replies() == pieces.replies()
    whole.resize(source.randrange(1, 30), source.randrange(1, 10))
    whole.feed(data[::-1])
    check_screen(whole.snapshot())


def main() -> None:
    """Run for so many seconds (default 10)."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns()
    source = random.Random(seed)
    end = time.monotonic() + seconds
    count = 0
    while time.monotonic() < end:
        data = mutated(source)
        try:
            judge(data, source)
        except BaseException:
            print(f"seed {seed}, input {data!r}")
            raise
        count += 1
    print(f"{count} inputs")


if __name__ == "__main__":
    main()
