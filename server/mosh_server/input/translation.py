"""Cursor keys for applications that did not ask for application-cursor mode.

The client's terminal is always in that mode (docs/terminal.md §5), so its arrows arrive as ESC O A…D, Home and End as
ESC O H and F; an application in the normal mode expects ESC [ there (xterm's PC-style function keys). Only the O is
ever held back, and only after an ESC, so the Escape key itself is never late. Knows neither the pty nor the emulator:
the mode is an argument, and so is time.
"""

from __future__ import annotations

import re
from typing import Final

# A typed Alt-O is ESC O and nothing more. Arrows sent as one key press come in one state or in adjacent ones, well
# within this; a person who types Alt-O does not notice it.
HOLD_MS: Final = 50

_SS3_KEY: Final = re.compile(rb"\x1bO(?=[A-DFH])")


class CursorKeyTranslation:
    """A stream of the user's input, in reads of any size, turned into what the application expects."""

    __slots__ = ("_after_escape", "_held_since")

    def __init__(self) -> None:
        self._after_escape = False  # the last octet given out was an ESC that may begin ESC O A
        self._held_since: int | None = None  # an O after that ESC came then and was not given out yet

    def translate(self, data: bytes, *, application_cursor_keys: bool, now: int) -> bytes:
        """Return what the application gets for `data`. Afterwards ask `next_deadline` when to call `flush`."""
        if not data:
            return b""
        # The ESC went out with an earlier read: put it back for the pattern's sake, and leave it out of the result.
        prefix = b""
        if self._held_since is not None:
            prefix = b"\x1bO"
        elif self._after_escape:
            prefix = b"\x1b"
        text = prefix + data
        if not application_cursor_keys:
            text = _SS3_KEY.sub(b"\x1b[", text)
        if prefix:
            text = text[1:]
        self._held_since = None
        self._after_escape = (prefix + data).endswith(b"\x1b")
        if not application_cursor_keys and (prefix + data).endswith(b"\x1bO"):
            self._held_since = now
            text = text[:-1]
        return text

    def flush(self, *, now: int) -> bytes:
        """Give out a held O whose time has come: no such key followed it."""
        if self._held_since is None or now < self._held_since + HOLD_MS:
            return b""
        return self.release()

    def release(self) -> bytes:
        """Give out a held O: nothing follows."""
        held = b"" if self._held_since is None else b"O"
        self._held_since = None
        return held

    def next_deadline(self) -> int | None:
        """Return when `flush` must be called, None when nothing is held."""
        return None if self._held_since is None else self._held_since + HOLD_MS
