"""Each capability that the advertised terminfo entries promise does what it promises, and nothing else.

`infocmp -x` says what there is; a capability that this file does not know fails, so that a new entry is noticed.
"""

from __future__ import annotations

import curses
import os
import re
import shutil
import subprocess
from typing import Any, Final, NamedTuple

import pytest

from mosh_common.terminal.cells import BLINK, BOLD, FAINT, INVERSE, INVISIBLE, ITALIC, STRIKE, Modes, Style
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.screen.reports import NAME_AND_VERSION

pytestmark = [
    pytest.mark.system,
    pytest.mark.skipif(shutil.which("infocmp") is None, reason="infocmp (ncurses-bin) is not installed"),
]

COLUMNS, LINES = 20, 6
TEXT: Final = ("abcdefgh", "ijklmnop", "qrstuvwx", "", "", "")
SETUP: Final = b"abcdefgh\r\nijklmnop\r\nqrstuvwx\x1b[2;3H"  # cursor on the k
BLANK: Final = ("",) * LINES

# What the terminal sends. The user's terminal does; the emulator has no keys, no mouse and no clipboard to paste from.
INPUT: Final = {"u6", "u8", "PS", "PE", "xm", "rv", "xr"}  # and all that begin with k
# Descriptions, nothing to be sent.
TABLES: Final = {"acsc"}
# What has no effect here, on purpose.
WITHOUT_EFFECT: Final = {
    "mc0": "there is no printer",
    "mc4": "there is no printer",
    "mc5": "there is no printer",
    "E3": "a server keeps no lines that have scrolled away",
    "initc": "the colours are the user's terminal's, and no diff carries them",
    "oc": "likewise",
    "Cs": "likewise",
    "Cr": "likewise",
}


class Case(NamedTuple):
    """A capability: what has to come before it, its parameters, and all facts that are different after it."""

    changes: dict[str, Any]
    parameters: tuple[int | str, ...] = ()
    before: bytes = b""


def rows(*texts: str) -> tuple[str, ...]:
    return texts + ("",) * (LINES - len(texts))


def text_style(**fields: Any) -> dict[str, Any]:
    return {"style": Style(**fields)}


INVERSE_ON, ITALIC_ON, UNDERLINE_ON, STRIKE_ON = b"\x1b[7m", b"\x1b[3m", b"\x1b[4m", b"\x1b[9m"
PLAIN: Final = {"style": Style()}
MARGINS: Final = b"\x1b[?69h\x1b[3;9s\x1b[2;3H"

