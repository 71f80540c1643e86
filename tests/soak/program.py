"""Runs in the session of a soak: takes the keys of each cycle, answers them with its output, and reports in the end.

    python -m tests.soak.program REPORT CYCLES OCTETS LOGS

Each cycle has a burst of OCTETS, as mix.py makes it. REPORT is written when all keys have come, or at the
first that is not the one that was typed.
"""

from __future__ import annotations

import json
import os
import sys
import tty
from pathlib import Path

from tests.soak import mix

READY = b"ready"
END = b"q"


class Difference(Exception):
    """Something else came than was typed."""


def main(report: str, cycles: int, octets: int, logs: int) -> None:
    """Play the program's part."""
    wrong = ""
    written = 0
    tty.setraw(0)
    _write(READY)  # keys before it would not come as they were typed
    rest = b""
    try:
        for cycle in range(cycles):
            rest = _take(b"".join(mix.keys(cycle)), rest)
            for piece in mix.burst(cycle, octets, logs=logs):
                written += _write(piece)
            size = os.get_terminal_size(0)
            _write(mix.picture(cycle, size.columns, size.lines))
        if rest := _take(END, rest):
            raise Difference(f"{rest!r} came after all was typed")
    except Difference as difference:
        wrong = str(difference)
    Path(report).write_text(json.dumps({"wrong": wrong, "octets": written}))


def _take(expected: bytes, begun: bytes) -> bytes:
    """Read keys until all of `expected` have come; return what came beyond them.

    Shows the printable ones, as a line editor would, so that there are guesses to confirm.
    """
    while True:
        if begun[: len(expected)] != expected[: len(begun)]:
            raise Difference(f"{expected!r} was typed, {begun!r} came")
        if len(begun) >= len(expected):
            return begun[len(expected) :]
        keys = os.read(0, 65536)
        if not keys:
            raise Difference("the terminal has gone")
        begun += keys
        _write(bytes(octet for octet in keys if 0x20 <= octet <= 0x7E))


def _write(data: bytes) -> int:
    """Write it all."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
    return len(data)


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
