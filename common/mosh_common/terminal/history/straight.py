"""Text that was not drawn, made lines of without a screen: what most of it is, printable characters and SGR.

The lines are those that drawing it gives, or it says that it has to be drawn. A page of a flood is hundreds of lines,
and drawing them took several times as long.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from mosh_common.terminal.cells import DEFAULT_COLOR, DEFAULT_STYLE, PROTECTED, WIDE_TAIL, Style
from mosh_common.terminal.history.chunks import Piece
from mosh_common.terminal.history.encoding import MOST_STYLES, STYLE_MARK, StyleTable
from mosh_common.terminal.history.unparsed import Text
from mosh_common.terminal.screen.past import Beginning
from mosh_common.terminal.screen.sgr import apply_sgr
from mosh_common.terminal.width import with_tails

# SECURITY: the emulator reads no sequence of any length, and those that were met are remembered below. Test:
# test_what_a_screen_has_to_say_is_drawn.
_SGR: Final = re.compile("\x1b\\[([0-9;:]{0,64})m")
_MARK: Final = re.compile(f"{STYLE_MARK}.", re.DOTALL)
_LINE_END: Final = "\r\n"

_applied: Final = lru_cache(1024)(apply_sgr)  # a flood's texts are laid out one after the other, in the same styles


class _NotStraightError(Exception):
    """The text has to be drawn."""


def straight_lines(text: Text) -> Piece | None:
    """Return the lines of `text`, the first of them 0; None if it has to be drawn."""
    whole, beginning, count = text
    if not _is_simple(beginning) or not whole.count(_LINE_END) == whole.count("\n") == whole.count("\r") == count:
        return None
    if not whole.isascii():
        told = with_tails(whole, WIDE_TAIL)
        if told is None:
            return None
        whole = told
    texts = _SGR.split(whole)
    said = "".join(texts[::2])
    if not said.replace(_LINE_END, "").isprintable() if said.isascii() else "\x1b" in said:
        return None
    try:
        if len(texts) == 1 and beginning.style == DEFAULT_STYLE:
            lines, styles = whole.split(_LINE_END), [DEFAULT_STYLE]
            if " \r" in whole:
                lines = [_without_last_blanks(line, beginning.columns) for line in lines]
        else:
            lines, styles = _styled(texts, beginning)
    except _NotStraightError:
        return None
    return None if lines.pop() else Piece(0, lines, styles)


def _is_simple(beginning: Beginning) -> bool:
    rules, charsets = beginning.rules, beginning.charsets
    return (
        rules.autowrap
        and not rules.insert_mode
        and not beginning.newline_mode
        and beginning.columns > 1
        and charsets.translation() is None
        and not charsets.single_shift
        and beginning.style.bg == DEFAULT_COLOR
        and not beginning.style.flags & PROTECTED
    )


def _styled(texts: list[str], beginning: Beginning) -> tuple[list[str], list[Style]]:
    """Return the lines of `texts`, text and SGR parameters by turns, as encoding.py keeps them, and their styles."""
    table = StyleTable()
    default = table.mark(DEFAULT_STYLE)
    style, mark = beginning.style, table.mark(beginning.style)
    led_to: dict[str, dict[str, tuple[Style, str]]] = {mark: {}}  # by the mark before and the parameters
    edges = led_to[mark]
    lines: list[str] = []
    parts: list[str] = []  # of the line that has not ended
    last = default  # the mark of the last of them
    for index, text in enumerate(texts):
        if index % 2:
            after = edges.get(text)
            if after is None:
                after = edges[text] = _after(style, text, table)
            style, mark = after
            edges = led_to.setdefault(mark, {})
            continue
        if "\n" in text:
            *ended, text = text.split(_LINE_END)
            for piece in ended:
                if piece:
                    parts += (piece,) if mark == last else (mark, piece)
                    last = mark
                line = "".join(parts)
                if last == default and line[-1:] == " ":
                    line = _styled_without_last_blanks(line, default, beginning.columns)
                lines.append(line)
                parts, last = [], default
        if text:
            parts += (text,) if mark == last else (mark, text)
            last = mark
    return [*lines, "".join(parts)], table.styles


def _after(style: Style, parameters: str, table: StyleTable) -> tuple[Style, str]:
    """Return the style to which SGR with these `parameters` leads, and its mark."""
    style = _applied(style, parameters)
    # The rows that scroll in have the background, too.
    if style.bg != DEFAULT_COLOR or len(table.styles) >= MOST_STYLES:
        raise _NotStraightError
    return style, table.mark(style)


def _styled_without_last_blanks(line: str, default: str, columns: int) -> str:
    """Return `line`, which ends with text of the style of the mark `default`, without the blanks at its end."""
    before, mark, end = line.rpartition(default)
    blanks = len(end) - len(end.rstrip(" "))
    if len(line) > columns:
        blanks = min(blanks, _last_blanks(_MARK.sub("", line), columns))
    end = end[: len(end) - blanks]
    return before + mark + end if end else before


def _without_last_blanks(line: str, columns: int) -> str:
    """Return `line`, which has no marks, without the blanks at its end."""
    return line.rstrip(" ") if len(line) <= columns else line[: len(line) - _last_blanks(line, columns)]


def _last_blanks(said: str, columns: int) -> int:
    """Return how many blanks are at the end of a line's last row; those of the other rows stay."""
    start = 0
    while len(said) - start > columns:
        start += columns
        start -= said[start] == WIDE_TAIL  # it did not fit
    return min(len(said) - len(said.rstrip(" ")), len(said) - start)