CASES: Final[dict[str, list[Case]]] = {
    # Controls and the cursor.
    "bel": [Case({"bells": 1})],
    "cr": [Case({"cursor": (1, 0)})],
    "ht": [Case({"cursor": (1, 8)})],
    "cbt": [Case({"cursor": (1, 0)})],
    "nel": [Case({"cursor": (2, 0)})],
    "ind": [Case({"cursor": (2, 2)}), Case({"rows": rows(*TEXT[1:3])}, before=b"\x1b[6;3H")],
    "ri": [Case({"cursor": (0, 2)}), Case({"rows": rows("", *TEXT[:3])}, before=b"\x1b[1;3H")],
    "home": [Case({"cursor": (0, 0)})],
    "cub1": [Case({"cursor": (1, 1)})],
    "cud1": [Case({"cursor": (2, 2)})],
    "cuf1": [Case({"cursor": (1, 3)})],
    "cuu1": [Case({"cursor": (0, 2)})],
    "cub": [Case({"cursor": (1, 0)}, (2,))],
    "cud": [Case({"cursor": (3, 2)}, (2,))],
    "cuf": [Case({"cursor": (1, 4)}, (2,))],
    "cuu": [Case({"cursor": (0, 2)}, (1,))],
    "cup": [Case({"cursor": (3, 4)}, (3, 4))],
    "hpa": [Case({"cursor": (1, 7)}, (7,))],
    "vpa": [Case({"cursor": (4, 2)}, (4,))],
    "sc": [Case({"saved": (1, 2)})],
    "rc": [Case({"cursor": (1, 2)}, before=b"\x1b7\x1b[5;5H")],
    # Cells.
    "clear": [Case({"rows": BLANK, "cursor": (0, 0)})],
    "ed": [Case({"rows": rows("abcdefgh", "ij")})],
    "el": [Case({"rows": rows("abcdefgh", "ij", "qrstuvwx")})],
    "el1": [Case({"rows": rows("abcdefgh", "   lmnop", "qrstuvwx")})],
    "ech": [Case({"rows": rows("abcdefgh", "ij  mnop", "qrstuvwx")}, (2,))],
    "dch": [Case({"rows": rows("abcdefgh", "ijmnop", "qrstuvwx")}, (2,))],
    "dch1": [Case({"rows": rows("abcdefgh", "ijlmnop", "qrstuvwx")})],
    "ich": [Case({"rows": rows("abcdefgh", "ij  klmnop", "qrstuvwx")}, (2,))],
    "dl": [Case({"rows": rows("abcdefgh"), "cursor": (1, 0)}, (2,))],
    "dl1": [Case({"rows": rows("abcdefgh", "qrstuvwx"), "cursor": (1, 0)})],
    "il": [Case({"rows": rows("abcdefgh", "", "", *TEXT[1:3]), "cursor": (1, 0)}, (2,))],
    "il1": [Case({"rows": rows("abcdefgh", "", *TEXT[1:3]), "cursor": (1, 0)})],
    "indn": [Case({"rows": rows("qrstuvwx")}, (2,))],
    "rin": [Case({"rows": rows("", "", *TEXT[:3])}, (2,))],
    "rep": [Case({"rows": rows("abcdefgh", "ijzzznop", "qrstuvwx"), "cursor": (1, 5)}, (ord("z"), 3))],
    # Renditions.
    "bold": [Case(text_style(flags=BOLD))],
    "dim": [Case(text_style(flags=FAINT))],
    "blink": [Case(text_style(flags=BLINK))],
    "invis": [Case(text_style(flags=INVISIBLE))],
    "rev": [Case(text_style(flags=INVERSE))],
    "smso": [Case(text_style(flags=INVERSE))],
    "rmso": [Case(PLAIN, before=INVERSE_ON)],
    "sitm": [Case(text_style(flags=ITALIC))],
    "ritm": [Case(PLAIN, before=ITALIC_ON)],
    "smul": [Case(text_style(underline=1))],
    "rmul": [Case(PLAIN, before=UNDERLINE_ON)],
    "smxx": [Case(text_style(flags=STRIKE))],
    "rmxx": [Case(PLAIN, before=STRIKE_ON)],
    "sgr0": [Case({**PLAIN, "charset": False}, before=b"\x1b[1;3;4;38;5;9;41m\x1b(0")],
    "sgr": [
        Case(text_style(flags=INVERSE), (1,)),
        Case(text_style(underline=1), (0, 1)),
        Case(text_style(flags=INVERSE), (0, 0, 1)),
        Case(text_style(flags=BLINK), (0, 0, 0, 1)),
        Case(text_style(flags=FAINT), (0, 0, 0, 0, 1)),
        Case(text_style(flags=BOLD), (0, 0, 0, 0, 0, 1)),
        Case(text_style(flags=INVISIBLE), (0, 0, 0, 0, 0, 0, 1)),
        Case({"charset": True}, (0, 0, 0, 0, 0, 0, 0, 0, 1)),
    ],
    "op": [Case(PLAIN, before=b"\x1b[31;42m")],
    "setaf": [Case(text_style(fg=3), (3,))],
    "setab": [Case(text_style(bg=3), (3,))],
    "setf": [Case(text_style(fg=4), (1,))],
    "setb": [Case(text_style(bg=4), (1,))],
    # Modes.
    "smam": [Case({"autowrap": True}, before=b"\x1b[?7l")],
    "rmam": [Case({"autowrap": False})],
    "smir": [Case({"insert": True})],
    "rmir": [Case({"insert": False}, before=b"\x1b[4h")],
    "smacs": [Case({"charset": True})],
    "rmacs": [Case({"charset": False}, before=b"\x1b(0")],
    "smkx": [Case({"flags": {1, 66}})],
    "rmkx": [Case({"flags": set()}, before=b"\x1b[?1h\x1b=")],
    "smm": [Case({"flags": {1034}})],
    "rmm": [Case({"flags": set()}, before=b"\x1b[?1034h")],
    "civis": [Case({"modes": Modes(cursor_visible=False)})],
    "cnorm": [Case({"modes": Modes(), "flags": set()}, before=b"\x1b[?12h\x1b[?25l")],
    "cvvis": [Case({"modes": Modes(), "flags": {12}}, before=b"\x1b[?25l")],
    "BE": [Case({"modes": Modes(bracketed_paste=True)})],
    "BD": [Case({"modes": Modes()}, before=b"\x1b[?2004h")],
    "XM": [
        Case({"modes": Modes(mouse_tracking=1000, mouse_encoding=1006)}, (1,)),
        Case({"modes": Modes()}, (0,), before=b"\x1b[?1006;1000h"),
    ],
    "Ss": [Case({"modes": Modes(cursor_shape=5)}, (5,))],
    "Se": [Case({"modes": Modes(cursor_shape=2)}, before=b"\x1b[5 q")],
    "flash": [Case({}), Case({"modes": Modes()}, before=b"\x1b[?5h")],
    # Margins and tab stops.
    "csr": [Case({"margins": (1, 3, 0, 19), "cursor": (0, 0)}, (1, 3))],
    "smglr": [Case({"margins": (0, 5, 2, 5), "margin_mode": True, "cursor": (0, 0)}, (2, 5))],
    "smglp": [Case({"margins": (0, 5, 2, 19), "margin_mode": True, "cursor": (0, 0)}, (2,))],
    "smgrp": [Case({"margins": (0, 5, 0, 9), "margin_mode": True, "cursor": (0, 0)}, (9,))],
    "mgc": [Case({"margins": (0, 5, 0, 19), "margin_mode": False}, before=MARGINS)],
    "meml": [Case({"margins": (1, 5, 0, 19)})],
    "memu": [Case({"margins": (0, 5, 0, 19)}, before=b"\x1bl")],
    "hts": [Case({"tabs": {2, 8, 16}})],
    "tbc": [Case({"tabs": set()})],
    # Other screens, resets, reports, strings.
    "smcup": [Case({"rows": BLANK, "alternate": True, "titles": 1})],
    "rmcup": [
        Case(
            {"rows": TEXT, "alternate": False, "titles": 0, "saved": (1, 2)},
            before=b"\x1b[?1049h\x1b[22;0;0tother\x1b[2;3H",
        )
    ],
    "is2": [Case({"insert": False, "flags": set()}, before=b"\x1b[4h\x1b=")],
    "rs2": [Case({"insert": False, "flags": set()}, before=b"\x1b[4h\x1b=")],
    "rs1": [Case({"rows": BLANK, "cursor": (0, 0), "insert": False, **PLAIN}, before=b"\x1b[4h\x1b[1m")],
    "u7": [Case({"replies": b"\x1b[2;3R"})],
    "u9": [Case({"replies": b"\x1b[?62c"})],
    "RV": [Case({"replies": b"\x1b[>1;10;0c"})],
    "XR": [Case({"replies": f"\x1bP>|{NAME_AND_VERSION}\x1b\\".encode()})],
    "fe": [Case({"modes": Modes(focus_events=True)})],
    "fd": [Case({"modes": Modes()}, before=b"\x1b[?1004h")],
    "Ms": [Case({"clipboard": "c;YWJj"}, ("c", "YWJj"))],
}


