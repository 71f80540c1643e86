"""Control strings (OSC, DCS, SOS, PM, APC), read in parts: where each ends, and how much of it is kept."""

from __future__ import annotations

import re
from typing import Final

from mosh_common.terminal.parser.calls import Calls
from mosh_common.terminal.payloads import LONGEST_KEPT_CLIPBOARD, LONGEST_SELECTION

MAX_STRING: Final = 32 * 1024  # characters of one OSC or DCS string; longer ones are skipped, but
MAX_CLIPBOARD_STRING: Final = LONGEST_KEPT_CLIPBOARD + LONGEST_SELECTION + len("52;;")

_OSC_END: Final = re.compile("[\x07\x18\x1a\x1b]")
_STRING_END: Final = re.compile("[\x18\x1a\x1b]")
# PM and SOS mean nothing to anybody, but Ctrl-C makes a PM: it cuts what a program writes, if it must right behind an
# ESC, and the tty's echo of it is "^C". So that the next prompt is not lost in it, the end of a line ends these two.
_LINE_STRING_END: Final = re.compile("[\n\r\x18\x1a\x1b]")

# The Linux console's palette (console_codes(4)) looks like OSC, but has no terminator: OSC R, and OSC P with seven
# digits. As in xterm, which takes any seven characters.
_PALETTE_LENGTH: Final = 8

_ENDS_OF_STRINGS: Final = {"]": _OSC_END, "X": _LINE_STRING_END, "^": _LINE_STRING_END}


class ControlString:
    """The control string that is being read, if there is one."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self.kind = ""  # "" or the introducer (]PX^_)
        self.escape = False  # the last character so far was ESC: with a backslash it ends the string
        self._parts: list[str] = []
        self._length = 0

    def begin(self, kind: str) -> None:
        """Begin one, with nothing in it."""
        self.kind = kind

    def abandon(self) -> None:
        """Forget it: CAN, SUB or another sequence came inside."""
        self.kind = ""
        self.escape = False
        self._parts = []
        self._length = 0

    def read(self, data: str, position: int) -> int:
        """Read on in a control string from `position` on; return where to go on: behind it, or at the end of `data`."""
        if self.kind == "]" and not self._length and data.startswith(("P", "R"), position):
            if data[position] == "R":
                self.abandon()
                return position + 1
            self.kind = "]P"
        if self.kind == "]P":
            return self._read_palette(data, position)
        end = _ENDS_OF_STRINGS.get(self.kind, _STRING_END).search(data, position)
        stop = end.start() if end is not None else len(data)
        if stop > position and (self._length <= MAX_STRING or self._length <= self._longest()):
            self._parts.append(data[position:stop])
        self._length += stop - position
        if end is None:
            return stop
        if data[stop] == "\x07":
            self.finish("\x07")
        elif data[stop] == "\x1b":
            if stop + 1 == len(data):
                self.escape = True
            elif data[stop + 1] == "\\":
                self.finish("\x1b\\")
                return stop + 2
            else:
                self.abandon()
                return stop  # this ESC begins a sequence
        else:
            self.abandon()
            if data[stop] in "\n\r":
                return stop  # to be executed
        return stop + 1

    def _read_palette(self, data: str, position: int) -> int:
        """Read on in a Linux console's OSC P, which means nothing here."""
        stop = min(position + _PALETTE_LENGTH - self._length, len(data))
        end = _OSC_END.search(data, position, stop)
        self._length += stop - position
        if end is not None:
            self.abandon()
            return end.start() if end.group() == "\x1b" else end.end()
        if self._length == _PALETTE_LENGTH:
            self.abandon()
        return stop

    def finish(self, terminator: str) -> None:
        """Execute the string that was read in parts."""
        kind, text, length = self.kind, "".join(self._parts), self._length
        longest = self._longest() if length > MAX_STRING else MAX_STRING
        self.abandon()
        if length <= longest:
            self._calls.execute_string(kind, text, terminator)
        elif longest == MAX_CLIPBOARD_STRING:
            self._calls.refuse_clipboard(length)

    def _longest(self) -> int:
        """Return how long the string that is being read may become; it has begun."""
        if self.kind != "]":
            return MAX_STRING
        start = ""
        for part in self._parts[:3]:  # none is empty
            start += part[:3]
        return MAX_CLIPBOARD_STRING if start.startswith("52;") else MAX_STRING
