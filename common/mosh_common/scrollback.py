"""Where what scrolls off the screen goes, as `mosh --scrollback` and MOSH_SCROLLBACK say it."""

from __future__ import annotations

from typing import Final

NONE: Final = "none"  # nowhere: the pager shows it
NATIVE: Final = "native"  # into the scrollback of the user's terminal
SPELLINGS: Final = (NATIVE, NONE)
DEFAULT: Final = NONE
