"""From octets of the terminal to the keys that the pager knows, and to reports of the mouse.

Pure. What is not a known key is one too, with no name: the pager gives it to the session.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

# Names of keys that are not a character.
UP: Final = "up"
DOWN: Final = "down"
LEFT: Final = "left"
RIGHT: Final = "right"
HOME: Final = "home"
END: Final = "end"
PAGE_UP: Final = "page up"
PAGE_DOWN: Final = "page down"
ENTER: Final = "enter"
ESCAPE: Final = "escape"
BACKSPACE: Final = "backspace"
MOUSE: Final = "mouse"
PASSING: Final = "passing"  # no key: it goes on to the session, and the pager stays
NOTHING: Final = "nothing"  # no key for anybody
OTHER: Final = "other"

SHIFT_PAGE_UP: Final = b"\x1b[5;2~"

_FINALS: Final = {"A": UP, "B": DOWN, "C": RIGHT, "D": LEFT, "H": HOME, "F": END}
_NUMBERS: Final = {
    **dict.fromkeys(("1", "7"), HOME),
    **dict.fromkeys(("4", "8"), END),
    **dict.fromkeys(("5", "5;2"), PAGE_UP),  # the second with Shift
    **dict.fromkeys(("6", "6;2"), PAGE_DOWN),
}
_CONTROLS: Final = {0x0D: ENTER, 0x0A: ENTER, 0x1B: ESCAPE, 0x7F: BACKSPACE, 0x08: BACKSPACE}
_FOCUS: Final = (b"\x1b[I", b"\x1b[O")  # ?1004, which the program asked for
_PASTE: Final = (b"\x1b[200~", b"\x1b[201~")

_TOKEN: Final = (
    rb"\x1b\[<(?P<button>[0-9]{1,3});(?P<column>[0-9]{1,5});(?P<row>[0-9]{1,5})(?P<final>[Mm])"
    rb"|(?P<old>\x1b\[M[\x20-\xff]{3})"  # a report in the encoding that a program asked for before
    rb"|\x1b(?:O|\[(?P<number>[0-?]{0,16}))(?P<letter>[@-~])"
    rb"|(?P<alt>\x1b[^\x1b\[O])"
    rb"|[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
    rb"|[\x00-\xff]"
)
_UNFINISHED: Final = (
    rb"(?:\x1b(?:O|\[[0-?]{0,16}|\[M[\x20-\xff]{0,2}|\[<[0-9;]{0,15})?"
    rb"|[\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\Z"
)


class Mouse(NamedTuple):
    """A report of the mouse in SGR form (xterm's control sequences, ?1006)."""

    button: int  # 0–2, with 32 added when it moved; 64 and 65 are the wheel's
    column: int  # from 0
    row: int  # from 0
    released: bool


class Key(NamedTuple):
    """A key, or what else a terminal sends."""

    name: str  # one of the names above; a character stands for itself, Ctrl-A for "\\x01"
    octets: bytes
    mouse: Mouse | None = None


@cache
def _patterns() -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return what finds a token, and the beginning of one at the end; not made before somebody pages."""
    return re.compile(_TOKEN, re.DOTALL), re.compile(_UNFINISHED)


def split_keys(data: bytes) -> tuple[list[Key], bytes]:
    """Return the keys in `data`, and its end if more of that key may come."""
    token, beginning = _patterns()
    unfinished = beginning.search(data)
    rest = unfinished.group() if unfinished else b""
    return [_key(match) for match in token.finditer(data, 0, len(data) - len(rest))], rest


def forced_keys(data: bytes) -> list[Key]:
    """Return the keys in what `split_keys` left, when no more has come."""
    return [_key(match) for match in _patterns()[0].finditer(data)]


def _key(match: re.Match[bytes]) -> Key:
    octets = match.group()
    if match["final"]:
        return Key(
            MOUSE,
            octets,
            Mouse(
                int(match["button"]),
                max(int(match["column"]) - 1, 0),
                max(int(match["row"]) - 1, 0),
                match["final"] == b"m",
            ),
        )
    if match["old"] or octets in _PASTE:
        return Key(NOTHING if match["old"] else OTHER, octets)
    if octets in _FOCUS:
        return Key(PASSING, octets)
    if match["letter"]:
        number, letter = (match["number"] or b"").decode(), match["letter"].decode()
        name = _NUMBERS.get(number) if letter == "~" else _FINALS.get(letter) if not number else None
        return Key(name or OTHER, octets)
    if match["alt"]:
        return Key(OTHER, octets)
    if len(octets) == 1 and octets[0] in _CONTROLS:
        return Key(_CONTROLS[octets[0]], octets)
    try:
        return Key(octets.decode(), octets)
    except UnicodeDecodeError:
        return Key(OTHER, octets)
