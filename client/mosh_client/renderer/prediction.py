"""The prediction engine: shows at once what the server's screen will most likely look like.

Rules: prediction.md. Pure: time is an argument, input is what the tty read, frames are snapshots; it neither sends nor
draws. It knows no state numbers, only the renderer's own batch numbers, and never assumes that a batch was sent.

How the caller plays it: `user_input` for each read of the tty; `set_progress` and `set_send_interval` as the network
process reports them; `server_screen` for each frame, after each progress and when `next_deadline` has come; and
`apply` for what to draw, after any of these.
"""

from __future__ import annotations

from typing import Final

from mosh_client.renderer.display_preference import DisplayPreference, Visibility
from mosh_client.renderer.guesses import BLANK, Cell, CellGuess, Guesses, Verdict, is_wide, text_at
from mosh_client.renderer.input_parser import InputParser, Key, KeyKind
from mosh_common.terminal.cells import Snapshot

__all__ = ["DisplayPreference", "PredictionEngine"]

# Nobody types that much at once: it is a paste, and what a paste does to the screen is anyone's guess.
PASTE_ABOVE_OCTETS: Final = 100


class PredictionEngine:
    """Guesses what keys do, judges the guesses by the server's frames, and lays the good ones over a frame."""

    def __init__(self, *, display: DisplayPreference, overwrite: bool = False) -> None:
        self._overwrite = overwrite  # a typed character replaces the one under the cursor
        self._parser = InputParser()
        self._visibility = Visibility(display)
        self._epochs = display is not DisplayPreference.EXPERIMENTAL
        self._guesses = Guesses()
        self._epoch = 1  # of the guesses made now
        self._confirmed_epoch = 0  # guesses up to this one may be shown
        self._echo_acknowledged = -1  # newest batch that the server's screen shows the effect of
        self._size: tuple[int, int] | None = None  # columns and lines of the last frame

    # -- what comes in

    def user_input(self, data: bytes, *, batch: int, screen: Snapshot, now: int) -> None:
        """Guess what one read of the tty does to `screen`, the newest frame; call `apply` next."""
        keys = self._parser.feed(data, now=now)
        if self._visibility.preference is DisplayPreference.NEVER:
            return
        self.server_screen(screen, now=now)
        if len(data) > PASTE_ABOVE_OCTETS:
            self.reset()
            return
        for key in keys:
            self._guess(key, batch=batch, screen=screen, now=now)

    def set_progress(self, *, sent: int, acknowledged: int, echo_acknowledged: int) -> None:
        """Take the newest batch sent, acknowledged and echo-acknowledged; call `server_screen` next."""
        self._echo_acknowledged = max(self._echo_acknowledged, echo_acknowledged)

    def set_send_interval(self, interval_ms: int) -> None:
        """Take the link's send interval, half a round trip."""
        self._visibility.set_send_interval(interval_ms)

    def server_screen(self, screen: Snapshot, *, now: int) -> None:
        """Judge the guesses by a frame, or by the same one after progress or at a deadline; call `apply` next."""
        size = (screen.columns, screen.lines)
        if size != self._size:
            self._size = size
            self.reset()
        self._judge_cells(screen, now=now)
        self._judge_cursors(screen)
        oldest = self._guesses.oldest_made_at()
        if oldest is not None:
            self._visibility.note_pending(now - oldest)
        self._visibility.settle(guessing=oldest is not None)

    def reset(self) -> None:
        """Forget all guesses; what follows must prove itself anew."""
        self._guesses.clear()
        self._become_tentative()

    # -- what goes out

    def apply(self, screen: Snapshot) -> Snapshot:
        """Return the screen as it is to be drawn; the same object when no guess changes it."""
        if not self._guesses or not self._visibility.shown:
            return screen
        if (screen.columns, screen.lines) != self._size:
            return screen
        return self._guesses.lay_over(
            screen, confirmed_epoch=self._shown_epoch(), underlined=self._visibility.underlined
        )

    def next_deadline(self, *, now: int) -> int | None:
        """When `server_screen` must be called although nothing came: a pending guess is about to count as a glitch."""
        oldest = self._guesses.oldest_made_at()
        return None if oldest is None else self._visibility.glitch_due(oldest)

    # -- judging

    def _shown_epoch(self) -> int:
        return self._confirmed_epoch if self._epochs else self._epoch

    def _judge_cells(self, screen: Snapshot, *, now: int) -> None:
        guesses = self._guesses
        for row in sorted(guesses.rows):
            for column in sorted(guesses.rows.get(row, ())):
                guess = guesses.rows.get(row, {}).get(column)
                if guess is None:
                    continue  # went with a wrong one
                verdict = self._verdict(guess, screen, row, column)
                if verdict is Verdict.WRONG:
                    if self._wrong(guess.epoch):
                        guesses.drop(row, column)
                    elif not guesses:
                        return
                elif verdict is not Verdict.PENDING:
                    guesses.drop(row, column)
                    if verdict is Verdict.CORRECT:
                        self._correct(guess, row, column, screen, now=now)

    def _verdict(self, guess: CellGuess, screen: Snapshot, row: int, column: int) -> Verdict:
        return guess.verdict(text_at(screen.rows[row], column), echo_acknowledged=self._echo_acknowledged)

    def _correct(self, guess: CellGuess, row: int, column: int, screen: Snapshot, *, now: int) -> None:
        self._confirmed_epoch = max(self._confirmed_epoch, guess.epoch)
        self._visibility.note_confirmed(now - guess.made_at, now=now)
        style = screen.palette.styles[ord(screen.rows[row][1][column])]
        for other, right in self._guesses.rows.get(row, {}).items():
            if other > column and right.typed:
                right.cell = right.cell._replace(style=style)

    def _wrong(self, epoch: int) -> bool:
        """Drop what a wrong guess of that epoch brings down; True: only itself, which the caller drops."""
        if not self._epochs:
            return True
        if epoch > self._confirmed_epoch:
            self._guesses.drop_from_epoch(epoch)
            self._become_tentative()
        else:
            self.reset()
        return False

    def _judge_cursors(self, screen: Snapshot) -> None:
        kept = []
        for guess in self._guesses.cursors:
            verdict = guess.verdict(screen, echo_acknowledged=self._echo_acknowledged)
            if verdict is Verdict.PENDING:
                kept.append(guess)
            elif verdict is Verdict.WRONG and not self._wrong(guess.epoch):
                return
        self._guesses.cursors = kept

    # -- guessing

    def _become_tentative(self) -> None:
        """Start a new epoch: what follows is shown only once part of it was confirmed."""
        self._epoch += 1

    def _cursor(self, screen: Snapshot) -> tuple[int, int]:
        if self._guesses.cursors:
            last = self._guesses.cursors[-1]
            return last.row, last.column
        return screen.cursor_row, screen.cursor_column

    def _guess(self, key: Key, *, batch: int, screen: Snapshot, now: int) -> None:
        if key.kind is KeyKind.TEXT and not is_wide(key.text):
            self._guess_text(key.text, batch=batch, screen=screen, now=now)
        elif key.kind is KeyKind.BACKSPACE:
            self._guess_backspace(batch=batch, screen=screen, now=now)
        elif key.kind in (KeyKind.LEFT, KeyKind.RIGHT):
            row, column = self._cursor(screen)
            column += 1 if key.kind is KeyKind.RIGHT else -1
            if 0 <= column < screen.columns:
                self._guesses.expect_cursor(row, column, epoch=self._epoch, batch=batch, now=now)
        elif key.kind is KeyKind.ENTER:
            self._become_tentative()
            self._guess_next_row(batch=batch, screen=screen, now=now)
        else:
            self._become_tentative()

    def _guess_text(self, text: str, *, batch: int, screen: Snapshot, now: int) -> None:
        row, column = self._cursor(screen)
        last = screen.columns - 1
        if column == last:
            self._become_tentative()
        cells = self._guesses.expected_row(screen, row)
        style = cells[max(column - 1, 0)].style
        after = list(cells)
        after[column] = Cell(text, style)
        if not self._overwrite and column < last:
            after[column + 1 :] = cells[column:last]
            after[last] = Cell(BLANK, cells[last].style, known=False)
        self._expect_row(row, cells, after, typed=column, batch=batch, screen=screen, now=now)
        if column < last:
            self._guesses.expect_cursor(row, column + 1, epoch=self._epoch, batch=batch, now=now)
        else:
            self._become_tentative()
            self._guess_next_row(batch=batch, screen=screen, now=now)

    def _guess_backspace(self, *, batch: int, screen: Snapshot, now: int) -> None:
        row, column = self._cursor(screen)
        if column == 0:
            return
        column -= 1
        last = screen.columns - 1
        cells = self._guesses.expected_row(screen, row)
        after = list(cells)
        if self._overwrite:
            after[column] = Cell(BLANK, cells[column].style)
        else:
            after[column:last] = cells[column + 1 :]
            after[last] = Cell(BLANK, cells[last].style, known=False)
        self._expect_row(row, cells, after, typed=None, batch=batch, screen=screen, now=now)
        self._guesses.expect_cursor(row, column, epoch=self._epoch, batch=batch, now=now)

    def _guess_next_row(self, *, batch: int, screen: Snapshot, now: int) -> None:
        row, _ = self._cursor(screen)
        if row < screen.lines - 1:
            row += 1
        else:
            cells = self._guesses.expected_row(screen, row)
            blank = [Cell(BLANK, cell.style) for cell in cells]
            self._expect_row(row, cells, blank, typed=None, batch=batch, screen=screen, now=now)
        self._guesses.expect_cursor(row, 0, epoch=self._epoch, batch=batch, now=now)

    def _expect_row(
        self,
        row: int,
        before: list[Cell],
        after: list[Cell],
        *,
        typed: int | None,
        batch: int,
        screen: Snapshot,
        now: int,
    ) -> None:
        """Guess the cells in which `after` differs from what is expected now, and the typed one in any case."""
        for column, cell in enumerate(after):
            if column == typed or cell != before[column]:
                self._guesses.expect(
                    screen,
                    row,
                    column,
                    cell,
                    epoch=self._epoch,
                    batch=batch,
                    now=now,
                    typed=column == typed,
                )
