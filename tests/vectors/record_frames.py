"""Record what upstream's server sends for each thing that a frame can say: the frames, and the output that they are of.

    python -m tests.vectors.record_frames tests/vectors/frames.json

Run by hand where Debian's `mosh` is installed; the tests read the file that it wrote. The outputs are our own; the
frames are upstream's answers to them, of one session, each from a state that was acknowledged to a newer one.
"""

from __future__ import annotations

import json
import sys
from typing import Final

from tests.support.upstream_screen import UpstreamScreen

COLUMNS: Final = 40
LINES: Final = 8
QUIET_S: Final = 0.6  # for the frames of one output

# By what a frame says for it (docs/terminal.md §2), in the order of the session: each goes on where the last one ended.
OUTPUTS: Final[dict[str, str]] = {
    "text": "\x1b[Hhello, world",
    "CR and LF": "\r\nsecond\r\n\r\nfourth",
    "a wide character": "\x1b[H\x1b[2Ja中文b",
    "a combining character": "\x1b[2;1He\u0301 o\u0323\u0308",
    "an emoji": "\x1b[3;1H👍 🚀",
    "a line that wraps": "\x1b[4;1H" + "0123456789" * 5,
    "a wide character that wraps": "\x1b[7;1H" + "x" * 39 + "中",
    "a move": "\x1b[H\x1b[2J\x1b[2;20H",
    "attributes": "\x1b[H\x1b[2J" + "".join(f"\x1b[0;{n}mno. {n}" for n in (1, 3, 4, 5, 7, 8)) + "\x1b[m.",
    "eight colours": "\x1b[2;1H" + "".join(f"\x1b[3{n};4{7 - n}m{n}" for n in range(8)) + "\x1b[m",
    "bright colours": "\x1b[3;1H" + "".join(f"\x1b[9{n};10{7 - n}m{n}" for n in range(8)) + "\x1b[m",
    "256 colours": "\x1b[4;1H\x1b[38;5;100;48;5;200m256\x1b[m",
    "24-bit colours": "\x1b[5;1H\x1b[38;2;1;2;3;48;2;250;251;252mmillions\x1b[m",
    "a rendition that stays": "\x1b[1;31m",
    "an erased row with a background": "\x1b[6;1H\x1b[0;44m\x1b[K\x1b[m",
    "blanks in the middle of a row": "\x1b[1;1Habcdefghijklmnopqrstuvwxyz\x1b[1;5H\x1b[12X",
    "the end of a row erased": "\x1b[1;20H\x1b[K",
    "the screen erased": "\x1b[2J",
    "a full screen": "\x1b[H" + "\r\n".join(f"line number {n}" for n in range(1, 9)),
    "a scroll of the screen": "\r\nline number 9\r\nline number 10",
    "a scroll of a region": "\x1b[2;6r\x1b[6;1H\r\nnew in the region\x1b[r\x1b[8;1H",
    "a scroll down": "\x1b[1;1H\x1bM",
    "inserted lines": "\x1b[3;1H\x1b[2L",
    "deleted characters": "\x1b[2;3H\x1b[4P",
    "the cursor hidden": "\x1b[?25l",
    "the cursor shown": "\x1b[?25h",
    "reverse video": "\x1b[?5h",
    "reverse video ended": "\x1b[?5l",
    "bracketed paste": "\x1b[?2004h",
    "bracketed paste ended": "\x1b[?2004l",
    **{f"mouse tracking {mode}": f"\x1b[?{mode}h" for mode in (9, 1000, 1001, 1002, 1003)},
    "mouse tracking ended": "\x1b[?1003l",
    **{f"mouse encoding {mode}": f"\x1b[?{mode}h" for mode in (1005, 1006, 1015)},
    "mouse encoding ended": "\x1b[?1015l",
    "focus events": "\x1b[?1004h",
    "focus events ended": "\x1b[?1004l",
    "a title": "\x1b]2;a title\x07",
    "an icon's name": "\x1b]1;an icon\x07",
    "both": "\x1b]0;both\x07",
    "a clipboard": "\x1b]52;c;aGVsbG8=\x07",
    "a bell": "\x07",
    "another bell": "\x07",
    "a question, which changes nothing": "\x1b[6n",
}


def record() -> dict[str, object]:
    """Have the session, and return what is to be kept of it."""
    steps = []
    with UpstreamScreen(COLUMNS, LINES) as upstream:
        first = [[old, new, frame.hex()] for old, new, frame in upstream.frames(QUIET_S)]  # before any output
        steps.append({"name": "the start", "output": "", "frames": first})
        for name, output in OUTPUTS.items():
            upstream.feed(output.encode())
            frames = [[old, new, frame.hex()] for old, new, frame in upstream.frames(QUIET_S)]
            steps.append({"name": name, "output": output, "frames": frames})
    return {"columns": COLUMNS, "lines": LINES, "steps": steps}


if __name__ == "__main__":
    with open(sys.argv[1], "w") as file:
        json.dump(record(), file, indent=0)
        file.write("\n")
