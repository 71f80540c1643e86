"""The prediction engine: shows at once what the server's screen will most likely look like.

What goes beyond upstream's rules is listed in `Extension`. Pure: time is an argument, input is what the tty read,
frames are snapshots; it neither sends nor draws. It knows no state numbers, only the renderer's own batch numbers, and
never assumes that a batch was sent.

How the caller plays it: `user_input` for each read of the tty; `set_progress` and `set_send_interval` as the network
process reports them; `server_screen` for each frame, after each progress and when `next_deadline` has come; and
`apply` for what to draw, after any of these.
"""

from __future__ import annotations

import enum
from typing import Final, NamedTuple

from mosh_client.renderer.display_preference import DisplayPreference, Visibility
from mosh_client.renderer.guesses import (
    BLANK,
    NEVER_SHOWN,
    Cell,
    CellGuess,
    Guesses,
    Origin,
    Verdict,
    cell_at,
    read_row,
)
from mosh_client.renderer.input_parser import InputParser, Key, KeyKind
from mosh_client.renderer.prediction_confidence import Confidence, Habit
from mosh_client.renderer.prediction_line import LINE_ENDS, LINE_GOES_ON, Edit, EditedLine, Situation, foresee
from mosh_client.renderer.prediction_place import Place
from mosh_client.renderer.prediction_realign import align, opens_line
from mosh_client.renderer.prediction_row import pane, text_end
from mosh_client.renderer.prediction_scroll import BottomScroll
from mosh_common.terminal.cells import EMPTY, Row, Snapshot

__all__ = ["ALL_EXTENSIONS", "DisplayPreference", "Extension", "PredictionEngine"]

# Nobody types that much at once: it is a paste, and what a paste does to the screen is anyone's guess.
PASTE_ABOVE_OCTETS: Final = 100

# Keys remembered for realignment; who has more under way sees guesses again when the server has caught up.
JOURNAL_LIMIT: Final = 512


# A send interval is half a round trip: what a frame shows cannot come from a key pressed less than two before it
# came. A margin for jitter.
UNSEEN_INTERVALS: Final = 1.5


class Extension(enum.Enum):
    """What the engine does beyond the common rules; each can be left out, to measure what it brings."""

    EARLY_CREDIT = enum.auto()  # a typed character that is seen needs no echo ack to prove its epoch
    REBASE = enum.auto()  # keys under way are guessed anew once the unforeseeable before them is seen
    PROMPT_TRUST = enum.auto()  # known prompts and lines that echo are shown without waiting
    WIDE_CHARACTERS = enum.auto()  # they are as foreseeable as others
    WRAP = enum.auto()  # at a known prompt a line goes on in the next row, for which the screen may scroll
    COMMAND_LINE = enum.auto()  # a key that opens a line elsewhere proves that what is typed is shown there
    LINE_KEYS = enum.auto()  # Home, End, Ctrl-A/E/U/K/W, word keys, Delete


ALL_EXTENSIONS: Final = frozenset(Extension)


class Press(NamedTuple):
    """One key on its way."""

    key: Key
    batch: int
    at: int  # ms


_SHIFTS: Final = (Habit.SHIFT, Habit.SHIFT_OTHER_STYLE)

# Keys that only move the text right of them along.
_TYPING: Final = (None, Habit.BACKSPACE, Habit.WIDE)


