"""The emulator: bytes in, a screen out. The facade that the rest of the project uses.

Server: feed what the application writes, send back `replies()`, take `snapshot()`s. Client: `restore()` a state and
feed a diff. Does no input or output and knows no time.
"""

from __future__ import annotations

import codecs

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.modes import CURSOR_KEYS, KEYPAD, SYNCHRONIZED
from mosh_common.terminal.screen import Screen
from mosh_common.terminal.stream import Stream

_decoder = codecs.getincrementaldecoder("utf-8")


class Emulator:
    """A terminal of `columns` × `lines`."""

    def __init__(self, columns: int, lines: int, *, skipping: bool = True) -> None:
        self.screen = Screen(columns, lines)
        self._stream = Stream(self.screen)
        self._decoder = _decoder("replace")  # malformed UTF-8: U+FFFD per maximal subpart (Unicode §3.9)
        self._snapshot: Snapshot | None = None  # the last one taken, while nothing was fed since

    def feed(self, data: bytes) -> None:
        """Execute what the application wrote; sequences and characters may be cut anywhere. Never raises."""
        self._snapshot = None
        self._stream.feed(self._decoder.decode(data))

    def replies(self) -> bytes:
        """Return the answers to the application since the last call."""
        return self.screen.take_replies().encode()

    def resize(self, columns: int, lines: int) -> None:
        """Take a new size: rows and columns are cut or added at the bottom and right."""
        self._snapshot = None
        self.screen.resize(lines, columns)

    def snapshot(self) -> Snapshot:
        """Return this moment of the screen; the same object while nothing was fed."""
        if self._snapshot is None:
            self._snapshot = self.screen.snapshot()
        return self._snapshot

    def restore(self, snapshot: Snapshot) -> None:
        """Become that screen, with the parser at ground."""
        self._stream.reset_parser()
        self._decoder.reset()
        self.screen.restore(snapshot)
        self._snapshot = snapshot

    @property
    def in_synchronized_update(self) -> bool:
        """Whether the application is in the middle of a frame (?2026)."""
        return SYNCHRONIZED in self.screen.flags

    @property
    def application_cursor_keys(self) -> bool:
        """Whether the application asked for SS3 cursor keys (DECCKM)."""
        return CURSOR_KEYS in self.screen.flags

    @property
    def application_keypad(self) -> bool:
        """Whether the application asked for the application keypad (DECKPAM, DECNKM)."""
        return KEYPAD in self.screen.flags
