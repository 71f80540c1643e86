"""What makes ours one of pyte's screens: another storage (shared, immutable rows), the same names.

Either Stream, pyte's or ours, drives either Screen. What pyte's users read (`buffer`, `display`, `cursor` …) is made
when it is asked for, of pyte's types. They are copies: writing to them changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

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
from mosh_common.terminal.pyte_loading import load_pyte
from mosh_common.terminal.screen.overpainting import Overpainting
from mosh_common.terminal.screen.sgr import MAX_PARAMETERS
from mosh_common.terminal.screen.state import MOVED, NEVER_SAVED, SavedCursor

load_pyte()

import pyte  # noqa: E402  # found loaded, without what it would import
from pyte import graphics  # noqa: E402  # the same
from pyte.screens import Char, Cursor, Margins  # noqa: E402  # the same

# What pyte calls a control function, where it has it under another name.
PYTE_NAMES: Final = {"next_line": "linefeed", "column_forward": "cursor_forward", "line_forward": "cursor_down"}
_PRIVATE_SHIFT: Final = 5  # pyte keeps private modes shifted left by this
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]+")

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


class PyteScreen(Overpainting, pyte.Screen):
    """The methods that only pyte's Stream and users call, and the attributes that they read."""

    def draw(self, data: str) -> None:
        """Print `data`; control characters in it are not printed."""
        if not (data.isascii() and data.isprintable()):
            data = _CONTROLS.sub("", data)
        self.write(data)

    def debug(self, *_: Any, **__: Any) -> None:
        """Any sequence that is not known: cancels a pending wrap (docs/terminal.md §2)."""
        self.phase = MOVED

    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        """SGR with numeric parameters."""
        if not private:
            self.select_rendition(";".join(map(str, attrs[:MAX_PARAMETERS])))

    def reset(self) -> None:
        """RIS: as after power-up. Titles, clipboard and the count of bells stay."""
        self.hard_reset()

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Take a new size (docs/terminal.md §4)."""
        self.resize_grid(columns or self.columns, lines or self.lines)

    # --- views

    @property
    def buffer(self) -> BufferView:  # type: ignore[override]  # a view, not a store
        """The cells, as pyte gives them."""
        return BufferView(self.rows, self.palette, self.modes.reverse_video)

    @property
    def display(self) -> list[str]:
        """The rows' text."""
        return [row_text(row) for row in self.rows]

    @property
    def cursor(self) -> Any:  # type: ignore[override]  # a view, not a store
        """The cursor; with a pending wrap its column is `columns`, as in pyte."""
        return pyte_cursor(
            self.columns if self.wrap_pending else self.cursor_column,
            self.cursor_row,
            self.style,
            hidden=not self.modes.cursor_visible,
            reverse_video=self.modes.reverse_video,
        )

    @property
    def margins(self) -> Any:  # type: ignore[override]  # a view, not a store
        """Top and bottom margin; None if the whole screen scrolls."""
        whole = self.top == 0 and self.bottom == self.lines - 1
        return None if whole else Margins(self.top, self.bottom)

    @property
    def mode(self) -> set[int]:  # type: ignore[override]  # a view, not a store
        """The modes that are set, private ones shifted, as pyte numbers them."""
        rules, fields = self.rules, self.modes
        private = {7: rules.autowrap, 6: rules.origin_mode, 69: rules.margin_mode, 45: rules.reverse_wrap}
        private |= {1: rules.application_cursor_keys, 66: rules.application_keypad}
        private |= {5: fields.reverse_video, 25: fields.cursor_visible, 2004: fields.bracketed_paste}
        private |= {1004: fields.focus_events, 1007: fields.alternate_scroll, 1049: self.alternate}
        numbers = {number for number, enabled in private.items() if enabled} | self.settings.flags
        numbers |= {number for number in (fields.mouse_tracking, fields.mouse_encoding) if number}
        ansi = {number for number, enabled in ((4, rules.insert_mode), (20, self.settings.newline_mode)) if enabled}
        return {number << _PRIVATE_SHIFT for number in numbers} | ansi

    @property
    def tabstops(self) -> set[int]:  # type: ignore[override]  # a view, not a store
        """The columns with a tab stop."""
        return {column for column, stop in enumerate(self.tab_stops) if stop}

    @property
    def charset(self) -> int:  # type: ignore[override]  # a view, not a store
        """Which of G0–G3 is in GL."""
        return self.charsets.left

    @property
    def savepoints(self) -> list[SavedCursor]:  # type: ignore[override]  # a view, not a store
        """What DECRC would restore (at most one; pyte keeps a stack)."""
        return [] if self.saved == NEVER_SAVED else [self.saved]

    @property
    def dirty(self) -> set[int]:  # type: ignore[override]  # a view, not a store
        """Rows that may have changed: all. Who wants to know compares the rows of two snapshots by identity."""
        return set(range(self.lines))
