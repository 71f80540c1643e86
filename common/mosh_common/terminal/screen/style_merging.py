"""Fewer styles: what becomes of the colours when a screen holds more of them than a palette keeps.

Similar colours become one; none becomes the default colour. Knows nothing of screens and palettes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from mosh_common.terminal.cells import (
    BOLD,
    DEFAULT_COLOR,
    INVERSE,
    INVISIBLE,
    PROTECTED,
    RGB,
    UNDERLINE_SINGLE,
    Style,
)
from mosh_common.terminal.colors import nearest_color

# At most so many styles are left by the last step: 17 foregrounds and backgrounds, four flags and underlining.
FEWEST: Final = 17 * 17 * 2**5
_FIRST_FLAGS: Final = BOLD | INVERSE | INVISIBLE | PROTECTED
_FEW_COLORS: Final = 16


def _coarse(color: int, bits: int) -> int:
    """Return the colour with `bits` bits a component, in the middle of those that become it."""
    if color == DEFAULT_COLOR or not color & RGB:
        return color
    lost = 8 - bits
    return RGB | color & (0xFF << lost & 0xFF) * 0x010101 | (1 << lost - 1) * 0x010101


def _six_bits(style: Style) -> Style:
    return style._replace(fg=_coarse(style.fg, 6), bg=_coarse(style.bg, 6))


def _five_bits(style: Style) -> Style:
    return style._replace(fg=_coarse(style.fg, 5), bg=_coarse(style.bg, 5))


def _four_bits(style: Style) -> Style:
    return style._replace(fg=_coarse(style.fg, 4), bg=_coarse(style.bg, 4), underline_color=DEFAULT_COLOR)


def _three_bits_without_links(style: Style) -> Style:
    return style._replace(fg=_coarse(style.fg, 3), bg=_coarse(style.bg, 3), underline_color=DEFAULT_COLOR, link="")


def _sixteen_colors(style: Style) -> Style:
    return Style(
        nearest_color(style.fg, _FEW_COLORS),
        nearest_color(style.bg, _FEW_COLORS),
        style.flags & _FIRST_FLAGS,
        min(style.underline, UNDERLINE_SINGLE),
    )


_STEPS: Final[tuple[Callable[[Style], Style], ...]] = (
    _six_bits,
    _five_bits,
    _four_bits,
    _three_bits_without_links,
    _sixteen_colors,
)


def merge_styles(styles: Iterable[Style], most: int) -> dict[Style, Style]:
    """Return by what each of `styles` is replaced: by itself, or so that at most `most` (≥ FEWEST) are left."""
    merged = {style: style for style in styles}
    for step in _STEPS:
        if len(set(merged.values())) <= most:
            break
        merged = {style: step(style) for style in merged}
    return merged
