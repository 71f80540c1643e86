"""Answers to the application: identity, status, cursor position, modes, settings, colours."""

from __future__ import annotations

from typing import Any, Final

from mosh_common.terminal.cells import PROTECTED
from mosh_common.terminal.colors import rgb_of
from mosh_common.terminal.screen.modes import ModeControl
from mosh_common.terminal.screen.sgr import sgr_report
from mosh_common.version import VERSION

NAME_AND_VERSION: Final = f"mosh-py({VERSION.rpartition('.')[0]})"  # XTVERSION
MAX_REPLY_CHARACTERS: Final = 65536  # waiting to be fetched; beyond it nothing is answered
_CSI: Final = "\x1b["
_DCS: Final = "\x1bP"
_ST: Final = "\x1b\\"

# Defaults of a dark terminal, for who asks with OSC 10–12 and 4. Only whether it is dark matters to anyone.
FOREGROUND: Final = 0xE5E5E5
BACKGROUND: Final = 0x000000


def color_specification(color: int) -> str:
    """Return `rgb:rrrr/gggg/bbbb` (XParseColor), as terminals report colours."""
    parts = (color >> 16 & 255, color >> 8 & 255, color & 255)
    return "rgb:" + "/".join(f"{part:02x}{part:02x}" for part in parts)


class Reports(ModeControl):
    """Answers collect in `pending_replies` until the owner fetches them."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.pending_replies: list[str] = []
        self._pending_length = 0

    def write_process_input(self, data: str) -> None:
        """Send `data` to the application (pyte's name for it)."""
        if self._pending_length + len(data) <= MAX_REPLY_CHARACTERS:
            self.pending_replies.append(data)
            self._pending_length += len(data)

    def take_replies(self) -> str:
        """Return the answers that wait, and forget them."""
        text = "".join(self.pending_replies)
        self.pending_replies.clear()
        self._pending_length = 0
        return text

    # --- identity

    def report_device_attributes(self, mode: int = 0, *_: int, private: bool = False, **__: Any) -> None:
        """DA: a VT220, like upstream."""
        if mode == 0 and not private:
            self.write_process_input(_CSI + "?62c")

    def report_secondary_attributes(self, mode: int = 0, *_: int) -> None:
        """DA2, like upstream's."""
        if mode == 0:
            self.write_process_input(_CSI + ">1;10;0c")

    def report_tertiary_attributes(self, mode: int = 0, *_: int) -> None:
        """DA3: a unit without a number."""
        if mode == 0:
            self.write_process_input(_DCS + "!|00000000" + _ST)

    def report_version(self, mode: int = 0, *_: int) -> None:
        """XTVERSION."""
        if mode == 0:
            self.write_process_input(_DCS + ">|" + NAME_AND_VERSION + _ST)

    def report_parameters(self, how: int = 0, *_: int) -> None:
        """DECREQTPARM: as from a line at 38,400 baud, eight bits, no parity."""
        if how <= 1:
            self.write_process_input(f"{_CSI}{how + 2};1;1;128;128;1;0x")

    # --- status

    def report_device_status(self, mode: int = 0, *parameters: int, private: bool = False) -> None:
        """DSR: 5 status, 6 cursor position (CPR; DECXCPR if private), and the private ones that apply."""
        row, column = self.cursor_row + 1, self.cursor_column + 1
        if self.rules.origin_mode:
            row, column = row - self.top, column - self.left
        if not private:
            if mode == 5:
                self.write_process_input(_CSI + "0n")
            elif mode == 6:
                self.write_process_input(f"{_CSI}{row};{column}R")
            return
        answers = {
            6: f"?{row};{column};1R",
            15: "?13n",  # no printer
            25: "?20n",  # user-defined keys: unlocked
            26: "?27;1;0;0n",  # keyboard: North American
            53: "?50n",  # no locator
            55: "?50n",
            56: "?57;0n",
            62: "0*{",  # no macro space
            75: "?70n",  # data integrity: no error
            85: "?83n",  # no multiple sessions
        }
        if mode == 63:  # DECCKSR: checksum of the macros, of which there are none
            self.write_process_input(f"{_DCS}{parameters[0] if parameters else 0}!~0000{_ST}")
        elif mode in answers:
            self.write_process_input(_CSI + answers[mode])

    def report_mode(self, mode: int = 0, *_: int, private: bool = False) -> None:
        """DECRQM: 0 unknown, 1 set, 2 reset, 4 always reset."""
        value = self.private_mode_is_set(mode) if private else self.mode_is_set(mode)
        answer = 0 if value is None else 1 if value else 2
        if not private and self.mode_is_fixed(mode):
            answer = 4
        self.write_process_input(f"{_CSI}{'?' if private else ''}{mode};{answer}$y")

    def report_window(self, *parameters: int) -> None:
        """XTWINOPS: 11 state, 18 and 19 size in characters; titles are never reported, for safety."""
        what = parameters[0] if parameters else 0
        answers = {11: "1t", 18: f"8;{self.lines};{self.columns}t", 19: f"9;{self.lines};{self.columns}t"}
        if what in answers:
            self.write_process_input(_CSI + answers[what])

    # --- strings

    def report_setting(self, what: str) -> None:
        """DECRQSS: the setting as the sequence that would make it."""
        answers = {
            "m": sgr_report(self.style) + "m",
            "r": f"{self.top + 1};{self.bottom + 1}r",
            "s": f"{self.left + 1};{self.right + 1}s",
            " q": f"{self.modes.cursor_shape or 1} q",
            '"q': f'{1 if self.style.flags & PROTECTED else 0}"q',
            '"p': f'6{self.settings.conformance_level};1"p',
            "t": f"{self.lines}t",
            "$|": f"{self.columns}$|",
            "*|": f"{self.lines}*|",
        }
        answer = answers.get(what)
        self.write_process_input(f"{_DCS}{1 if answer else 0}$r{answer or ''}{_ST}")

    def report_colors(self, number: int, parameters: str, terminator: str) -> None:
        """OSC 4, 10, 11, 12 with `?`: the colour in question."""
        items = parameters.split(";", 64)[:64]
        if number == 4:
            for index, value in zip(items[::2], items[1::2], strict=False):
                # Beyond ASCII there are digits that int() refuses ("²").
                if value != "?" or len(index) > 3 or not (index.isascii() and index.isdigit()):
                    continue
                if int(index) < 256:
                    color = color_specification(rgb_of(int(index)))
                    self.write_process_input(f"\x1b]4;{int(index)};{color}{terminator}")
            return
        for which, value in enumerate(items, number):
            if value == "?" and which in (10, 11, 12):
                color = color_specification(BACKGROUND if which == 11 else FOREGROUND)
                self.write_process_input(f"\x1b]{which};{color}{terminator}")
