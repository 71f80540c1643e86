"""What native scroll has to know of the user's terminal."""

from __future__ import annotations

from typing import NamedTuple

from mosh_client.scrollback_end import ScrollbackEnd


class NativeTerminal(NamedTuple):
    """How its screens are changed and its scrollback is cleared; b"" where it cannot."""

    smcup: bytes = b""
    rmcup: bytes = b""
    clear: bytes = b""  # ED 3, which leaves the screen alone
    end: ScrollbackEnd | None = None  # word of the renderer before, and for the next one
