"""What a key does to the row that is being edited, as far as it can be foreseen.

It models the screen around the cursor (margins, gaps, suggestions) and, once the prompt's end is known, a line editor
with emacs keys, which readline, zsh and fish are by default. It knows no time, no epochs and no server; whether its
answers may be shown is engine.py's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from mosh_client.renderer.prediction.guesses import BLANK, Cell, is_wide
from mosh_client.renderer.prediction.habits import Habit
from mosh_client.renderer.prediction.keys import Key, KeyKind
from mosh_client.renderer.prediction.row import (
    delete,
    insert,
    is_suggestion,
    step_left,
    step_right,
    text_end,
    word_left,
    word_right,
)
from mosh_common.terminal.cells import EMPTY, WIDE_TAIL, Snapshot

# "the line goes on, as after Tab, the history's keys and those that edit": unforeseeable ones, and the habit that says
# so.
LINE_GOES_ON: Final[dict[Key, Habit]] = {
    Key(KeyKind.TAB): Habit.AFTER_COMPLETION,
    **dict.fromkeys((Key(KeyKind.UP), Key(KeyKind.DOWN)), Habit.AFTER_HISTORY),
    # Ctrl-N, Ctrl-P; Ctrl-Y, Ctrl-_; and those that are foreseen where the line is known: Ctrl-E, H, K, U, W.
    **{Key(KeyKind.CONTROL, control): Habit.AFTER_HISTORY for control in "\x0e\x10"},
    **{Key(KeyKind.CONTROL, control): Habit.AFTER_EDIT for control in "\x05\x08\x0b\x15\x17\x19\x1f"},
    **{
        Key(kind): Habit.AFTER_EDIT
        for kind in (
            KeyKind.LEFT,
            KeyKind.RIGHT,
            KeyKind.HOME,
            KeyKind.END,
            KeyKind.DELETE,
            KeyKind.WORD_LEFT,
            KeyKind.WORD_RIGHT,
            KeyKind.DELETE_WORD_LEFT,
            KeyKind.DELETE_WORD_RIGHT,
        )
    },
}

# Those after which a new prompt may come: CR, LF, Ctrl-C, Ctrl-D, Ctrl-Z, Ctrl-\.
LINE_ENDS: Final = frozenset({Key(KeyKind.ENTER)} | {Key(KeyKind.CONTROL, control) for control in "\n\x03\x04\x1a\x1c"})


class EditedLine:
    """The line behind a prompt."""

    __slots__ = ("echoes", "end", "left", "prompt", "row", "start")

    def __init__(self, row: int, left: int, start: int, *, prompt: str, echoes: bool) -> None:
        self.row = row
        self.left = left  # the pane's first column
        self.start = start  # the prompt's end: first column that can be edited
        self.end: int | None = None  # column behind the text, while it is known
        self.prompt = prompt  # what stands from `left` to `start`
        self.echoes = echoes  # what is typed here is shown, as far as is known

    def still_on(self, screen: Snapshot) -> bool:
        """Whether the cursor is behind this prompt still; follows it if the screen scrolled."""
        row = screen.cursor_row
        if screen.cursor_column < self.start or screen.rows[row][0][self.left : self.start] != self.prompt:
            return False
        if not self.prompt.strip(f"{EMPTY} ") and row != self.row:
            return False  # no prompt to know it by
        self.row = row
        return True


class Edit(NamedTuple):
    """A foreseen effect."""

    cells: list[Cell]  # the row afterwards
    column: int  # the cursor's afterwards; beyond the margin: it wraps
    habit: Habit | None = None  # what must be trusted for this to be shown
    moved: Habit | None = None  # what must be trusted for the text that makes room to be shown as well
    typed: int | None = None  # column of the character that the key wrote
    end: int | None = None  # of the line's text afterwards


class Situation(NamedTuple):
    """A row as it is expected to look before a key."""

    cells: list[Cell]
    column: int  # the cursor
    margin: int  # first column beyond the pane
    line: EditedLine | None  # only if its row is this one
    overwrite: bool

    @property
    def start(self) -> int:
        """The first column that can be edited, as far as is known."""
        return 0 if self.line is None else self.line.start

    @property
    def known_end(self) -> int | None:
        """Where the line's text ends, if that is remembered."""
        return None if self.line is None else self.line.end

    @property
    def end(self) -> int:
        """Where the line's text ends; never beyond the pane, whatever is remembered of the line."""
        if self.known_end is not None:
            return min(max(self.known_end, self.column), self.margin)
        at = text_end(self.cells, self.column, self.margin)
        suggestions = (column for column in range(self.column, at) if is_suggestion(self.cells, column, self.margin))
        return next(suggestions, at)

    @property
    def suggested(self) -> bool:
        """Whether what stands at the cursor is a proposal, to be overwritten by what is typed."""
        if self.known_end is not None and self.column >= self.known_end:
            return text_end(self.cells, self.column, self.margin) > self.column  # nobody typed that
        return is_suggestion(self.cells, self.column, self.margin)

    def removed(self, first: int, beyond: int) -> list[Cell]:
        """The row without those columns."""
        return delete(self.cells, first, beyond - first, self.margin)


