"""Rectangular areas (VT420): fill, erase, copy, change attributes, checksum."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial
from typing import Final, NamedTuple

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import (
    BLINK,
    BOLD,
    INVERSE,
    INVISIBLE,
    UNDERLINE_NONE,
    UNDERLINE_SINGLE,
    WIDE_TAIL,
    Row,
    Style,
)
from mosh_common.terminal.row_sums import RowSums
from mosh_common.terminal.rows import Span
from mosh_common.terminal.sgr import parse_sgr
from mosh_common.terminal.strings import Strings
from mosh_common.terminal.style_change import StyleChange
from mosh_common.terminal.width import char_width

_REVERSED: Final = {1: BOLD, 5: BLINK, 7: INVERSE, 8: INVISIBLE}  # DECRARA
_CHANGES_LIMIT: Final = 1 << 17  # letters that all remembered changes of style may have room for: a megabyte


class Area(NamedTuple):
    """A rectangle, 0-based, the last row and column included."""

    top: int
    left: int
    bottom: int
    right: int


class Rectangles(Strings):
    """The rectangular area operations. None of them moves the cursor or cares for margins, but for origin mode."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.rectangular_extent = False  # DECSACE: attribute changes affect rectangles, not streams of cells
        self.checksums = False  # whether DECRQCRA is answered; no program can change it
        self._style_changes: dict[Hashable, StyleChange] = {}  # those that DECCARA and DECRARA made lately
        self._sums = RowSums(self.palette)

    def _area(self, top: int = 0, left: int = 0, bottom: int = 0, right: int = 0) -> Area | None:
        """Return the area of four 1-based parameters, 0 meaning the edges; None if it is empty."""
        first_row, first_column, last_row, last_column = 0, 0, self.lines - 1, self.columns - 1
        if self.origin_mode:
            first_row, first_column, last_row, last_column = self.top, self.left, self.bottom, self.right
        area = Area(
            first_row + (top or 1) - 1,
            first_column + (left or 1) - 1,
            min(first_row + bottom - 1, last_row) if bottom else last_row,
            min(first_column + right - 1, last_column) if right else last_column,
        )
        return area if area.top <= area.bottom and area.left <= area.right else None

    def fill_rectangle(self, code: int = 0, *bounds: int) -> None:
        """DECFRA: fill with a character in the current style."""
        area = self._area(*bounds[:4])
        if area is None or not (32 <= code <= 126 or 160 <= code <= 255):
            return
        count = area.right - area.left + 1
        text = chr(code).translate(self.translation) if self.translation else chr(code)
        if char_width(text) == 1:
            span = Span(text * count, self.rendition.letter * count)
            key = ("fill", area.left, text, count, self.rendition.letter, self.rendition.blank)
            self.change_rows(area.top, area.bottom, key, lambda row: self.overwritten(row, area.left, span))

    def erase_rectangle(self, *bounds: int) -> None:
        """DECERA."""
        area = self._area(*bounds[:4])
        if area is not None:
            self.erase_rows(area.top, area.bottom, area.left, area.right + 1)

    def erase_rectangle_selectively(self, *bounds: int) -> None:
        """DECSERA: protected cells stay."""
        area = self._area(*bounds[:4])
        if area is not None:
            self.erase_rows(area.top, area.bottom, area.left, area.right + 1, selective=True)

    def copy_rectangle(self, *parameters: int) -> None:
        """DECCRA: source area, source page, target row and column, target page (there is one page)."""
        values = (*parameters, 0, 0, 0, 0, 0, 0, 0, 0)
        area = self._area(*values[:4])
        target = self._area(values[5], values[6])
        if area is None or target is None:
            return
        width = min(area.right - area.left, target.right - target.left) + 1
        height = min(area.bottom - area.top, target.bottom - target.top) + 1
        left, end, column = area.left, area.left + width, target.left
        blank = self.rendition.blank
        key = ("copy", left, end, column, blank)
        self.work.charge_cells(height * self.columns)
        self.rows[target.top : target.top + height] = self.memory.merge(
            self.rows[target.top : target.top + height],
            self.rows[area.top : area.top + height],
            key,
            lambda row, source: self.overwritten(row, column, row_ops.span(source, left, end, blank)),
        )

    # --- attributes

    def select_attribute_extent(self, how: int = 0, *_: int) -> None:
        """DECSACE: 2 rectangle; 0 and 1 the stream of cells from the first to the last."""
        if how <= 2:
            self.rectangular_extent = how == 2

    def change_attributes(self, *parameters: int) -> None:
        """DECCARA: bold, underline, blink, inverse and invisible on or off."""
        area = self._area(*parameters[:4])
        if area is None:
            return
        codes = [code for code in parameters[4:] or (0,) if code in (0, 1, 4, 5, 7, 8, 22, 24, 25, 27, 28)]
        text = ";".join("22;24;25;27;28" if code == 0 else str(code) for code in codes)
        if codes:
            self._change_styles(area, text, parse_sgr(text).apply)

    def reverse_attributes(self, *parameters: int) -> None:
        """DECRARA: toggle bold, underline, blink, inverse and invisible."""
        area = self._area(*parameters[:4])
        if area is None:
            return
        codes = parameters[4:] or (0,)
        if 0 in codes:
            codes = (1, 4, 5, 7, 8)
        flags = 0
        for code in codes:
            flags ^= _REVERSED.get(code, 0)
        times = codes.count(4)
        times = times if times < 2 else 2 - times % 2  # after the first time underlines are single or none
        if flags or times:
            self._change_styles(area, (flags, times), lambda style: _reversed(style, flags, times))

    def _change_styles(self, area: Area, name: Hashable, changed: Callable[[Style], Style]) -> None:
        """Replace each style by what `changed` makes of it, in the area or the stream of cells between its corners."""
        parts = [(area.top, area.bottom, area.left, area.right + 1)]
        if not self.rectangular_extent and area.top < area.bottom:
            parts = [
                (area.top, area.top, area.left, self.columns),
                (area.top + 1, area.bottom - 1, 0, self.columns),
                (area.bottom, area.bottom, 0, area.right + 1),
            ]
        self.work.charge_cells((area.bottom + 1 - area.top) * self.columns)
        for _attempt in (1, 2):
            change = self._style_change(name, changed)
            made: list[Row] = []
            try:
                for first, last, start, end in parts:
                    rows = self.rows[first : last + 1]
                    if rows:
                        key = ("style", name, start, end)
                        made += self.memory.apply(rows, key, partial(_restyled, start=start, end=end, change=change))
            except OverflowError:
                self.compact_palette()
                continue
            self.rows[area.top : area.bottom + 1] = made
            return

    def _style_change(self, name: Hashable, changed: Callable[[Style], Style]) -> StyleChange:
        """Return what does that to rows of letters."""
        changes = self._style_changes
        change = changes.get(name)
        if change is None or change.palette is not self.palette:
            if sum(each.size for each in changes.values()) > _CHANGES_LIMIT or len(changes) > _CHANGES_LIMIT // 1024:
                changes.clear()
            change = changes[name] = StyleChange(self.palette, changed)
        return change

    # --- checksum

    def report_checksum(self, identifier: int = 0, _page: int = 0, *bounds: int) -> None:
        """DECRQCRA: the negated sum of the characters in an area (VT420; attributes as in xterm's default).

        Of one cell it is the character. Like xterm, nothing is answered but to who was allowed to read the screen.
        """
        # SECURITY: tests/property/test_answers.py::test_no_answer_depends_on_what_stood_on_the_screen
        if not self.checksums:
            return
        area = self._area(*bounds[:4])
        total = 0 if area is None else self._checksum(area)
        self.write_process_input(f"\x1bP{identifier}!~{-total & 0xFFFF:04X}\x1b\\")

    def _checksum(self, area: Area) -> int:
        """Return the sum of the cells in an area."""
        sums = self._sums
        if sums.palette is not self.palette:
            sums = self._sums = RowSums(self.palette)
        self.work.charge_cells((area.bottom + 1 - area.top) * self.columns)
        start, end = area.left, area.right + 1
        total = 0
        for row in self.rows[area.top : area.bottom + 1]:
            before = sums.of(row)
            total += before[end] - before[start]
        return total


def _reversed(style: Style, flags: int, times: int) -> Style:
    """Return `style` with some flags toggled once, and its underline so many times."""
    fg, bg, old, underline, underline_color, link = style
    for _ in range(times):
        underline = UNDERLINE_SINGLE if underline == UNDERLINE_NONE else UNDERLINE_NONE
    return Style(fg, bg, old ^ flags, underline, underline_color, link)


def _restyled(row: Row, *, start: int, end: int, change: StyleChange) -> Row:
    """Return `row` with a change to the styles of columns `start` to `end` (exclusive)."""
    text, letters, _wrapped, _clusters = row
    # A wide character has one style: that of its left half.
    if text[start] == WIDE_TAIL:
        start += 1
    if text[end : end + 1] == WIDE_TAIL:
        end += 1
    return row_ops.restyled(row, start, change.apply(letters[start:end]))