class PredictionEngine:
    """Guesses what keys do, judges the guesses by the server's frames, and lays the good ones over a frame."""

    def __init__(
        self,
        *,
        display: DisplayPreference,
        overwrite: bool = False,
        extensions: frozenset[Extension] = ALL_EXTENSIONS,
    ) -> None:
        experimental = display is DisplayPreference.EXPERIMENTAL
        # how
        self._overwrite = overwrite  # a typed character replaces the one under the cursor
        self._epochs = not experimental
        self._extensions = frozenset() if experimental else extensions
        self._visibility = Visibility(display)
        self._parser = InputParser()
        # what is guessed
        self._guesses = Guesses()
        self._epoch = 1  # of the guesses made now
        self._confirmed_epoch = 0  # guesses up to this one may be shown
        self._reason: Habit | None = None  # what let the current epoch be shown unconfirmed
        self._scroll: BottomScroll | None = None  # the guesses' rows are those after it
        self._above: tuple[Row, ...] | None = None  # what stood above the bottom row when a line ended there
        # what is under way
        self._journal: list[Press] = []  # keys since the last unforeseeable one that the server's screen shows
        self._barrier: int | None = None  # batch of the last unforeseeable key that is still under way
        self._after_barrier: Habit | None = None  # what must hold for the line to go on after it
        self._send_interval_ms = 0
        self._echo_acknowledged = -1  # newest batch whose effect the server's screen shows
        # what is known of the place
        self._confidence = Confidence()
        self._place = Place(self._confidence)
        self._judged: tuple[Snapshot, int] | None = None  # frame and echo ack judged last

    # -- what comes in

    def user_input(self, data: bytes, *, batch: int, screen: Snapshot, now: int) -> None:
        """Guess what one read of the tty does to `screen`, the newest frame; call `apply` next."""
        keys = self._parser.feed(data, now=now)
        if self._visibility.preference is DisplayPreference.NEVER:
            return
        self.server_screen(screen, now=now)
        if len(data) > PASTE_ABOVE_OCTETS:
            self._await_unforeseeable(batch)
            return
        for key in keys:
            press = Press(key, batch, now)
            self._trust_known_line(self._seen(screen))
            self._journal.append(press)
            self._guess(press, self._seen(screen))
        if len(self._journal) > JOURNAL_LIMIT:
            self._await_unforeseeable(batch)

    def set_progress(self, *, sent: int, acknowledged: int, echo_acknowledged: int) -> None:
        """Take the newest batch sent, acknowledged and echo-acknowledged; call `server_screen` next."""
        self._echo_acknowledged = max(self._echo_acknowledged, echo_acknowledged)

    def set_send_interval(self, interval_ms: int) -> None:
        """Take the link's send interval, half a round trip."""
        self._send_interval_ms = interval_ms
        self._visibility.set_send_interval(interval_ms)

    def server_screen(self, screen: Snapshot, *, now: int) -> None:
        """Judge the guesses by a frame, or by the same one after progress or at a deadline; call `apply` next."""
        before = self._judged
        if before is None or (before[0].columns, before[0].lines) != (screen.columns, screen.lines):
            self.reset()
        if before is None or before[0] is not screen or before[1] != self._echo_acknowledged:
            self._judged = (screen, self._echo_acknowledged)
            if self._scroll_failed(screen):
                self._confidence.wrong(Habit.WRAP)
                self._rebase(screen, since=self._echo_acknowledged, after=None)
            else:
                self._judge(self._seen(screen), before=None if before is None else before[0], now=now)
        oldest = self._guesses.oldest_made_at()
        if oldest is not None:
            self._visibility.note_pending(now - oldest)
        self._visibility.settle(guessing=oldest is not None)

    def reset(self) -> None:
        """Forget all guesses and the line; what follows must prove itself anew."""
        self._unscroll()
        self._guesses.clear()
        self._journal.clear()
        self._barrier = None
        self._place.forget()
        self._become_tentative()

    def _await_unforeseeable(self, batch: int) -> None:
        self.reset()
        if Extension.REBASE in self._extensions:
            self._barrier, self._after_barrier = batch, None

    # -- what goes out

    def apply(self, screen: Snapshot) -> Snapshot:
        """Return the screen as it is to be drawn; the same object when no guess changes it."""
        if not self._guesses or not self._visibility.shown or self._judged is None:
            return screen
        if (screen.columns, screen.lines) != (self._judged[0].columns, self._judged[0].lines):
            return screen
        confirmed = self._confirmed_epoch if self._epochs else self._epoch
        screen = self._seen(screen)
        # A line that ended in the bottom row stays in sight until the screen scrolls.
        stays = self._above is not None and screen.rows[:-1] == self._above
        return self._guesses.lay_over(
            screen,
            confirmed_epoch=confirmed,
            underlined=self._visibility.underlined,
            replaced_after=self._echo_acknowledged if stays else None,
        )

    def next_deadline(self, *, now: int) -> int | None:
        """When `server_screen` must be called although nothing came: a pending guess is about to count as a glitch."""
        oldest = self._guesses.oldest_made_at()
        return None if oldest is None else self._visibility.glitch_due(oldest)

    # -- judging

    def _judge(self, screen: Snapshot, *, before: Snapshot | None, now: int) -> None:
        self._judge_shifts(screen)
        wrong = self._judge_cells(screen, now=now) or self._judge_cursor(screen)
        if self._barrier is not None and self._echo_acknowledged >= self._barrier:
            self._rebase(screen, since=self._barrier, after=self._after_barrier)
        elif wrong:
            self._rebase(screen, since=self._echo_acknowledged, after=None)
        elif self._prompt_appeared(screen, now=now):
            self._place.end_line()
            self._rebase(screen, since=self._echo_acknowledged, after=Habit.AFTER_ENTER)
        elif before is not None and self._command_line_appeared(screen, before):
            self._rebase(screen, since=self._guesses.trail[0].origin.batch, after=None, proven=True)

    def _judge_cells(self, screen: Snapshot, *, now: int) -> bool:
        """Judge the cells; whether a wrong one brought down what was built upon it."""
        guesses = self._guesses
        for row, columns in list(guesses.rows.items()):
            for column, guess in sorted(columns.items()):
                shown = cell_at(screen, row, column)
                verdict = guess.verdict(shown, echo_acknowledged=self._echo_acknowledged)
                if verdict is Verdict.PENDING:
                    if self._may_be_early(guess) and guess.proves(shown):
                        self._correct(guess, row, column, shown, now=now)
                    continue
                if guesses.rows.get(row, {}).get(column) is not guess:
                    continue  # went with another
                if verdict is Verdict.WRONG:
                    if self._wrong(guess.origin, row):
                        return True
                elif verdict is Verdict.CORRECT and not guess.credited:
                    self._correct(guess, row, column, shown, now=now)
                if guesses.rows.get(row, {}).get(column) is guess:
                    guesses.drop(row, column)
        return False

    def _may_be_early(self, guess: CellGuess) -> bool:
        """Whether a guess can be credited before its echo ack: not where its place is yet to be seen."""
        if not guess.typed or guess.credited or Extension.EARLY_CREDIT not in self._extensions:
            return False
        return self._barrier is None or guess.origin.batch <= self._barrier

    def _judge_shifts(self, screen: Snapshot) -> None:
        """Look whether text gave way to what is typed before it, without waiting for the last key's echo ack.

        Each key moves that text on, so it would never be judged while somebody types. But in any frame what stands
        right of the server's cursor is what is expected right of ours.
        """
        guesses = self._guesses
        row, column = screen.cursor_row, screen.cursor_column
        habits = {guess.origin.habit for guess in guesses.rows.get(row, {}).values()}
        if habits.isdisjoint(_SHIFTS) or not guesses.trail or self._barrier is not None:
            return
        last = guesses.trail[-1]
        if last.origin.epoch > self._confirmed_epoch:
            return
        if any(guess.row != row or guess.origin.habit not in _TYPING for guess in guesses.trail):
            return
        expected = guesses.expected_row(screen, row)
        end = text_end(expected, last.column, screen.columns)
        shown = read_row(screen, row)[column : column + end - last.column]
        if [cell.text for cell in expected[last.column : end]] != [cell.text for cell in shown]:
            for habit in _SHIFTS:
                if habit in habits:
                    self._wrong(Origin(self._epoch, self._echo_acknowledged, 0, habit), row)

    def _judge_cursor(self, screen: Snapshot) -> bool:
        """Judge the newest cursor guess that can be judged; whether a wrong one brought down the rest.

        A frame may show more keys than its echo ack says, so any later guess may be the one that holds.
        """
        trail = self._guesses.trail
        count = sum(1 for guess in trail if guess.origin.batch <= self._echo_acknowledged)
        if count == 0:
            return False
        judged, later = trail[:count], trail[count:]
        place = (screen.cursor_row, screen.cursor_column)
        if any(guess[:2] == place for guess in (judged[-1], *later)):
            for guess in judged:
                self._confidence.right(guess.origin.habit)
        else:
            for guess in judged:
                if guess.origin.epoch == judged[-1].origin.epoch and self._wrong(guess.origin, guess.row):
                    return True
        self._guesses.trail = later
        return False

    def _correct(self, guess: CellGuess, row: int, column: int, shown: Cell, *, now: int) -> None:
        origin = guess.origin
        guess.credited = True
        self._confidence.right(origin.habit)
        self._visibility.note_confirmed(now - origin.made_at, now=now)
        if guess.typed:
            self._confirmed_epoch = max(self._confirmed_epoch, origin.epoch)
            if origin.epoch == self._epoch:
                self._confidence.right(self._reason)
            proves_line = self._barrier is None or origin.batch > self._barrier
            self._place.echoed(row, column, proves_line=proves_line)
        for other, right in self._guesses.rows[row].items():
            if other > column and right.typed:
                right.cell = right.cell._replace(style=shown.style)

    def _wrong(self, origin: Origin, row: int) -> bool:
        """Take note of a wrong guess; whether the rest must be guessed anew, rather than this one dropped alone."""
        if not self._epochs:
            return False
        if self._barrier is not None:
            return False  # an unforeseeable key may have changed that: nobody's fault
        self._confidence.wrong(origin.habit)
        if origin.habit in _SHIFTS:
            # The key did what it should, only the text beside it did not give way: the rest may stand.
            self._guesses.drop_habit(row, origin.habit)
            self._place.overwriting_rows.add(row)
            return False
        if origin.epoch <= self._confirmed_epoch:
            self._confidence.wrong(self._reason)
            if origin.habit is None:
                self._place.not_echoed()
        return True

    # -- scrolling

    def _seen(self, screen: Snapshot) -> Snapshot:
        """Return a frame as it looks after the scroll that is under way."""
        return screen if self._scroll is None else self._scroll.over(screen)

    def _scroll_up(self, screen: Snapshot, batch: int) -> None:
        """Guess that the screen scrolls by a row."""
        self._scroll = BottomScroll(screen, batch)
        self._guesses.move_up()
        self._place.move(-1)

    def _unscroll(self) -> None:
        """Go back to what the server shows; the guesses are to be forgotten."""
        if self._scroll is not None:
            self._scroll = None
            self._place.move(1)

    def _scroll_failed(self, screen: Snapshot) -> bool:
        """Look whether a frame shows the scroll that is under way; whether it should, or shows something else."""
        if self._scroll is None:
            return False
        shown = self._scroll.shown_by(screen)
        if shown:
            self._scroll = None
            return False
        return shown is None or self._echo_acknowledged >= self._scroll.batch

    # -- starting anew

    def _become_tentative(self) -> None:
        """Start a new epoch: what follows is shown only once part of it was confirmed."""
        self._epoch += 1
        self._reason = None

    def _rebase(self, screen: Snapshot, *, since: int, after: Habit | None, proven: bool = False) -> None:
        """Guess the keys that are still under way anew, from where the server's cursor is now.

        `since` is the batch after which all keys were foreseeable; `after` and `proven` say whether they are trusted
        at once.
        """
        if self._scroll is not None and self._judged is not None:
            screen = self._judged[0]
            self._unscroll()
        self._guesses.clear()
        self._barrier = None
        self._become_tentative()
        history = [press for press in self._journal if press.batch > since]
        acknowledged = sum(1 for press in history if press.batch <= self._echo_acknowledged)
        self._journal = history
        if Extension.REBASE not in self._extensions:
            return
        if self._place.line is not None:
            self._place.line.end = None
        found = align(screen, [press.key for press in history], acknowledged=acknowledged)
        self._place.find(screen, typed_columns=found.columns)
        if found.proven or proven:
            self._confirmed_epoch = self._epoch
        elif after is not None and self._confidence.trusts(after) and not found.doubtful:
            self._trust_line(after)
        self._journal = history[: found.seen]
        for press in history[found.seen :]:
            self._journal.append(press)
            self._guess(press, self._seen(screen))

    def _prompt_appeared(self, screen: Snapshot, *, now: int) -> bool:
        """Whether a known prompt came after all that is acknowledged, and before any key that is under way."""
        trail = self._guesses.trail
        if not trail or self._barrier is not None or trail[0].origin.epoch <= self._confirmed_epoch:
            return False
        if Extension.REBASE not in self._extensions:
            return False
        if now - trail[0].origin.made_at > self._send_interval_ms * UNSEEN_INTERVALS:
            return False  # that key may have brought it about, as the `q` that ends a pager
        return self._place.new_prompt_at(screen)

    def _command_line_appeared(self, screen: Snapshot, before: Snapshot) -> bool:
        """Whether the first character under way was no text, but opened a line elsewhere that begins with it.

        As `/` and `:` do in pagers and editors. What is typed next goes there.
        """
        trail = self._guesses.trail
        if not trail or self._barrier is not None or Extension.COMMAND_LINE not in self._extensions:
            return False
        if trail[0].origin.epoch <= self._confirmed_epoch:
            return False
        keys = [press.key for press in self._journal if press.batch >= trail[0].origin.batch]
        return opens_line(screen, before, keys, expected=[guess[:2] for guess in trail])

    def _trust_known_line(self, screen: Snapshot) -> None:
        """With nothing under way, look whether what is typed now can be shown without waiting."""
        if self._guesses.trail or self._barrier is not None:
            return
        if any(press.batch > self._echo_acknowledged for press in self._journal):
            return
        self._journal.clear()
        self._place.find(screen)
        if self._epoch > self._confirmed_epoch:
            self._trust_line(Habit.AFTER_ENTER)

    def _trust_line(self, reason: Habit | None) -> None:
        line = self._place.line
        if Extension.PROMPT_TRUST in self._extensions and line is not None and line.echoes and self._epochs:
            self._confirmed_epoch = self._epoch
            self._reason = reason

    # -- guessing

    def _cursor(self, screen: Snapshot) -> tuple[int, int]:
        if self._guesses.trail:
            last = self._guesses.trail[-1]
            return last.row, last.column
        return screen.cursor_row, screen.cursor_column

    def _guess(self, press: Press, screen: Snapshot) -> None:
        row, column = self._cursor(screen)
        key = press.key
        left, margin = pane(screen, row, column)
        line = self._place.line_at(row, column)
        now = Situation(
            self._guesses.expected_row(screen, row),
            column,
            margin,
            line,
            self._overwrite or row in self._place.overwriting_rows,
        )
        edit = None if key in LINE_ENDS or column >= margin else self._foresee(key, now)
        if edit is None:
            self._unforeseen(press, screen)
            return
        wraps = edit.column >= margin
        goes_on = wraps and edit.habit is None and self._wrap_is_known(screen, row, line)
        if (wraps and not goes_on) or (
            self._epoch <= self._confirmed_epoch and not self._confidence.trusts(edit.habit)
        ):
            self._become_tentative()
        origin = Origin(self._epoch, press.batch, press.at, edit.habit)
        moved = origin
        if edit.moved is not None:
            shown = self._confidence.trusts(edit.moved)
            moved = Origin(self._epoch if shown else NEVER_SHOWN, press.batch, press.at, edit.moved)
        for at, cell in enumerate(edit.cells):
            if at == edit.typed:
                self._guesses.expect(screen, row, at, cell, origin, typed=True)
            elif cell != now.cells[at]:
                self._guesses.expect(screen, row, at, cell, moved)
        if line is not None:
            line.end = edit.end
        if goes_on:
            if row == screen.lines - 1:
                self._scroll_up(screen, press.batch)
                row -= 1
            self._guesses.expect_cursor(row + 1, left, origin._replace(habit=Habit.WRAP))
        elif wraps:
            self._become_tentative()
            self._guess_next_row(press, screen, column=left)
            self._place.overwriting_rows.add(self._guesses.trail[-1].row)
        else:
            self._guesses.expect_cursor(row, edit.column, origin)

    def _wrap_is_known(self, screen: Snapshot, row: int, line: EditedLine | None) -> bool:
        """Whether a character in the last column takes a line editor's cursor to the next row at once."""
        if Extension.WRAP not in self._extensions or not self._confidence.trusts(Habit.WRAP):
            return False
        if line is None or not line.echoes or not line.prompt.strip(f"{EMPTY} ") or self._epoch > self._confirmed_epoch:
            return False
        if pane(screen, row, screen.columns - 1) != (0, screen.columns):
            return False
        if row == screen.lines - 1:
            return self._scroll is None and BottomScroll.can_be_told(screen)
        return all(cell.text == BLANK for cell in self._guesses.expected_row(screen, row + 1))

    def _foresee(self, key: Key, now: Situation) -> Edit | None:
        edit = foresee(key, now, line_keys=Extension.LINE_KEYS in self._extensions)
        if edit is None or (edit.typed is None and edit.column >= now.margin):
            return None
        if edit.habit is Habit.WIDE and Extension.WIDE_CHARACTERS not in self._extensions:
            return None
        return edit

    def _unforeseen(self, press: Press, screen: Snapshot) -> None:
        """A key whose effect must be awaited: what follows is tentative, and guessed anew once it is seen."""
        key = press.key
        self._become_tentative()
        goes_on = LINE_GOES_ON.get(key)
        if self._barrier is not None and self._after_barrier is None:
            goes_on = None  # an earlier one under way forbids it
        if Extension.REBASE in self._extensions:
            self._barrier = press.batch
        self._after_barrier = goes_on
        line = self._place.line
        if key in LINE_ENDS:
            self._place.end_line()
            self._after_barrier = Habit.AFTER_ENTER
            if key.kind is KeyKind.ENTER:
                self._guess_next_row(press, screen, column=0)
        elif line is not None:
            line.end = None
            # If it does not go on, letters may be commands now: a vi mode, a multiplexer's prefix.
            line.echoes = line.echoes and self._after_barrier is not None

    def _guess_next_row(self, press: Press, screen: Snapshot, *, column: int) -> None:
        row, _ = self._cursor(screen)
        origin = Origin(self._epoch, press.batch, press.at)
        if row < screen.lines - 1:
            row += 1
        else:
            self._above = screen.rows[:-1]
            for at, cell in enumerate(self._guesses.expected_row(screen, row)):
                if cell.text != BLANK:
                    self._guesses.expect(screen, row, at, Cell(BLANK, cell.style), origin, until_then=True)
        self._guesses.expect_cursor(row, column, origin)