def _type_text(here: Situation, text: str) -> Edit | None:
    # "A character becomes the cell under the cursor"
    cells, column, end = here.cells, here.column, here.known_end
    # "with the rendition of the cell to its left"
    style = cells[max(column - 1, 0)].style
    new = [Cell(text, style), Cell(WIDE_TAIL, style)] if is_wide(text) else [Cell(text, style)]
    width = len(new)
    if column + width > here.margin:
        return None  # a wide character that does not fit
    habit = Habit.WIDE if width == 2 else None
    # "or is overwritten where a program was seen to do that. A proposal at the cursor is overwritten"
    if here.overwrite or here.suggested or (end is not None and column >= end):
        after = [*cells[:column], *new, *cells[column + width :]]
        end = None if end is None else max(end, column + width)
        return Edit(after, column + width, habit, typed=column, end=end)
    # "text to its right makes room, up to the next gap, border or dim proposal"
    after = insert(cells, column, new, here.margin)
    end = None if end is None else end + width
    same = cells[column].text == BLANK or cells[column].style == style
    moved = Habit.SHIFT if same else Habit.SHIFT_OTHER_STYLE
    return Edit(after, column + width, habit, moved, typed=column, end=end)


def _backspace(here: Situation) -> Edit:
    # "Backspace takes it back"
    if here.column <= here.start:
        return Edit(here.cells, here.column, Habit.BACKSPACE, end=here.end)
    left = step_left(here.cells, here.column)
    # "where text does not make room it leaves a blank"
    if here.overwrite or here.suggested:
        blank = [Cell(BLANK, here.cells[left].style)] * (here.column - left)
        cells = [*here.cells[:left], *blank, *here.cells[here.column :]]
    else:
        cells = here.removed(left, here.column)
    end = None if here.known_end is None else here.known_end - (here.column - left)
    return Edit(cells, left, Habit.BACKSPACE, Habit.SHIFT, end=end)


def _left(here: Situation) -> Edit:
    column = step_left(here.cells, here.column) if here.column > here.start else here.column
    return Edit(here.cells, column, Habit.MOVE, end=here.known_end)


def _right(here: Situation) -> Edit:
    if here.suggested:
        return _accept(here)
    stays = here.line is not None and here.column >= here.end
    column = here.column if stays else step_right(here.cells, here.column)
    return Edit(here.cells, column, Habit.MOVE, end=here.known_end)


def _accept(here: Situation) -> Edit:
    # "or accepted by right and End"
    end = text_end(here.cells, here.column, here.margin)
    return Edit(here.cells, end, Habit.ACCEPT_SUGGESTION, end=end)


def _ctrl_a(here: Situation, line: EditedLine) -> Edit | None:
    # "a prefix key elsewhere": that the cursor stays proves nothing of it
    return None if here.column == line.start else Edit(here.cells, line.start, Habit.LINE_START, end=here.end)


def _home(here: Situation, line: EditedLine) -> Edit:
    return Edit(here.cells, line.start, Habit.HOME, end=here.end)


def _end(here: Situation, _line: EditedLine) -> Edit:
    return _accept(here) if here.suggested else Edit(here.cells, here.end, Habit.END, end=here.end)


