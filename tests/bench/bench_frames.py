"""What executing frames costs a client, octet for octet, on a full screen of many colours and combined characters.

    python -m tests.bench.bench_frames

Each entry is one thing that a frame may hold, over and over, as a server in the wrong hands may send it; beside it the
same octets of text. Wanted: nothing above 20 s per MB on 200 × 60, and 5 on 80 × 24.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.parser.sequences import FRAMES

OCTETS = 40_000
SIZES = {(80, 24): 5.0, (200, 60): 20.0}  # and the seconds per MB wanted
SHOWN = 12  # of the dearest
SEED = 1


def fill(emulator: Emulator, columns: int, lines: int) -> None:
    """Fill the screen with what costs most to move about."""
    for line in range(lines):
        cells = "".join(
            f"\x1b[38;5;{(line * 7 + column) % 256}m{'é' if column % 4 else 'e' + chr(0x301)}"
            for column in range(columns)
        )
        emulator.feed(f"\x1b[{line + 1}H{cells}".encode())


def entries(columns: int, lines: int) -> dict[str, Callable[[int], str]]:
    """Return what is repeated, by name; each is asked for its n-th repetition."""
    chance = random.Random(SEED)
    found: dict[str, Callable[[int], str]] = {
        "text": lambda _: "text",
        "LF": lambda _: "\n",
        "RI": lambda _: "\x1bM",
        "wide": lambda _: "漢",
        "wide, BS": lambda _: "漢\b",
        "combined": lambda _: "e\u0301",
        "combining": lambda _: "\u0301",
        "joined": lambda _: "👩\u200d💻",
        "somewhere": lambda _: f"\x1b[{chance.randint(1, lines)};{chance.randint(1, columns)}Hx",
        "colours": lambda n: f"\x1b[38;2;{n >> 16};{n >> 8 & 255};{n & 255}mx",
        "backgrounds, ED": lambda n: f"\x1b[48;2;{n >> 16};{n >> 8 & 255};{n & 255}m\x1b[J",
        "backgrounds, SU": lambda n: f"\x1b[48;2;{n >> 16};{n >> 8 & 255};{n & 255}m\x1b[S",
        "links": lambda n: f"\x1b]8;;http://{n}\ax",
        "titles": lambda n: f"\x1b]2;{n}\a",
        "clipboards": lambda _: f"\x1b]52;c;{'aGk=' * 1000}\a",
        "what is skipped": lambda _: "\x1b[$t",
    }
    for key in FRAMES.sequences:
        if key in ("?h", "?l"):
            found[f"CSI {key}"] = always(f"\x1b[?25{key[1]}")
        else:
            found[f"CSI {key}"] = always(f"\x1b[{key}")
            found[f"CSI 7 {key}, column 5"] = always(f"\x1b[5G\x1b[7{key}")
    return found


def always(text: str) -> Callable[[int], str]:
    """Return an entry that is the same each time."""
    return lambda _: text


def seconds_per_mb(entry: Callable[[int], str], columns: int, lines: int) -> float:
    """Return the process time of one entry."""
    emulator = Emulator(columns, lines, frames=True)
    fill(emulator, columns, lines)
    emulator.snapshot()
    data, repeats = bytearray(), 0
    while len(data) < OCTETS:
        data += entry(repeats).encode()
        repeats += 1
    began = time.process_time()
    emulator.feed(bytes(data))
    emulator.snapshot()
    return (time.process_time() - began) * 1e6 / len(data)


def main() -> None:
    """Print the dearest entries of each size."""
    for (columns, lines), wanted in SIZES.items():
        costs = {name: seconds_per_mb(entry, columns, lines) for name, entry in entries(columns, lines).items()}
        print(f"{columns} × {lines}: seconds per MB, wanted {wanted:.0f} at most; text {costs['text']:.2f}")
        for name, cost in sorted(costs.items(), key=lambda pair: -pair[1])[:SHOWN]:
            print(
                f"  {name:24} {cost:8.2f}  {cost / costs['text']:7.0f} × text{'' if cost <= wanted else '  TOO DEAR'}"
            )


if __name__ == "__main__":
    main()
