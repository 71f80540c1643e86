"""Text that scrolled off without being drawn: kept as it came, laid out when somebody asks.

Laid out by the emulator's own screen and parser, so that the lines are what drawing would have given.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.history.chunks import OVERHEAD_OCTETS
from mosh_common.terminal.parser.stream import Stream
from mosh_common.terminal.screen.past import Beginning, Past
from mosh_common.terminal.screen.screen import Screen

_BEGINNING_OCTETS: Final = 400  # objects that hold what a text begins with; most are shared


class Unparsed:
    """Lines as a program wrote them, each with its LF, from the start of a blank row on."""

    __slots__ = ("_beginning", "_text", "count", "first", "octets")

    def __init__(self, first: int, text: str, beginning: Beginning, *, lines: int) -> None:
        self.first = first
        self.count = lines
        self._text = text.encode()
        self._beginning = beginning
        self.octets = len(self._text) + 4 * len(beginning.style.link) + _BEGINNING_OCTETS + OVERHEAD_OCTETS

    @property
    def text(self) -> str:
        """What the program wrote."""
        return self._text.decode()

    @property
    def plain(self) -> bool:
        """Whether what it wrote stands in the lines as it is, but for sequences."""
        beginning = self._beginning
        rules, charsets = beginning.rules, beginning.charsets
        return rules.autowrap and not rules.insert_mode and charsets.translation() is None

    def draw(self, past: Past) -> None:
        """Draw the text on a screen of one row; `past` gets what scrolls off it."""
        beginning = self._beginning
        screen = Screen(beginning.columns, 1)
        screen.past = past
        screen.rules = beginning.rules
        screen.use_charsets(beginning.charsets)
        screen.settings = screen.settings._replace(newline_mode=beginning.newline_mode)
        screen.tab_stops = beginning.tab_stops
        screen.set_style(beginning.style)
        screen.rows[0] = screen.blank_row()
        Stream(screen, skipping=False).execute(self.text)
