"""The cursor with which a part of the text is selected, by keys or by the mouse, and the selection itself."""

from __future__ import annotations

from mosh_client.renderer.pager.document import Document, LaidRow
from mosh_client.renderer.pager.selection import Selection
from mosh_client.renderer.pager.viewport import Viewport
from mosh_common.terminal.cells import EMPTY, WIDE_TAIL, Row
from mosh_common.terminal.history.line import Position


class Marks:
    """Without a cursor nothing is being selected; without an anchor only the cursor moves."""

    def __init__(self, document: Document, viewport: Viewport) -> None:
        self._document = document
        self._viewport = viewport
        self.cursor: Position | None = None
        self._anchor: Position | None = None
        self._whole_lines = False
        self._pressed: Position | None = None  # where the mouse's button went down

    @property
    def selection(self) -> Selection | None:
        """What is selected."""
        if self.cursor is None or self._anchor is None:
            return None
        return Selection(self._anchor, self.cursor, self._whole_lines)

    def show(self, place: Position) -> None:
        """Show the cursor."""
        self.cursor = place

    def start(self, *, whole_lines: bool = False) -> None:
        """Begin a selection at the cursor; again: begin anew from here, or by lines instead."""
        if whole_lines and self._anchor is not None:
            self._whole_lines = not self._whole_lines
            return
        self._anchor, self._whole_lines = self.cursor, whole_lines

    def drop(self) -> None:
        """Forget cursor and selection."""
        self.cursor = self._anchor = self._pressed = None
        self._whole_lines = False

    # --- By keys ------------------------------------------------------------------------------------------------

    def move_rows(self, count: int) -> None:
        """Move the cursor so many rows down, or up if negative."""
        if self.cursor is None:
            return
        row = self._row(self.cursor)
        offset = self.cursor.column - row.place.column
        target = self._viewport.offset(self.cursor, count)
        self.cursor = self._on(self._row(target), offset)
        self._follow()

    def move_columns(self, count: int) -> None:
        """Move the cursor so many columns right, or left if negative, within its line; onto no half of a character."""
        if self.cursor is None:
            return
        line = self._document.line(self.cursor.line)
        text = line.text if line is not None else ""
        column = self.cursor.column + count
        while 0 < column < len(text) and text[column] == WIDE_TAIL:
            column += count
        column = min(max(column, 0), max(len(text) - 1, 0))
        if text[column : column + 1] == WIDE_TAIL:
            column -= 1
        self.cursor = Position(self.cursor.line, column)
        self._follow()

    def move_words(self, direction: int) -> None:
        """Move the cursor to where the next word begins, or this one or the one before, within its line."""
        if self.cursor is None:
            return
        line = self._document.line(self.cursor.line)
        text = line.text.replace(EMPTY, " ") if line is not None else ""
        column = self.cursor.column + direction
        while 0 <= column < len(text) and not (text[column] != " " and (column == 0 or text[column - 1] == " ")):
            column += direction
        self.move_columns(column - self.cursor.column)

    def move_to_edge(self, *, end: bool) -> None:
        """Move the cursor to the beginning or the end of its line."""
        if self.cursor is not None:
            line = self._document.line(self.cursor.line)
            columns = len(line.text) if line is not None and end else 0
            self.move_columns(columns - self.cursor.column)

    def go(self, place: Position) -> None:
        """Move the cursor to a place."""
        self.cursor = place
        self._follow()

    # --- By the mouse -------------------------------------------------------------------------------------------

    def press(self, row: int, column: int) -> None:
        """The button went down on a cell of the window: what was selected is dropped."""
        self.drop()
        self._pressed = self._cell(row, column)

    def drag(self, row: int, column: int) -> None:
        """The mouse moved with its button down; beyond the edge the window follows."""
        if self._pressed is None:
            return
        if row >= self._viewport.height - 1:
            self._viewport.scroll(1)
        elif row <= 0:
            self._viewport.scroll(-1)
        cell = self._cell(row, column)
        if cell is not None and (cell != self._pressed or self._anchor is not None):
            self._anchor, self.cursor = self._pressed, cell

    def _cell(self, row: int, column: int) -> Position | None:
        shown = self._viewport.rows()
        if not shown:
            return None
        return self._on(shown[min(max(row, 0), len(shown) - 1)], column)

    # --- Both ---------------------------------------------------------------------------------------------------

    def _row(self, place: Position) -> LaidRow:
        index, laid = self._document.row_at(place)
        return laid[index]

    def _on(self, row: LaidRow, offset: int) -> Position:
        return Position(row.place.line, row.place.column + _nearest_cell(row.row, offset))

    def _follow(self) -> None:
        """Let the window show the cursor."""
        viewport, cursor = self._viewport, self.cursor
        shown = viewport.rows()
        if cursor is None or not shown:
            return
        row = self._row(cursor).place
        if row < shown[0].place:
            viewport.go(row)
        elif row > shown[-1].place:
            viewport.go(row, above=max(viewport.height - 1, 0))


def _nearest_cell(row: Row | None, column: int) -> int:
    """Return the column of the character at `column`; behind the last one there is none."""
    if row is None:
        return 0
    text = row[0].rstrip(EMPTY)
    column = min(max(column, 0), max(len(text) - 1, 0))
    return column - 1 if text[column : column + 1] == WIDE_TAIL else column