# What ncurses has since 6.5, and how 6.6 writes numbers; the machine's own may be older.
NEWER: Final = {
    "RV": r"\E[>c",
    "XR": r"\E[>0q",
    "fd": r"\E[?1004l",
    "fe": r"\E[?1004h",
    "rv": r"\E\\[>41;[1-6][0-9][0-9];0c",
    "xr": r"\EP>\\|XTerm\\(([1-9][0-9]+)\\)\E\\\\",
    "setaf": r"\E[%?%p1%'\010'%<%t3%p1%d%e%p1%'\020'%<%t9%p1%'\010'%-%d%e38;5;%p1%d%;m",
    "initc": r"\E]4;%p1%d;rgb:%p2%'\377'%*%{1000}%/%2.2X/%p3%'\377'%*%{1000}%/%2.2X/%p4%'\377'%*%{1000}%/%2.2X\E\\",
}


def unescaped(text: str) -> str:
    """Return what infocmp's notation stands for."""
    letters = {"E": "\x1b", "e": "\x1b", "n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "s": " "}

    def character(match: re.Match[str]) -> str:
        item = match[0]
        if item[0] == "^":
            return chr(ord(item[1]) ^ 0x40)
        return chr(int(item[1:], 8)) if item[1].isdigit() else letters.get(item[1], item[1])

    return re.sub(r"\^.|\\[0-7]{3}|\\.", character, text)


def capabilities(terminal: str) -> dict[str, str]:
    """Return the string capabilities of `terminal`, without padding."""
    listing = subprocess.run(["infocmp", "-x", "-1", terminal], capture_output=True, text=True, check=False)
    if listing.returncode:
        pytest.skip(f"no terminfo entry for {terminal}")
    found = re.findall(r"^\t(\w+)=(.*),$", listing.stdout, re.MULTILINE)
    return {name: re.sub(r"\$<[^>]*>", "", unescaped(value)) for name, value in found}


def expanded(capability: str, parameters: tuple[int | str, ...]) -> bytes:
    """Return the capability with its parameters in it."""
    if any(isinstance(parameter, str) for parameter in parameters):  # curses.tparm takes numbers only
        for number, parameter in enumerate(parameters, 1):
            capability = capability.replace(f"%p{number}%s", str(parameter))
        return capability.encode("latin-1")
    if "%" not in capability:
        return capability.encode("latin-1")
    null = os.open(os.devnull, os.O_RDWR)
    try:
        curses.setupterm("xterm", null)
    finally:
        os.close(null)
    return curses.tparm(capability.encode("latin-1"), *[int(parameter) for parameter in parameters])


def facts(emulator: Emulator) -> dict[str, Any]:
    """Return what a capability can change."""
    screen, snapshot = emulator.screen, emulator.snapshot()
    rules = screen.rules
    keyboard = {1: rules.application_cursor_keys, 66: rules.application_keypad}
    return {
        "rows": tuple(row.rstrip() for row in screen.display),
        "cursor": (screen.cursor_row, screen.cursor_column),
        "style": screen.style,
        "modes": snapshot.modes,
        "margins": (screen.top, screen.bottom, screen.left, screen.right),
        "margin_mode": rules.margin_mode,
        "tabs": {column for column, stop in enumerate(screen.tab_stops) if stop},
        "insert": rules.insert_mode,
        "autowrap": rules.autowrap,
        "alternate": screen.alternate,
        "charset": screen.translation is not None,
        "flags": screen.settings.flags | {number for number, is_set in keyboard.items() if is_set},
        "saved": (screen.saved.row, screen.saved.column),
        "bells": snapshot.bell_count,
        "titles": len(screen.title_stack),
        "clipboard": snapshot.clipboard,
        "replies": emulator.replies(),
    }


@pytest.mark.parametrize("terminal", ["xterm-256color", "xterm"])
def test_every_capability_is_known(terminal: str) -> None:
    known = {*CASES, *INPUT, *TABLES, *WITHOUT_EFFECT}
    assert [name for name in capabilities(terminal) if name not in known and not name.startswith("k")] == []


@pytest.mark.parametrize("terminal", ["xterm-256color", "xterm"])
@pytest.mark.parametrize("name", CASES)
def test_a_capability_does_what_it_promises_and_nothing_else(terminal: str, name: str) -> None:
    capability = capabilities(terminal).get(name)
    if capability is None:
        pytest.skip(f"{terminal} has no {name}")
    assert_does_what_it_promises(name, capability)


def assert_does_what_it_promises(name: str, capability: str) -> None:
    for case in CASES[name]:
        emulator = Emulator(COLUMNS, LINES)
        emulator.feed(SETUP + case.before)
        before = facts(emulator)
        emulator.feed(expanded(capability, case.parameters))
        after = facts(emulator)
        assert {fact: value for fact, value in after.items() if value != before[fact]} == case.changes


@pytest.mark.parametrize("terminal", ["xterm-256color", "xterm"])
@pytest.mark.parametrize("name", WITHOUT_EFFECT)
def test_what_has_no_effect_here_leaves_no_rubbish(terminal: str, name: str) -> None:
    capability = capabilities(terminal).get(name)
    if capability is None:
        pytest.skip(f"{terminal} has no {name}")
    assert_leaves_no_rubbish(name, capability)


def assert_leaves_no_rubbish(name: str, capability: str) -> None:
    emulator = Emulator(COLUMNS, LINES)
    emulator.feed(SETUP)
    before = facts(emulator)
    parameters: tuple[int | str, ...] = ("#ff0000",) if name == "Cs" else (1, 1000, 0, 0)
    emulator.feed(expanded(capability, parameters))
    assert facts(emulator) == before


@pytest.mark.parametrize("name", NEWER)
def test_what_newer_entries_have_is_known_before_they_come(name: str) -> None:
    if name in CASES:
        assert_does_what_it_promises(name, unescaped(NEWER[name]))
    elif name in WITHOUT_EFFECT:
        assert_leaves_no_rubbish(name, unescaped(NEWER[name]))
    else:
        assert name in INPUT


def test_all_of_256_colours_are_set_by_number() -> None:
    setters = capabilities("xterm-256color")
    for color in range(256):
        emulator = Emulator(COLUMNS, LINES)
        emulator.feed(expanded(setters["setaf"], (color,)) + expanded(setters["setab"], (255 - color,)))
        assert emulator.screen.style == Style(fg=color, bg=255 - color)


def test_the_line_drawing_characters_are_drawn() -> None:
    table = capabilities("xterm")["acsc"]
    emulator = Emulator(80, 1)
    emulator.feed(b"\x1b(0" + table[1::2].encode() + b"\x1b(B")
    assert emulator.screen.display[0].rstrip() == "◆▒°±␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"
