"""Control strings: OSC (titles, clipboard, hyperlinks, colours) and DCS (settings).

What is not known is skipped whole.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.payloads import LONGEST_KEPT_CLIPBOARD, is_clipboard, link_of, title_of
from mosh_common.terminal.screen.reports import Reports

MAX_TITLE_STACK: Final = 10  # as xterm


class Strings(Reports):
    """What control strings set, and what only they can set."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.title = ""
        self.icon_name = ""
        self.title_set = False  # whether either was ever set
        self.title_stack: list[tuple[str, str]] = []  # XTPUSHTITLE
        self.clipboard = ""  # last OSC 52, "selection;base64"
        self.clipboard_too_long = 0  # characters of base64 in one that no frame takes; 0 = none since it was asked for

    def set_title(self, param: str) -> None:
        """OSC 2 (and 0)."""
        self.title = title_of(param)
        self.title_set = True

    def set_icon_name(self, param: str) -> None:
        """OSC 1 (and 0)."""
        self.icon_name = title_of(param)
        self.title_set = True

    def operating_system_command(self, text: str, terminator: str = "\x1b\\") -> None:
        """Execute an OSC string; an answer to it ends with the same terminator."""
        number, _, rest = text.partition(";")
        if number in ("0", "1", "2"):
            if number != "2":
                self.set_icon_name(rest)
            if number != "1":
                self.set_title(rest)
        elif number == "8":
            self._set_link(rest)
        elif number == "52":
            self._set_clipboard(rest)
        elif number in ("4", "10", "11", "12"):
            self.report_colors(int(number), rest, terminator)

    def _set_link(self, text: str) -> None:
        """OSC 8: `params;uri`; an empty URI ends the link, and so does one that is not kept."""
        self.set_style(self.style._replace(link=link_of(text)))

    def _set_clipboard(self, text: str) -> None:
        """OSC 52: `selection;base64`. A question is never answered: the far side must not read the user's clipboard."""
        if is_clipboard(text):
            self.clipboard = text
        elif not self.executes_frames and is_clipboard(text, longest=len(text)):
            if is_clipboard(text, longest=LONGEST_KEPT_CLIPBOARD):
                self.clipboard = text
            self.refuse_clipboard(len(text))

    def refuse_clipboard(self, length: int) -> None:
        """Note that OSC 52 with about so many characters does not reach the user's terminal."""
        self.clipboard_too_long = length

    def device_control_string(self, text: str) -> None:
        """Execute a DCS string: DECRQSS; XTGETTCAP gets "unknown"."""
        if text.startswith("$q"):
            self.report_setting(text[2:])
        elif text.startswith("+q"):
            self.write_process_input("\x1bP0+r\x1b\\")

    def window_operation(self, *parameters: int) -> None:
        """XTWINOPS: 22 and 23 push and pop the titles; some reports. The window itself is the user's."""
        what = parameters[0] if parameters else 0
        which = parameters[1] if len(parameters) > 1 else 0
        if what == 22:
            self.title_stack.append((self.title, self.icon_name))
            del self.title_stack[:-MAX_TITLE_STACK]
        elif what == 23:
            if self.title_stack:
                title, icon_name = self.title_stack.pop()
                if which in (0, 2):
                    self.title = title
                if which in (0, 1):
                    self.icon_name = icon_name
        else:
            self.report_window(*parameters)
