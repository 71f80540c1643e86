"""Rows of cells, and the palette that their letters refer to: what becomes of styles when there are too many, and what
puts and erases cells.

Columns are 0-based. Knows no cursor, no margins and no escape sequences.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import (
    DEFAULT_STYLE,
    EMPTY,
    LINKS_LIMIT_OCTETS,
    NO_CLUSTERS,
    PROTECTED,
    WIDE_TAIL,
    Palette,
    Row,
    Style,
    blank_row,
)
from mosh_common.terminal.rows import Span
from mosh_common.terminal.screen.past import Past
from mosh_common.terminal.screen.row_memory import RowMemory
from mosh_common.terminal.screen.sgr import Rendition, Renditions
from mosh_common.terminal.screen.state import NEVER_SAVED, OtherScreen
from mosh_common.terminal.screen.style_merging import merge_styles
from mosh_common.terminal.work import Work
from mosh_common.wire.size import nearest_size

_SPARE_STYLES: Final = 512  # new ones until the palette is compacted, on small screens
_CELLS_PER_REFUSAL: Final = 64  # a hyperlink that is refused costs a look at so many cells, taken together
_FEWEST_REFUSALS: Final = 8
_BLANK_ROWS_LIMIT: Final = 256  # blank rows remembered by background


class StyledRows:
    """The rows of both screens, and the rendition that new cells get."""

    __slots__ = (
        "_blank_rows",
        "columns",
        "executes_frames",
        "lines",
        "link_refusals",
        "memory",
        "other",
        "palette",
        "past",
        "plain_letters",
        "rendition",
        "renditions",
        "rows",
        "work",
    )  # the fastest attributes that Python has; with those of Grid there are too many for a shared-key dictionary

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = nearest_size(columns, lines)
        # What meets here: the output of programs, as other terminals take it; or frames, as both ends take them, which
        # sometimes is another thing (docs/terminal.md §2).
        self.executes_frames = False
        self.past: Past | None = None  # who keeps what scrolls off
        self.work = Work()
        self.memory = RowMemory()  # of operations on many rows
        self._blank_rows: dict[str, Row] = {}
        self.link_refusals = 0  # until the next look whether there is room for hyperlinks again
        self.renditions = Renditions(Palette(), self._rendition_after_compaction, self._rendition_without_room)
        self.use_palette(Palette())
        self.rendition: Rendition = self.renditions.of(DEFAULT_STYLE)
        self.plain_letters = "\x00" * self.columns  # what blank rows without background have: no need to look closer
        self.rows: list[Row] = [(EMPTY * self.columns, self.plain_letters, False, NO_CLUSTERS)] * self.lines
        self.other = OtherScreen(self.rows, NEVER_SAVED)

    # --- styles

    @property
    def style(self) -> Style:
        """Current rendition and hyperlink, with DECSCA's protection."""
        return self.rendition.style

    def set_style(self, style: Style) -> None:
        """Make `style` the current one."""
        self.rendition = self.renditions.of(style)

    def _rendition_after_compaction(self, style: Style) -> Rendition:
        """Return the rendition of `style` on a new palette, because the old one is full."""
        self.compact_palette()
        return self.renditions.of(style)

    def _rendition_without_room(self, style: Style) -> Rendition:
        """Return the rendition of `style` although there are too many hyperlinks: if need be, without its own.

        Whether those on the screen have become fewer is seen by going through all cells, so not each time.
        """
        if self.link_refusals <= 0:
            self.link_refusals = max(self.columns * self.lines // _CELLS_PER_REFUSAL, _FEWEST_REFUSALS)
            self.compact_palette()
            if self.renditions.has_room_for(style.link):
                return self.renditions.of(style)
        self.link_refusals -= 1
        return self.renditions.without_link(style)

    def compact_palette(self) -> None:
        """Start a new palette with the styles still in use; snapshots keep the old one.

        Both screens keep `Palette.KEPT` of them; where there are more, similar colours become one.
        """
        self.work.charge_cells(4 * self.columns * self.lines)
        style = self.rendition.style
        old, new = self.palette, Palette()
        used = {letter for row in (*self.rows, *self.other.rows) for letter in set(row[1])}
        styles = {letter: old.styles[ord(letter)] for letter in sorted(used)}
        if len(styles) > Palette.KEPT:
            merged = merge_styles(styles.values(), Palette.KEPT)
            styles = {letter: merged[style] for letter, style in styles.items()}
        table = {ord(letter): new.letter(style) for letter, style in styles.items()}
        blanks: dict[str, Row] = {}

        def relettered(row: Row) -> Row:
            text, letters, wrapped, clusters = row
            letters = letters.translate(table)
            if not wrapped and not clusters and letters == letters[0] * len(letters) and not text.strip("\x00"):
                return blanks.setdefault(letters[0], (text, letters, wrapped, clusters))
            return (text, letters, wrapped, clusters)

        same = self.other.rows is self.rows  # there was no alternate screen yet
        self.rows = [relettered(row) for row in self.rows]
        blanks.clear()  # the other screen's rows may have another length while it is resized
        self.other = self.other._replace(rows=self.rows if same else [relettered(row) for row in self.other.rows])
        self.use_palette(new)
        self.rendition = self.renditions.of(style)

    def use_palette(self, palette: Palette) -> None:
        """Refer to `palette` from now on. The caller sets rows and rendition to match."""
        self.renditions.forget()
        self.palette = palette
        limit = len(palette.styles) + self._spare_styles()
        # While a frame is executed, the links of the screen before and of the one after are there.
        links_limit = LINKS_LIMIT_OCTETS * (2 if self.executes_frames else 1)
        self.renditions = Renditions(
            palette,
            self._rendition_after_compaction,
            self._rendition_without_room,
            limit=limit,
            links_limit=links_limit,
        )
        self._blank_rows = {}
        self.memory.clear()

    def _spare_styles(self) -> int:
        """Return how many new styles a palette takes: the styles of a stream of random colours are soon forgotten."""
        return max(_SPARE_STYLES, self.columns * self.lines // 4)

    # --- cells

    def blank_row(self) -> Row:
        """Return an erased row with the current background."""
        letter = self.rendition.blank
        row = self._blank_rows.get(letter)
        if row is None or len(row[0]) != self.columns:
            if len(self._blank_rows) >= _BLANK_ROWS_LIMIT:
                self._blank_rows.clear()
            letters = letter * self.columns if letter != "\x00" else self.plain_letters
            row = self._blank_rows[letter] = (EMPTY * self.columns, letters, False, NO_CLUSTERS)
        return row

    def change_rows(self, first: int, last: int, key: Hashable, operation: Callable[[Row], Row]) -> None:
        """Replace rows `first` to `last` by what `operation` makes of each.

        `key` says all that the result depends on beside the row, but for the palette.
        """
        if first <= last:
            self.work.charge_cells((last + 1 - first) * self.columns)
            self.rows[first : last + 1] = self.memory.apply(self.rows[first : last + 1], key, operation)

    def put(self, row: int, column: int, new: Span) -> None:
        """Overwrite part of a row. What is left of wide characters becomes as erased."""
        self.rows[row] = self.overwritten(self.rows[row], column, new)

    def overwritten(self, old: Row, column: int, new: Span) -> Row:
        """Return the row `old` with part of it overwritten."""
        if not self.executes_frames:
            return row_ops.put(old, column, new, self.rendition.blank)
        end = column + len(new.text)
        if end < self.columns and old[0][end] == WIDE_TAIL:
            # In a frame it keeps the background and nothing else, as in upstream (by comparison).
            old = row_ops.restyled(old, end, self._bare(old[1][end]))
        return row_ops.put(old, column, new)

    def _bare(self, letter: str) -> str:
        """Return the letter of the background of `letter`'s style and nothing else; keeps to the palette.

        Whoever asks is about to put cells that have letters already: a new palette now would make them mean others.
        """
        try:
            return self.palette.letter(Style(bg=self.palette.styles[ord(letter)].bg))
        except OverflowError:
            return (
                letter  # the palette is replaced with the next new rendition; the cell keeps its look until it is drawn
            )

    def erase(self, row: int, start: int, end: int) -> None:
        """Blank columns `start` to `end` (exclusive) of a row."""
        self.rows[row] = self.erased(self.rows[row], start, end)

    def erased(self, row: Row, start: int, end: int) -> Row:
        """Return `row` with columns `start` to `end` (exclusive) blank."""
        cells, letters, _wrapped, clusters = row
        blank = self.rendition.blank
        if end == self.columns and not clusters and cells[start] != WIDE_TAIL:
            # To the end of the row: the common case.
            rest = blank * (end - start)
            if letters[start:] != rest:
                letters = letters[:start] + rest
            return (cells[:start].ljust(end, EMPTY), letters, False, clusters)
        return self.overwritten(row, start, row_ops.blank_span(end - start, blank))

    def is_protected(self, letter: str) -> bool:
        """Return whether DECSCA or SPA protects cells of that style."""
        return bool(self.palette.styles[ord(letter)].flags & PROTECTED)

    # --- all rows

    def _plain_rows(self) -> list[Row]:
        """Return the rows as a list that can be cut and filled."""
        if type(self.rows) is not list:
            self._use_rows(list(self.rows))
        return self.rows

    def _use_rows(self, rows: list[Row]) -> None:
        """Keep the rows in another list."""
        if self.other.rows is self.rows:
            self.other = self.other._replace(rows=rows)
        self.rows = rows

    def replace_rows(self, columns: int, rows: list[Row]) -> None:
        """Show other rows of that many columns; there is no screen beside them."""
        if self.columns != columns:
            self.columns = columns
            self.plain_letters = "\x00" * columns
        self.lines = len(rows)
        self.rows = rows
        self.other = OtherScreen(rows, NEVER_SAVED)

    def resize_rows(self, columns: int, lines: int, lost: int, back: list[Row], *, back_on_other: bool) -> None:
        """Cut or add columns at the right, and rows: `lost` ones at the top, the others at the bottom, on both screens.

        The rows `back` come back at the top, of the screen that is not shown if `back_on_other`. Saved cursors of that
        screen stay with their rows.
        """

        def resized(rows: list[Row], back: list[Row]) -> list[Row]:
            kept = [*back, *rows[lost : lost + lines]][:lines]
            if columns != self.columns or back:  # what comes back is as wide as the screen was when it left
                # Rows that are one object stay one object.
                by_identity = {id(row): row_ops.resized(row, columns, "\x00") for row in kept}
                kept = [by_identity[id(row)] for row in kept]
            return kept + [blank_row(columns)] * (lines - len(kept))

        other = self.other
        same = other.rows is self.rows
        shown, hidden = ([], back) if back_on_other else (back, [])
        self.rows = resized(self.rows, shown)
        self.other = OtherScreen(
            self.rows if same else resized(other.rows, hidden), other.saved.moved_up(lost - len(hidden))
        )
        self.columns, self.lines = columns, lines
        self.plain_letters = "\x00" * columns
