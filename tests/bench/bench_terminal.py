"""Speed of the emulator, beside pyte's in the same run.

    python -m tests.bench terminal

Wanted, in times of pyte: plain logs 60, coloured logs 40, CJK 30, cursor-addressed output and the shared payloads'
total 8. (pyte gives up a text at its first ZWJ or other character without width, so "emoji" and "unicode" flatter it.)
"Drawn" is with everything drawn, also lines that scroll away before anybody could see them.
"""

from __future__ import annotations

import lzma
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pyte

from mosh_common.terminal.emulator import Emulator

COLUMNS, LINES = 80, 24
READ_OCTETS = 65_536  # of one read from a pty in a flood
ROUNDS = 3
PYTE_OCTETS = 60_000  # of each kind: pyte takes a while
OUR_OCTETS = 2_000_000
PAYLOAD_OCTETS = 1_000_000  # of each payload
PAYLOADS = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "perf"
CJK = "這是一個測試文件內容包含中文字符和標點符號日本語のテキストも含まれています한국어도"
EMOJI = "👍🏽🚀✨🎉👩‍🚀❤️🇩🇪😀🐍"


class Speed(NamedTuple):
    """Seconds of processor time for each octet."""

    pyte: float
    ours: float
    drawn: float  # ours, without skipping


def plain_log(number: int) -> str:
    return f"Nov 23 01:02:03 host daemon[{number % 9999}]: request {number} took {number * 13 % 997} ms, status=200\r\n"


def coloured_log(number: int) -> str:
    level = number % 256
    when = "\x1b[32m2026-11-23\x1b[0m \x1b[1;34mINFO\x1b[0m"
    return f"{when} request \x1b[33m{number}\x1b[0m took \x1b[38;5;{level}m9\x1b[0m ms\r\n"


def cjk_text(number: int) -> str:
    return f"{CJK[number % 20 :]}{CJK[: number % 7]}\r\n"


def emoji_log(number: int) -> str:
    return f"{EMOJI[number % 5 :]} step {number} done {EMOJI[: number % 4]}\r\n"


def drawn_screen(number: int) -> str:
    chance = random.Random(number)
    style = chance.choice(["0", "1;32", "7", f"38;5;{chance.randrange(256)}"])
    position = f"{number % LINES + 1};{chance.randrange(1, 60)}"
    return f"\x1b[{position}H\x1b[{style}mitem {chance.randrange(1_000_000)}\x1b[K\x1b[0m"


def filled(piece: Callable[[int], str]) -> bytes:
    """Return OUR_OCTETS of consecutive pieces."""
    made, length, number = [], 0, 0
    while length < OUR_OCTETS:
        made.append(piece(number).encode())
        length += len(made[-1])
        number += 1
    return b"".join(made)


def with_pyte(data: bytes) -> float:
    """Return pyte's seconds for each octet."""
    data = data[:PYTE_OCTETS]
    stream = pyte.ByteStream(pyte.Screen(COLUMNS, LINES))
    start = time.process_time()
    stream.feed(data)
    return (time.process_time() - start) / len(data)


def with_ours(data: bytes, *, skipping: bool) -> float:
    """Return our seconds for each octet."""
    emulator = Emulator(COLUMNS, LINES, skipping=skipping)
    start = time.process_time()
    for at in range(0, len(data), READ_OCTETS):
        emulator.feed(data[at : at + READ_OCTETS])
    emulator.snapshot()  # executes what was put off
    return (time.process_time() - start) / len(data)


def compare(data: bytes) -> Speed:
    """Return the best of a few rounds, in turn."""
    best = Speed(float("inf"), float("inf"), float("inf"))
    for _ in range(ROUNDS):
        now = Speed(with_pyte(data), with_ours(data, skipping=True), with_ours(data, skipping=False))
        best = Speed(*map(min, best, now))
    return best


def report(name: str, speed: Speed, wanted: str) -> None:
    ours, drawn = speed.pyte / speed.ours, speed.pyte / speed.drawn
    print(
        f"{name:30} pyte {1e-6 / speed.pyte:5.2f} MB/s, ours {1e-6 / speed.ours:7.2f}: {ours:6.1f} times{wanted};"
        f" drawn {1e-6 / speed.drawn:6.2f}: {drawn:5.1f}",
        flush=True,
    )


def main() -> None:
    """Print one line per kind of output."""
    for name, piece, wanted in (
        ("plain log", plain_log, 60),
        ("coloured log", coloured_log, 40),
        ("CJK", cjk_text, 30),
        ("emoji log", emoji_log, 30),
        ("cursor-addressed", drawn_screen, 8),
    ):
        report(name, compare(filled(piece)), f" (wanted {wanted})")
    total, octets = Speed(0, 0, 0), 0
    for path in sorted(PAYLOADS.glob("*.bin.xz")):
        data = lzma.decompress(path.read_bytes())[:PAYLOAD_OCTETS]
        speed = compare(data)
        total = Speed(*(sum_ + each * len(data) for sum_, each in zip(total, speed, strict=True)))
        octets += len(data)
        report(path.name.removesuffix(".bin.xz"), speed, "")
    if octets:
        report("payloads, total", Speed(*(seconds / octets for seconds in total)), " (wanted 8)")


if __name__ == "__main__":
    main()
