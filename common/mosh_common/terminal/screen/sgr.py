"""SGR (ECMA-48 §8.3.117, with xterm's and kitty's additions): what a sequence does to a style.

`Renditions` turns the sequence of styles that an application goes through into a graph: each style is a node, each
parameter string an edge, so that a repeated SGR costs one dictionary look-up. Knows nothing of the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from mosh_common.terminal.cells import (
    BLINK,
    BOLD,
    DEFAULT_COLOR,
    DEFAULT_STYLE,
    FAINT,
    INVERSE,
    INVISIBLE,
    ITALIC,
    LINKS_LIMIT_OCTETS,
    OVERLINE,
    PROTECTED,
    RGB,
    STRIKE,
    UNDERLINE_DASHED,
    UNDERLINE_DOUBLE,
    UNDERLINE_NONE,
    UNDERLINE_SINGLE,
    Palette,
    Style,
    octets_of,
)

MAX_PARAMETERS: Final = 32  # more than any sane sequence has; xterm keeps 30
# Remembered transitions and parameter strings: a stream of random true colours must not grow without end, and not take
# megabytes either. What a program with 64 colour pairs goes through mostly fits.
_EDGE_LIMIT: Final = 1 << 15
_CHANGE_LIMIT: Final = 1 << 10

_SET_FLAG: Final = {
    1: BOLD, 2: FAINT, 3: ITALIC, 5: BLINK, 6: BLINK, 7: INVERSE, 8: INVISIBLE, 9: STRIKE, 53: OVERLINE,
}  # fmt: skip
_CLEAR_FLAGS: Final = {
    22: BOLD | FAINT, 23: ITALIC, 25: BLINK, 27: INVERSE, 28: INVISIBLE, 29: STRIKE, 55: OVERLINE,
}  # fmt: skip
_SET_UNDERLINE: Final = {4: UNDERLINE_SINGLE, 21: UNDERLINE_DOUBLE, 24: UNDERLINE_NONE}
_SET_COLOR: Final = {
    **{30 + color: ("fg", color) for color in range(8)},
    **{40 + color: ("bg", color) for color in range(8)},
    **{90 + color: ("fg", 8 + color) for color in range(8)},
    **{100 + color: ("bg", 8 + color) for color in range(8)},
    39: ("fg", DEFAULT_COLOR),
    49: ("bg", DEFAULT_COLOR),
    59: ("underline_color", DEFAULT_COLOR),
}
_EXTENDED: Final = {38: "fg", 48: "bg", 58: "underline_color"}


def _number(text: str) -> int:
    """Return a parameter's value; -1 if it is not a number of sane length."""
    if not text:
        return 0
    return int(text) if len(text) <= 5 and text.isascii() and text.isdigit() else -1


def _rgb(parts: list[int]) -> int | None:
    """Return the colour of three components, or None if one is out of range."""
    if len(parts) != 3 or not all(0 <= part <= 255 for part in parts):
        return None
    return RGB | parts[0] << 16 | parts[1] << 8 | parts[2]


def _colon_color(parts: list[str]) -> int | None:
    """Return the colour of `5:n`, `2:r:g:b` or `2:colourspace:r:g:b[:…]` (ITU-T T.416), or None."""
    kind = parts[0] if parts else ""
    if kind == "5" and len(parts) >= 2:
        index = _number(parts[1])
        return index if 0 <= index <= 255 else None
    if kind == "2":
        components = parts[2:5] if len(parts) >= 5 else parts[1:4]
        return _rgb([_number(part) for part in components])
    return None


def _semicolon_color(items: list[str], at: int) -> tuple[int | None, int]:
    """Return the colour that `items[at:]` gives as `5;n` or `2;r;g;b`, and where the next attribute stands."""
    kind = items[at] if at < len(items) else ""
    if kind == "5":
        index = _number(items[at + 1]) if at + 1 < len(items) else -1
        return (index if 0 <= index <= 255 else None), at + 2
    if kind == "2":
        return _rgb([_number(item) for item in items[at + 1 : at + 4]]), at + 4
    return None, at + 1


class Change(NamedTuple):
    """What a string of SGR parameters does to any style; None = leaves that alone."""

    fg: int | None = None
    bg: int | None = None
    underline_color: int | None = None
    underline: int | None = None
    kept_flags: int = -1  # mask
    set_flags: int = 0

    def apply(self, style: Style) -> Style:
        """Return `style` after the change; the hyperlink and protection stay."""
        fg, bg, underline_color, underline, kept_flags, set_flags = self
        return Style(
            style.fg if fg is None else fg,
            style.bg if bg is None else bg,
            style.flags & kept_flags | set_flags,
            style.underline if underline is None else underline,
            style.underline_color if underline_color is None else underline_color,
            style.link,
        )


