"""From the octets of the keyboard to keys: what the prediction engine can reason about.

Reads arrive cut anywhere, in the middle of a UTF-8 character or of an escape sequence, so the parser keeps what it has
seen so far. It follows ECMA-48's grammar and names the keys as xterm sends them, whatever mode the terminal is in.

Knows nothing of the screen, nor of what any key does there.
"""

from __future__ import annotations

import codecs
import enum
from typing import Final, NamedTuple

from mosh_common.terminal.width import char_width

# An ESC key and the start of a sequence look alike; a terminal writes a sequence in one go, so what comes
# later than this after an ESC at the end of a read is a key of its own.
ESCAPE_TIMEOUT_MS: Final = 100

# Longer sequences than any key sends: what follows is no sequence but noise.
SEQUENCE_LIMIT: Final = 64


class KeyKind(enum.Enum):
    """What a key asks for; the comment says how it arrives."""

    TEXT = enum.auto()  # a printable character
    UNPRINTABLE = enum.auto()  # a character without a column of its own: C1, malformed UTF-8, combining
    ENTER = enum.auto()  # CR
    BACKSPACE = enum.auto()  # DEL
    LEFT = enum.auto()  # CSI D, SS3 D
    RIGHT = enum.auto()  # CSI C, SS3 C
    UP = enum.auto()
    DOWN = enum.auto()
    HOME = enum.auto()  # CSI H, SS3 H, CSI 1 ~, CSI 7 ~
    END = enum.auto()  # CSI F, SS3 F, CSI 4 ~, CSI 8 ~
    DELETE = enum.auto()  # CSI 3 ~
    WORD_LEFT = enum.auto()  # ESC b, CSI 1;5 D, CSI 1;3 D
    WORD_RIGHT = enum.auto()  # ESC f, CSI 1;5 C, CSI 1;3 C
    DELETE_WORD_LEFT = enum.auto()  # ESC DEL, ESC BS
    DELETE_WORD_RIGHT = enum.auto()  # ESC d
    TAB = enum.auto()  # HT
    ESCAPE = enum.auto()  # ESC, alone as far as is known
    CONTROL = enum.auto()  # any other C0 control; `text` is the character
    SEQUENCE = enum.auto()  # any other escape sequence; `text` is what tells it from others: its last octet


class Key(NamedTuple):
    """One key press. `text` is the character of TEXT, UNPRINTABLE and CONTROL, and the final one of SEQUENCE."""

    kind: KeyKind
    text: str = ""


_CONTROLS: Final = {"\r": Key(KeyKind.ENTER), "\x7f": Key(KeyKind.BACKSPACE), "\t": Key(KeyKind.TAB)}
_META: Final = {
    "b": Key(KeyKind.WORD_LEFT),
    "f": Key(KeyKind.WORD_RIGHT),
    "d": Key(KeyKind.DELETE_WORD_RIGHT),
    "\x7f": Key(KeyKind.DELETE_WORD_LEFT),
    "\b": Key(KeyKind.DELETE_WORD_LEFT),
}
_CURSOR_KEYS: Final = {
    "A": Key(KeyKind.UP),
    "B": Key(KeyKind.DOWN),
    "C": Key(KeyKind.RIGHT),
    "D": Key(KeyKind.LEFT),
    "H": Key(KeyKind.HOME),
    "F": Key(KeyKind.END),
}
# With Ctrl (5) or Alt (3) held down: xterm's modifier parameter.
_MODIFIED: Final = {
    "1;5C": Key(KeyKind.WORD_RIGHT),
    "1;5D": Key(KeyKind.WORD_LEFT),
    "1;3C": Key(KeyKind.WORD_RIGHT),
    "1;3D": Key(KeyKind.WORD_LEFT),
}
_EDITING_KEYPAD: Final = {
    "1": Key(KeyKind.HOME),
    "7": Key(KeyKind.HOME),
    "4": Key(KeyKind.END),
    "8": Key(KeyKind.END),
    "3": Key(KeyKind.DELETE),
}
_ESCAPE: Final = Key(KeyKind.ESCAPE)

# States: what the characters before ask of the next one.
_GROUND: Final = 0
_AFTER_ESCAPE: Final = 1
_IN_CSI: Final = 2
_AFTER_SS3: Final = 3


class InputParser:
    """Feed it each read; it answers with the keys in it."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._state = _GROUND
        self._sequence = ""  # parameters and intermediates of the CSI so far
        self._fed_at = 0  # ms: when the last read came

    def feed(self, data: bytes, *, now: int) -> list[Key]:
        """Return the keys that `data` completes; an ESC at its end counts as one and may yet begin another."""
        # "and yet begins a sequence when more comes within 100 ms"
        if self._state in (_AFTER_ESCAPE, _AFTER_SS3) and now - self._fed_at > ESCAPE_TIMEOUT_MS:
            self._state = _GROUND
        self._fed_at = now
        keys: list[Key] = []
        # "A read may end in the middle of a character or of an escape sequence."
        for char in self._decoder.decode(data):
            self._feed_character(char, keys)
        # "An ESC that ends a read is a key at once"
        if self._state == _AFTER_ESCAPE:
            keys.append(_ESCAPE)
        return keys

    def _feed_character(self, char: str, keys: list[Key]) -> None:
        state = self._state
        if char == "\x1b":
            if state == _AFTER_ESCAPE:
                keys.append(_ESCAPE)
            self._state = _AFTER_ESCAPE
        elif state == _GROUND:
            keys.append(_plain(char))
        elif state == _AFTER_ESCAPE:
            self._sequence = ""
            self._state = {"[": _IN_CSI, "O": _AFTER_SS3}.get(char, _GROUND)
            if self._state == _GROUND:
                keys.append(_META.get(char) or Key(KeyKind.SEQUENCE, char))
        elif state == _AFTER_SS3:
            self._state = _GROUND
            keys.append(_CURSOR_KEYS.get(char) or Key(KeyKind.SEQUENCE, char))
        elif "\x40" <= char <= "\x7e":  # ECMA-48: the final octet of a control sequence
            self._state = _GROUND
            keys.append(_control_sequence(self._sequence, char))
        elif "\x20" <= char <= "\x3f" and len(self._sequence) < SEQUENCE_LIMIT:
            self._sequence += char
        else:
            # "What grows longer than any key's sequence, or is none, is an unknown key."
            self._state = _GROUND
            keys.append(Key(KeyKind.SEQUENCE, char))


def _plain(char: str) -> Key:
    if char < " " or char == "\x7f":
        return _CONTROLS.get(char) or Key(KeyKind.CONTROL, char)
    if "\x80" <= char < "\xa0" or char == "\ufffd" or char_width(char) <= 0:
        return Key(KeyKind.UNPRINTABLE, char)
    return Key(KeyKind.TEXT, char)


def _control_sequence(parameters: str, final: str) -> Key:
    if not parameters:
        return _CURSOR_KEYS.get(final) or Key(KeyKind.SEQUENCE, final)
    if final == "~":
        return _EDITING_KEYPAD.get(parameters) or Key(KeyKind.SEQUENCE, final)
    return _MODIFIED.get(parameters + final) or Key(KeyKind.SEQUENCE, final)
