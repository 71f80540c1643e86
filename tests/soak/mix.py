"""What a soak types and prints, the same for the program in the session and for the terminal outside.

A cycle is a hundred keys, a burst of output in answer to the last of them, and a picture that fills the screen. No two
cycles have a rendition, a link or a title in common: whoever remembers all that it has met grows.
"""

from __future__ import annotations

import random
from typing import Final

KEYS_PER_CYCLE: Final = 100
HOME_SIZE: Final = (80, 24)  # columns, lines
SIZES: Final = ((132, 43), (40, 10), (100, 30), (80, 24), (61, 19), (132, 20), (20, 43), (79, 25), (90, 24), (80, 12))

# Characters of one to four octets, and keys that are sequences. No Ctrl-^, which is the client's own.
_KEYS: Final = (
    *"abcdefghijklmnopqrstuvwxyz ABC123.,-/|~",
    "é",
    "ß",
    "中",
    "👍",
    "\x7f",
    "\t",
    "\x01",
    "\x1b[A",
    "\x1b[D",
)

_WIDE: Final = range(0x4E00, 0x9FA0)
_EMOJI: Final = range(0x1F600, 0x1F640)
_ACCENTS: Final = range(0x300, 0x330)
_CELLS_WITH_OWN_STYLE: Final = 2000  # larger pictures share each style among neighbours: the frame stays below 200 KB


def keys(cycle: int) -> list[bytes]:
    """Return the keys of a cycle."""
    return [key.encode() for key in random.Random(f"keys {cycle}").choices(_KEYS, k=KEYS_PER_CYCLE)]


def burst(cycle: int, octets: int, *, logs: int) -> list[bytes]:
    """Return output of about that length: pieces as logs are, and after so many one of what emulators remember."""
    chance = random.Random(f"burst {cycle}")
    pieces: list[bytes] = []
    length = 0
    while length < octets:
        part, kind = len(pieces) % (logs + 1), chance.randrange(6)
        pieces.append(_remembered(chance, kind) if part == 0 else _log(chance, coloured=part % 2 == 0))
        length += len(pieces[-1])
    return pieces


def picture(cycle: int, columns: int, lines: int) -> bytes:
    """Return output that fills the screen, whatever was there, with `cycle N.` in its first row."""
    chance = random.Random(f"picture {cycle}")
    run = max(1, columns * lines // _CELLS_WITH_OWN_STYLE)
    pieces = [
        f"\x1b[!p\x1b[?1049l\x1b[m\x1b]8;;\x1b\\\x1b[?69l\x1b[r\x1b[2J\x1b[H\x1b]0;title {cycle}\x07cycle {cycle}."
    ]
    for line in range(2, lines + 1):
        pieces.append(f"\x1b[{line}H\x1b]8;;http://example.org/{cycle}/{line}/{chance.random()}\x1b\\")
        column = 0
        while column < columns - 2:
            if column % run == 0:
                r, g, b = chance.randbytes(3)
                pieces.append(f"\x1b[{r % 10};38;2;{r};{g};{b};48;5;{b}m")
            kind = chance.randrange(20)
            if kind == 0:
                pieces.append(chr(chance.choice(_WIDE)))
                column += 2
            elif kind == 1:
                pieces.append(f"{chr(97 + column % 26)}{chr(chance.choice(_ACCENTS))}")
                column += 1
            else:
                pieces.append(chr(33 + chance.randrange(94)))
                column += 1
    pieces.append("\x1b]8;;\x1b\\\x1b[m\x1b[2H")
    return "".join(pieces).encode()


def is_picture(cycle: int, first_row: str) -> bool:
    """Whether a screen with that first row shows the picture of `cycle`."""
    return first_row.startswith(f"cycle {cycle}.")


def _log(chance: random.Random, *, coloured: bool) -> bytes:
    number = chance.randrange(1 << 40)
    line = "line {} of {}: something happened to 127.0.0.1, and something else: 中文 naïve – déjà vu\r\n"
    if coloured:
        line = "\x1b[32m{}\x1b[m \x1b[1mline {} of\x1b[m something: \x1b[38;5;208mwarning\x1b[0m and the rest of it\r\n"
    return "".join(line.format(number + count, count) for count in range(200)).encode()


def _remembered(chance: random.Random, kind: int) -> bytes:
    pieces: list[str] = []
    for line in range(150):
        r, g, b = chance.randbytes(3)
        if kind == 0:
            pieces.append(
                f"\x1b[38;2;{r};{g};{b}mtrue colour {line}\x1b[48;2;{b};{r};{g};4:3;58:2::{g}:{r}:{b}m text\x1b[0m\r\n"
            )
        elif kind == 1:
            pieces.append(
                f"\x1b]8;id={r};http://example.org/{chance.random()}\x1b\\link\x1b]8;;\x1b\\ \x1b]2;title {r}{g}{b}\x07"
                f"\x1b]1;icon {g}\x07\r\n"
            )
        elif kind == 2:
            pieces.append(
                f"\x1b[{r % 24 + 1};{g % 80 + 1}H\x1b[{b % 10};3{r % 8};4{g % 8}m{chr(33 + b % 90) * (r % 9)}\x1b[K"
            )
        elif kind == 3:
            accents = "".join(chr(each) for each in chance.choices(_ACCENTS, k=3))
            emoji = chr(chance.choice(_EMOJI))
            pieces.append(
                f"e{accents}{chr(chance.choice(_WIDE))}{emoji}🏽 {emoji}\u200d💻 {line} 中\x1b[{r}X\x1b[{g % 30}@\r\n"
            )
        elif kind == 4:
            pieces.append(
                f"\x1b[?1049h\x1b]52;c;{'QUJD' * r}\x07\x1b[{r};{g}r\x1b[{b}L\x1b[?1049l\x1b[22t\x1bPq{r:x}\x1b\\"
                f"\x1b[{r % 9}b\x1b[{g}M\x1b[?2026h\x1b[{g}P\x1b[?2026l"
            )
        else:
            pieces.append(chr(chance.randrange(0xA0, 0x3000)) * 3 + f" {line} of all that Unicode has\r\n")
    return "".join(pieces).encode()
