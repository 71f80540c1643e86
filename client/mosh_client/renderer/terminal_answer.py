"""Whether the terminal has synchronized updates: the question, and its answer kept out of what the user types.

Pure: octets in, octets out, time is an argument. The question is DECRQM for mode ?2026, which terminals of the xterm
family answer with DECRPM (`CSI ? 2026 ; Ps $ y`) or skip. No key sends such an answer, so it is taken out whenever it
comes; what may be its beginning waits a moment for the rest.
"""

from __future__ import annotations

import re
from typing import Final

QUESTION: Final = b"\x1b[?2026$p"
_ANSWER: Final = re.compile(rb"\x1b\[\?2026;([0-4])\$y")
_AVAILABLE: Final = (b"1", b"2")  # set and reset; 0: not known, 3 and 4: cannot be changed
_BEGINNING: Final = re.compile(rb"\x1b(?:\[(?:\?(?:2(?:0(?:2(?:6(?:;(?:[0-4]\$?)?)?)?)?)?)?)?)?\Z")
_CERTAIN_OCTETS: Final = 3  # `CSI ?` begins no key; ESC alone is one, and so is ESC [

ANSWER_PATIENCE_MS: Final = 1000  # a terminal behind a slow ssh takes a round trip
HOLD_MS: Final = 100  # for the rest of an answer
HOLD_ESCAPE_MS: Final = 25  # for the rest of what may be a key: less than anybody notices


class TerminalAnswer:
    """Asks once; afterwards every read of the terminal goes through `keys`."""

    def __init__(self) -> None:
        self._asked_at: int | None = None
        self._held = b""  # the end of the last read, which may be the beginning of the answer
        self._held_until = 0
        self.synchronizes: bool | None = None  # what the terminal answered; None = nothing yet

    def ask(self, *, now: int) -> bytes:
        """Return what to write to the terminal."""
        self._asked_at = now
        return QUESTION

    def awaited(self, *, now: int) -> bool:
        """Return whether the answer may well be on its way."""
        return self.synchronizes is None and self._asked_at is not None and now - self._asked_at < ANSWER_PATIENCE_MS

    def keys(self, data: bytes, *, now: int) -> bytes:
        """Return what of one read of the terminal are keys; "" reads give those whose time to wait is over."""
        if self.synchronizes is not None or self._asked_at is None:
            return data  # the common case at once
        if self._held and not data and now < self._held_until:
            return b""
        held, self._held = self._held, b""
        if not data:
            return held
        data = held + data
        found = _ANSWER.search(data)
        if found:
            self.synchronizes = found.group(1) in _AVAILABLE
            return data[: found.start()] + data[found.end() :]
        beginning = _BEGINNING.search(data)
        if beginning:
            octets = len(beginning.group())
            if octets >= _CERTAIN_OCTETS or self.awaited(now=now):
                self._held = beginning.group()
                self._held_until = now + (HOLD_MS if octets >= _CERTAIN_OCTETS else HOLD_ESCAPE_MS)
                return data[: beginning.start()]
        return data

    def next_deadline(self) -> int | None:
        """Return when to call `keys` with b""; None = never."""
        return self._held_until if self._held else None
