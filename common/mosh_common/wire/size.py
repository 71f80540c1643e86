"""A terminal's size as it crosses the wire, and what sizes are believable. Shared by user and host messages."""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_common.errors import UsageError
from mosh_common.wire.drop import Dropped, DropReason

SIDE_LIMIT: Final = 0x7FFF  # columns or lines; a pty's window size has 16 bits
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


def decode_size(columns: int, lines: int) -> Resize:
    """Return the size that a peer sent. Raises Dropped."""
    if not size_is_possible(columns, lines):
        raise Dropped(
            DropReason.MALFORMED_DIFF,
            f"a terminal of {columns}×{lines}; sides from 1 to {SIDE_LIMIT}, at most {CELLS_LIMIT} cells",
        )
    return Resize(columns, lines)
