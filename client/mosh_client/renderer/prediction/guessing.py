"""What one key is guessed to do: key × frame × what is guessed and known → more guesses.

Knows no time and judges nothing; what a key does to its row is line.py's business.
"""

from __future__ import annotations

from typing import NamedTuple

from mosh_client.renderer.prediction.epochs import Epochs
from mosh_client.renderer.prediction.extension import Extension
from mosh_client.renderer.prediction.guesses import BLANK, NEVER_SHOWN, Cell, Guesses, Origin
from mosh_client.renderer.prediction.habits import Confidence, Habit
from mosh_client.renderer.prediction.keys import Key, KeyKind
from mosh_client.renderer.prediction.line import LINE_ENDS, LINE_GOES_ON, Edit, EditedLine, Situation, foresee
from mosh_client.renderer.prediction.place import Place
from mosh_client.renderer.prediction.row import pane
from mosh_client.renderer.prediction.scroll import BottomScroll, Scrolling
from mosh_common.terminal.cells import EMPTY, Snapshot


class Press(NamedTuple):
    """One key on its way."""

    key: Key
    batch: int
    at: int  # ms

    def origin(self, epoch: int, habit: Habit | None = None) -> Origin:
        """Return what the guesses of this key share."""
        return Origin(epoch, self.batch, self.at, habit)


class Guesser:
    """Adds to the engine's guesses what each key does, shown or tentative."""

    def __init__(
        self,
        *,
        guesses: Guesses,
        epochs: Epochs,
        place: Place,
        scrolling: Scrolling,
        confidence: Confidence,
        extensions: frozenset[Extension],
        overwrite: bool,
    ) -> None:
        # the engine's
        self._guesses = guesses
        self._epochs = epochs
        self._place = place
        self._scrolling = scrolling
        self._confidence = confidence
        # how
        self._extensions = extensions
        self._overwrite = overwrite  # a typed character replaces the one under the cursor

    def guess(self, press: Press, screen: Snapshot) -> None:
        """Guess what a key does to `screen`, the newest frame as it looks after the scroll that is under way."""
        row, column = self._guesses.cursor(screen)
        left, margin = pane(screen, row, column)
        line = self._place.line_at(row, column)
        overwrite = self._overwrite or row in self._place.overwriting_rows
        # "or is overwritten where a program was seen to do that"; "text never makes room"
        here = Situation(self._guesses.expected_row(screen, row), column, margin, line, overwrite)
        edit = foresee(press.key, here, line_keys=Extension.LINE_KEYS in self._extensions)
        # "wide characters" as any other
        if edit is None or (edit.habit is Habit.WIDE and Extension.WIDE_CHARACTERS not in self._extensions):
            self._unforeseen(press, screen)
            return
        wraps = edit.column >= margin
        goes_on = wraps and edit.habit is None and self._is_wrap_known(screen, row, line)
        # "What cannot be foreseen begins another": "the last column" does, and a distrusted habit
        if (wraps and not goes_on) or not (self._epochs.tentative or self._confidence.trusts(edit.habit)):
            self._epochs.begin()
        origin = press.origin(self._epochs.current, edit.habit)
        self._expect_cells(screen, row, here, edit, origin)
        if line is not None:
            line.end = edit.end
        if goes_on:
            self._go_on_in_next_row(press, screen, column=left)
        # "so does a character in the last column, and there text does not make room"
        elif wraps:
            self._epochs.begin()
            self._guess_next_row(press, screen, column=left)
            self._place.overwriting_rows.add(self._guesses.trail[-1].row)
        else:
            self._guesses.expect_cursor(row, edit.column, origin)

    def _expect_cells(self, screen: Snapshot, row: int, here: Situation, edit: Edit, origin: Origin) -> None:
        """Guess the cells that an edit changes."""
        moved = origin
        if edit.moved is not None:
            # "is not shown after it was wrong, until it was right": guessed all the same, to learn that
            epoch = self._epochs.current if self._confidence.trusts(edit.moved) else NEVER_SHOWN
            moved = origin._replace(epoch=epoch, habit=edit.moved)
        for column, cell in enumerate(edit.cells):
            if column == edit.typed:
                self._guesses.expect(screen, row, column, cell, origin, typed=True)
            elif cell != here.cells[column]:
                self._guesses.expect(screen, row, column, cell, moved)

    def _is_wrap_known(self, screen: Snapshot, row: int, line: EditedLine | None) -> bool:
        """Whether a character in the last column takes a line editor's cursor to the next row at once."""
        # "at a known prompt a line as wide as the screen goes on in the next row"
        if line is None or not line.echoes or not line.prompt.strip(f"{EMPTY} ") or self._epochs.tentative:
            return False
        if Extension.WRAP not in self._extensions or not self._confidence.trusts(Habit.WRAP):
            return False
        # "as wide as the screen"
        if pane(screen, row, screen.columns - 1) != (0, screen.columns):
            return False
        # "in the bottom row the screen scrolls, once at a time and if frames can tell"
        if row == screen.lines - 1:
            return not self._scrolling.under_way and BottomScroll.can_be_told(screen)
        return all(cell.text == BLANK for cell in self._guesses.expected_row(screen, row + 1))

    def _go_on_in_next_row(self, press: Press, screen: Snapshot, *, column: int) -> None:
        """Guess that a full row's line goes on in the next one, for which the screen scrolls if there is none."""
        row, _ = self._guesses.cursor(screen)
        if row == screen.lines - 1:
            self._scrolling.begin(screen, press.batch)
            self._guesses.move_up()
            self._place.move(-1)
            row -= 1
        self._guesses.expect_cursor(row + 1, column, press.origin(self._epochs.current, Habit.WRAP))

    def _unforeseen(self, press: Press, screen: Snapshot) -> None:
        """A key whose effect must be awaited: what follows is tentative, and guessed anew once it is seen."""
        # "What cannot be foreseen begins another: Enter, control characters, an unknown sequence"
        self._epochs.begin()
        ends_line = press.key in LINE_ENDS
        # "shown at once where the line goes on, as after Tab, the history's keys and those that edit"
        goes_on = Habit.AFTER_ENTER if ends_line else LINE_GOES_ON.get(press.key)
        awaited = self._epochs.awaited
        if not ends_line and awaited is not None and awaited.goes_on is None:
            goes_on = None  # an earlier one under way forbids it
        if Extension.REBASE in self._extensions:
            self._epochs.wait_for(press.batch, goes_on=goes_on)
        line = self._place.line
        if ends_line:
            self._place.end_line()
            if press.key.kind is KeyKind.ENTER:
                self._guess_next_row(press, screen, column=0)
        elif line is not None:
            line.end = None
            # "no more once a key was typed after which letters may be commands": a vi mode, a multiplexer's prefix
            line.echoes = line.echoes and goes_on is not None

    def _guess_next_row(self, press: Press, screen: Snapshot, *, column: int) -> None:
        # "Enter takes the cursor to the next row, or makes the bottom row blank"
        row, _ = self._guesses.cursor(screen)
        origin = press.origin(self._epochs.current)
        if row < screen.lines - 1:
            row += 1
        else:
            self._scrolling.end_line(screen)
            for at, cell in enumerate(self._guesses.expected_row(screen, row)):
                if cell.text != BLANK:
                    self._guesses.expect(screen, row, at, Cell(BLANK, cell.style), origin, until_then=True)
        self._guesses.expect_cursor(row, column, origin)
