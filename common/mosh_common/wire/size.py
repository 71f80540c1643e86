"""A terminal's size as it crosses the wire, and the largest screen: one bound for windows, messages, emulators, ptys.

A larger window is cut by one rule, `nearest_size`, wherever it comes from, so that both ends show the same screen.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_common.errors import UsageError
from mosh_common.wire.drop import Dropped, DropReason

# Columns or lines: an 8K display has 3840 columns in a font two pixels wide. What an emulator does to one row, or keeps
# of each kind of row, costs this much at most.
SIDE_LIMIT: Final = 4096
# Cells. A window of 2^20 cells is a 4K display in a 4×2 pixel font; each cell costs the emulator some octets in each of
# many states.
CELLS_LIMIT: Final = 1 << 20


class Resize(NamedTuple):
    """The terminal has this size from here on."""

    columns: int
    lines: int


def size_is_possible(columns: int, lines: int) -> bool:
    """Return whether both ends can make a terminal of that size."""
    return 1 <= columns <= SIDE_LIMIT and 1 <= lines <= SIDE_LIMIT and columns * lines <= CELLS_LIMIT


def nearest_size(columns: int, lines: int) -> tuple[int, int]:
    """Return the largest possible size that is no larger than that one (and at least 1×1)."""
    columns = min(max(columns, 1), SIDE_LIMIT)
    return columns, min(max(lines, 1), SIDE_LIMIT, CELLS_LIMIT // columns)


def check_size(columns: int, lines: int) -> None:
    """Raise UsageError when no peer would take that size."""
    if not size_is_possible(columns, lines):
        raise UsageError(f"a terminal of {columns}×{lines}; sides from 1 to {SIDE_LIMIT}, at most {CELLS_LIMIT} cells")


def decode_window(columns: int, lines: int) -> Resize:
    """Return the size that a client's window counts as: the nearest possible one. Raises Dropped where it is none.

    A client of another kind may have any window, and would have no session if its size were refused.
    """
    if columns < 1 or lines < 1:
        raise Dropped(DropReason.MALFORMED_DIFF, f"a window of {columns}×{lines}; sides from 1 expected")
    return Resize(*nearest_size(columns, lines))


def decode_size(columns: int, lines: int) -> Resize:
    """Return the size of a server's screen, which is never larger than the window that we told it. Raises Dropped."""
    if not size_is_possible(columns, lines):
        raise Dropped(
            DropReason.MALFORMED_DIFF,
            f"a terminal of {columns}×{lines}; sides from 1 to {SIDE_LIMIT}, at most {CELLS_LIMIT} cells",
        )
    return Resize(columns, lines)
