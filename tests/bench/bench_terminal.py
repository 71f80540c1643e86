"""Speed of the emulator, beside pyte's in the same run.

    python -m tests.bench.bench_terminal

Wanted, in times of pyte: plain logs 60, coloured logs 40, CJK 30, cursor-addressed output and the shared payloads 8.
"""

from __future__ import annotations

import lzma
import random
import time
from collections.abc import Callable
from pathlib import Path

import pyte

from mosh_common.terminal.emulator import Emulator

COLUMNS, LINES = 80, 24
READ_OCTETS = 4096  # of one read from a pty
ROUNDS = 5
PYTE_OCTETS = 40_000  # of each kind: pyte takes a while
OUR_OCTETS = 400_000
PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "perf"
CJK = "這是一個測試文件內容包含中文字符和標點符號日本語のテキストも含まれています한국어도"


def plain_log(number: int) -> str:
    return f"Nov 23 01:02:03 host daemon[{number % 9999}]: request {number} took {number * 13 % 997} ms, status=200\r\n"


def coloured_log(number: int) -> str:
    level = number % 256
    when = "\x1b[32m2026-11-23\x1b[0m \x1b[1;34mINFO\x1b[0m"
    return f"{when} request \x1b[33m{number}\x1b[0m took \x1b[38;5;{level}m9\x1b[0m ms\r\n"


def cjk_text(number: int) -> str:
    return f"{CJK[number % 20 :]}{CJK[: number % 7]}\r\n"


def drawn_screen(number: int) -> str:
    chance = random.Random(number)
    style = chance.choice(["0", "1;32", "7", f"38;5;{chance.randrange(256)}"])
    position = f"{number % LINES + 1};{chance.randrange(1, 60)}"
    return f"\x1b[{position}H\x1b[{style}mitem {chance.randrange(1_000_000)}\x1b[K\x1b[0m"


def filled(piece: Callable[[int], str]) -> bytes:
    """Return OUR_OCTETS of consecutive pieces."""
    made, length = [], 0
    for number in range(OUR_OCTETS):
        made.append(piece(number).encode())
        length += len(made[-1])
        if length > OUR_OCTETS:
            break
    return b"".join(made)


def seconds_per_octet(feed: Callable[[bytes], None], data: bytes) -> float:
    """Return processor time for each octet of `data`, in reads of the usual size."""
    start = time.process_time()
    for at in range(0, len(data), READ_OCTETS):
        feed(data[at : at + READ_OCTETS])
    return (time.process_time() - start) / len(data)


def compare(data: bytes) -> tuple[float, float]:
    """Return the best of a few rounds, pyte's and ours in turn."""
    theirs = ours = float("inf")
    for _ in range(ROUNDS):
        theirs = min(theirs, seconds_per_octet(pyte.ByteStream(pyte.Screen(COLUMNS, LINES)).feed, data[:PYTE_OCTETS]))
        emulator = Emulator(COLUMNS, LINES)
        start = time.process_time()
        seconds_per_octet(emulator.feed, data)
        emulator.snapshot()  # executes what was put off
        ours = min(ours, (time.process_time() - start) / len(data))
    return theirs, ours


def main() -> None:
    """Print one line per kind of output."""
    kinds = {
        "plain log": (filled(plain_log), 60),
        "coloured log": (filled(coloured_log), 40),
        "CJK": (filled(cjk_text), 30),
        "cursor-addressed": (filled(drawn_screen), 8),
    }
    for path in sorted(PAYLOADS.glob("*.bin.xz")):
        kinds[path.name.removesuffix(".bin.xz")] = (lzma.decompress(path.read_bytes())[:OUR_OCTETS], 8)
    for name, (data, wanted) in kinds.items():
        theirs, ours = compare(data)
        speeds = f"pyte {1e-6 / theirs:6.2f} MB/s, ours {1e-6 / ours:7.2f}"
        print(f"{name:30} {speeds}: {theirs / ours:6.1f} times (wanted {wanted})")


if __name__ == "__main__":
    main()
