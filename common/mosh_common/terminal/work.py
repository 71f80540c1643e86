"""How much executing output has cost, and how much it may: what programs write is bounded in work, not in octets.

Counted, not measured, for nothing here reads a clock; the unit is about what one short sequence costs, a microsecond
on a machine of today. Whoever is about to touch many cells says so first.
"""

from __future__ import annotations

from typing import Final

UNLIMITED: Final = 1 << 62

CELLS_PER_UNIT: Final = 16  # of one operation on many cells, each with a style of its own


class Work:
    """Work `done` so far, and the `limit` at which execution is to pause."""

    __slots__ = ("done", "limit")

    def __init__(self) -> None:
        self.done = 0
        self.limit = UNLIMITED

    @property
    def exhausted(self) -> bool:
        """Whether execution is to pause before the next sequence."""
        return self.done >= self.limit

    def begin(self, units: int | None) -> None:
        """Allow so much more from now on; None = any amount."""
        self.limit = UNLIMITED if units is None else self.done + units

    def charge_cells(self, count: int) -> None:
        """Say that an operation is about to touch so many cells."""
        self.done += 1 + count // CELLS_PER_UNIT


def cost_of(text: str) -> int:
    """Return what executing `text` costs at most, beside the cells that its sequences touch."""
    sequences = text.count("\x1b")
    controls = text.count("\n") + text.count("\b") + text.count("\t") + text.count("\r")
    marks = 0 if text.isascii() else len(text)  # any of them may join a cell
    return 2 * (sequences + controls) + marks + len(text) // 32
