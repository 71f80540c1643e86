"""A server's memory does not grow with what the programs print.

MEMORY_MB=100 python -m pytest tests/server/test_memory.py     (10 MB among the other tests)
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from mosh_common.terminal.emulator import Emulator

pytestmark = pytest.mark.system

MEGABYTES = int(os.environ.get("MEMORY_MB", "10"))
ALLOWED_KB = 1536 + 1024  # 1.5 MB, and one arena of Python's, which it takes from the system whole
WARM_UP_MB = 1

# Runs by itself: pytest's own memory is neither small nor constant. Takes the way of the server's output: emulator,
# frame to a client that acknowledges each.
PROGRAM = """
import gc, resource, sys
from mosh_common.sync.states.screen_state import ServerScreen
from mosh_common.terminal.emulator import Emulator
from tests.server.test_memory import output

def resident_kb():
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() // 1024

emulator = Emulator(80, 24)
sent = [ServerScreen(emulator.snapshot())]
fed = number = 0
for megabytes in map(int, sys.argv[1:]):
    while fed < megabytes * 1_000_000:
        data = output(number)
        emulator.feed(data)
        emulator.replies()
        screen = ServerScreen(emulator.snapshot())
        screen.diff_from(sent[-1])
        sent = (sent + [screen])[-2:]
        fed += len(data)
        number += 1
    print(resident_kb(), flush=True)
"""


def output(number: int) -> bytes:
    """Return some 20 KB of what makes an emulator remember things: colours, links, titles, clusters, other screens."""
    chance = random.Random(number)
    kind = number % 6
    pieces = []
    for line in range(400):
        r, g, b = chance.randrange(256), chance.randrange(256), chance.randrange(256)
        if kind == 0:
            pieces.append(f"\x1b[38;2;{r};{g};{b}mtrue colour {line}\x1b[48;2;{b};{r};{g}m text\x1b[0m\r\n")
        elif kind == 1:
            pieces.append(
                f"\x1b]8;;http://example.org/{chance.random()}\x1b\\link\x1b]8;;\x1b\\ \x1b]2;title {r}{g}{b}\x07\r\n"
            )
        elif kind == 2:
            pieces.append(
                f"\x1b[{r % 24 + 1};{g % 80 + 1}H\x1b[{b % 110};3{r % 8};4{g % 8}m{chr(33 + b % 90) * (r % 9)}\x1b[K"
            )
        elif kind == 3:
            pieces.append(
                f"e\u0301{chr(0x4E00 + r * 64 + g)}👍🏽{chr(0x1F600 + b % 64)} {line} 中文 \x1b[{r}X\x1b[{g % 30}@\r\n"
            )
        elif kind == 4:
            pieces.append(
                f"\x1b[?1049h\x1b]52;c;{'QUJD' * r}\x07\x1b[{r};{g}r\x1b[{b}L\x1b[?1049l\x1b[22t\x1bP+q{r:x}\x1b\\"
            )
        else:
            pieces.append(f"plain line {line} of a long log, number {number}, {chance.random()}\r\n")
    return "".join(pieces).encode()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="no /proc to read the memory from")
def test_memory_after_much_output_is_what_it_was_after_little() -> None:
    root = Path(__file__).resolve().parents[2]
    folders = [str(root), *(str(root / name) for name in ("common", "server"))]
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(WARM_UP_MB), str(MEGABYTES)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        check=True,
    )
    early, late = map(int, result.stdout.split())
    assert late <= early + ALLOWED_KB, f"{early} kB after {WARM_UP_MB} MB, {late} kB after {MEGABYTES} MB"


def test_no_store_of_the_emulator_grows_beyond_its_bound() -> None:
    emulator = Emulator(80, 24)
    for number in range(24):
        emulator.feed(output(number))
    stream, screen = emulator._stream, emulator.screen
    assert len(stream.calls.sequences) <= 1024 + 80 * 24
    assert len(screen.palette.styles) <= 4 * 80 * 24
    assert len(screen.title_stack) <= 10
