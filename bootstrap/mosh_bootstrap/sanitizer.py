"""What of a host's output may reach the user's terminal while ssh talks: text, and nothing that commands it.

Passed on are text, CR, LF, BS, HT, BEL, colours and attributes (SGR), and moves of the cursor within its line (CUF,
CUB, CHA, HPA). Everything else, such as titles, the clipboard, modes, character sets, moves elsewhere and all that a
terminal answers, is swallowed whole: sequences as in ECMA-48 §5.4 and §5.6, 7-bit introducers only, since 8-bit ones
are no characters of UTF-8. (So the terminal is taken for one of UTF-8, as the session will be.)

Pure, linear in the octets that come, and holds no more than a short sequence. A prompt must not be lost behind a
sequence that never ends, so ends of lines end every sequence, and bounds do.
"""

from __future__ import annotations

import codecs
import re
from enum import Enum, auto
from typing import Final

SEQUENCE_LIMIT: Final = 128  # characters behind CSI or ESC; what is longer is no sequence, and its rest is text
STRING_LIMIT: Final = 1 << 16  # characters of a swallowed OSC, DCS, APC, PM, SOS or title; the rest is text

_ALLOWED_CONTROLS: Final = "\r\n\b\t\a"
_LINE_ENDS: Final = "\r\n"
_ESC: Final = "\x1b"
_CANCELS: Final = "\x18\x1a"  # CAN and SUB: ECMA-48 §8.3.6, DEC STD 070
_STRING_INTRODUCERS: Final = "]PX^_k"  # OSC, DCS, SOS, PM, APC; ESC k is a title of screen and tmux
# SECURITY: the whole list. Numbers as long as any terminal may want them, none that could overflow one.
# test_nothing_but_text_and_what_stays_in_its_line_is_shown
_ALLOWED_SEQUENCE: Final = re.compile(r"(?:[0-9]{0,5}[;:])*[0-9]{0,5}m|[0-9]{0,5}[CDG`]")
# Text: no control of either kind, and no octet that was no UTF-8 (those are decoded as U+DC80 and up).
_TEXT: Final = re.compile("[^\x00-\x1f\x7f-\x9f\udc80-\udcff]+")
_IN_STRING: Final = re.compile("[^\r\n\a\x18\x1a\x1b\x9c\udc9c]+")
_REPLACEMENT: Final = "\ufffd"
_RESET: Final = b"\x1b[m"


class _State(Enum):
    """Where in a sequence we are, in the terms of ECMA-48."""

    GROUND = auto()
    ESCAPE = auto()  # behind ESC and its intermediate characters
    CONTROL_SEQUENCE = auto()  # behind CSI
    STRING = auto()  # in a control string


class Sanitizer:
    """Feed it what a host says; show what it returns."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")  # holds at most 3 octets
        self._state = _State.GROUND
        self._sequence = ""  # CONTROL_SEQUENCE: the characters behind CSI
        self._length = 0  # ESCAPE, STRING: characters since the introducer
        self._styled = False  # the last SGR that was passed on may have switched something on

    def receive(self, data: bytes) -> bytes:
        """Return what of `data` may be shown, in UTF-8."""
        text = self._decoder.decode(data)
        shown: list[str] = []
        position = 0
        while position < len(text):
            position = self._step(text, position, shown)
        return "".join(shown).encode()

    def finish(self) -> bytes:
        """Return what takes the host's colours off: nobody is to type in them, or not to see what they type."""
        styled, self._styled = self._styled, False
        return _RESET if styled else b""

    def _step(self, text: str, position: int, shown: list[str]) -> int:
        """Digest at least one character of `text`; return the position behind."""
        if self._state is _State.STRING:
            return self._in_string(text, position, shown)
        if self._state is _State.GROUND:
            run = _TEXT.match(text, position)
            if run is not None:
                shown.append(run[0])
                return run.end()
        character = text[position]
        if character == _ESC:
            self._enter(_State.ESCAPE)
        elif character in _CANCELS:
            self._state = _State.GROUND
        elif character in _ALLOWED_CONTROLS:
            shown.append(character)  # also within a sequence, as terminals do
            if character in _LINE_ENDS:
                self._state = _State.GROUND
        elif self._state is _State.GROUND:
            if "\udca0" <= character <= "\udcff":
                shown.append(_REPLACEMENT)
        elif " " <= character <= "~":
            self._in_sequence(character, shown)
        elif character > "\x7f":
            self._state = _State.GROUND  # no part of any sequence
            return position
        return position + 1

    def _enter(self, state: _State) -> None:
        self._state = state
        self._sequence = ""
        self._length = 0

    def _in_sequence(self, character: str, shown: list[str]) -> None:
        if self._state is _State.ESCAPE:
            self._length += 1
            if self._length == 1 and character == "[":
                self._enter(_State.CONTROL_SEQUENCE)
            elif self._length == 1 and character in _STRING_INTRODUCERS:
                self._enter(_State.STRING)
            elif character >= "0" or self._length > SEQUENCE_LIMIT:
                self._state = _State.GROUND
            return
        self._sequence += character
        if character >= "@":
            self._state = _State.GROUND
            if _ALLOWED_SEQUENCE.fullmatch(self._sequence):
                shown.append(f"{_ESC}[{self._sequence}")
                if character == "m":
                    self._styled = self._sequence.strip("0") != "m"
        elif len(self._sequence) > SEQUENCE_LIMIT:
            self._state = _State.GROUND

    def _in_string(self, text: str, position: int, shown: list[str]) -> int:
        run = _IN_STRING.match(text, position, position + STRING_LIMIT - self._length)
        if run is not None:
            self._length += len(run[0])
            if self._length >= STRING_LIMIT:
                self._state = _State.GROUND
            return run.end()
        character = text[position]
        if character == _ESC:
            self._enter(_State.ESCAPE)  # of ST, or of the next sequence
            return position + 1
        self._state = _State.GROUND
        if character in _LINE_ENDS:
            shown.append(character)
        return position + 1
