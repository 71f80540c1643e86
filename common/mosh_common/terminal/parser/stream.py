"""The parser: text in, calls of a screen's methods out. Subclass of pyte's `Stream`, which it replaces inside.

A read is split at the complete sequences, which is the cheapest that Python has to offer; each is looked up whole in a
dictionary of calls. What stands between is mostly text; where it is not, a second pattern cuts it into tokens. What no
pattern takes, because it is unusual or not complete yet, goes through `_unusual`. Follows the states of a VT500 parser
(vt100.net/emu/dec_ansi_parser) as far as they can be seen from outside. Never raises, whatever comes.

Works with pyte's own Screen too: methods that it lacks are not called.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import pyte

from mosh_common.terminal.parser.sequences import EVERYTHING, MAX_PARAMETERS, PYTE_NAMES, Vocabulary
from mosh_common.terminal.payloads import LONGEST_KEPT_CLIPBOARD, LONGEST_SELECTION
from mosh_common.terminal.plain_text import plain_end
from mosh_common.terminal.work import Work, cost_of

MAX_SEQUENCE: Final = 256  # characters of one CSI or ESC sequence; longer ones are ignored
MAX_STRING: Final = 32 * 1024  # characters of one OSC or DCS string; longer ones are skipped, but
MAX_CLIPBOARD_STRING: Final = LONGEST_KEPT_CLIPBOARD + LONGEST_SELECTION + len("52;;")
MAX_PARAMETER: Final = 65535  # larger ones count as this
_CACHE_LIMIT: Final = 1024  # remembered sequences, besides the positions of the screen
MIN_LINES_TO_SKIP: Final = 8  # fewer line feeds in one block are not worth the look
SLICE: Final = 4096  # characters that are cut into sequences at once, where they are cheap
COSTLY_SLICE: Final = 1024  # where they may cost a few microseconds each
MIN_TO_OVERPAINT: Final = 8192  # characters; fewer in one read paint little over what they painted

# C1 controls that came as UTF-8 do nothing, wherever they stand: they are text in a wrong encoding, of which an
# executed string introducer would swallow the rest. (As xterm; alone, as octets, they are malformed UTF-8.)
_C1: Final = re.compile("[\x80-\x9f]+")

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
_SGR_PARAMETERS: Final = re.compile("[0-9;:]*")
# What is unusual: a sequence up to its final character, with controls inside.
_HEAD: Final = re.compile("\x1b[{0}]*(?:\\[[ -?{0}]*|[ -/{0}]*)".format("\x00-\x17\x19\x1c-\x1f\x7f"))
_CONTROL_RUN: Final = re.compile("[\x00-\x17\x19\x1c-\x1f\x7f]+")
_OSC_END: Final = re.compile("[\x07\x18\x1a\x1b]")
_STRING_END: Final = re.compile("[\x18\x1a\x1b]")
# PM and SOS mean nothing to anybody, but Ctrl-C makes a PM: it cuts what a program writes, if it must right behind an
# ESC, and the tty's echo of it is "^C". So that the next prompt is not lost in it, the end of a line ends these two.
_LINE_STRING_END: Final = re.compile("[\n\r\x18\x1a\x1b]")

# The Linux console's palette (console_codes(4)) looks like OSC, but has no terminator: OSC R, and OSC P with seven
# digits. As in xterm, which takes any seven characters.
_PALETTE_LENGTH: Final = 8

_ENDS_OF_STRINGS: Final = {"]": _OSC_END, "X": _LINE_STRING_END, "^": _LINE_STRING_END}

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
        elif item.isdigit():
            values.append(min(int(item[:9]), MAX_PARAMETER) if len(item) < 10 else _saturated(item))
        else:
            return None
    return tuple(values)


def _rejoined(parts: Iterator[str]) -> str:
    """Return what is left of a text that was cut at its sequences: sequence, text, sequence …"""
    return "".join([f"\x1b{sequence}{text}" for sequence, text in zip(parts, parts, strict=True)])


def _saturated(digits: str) -> int:
    """Return a long number, which may have leading zeros, saturated."""
    digits = digits.lstrip("0")
    return min(int(digits or 0), MAX_PARAMETER) if len(digits) < 10 else MAX_PARAMETER


class Stream(pyte.Stream):
    """Parses text and drives the attached screen."""

    def __init__(
        self, screen: Any = None, strict: bool = True, *, skipping: bool = True, vocabulary: Vocabulary = EVERYTHING
    ) -> None:
        self._vocabulary = vocabulary
        self.skipped = 0  # sequences, strings and controls that it lacks
        self._pending = ""  # an escape sequence that is not complete yet
        self._string_kind = ""  # "" or the introducer (]PX^_) of the control string that is being read
        self._string_parts: list[str] = []
        self._string_length = 0
        self._sequences: dict[str, Call] = {}  # met so far, by what follows ESC; bounded
        self._controls: dict[str, Callable[..., Any]] = {}
        self._write: Callable[[str], Any] = self._nothing
        self._unknown: Callable[..., Any] = self._nothing
        self._print_after: Callable[..., Any] | None = (
            None  # the screen's CUP or SGR with the text after it, in one call
        )
        self._skip: Callable[[str], int] | None = None  # the screen's `skip_unseen`, where there is one
        # The same for `find_pieces` and `paint`.
        self._find_pieces: Callable[[str], tuple[int, int]] | None = None
        self._paint: Callable[[str], Any] = self._nothing
        self._skipping = skipping
        self._work = Work()  # the screen's
        super().__init__(screen, strict)

    def attach(self, screen: Any) -> None:
        """Bind to the methods of `screen`, at ground state. With `strict`, TypeError if it lacks one of pyte's events.

        Without pyte's own `attach`: that makes pyte's parser, through private methods that only some versions have.
        """
        if self.strict:
            for event in self.events:
                if not hasattr(screen, event):
                    raise TypeError(f"{screen} is missing {event}")
        self.listener = screen
        self.reset_parser()
        self._sequences.clear()
        self._work = getattr(screen, "work", None) or self._work
        self._unknown = screen.debug if self._vocabulary is EVERYTHING else self._skip_sequence
        self._write = getattr(screen, "write", None) or screen.draw
        self._print_at = getattr(screen, "print_at", None)
        self._print_styled = getattr(screen, "print_styled", None)
        self._skip = getattr(screen, "skip_unseen", None) if self._skipping else None
        self._find_pieces = getattr(screen, "find_pieces", None) if self._skipping else None
        self._paint = getattr(screen, "paint", self._nothing)
        self._controls = {control: self._bound(name) for control, name in self._vocabulary.controls.items()}
        self._controls["\r\n"] = self._carriage_return_linefeed

    def reset_parser(self) -> None:
        """Forget what is not complete."""
        self._pending = ""
        self._string_kind = ""
        self._string_parts = []
        self._string_length = 0

    @staticmethod
    def _nothing(*_: Any) -> None:
        """Do nothing, where there is no screen."""

    def _skip_sequence(self, *_: Any, **__: Any) -> None:
        """Count what the vocabulary lacks; it has no effect, not even on a pending wrap."""
        self.skipped += 1

    def _bound(self, name: str, *arguments: Any) -> Callable[..., Any]:
        """Return the screen's method of that name, or what stands in for it."""
        method = getattr(self.listener, name, None) or getattr(self.listener, PYTE_NAMES.get(name, "debug"))
        return partial(method, *arguments) if arguments else method

    def _learn(self, sequence: str) -> Call:
        """Return what a sequence calls, and remember it."""
        call = self._sequences.get(sequence)
        if call is None:
            screen = self.listener
            assert screen is not None
            if len(self._sequences) >= _CACHE_LIMIT + screen.columns * screen.lines:
                self._sequences.clear()
            call = self._sequences[sequence] = self._resolve(sequence)
        return call

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
            return False, self._unknown, (), None
        name, limit, private = entry
        if key == "m":
            if self._print_styled is not None and _SGR_PARAMETERS.fullmatch(text):
                return True, self._print_styled, text, None
            text = text.replace(":", ";")
        parameters = parse_parameters(text)
        if parameters is None:
            return False, self._unknown, (), None
        modes = self._vocabulary.modes
        if modes is not None and name in ("set_mode", "reset_mode"):
            parameters = tuple([mode for mode in parameters if mode in modes])
            if not parameters:
                return False, self._unknown, (), None
        if name == "cursor_position" and self._print_at is not None:
            line, column = (*parameters, 0, 0)[:2]
            return True, self._print_at, (line or 1) - 1, (column or 1) - 1
        method = self._bound(name)
        if private and method is not self._unknown:
            method = partial(method, private=True)
        return False, method, parameters[:limit], None

    def _resolve_escape(self, text: str) -> Call:
        """Return what an escape sequence (without ESC) calls."""
        name, *arguments = self._vocabulary.escapes.get(text, ("",))
        if name:
            return False, self._bound(name), tuple(arguments), None
        if self._vocabulary.charsets and text[0] in "()*+-./" and len(text) <= 3:
            return False, self._bound("define_charset"), (text[1:], text[0]), None
        return False, self._unknown, (), None

    def feed(self, data: str) -> None:
        """Execute `data`; sequences may be cut anywhere between calls."""
        self._work.begin(None)
        self.execute(data)

    def execute(self, data: str) -> str:
        """Execute `data` until the screen's work is exhausted; return what is left of it, to be executed next."""
        if self.listener is None:
            raise RuntimeError("Listener is not set")
        if not data.isascii() and _C1.search(data):
            data = _C1.sub("", data)
        data = self._resume(data)
        if self._skip is not None and data.count("\n") > MIN_LINES_TO_SKIP:
            return self._run_skipping(data, self._skip)
        if self._find_pieces is not None and len(data) >= MIN_TO_OVERPAINT:
            return self._run_overpainting(data, self._find_pieces)
        return self._run_slices(data)

    def skip(self, data: str) -> str:
        """Account for the front of `data`, which is plain, with the parser at ground; return the rest."""
        return data if self._skip is None else data[self._skip(data) :]

    @property
    def at_ground(self) -> bool:
        """Whether no sequence or string is unfinished."""
        return not self._pending and not self._string_kind

    def _run_skipping(self, data: str, skip: Callable[[str], int]) -> str:
        """Execute `data`, but do not draw lines that scroll away unseen; return what is left."""
        done = position = 0
        while position < len(data):
            # Blocks are looked for from the start of a line on, where a sequence hardly ever is in the middle.
            end = plain_end(data, position)
            if data.count("\n", position, end) > MIN_LINES_TO_SKIP:
                left = self._run_slices(data[done:position])
                if left or self._work.exhausted:
                    return left + data[position:]
                done = position
                if not self.at_ground:
                    # The block belongs to a sequence or string that begins before it.
                    return self._run_slices(self._resume(data[done:]))
                done += skip(data[position:end])
            position = data.find("\n", end) + 1
            if not position:
                break
        return self._run_slices(data[done:])

    def _run_overpainting(self, data: str, find_pieces: Callable[[str], tuple[int, int]]) -> str:
        """Execute `data`, but do not draw what is painted over unseen; return what is left."""
        while data:
            start, end = find_pieces(data)
            if end == start:
                break
            if start:
                left = self._run_slices(data[:start])
                if left or self._work.exhausted:
                    return left + data[start:]
            if not self.at_ground:
                self._abandon()
            self._work.done += cost_of(data[start:end])
            self._paint(data[start:end])
            data = data[end:]
            if self._work.exhausted:
                return data
        return self._run_slices(data)

    def _run_slices(self, data: str) -> str:
        """Execute `data` from ground state, or after `_resume`, in slices; return what is left."""
        work = self._work
        position = 0
        while position < len(data):
            piece = data[position : position + SLICE]
            cost = cost_of(piece)
            if cost > len(piece) // 2 and len(piece) > COSTLY_SLICE:
                piece = piece[:COSTLY_SLICE]
                cost = cost_of(piece)
            work.done += cost
            if position:
                position += len(piece)
                piece = self._resume(piece)
            else:
                position = len(piece)
            left = self._run(piece)
            if left or work.exhausted:
                return left + data[position:]
        return ""

    def _resume(self, data: str) -> str:
        """Go on with what is unfinished; return what is left to be executed."""
        if self._string_kind and self._pending and data:
            # ESC was the last character so far: with a backslash it ends the string, else it starts a sequence.
            self._pending = ""
            if data[0] == "\\":
                self._finish_string("\x1b\\")
                return data[1:]
            self._abandon_string()
            return "\x1b" + data
        if self._string_kind:
            return data[self._continue_string(data, 0) :]
        if self._pending and data:
            data = self._pending + data
            self._pending = ""
        return data

    def _run(self, data: str) -> str:
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
                self._abandon()
                unfinished = False
            try:
                takes_text, call, first, second = sequences[sequence]
            except KeyError:
                takes_text, call, first, second = self._learn(sequence)
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
            if self._string_kind:
                position = self._continue_string(text, position)
            else:
                position = self._run_tokens(text, position)
            if self._work.exhausted:
                return text[position:]
        return ""

    def _carriage_return_linefeed(self) -> None:
        """CR and LF, in one call."""
        self._controls["\r"]()
        self._controls["\n"]()

    def _run_controls(self, controls: str) -> str:
        """Execute C0 controls; return what is left when the work is exhausted."""
        known, work = self._controls, self._work
        for number, char in enumerate(controls, 1):
            if char in known:
                known[char]()
                if work.done >= work.limit:
                    return controls[number:]
            else:
                self.skipped += 1
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
                self._unknown()  # ST without a string
            elif string:
                self._complete_string(string)
            elif unusual:
                return self._unusual(data, match.start(5))
        return len(data)

    def _abandon(self) -> None:
        """Forget what is unfinished, because another sequence begins."""
        if self._pending:
            self._unknown()  # also the ESC that ended a string
        self.reset_parser()

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
            self._unknown()
            return position
        usual = _SEQUENCE.fullmatch(head + final)
        if head == "\x1b" and final in "]PX^_":
            self._string_kind = final
        elif usual is not None:
            takes_text, call, first, second = self._learn(usual[1])
            if takes_text:
                call(first, second, "")
            else:
                call(*first)
        else:
            self._unknown()  # ended by CAN or SUB, not well formed, or too long
        return position + 1

    def _continue_string(self, data: str, position: int) -> int:
        """Read on in a control string from `position` on; return where its end is, or the end of `data`."""
        if self._string_kind == "]" and not self._string_length and data.startswith(("P", "R"), position):
            if data[position] == "R":
                self._abandon_string()
                return position + 1
            self._string_kind = "]P"
        if self._string_kind == "]P":
            return self._continue_palette(data, position)
        end = _ENDS_OF_STRINGS.get(self._string_kind, _STRING_END).search(data, position)
        stop = end.start() if end is not None else len(data)
        if stop > position and (self._string_length <= MAX_STRING or self._string_length <= self._longest_string()):
            self._string_parts.append(data[position:stop])
        self._string_length += stop - position
        if end is None:
            return stop
        if data[stop] == "\x07":
            self._finish_string("\x07")
        elif data[stop] == "\x1b":
            if stop + 1 == len(data):
                self._pending = "\x1b"
            elif data[stop + 1] == "\\":
                self._finish_string("\x1b\\")
                return stop + 2
            else:
                self._abandon_string()
                return stop  # this ESC begins a sequence
        else:
            self._abandon_string()
            if data[stop] in "\n\r":
                return stop  # to be executed
        return stop + 1

    def _continue_palette(self, data: str, position: int) -> int:
        """Read on in a Linux console's OSC P, which means nothing here."""
        stop = min(position + _PALETTE_LENGTH - self._string_length, len(data))
        end = _OSC_END.search(data, position, stop)
        self._string_length += stop - position
        if end is not None:
            self._abandon_string()
            return end.start() if end.group() == "\x1b" else end.end()
        if self._string_length == _PALETTE_LENGTH:
            self._abandon_string()
        return stop

    def _abandon_string(self) -> None:
        """CAN, SUB or another sequence came inside a control string."""
        self._string_kind = ""
        self._string_parts = []
        self._string_length = 0

    def _finish_string(self, terminator: str) -> None:
        """Execute the string that was read in parts."""
        kind, text, length = self._string_kind, "".join(self._string_parts), self._string_length
        longest = self._longest_string() if length > MAX_STRING else MAX_STRING
        self._abandon_string()
        if length <= longest:
            self._execute_string(kind, text, terminator)
        elif longest == MAX_CLIPBOARD_STRING:
            getattr(self.listener, "refuse_clipboard", self._nothing)(length)

    def _longest_string(self) -> int:
        """Return how long the string that is being read may become; it has begun."""
        if self._string_kind != "]":
            return MAX_STRING
        start = ""
        for part in self._string_parts[:3]:  # none is empty
            start += part[:3]
        return MAX_CLIPBOARD_STRING if start.startswith("52;") else MAX_STRING

    def _complete_string(self, string: str) -> None:
        """Execute a string that came in one piece: introducer, contents, terminator."""
        if string[-1] == "\x07":
            self._execute_string(string[0], string[1:-1], "\x07")
        else:
            self._execute_string(string[0], string[1:-2], "\x1b\\")

    def _execute_string(self, kind: str, text: str, terminator: str) -> None:
        """Hand a control string to the screen; APC, PM and SOS mean nothing here."""
        assert self.listener is not None
        commands = self._vocabulary.commands
        if commands is not None and (kind != "]" or text.partition(";")[0] not in commands):
            self._skip_sequence()
        elif kind == "]":
            command = getattr(self.listener, "operating_system_command", None)
            if command is not None:
                command(text, terminator)
            else:
                number, _, param = text.partition(";")
                if number in ("0", "1"):
                    self.listener.set_icon_name(param)
                if number in ("0", "2"):
                    self.listener.set_title(param)
        elif kind == "P":
            command = getattr(self.listener, "device_control_string", None)
            if command is not None:
                command(text)
