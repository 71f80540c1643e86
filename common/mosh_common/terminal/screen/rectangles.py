"""Rectangular areas (VT420): fill, erase, copy, change attributes, checksum."""

from __future__ import annotations

from functools import partial
from typing import Final, NamedTuple

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import WIDE_TAIL, Palette, Row
from mosh_common.terminal.rows import Span
from mosh_common.terminal.screen.restyling import RestyledRows, Segments, Step
from mosh_common.terminal.screen.row_sums import RowSums
from mosh_common.terminal.screen.strings import Strings
from mosh_common.terminal.screen.style_change import NO_CHANGE, ChangedLetters, StyleChange, setting, toggling
from mosh_common.terminal.width import char_width

_CELLS_PER_STYLE: Final = 32  # what a new style costs, in cells that are touched
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
        self._changed: dict[StyleChange, ChangedLetters] = {}  # what DECCARA and DECRARA made of letters lately
        self._sums = RowSums(self.palette)

    def _area(self, top: int = 0, left: int = 0, bottom: int = 0, right: int = 0) -> Area | None:
        """Return the area of four 1-based parameters, 0 meaning the edges; None if it is empty."""
        first_row, first_column, last_row, last_column = 0, 0, self.lines - 1, self.columns - 1
        if self.rules.origin_mode:
            first_row, first_column, last_row, last_column = self.top, self.left, self.bottom, self.right
        area = Area(
            first_row + (top or 1) - 1,
            first_column + (left or 1) - 1,
            min(first_row + bottom - 1, last_row) if bottom else last_row,
            min(first_column + right - 1, last_column) if right else last_column,
        )
        return area if area.top <= area.bottom and area.left <= area.right else None

    def fill_rectangle(self, code: int = 0, *bounds: int) -> None:
        """DECFRA: fill with the character `code` (Latin-1, no control) in the current style; `bounds` as DECERA's."""
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
        """DECERA: top, left, bottom and right, from 1; 0 and what is missing mean the edges."""
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
        self._change_styles(self._area(*parameters[:4]), setting(parameters[4:] or (0,)))

    def reverse_attributes(self, *parameters: int) -> None:
        """DECRARA: toggle bold, underline, blink, inverse and invisible."""
        self._change_styles(self._area(*parameters[:4]), toggling(parameters[4:] or (0,)))

    def _change_styles(self, area: Area | None, change: StyleChange) -> None:
        """Change the styles in an area, or in the stream of cells between its corners, before anybody looks at them."""
        if area is None or change == NO_CHANGE:
            return
        top, left, bottom, right = area
        self.work.charge_cells((bottom + 1 - top) * self.columns)
        # Each cell may get a style that is new. Now is the time for a palette with room for all of them: whoever looks
        # at the rows later may have letters in hand already.
        room = self.columns * self.lines + self._spare_styles()
        if len(self.palette.styles) + min(room, Palette.LIMIT // 2) > Palette.LIMIT:
            self.compact_palette()
        rows = self.rows
        if not isinstance(rows, RestyledRows):
            rows = RestyledRows(rows, self._restyled)
            self._use_rows(rows)
        if rows.waiting.full:
            rows.settle()
        if self.rectangular_extent or top == bottom or right + 1 - left == self.columns:
            rows.waiting.add(Step(top, bottom, left, right + 1, change))
        else:
            rows.waiting.add(Step(top, top, left, self.columns, change))
            if top + 1 < bottom:
                rows.waiting.add(Step(top + 1, bottom - 1, 0, self.columns, change))
            rows.waiting.add(Step(bottom, bottom, 0, right + 1, change))

    def _restyled(self, rows: list[Row], segments: Segments) -> list[Row]:
        """Return `rows` with changes of style in some of their columns; as they were if the palette is too full."""
        letters = [self._changed_letters(change) for _, _, change in segments]
        known = len(self.palette.styles)
        try:
            return self.memory.apply(rows, ("style", segments), partial(_restyled_row, segments, letters))
        except OverflowError:
            return rows
        finally:
            new = len(self.palette.styles) - known
            self.renditions.allow(new)
            self.work.charge_cells(_CELLS_PER_STYLE * new)

    def _changed_letters(self, change: StyleChange) -> ChangedLetters:
        known = self._changed.get(change)
        if known is None or known.palette is not self.palette:
            size = sum(each.size for each in self._changed.values())
            if size > _CHANGES_LIMIT or len(self._changed) > _CHANGES_LIMIT // 1024:
                self._changed.clear()
            known = self._changed[change] = ChangedLetters(self.palette, change)
        return known

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


def _restyled_row(segments: Segments, changes: list[ChangedLetters], row: Row) -> Row:
    """Return `row` with its letters changed in some columns."""
    text, letters, wrapped, clusters = row
    parts, done = [], 0
    for (start, end, _), change in zip(segments, changes, strict=True):
        # A wide character has one style: that of its left half.
        if text[start] == WIDE_TAIL:
            start += 1
        if text[end : end + 1] == WIDE_TAIL:
            end += 1
        parts += [letters[done:start], change.apply(letters[start:end])]
        done = end
    return (text, "".join([*parts, letters[done:]]), wrapped, clusters)
