"""Time of the frame diff, beside pyte drawing the same screen once.

    python -m tests.bench.bench_display

Wanted: everything drawn in a quarter of pyte's time, one changed row in a fiftieth, nothing changed in a 300th.
"""

from __future__ import annotations

import random
import timeit
from collections.abc import Callable
from functools import partial

import pyte

from mosh_common.terminal.cells import Snapshot, blank_snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM
from mosh_common.terminal.frame_diff.diff import diff

COLUMNS, LINES = 80, 24
SEED = 1
WORDS = ["the", "quick", "brown", "fox", "jumps", "over", "while", "return", "self.value", "=", "3.14", "# comment"]
WANTED = {"everything": 4, "one row": 50, "nothing": 300}


def colourful_screen() -> Snapshot:
    """Return a screen like an editor's with syntax colours."""
    chance = random.Random(SEED)
    emulator = Emulator(COLUMNS, LINES)
    for line in range(LINES):
        text = ""
        shown = 0
        while shown < COLUMNS - 10:
            word = chance.choice(WORDS)
            if chance.random() < 0.3:
                text += f"\x1b[{chance.choice(['31', '32', '33', '34', '1', '0', '38;5;208'])}m"
            text += word + " "
            shown += len(word) + 1
        emulator.feed(f"\x1b[{line + 1}H{text}\x1b[m".encode())
    return emulator.snapshot()


def microseconds(function: Callable[[], object], number: int) -> float:
    """Return the best time of one call."""
    return min(timeit.repeat(function, number=number, repeat=7)) / number * 1e6


def main() -> None:
    """Print one line per kind of frame."""
    screen = colourful_screen()
    blank = blank_snapshot(COLUMNS, LINES)._replace(palette=screen.palette)
    emulator = Emulator(COLUMNS, LINES)
    emulator.restore(screen)
    emulator.feed(b"\x1b[10;1Hquite another line than the one that was here before\x1b[K")
    row_changed = emulator.snapshot()
    emulator.feed(b"x")
    echoed = emulator.snapshot()
    scrolled = screen._replace(rows=(*screen.rows[1:], blank.rows[0]))
    everything = diff(blank, screen)

    def draw_with_pyte() -> None:
        pyte.ByteStream(pyte.Screen(COLUMNS, LINES)).feed(everything)

    pyte_time = microseconds(draw_with_pyte, 5)
    print(f"{'pyte draws it':24} {pyte_time:8.1f} µs")
    for name, old, new in (
        ("everything", blank, screen),
        ("one row", screen, row_changed),
        ("one character", row_changed, echoed),
        ("nothing", echoed, Snapshot(*echoed)),
        ("scrolled by a row", screen, scrolled),
    ):
        time = microseconds(partial(diff, old, new), 50)
        wanted = f"wanted {WANTED[name]}" if name in WANTED else ""
        print(f"{name:24} {time:8.1f} µs  1/{pyte_time / time:<7.1f} {len(diff(old, new)):5} octets  {wanted}")
    time = microseconds(lambda: diff(None, screen, dialect=XTERM), 20)
    print(f"{'terminal from nothing':24} {time:8.1f} µs  1/{pyte_time / time:.1f}")


if __name__ == "__main__":
    main()
