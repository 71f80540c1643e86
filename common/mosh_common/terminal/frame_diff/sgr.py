"""Renditions as SGR sequences and hyperlinks as OSC 8: the shortest that lead from one style to another.

Knows nothing of rows and cursors. ECMA-48 §8.3.117; xterm's control sequences; docs/terminal.md §2 for what an upstream
peer reads the same way: an SGR that holds a colon it skips whole, so what it understands is sent apart from that.
"""

from __future__ import annotations

from collections import Counter
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
from mosh_common.terminal.colors import nearest_color
from mosh_common.terminal.frame_diff.dialect import TRUECOLOR, Dialect
from mosh_common.terminal.payloads import is_link

# (flag, switches it on, switches it off). 22 switches bold and faint off together. PROTECTED is never drawn.
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

# Flags that one number switches off together: what is to stay of them comes again.
_OFF_TOGETHER: Final = tuple(
    sum(flag for flag, _, off in _FLAGS if off == number)
    for number, flags in Counter(off for _, _, off in _FLAGS).items()
    if flags > 1
)

NO_HYPERLINK: Final = "\x1b]8;;\x07"

_MEMO_SIZE: Final = 4096  # style changes; a screen full of gradients has about as many


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
    for together in _OFF_TOGETHER:
        if gone & together:
            come |= new.flags & together
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
