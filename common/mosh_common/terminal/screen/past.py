"""What a screen tells whoever keeps what scrolls off it. Knows nothing of how that is kept.

Rows come as they stood when they scrolled off; what was not drawn because it scrolled away unseen comes as text, with
what it began with.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

from mosh_common.terminal.cells import Palette, Row, Style
from mosh_common.terminal.screen.charsets import Charsets
from mosh_common.terminal.screen.state import Rules
from mosh_common.terminal.screen.unseen import Unseen


class Beginning(NamedTuple):
    """What a text that is not drawn begins with, at the start of a blank row."""

    columns: int
    style: Style  # rendition, and the background of that row
    rules: Rules
    charsets: Charsets
    tab_stops: bytes  # one octet per column
    newline_mode: bool


class Past(Protocol):
    """Who keeps it."""

    def push(self, rows: list[Row], palette: Palette) -> int:
        """Take rows that scrolled off the top, the oldest first; return what that cost in units of work."""
        ...

    def lend(self, rows: list[Row], palette: Palette) -> None:
        """Take rows for which the screen has become too low: they may be taken back."""
        ...

    def take_back(self, count: int, palette: Palette) -> list[Row]:
        """Return the newest `count` rows, or fewer, if they were lent and nothing scrolled off since."""
        ...

    def keep(self, text: str, start: int, end: int, beginning: Beginning, *, lines: int) -> None:
        """Take `text[start:end]`, plain, so many lines with their LF, that scrolled off without being drawn."""
        ...

    @property
    def unseen(self) -> Unseen:
        """What scrolls off next and was kept already: it is not taken again."""
        ...

    @property
    def goes_on(self) -> bool:
        """Whether what scrolled off last wrapped: the first row of the screen goes on from it."""
        ...

    def erased(self) -> None:
        """Say that the first row of the screen was erased, with others."""
        ...

    def begin_update(self, rows: list[Row], palette: Palette) -> None:
        """Say that a synchronized update begins, on a screen of these rows."""
        ...

    def end_update(self) -> None:
        """Say that none goes on."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...
