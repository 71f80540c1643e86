"""The parser: text in, calls out.

A read is split at the complete sequences, which is the cheapest that Python has to offer; each is looked up whole in a
dictionary of calls. What stands between is mostly text; where it is not, a second pattern cuts it into tokens. What no
pattern takes, because it is unusual or not complete yet, goes through `_unusual`. Follows the states of a VT500 parser
(vt100.net/emu/dec_ansi_parser) as far as they can be seen from outside. Never raises, whatever comes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mosh_common.terminal.parser.calls import Calls
from mosh_common.terminal.parser.strings import MAX_STRING, ControlString
from mosh_common.terminal.work import Work

MAX_SEQUENCE: Final = 256  # characters of one CSI or ESC sequence; longer ones are ignored

# Where a text is cut first. A sequence that is complete and usual means itself wherever it stands: its ESC ends
# whatever is unfinished before it. (Not ST: that may end a string.)
_SEQUENCE: Final = re.compile("\x1b(\\[[0-?]{0,200}[ -/]{0,4}[@-~]|[0-OQ-WYZ`-~]|[ -/]{1,4}[0-~])")
# What stands between: text and controls,
_CONTROLS: Final = re.compile("([\x00-\x1f\x7f]+)")
# or, where there is an ESC: (text)(controls)(string)(ST)(ESC of anything else).
_TOKEN: Final = re.compile(
    "([^\x00-\x1f\x7f]*)"
    "(?:([\x00-\x17\x19\x1c-\x1f\x7f]+)"
    f"|\x1b(\\](?![PR])[^\x07\x18\x1a\x1b]{{0,{MAX_STRING}}}(?:\x07|\x1b\\\\)|[P_][^\x18\x1a\x1b]{{0,{MAX_STRING}}}\x1b\\\\"
    f"|[X^][^\n\r\x18\x1a\x1b]{{0,{MAX_STRING}}}\x1b\\\\)"
    "|\x1b(\\\\)"
    "|[\x18\x1a]|(\x1b)"
    "|$)"
)
# What is unusual: a sequence up to its final character, with controls inside.
_HEAD: Final = re.compile("\x1b[{0}]*(?:\\[[ -?{0}]*|[ -/{0}]*)".format("\x00-\x17\x19\x1c-\x1f\x7f"))
_CONTROL_RUN: Final = re.compile("[\x00-\x17\x19\x1c-\x1f\x7f]+")


def _rejoined(parts: Iterator[str]) -> str:
    """Return what is left of a text that was cut at its sequences: sequence, text, sequence …"""
    return "".join([f"\x1b{sequence}{text}" for sequence, text in zip(parts, parts, strict=True)])


class Parser:
    """Executes text by calls, until the work that is allowed is exhausted."""

    def __init__(self, calls: Calls, work: Work) -> None:
        self._calls = calls
        self._work = work
        self._sequences = calls.sequences
        self._controls = calls.controls
        self._write = calls.write
        self._pending = ""  # an escape sequence that is not complete yet
        self._string = ControlString(calls)

    @property
    def at_ground(self) -> bool:
        """Whether no sequence or string is unfinished."""
        return not self._pending and not self._string.kind

    def reset(self) -> None:
        """Forget what is not complete."""
        self._pending = ""
        self._string.abandon()

    def abandon(self) -> None:
        """Forget what is unfinished, because another sequence begins."""
        if self._pending or self._string.escape:
            self._calls.unknown()  # also the ESC that ended a string
        self.reset()

    def resume(self, data: str) -> str:
        """Go on with what is unfinished; return what is left to be executed."""
        if self._string.escape and data:
            # With a backslash it ends the string, else it starts a sequence.
            self._string.escape = False
            if data[0] == "\\":
                self._string.finish("\x1b\\")
                return data[1:]
            self._string.abandon()
            return "\x1b" + data
        if self._string.kind:
            return data[self._string.read(data, 0) :]
        if self._pending and data:
            data = self._pending + data
            self._pending = ""
        return data

    def run(self, data: str) -> str:
        """Execute `data` from ground state; return what is left when the work is exhausted."""
        parts = iter(_SEQUENCE.split(data))
        work = self._work
        limit = work.limit
        first = next(parts)
        if first:
            left = self._run_between(first)
            # Not behind what is unfinished: it may be what stood here before, and then nothing has been executed.
            if left or (work.done >= limit and self.at_ground):
                return left + _rejoined(parts)
        sequences, write = self._sequences, self._write
        unfinished = not self.at_ground
        for sequence, text in zip(parts, parts, strict=True):
            if unfinished:
                self.abandon()
                unfinished = False
            try:
                takes_text, call, first, second = sequences[sequence]
            except KeyError:
                takes_text, call, first, second = self._calls.learn(sequence)
            if takes_text:
                if text.isprintable():
                    call(first, second, text)
                    continue
                call(first, second, "")
            else:
                call(*first)
                if work.done >= limit:
                    return text + _rejoined(parts)
                if not text:
                    continue
                if text.isprintable():
                    write(text)
                    continue
            left = self._run_between(text)
            if left:
                return left + _rejoined(parts)
            unfinished = not self.at_ground
        return ""

    def _run_between(self, text: str) -> str:
        """Execute what stands between complete CSI sequences: text, controls, other sequences; return what is left."""
        call = self._controls.get(text)
        if call is not None:
            call()
            return ""
        if "\x1b" not in text:
            parts = iter(_CONTROLS.split(text))
            first = next(parts)
            if first:
                self._write(first)
            for controls, piece in zip(parts, parts, strict=True):
                left = self._run_controls(controls)
                if left:
                    return left + piece + "".join(parts)
                if piece:
                    self._write(piece)
            return ""
        position, end = 0, len(text)
        while position < end:
            if self._string.kind:
                position = self._string.read(text, position)
            else:
                position = self._run_tokens(text, position)
            if self._work.exhausted:
                return text[position:]
        return ""

    def _run_controls(self, controls: str) -> str:
        """Execute C0 controls; return what is left when the work is exhausted."""
        known, work = self._controls, self._work
        for number, char in enumerate(controls, 1):
            if char in known:
                known[char]()
                if work.done >= work.limit:
                    return controls[number:]
            else:
                self._calls.skipped += 1
        return ""

    def _run_tokens(self, data: str, position: int) -> int:
        """Execute tokens from `position` on, up to the first unusual one; return where to go on."""
        for match in _TOKEN.finditer(data, position):
            text, controls, string, terminator, unusual = match.groups()
            if text:
                self._write(text)
            if controls:
                left = self._run_controls(controls)
                if left:
                    return match.end(2) - len(left)
            elif terminator:
                self._calls.unknown()  # ST without a string
            elif string:
                self._complete_string(string)
            elif unusual:
                return self._unusual(data, match.start(5))
        return len(data)

    def _unusual(self, data: str, position: int) -> int:
        """Take an unusual or unfinished sequence, whose ESC is at `position`; return where to go on, further right."""
        match = _HEAD.match(data, position)
        assert match is not None
        head, position = match.group(), match.end()
        controls = "".join(_CONTROL_RUN.findall(head))
        if controls:
            # Controls inside a sequence are executed at once, as if they stood before it: all, for their place is lost.
            while controls:
                controls = self._run_controls(controls)
            head = _CONTROL_RUN.sub("", head)
        if len(head) > MAX_SEQUENCE:
            # Too long: what is kept can still be ended, but means nothing.
            head = head[:2] + ("<" * 8 if head[1] == "[" else " " * 5)
        if position == len(data):
            self._pending = head
            return position
        final = data[position]
        if final == "\x1b" or final >= "\x80":
            self._calls.unknown()
            return position
        usual = _SEQUENCE.fullmatch(head + final)
        if head == "\x1b" and final in "]PX^_":
            self._string.begin(final)
        elif usual is not None:
            takes_text, call, first, second = self._calls.learn(usual[1])
            if takes_text:
                call(first, second, "")
            else:
                call(*first)
        else:
            self._calls.unknown()  # ended by CAN or SUB, not well formed, or too long
        return position + 1

    def _complete_string(self, string: str) -> None:
        """Execute a string that came in one piece: introducer, contents, terminator."""
        if string[-1] == "\x07":
            self._calls.execute_string(string[0], string[1:-1], "\x07")
        else:
            self._calls.execute_string(string[0], string[1:-2], "\x1b\\")
