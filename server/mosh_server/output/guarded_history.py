"""What scrolled off the screen of a session, for those who show it. Reading it does not fail.

As the emulator, it is meant never to raise; where it does all the same, that must not cost the user the session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mosh_common.terminal.history.line import Extent, Found, Line, Position
from mosh_common.terminal.history.reading import NOTHING, Reading

if TYPE_CHECKING:
    from mosh_common.terminal.emulator import Emulator
    from mosh_common.terminal.history.history import History


class GuardedHistory:
    """The history of an emulator, as of the last look at its screen. Nothing here raises."""

    __slots__ = ("_emulator", "_note", "_reading")

    def __init__(self, emulator: Emulator, history: History, note: Callable[[Exception], None]) -> None:
        """`note` is told what failed."""
        self._emulator = emulator
        self._reading = Reading(history)
        self._note = note

    @property
    def extent(self) -> Extent:
        """What there is."""
        return self._reading.extent

    @property
    def alternate(self) -> bool:
        """Whether the alternate screen is shown, off which nothing scrolls."""
        return self._emulator.alternate

    def lines(self, start: Position, most: int, octets: int) -> tuple[Position, list[Line], bool]:
        """Return up to `most` lines from `start` on, of about `octets`; see `Reading.lines`."""
        try:
            return self._reading.lines(start, most, octets)
        except Exception as error:
            self._note(error)
            return start, [], True

    def search(self, text: str, line: int, backwards: bool, units: int) -> Found:
        """Look for the nearest line that has `text`; see `Reading.search`."""
        try:
            return self._reading.search(text, line, backwards, units)
        except Exception as error:
            self._note(error)
            return NOTHING
