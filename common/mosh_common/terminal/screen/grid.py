"""The state of a screen and the few operations that everything else is made of: cells, cursor, margins, scrolling.

All rows and columns are 0-based; regions include their last row and column. Knows no escape sequences; the modules
that do (drawing, erasing, movement, …) are mixins over `Grid`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Final, NamedTuple

from mosh_common.terminal import rows as row_ops
from mosh_common.terminal.cells import (
    DEFAULT_MODES,
    DEFAULT_STYLE,
    EMPTY,
    LINKS_LIMIT_OCTETS,
    NO_CLUSTERS,
    PROTECTED,
    WIDE_TAIL,
    Modes,
    Palette,
    Row,
    Style,
    blank_row,
    rows_lost_above,
)
from mosh_common.terminal.rows import Span
from mosh_common.terminal.screen.charsets import DEFAULT_CHARSETS, Charsets, Translation
from mosh_common.terminal.screen.row_memory import RowMemory
from mosh_common.terminal.screen.sgr import Rendition, Renditions
from mosh_common.terminal.screen.split_rows import SplitRows
from mosh_common.terminal.screen.style_merging import merge_styles
from mosh_common.terminal.work import Work
from mosh_common.wire.size import nearest_size

TAB_WIDTH: Final = 8

# Phases of the cursor: whether a combining character or REP has a character to refer to, and whether the next
# printed one wraps first. One attribute, because most control functions reset both.
MOVED: Final = 0
WRITTEN: Final = 1  # the character before the cursor was printed last
WRITTEN_HERE: Final = 2  # the character under the cursor was, in the last column, but its wrap was cancelled
PENDING: Final = 3  # the same, and the wrap is pending
PENDING_MOVED: Final = 4  # a wrap is pending, but something that keeps it came between

_SPARE_STYLES: Final = 512  # new ones until the palette is compacted, on small screens
_CELLS_PER_REFUSAL: Final = 64  # a hyperlink that is refused costs a look at so many cells, taken together
_FEWEST_REFUSALS: Final = 8
_BLANK_ROWS_LIMIT: Final = 256  # blank rows remembered by background


class SavedCursor(NamedTuple):
    """What DECSC saves and DECRC restores."""

    row: int = 0
    column: int = 0
    wrap_pending: bool = False
    style: Style = DEFAULT_STYLE
    charsets: Charsets = DEFAULT_CHARSETS
    origin_mode: bool = False

    def moved_up(self, count: int) -> SavedCursor:
        """Return the same on a screen that lost `count` rows at the top."""
        return self._replace(row=max(0, self.row - count)) if count else self


class OtherScreen(NamedTuple):
    """The screen that is not shown: the main one while an application uses the alternate one, and vice versa."""

    rows: list[Row]
    saved: SavedCursor


def default_tab_stops(columns: int) -> bytearray:
    """Return one octet per column, 1 where a tab stop is: every eight columns, not in the first."""
    stops = bytearray(columns)
    stops[TAB_WIDTH::TAB_WIDTH] = b"\x01" * len(range(TAB_WIDTH, columns, TAB_WIDTH))
    return stops


class Grid:
    """Rows of cells, a cursor in them, and the modes that govern how the two change."""

    __slots__ = (
        "_blank_rows",
        "_charsets",
        "_insert_mode",
        "_margin_mode",
        "_origin_mode",
        "alternate",
        "autowrap",
        "bottom",
        "columns",
        "cursor_column",
        "cursor_row",
        "executes_frames",
        "iso_protection",
        "left",
        "lines",
        "link_refusals",
        "memory",
        "modes",
        "newline_mode",
        "other",
        "palette",
        "phase",
        "plain_letters",
        "plain_printing",
        "rendition",
        "renditions",
        "reverse_wrap",
        "right",
        "rows",
        "saved",
        "tab_stops",
        "top",
        "translation",
        "work",
        "wrap_before_tab",
    )  # the fastest attributes that Python has; there are too many for a shared-key dictionary

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.lines = nearest_size(columns, lines)
        # What meets here: the output of programs, as other terminals take it; or frames, as both ends take them, which
        # sometimes is another thing (docs/terminal.md §2).
        self.executes_frames = False
        self.work = Work()
        # Cells.
        self.memory = RowMemory()  # of operations on many rows
        self._blank_rows: dict[str, Row] = {}
        self.link_refusals = 0  # until the next look whether there is room for hyperlinks again
        self.renditions = Renditions(Palette(), self._rendition_after_compaction, self._rendition_without_room)
        self.use_palette(Palette())
        self.rendition: Rendition = self.renditions.of(DEFAULT_STYLE)
        self.plain_letters = "\x00" * self.columns  # what blank rows without background have: no need to look closer
        self.rows: list[Row] = [(EMPTY * self.columns, self.plain_letters, False, NO_CLUSTERS)] * self.lines
        # Cursor.
        self.cursor_row = 0
        self.cursor_column = 0
        self.phase = MOVED  # what happened last at the cursor
        self.saved = SavedCursor()
        # Margins and tab stops.
        self.top = 0
        self.bottom = self.lines - 1
        self.left = 0
        self.right = self.columns - 1
        self._margin_mode = False
        self.tab_stops = default_tab_stops(self.columns)
        # Character sets.
        self._charsets = DEFAULT_CHARSETS
        self.translation: Translation | None = None  # of GL
        # Modes that govern printing and moving; the rest is in `modes`.
        self.autowrap = True
        self._insert_mode = False
        self.plain_printing = True  # nothing diverts printing and positioning from their common way
        self._origin_mode = False
        self.newline_mode = False
        self.reverse_wrap = False
        self.wrap_before_tab = False  # xterm's fix for "more": HT executes a pending wrap
        self.iso_protection = False  # protected cells were made by SPA, which ordinary erasures respect too
        self.modes: Modes = DEFAULT_MODES
        # The screen that is not shown.
        self.alternate = False
        self.other = OtherScreen(self.rows, SavedCursor())

    @property
    def wrap_pending(self) -> bool:
        """Whether the cursor stands in the last column, which is written, and the next character wraps first."""
        return self.phase >= PENDING

    def cancel_wrap(self) -> None:
        """Cancel a pending wrap; a combining character still joins what was written."""
        if self.phase >= PENDING:
            self.phase = WRITTEN_HERE if self.phase == PENDING else MOVED

    def keep_wrap(self) -> None:
        """Keep a pending wrap, as xterm does (DEC STD 070); but REP has nothing to repeat from now on."""
        self.phase = PENDING_MOVED if self.phase >= PENDING else MOVED

    # --- what diverts printing from its common way

    @property
    def insert_mode(self) -> bool:
        """IRM: what is printed pushes the rest of the row to the right."""
        return self._insert_mode

    @insert_mode.setter
    def insert_mode(self, enabled: bool) -> None:
        self._insert_mode = enabled
        self._judge_printing()

    @property
    def margin_mode(self) -> bool:
        """DECLRMM: left and right margins can be set."""
        return self._margin_mode

    @margin_mode.setter
    def margin_mode(self, enabled: bool) -> None:
        self._margin_mode = enabled
        if self.cursor_column < self.columns - 1:
            self.cancel_wrap()  # it was pending at the right margin
        self._judge_printing()

    @property
    def origin_mode(self) -> bool:
        """DECOM: positions are relative to the margins."""
        return self._origin_mode

    @origin_mode.setter
    def origin_mode(self, enabled: bool) -> None:
        self._origin_mode = enabled
        self._judge_printing()

    @property
    def charsets(self) -> Charsets:
        """Designated and shifted character sets."""
        return self._charsets

    @charsets.setter
    def charsets(self, charsets: Charsets) -> None:
        self._charsets = charsets
        self.translation = charsets.translation()
        self._judge_printing()

    def _judge_printing(self) -> None:
        shifted = self.translation is not None or self._charsets.single_shift
        self.plain_printing = not (self._insert_mode or self._margin_mode or self._origin_mode or shifted)

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

    # --- scrolling

    def within_columns(self) -> bool:
        """Return whether the cursor is between the left and right margins."""
        return self.left <= self.cursor_column <= self.right

    def within_margins(self) -> bool:
        """Return whether the cursor is inside the scrolling region."""
        return self.top <= self.cursor_row <= self.bottom and self.left <= self.cursor_column <= self.right

    def scroll_up(self, count: int, top: int | None = None) -> None:
        """Scroll the region from `top` (default: the top margin) down to the bottom margin up by `count` rows."""
        first = self.top if top is None else top
        last = self.bottom
        count = min(count, last - first + 1)
        if self.margin_mode:
            self._scroll_between_margins(first, last, count)
            return
        rows = self._plain_rows()
        del rows[first : first + count]
        rows[last + 1 - count : last + 1 - count] = [self.blank_row()] * count

    def scroll_down(self, count: int, top: int | None = None) -> None:
        """Scroll the region from `top` (default: the top margin) down to the bottom margin down by `count` rows."""
        first = self.top if top is None else top
        last = self.bottom
        count = min(count, last - first + 1)
        if self.margin_mode:
            self._scroll_between_margins(first, last, -count)
            return
        rows = self._plain_rows()
        del rows[last + 1 - count : last + 1]
        rows[first:first] = [self.blank_row()] * count

    def _scroll_between_margins(self, first: int, last: int, count: int) -> None:
        """Scroll the columns between the left and right margins on rows `first` to `last` up; down if negative."""
        self.work.charge_cells(last + 1 - first)
        self.split_rows().scroll(first, last, count, self.rendition.blank)

    def split_rows(self) -> SplitRows:
        """Return the rows with what is between the left and right margins kept apart."""
        rows, left, end = self.rows, self.left, self.right + 1
        if not isinstance(rows, SplitRows) or (rows.left, rows.end) != (left, end):
            rows = SplitRows(rows, left, end, memory=self.memory, overwritten=self.overwritten)
            self._use_rows(rows)
        return rows

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

    def scroll_sideways(self, at: int, count: int, first: int, last: int) -> None:
        """Move what is between column `at` and the right margin, on rows `first` to `last`.

        Right by `count` columns; left if it is negative. Blanks come in.
        """
        move = row_ops.insert if count > 0 else row_ops.delete
        end, letter = self.right + 1, self.rendition.blank
        if first == last:
            self.rows[first] = move(self.rows[first], at, end, abs(count), letter)
            return
        self.change_rows(first, last, (count, at, end, letter), lambda row: move(row, at, end, abs(count), letter))

    # --- margins and size

    def reset_margins(self) -> None:
        """Make the whole screen the scrolling region."""
        self.top, self.bottom = 0, self.lines - 1
        self.left, self.right = 0, self.columns - 1

    def resize_grid(self, columns: int, lines: int) -> None:
        """Cut or add rows and, at the right, columns, on both screens; margins are reset.

        Rows are added at the bottom. They are cut there too, but where that would cut the cursor's row: from the top.
        The screen that is not shown loses the same ones, as in xterm. Saved cursors stay with their rows.
        """
        columns, lines = nearest_size(columns, lines)
        lost = rows_lost_above(self.cursor_row, lines)

        def resized(rows: list[Row]) -> list[Row]:
            kept = rows[lost : lost + lines]
            if columns != self.columns:
                # Rows that are one object stay one object.
                by_identity = {id(row): row_ops.resized(row, columns, "\x00") for row in kept}
                kept = [by_identity[id(row)] for row in kept]
            return kept + [blank_row(columns)] * (lines - len(kept))

        other = self.other
        same = other.rows is self.rows
        self.rows = resized(self.rows)
        self.other = OtherScreen(self.rows if same else resized(other.rows), other.saved.moved_up(lost))
        self.saved = self.saved.moved_up(lost)
        if columns != self.columns:
            self.phase = MOVED
            self.tab_stops = self.tab_stops[:columns] + default_tab_stops(columns)[len(self.tab_stops) :]
        self.columns, self.lines = columns, lines
        self.plain_letters = "\x00" * columns
        self.cursor_row -= lost
        self.cursor_column = min(self.cursor_column, columns - 1)
        self.reset_margins()
