"""The screen: bells, character sets, snapshots, over all else that control functions do.

Parameters may be more than a function needs: the rest is ignored. The storage and what can be done to it are in
styled_rows.py, grid.py and the modules after them; what makes it one of pyte's screens is in pyte_views.py.
"""

from __future__ import annotations

from typing import Any, Final

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.screen.pyte_views import PyteScreen
from mosh_common.terminal.screen.restyling import RestyledRows
from mosh_common.terminal.screen.state import MOVED, PENDING_MOVED

# Designating sequences: to which of G0–G3, and whether of 94 characters (96-character sets are never drawn ones).
_SLOTS: Final = {"(": 0, ")": 1, "*": 2, "+": 3, "-": 1, ".": 2, "/": 3}


class Screen(PyteScreen):
    """A terminal's screen. Rows never change once a snapshot has them."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.bell_count = 0  # never goes back: a change rings

    # --- controls

    def bell(self, *_: Any) -> None:
        """BEL: counted; the client rings."""
        self.bell_count += 1

    def ring(self, count: int) -> None:
        """Count bells that were not heard singly."""
        self.bell_count += count

    def ignore(self, *_: Any) -> None:
        """Any sequence that is known to have no effect here."""

    # --- character sets

    def define_charset(self, code: str, mode: str) -> None:
        """SCS: designate the set with that final character; `mode` is the intermediate one."""
        if mode in _SLOTS and not (mode in "()*+" and self.charsets.designated[_SLOTS[mode]] == code):
            # 96-character sets do not differ from what UTF-8 text means; they count as ASCII.
            self.use_charsets(self.charsets.designate(_SLOTS[mode], code if mode in "()*+" else "B"))

    def shift_in(self) -> None:
        """SI, LS0: G0 into GL."""
        if self.charsets.left == 0:
            return
        self.use_charsets(self.charsets._replace(left=0))

    def shift_out(self) -> None:
        """SO, LS1: G1 into GL."""
        self.use_charsets(self.charsets._replace(left=1))

    def locking_shift(self, slot: int) -> None:
        """LS2, LS3: G2 or G3 into GL."""
        self.use_charsets(self.charsets._replace(left=slot))

    def locking_shift_right(self, slot: int) -> None:
        """LS1R, LS2R, LS3R: into GR, which UTF-8 text never uses."""
        self.use_charsets(self.charsets._replace(right=slot))

    def single_shift(self, slot: int) -> None:
        """SS2, SS3: the next character from G2 or G3."""
        self.use_charsets(self.charsets._replace(single_shift=slot))

    # --- snapshots

    def snapshot(self) -> Snapshot:
        """Return this moment; shares all rows."""
        if isinstance(self.rows, RestyledRows):
            self._plain_rows()
        return Snapshot(
            columns=self.columns,
            lines=self.lines,
            rows=tuple(self.rows),
            palette=self.palette,
            cursor_row=self.cursor_row,
            cursor_column=self.cursor_column,
            wrap_pending=self.wrap_pending,
            style=self.rendition.style,
            title=self.title,
            icon_name=self.icon_name,
            title_set=self.title_set,
            clipboard=self.clipboard,
            bell_count=self.bell_count,
            modes=self.modes,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Become that screen; what no snapshot holds (margins, tab stops, character sets, …) is as after power-up."""
        if self.palette is not snapshot.palette:
            self.use_palette(snapshot.palette)
        self.replace_rows(snapshot.columns, list(snapshot.rows))
        self.reset_state()
        self.modes = snapshot.modes
        self.cursor_row, self.cursor_column = snapshot.cursor_row, snapshot.cursor_column
        pending = snapshot.wrap_pending and self.cursor_column == self.columns - 1
        self.phase = PENDING_MOVED if pending else MOVED
        self.title, self.icon_name, self.title_set = snapshot.title, snapshot.icon_name, snapshot.title_set
        self.clipboard = snapshot.clipboard
        self.bell_count = snapshot.bell_count
        self.set_style(snapshot.style)
