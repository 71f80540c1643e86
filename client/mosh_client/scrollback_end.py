"""Where the user's scrollback ends and which screen the terminal shows, for a renderer that follows one that died.

The renderers share the memory that the launcher made before it forked.
"""

from __future__ import annotations

from typing import Final

_OCTETS: Final = 8  # of a number
_NUMBERS: Final = 5  # known at all, line, column, clears, alternate screen


class ScrollbackEnd:
    """The newest word. A renderer that is killed while it writes it is one in a million: what follows is checked."""

    def __init__(self) -> None:
        import mmap  # only with native scroll

        self._memory = mmap.mmap(-1, _OCTETS * _NUMBERS)

    def note(self, printed: tuple[int, int] | None, clears: int, *, alternate: bool) -> None:
        """Say up to which place, (line, column), history stands in the scrollback; None = nothing is known.

        `clears`: see the property of that name. `alternate`: the terminal shows its alternate screen.
        """
        line, column = printed or (0, 0)
        numbers = (int(printed is not None), line, column, clears, int(alternate))
        self._memory[:] = b"".join([number.to_bytes(_OCTETS, "big") for number in numbers])

    @property
    def printed(self) -> tuple[int, int] | None:
        """The place, (line, column); None = nothing is known."""
        return (self._number(1), self._number(2)) if self._number(0) else None

    @property
    def clears(self) -> int:
        """How often the server's history had been cleared when the scrollback was."""
        return self._number(3)

    @property
    def alternate(self) -> bool:
        """Whether the terminal shows its alternate screen."""
        return bool(self._number(4))

    def _number(self, index: int) -> int:
        return int.from_bytes(self._memory[index * _OCTETS : (index + 1) * _OCTETS], "big")
