"""Whether what a client typed ends within a bracketed paste: then nobody but that client would say its end.

Knows neither the pty nor the emulator.
"""

from __future__ import annotations

from typing import Final

_BEGIN: Final = b"\x1b[200~"
END_OF_PASTE: Final = b"\x1b[201~"
_PARTIAL_OCTETS: Final = len(_BEGIN) - 1  # of a marker that the next octets may complete


class PasteWatch:
    """A stream of the user's input, in reads of any size; `open` while a paste in it has begun and not ended."""

    __slots__ = ("_last", "open")

    def __init__(self) -> None:
        self._last = b""
        self.open = False

    def typed(self, data: bytes) -> None:
        """Take what follows."""
        text = self._last + data
        begins, ends = text.rfind(_BEGIN), text.rfind(END_OF_PASTE)
        if begins != ends:
            self.open = begins > ends
        self._last = text[-_PARTIAL_OCTETS:]
