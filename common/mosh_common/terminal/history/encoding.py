"""Lines as they are kept: a string each, with marks where the style changes and around graphemes.

A line says how it looks by itself and the table of styles of its chunk; no line depends on another. Most are their
own text and nothing else, so that a search goes over them as they are.
"""

from __future__ import annotations

import re
from typing import Final

from mosh_common.terminal.cells import CLUSTER, DEFAULT_STYLE, EMPTY, PROTECTED, WIDE_TAIL, Palette, Style
from mosh_common.terminal.history.line import BLANK_LINE, Line

# C0 controls, as the stand-ins of cells.py are: no cell holds one.
STYLE_MARK: Final = "\x03"  # the next character says which style follows
_END_OF_CLUSTER: Final = "\x04"  # after a grapheme, which follows its CLUSTER
_FIRST_INDEX: Final = 0x20
_DEFAULT_MARK: Final = STYLE_MARK + chr(_FIRST_INDEX)
BLANKS: Final = f" {EMPTY}"
MOST_STYLES: Final = 0x8000  # of one chunk: below the surrogates, which no encoder takes

_RUN: Final = re.compile(r"(.)\1*", re.DOTALL)  # of equal letters
_CLUSTER: Final = re.compile(f"{CLUSTER}([^{_END_OF_CLUSTER}]*){_END_OF_CLUSTER}")
_MARKS: Final = re.compile(f"{STYLE_MARK}.|[{CLUSTER}{_END_OF_CLUSTER}{WIDE_TAIL}]", re.DOTALL)


class StyleTable:
    """The styles of a chunk, in the order in which they are met. 0 is the default style."""

    __slots__ = ("_indices", "_marks", "_palette", "octets", "styles")

    def __init__(self) -> None:
        self.styles: list[Style] = [DEFAULT_STYLE]
        self._indices: dict[Style, int] = {DEFAULT_STYLE: 0}
        self.octets = 0  # they take about so many when they are packed
        self._palette: Palette | None = None
        self._marks: dict[str, str] = {}  # by its letters, those that were met

    def index(self, style: Style) -> int:
        """Return the index of `style`, protection aside."""
        index = self._indices.get(style)
        if index is None:
            bare = style._replace(flags=style.flags & ~PROTECTED)
            index = self._indices.get(bare)
            if index is None:
                index = self._indices[bare] = len(self.styles)
                self.styles.append(bare)
                self.octets += 32 + len(bare.link)
        return index

    def mark(self, style: Style) -> str:
        """Return what stands before text of `style`."""
        return STYLE_MARK + chr(_FIRST_INDEX + self.index(style))

    def marks(self, palette: Palette) -> dict[str, str]:
        """Return the marks of letters that were met lately; the others are to be added, from `index`."""
        if palette is not self._palette:
            self._palette, self._marks = palette, {}
        return self._marks

    def copy(self) -> StyleTable:
        """Return a table that may go on in its stead."""
        copy = StyleTable()
        for style in self.styles:
            copy.index(style)
        return copy


def encode_line(
    text: str,
    letters: str,
    graphemes: tuple[str, ...],
    palette: Palette,
    table: StyleTable,
    *,
    part: bool = False,
) -> str:
    """Return how the line is kept that has `text` and the styles `letters` (of `palette`).

    Blanks at its end are left out; not if it is a `part`, which another follows. Each part begins with the default
    style, and a part ends with it.
    """
    if letters.count("\x00") == len(letters):
        text = text if part else text.rstrip(BLANKS)
    else:
        if not part:
            end = max(len(text.rstrip(BLANKS)), len(letters.rstrip("\x00")))
            text, letters = text[:end], letters[:end]
        text = _with_styles(text, letters, palette, table)
        if part and letters[-1] != "\x00":
            text += _DEFAULT_MARK
    if graphemes:
        pieces = text.split(CLUSTER)
        marked = [f"{CLUSTER}{grapheme}{_END_OF_CLUSTER}" for grapheme in graphemes]
        text = "".join([piece for pair in zip(pieces, (*marked, ""), strict=True) for piece in pair])
    return text


def _with_styles(text: str, letters: str, palette: Palette, table: StyleTable) -> str:
    """Return `text` with a mark wherever its style changes. It begins with the default style."""
    parts: list[str] = []
    marks = table.marks(palette)
    start = 0
    for run in _RUN.finditer(letters):
        letter, end = run[1], run.end()
        if start or letter != "\x00":
            mark = marks.get(letter)
            if mark is None:
                mark = marks[letter] = table.mark(palette.styles[ord(letter)])
            parts.append(mark)
        parts.append(text[start:end])
        start = end
    return "".join(parts)


def decode_line(encoded: str, styles: list[Style]) -> Line:
    """Return the line that is kept as `encoded`; `styles` are those of its chunk."""
    if not encoded:
        return BLANK_LINE
    graphemes: tuple[str, ...] = ()
    if CLUSTER in encoded:
        graphemes = tuple(_CLUSTER.findall(encoded))
        encoded = _CLUSTER.sub(CLUSTER, encoded)
    if STYLE_MARK not in encoded:
        return Line(encoded, ((len(encoded), DEFAULT_STYLE),), graphemes)
    text, *marked = encoded.split(STYLE_MARK)
    texts = [text]
    last, length = DEFAULT_STYLE, len(text)  # of the run that has not ended
    runs: list[tuple[int, Style]] = []
    for piece in marked:
        text = piece[1:]
        if not text:
            continue  # where rows of one style were joined, the default one is between them
        style = styles[ord(piece[0]) - _FIRST_INDEX]
        if style is not last:
            if length:
                runs.append((length, last))
            last, length = style, 0
        texts.append(text)
        length += len(text)
    if length:
        runs.append((length, last))
    return Line("".join(texts), tuple(runs), graphemes)


def words_of(encoded: str) -> str:
    """Return what one or many encoded lines say: blanks for erased cells, graphemes whole."""
    if STYLE_MARK in encoded or CLUSTER in encoded or WIDE_TAIL in encoded:
        encoded = _MARKS.sub("", encoded)
    return encoded.replace(EMPTY, " ")
