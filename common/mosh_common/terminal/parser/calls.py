"""What a sequence calls of a screen, looked up once: later, the same characters are a key of a dictionary.

Works with pyte's own Screen too: methods that it lacks are not called.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from mosh_common.terminal.parser.sequences import EVERYTHING, Method, Vocabulary
from mosh_common.terminal.screen.pyte_views import PYTE_NAMES
from mosh_common.terminal.screen.screen import Screen
from mosh_common.terminal.screen.sgr import MAX_PARAMETERS

MAX_PARAMETER: Final = 65535  # larger ones count as this
_CACHE_LIMIT: Final = 1024  # remembered sequences, besides the positions of the screen
_SGR_PARAMETERS: Final = re.compile("[0-9;:]*")

# (False, method, arguments, nothing), or (True, method, argument, argument): that method wants the text after it too.
Call = tuple[bool, Callable[..., Any], Any, Any]


def parse_parameters(text: str) -> tuple[int, ...] | None:
    """Return the numbers between semicolons, 0 for missing ones; None if there is anything else."""
    if not text:
        return ()
    values = []
    for item in text.split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]:
        if not item:
            values.append(0)
        elif item.isascii() and item.isdigit():
            values.append(min(int(item[:9]), MAX_PARAMETER) if len(item) < 10 else _saturated(item))
        else:
            return None
    return tuple(values)


def _saturated(digits: str) -> int:
    """Return a long number, which may have leading zeros, saturated."""
    digits = digits.lstrip("0")
    return min(int(digits or 0), MAX_PARAMETER) if len(digits) < 10 else MAX_PARAMETER


class Calls:
    """Calls of one screen's methods, as far as a vocabulary has them."""

    def __init__(self, screen: Any, vocabulary: Vocabulary) -> None:
        self._screen = screen
        self._vocabulary = vocabulary
        self.skipped = 0  # sequences, strings and controls that the vocabulary lacks
        self.sequences: dict[str, Call] = {}  # met so far, by what follows ESC; bounded
        self.controls = {control: self._bound(method) for control, method in vocabulary.controls.items()}
        self.controls["\r\n"] = self._carriage_return_linefeed
        self.unknown: Callable[..., Any] = screen.debug if vocabulary is EVERYTHING else self._skip_sequence
        self.write: Callable[[str], Any] = getattr(screen, "write", None) or screen.draw
        # The screen's CUP or SGR with the text after it, in one call; found by name, for pyte's screen has no such.
        self._print_at: Callable[..., Any] | None = getattr(screen, "print_at", None)
        self._print_styled: Callable[..., Any] | None = getattr(screen, "print_styled", None)

    def learn(self, sequence: str) -> Call:
        """Return what a sequence (without its ESC) calls, and remember it."""
        call = self.sequences.get(sequence)
        if call is None:
            screen = self._screen
            if len(self.sequences) >= _CACHE_LIMIT + screen.columns * screen.lines:
                self.sequences.clear()
            call = self.sequences[sequence] = self._resolve(sequence)
        return call

    def execute_string(self, kind: str, text: str, terminator: str) -> None:
        """Hand a control string to the screen; APC, PM and SOS mean nothing here."""
        screen, commands = self._screen, self._vocabulary.commands
        if commands is not None and (kind != "]" or text.partition(";")[0] not in commands):
            self._skip_sequence()
        elif kind == "]":
            command = getattr(screen, "operating_system_command", None)
            if command is not None:
                command(text, terminator)
            else:
                number, _, param = text.partition(";")
                if number in ("0", "1"):
                    screen.set_icon_name(param)
                if number in ("0", "2"):
                    screen.set_title(param)
        elif kind == "P":
            command = getattr(screen, "device_control_string", None)
            if command is not None:
                command(text)

    def refuse_clipboard(self, length: int) -> None:
        """Tell the screen of a clipboard that is too long to be kept."""
        refuse = getattr(self._screen, "refuse_clipboard", None)
        if refuse is not None:
            refuse(length)

    def _skip_sequence(self, *_: Any, **__: Any) -> None:
        """Count what the vocabulary lacks; it has no effect, not even on a pending wrap."""
        self.skipped += 1

    def _carriage_return_linefeed(self) -> None:
        """CR and LF, in one call."""
        self.controls["\r"]()
        self.controls["\n"]()

    def _bound(self, method: Method, *arguments: Any) -> Callable[..., Any]:
        """Return that method of the screen, or what stands in for it."""
        name = method.__name__
        bound = getattr(self._screen, name, None) or getattr(self._screen, PYTE_NAMES.get(name, "debug"))
        return partial(bound, *arguments) if arguments else bound

    def _resolve(self, body: str) -> Call:
        """Return what a sequence (without its ESC) calls."""
        if body[0] != "[":
            return self._resolve_escape(body)
        start = 2 if body[1] in "<=>?" else 1
        end = len(body) - 1
        while end > start and " " <= body[end - 1] <= "/":
            end -= 1
        key = body[1:start] + body[end:]
        text = body[start:end]
        entry = self._vocabulary.sequences.get(key)
        if entry is None:
            return False, self.unknown, (), None
        called, most, private = entry
        if key == "m":
            if self._print_styled is not None and _SGR_PARAMETERS.fullmatch(text):
                return True, self._print_styled, text, None
            text = text.replace(":", ";")
        parameters = parse_parameters(text)
        if parameters is None:
            return False, self.unknown, (), None
        modes = self._vocabulary.modes
        if modes is not None and called in (Screen.set_mode, Screen.reset_mode):
            parameters = tuple([mode for mode in parameters if mode in modes])
            if not parameters:
                return False, self.unknown, (), None
        if called is Screen.cursor_position and self._print_at is not None:
            line, column = (*parameters, 0, 0)[:2]
            return True, self._print_at, (line or 1) - 1, (column or 1) - 1
        method = self._bound(called)
        if private and method is not self.unknown:
            method = partial(method, private=True)
        return False, method, parameters[:most], None

    def _resolve_escape(self, text: str) -> Call:
        """Return what an escape sequence (without ESC) calls."""
        entry = self._vocabulary.escapes.get(text)
        if entry is not None:
            return False, self._bound(entry.method), entry.arguments, None
        if self._vocabulary.charsets and text[0] in "()*+-./" and len(text) <= 3:
            return False, self._bound(Screen.define_charset), (text[1:], text[0]), None
        return False, self.unknown, (), None
