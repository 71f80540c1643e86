"""What the programs wrote and the emulator has not executed yet.

In the order in which it came, cut where a synchronized update begins: the screen before the last of them is worth a
frame. Knows nothing of the session's policy and of time.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from mosh_server.output.guarded_emulator import GuardedEmulator

_BEGIN_SYNCHRONIZED_UPDATE: Final = b"\x1b[?2026h"


class OutputQueue:
    """Output on its way into `emulator`."""

    __slots__ = ("_emulator", "_updates")

    def __init__(self, emulator: GuardedEmulator) -> None:
        self._emulator = emulator
        self._updates: deque[bytes] = deque()  # not given to the emulator yet: each begins a synchronized update

    @property
    def waiting(self) -> bool:
        """Whether something is to be executed; what the emulator puts off until somebody looks does not count."""
        return bool(self._updates) or self._emulator.waiting

    def add(self, data: bytes) -> None:
        """Append `data`; afterwards `digest` as long as something is `waiting`."""
        cut = data.rfind(_BEGIN_SYNCHRONIZED_UPDATE)
        pieces = [data[:cut], data[cut:]] if cut > 0 else [data]
        if self._updates:
            self._updates.extend(pieces)
        else:
            self._emulator.take(pieces[0])
            self._updates.extend(pieces[1:])

    def digest(self) -> bool:
        """Execute a portion; return whether it came to the end of what was written before a synchronized update."""
        if self._emulator.waiting or self._emulator.put_off:
            self._emulator.digest()
        return bool(self._updates) and not self._emulator.waiting

    def begin_update(self) -> None:
        """Go on with the update that `digest` came to."""
        self._emulator.take(self._updates.popleft())