def parse_sgr(parameters: str) -> Change:
    """Return what `CSI parameters m` does. Never raises."""
    colors: dict[str, int] = {}
    kept_flags, set_flags = -1, 0
    underline: int | None = None
    items = parameters.split(";", MAX_PARAMETERS)[:MAX_PARAMETERS]
    at = 0
    while at < len(items):
        item = items[at]
        at += 1
        first, colon, rest = item.partition(":")
        code = _number(first)
        if colon:
            parts = rest.split(":")
            if code == 4:
                kind = _number(parts[0])
                underline = kind if UNDERLINE_NONE <= kind <= UNDERLINE_DASHED else UNDERLINE_SINGLE
            elif code in _EXTENDED:
                color = _colon_color(parts)
                if color is not None:
                    colors[_EXTENDED[code]] = color
        elif code == 0:
            colors = dict.fromkeys(_EXTENDED.values(), DEFAULT_COLOR)
            kept_flags, set_flags = PROTECTED, 0
            underline = UNDERLINE_NONE
        elif code in _SET_FLAG:
            set_flags |= _SET_FLAG[code]
        elif code in _CLEAR_FLAGS:
            kept_flags &= ~_CLEAR_FLAGS[code]
            set_flags &= ~_CLEAR_FLAGS[code]
        elif code in _SET_UNDERLINE:
            underline = _SET_UNDERLINE[code]
        elif code in _SET_COLOR:
            name, color_set = _SET_COLOR[code]
            colors[name] = color_set
        elif code in _EXTENDED:
            color, at = _semicolon_color(items, at)
            if color is not None:
                colors[_EXTENDED[code]] = color
    return Change(colors.get("fg"), colors.get("bg"), colors.get("underline_color"), underline, kept_flags, set_flags)


def apply_sgr(style: Style, parameters: str) -> Style:
    """Return `style` after `CSI parameters m`; the hyperlink and protection stay. Never raises."""
    return parse_sgr(parameters).apply(style)


def _color_parameters(color: int, base: int) -> list[str]:
    """Return the SGR parameters of a foreground (base 30) or background (base 40) colour."""
    if color == DEFAULT_COLOR:
        return []
    if color & RGB:
        return [f"{base + 8}:2::{color >> 16 & 255}:{color >> 8 & 255}:{color & 255}"]
    if color < 8:
        return [str(base + color)]
    return [str(base + 52 + color)] if color < 16 else [f"{base + 8}:5:{color}"]


def sgr_report(style: Style) -> str:
    """Return the parameters that DECRQSS reports for `style`, from reset, as xterm does."""
    parts = ["0"]
    parts += [str(code) for code, flag in _SET_FLAG.items() if style.flags & flag and code != 6]
    if style.underline:
        parts.append("4" if style.underline == UNDERLINE_SINGLE else f"4:{style.underline}")
    return ";".join(parts + _color_parameters(style.fg, 30) + _color_parameters(style.bg, 40))


# A style but for its hyperlink as one number, so that what SGR does to it is an AND and an OR. From the lowest bit on:
# flags, underline, then three colours, each one more than in the style.
_FLAGS_BITS: Final = 16
_UNDERLINE_BITS: Final = 4
_COLOR_BITS: Final = 26
_FLAGS_MASK: Final = (1 << _FLAGS_BITS) - 1
_COLOR_MASK: Final = (1 << _COLOR_BITS) - 1
_UNDERLINE_SHIFT: Final = _FLAGS_BITS
_FG_SHIFT: Final = _UNDERLINE_SHIFT + _UNDERLINE_BITS
_BG_SHIFT: Final = _FG_SHIFT + _COLOR_BITS
_UNDERLINE_COLOR_SHIFT: Final = _BG_SHIFT + _COLOR_BITS


def _packed(style: Style) -> int:
    """Return `style`, but for its hyperlink, as a number."""
    return (
        style.flags
        | style.underline << _UNDERLINE_SHIFT
        | style.fg + 1 << _FG_SHIFT
        | style.bg + 1 << _BG_SHIFT
        | style.underline_color + 1 << _UNDERLINE_COLOR_SHIFT
    )


class _Step(NamedTuple):
    """A change to packed styles: what is kept, and what is set."""

    kept: int
    set: int
    change: Change
    parameters: str  # one object for all transitions that they name


