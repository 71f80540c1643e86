"""The line in which the user types what to look for."""

from __future__ import annotations

from typing import Final

from mosh_client.renderer.pager.keys import BACKSPACE, ENTER, ESCAPE, Key
from mosh_common.terminal.history.line import LONGEST_SEARCH, may_stand_in_line
from mosh_common.terminal.width import char_width

_CLEAR: Final = "\x15"  # Ctrl-U
_INTERRUPT: Final = "\x03"  # Ctrl-C


class InputLine:
    """What was typed so far, behind the sign that says what it is for."""

    def __init__(self, sign: str) -> None:
        self.sign = sign
        self.text = ""
        self.accepted = False  # the line is over, and is to be used …
        self.cancelled = False  # … or it is not

    def take(self, key: Key) -> None:
        """Take a key; what is none of a line does nothing."""
        if key.name == ENTER:
            self.accepted = True
        elif key.name in (ESCAPE, _INTERRUPT) or (key.name == BACKSPACE and not self.text):
            self.cancelled = True
        elif key.name == BACKSPACE:
            self.text = self.text[:-1]
        elif key.name == _CLEAR:
            self.text = ""
        elif len(key.name) == 1 and may_stand_in_line(key.name):
            # SECURITY: as long as a search may be, however much is pasted. Test: test_a_search_is_bounded.
            self.text = (self.text + key.name)[:LONGEST_SEARCH]

    def shown(self, columns: int) -> str:
        """Return what stands in so many columns: the end of the text if not all of it does, and room for a cursor."""
        text = self.text
        while text and _columns(text) + 2 > columns:
            text = text[1:]
        return self.sign + text

    def cursor(self, columns: int) -> int:
        """Return in which column the cursor stands."""
        return _columns(self.shown(columns))


def _columns(text: str) -> int:
    return sum([max(char_width(char), 1) for char in text])
