"""Rectangular areas (VT420): fill, erase, copy, change attributes, checksum."""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import (
    BLINK,
    BOLD,
    CLUSTER,
    EMPTY,
    INVERSE,
    INVISIBLE,
    UNDERLINE_NONE,
    UNDERLINE_SINGLE,
    WIDE_TAIL,
)
from mosh_common.terminal.rows import Span
from mosh_common.terminal.sgr import apply_sgr
from mosh_common.terminal.strings import Strings
from mosh_common.terminal.width import char_width

_REVERSED: Final = {1: BOLD, 5: BLINK, 7: INVERSE, 8: INVISIBLE}  # DECRARA


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
            for row in range(area.top, area.bottom + 1):
                self.put(row, area.left, Span(text * count, self.rendition.letter * count))

    def erase_rectangle(self, *bounds: int) -> None:
        """DECERA."""
        area = self._area(*bounds[:4])
        if area is not None:
            for row in range(area.top, area.bottom + 1):
                self._erase(row, area.left, area.right + 1)

    def erase_rectangle_selectively(self, *bounds: int) -> None:
        """DECSERA: protected cells stay."""
        area = self._area(*bounds[:4])
        if area is not None:
            for row in range(area.top, area.bottom + 1):
                self._erase(row, area.left, area.right + 1, selective=True)

    def copy_rectangle(self, *parameters: int) -> None:
        """DECCRA: source area, source page, target row and column, target page (there is one page)."""
        values = (*parameters, 0, 0, 0, 0, 0, 0, 0, 0)
        area = self._area(*values[:4])
        target = self._area(values[5], values[6])
        if area is None or target is None:
            return
        width = min(area.right - area.left, target.right - target.left) + 1
        height = min(area.bottom - area.top, target.bottom - target.top) + 1
        copied = [
            row_ops.span(self.rows[row], area.left, area.left + width, self.rendition.blank)
            for row in range(area.top, area.top + height)
        ]
        for row, part in enumerate(copied, target.top):
            self.put(row, target.left, part)

    # --- attributes

    def select_attribute_extent(self, how: int = 0, *_: int) -> None:
        """DECSACE: 2 rectangle; 0 and 1 the stream of cells from the first to the last."""
        if how <= 2:
            self.rectangular_extent = how == 2

    def _letters_changed(self, area: Area, change: dict[str, str]) -> None:
        """Replace letters in the area, or in the stream of cells from its first to its last corner."""
        table = str.maketrans(change)
        for row in range(area.top, area.bottom + 1):
            stream = not self.rectangular_extent
            start = 0 if stream and row > area.top else area.left
            end = self.columns if stream and row < area.bottom else area.right + 1
            text, letters = self.rows[row][:2]
            # A wide character has one style: that of its left half.
            if text[start] == WIDE_TAIL:
                start += 1
            if end < self.columns and text[end] == WIDE_TAIL:
                end += 1
            letters = letters[start:end].translate(table)
            self.rows[row] = row_ops.restyled(self.rows[row], start, letters)

    def _letters_in(self, area: Area) -> set[str]:
        return {letter for row in self.rows[area.top : area.bottom + 1] for letter in set(row[1])}

    def change_attributes(self, *parameters: int) -> None:
        """DECCARA: bold, underline, blink, inverse and invisible on or off."""
        area = self._area(*parameters[:4])
        if area is None:
            return
        codes = [code for code in parameters[4:] or (0,) if code in (0, 1, 4, 5, 7, 8, 22, 24, 25, 27, 28)]
        text = ";".join("22;24;25;27;28" if code == 0 else str(code) for code in codes)
        if codes:
            self._change_styles(area, text, ())

    def reverse_attributes(self, *parameters: int) -> None:
        """DECRARA: toggle bold, underline, blink, inverse and invisible."""
        area = self._area(*parameters[:4])
        if area is None:
            return
        codes = parameters[4:] or (0,)
        if 0 in codes:
            codes = (1, 4, 5, 7, 8)
        self._change_styles(area, None, codes)

    def _change_styles(self, area: Area, sgr: str | None, toggled: tuple[int, ...]) -> None:
        """Apply SGR parameters, or toggle attributes, in an area."""
        for attempt in (1, 2):
            styles = self.palette.styles
            change = {}
            try:
                for letter in self._letters_in(area):
                    style = styles[ord(letter)]
                    if sgr is not None:
                        style = apply_sgr(style, sgr)
                    for code in toggled:
                        if code == 4:
                            plain = style.underline == UNDERLINE_NONE
                            style = style._replace(underline=UNDERLINE_SINGLE if plain else UNDERLINE_NONE)
                        else:
                            style = style._replace(flags=style.flags ^ _REVERSED.get(code, 0))
                    change[letter] = self.palette.letter(style)
            except OverflowError:
                if attempt == 1:
                    self.compact_palette()
                    continue
                return
            self._letters_changed(area, change)
            return

    # --- checksum

    def report_checksum(self, identifier: int = 0, _page: int = 0, *bounds: int) -> None:
        """DECRQCRA: the negated sum of the characters in an area (VT420; attributes as in xterm's default).

        Of one cell it is the character. Like xterm, nothing is answered but to who was allowed to read the screen.
        """
        # SECURITY: tests/property/test_answers.py::test_no_answer_depends_on_what_stood_on_the_screen
        if not self.checksums:
            return
        area = self._area(*bounds[:4])
        total = 0
        if area is not None:
            start, end = area.left, area.right + 1
            for text, letters, _wrapped, clusters in self.rows[area.top : area.bottom + 1]:
                shown = text[start:end].replace(WIDE_TAIL, "").replace(EMPTY, " ")
                total += sum(map(ord, shown))
                for column, grapheme in clusters.items():
                    if start <= column < end:
                        total += sum(map(ord, grapheme)) - ord(CLUSTER)
                for letter in set(letters[start:end]):
                    style = self.palette.styles[ord(letter)]
                    extra = 0x10 * (style.underline > 0) + 0x20 * bool(style.flags & INVERSE)
                    extra += 0x40 * bool(style.flags & BLINK) + 0x80 * bool(style.flags & BOLD)
                    total += extra * letters.count(letter, start, end)
        self.write_process_input(f"\x1bP{identifier}!~{-total & 0xFFFF:04X}\x1b\\")
