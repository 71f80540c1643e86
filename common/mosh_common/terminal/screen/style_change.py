"""Changes of rendition in areas (DECCARA, DECRARA): what one does, what several do together, and what that makes of
rows of palette letters.

Knows nothing of screens. What is kept of letters belongs to one palette, and goes with it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from mosh_common.terminal.cells import (
    BLINK,
    BOLD,
    FAINT,
    INVERSE,
    INVISIBLE,
    LINKS_LIMIT_OCTETS,
    Palette,
    Style,
    octets_of,
)

_FLAGS: Final = {1: BOLD, 5: BLINK, 7: INVERSE, 8: INVISIBLE}
_CLEARED: Final = {22: BOLD | FAINT, 25: BLINK, 27: INVERSE, 28: INVISIBLE}
_SAME: Final = (0, 1, 2, 3, 4, 5)  # Style.underline
_TOGGLED: Final = (1, 0, 0, 0, 0, 0)
_NO_UNDERLINE: Final = (0,) * 6
_UNDERLINED: Final = (1,) * 6


class StyleChange(NamedTuple):
    """A change of flags and underline: one step, or any number of them."""

    kept: int = -1  # flags are masked with this,
    toggled: int = 0  # then these are toggled
    underline: tuple[int, ...] = _SAME  # the new one by the old one

    def then(self, other: StyleChange) -> StyleChange:
        """Return what this change and then the `other` do together."""
        underline = tuple([other.underline[kind] for kind in self.underline])
        return StyleChange(self.kept & other.kept, self.toggled & other.kept ^ other.toggled, underline)

    def apply(self, style: Style) -> Style:
        """Return `style` after the change."""
        fg, bg, flags, underline, underline_color, link = style
        return Style(fg, bg, flags & self.kept ^ self.toggled, self.underline[underline], underline_color, link)


NO_CHANGE: Final = StyleChange()


@lru_cache(maxsize=256)
def setting(codes: tuple[int, ...]) -> StyleChange:
    """Return what DECCARA with these codes does: attributes on, or off."""
    change = NO_CHANGE
    for code in codes:
        if code == 0:
            change = change.then(setting((22, 24, 25, 27, 28)))
        elif code in (4, 24):
            change = change.then(StyleChange(underline=_UNDERLINED if code == 4 else _NO_UNDERLINE))
        else:
            flags = _FLAGS.get(code, 0)
            change = change.then(StyleChange(~(flags | _CLEARED.get(code, 0)), flags))
    return change


@lru_cache(maxsize=256)
def toggling(codes: tuple[int, ...]) -> StyleChange:
    """Return what DECRARA with these codes does: each attribute toggled."""
    change = NO_CHANGE
    for code in (1, 4, 5, 7, 8) if 0 in codes else codes:
        if code == 4:
            change = change.then(StyleChange(underline=_TOGGLED))
        else:
            change = change.then(StyleChange(toggled=_FLAGS.get(code, 0)))
    return change


class ChangedLetters:
    """What becomes of the letters of `palette` by a change of style; each is worked out once."""

    __slots__ = ("_change", "_table", "palette")

    def __init__(self, palette: Palette, change: StyleChange) -> None:
        self.palette = palette
        self._change = change
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
            for old in map(ord, set(letters)):
                if table[old] is None:
                    table[old] = self._letter(self._change.apply(styles[old]))
            result = letters.translate(table)
        return result

    def _letter(self, style: Style) -> str:
        """Return the letter of `style`; where hyperlinks have no room, without its own."""
        # SECURITY: each style counts, or a few links in many styles were more than a frame may hold. Test:
        # test_changes_of_style_keep_to_the_bound_of_hyperlinks
        palette, link = self.palette, style.link
        if link and palette.link_octets + octets_of(link) > LINKS_LIMIT_OCTETS and palette.find(style) is None:
            style = style._replace(link="")
        return palette.letter(style)
