"""From the screens of a recording to one SVG that plays in a browser: CSS moves, no script, no font of its own.

Each row is a strip of all texts that the row ever holds, behind a window one row high, moved by an animation. Where
nothing is to move (`prefers-reduced-motion`, a viewer without CSS animations) one moment stands still: the poster.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, NamedTuple

from tests.pictures.screens import Moment

from mosh_common.terminal import colors
from mosh_common.terminal.cells import (
    BOLD,
    DEFAULT_COLOR,
    FAINT,
    INVERSE,
    ITALIC,
    WIDE_TAIL,
    Palette,
    Row,
    Snapshot,
    Style,
    cell_text,
)

# Browsers make one blank of several, whatever xml:space says.
_WORDS: Final = re.compile(r"[^ ]+(?: [^ ]+)*")
CELL, LINE, BASELINE, FONT = 9.6, 22, 16, 16  # px; a monospaced font is 0.6 em wide, and is held to it by textLength
PAD, CAPTION = 20, 44
MONOSPACE: Final = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace"
SANS: Final = "system-ui,-apple-system,'Segoe UI','Liberation Sans','DejaVu Sans',sans-serif"
# Dark on any page; the frame's grey is to be seen on white and on black.
PAPER, FOOT, FRAME, INK, QUIET, ACCENT = "#1c2128", "#262c36", "#57606a", "#d6dbe1", "#b8c0ca", "#6cb6ff"
THEME: Final = (
    *("#1c2128", "#e5746c", "#7cc47f", "#d5b263", "#2f65b3", "#c08bd4", "#5fbcc4", "#e6eaef"),
    *("#6e7681", "#f0938c", "#9ad89c", "#e6cb85", "#6fa8ec", "#d7ade6", "#86d5db", "#ffffff"),
)


class Strip(NamedTuple):
    """The texts of one place, and which of them is to be seen from when on."""

    texts: tuple[str, ...]
    steps: tuple[tuple[float, int], ...]  # (seconds, index), where it changes


def strip(shown: Iterable[tuple[float, str]]) -> Strip:
    """Make a strip of what is shown in one place; a text that comes again is on it once."""
    texts: dict[str, int] = {}
    steps: list[tuple[float, int]] = []
    for seconds, text in shown:
        index = texts.setdefault(text, len(texts))
        if not steps or steps[-1][1] != index:
            steps.append((seconds, index))
    return Strip(tuple(texts), tuple(steps))


# --- what is in a cell


def color_of(color: int, default: str) -> str:
    """Return a colour of the terminal as CSS has it."""
    if color == DEFAULT_COLOR:
        return default
    if 0 <= color < len(THEME):
        return THEME[color]
    return f"#{colors.rgb_of(color):06x}"


def drawn_row(row: Row, palette: Palette) -> str:
    """Return the elements that draw a row whose upper left corner is at 0, 0; "" for a blank one."""
    columns = len(row[0])
    parts: list[str] = []
    column = 0
    while column < columns:
        first, letter, wide = column, row[1][column], _is_wide(row, column)
        text = ""
        while column < columns and row[1][column] == letter and _is_wide(row, column) == wide:
            text += cell_text(row, column) or ("" if row[0][column] == WIDE_TAIL else " ")
            column += 1
        parts += _drawn_run(text, palette.styles[ord(letter)], first, column - first)
    return "".join(parts)


def _is_wide(row: Row, column: int) -> bool:
    return row[0][column] == WIDE_TAIL or row[0][column + 1 : column + 2] == WIDE_TAIL


def _drawn_run(text: str, style: Style, first: int, cells: int) -> Iterable[str]:
    ink, paper = color_of(style.fg, INK), color_of(style.bg, "")
    if style.flags & INVERSE:
        ink, paper = paper or PAPER, ink
    if paper:
        yield f'<rect x="{_px(first)}" width="{_px(cells)}" height="{LINE}" fill="{paper}"/>'
    if style.underline:
        yield f'<rect x="{_px(first)}" y="{BASELINE + 3}" width="{_px(cells)}" height="1.5" fill="{ink}"/>'
    looks = "" if ink == INK else f' fill="{ink}"'
    looks += ' font-weight="bold"' if style.flags & BOLD else ""
    looks += ' font-style="italic"' if style.flags & ITALIC else ""
    looks += ' opacity=".6"' if style.flags & FAINT else ""
    for match in _WORDS.finditer(text):
        start, words = match.start(), match.group()
        length = len(words) if len(text) == cells else cells - (len(text) - len(words))
        place = f'x="{_px(first + start)}" y="{BASELINE}" textLength="{_px(length)}"'
        yield f'<text {place} lengthAdjust="spacingAndGlyphs"{looks}>{escape(words, quote=False)}</text>'


def _px(cells: int) -> str:
    return f"{cells * CELL:.1f}".removesuffix(".0")


def cursor_of(screen: Snapshot) -> str:
    """Return the declarations that put the cursor where a screen has it."""
    # Said each time: between two keyframes that say nothing of it, opacity would stay as the last one had it.
    seen = int(screen.modes.cursor_visible)
    return f"transform:translate({_px(screen.cursor_column)}px,{screen.cursor_row * LINE}px);opacity:{seen}"


# --- the whole


class Part(NamedTuple):
    """Something that an animation changes: its rules, and the element that they are about."""

    rules: str
    element: str


def _animated(name: str, steps: Sequence[tuple[float, str]], still: str, seconds: float) -> str:
    frames = "".join(f"{100 * at / seconds:.2f}%{{{declarations}}}" for at, declarations in steps)
    return f".{name}{{{still};animation-name:{name}}}@keyframes {name}{{{frames}}}\n"


def _strip_part(name: str, made: Strip, *, top: float, height: float, poster_s: float, seconds: float) -> Part:
    def moved(index: int) -> str:
        return f"transform:translateY({-index * height:g}px)"

    still = next(index for at, index in reversed(made.steps) if at <= poster_s)
    rules = _animated(name, [(at, moved(index)) for at, index in made.steps], moved(still), seconds)
    pieces = [
        f'<g transform="translate(0 {index * height:g})">{text}</g>' if index else text
        for index, text in enumerate(made.texts)
    ]
    window = f'<svg x="{PAD}" y="{top:g}" width="100%" height="{height:g}">'
    return Part(rules, f'{window}<g class="a {name}">{"".join(pieces)}</g></svg>\n')


def draw(moments: Sequence[Moment], seconds: float, *, title: str, description: str, poster_s: float) -> str:
    """Return the SVG of a recording that begins again after `seconds`; `poster_s` is the moment that stands still."""
    first = moments[0].screen
    width, terminal = first.columns * CELL + 2 * PAD, first.lines * LINE + 2 * PAD
    parts: list[Part] = []
    for number in range(first.lines):
        made = strip((at, drawn_row(screen.rows[number], screen.palette)) for at, screen, _ in moments)
        if made.texts != ("",):
            top = PAD + number * LINE
            parts.append(_strip_part(f"r{number}", made, top=top, height=LINE, poster_s=poster_s, seconds=seconds))
    captions = strip((at, _drawn_caption(caption)) for at, _, caption in moments)
    parts.append(_strip_part("c", captions, top=terminal, height=CAPTION, poster_s=poster_s, seconds=seconds))
    cursors = [(at, cursor_of(screen)) for at, screen, _ in moments]
    steps = [step for n, step in enumerate(cursors) if n == 0 or step[1] != cursors[n - 1][1]]
    still = next(place for at, place in reversed(steps) if at <= poster_s)
    cursor = f'<rect class="a cur" width="{CELL}" height="{LINE - 3}" y="1" fill="{QUIET}" fill-opacity=".55"/>'
    rules = "".join([part.rules for part in parts]) + _animated("cur", steps, still, seconds)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {terminal + CAPTION:g}" width="{width:g}"'
        f' height="{terminal + CAPTION:g}" role="img" aria-labelledby="title description" xml:space="preserve"'
        f' font-family="{MONOSPACE}" font-size="{FONT}" fill="{INK}">\n'
        f'<title id="title">{escape(title)}</title>\n<desc id="description">{escape(description)}</desc>\n'
        f"<style>\n.a{{animation-duration:{seconds:.2f}s;animation-timing-function:step-end;"
        "animation-iteration-count:infinite}\n"
        f"{rules}.time{{transform:scaleX(0);animation:time {seconds:.2f}s linear infinite}}"
        "@keyframes time{to{transform:scaleX(1)}}\n"
        "@media (prefers-reduced-motion:reduce){.a,.time{animation:none}}\n</style>\n"
        f"{_frame(width, terminal)}"
        f'<g transform="translate({PAD} {PAD})">{cursor}</g>\n{"".join(part.element for part in parts)}</svg>\n'
    )


def _frame(width: float, terminal: float) -> str:
    whole = f'x=".5" y=".5" width="{width - 1:g}" height="{terminal + CAPTION - 1:g}" rx="9"'
    return (
        f'<rect {whole} fill="{PAPER}"/>\n'
        f'<path d="M1 {terminal:g}H{width - 1:g}v{CAPTION - 10}a9 9 0 0 1-9 9H10a9 9 0 0 1-9-9z" fill="{FOOT}"/>\n'
        f'<rect class="time" x="1" y="{terminal - 2:g}" width="{width - 2:g}" height="2" fill="{ACCENT}"/>\n'
        f'<rect {whole} fill="none" stroke="{FRAME}"/>\n'
    )


def _drawn_caption(caption: str) -> str:
    return f'<text y="27" font-family="{SANS}" font-size="15" fill="{QUIET}">{escape(caption, quote=False)}</text>'
