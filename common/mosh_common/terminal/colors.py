"""Colours: xterm's 256, and which of a terminal's comes closest to another. A colour is as in cells.Style."""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import DEFAULT_COLOR, RGB

_GREYISH: Final = 40  # of 255; components closer together than that make a grey
# xterm's and the VGA console's ideas of the first sixteen lie close enough for choosing the nearest.
_SIXTEEN: Final = (
    0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5,
    0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF,
)  # fmt: skip
_CUBE_LEVELS: Final = (0, 95, 135, 175, 215, 255)  # of the 6×6×6 cube, indices 16–231


def rgb_of(color: int) -> int:
    """Return 0xrrggbb of a colour that is none of the terminal's defaults: one of xterm's 256, or RGB."""
    if color & RGB:
        return color & 0xFFFFFF
    if color < 16:
        return _SIXTEEN[color]
    if color < 232:
        color -= 16
        red, green, blue = _CUBE_LEVELS[color // 36], _CUBE_LEVELS[color // 6 % 6], _CUBE_LEVELS[color % 6]
        return red << 16 | green << 8 | blue
    return (8 + (color - 232) * 10) * 0x010101


def nearest_color(color: int, colors: int) -> int:
    """Return the colour, or the one that comes closest to it on a terminal that has `colors` (0: none)."""
    if color == DEFAULT_COLOR or (not color & RGB and color < colors):
        return color
    if colors < 8:
        return DEFAULT_COLOR
    red, green, blue = _parts(rgb_of(color))
    if colors >= 256:
        cube = [min(range(6), key=lambda level: abs(_CUBE_LEVELS[level] - part)) for part in (red, green, blue)]
        grey = min(23, max(0, round(((red + green + blue) / 3 - 8) / 10)))
        candidates = [16 + 36 * cube[0] + 6 * cube[1] + cube[2], 232 + grey]
    else:
        candidates = list(range(16 if colors >= 16 else 8))
        if max(red, green, blue) - min(red, green, blue) < _GREYISH:
            # The nearest by distance may be a strong yellow.
            candidates = [candidate for candidate in candidates if candidate % 8 in (0, 7)]

    def distance(candidate: int) -> int:
        parts = _parts(rgb_of(candidate))
        return 3 * (parts[0] - red) ** 2 + 6 * (parts[1] - green) ** 2 + (parts[2] - blue) ** 2

    return min(candidates, key=distance)


def _parts(rgb: int) -> tuple[int, int, int]:
    return rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255