def _ctrl_h(here: Situation, _line: EditedLine) -> Edit:
    return _backspace(here)


def _remove_left(here: Situation, to: int, habit: Habit) -> Edit:
    return Edit(here.removed(to, here.column), to, habit, end=here.end - (here.column - to))


def _kill_to_start(here: Situation, line: EditedLine) -> Edit:
    return _remove_left(here, line.start, Habit.KILL_TO_START)


def _kill_word(here: Situation, line: EditedLine) -> Edit:
    return _remove_left(here, word_left(here.cells, here.column, line.start, blanks_only=True), Habit.KILL_WORD)


def _delete_word_left(here: Situation, line: EditedLine) -> Edit:
    return _remove_left(here, word_left(here.cells, here.column, line.start, blanks_only=False), Habit.DELETE_WORD)


def _remove_right(here: Situation, to: int, habit: Habit) -> Edit | None:
    # "other keys leave it to the program"
    if here.suggested:
        return None
    return Edit(here.removed(here.column, to), here.column, habit, end=here.end - (to - here.column))


def _kill_to_end(here: Situation, _line: EditedLine) -> Edit | None:
    return _remove_right(here, here.end, Habit.KILL_TO_END)


def _delete_word_right(here: Situation, _line: EditedLine) -> Edit | None:
    return _remove_right(here, word_right(here.cells, here.column, here.end), Habit.DELETE_WORD)


def _delete(here: Situation, _line: EditedLine) -> Edit | None:
    beyond = here.column if here.column >= here.end else step_right(here.cells, here.column)
    return _remove_right(here, beyond, Habit.DELETE)


def _word_left(here: Situation, line: EditedLine) -> Edit:
    to = word_left(here.cells, here.column, line.start, blanks_only=False)
    return Edit(here.cells, to, Habit.WORD_MOTION, end=here.end)


def _word_right(here: Situation, _line: EditedLine) -> Edit | None:
    # "other keys leave it to the program"
    if here.suggested:
        return None
    return Edit(here.cells, word_right(here.cells, here.column, here.end), Habit.WORD_MOTION, end=here.end)


# What upstream foresees.
_ANYWHERE: Final[dict[Key, Callable[[Situation], Edit]]] = {
    Key(KeyKind.BACKSPACE): _backspace,
    # "Left and right move the cursor"
    Key(KeyKind.LEFT): _left,
    Key(KeyKind.RIGHT): _right,
}
# "Home, End, Ctrl-A, E, U, K, W, Delete and the keys for words are guessed where the line is known": what a line editor
# with emacs keys does.
_IN_LINE: Final[dict[Key, Callable[[Situation, EditedLine], Edit | None]]] = {
    Key(KeyKind.HOME): _home,
    Key(KeyKind.END): _end,
    Key(KeyKind.DELETE): _delete,
    Key(KeyKind.WORD_LEFT): _word_left,
    Key(KeyKind.WORD_RIGHT): _word_right,
    Key(KeyKind.DELETE_WORD_LEFT): _delete_word_left,
    Key(KeyKind.DELETE_WORD_RIGHT): _delete_word_right,
    Key(KeyKind.CONTROL, "\x01"): _ctrl_a,
    Key(KeyKind.CONTROL, "\x05"): _end,
    Key(KeyKind.CONTROL, "\x08"): _ctrl_h,
    Key(KeyKind.CONTROL, "\x0b"): _kill_to_end,
    Key(KeyKind.CONTROL, "\x15"): _kill_to_start,
    Key(KeyKind.CONTROL, "\x17"): _kill_word,
}


def foresee(key: Key, here: Situation, *, line_keys: bool) -> Edit | None:
    """Return what `key` does, or None if that cannot be told from the screen."""
    edit = None
    if key.kind is KeyKind.TEXT:
        edit = _type_text(here, key.text)
    elif key in _ANYWHERE:
        edit = _ANYWHERE[key](here)
    elif line_keys and here.line is not None and key in _IN_LINE:
        # "guessed where the line is known: behind a prompt"
        edit = _IN_LINE[key](here, here.line)
    if edit is None or (edit.typed is None and edit.column >= here.margin):
        return None  # nobody knows where a cursor goes that moves out of the pane
    return edit
