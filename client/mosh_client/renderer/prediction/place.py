"""Where the user types: the line that is being edited, behind which prompt, and what rows are known to do.

Knows what was learnt about prompts (`Confidence`) and finds the line anew in each frame that may have changed it. No
guesses, no time.
"""

from __future__ import annotations

from mosh_client.renderer.prediction.guesses import BLANK, text_at
from mosh_client.renderer.prediction.habits import Confidence
from mosh_client.renderer.prediction.line import EditedLine
from mosh_client.renderer.prediction.row import pane
from mosh_common.terminal.cells import EMPTY, Snapshot


class Place:
    """The line under the server's cursor, as far as it is known."""

    # "The line is what is typed behind a prompt: behind what stood left of the cursor at its first key"

    def __init__(self, confidence: Confidence) -> None:
        self._confidence = confidence
        self.line: EditedLine | None = None
        self.overwriting_rows: set[int] = set()  # where text was seen not to make room
        self._ended: EditedLine | None = None  # the last line, whose echo may still come
        self._fresh = True  # a line has ended: what is typed next begins behind a prompt
        self._met_line_end = False  # or we may have been started in the middle of a line

    def forget(self) -> None:
        """Know nothing of the line any more."""
        self.line = None
        self.overwriting_rows.clear()

    def end_line(self) -> None:
        """Take note that a key ended the line: a prompt, or a question, will come."""
        self._ended = self.line or self._ended
        self._fresh = self._met_line_end = True
        self.forget()

    def move(self, rows: int) -> None:
        """Take note that the screen scrolled: the line is so many rows further down."""
        if self.line is not None:
            self.line.row += rows
        self.overwriting_rows = {row + rows for row in self.overwriting_rows}

    def line_at(self, row: int, column: int) -> EditedLine | None:
        """Return the line if that cell is in it."""
        # "where the line is known: behind a prompt": left of the prompt's end no key knows what it would do
        line = self.line
        return line if line is not None and line.row == row and column >= line.start else None

    def find(self, screen: Snapshot, *, typed_columns: int | None = 0) -> None:
        """Look what line the cursor is in.

        Keys that take `typed_columns` are shown left of it already; None: an unknown number.
        """
        # "It lasts while frames show its prompt left of the cursor, and until another known prompt comes."
        came = typed_columns == 0 and self.new_prompt_at(screen)  # into a row that was blank when it was found
        if self.line is not None and self.line.still_on(screen) and not came:
            return
        self.line = None
        # "Where nobody can tell which key was the first, there is none."
        if typed_columns is None:
            self._fresh = False
            return
        row, column = screen.cursor_row, screen.cursor_column - typed_columns
        # "After a key that ended a line the next one is awaited until the cursor is elsewhere."
        if self._fresh and self._nothing_came(screen, row, column):
            return
        left, _ = pane(screen, row, screen.cursor_column)
        prompt = screen.rows[row][0][left : max(column, left)]
        known = self._confidence.knows(prompt)
        ends_blank = prompt.rstrip(f"{EMPTY} ") != prompt
        # "after one that ended a line, or where a known prompt stands"; the first line of all may have begun before us
        if known or (self._fresh and (self._met_line_end or ends_blank)):
            self.line = EditedLine(row, left, column, prompt=prompt, echoes=known)
            if text_at(screen.rows[row], screen.cursor_column) == BLANK:
                self.line.end = screen.cursor_column
        self._fresh = False

    def new_prompt_at(self, screen: Snapshot) -> bool:
        """Whether the cursor is behind a known prompt that was not there before."""
        line = self.line
        if line is not None and line.prompt.strip(f"{EMPTY} ") and line.still_on(screen):
            return False
        row, column = screen.cursor_row, screen.cursor_column
        left, _ = pane(screen, row, column)
        return self._confidence.knows(screen.rows[row][0][left:column])

    def echoed(self, row: int, column: int, *, proves_line: bool) -> None:
        """Take note that a typed character was echoed; `proves_line`: nothing unforeseeable came after its key."""
        line = self.line or self._ended
        if line is None or line.row != row or column < line.start:
            return
        # "It echoes where the prompt is known or a character behind it was seen"
        self._confidence.echoed(line.prompt)
        if proves_line:
            line.echoes = True

    def not_echoed(self) -> None:
        """Take note that a shown character was not."""
        if self.line is not None:
            self.line.echoes = False
            self._confidence.not_echoed(self.line.prompt)

    def _nothing_came(self, screen: Snapshot, row: int, column: int) -> bool:
        """Whether the cursor is in the line still that a key has ended."""
        ended = self._ended
        if ended is None or ended.row != row or column <= ended.start or not ended.prompt.strip(f"{EMPTY} "):
            return False
        return ended.still_on(screen)
