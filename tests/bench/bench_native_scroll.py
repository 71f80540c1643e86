"""Octets and time of native scroll, beside plain drawing of the same output.

    python -m tests.bench.bench_native_scroll

Quiet: a line a frame, its history with it. Late: its history comes after the frame was drawn. Flood: 500 lines a frame,
of which plain drawing shows the last ones only. "text" are the octets of the lines themselves, which no terminal that
keeps them can do without.
"""

from __future__ import annotations

import time
from itertools import count

from tests.support.scrollback import Server

from mosh_client.ipc.messages import WantHistory
from mosh_client.renderer.drawing.compositor import Compositor
from mosh_client.renderer.scrollback.native_compositor import NativeCompositor
from mosh_client.renderer.scrollback.terminal import NativeTerminal
from mosh_common.terminal.frame_diff.dialect import XTERM

COLUMNS, LINES = 80, 24
KINDS = {"quiet": (200, 1, False), "late": (200, 1, True), "flood": (40, 500, False)}


def line(number: int) -> str:
    """Return a line as a build says it."""
    return f"[{number:6}] cc -O2 -c source_{number % 97}.c -o object_{number % 97}.o " + "-W" * (number % 9)


def play(kind: str, compositor: Compositor) -> tuple[int, int, float]:
    """Return the octets of the text and those drawn, and the seconds of the drawing."""
    frames, lines, late = KINDS[kind]
    server = Server(COLUMNS, LINES)
    wish: WantHistory | None = None
    text = drawn = number = 0
    seconds = 0.0
    for frame in range(frames):
        now = 1000 * frame
        for _ in range(lines):
            number += 1
            text += len(line(number)) + 1
            server.print(line(number))
        for step in range(2):
            if not step:
                compositor.receive(server.extent(), now=now)
            if wish is not None and late == bool(step):
                compositor.receive(server.answer(wish), now=now + step * 100)
            wish = compositor.history_wanted(now=now + step * 100) or wish
            screen = server.snapshot()
            began = time.perf_counter()
            octets = compositor.draw(screen, columns=COLUMNS, lines=LINES, bars=(), now=now + step * 100)
            seconds += time.perf_counter() - began
            drawn += len(octets)
    return text, drawn, seconds


def main() -> None:
    """Print one line per kind of output."""
    print(f"{'':8}{'text':>10}{'plain':>10}{'native':>10}{'plain ms':>10}{'native ms':>10}  per frame")
    for kind, (frames, _, _) in KINDS.items():
        plain = Compositor(dialect=XTERM, title_prefix="")
        native = NativeCompositor(
            dialect=XTERM, title_prefix="", terminal=NativeTerminal(b"\x1b[?1049h", b"\x1b[?1049l"), serials=count(1)
        )
        text, plain_octets, plain_seconds = play(kind, plain)
        _, native_octets, native_seconds = play(kind, native)
        octets = "".join([f"{each / frames:10.0f}" for each in (text, plain_octets, native_octets)])
        print(f"{kind:8}{octets}{plain_seconds / frames * 1e3:10.2f}{native_seconds / frames * 1e3:10.2f}")


if __name__ == "__main__":
    main()
