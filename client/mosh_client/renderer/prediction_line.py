"""What a key does to the row that is being edited, as far as it can be foreseen.

`LineEditor` is the model: of the screen around the cursor (margins, gaps, suggestions) and, once the prompt's end is
known, of a line editor with emacs keys, which readline, zsh and fish are by default. It knows no time, no epochs and
no server; whether its answers may be shown is prediction.py's business.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from mosh_client.renderer.guesses import BLANK, Cell, is_wide
from mosh_client.renderer.input_parser import Key, KeyKind
from mosh_client.renderer.prediction_confidence import Habit
from mosh_client.renderer.prediction_row import (
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

# Unforeseeable keys after which the same line goes on, and the habit that says so.
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
        self.prompt = prompt  # what stands between them
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
    def end(self) -> int:
        """Where the line's text ends; never beyond the pane, whatever is remembered of the line."""
        if self.line is not None and self.line.end is not None:
            return min(max(self.line.end, self.column), self.margin)
        at = text_end(self.cells, self.column, self.margin)
        for column in range(self.column, at):
            if is_suggestion(self.cells, column, self.margin):
                return column
        return at

    @property
    def suggested(self) -> bool:
        """Whether what stands at the cursor is a proposal, to be overwritten by what is typed."""
        if self.line is not None and self.line.end is not None and self.column >= self.line.end:
            return text_end(self.cells, self.column, self.margin) > self.column  # nobody typed that
        return is_suggestion(self.cells, self.column, self.margin)

    def removed(self, first: int, beyond: int) -> list[Cell]:
        """The row without those columns."""
        return delete(self.cells, first, beyond - first, self.margin)


def _type_text(now: Situation, text: str) -> Edit | None:
    """A printable character at the cursor."""
    cells, column = now.cells, now.column
    style = cells[max(column - 1, 0)].style
    new = [Cell(text, style), Cell(WIDE_TAIL, style)] if is_wide(text) else [Cell(text, style)]
    width = len(new)
    if column + width > now.margin:
        return None  # a wide character that does not fit
    habit = Habit.WIDE if width == 2 else None
    end = now.line.end if now.line is not None else None
    if now.overwrite or now.suggested or (end is not None and column >= end):
        after = [*cells[:column], *new, *cells[column + width :]]
        end = None if end is None else max(end, column + width)
        return Edit(after, column + width, habit, typed=column, end=end)
    after = insert(cells, column, new, now.margin)
    end = None if end is None else end + width
    same = cells[column].text == BLANK or cells[column].style == style
    moved = Habit.SHIFT if same else Habit.SHIFT_OTHER_STYLE
    return Edit(after, column + width, habit, moved, typed=column, end=end)


def _backspace(now: Situation) -> Edit | None:
    start = now.line.start if now.line is not None else 0
    if now.column <= start:
        return Edit(now.cells, now.column, Habit.BACKSPACE, end=now.end)
    left = step_left(now.cells, now.column)
    end = now.line.end if now.line is not None else None
    if now.overwrite or now.suggested:
        blank = [Cell(BLANK, now.cells[left].style)] * (now.column - left)
        cells = [*now.cells[:left], *blank, *now.cells[now.column :]]
    else:
        cells = now.removed(left, now.column)
    end = None if end is None else end - (now.column - left)
    return Edit(cells, left, Habit.BACKSPACE, Habit.SHIFT, end=end)


def _left(now: Situation) -> Edit | None:
    start = now.line.start if now.line is not None else 0
    column = step_left(now.cells, now.column) if now.column > start else now.column
    return Edit(now.cells, column, Habit.MOVE, end=now.line.end if now.line is not None else None)


def _right(now: Situation) -> Edit | None:
    end = now.line.end if now.line is not None else None
    if now.suggested:
        return _accept(now)
    if now.line is not None and now.column >= now.end:
        return Edit(now.cells, now.column, Habit.MOVE, end=end)
    column = step_right(now.cells, now.column)
    return Edit(now.cells, column, Habit.MOVE, end=end) if column < now.margin else None


def _accept(now: Situation) -> Edit:
    end = text_end(now.cells, now.column, now.margin)
    return Edit(now.cells, end, Habit.ACCEPT_SUGGESTION, end=end)


