"""Octets per frame, ours against upstream's, for the very same pairs of screens.

    python -m tests.bench.frame_bytes              programs run inside upstream's server, keys typed at a human's pace
    python -m tests.bench.frame_bytes FILE …       recordings of terminal output (plain or .xz), replayed through it

Upstream's server makes its frames; each is executed on our emulator, which gives the screens before and after; our diff
of these is weighed against the frame as upstream sent it, plain and compressed as on the wire.
"""

from __future__ import annotations

import lzma
import shutil
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.support.upstream_screen import UpstreamScreen

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff

COLUMNS, LINES = 80, 25
PACE_S = 0.06  # between keys
RECORDING_OCTETS = 120_000  # of each recording
CHUNK_OCTETS = 600  # of a recording, per PACE_S


class Tally(NamedTuple):
    """Sums over frames."""

    frames: int = 0
    ours: int = 0
    upstream: int = 0
    ours_compressed: int = 0
    upstream_compressed: int = 0
    longer: int = 0  # frames in which ours is the longer one
    worst: float = 0.0  # the highest share of upstream's octets in one frame


def tally(frames: Iterator[tuple[int, int, bytes]], *, verbose: bool = False) -> Tally:
    """Weigh the frames of one session."""
    states: dict[int, Snapshot] = {}
    total = Tally()
    for old, new, output in frames:
        emulator = Emulator(80, 24)
        if old in states:
            emulator.restore(states[old])
        elif old:
            continue
        before = emulator.snapshot()
        if old == 0 or (before.columns, before.lines) != (COLUMNS, LINES):
            emulator.resize(COLUMNS, LINES)
        emulator.feed(output)
        after = states[new] = emulator.snapshot()
        if old == 0:
            continue  # the first frame is of another size
        ours = diff(before, after)
        if verbose and len(ours) > len(output):
            print(f"    ours     {ours!r}\n    upstream {output!r}")
        total = Tally(
            total.frames + 1,
            total.ours + len(ours),
            total.upstream + len(output),
            total.ours_compressed + len(zlib.compress(ours)),
            total.upstream_compressed + len(zlib.compress(output)),
            total.longer + (len(ours) > len(output)),
            max(total.worst, len(ours) / max(1, len(output))),
        )
    return total


def _typed(screen: UpstreamScreen, keys: list[str]) -> Iterator[tuple[int, int, bytes]]:
    yield from screen.frames(1.0)
    for key in keys:
        screen.type(key.encode())
        yield from screen.frames(PACE_S)
    yield from screen.frames(0.5)


def _replayed(screen: UpstreamScreen, data: bytes) -> Iterator[tuple[int, int, bytes]]:
    yield from screen.frames(0.5)
    for start in range(0, len(data), CHUNK_OCTETS):
        screen.type(data[start : start + CHUNK_OCTETS])
        yield from screen.frames(PACE_S)
    yield from screen.frames(0.5)


def _scenarios() -> dict[str, tuple[str, list[str]]]:
    text = Path(__file__).resolve().parents[2] / "common/mosh_common/terminal/frame_diff"
    shell = "PS1='user@host:~$ ' exec bash --norc --noprofile -i"
    down, up, right, left = "\x1b[B", "\x1b[A", "\x1b[C", "\x1b[D"
    shell_keys = [*"ls -l --color=always\r", *"cat diff.py | head -60\r", *"echo a long command line"]
    shell_keys += [*[left] * 12, *"very ", *["\x7f"] * 3, "\r", up, up, "\x03", *"seq 1 500\r", "\x0c"]
    shell_keys += "for i in 1 2 3; do echo $i; done\r"
    vim_keys = [*[down] * 40, *[up] * 10, "\x06", "\x06", "\x02", "i", *"some new text here", "\x1b", "o", *"x = 1"]
    vim_keys += ["\x1b", *"dddd", "u", "u", *"/def\r", "n", "n", "G", "\x05", "\x05", "\x19", "0", "i", *"abc"]
    vim_keys += ["\x1b", *":split\r", *[down] * 20, *[right] * 10, "x", "x", "x", "J"]
    return {
        "shell": (f"cd {text}; {shell}", shell_keys),
        "vim": (f"cd {text}; exec vim.tiny -u NONE -c 'set ruler showmode' diff.py", vim_keys),
        "less": (
            f"cd {text}; exec less diff.py",
            [*[" "] * 4, *["j"] * 12, *["k"] * 6, "b", "b", "d", "u", "G", "g", *"/def\r", "n", "n"],
        ),
    }


def main(arguments: list[str]) -> None:
    """Print one line per recording or scenario."""
    verbose = "-v" in arguments
    files = [argument for argument in arguments if argument != "-v"]
    makers: dict[str, Callable[[UpstreamScreen], Iterator[tuple[int, int, bytes]]]] = {}
    programs: dict[str, str] = {}
    for name in files:
        data = Path(name).read_bytes()
        data = (lzma.decompress(data) if name.endswith(".xz") else data)[:RECORDING_OCTETS]
        makers[Path(name).name] = partial(_replayed, data=data)
        programs[Path(name).name] = "stty raw -echo; exec cat"
    if not files:
        for name, (program, keys) in _scenarios().items():
            if shutil.which(program.rsplit("exec ", 1)[1].split()[0]):
                makers[name] = partial(_typed, keys=keys)
                programs[name] = program
    print(f"{'':36} frames     ours upstream   of it |  deflated: ours upstream   of it | frames longer, worst")
    for name, make in makers.items():
        with UpstreamScreen(COLUMNS, LINES, program=programs[name]) as screen:
            time.sleep(0.2)
            t = tally(make(screen), verbose=verbose)
        share = t.ours / max(1, t.upstream)
        deflated = t.ours_compressed / max(1, t.upstream_compressed)
        print(
            f"{name:36} {t.frames:6} {t.ours:8} {t.upstream:8} {share:7.1%} |"
            f" {t.ours_compressed:15} {t.upstream_compressed:8} {deflated:7.1%} | {t.longer:6} {t.worst:12.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
