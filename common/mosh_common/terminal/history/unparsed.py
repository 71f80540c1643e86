"""Text that scrolled off without being drawn: kept as it came, laid out when somebody asks.

Laid out by the emulator's own screen and parser, so that the lines are what drawing would have given.
"""

from __future__ import annotations

import sys
from typing import Final, NamedTuple

from mosh_common.terminal.history.chunks import OVERHEAD_OCTETS
from mosh_common.terminal.parser.stream import Stream
from mosh_common.terminal.screen.past import Beginning, Past
from mosh_common.terminal.screen.screen import Screen

_BEGINNING_OCTETS: Final = 400  # objects that hold what a text begins with; most are shared
_WASTE: Final = 32  # one part in so many may be none of the text
# Characters that are laid out together, about: some milliseconds' work.
LAID_CHARACTERS: Final = 16384


_SAMPLING: Final = 64  # every so many characters one is looked at
_SPARED: Final = 1.125  # times as much memory may be taken by what need not be encoded


class Text(NamedTuple):
    """Lines as a program wrote them, each with its LF, from the start of a blank row on."""

    text: str
    beginning: Beginning
    lines: int


class Unparsed:
    """Such a text in history."""

    __slots__ = ("_beginning", "_end", "_start", "_text", "count", "first", "octets")

    def __init__(self, first: int, text: str, start: int, end: int, beginning: Beginning, *, lines: int) -> None:
        """Keep `text[start:end]`."""
        self.first = first
        self.count = lines
        self._text: str | bytes = text
        self._start, self._end = start, end
        if not text.isascii():
            self._text = compact(text[start:end])
            self._start, self._end = 0, end - start
        elif (len(text) - (end - start)) * _WASTE > len(text):
            self._text, self._start, self._end = text[start:end], 0, end - start
        # Else the whole text is kept, for copying is a good part of what keeping it costs.
        self._beginning = beginning
        size = sys.getsizeof(self._text)
        self.octets = size + 4 * len(beginning.style.link) + _BEGINNING_OCTETS + OVERHEAD_OCTETS

    @property
    def text(self) -> str:
        """What the program wrote."""
        text = self._text
        return text[self._start : self._end] if isinstance(text, str) else text.decode()

    @property
    def plain(self) -> bool:
        """Whether what it wrote stands in the lines as it is, but for sequences."""
        rules, charsets = self._beginning.rules, self._beginning.charsets
        return rules.autowrap and not rules.insert_mode and charsets.translation() is None

    def parts(self) -> list[Text]:
        """Return the text in parts, each of which is laid out in some milliseconds."""
        return parts_of(Text(self.text, self._beginning, self.count), LAID_CHARACTERS)


def compact(text: str) -> str | bytes:
    """Return `text` as it is kept, if it is not ASCII: as it is where UTF-8 would take about as much, or more."""
    needed = _SAMPLING * len(text[::_SAMPLING].encode())
    return text if sys.getsizeof(text) <= _SPARED * needed else text.encode()


def parts_of(text: Text, characters: int) -> list[Text]:
    """Return parts of a text that have about so many characters, cut where a row begins."""
    whole, beginning, _ = text
    if len(whole) <= characters:
        return [text]
    screen = Screen(1, 1)  # whose rendition follows the text
    screen.set_style(beginning.style)
    parts: list[Text] = []
    start = 0
    while start < len(whole):
        # Without newline mode, LF alone does not go to where a row begins.
        end = whole.rfind("\r\n", start, start + characters) + 2
        if end == 1:
            end = whole.find("\r\n", start) + 2
        if end == 1 or len(whole) - start <= characters:
            end = len(whole)
        part = whole[start:end]
        parts.append(Text(part, beginning._replace(style=screen.style), part.count("\n")))
        screen.follow_renditions(whole, start, end)
        start = end
    return parts


def draw(text: Text, past: Past) -> None:
    """Draw a text on a screen of one row; `past` gets what scrolls off it: all of its lines."""
    beginning = text.beginning
    screen = Screen(beginning.columns, 1)
    screen.past = past
    screen.rules = beginning.rules
    screen.use_charsets(beginning.charsets)
    screen.settings = screen.settings._replace(newline_mode=beginning.newline_mode)
    screen.tab_stops = beginning.tab_stops
    screen.set_style(beginning.style)
    screen.rows[0] = screen.blank_row()
    Stream(screen, skipping=False).execute(text.text)
