"""What a user of the pager does: move, search, select, copy. Which key does what is pager.py's."""

from __future__ import annotations

from typing import Final

from mosh_client.ipc.messages import HistoryFound
from mosh_client.renderer.history.wishes import Wishes
from mosh_client.renderer.pager.copying import Copying
from mosh_client.renderer.pager.document import Document, LaidRow
from mosh_client.renderer.pager.finding import found_in
from mosh_client.renderer.pager.keys import Mouse
from mosh_client.renderer.pager.marking import Marks
from mosh_client.renderer.pager.searching import Search
from mosh_client.renderer.pager.viewport import Viewport
from mosh_common.terminal.history.line import Position

WHEEL_ROWS: Final = 3
WHEEL_UP: Final = 64
WHEEL_DOWN: Final = 65
_LEFT_BUTTON: Final = 0
_MOVED: Final = 32
_NOTHING_SELECTED: Final = "Nothing is selected: v shows a cursor, v again starts, y copies."


class Reader:
    """The window on the text, and what was found and selected in it."""

    def __init__(self, wishes: Wishes, document: Document, *, height: int, refusal: str) -> None:
        """`height`: rows of the window. `refusal`: as for Copying."""
        self.document = document
        self.viewport = Viewport(document, height=height)
        self.marks = Marks(document, self.viewport)
        self.search = Search(document, wishes)
        self.copying = Copying(document, refusal=refusal)
        self.message = ""  # a sentence in the bar until the next key

    @property
    def lines_shown(self) -> range:
        """The lines of which something is in the window."""
        shown = self.viewport.rows()
        return range(shown[0].place.line, shown[-1].place.line + 1) if shown else range(0)

    def needs(self) -> list[range]:
        """Return which lines are needed, most urgent first: what is seen, a page before it and one after."""
        shown, height = self.lines_shown, self.viewport.height
        around = [range(max(shown.start - height, 0), shown.start), range(shown.stop, shown.stop + height)]
        return [shown, self.copying.lines, *around]

    def text_changed(self) -> None:
        """Say that lines came or went."""
        self.message = self.copying.go_on() or self.message

    # --- Moving -------------------------------------------------------------------------------------------------

    def move(self, rows: int) -> None:
        """Move the cursor, or without one the window, so many rows down, or up if negative."""
        self.search.give_up()
        if self.marks.cursor is not None:
            self.marks.move_rows(rows)
        else:
            self.viewport.scroll(rows)

    def move_halves(self, halves: int) -> None:
        """Move by so many halves of the window."""
        rows = abs(halves) * max(self.viewport.height, 2) // 2
        self.move(rows if halves > 0 else -rows)

    def go(self, *, end: bool) -> None:
        """Go to the first line there is, or to the last."""
        self.search.give_up()
        document = self.document
        if self.marks.cursor is not None:
            self.marks.go(Position(document.last_printed if end else document.first))
        elif end:
            self.viewport.go(document.rows(document.last_printed)[-1].place, above=max(self.viewport.height - 1, 0))
        else:
            self.viewport.go(Position(document.first))

    def take_mouse(self, mouse: Mouse) -> None:
        """Take a report of the mouse: the wheel moves the window, a drag selects."""
        if mouse.button in (WHEEL_UP, WHEEL_DOWN):
            self.search.give_up()
            self.viewport.scroll(WHEEL_ROWS if mouse.button == WHEEL_DOWN else -WHEEL_ROWS)
        elif mouse.released:
            return
        elif mouse.button == _LEFT_BUTTON:
            self.marks.press(mouse.row, mouse.column)
        elif mouse.button == _LEFT_BUTTON | _MOVED:
            self.marks.drag(mouse.row, mouse.column)

    # --- Searching ----------------------------------------------------------------------------------------------

    def find(self, text: str, *, backwards: bool) -> None:
        """Look for `text`, or again for what was looked for last if that is empty."""
        text = text or self.search.text
        if text:
            self._show_found(self.search.begin(text, backwards=backwards, origin=self.lines_shown))

    def find_again(self, *, reverse: bool) -> None:
        """Look for the next place."""
        self._show_found(self.search.again(reverse=reverse, origin=self.lines_shown))

    def receive_found(self, found: HistoryFound) -> None:
        """Take what the server found."""
        self._show_found(self.search.receive(found))

    def _show_found(self, line: int | None) -> None:
        self.message = self.search.failed or self.message
        if line is None:
            return
        shown = self.lines_shown
        if not shown.start < line < shown.stop - 1:
            self.viewport.go(Position(line), above=self.viewport.height // 3)
        if self.marks.cursor is not None:
            self.marks.go(self._place_found(line))

    def _place_found(self, number: int) -> Position:
        line, needle = self.document.line(number), self.search.needle
        found = found_in(line, needle) if line is not None and needle is not None else []
        return Position(number, found[0][0] if found else 0)

    # --- Selecting ----------------------------------------------------------------------------------------------

    def mark(self, *, whole_lines: bool = False) -> None:
        """Show a cursor, on what was found or else on the last row that says something; then begin to select there."""
        marks, shown = self.marks, self.viewport.rows()
        if marks.cursor is None and shown:
            line = self.search.line
            if line is not None and line in self.lines_shown:
                marks.show(self._place_found(line))
            else:
                marks.show(_last_printed(shown).place)
            if not whole_lines:
                return
        marks.start(whole_lines=whole_lines)

    def copy(self) -> None:
        """Copy what is selected."""
        selection = self.marks.selection
        if selection is None:
            self.message = _NOTHING_SELECTED
            return
        self.marks.drop()
        self.message = self.copying.begin(selection)

    def undo(self) -> bool:
        """Undo what was done last: a copy that waits, a selection, a search; return False when there is nothing."""
        if self.copying.waiting:
            self.copying.give_up()
        elif self.marks.cursor is not None:
            self.marks.drop()
        elif self.search.needle is not None:
            self.search.unmark()
        else:
            return False
        return True


def _last_printed(shown: list[LaidRow]) -> LaidRow:
    """Return the last of these rows that says something, or the first of all."""
    printed = [each for each in shown if each.row is not None and each.row[0].strip("\x00 ")]
    return printed[-1] if printed else shown[0]
