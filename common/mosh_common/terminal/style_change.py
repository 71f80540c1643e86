"""A change of style applied to rows of palette letters (DECCARA, DECRARA): each letter is worked out once.

Knows nothing of screens. What is kept belongs to one palette, and goes with it.
"""

from __future__ import annotations

from collections.abc import Callable

from mosh_common.terminal.cells import Palette, Style


class StyleChange:
    """What becomes of the letters of `palette` when each style becomes `changed(style)`."""

    __slots__ = ("_changed", "_table", "palette")

    def __init__(self, palette: Palette, changed: Callable[[Style], Style]) -> None:
        self.palette = palette
        self._changed = changed
        self._table: list[str | None] = []  # by letter; None: not worked out yet, which `translate` leaves out

    @property
    def size(self) -> int:
        """How many letters it has room for."""
        return len(self._table)

    def apply(self, letters: str) -> str:
        """Return `letters` after the change. Raises OverflowError when the palette is full."""
        table, styles = self._table, self.palette.styles
        if len(table) < len(styles):
            table.extend([None] * (len(styles) - len(table)))
        result = letters.translate(table)
        if len(result) != len(letters):
            letter, changed = self.palette.letter, self._changed
            for old in map(ord, set(letters)):
                if table[old] is None:
                    table[old] = letter(changed(styles[old]))
            result = letters.translate(table)
        return result
