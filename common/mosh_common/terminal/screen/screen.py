"""The screen: pyte's `Screen` with other storage (shared, immutable rows) and far more of what terminals do.

Drives and is driven by either Stream, pyte's or ours, through pyte's method names. Parameters may be more than a
function needs: the rest is ignored. The storage and what can be done to it are in grid.py and the modules after it.
"""

from __future__ import annotations

import re
from typing import Any, Final

import pyte
from pyte.screens import Margins

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.screen.charsets import DEFAULT_CHARSETS
from mosh_common.terminal.screen.grid import MOVED, PENDING_MOVED, OtherScreen, SavedCursor
from mosh_common.terminal.screen.overpainting import Overpainting
from mosh_common.terminal.screen.pyte_views import BufferView, pyte_cursor, row_text
from mosh_common.terminal.screen.restyling import RestyledRows
from mosh_common.terminal.screen.sgr import MAX_PARAMETERS

_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]+")
# Designating sequences: to which of G0–G3, and whether of 94 characters (96-character sets are never drawn ones).
_SLOTS: Final = {"(": 0, ")": 1, "*": 2, "+": 3, "-": 1, ".": 2, "/": 3}
_PRIVATE_SHIFT: Final = 5  # pyte keeps private modes shifted left by this


class Screen(Overpainting, pyte.Screen):
    """A terminal's screen. Rows never change once a snapshot has them."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.bell_count = 0  # never goes back: a change rings

    # --- controls and text

    def draw(self, data: str) -> None:
        """Print `data`; control characters in it are not printed."""
        if not (data.isascii() and data.isprintable()):
            data = _CONTROLS.sub("", data)
        self.write(data)

    def bell(self, *_: Any) -> None:
        """BEL: counted; the client rings."""
        self.bell_count += 1

    def ring(self, count: int) -> None:
        """Count bells that were not heard singly."""
        self.bell_count += count

    def debug(self, *_: Any, **__: Any) -> None:
        """Any sequence that is not known: cancels a pending wrap (docs/terminal.md §2)."""
        self.phase = MOVED

    def ignore(self, *_: Any) -> None:
        """Any sequence that is known to have no effect here."""

    def reset(self) -> None:
        """RIS: as after power-up. Titles, clipboard and the count of bells stay."""
        self.hard_reset()

    # --- rendition

    def select_graphic_rendition(self, *attrs: int, private: bool = False) -> None:
        """SGR with numeric parameters."""
        if not private:
            self.select_rendition(";".join(map(str, attrs[:MAX_PARAMETERS])))

    # --- character sets

    def define_charset(self, code: str, mode: str) -> None:
        """SCS: designate the set with that final character; `mode` is the intermediate one."""
        if mode in _SLOTS and not (mode in "()*+" and self.charsets.designated[_SLOTS[mode]] == code):
            # 96-character sets do not differ from what UTF-8 text means; they count as ASCII.
            self.charsets = self.charsets.designate(_SLOTS[mode], code if mode in "()*+" else "B")

    def shift_in(self) -> None:
        """SI, LS0: G0 into GL."""
        if self.charsets.left == 0:
            return
        self.charsets = self.charsets._replace(left=0)

    def shift_out(self) -> None:
        """SO, LS1: G1 into GL."""
        self.charsets = self.charsets._replace(left=1)

    def locking_shift(self, slot: int) -> None:
        """LS2, LS3: G2 or G3 into GL."""
        self.charsets = self.charsets._replace(left=slot)

    def locking_shift_right(self, slot: int) -> None:
        """LS1R, LS2R, LS3R: into GR, which UTF-8 text never uses."""
        self.charsets = self.charsets._replace(right=slot)

    def single_shift(self, slot: int) -> None:
        """SS2, SS3: the next character from G2 or G3."""
        self.charsets = self.charsets._replace(single_shift=slot)

    # --- size and snapshots

    def resize(self, lines: int | None = None, columns: int | None = None) -> None:
        """Take a new size (docs/terminal.md §4)."""
        self.resize_grid(columns or self.columns, lines or self.lines)

    def snapshot(self) -> Snapshot:
        """Return this moment; shares all rows."""
        if isinstance(self.rows, RestyledRows):
            self._plain_rows()
        return Snapshot(
            self.columns,
            self.lines,
            tuple(self.rows),
            self.palette,
            self.cursor_row,
            self.cursor_column,
            self.wrap_pending,
            self.rendition.style,
            self.title,
            self.icon_name,
            self.title_set,
            self.clipboard,
            self.bell_count,
            self.modes,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Become that screen; what no snapshot holds (margins, tab stops, character sets, …) is as after power-up."""
        if self.palette is not snapshot.palette:
            self.use_palette(snapshot.palette)
        if self.columns != snapshot.columns:
            self.columns = snapshot.columns
            self.plain_letters = "\x00" * self.columns
            self.reset_tab_stops()
        self.lines = snapshot.lines
        self.rows = list(snapshot.rows)
        self.other = OtherScreen(self.rows, SavedCursor())
        self.alternate = False
        self.margin_mode = False
        self.reset_margins()
        self.insert_mode = self.origin_mode = self.newline_mode = self.reverse_wrap = False
        self.wrap_before_tab = False
        self.autowrap = True
        self.iso_protection = False
        self.charsets = DEFAULT_CHARSETS
        self.saved = SavedCursor()
        self.flags = set()
        self.cursor_row, self.cursor_column = snapshot.cursor_row, snapshot.cursor_column
        pending = snapshot.wrap_pending and self.cursor_column == self.columns - 1
        self.phase = PENDING_MOVED if pending else MOVED
        self.modes = snapshot.modes
        self.title, self.icon_name, self.title_set = snapshot.title, snapshot.icon_name, snapshot.title_set
        self.clipboard = snapshot.clipboard
        self.bell_count = snapshot.bell_count
        self.set_style(snapshot.style)

    # --- views for pyte's users

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
        private = {7: self.autowrap, 6: self.origin_mode, 69: self.margin_mode, 45: self.reverse_wrap}
        fields = self.modes
        private |= {5: fields.reverse_video, 25: fields.cursor_visible, 2004: fields.bracketed_paste}
        private |= {1004: fields.focus_events, 1007: fields.alternate_scroll, 1049: self.alternate}
        numbers = {number for number, enabled in private.items() if enabled} | self.flags
        numbers |= {number for number in (fields.mouse_tracking, fields.mouse_encoding) if number}
        ansi = {number for number, enabled in ((4, self.insert_mode), (20, self.newline_mode)) if enabled}
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
        return [] if self.saved == SavedCursor() else [self.saved]

    @property
    def dirty(self) -> set[int]:  # type: ignore[override]  # a view, not a store
        """Rows that may have changed: all. Who wants to know compares the rows of two snapshots by identity."""
        return set(range(self.lines))