def _line_start(now: Situation, habit: Habit = Habit.LINE_START) -> Edit | None:
    if now.line is None or (habit is Habit.LINE_START and now.column == now.line.start):
        return None  # that the cursor stays proves nothing of a key that may be a prefix
    return Edit(now.cells, now.line.start, habit, end=now.end)


def _home(now: Situation) -> Edit | None:
    return _line_start(now, Habit.HOME)


def _end(now: Situation) -> Edit | None:
    if now.line is None:
        return None
    if now.suggested:
        return _accept(now)
    return Edit(now.cells, now.end, Habit.END, end=now.end)


def _kill_to_start(now: Situation) -> Edit | None:
    if now.line is None:
        return None
    start = now.line.start
    return Edit(now.removed(start, now.column), start, Habit.KILL_TO_START, end=now.end - (now.column - start))


def _kill_to_end(now: Situation) -> Edit | None:
    if now.line is None or now.suggested:
        return None
    return Edit(now.removed(now.column, now.end), now.column, Habit.KILL_TO_END, end=now.column)


def _remove_left(now: Situation, to: int, habit: Habit) -> Edit:
    return Edit(now.removed(to, now.column), to, habit, end=now.end - (now.column - to))


def _kill_word(now: Situation) -> Edit | None:
    if now.line is None:
        return None
    to = word_left(now.cells, now.column, now.line.start, blanks_only=True)
    return _remove_left(now, to, Habit.KILL_WORD)


def _delete_word_left(now: Situation) -> Edit | None:
    if now.line is None:
        return None
    to = word_left(now.cells, now.column, now.line.start, blanks_only=False)
    return _remove_left(now, to, Habit.DELETE_WORD)


def _delete_word_right(now: Situation) -> Edit | None:
    if now.line is None or now.suggested:
        return None
    to = word_right(now.cells, now.column, now.end)
    cells = now.removed(now.column, to)
    return Edit(cells, now.column, Habit.DELETE_WORD, end=now.end - (to - now.column))


def _word_left(now: Situation) -> Edit | None:
    if now.line is None:
        return None
    to = word_left(now.cells, now.column, now.line.start, blanks_only=False)
    return Edit(now.cells, to, Habit.WORD_MOTION, end=now.end)


def _word_right(now: Situation) -> Edit | None:
    if now.line is None or now.suggested:
        return None
    return Edit(now.cells, word_right(now.cells, now.column, now.end), Habit.WORD_MOTION, end=now.end)


def _delete(now: Situation) -> Edit | None:
    if now.line is None or now.suggested:
        return None
    if now.column >= now.end:
        return Edit(now.cells, now.column, Habit.DELETE, end=now.end)
    beyond = step_right(now.cells, now.column)
    cells = now.removed(now.column, beyond)
    return Edit(cells, now.column, Habit.DELETE, end=now.end - (beyond - now.column))


_Effect = Callable[[Situation], Edit | None]

# What upstream foresees.
_BASE: Final[dict[Key, _Effect]] = {
    Key(KeyKind.BACKSPACE): _backspace,
    Key(KeyKind.LEFT): _left,
    Key(KeyKind.RIGHT): _right,
}
# What a line editor with emacs keys does.
_EMACS: Final[dict[Key, _Effect]] = {
    Key(KeyKind.HOME): _home,
    Key(KeyKind.END): _end,
    Key(KeyKind.DELETE): _delete,
    Key(KeyKind.WORD_LEFT): _word_left,
    Key(KeyKind.WORD_RIGHT): _word_right,
    Key(KeyKind.DELETE_WORD_LEFT): _delete_word_left,
    Key(KeyKind.DELETE_WORD_RIGHT): _delete_word_right,
    Key(KeyKind.CONTROL, "\x01"): _line_start,
    Key(KeyKind.CONTROL, "\x05"): _end,
    Key(KeyKind.CONTROL, "\x08"): _backspace,
    Key(KeyKind.CONTROL, "\x0b"): _kill_to_end,
    Key(KeyKind.CONTROL, "\x15"): _kill_to_start,
    Key(KeyKind.CONTROL, "\x17"): _kill_word,
}


def foresee(key: Key, now: Situation, *, line_keys: bool) -> Edit | None:
    """Return what `key` does, or None if that cannot be told from the screen."""
    if key.kind is KeyKind.TEXT:
        return _type_text(now, key.text)
    effect = _BASE.get(key)
    if effect is None and line_keys and now.line is not None:
        effect = _EMACS.get(key)
    return None if effect is None else effect(now)
