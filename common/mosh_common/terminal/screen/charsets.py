"""ISO 2022 character sets as far as terminals use them: G0–G3, what is shifted into GL, and single shifts.

Only 94-character sets that differ visibly from ASCII are kept as translations (for `str.translate`); a designation
of any other set counts as ASCII, because the text is UTF-8 anyway (xterm maps some: tests/screens/charsets.case).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple, TypeAlias

Translation: TypeAlias = Mapping[int, str]

# DEC Special Graphics, 0x5F–0x7E (VT220 Programmer Reference, table 2-4).
_SPECIAL_GRAPHICS_TEXT: Final = "\u00a0◆▒␉␌␍␊°±␤␋┘┐┌└┼⎺⎻─⎼⎽├┤┴┬│≤≥π≠£·"

SPECIAL_GRAPHICS: Final[Translation] = {0x5F + i: char for i, char in enumerate(_SPECIAL_GRAPHICS_TEXT)}
BRITISH: Final[Translation] = {0x23: "£"}

# By the final character of the designating sequence.
TRANSLATIONS: Final[Mapping[str, Translation]] = {"0": SPECIAL_GRAPHICS, "2": SPECIAL_GRAPHICS, "A": BRITISH}
ASCII: Final = "B"


class Charsets(NamedTuple):
    """What is designated to G0–G3 (final characters), which of them is in GL and GR, and a pending single shift."""

    designated: tuple[str, str, str, str] = (ASCII, ASCII, ASCII, ASCII)
    left: int = 0  # GL: 0–3
    right: int = 2  # GR: 0–3; without effect on UTF-8 text, kept for DECSC
    single_shift: int = 0  # 2 or 3 for the next character only, else 0

    def designate(self, slot: int, name: str) -> Charsets:
        """Return the state after `name` was designated to G`slot`."""
        designated = list(self.designated)
        designated[slot] = name
        return self._replace(designated=(designated[0], designated[1], designated[2], designated[3]))

    def translation(self) -> Translation | None:
        """Return how text in GL is translated; None for ASCII."""
        return TRANSLATIONS.get(self.designated[self.left])

    def shifted_translation(self) -> Translation | None:
        """Return how the character after a single shift is translated; None for ASCII."""
        return TRANSLATIONS.get(self.designated[self.single_shift])


DEFAULT_CHARSETS: Final = Charsets()
