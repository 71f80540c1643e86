"""What a screen keeps beside its rows, as values. Each is replaced whole, so that what is declared in one is reset."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, NamedTuple

from mosh_common.terminal.cells import DEFAULT_STYLE, Row, Style
from mosh_common.terminal.screen.charsets import DEFAULT_CHARSETS, Charsets

TAB_WIDTH: Final = 8

# Phases of the cursor: whether a combining character or REP has a character to refer to, and whether the next
# printed one wraps first. One attribute, because most control functions reset both.
MOVED: Final = 0
WRITTEN: Final = 1  # the character before the cursor was printed last
WRITTEN_HERE: Final = 2  # the character under the cursor was, in the last column, but its wrap was cancelled
PENDING: Final = 3  # the same, and the wrap is pending
PENDING_MOVED: Final = 4  # a wrap is pending, but something that keeps it came between


class Rules(NamedTuple):
    """How text and moves are taken: what DECSTR, RIS and a restored snapshot set back."""

    autowrap: bool = True  # DECAWM
    insert_mode: bool = False  # IRM: what is printed pushes the rest of the row to the right
    origin_mode: bool = False  # DECOM: positions are relative to the margins
    margin_mode: bool = False  # DECLRMM: left and right margins can be set
    reverse_wrap: bool = False  # what moves left goes on in the row above
    wrap_before_tab: bool = False  # xterm's fix for "more": HT executes a pending wrap
    iso_protection: bool = False  # protected cells were made by SPA, which ordinary erasures respect too
    # For the keyboard; nothing here looks at them.
    application_cursor_keys: bool = False  # DECCKM
    application_keypad: bool = False  # DECNKM, DECKPAM


class Settings(NamedTuple):
    """What DECSTR leaves, and RIS and a restored snapshot set back."""

    newline_mode: bool = False  # LNM: LF is also CR
    flags: frozenset[int] = frozenset()  # private modes that are set, and only remembered
    saved_modes: Mapping[int, bool] = MappingProxyType({})  # XTSAVE
    conformance_level: int = 5  # DECSCL


DEFAULT_RULES: Final = Rules()
DEFAULT_SETTINGS: Final = Settings()


class SavedCursor(NamedTuple):
    """What DECSC saves and DECRC restores."""

    row: int = 0
    column: int = 0
    wrap_pending: bool = False
    style: Style = DEFAULT_STYLE
    charsets: Charsets = DEFAULT_CHARSETS
    origin_mode: bool = False

    def moved_up(self, count: int) -> SavedCursor:
        """Return the same on a screen that lost `count` rows at the top; that got some if it is negative."""
        return self._replace(row=max(0, self.row - count)) if count else self


NEVER_SAVED: Final = SavedCursor()  # home, with defaults


class OtherScreen(NamedTuple):
    """The screen that is not shown: the main one while an application uses the alternate one, and vice versa."""

    rows: list[Row]
    saved: SavedCursor


@lru_cache(maxsize=16)
def default_tab_stops(columns: int) -> bytes:
    """Return one octet per column, 1 where a tab stop is: every eight columns, not in the first."""
    return bytes([column > 0 and column % TAB_WIDTH == 0 for column in range(columns)])
