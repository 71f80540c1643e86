"""Reading a screen the way pyte's users do: `buffer`, `display`, `cursor` as pyte's types, made when asked for.

They are copies: writing to them changes nothing. Knows the storage (cells.py) and pyte's value types only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pyte import graphics
from pyte.screens import Char, Cursor

from mosh_common.terminal.cells import (
    BLINK,
    BOLD,
    DEFAULT_COLOR,
    EMPTY,
    INVERSE,
    ITALIC,
    RGB,
    STRIKE,
    WIDE_TAIL,
    Palette,
    Row,
    Style,
    cell_text,
)

_NAMES: Final = [*graphics.FG_ANSI.values()][:8]
_CHAR_BLINKS: Final = "blink" in Char._fields  # since pyte 0.8.1


def color_name(color: int) -> str:
    """Return a colour as pyte gives it: a name, or six hexadecimal digits."""
    if color == DEFAULT_COLOR:
        return "default"
    if color & RGB:
        return f"{color & 0xFFFFFF:06x}"
    if color < 8:
        return str(_NAMES[color])
    if color < 16:
        return str(graphics.FG_AIXTERM[90 + color - 8])
    return str(graphics.FG_BG_256[color])


def pyte_char(data: str, style: Style, reverse_video: bool) -> Any:
    """Return a pyte Char of that style."""
    flags = style.flags
    blink = (bool(flags & BLINK),) if _CHAR_BLINKS else ()
    return Char(
        data,
        color_name(style.fg),
        color_name(style.bg),
        bool(flags & BOLD),
        bool(flags & ITALIC),
        style.underline > 0,
        bool(flags & STRIKE),
        bool(flags & INVERSE) != reverse_video,
        *blink,
    )


def pyte_cursor(column: int, row: int, style: Style, *, hidden: bool, reverse_video: bool) -> Any:
    """Return a pyte Cursor."""
    cursor = Cursor(column, row, pyte_char(" ", style, reverse_video))
    cursor.hidden = hidden
    return cursor


def row_text(row: Row) -> str:
    """Return what a reader sees in a row: blanks for empty cells, wide characters once."""
    text = row[0]
    if row[3]:
        return "".join(cell_text(row, i) or " " for i, char in enumerate(text) if char != WIDE_TAIL)
    return text.replace(WIDE_TAIL, "").replace(EMPTY, " ")


class RowView(Mapping[int, Any]):
    """A row as a mapping from column to pyte Char."""

    def __init__(self, row: Row, palette: Palette, reverse_video: bool) -> None:
        self._row = row
        self._palette = palette
        self._reverse_video = reverse_video

    def __getitem__(self, column: int) -> Any:
        if not 0 <= column < len(self._row[0]):
            raise KeyError(column)
        tail = self._row[0][column] == WIDE_TAIL
        data = "" if tail else cell_text(self._row, column) or " "
        return pyte_char(data, self._palette.styles[ord(self._row[1][column])], self._reverse_video)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self._row[0])))

    def __len__(self) -> int:
        return len(self._row[0])


class BufferView(Mapping[int, RowView]):
    """All rows, as a mapping from row number to `RowView`."""

    def __init__(self, rows: list[Row], palette: Palette, reverse_video: bool) -> None:
        self._rows = rows
        self._palette = palette
        self._reverse_video = reverse_video

    def __getitem__(self, row: int) -> RowView:
        if not 0 <= row < len(self._rows):
            raise KeyError(row)
        return RowView(self._rows[row], self._palette, self._reverse_video)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self._rows)))

    def __len__(self) -> int:
        return len(self._rows)
