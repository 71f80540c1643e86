"""Rows that go below what a terminal shows, onto blank ones: printed whole, as a program would.

Most rows that go into a scrollback are text in a few styles; for these nothing needs to be compared.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_common.terminal.cells import DEFAULT_COLOR, DEFAULT_STYLE, EMPTY, WIDE_TAIL, Row, Style
from mosh_common.terminal.frame_diff.pen import Pen
from mosh_common.terminal.frame_diff.rows import RowPainter
from mosh_common.terminal.frame_diff.widths import is_agreed

_STYLE_RUN: Final = re.compile(r"(.)\1*", re.DOTALL)


class WholeRowPainter(RowPainter):
    """Draws rows as a RowPainter, and prints those that it can print whole."""

    __slots__ = ("_changes",)

    def __init__(self, pen: Pen, styles: list[Style]) -> None:
        super().__init__(pen, styles)
        self._changes: dict[str, str] = {}  # what leads from the style of one letter to that of another

    def print_below(self, index: int, row: Row) -> bool:
        """Print a row onto the blank one at `index`, all of its text in one go; return False where that is for `draw`.

        That is where not all ends agree on its columns, and where blanks are not the default style's.
        """
        pen, wrapping = self._pen, self._wrapping
        text, letters, wrapped, clusters = row
        through = wrapped and index < self._bottom
        opens = through and pen.dialect.scrolls_back and text[-1] == EMPTY
        end = self._columns - opens if through else len(text.rstrip(EMPTY + " "))
        if clusters or letters[end:].strip("\x00") or (wrapping and (not end or pen.style.bg != DEFAULT_COLOR)):
            return False
        if self._open and text[1:2] != WIDE_TAIL:
            return False
        shown = text[:end].replace(EMPTY, " ")
        plain = shown.isascii() and shown.isprintable()
        if not plain and not (pen.dialect.unicode and is_agreed(shown, strict=self._strict)):
            return False
        if wrapping:
            pen.set_style(self._styles[ord(letters[0])])
            pen.wrap()
        else:
            if pen.style is not DEFAULT_STYLE:
                pen.set_background_of(DEFAULT_STYLE)
            pen.move(index, 0)
        self._print_runs(shown, letters[:end])
        self._wrapping, self._open = through, opens
        return True

    def _print_runs(self, text: str, letters: str) -> None:
        """Print `text` in the styles of `letters` where the pen is; it ends in the row."""
        pen, styles, changes = self._pen, self._styles, self._changes
        output = pen.output
        if letters:
            pen.set_style(styles[ord(letters[0])])
        at = 0
        if letters != letters[:1] * len(letters):
            for run in _STYLE_RUN.finditer(letters):
                start, stop = run.span()
                if start:
                    pair = letters[start - 1 : start + 1]
                    change = changes.get(pair)
                    if change is None:
                        change = changes[pair] = pen.change(styles[ord(pair[0])], styles[ord(pair[1])])
                    output.append(change)
                if stop < len(letters):
                    output.append(text[start:stop].replace(WIDE_TAIL, ""))
                at = start
            pen.style = styles[ord(letters[-1])]
        pen.column += at
        pen.print(text[at:].replace(WIDE_TAIL, ""), len(text) - at)
