"""Renditions as SGR sequences and hyperlinks as OSC 8: the shortest that lead from one style to another.

Knows nothing of rows and cursors. ECMA-48 §8.3.117; xterm's control sequences; docs/terminal.md §2 for what an upstream
peer reads the same way: an SGR that holds a colon it skips whole, so what it understands is sent apart from that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from mosh_common.terminal.cells import (
    BLINK,
    BOLD,
    DEFAULT_COLOR,
    DEFAULT_STYLE,
    FAINT,
    INVERSE,
    INVISIBLE,
    ITALIC,
    OVERLINE,
    PROTECTED,
    RGB,
    STRIKE,
    UNDERLINE_SINGLE,
    Style,
)
from mosh_common.terminal.dialect import TRUECOLOR, Dialect
from mosh_common.terminal.payloads import is_link

# (flag, switches it on, switches it off). 22 switches bold and faint off together.
_FLAGS: Final = (
    (BOLD, "1", "22"),
    (FAINT, "2", "22"),
    (ITALIC, "3", "23"),
    (BLINK, "5", "25"),
    (INVERSE, "7", "27"),
    (INVISIBLE, "8", "28"),
    (STRIKE, "9", "29"),
    (OVERLINE, "53", "55"),
)

NO_HYPERLINK: Final = "\x1b]8;;\x07"

_MEMO_SIZE: Final = 4096  # style changes; a screen full of gradients has about as many
_GREYISH: Final = 40  # of 255; components closer together than that make a grey
_CUBE: Final = (0, 95, 135, 175, 215, 255)  # xterm's levels of the 6×6×6 cube, indices 16–231
# xterm's and the VGA console's ideas of the first sixteen lie close enough for choosing the nearest.
_SIXTEEN: Final = (
    0x000000, 0xCD0000, 0x00CD00, 0xCDCD00, 0x0000EE, 0xCD00CD, 0x00CDCD, 0xE5E5E5,
    0x7F7F7F, 0xFF0000, 0x00FF00, 0xFFFF00, 0x5C5CFF, 0xFF00FF, 0x00FFFF, 0xFFFFFF,
)  # fmt: skip


def erasable(style: Style) -> bool:
    """Return whether erasing makes cells of that style: a background and nothing else."""
    return style == DEFAULT_STYLE or (style[0], *style[2:]) == (DEFAULT_COLOR, *DEFAULT_STYLE[2:])


@lru_cache(_MEMO_SIZE)
def rendition(old: Style, new: Style, dialect: Dialect) -> tuple[str, str]:
    """Return (SGR that every end reads, sequences that upstream skips) from `old` to `new`, links left alone."""
    old = _shown(old, dialect)
    new = _shown(new, dialect)
    if old == new:
        return "", ""
    same_extras = old.underline == new.underline and old.underline_color == new.underline_color
    full = ["0"] if new == DEFAULT_STYLE and not dialect.terse_rendition else [""]
    full += [on for flag, on, _ in _FLAGS if new.flags & flag]
    if new.underline:
        full.append("4")
    full += _color(new.fg, "3", "9", dialect) + _color(new.bg, "4", "10", dialect)
    if not dialect.terse_rendition:
        full[0] = "0"
    reset = f"\x1b[{';'.join(full)}m"
    extras = _extras(DEFAULT_STYLE, new)
    if not dialect.terse_rendition:
        return reset, extras
    if not same_extras and old.underline_color != DEFAULT_COLOR:
        return reset, extras
    changes = _changes(old, new, dialect)
    step = f"\x1b[{';'.join(changes)}m" if changes else ""
    step_extras = "" if same_extras else _extras(old, new)
    if len(step) + len(step_extras) < len(reset) + len(extras):
        return step, step_extras
    return reset, extras


def hyperlink(link: str) -> str:
    """Return the OSC 8 that starts the hyperlink "params;uri", or ends one."""
    # SECURITY: a link cannot end its own sequence (test_a_hyperlink_cannot_smuggle_controls).
    return f"\x1b]8;{link}\x07" if link and is_link(link) else NO_HYPERLINK


def _changes(old: Style, new: Style, dialect: Dialect) -> list[str]:
    gone = old.flags & ~new.flags
    come = new.flags & ~old.flags
    if gone & (BOLD | FAINT):
        come |= new.flags & (BOLD | FAINT)
    changes: list[str] = []
    for flag, _, off in _FLAGS:
        if gone & flag and off not in changes:
            changes.append(off)
    if old.underline and not new.underline:
        changes.append("24")
    changes += [on for flag, on, _ in _FLAGS if come & flag]
    if new.underline and old.underline != new.underline:
        changes.append("4")
    if old.fg != new.fg:
        changes += _color(new.fg, "3", "9", dialect) or ["39"]
    if old.bg != new.bg:
        changes += _color(new.bg, "4", "10", dialect) or ["49"]
    return changes


def _extras(old: Style, new: Style) -> str:
    sequences = ""
    if new.underline > UNDERLINE_SINGLE and new.underline != old.underline:
        sequences = f"\x1b[4:{new.underline}m"
    color = new.underline_color
    if color != old.underline_color:
        if color & RGB and color != DEFAULT_COLOR:
            sequences += f"\x1b[58:2::{color >> 16 & 255}:{color >> 8 & 255}:{color & 255}m"
        elif color != DEFAULT_COLOR:
            sequences += f"\x1b[58:5:{color}m"
    return sequences


def _color(color: int, normal: str, bright: str, dialect: Dialect) -> list[str]:
    if color == DEFAULT_COLOR:
        return []
    if color & RGB:
        return [f"{normal}8;2;{color >> 16 & 255};{color >> 8 & 255};{color & 255}"]
    if color < 8:
        return [f"{normal}{color}"]
    if color < 16 and dialect.bright_colors:
        return [f"{bright}{color - 8}"]
    return [f"{normal}8;5;{color}"]


def _shown(style: Style, dialect: Dialect) -> Style:
    """Return what of the style the dialect can show, without its hyperlink."""
    fg, bg, flags, underline, underline_color, _ = style
    if not dialect.extended_underline:
        underline = min(underline, UNDERLINE_SINGLE)
        underline_color = DEFAULT_COLOR
    if dialect.colors < TRUECOLOR:
        fg = nearest_color(fg, dialect.colors)
        bg = nearest_color(bg, dialect.colors)
        underline_color = nearest_color(underline_color, dialect.colors)
    return Style(fg, bg, flags & ~PROTECTED, underline, underline_color)


def nearest_color(color: int, colors: int) -> int:
    """Return the colour, or the one of the terminal's that comes closest to it."""
    if color == DEFAULT_COLOR or (not color & RGB and color < colors):
        return color
    if colors < 8:
        return DEFAULT_COLOR
    red, green, blue = _components(color)
    if colors >= 256:
        cube = [min(range(6), key=lambda level: abs(_CUBE[level] - part)) for part in (red, green, blue)]
        grey = min(23, max(0, round(((red + green + blue) / 3 - 8) / 10)))
        candidates = [16 + 36 * cube[0] + 6 * cube[1] + cube[2], 232 + grey]
    else:
        candidates = list(range(16 if colors >= 16 else 8))
        if max(red, green, blue) - min(red, green, blue) < _GREYISH:
            # The nearest by distance may be a strong yellow.
            candidates = [candidate for candidate in candidates if candidate % 8 in (0, 7)]

    def distance(candidate: int) -> int:
        parts = _components(candidate)
        return 3 * (parts[0] - red) ** 2 + 6 * (parts[1] - green) ** 2 + (parts[2] - blue) ** 2

    return min(candidates, key=distance)


def _components(color: int) -> tuple[int, int, int]:
    if color & RGB:
        return color >> 16 & 255, color >> 8 & 255, color & 255
    if color < 16:
        value = _SIXTEEN[color]
        return value >> 16, value >> 8 & 255, value & 255
    if color < 232:
        color -= 16
        return _CUBE[color // 36], _CUBE[color // 6 % 6], _CUBE[color % 6]
    level = 8 + 10 * (color - 232)
    return level, level, level