def _step(parameters: str) -> _Step:
    """Return what `CSI parameters m` does to packed styles."""
    change = parse_sgr(parameters)
    kept = -1 & ~_FLAGS_MASK | change.kept_flags & _FLAGS_MASK
    value = change.set_flags
    if change.underline is not None:
        kept &= ~((1 << _UNDERLINE_BITS) - 1 << _UNDERLINE_SHIFT)
        value |= change.underline << _UNDERLINE_SHIFT
    for color, shift in (
        (change.fg, _FG_SHIFT),
        (change.bg, _BG_SHIFT),
        (change.underline_color, _UNDERLINE_COLOR_SHIFT),
    ):
        if color is not None:
            kept &= ~(_COLOR_MASK << shift)
            value |= color + 1 << shift
    return _Step(kept, value, change, parameters)


class Rendition:
    """A style with its letters, and where SGR parameters lead from it."""

    __slots__ = ("after", "blank", "book", "family", "letter", "packed", "style")

    def __init__(self, book: Renditions, style: Style, letter: str, blank: str) -> None:
        self.book = book
        self.style = style
        self.packed = _packed(style)
        self.family: dict[int, Rendition] = {}  # by packed style, those with the same hyperlink
        self.letter = letter  # palette letter of `style`
        self.blank = blank  # palette letter of what an erasure leaves: the background and nothing else
        self.after: dict[str, Rendition] = {}  # by SGR parameters, those met so far; for the rest there is `follow`

    def follow(self, parameters: str) -> Rendition:
        """Return the rendition after `CSI parameters m`."""
        return self.after.get(parameters) or self.book.follow(self, parameters)


class Renditions:
    """The renditions met so far on one palette.

    Bounded: what is wanted once the palette has `limit` styles comes from `when_full`; a style whose hyperlink would
    bring those of the palette beyond `links_limit` octets, from `when_links_full`; without that it has no hyperlink.
    """

    def __init__(
        self,
        palette: Palette,
        when_full: Callable[[Style], Rendition],
        when_links_full: Callable[[Style], Rendition] | None = None,
        *,
        limit: int = Palette.LIMIT,
        links_limit: int = LINKS_LIMIT_OCTETS,
    ) -> None:
        self.palette = palette
        self._limit = limit
        self._links_limit = links_limit
        self._when_full = when_full
        self._when_links_full = when_links_full or self.without_link
        self._families: dict[str, dict[int, Rendition]] = {}  # by hyperlink, then by packed style
        self._edges = 0  # transitions remembered in all nodes together
        self._steps: dict[str, _Step] = {}

    def of(self, style: Style) -> Rendition:
        """Return the rendition of `style`."""
        family = self._families.get(style.link)
        packed = _packed(style)
        node = None if family is None else family.get(packed)
        if node is None:
            if len(self.palette.styles) >= self._limit:
                return self._when_full(style)
            if not self.has_room_for(style.link):
                return self._when_links_full(style)
            try:
                letter = self.palette.letter(style)
                blank = self.palette.letter(Style(bg=style.bg) if style.bg != DEFAULT_COLOR else DEFAULT_STYLE)
            except OverflowError:
                return self._when_full(style)
            node = Rendition(self, style, letter, blank)
            node.family = self._families.setdefault(style.link, {})
            node.family[packed] = node
        return node

    def without_link(self, style: Style) -> Rendition:
        """Return the rendition of `style` without its hyperlink."""
        return self.of(style._replace(link=""))

    def has_room_for(self, link: str) -> bool:
        """Return whether another style with that hyperlink keeps to the bound."""
        return not link or self.palette.link_octets + octets_of(link) <= self._links_limit

    def allow(self, count: int) -> None:
        """Say that the palette got so many styles otherwise: they do not count."""
        self._limit += count

    def forget(self) -> None:
        """Forget all renditions, so that those no longer in use go at once: they refer to each other."""
        for family in self._families.values():
            for node in family.values():
                node.after.clear()
            family.clear()
        self._families.clear()
        self._edges = 0

    def follow(self, node: Rendition, parameters: str) -> Rendition:
        """Return where `parameters` lead from `node`, and remember it."""
        if self._edges >= _EDGE_LIMIT:
            self.forget()
        step = self._steps.get(parameters)
        if step is None:
            if len(self._steps) >= _CHANGE_LIMIT:
                self._steps.clear()
            step = self._steps[parameters] = _step(parameters)
        result = node.family.get(node.packed & step.kept | step.set) or self.of(step.change.apply(node.style))
        if result.book is self:
            self._edges += 1
            node.after[step.parameters] = result
        return result
