"""Keys that were typed behind a search: they are for the place that it finds, and wait until it has been answered.

What leaves the pager does not wait, nor does what gives the search up. Pure: keys in, keys out; which of them are
commands is pager.py's to say.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, NamedTuple

from mosh_client.renderer.pager.input_line import InputLine
from mosh_client.renderer.pager.keys import ESCAPE, Key

MOST_WAITING: Final = 256  # keys; with more of them the search is given up, and they are taken
GIVING_UP: Final = (ESCAPE, "\x03")  # the search, whatever waits: Ctrl-C


class Commands(NamedTuple):
    """Names of keys with which the pager stays."""

    reading: Container[str]
    marking: Container[str]  # besides, with a cursor
    lines: Container[str]  # begin a line of text
    cursor: Container[str]  # of reading: show a cursor
    no_cursor: Container[str]  # of reading: take it away


class WaitingKeys:
    """Keys in the order in which they were typed."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._keys: list[Key] = []
        self._line: InputLine | None = None  # which the last of them are typed into
        self._marking = False  # there is a cursor after them

    @property
    def full(self) -> bool:
        """Whether there is no room for another one."""
        return len(self._keys) >= MOST_WAITING

    def hold(self, key: Key, *, marking: bool) -> bool:
        """Keep a key that is to wait; return False for one that takes effect at once. `marking`: there is a cursor."""
        if key.name in GIVING_UP:
            return False
        if not self._keys:
            self._marking = marking
        if self._line is not None:
            self._line.take(key)
            if self._line.accepted or self._line.cancelled:
                self._line = None
        elif not self._is_command(key.name):
            return False
        elif key.name in self._commands.lines:
            self._line = InputLine(key.name)
        self._keys.append(key)
        return True

    def take(self) -> list[Key]:
        """Return and forget those that wait."""
        taken, self._keys, self._line = self._keys, [], None
        return taken

    def _is_command(self, name: str) -> bool:
        commands = self._commands
        if name in commands.cursor:
            self._marking = True
        elif name in commands.no_cursor:
            self._marking = False
        return name in commands.reading or name in commands.lines or (self._marking and name in commands.marking)
