"""The prediction engine: shows at once what the server's screen will most likely look like.

What goes beyond upstream's rules is listed in `Extension`. Pure: time is an argument, input is what the tty read,
frames are snapshots; it neither sends nor draws. It knows no state numbers, only the renderer's own batch numbers, and
never assumes that a batch was sent. The comments in quotation marks are sentences of docs/prediction.md.

How the caller plays it: `user_input` for each read of the tty; `set_echo_acknowledged` and `set_send_interval` as the
network process reports them; `server_screen` for each frame, after each progress and when `next_deadline` has come; and
`apply` for what to draw, after any of these.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from mosh_client.renderer.prediction.epochs import Epochs
from mosh_client.renderer.prediction.extension import ALL_EXTENSIONS, Extension
from mosh_client.renderer.prediction.guesses import Guesses, Origin
from mosh_client.renderer.prediction.guessing import Guesser, Press
from mosh_client.renderer.prediction.habits import Confidence, Habit
from mosh_client.renderer.prediction.judging import CREDIT, CellFinding, Evidence, Judgement, Verdict, judge
from mosh_client.renderer.prediction.keys import InputParser
from mosh_client.renderer.prediction.place import Place
from mosh_client.renderer.prediction.realign import align, opens_line
from mosh_client.renderer.prediction.scroll import Scrolling
from mosh_client.renderer.prediction.visibility import Visibility
from mosh_common.prediction_display import DisplayPreference
from mosh_common.terminal.cells import Snapshot

__all__ = ["ALL_EXTENSIONS", "DisplayPreference", "Extension", "PredictionEngine"]

# Nobody types that much at once: it is a paste, and what a paste does to the screen is anyone's guess.
PASTE_ABOVE_OCTETS: Final = 100

# Keys remembered for realignment; who has more under way sees guesses again when the server has caught up.
JOURNAL_LIMIT: Final = 512

# A send interval is half a round trip: what a frame shows cannot come from a key pressed less than two before it
# came. A margin for jitter.
UNSEEN_INTERVALS: Final = 1.5


class Restart(NamedTuple):
    """Why and how the keys that are still under way are guessed anew."""

    since: int  # batch after which all keys were foreseeable
    after: Habit | None = None  # the line is trusted at once if this is
    proven: bool = False  # the epoch is shown at once
    new_line: bool = False


class PredictionEngine:
    """Guesses what keys do, judges the guesses by the server's frames, and lays the good ones over a frame."""

    def __init__(
        self,
        *,
        display: DisplayPreference,
        overwrite: bool = False,
        extensions: frozenset[Extension] = ALL_EXTENSIONS,
    ) -> None:
        # "`experimental`: no epochs and none of the above"
        experimental = display is DisplayPreference.EXPERIMENTAL
        # how
        self._extensions = frozenset() if experimental else extensions
        self._visibility = Visibility(display)
        self._parser = InputParser()
        # what is guessed
        self._guesses = Guesses()
        self._epochs = Epochs(kept=not experimental)
        self._scrolling = Scrolling()  # the guesses' rows are those after the scroll under way
        # what is under way
        self._journal: list[Press] = []  # keys since the last unforeseeable one that the server's screen shows
        self._send_interval_ms = 0
        self._echo_acknowledged = -1  # newest batch whose effect the server's screen shows
        # what is known of the place
        self._confidence = Confidence()
        self._place = Place(self._confidence)
        self._judged: tuple[Snapshot, int] | None = None  # frame and echo ack judged last
        self._guesser = Guesser(
            guesses=self._guesses,
            epochs=self._epochs,
            place=self._place,
            scrolling=self._scrolling,
            confidence=self._confidence,
            extensions=self._extensions,
            overwrite=overwrite,
        )

    # -- what comes in

    def user_input(self, data: bytes, *, batch: int, screen: Snapshot, now: int) -> None:
        """Guess what one read of the tty does to `screen`, the newest frame; call `apply` next."""
        keys = self._parser.feed(data, now=now)
        if self._visibility.preference is DisplayPreference.NEVER:
            return
        self.server_screen(screen, now=now)
        # "A paste (over 100 octets in one read) and a resize forget all guesses."
        if len(data) > PASTE_ABOVE_OCTETS:
            self._await_unforeseeable(batch)
            return
        for key in keys:
            self._trust_known_line(self._scrolling.over(screen))
            self._guess(Press(key, batch, now), screen)
        # "So do more than 512 keys under way."
        if len(self._journal) > JOURNAL_LIMIT:
            self._await_unforeseeable(batch)

    def set_echo_acknowledged(self, batch: int) -> None:
        """Take the newest batch whose echo the frames show; call `server_screen` next."""
        self._echo_acknowledged = max(self._echo_acknowledged, batch)

    def set_send_interval(self, interval_ms: int) -> None:
        """Take the link's send interval, half a round trip."""
        self._send_interval_ms = interval_ms
        self._visibility.set_send_interval(interval_ms)

    def server_screen(self, screen: Snapshot, *, now: int) -> None:
        """Judge the guesses by a frame, or by the same one after progress or at a deadline; call `apply` next."""
        before, acknowledged = self._judged or (None, -1)
        if before is None or (before.columns, before.lines) != (screen.columns, screen.lines):
            # "A paste (over 100 octets in one read) and a resize forget all guesses."
            self.reset()
        if before is not screen or acknowledged != self._echo_acknowledged:
            self._judged = (screen, self._echo_acknowledged)
            restart = self._judge(screen, before, now=now)
            if restart is not None:
                self._start_anew(screen, restart)
        oldest = self._guesses.oldest_made_at()
        if oldest is not None:
            self._visibility.note_pending(now - oldest)
        self._visibility.settle(guessing=oldest is not None)

    def reset(self) -> None:
        """Forget all guesses and the line; what follows must prove itself anew."""
        self._unscroll()
        self._guesses.clear()
        self._journal.clear()
        self._epochs.wait_no_more()
        self._place.forget()
        self._epochs.begin()

    def _await_unforeseeable(self, batch: int) -> None:
        self.reset()
        if Extension.REBASE in self._extensions:
            self._epochs.wait_for(batch, goes_on=None)

    # -- what goes out

    def apply(self, screen: Snapshot) -> Snapshot:
        """Return the screen as it is to be drawn; the same object when no guess changes it."""
        if not self._guesses or not self._visibility.shown or self._judged is None:
            return screen
        judged, _ = self._judged
        if (screen.columns, screen.lines) != (judged.columns, judged.lines):
            return screen
        screen = self._scrolling.over(screen)
        return self._guesses.lay_over(
            screen,
            confirmed_epoch=self._epochs.shown_up_to,
            underlined=self._visibility.underlined,
            replaced_after=self._echo_acknowledged if self._scrolling.is_line_in_sight(screen) else None,
        )

    def next_deadline(self) -> int | None:
        """When `server_screen` must be called although nothing came: a pending guess is about to count as a glitch."""
        oldest = self._guesses.oldest_made_at()
        return None if oldest is None else self._visibility.glitch_due(oldest)

    # -- what follows from a frame

    def _judge(self, screen: Snapshot, before: Snapshot | None, *, now: int) -> Restart | None:
        """Judge the guesses by a frame and draw the consequences, all but the one returned."""
        # "a frame that contradicts it is a wrong guess"
        if self._scrolling.failed(screen, echo_acknowledged=self._echo_acknowledged):
            self._confidence.wrong(Habit.WRAP)
            return Restart(self._echo_acknowledged)
        if not self._guesses and self._epochs.awaited is None:
            return None
        screen = self._scrolling.over(screen)
        awaited = self._epochs.awaited
        evidence = Evidence(
            screen=screen,
            echo_acknowledged=self._echo_acknowledged,
            confirmed_epoch=self._epochs.confirmed,
            awaited_batch=None if awaited is None else awaited.batch,
            early=Extension.EARLY_CREDIT in self._extensions,
            singly=not self._epochs.kept,
        )
        wrong = self._take(judge(self._guesses, evidence), screen.cursor_row, now=now)
        # "what is typed after them is guessed anew as soon as their effect is seen"
        if awaited is not None and self._echo_acknowledged >= awaited.batch:
            return Restart(awaited.batch, after=awaited.goes_on)
        # "A wrong guess drops everything"
        if wrong:
            return Restart(self._echo_acknowledged)
        if awaited is not None:
            return None
        return self._find_line(screen, before, now=now)

    def _take(self, judgement: Judgement, cursor_row: int, *, now: int) -> bool:
        """Draw the consequences of the verdicts; whether a wrong guess brings down the rest."""
        for habit in judgement.stayed:
            self._text_stayed(cursor_row, habit)
        for cell in judgement.cells:
            # "it brings down the rest"
            if cell.verdict is Verdict.WRONG:
                self._blame(cell.guess.origin)
                return True
            if cell.verdict is Verdict.STAYED:
                self._text_stayed(cell.row, cell.guess.origin.habit)
                continue
            if cell.verdict in CREDIT:
                self._credit(cell, now=now)
            if cell.verdict is not Verdict.EARLY:
                self._guesses.drop(cell.row, cell.column)
        cursor = judgement.cursor
        if cursor.verdict is Verdict.WRONG:
            self._blame(cursor.blamed)
            return True
        if cursor.verdict is Verdict.CORRECT:
            for guess in cursor.judged:
                self._confidence.right(guess.origin.habit)
        self._guesses.trail = cursor.later
        return False

    def _credit(self, finding: CellFinding, *, now: int) -> None:
        guess, origin = finding.guess, finding.guess.origin
        guess.credited = True
        self._confidence.right(origin.habit)
        self._visibility.note_confirmed(now - origin.made_at, now=now)
        if guess.typed:
            self._epochs.confirm(origin.epoch)
            if origin.epoch == self._epochs.current:
                self._confidence.right(self._epochs.reason)
            proves_line = self._epochs.foreseeable_from(origin.batch)
            self._place.echoed(finding.row, finding.column, proves_line=proves_line)
        # "Credit confirms the epoch of a typed character, and its rendition goes to what was typed right of it."
        self._guesses.restyle(finding.row, beyond=finding.column, style=finding.shown_style)

    def _text_stayed(self, row: int, habit: Habit | None) -> None:
        # "the guesses of that habit in its row go, the rest may stand"
        self._confidence.wrong(habit)
        self._guesses.drop_habit(row, habit)
        self._place.overwriting_rows.add(row)

    def _blame(self, origin: Origin) -> None:
        # "each kind of guess that programs differ in (`Habit`) is not shown after it was wrong"
        self._confidence.wrong(origin.habit)
        # "if its epoch was shown, the place loses its trust"
        if self._epochs.shows(origin):
            self._confidence.wrong(self._epochs.reason)
            # "and none failed to be"
            if origin.habit is None:
                self._place.not_echoed()

    # -- starting anew

    def _find_line(self, screen: Snapshot, before: Snapshot | None, *, now: int) -> Restart | None:
        """Look whether a frame has a line for the keys under way, which were tentative."""
        trail = self._guesses.trail
        if not trail or self._epochs.shows(trail[0].origin):
            return None
        first = trail[0].origin
        # "when it comes, what is under way goes behind it, unless a key pressed long before may have brought it about":
        # as the `q` that ends a pager
        unseen = now - first.made_at <= self._send_interval_ms * UNSEEN_INTERVALS
        if Extension.REBASE in self._extensions and unseen and self._place.new_prompt_at(screen):
            return Restart(self._echo_acknowledged, after=Habit.AFTER_ENTER, new_line=True)
        # "a character that was no text but opened a row that begins with it (`/` and `:` of pagers and editors): what
        # follows goes there"
        if Extension.COMMAND_LINE in self._extensions and before is not None:
            keys = [press.key for press in self._journal if press.batch >= first.batch]
            if opens_line(screen, before, keys, expected=[guess[:2] for guess in trail]):
                return Restart(first.batch, proven=True)
        return None

    def _start_anew(self, frame: Snapshot, restart: Restart) -> None:
        # "What is under way is guessed anew from the server's cursor"
        if restart.new_line:
            self._place.end_line()
        self._unscroll()
        self._guesses.clear()
        self._epochs.wait_no_more()
        self._epochs.begin()
        history = [press for press in self._journal if press.batch > restart.since]
        acknowledged = sum(1 for press in history if press.batch <= self._echo_acknowledged)
        self._journal = history
        if Extension.REBASE not in self._extensions:
            return
        if self._place.line is not None:
            self._place.line.end = None
        # "how much of it the frame shows already is found by comparing the text"
        found = align(frame, [press.key for press in history], acknowledged=acknowledged)
        self._place.find(frame, typed_columns=found.columns)
        # "one character may agree by chance, two prove that typing is shown here"
        if found.proven or restart.proven:
            self._epochs.trust(None)
        # "shown at once where the line goes on"
        elif restart.after is not None and self._confidence.trusts(restart.after) and not found.doubtful:
            self._trust_line(restart.after)
        self._journal = history[: found.seen]
        for press in history[found.seen :]:
            self._guess(press, frame)

    def _guess(self, press: Press, screen: Snapshot) -> None:
        self._journal.append(press)
        self._guesser.guess(press, self._scrolling.over(screen))

    def _trust_known_line(self, screen: Snapshot) -> None:
        """With nothing under way, look whether what is typed now can be shown without waiting."""
        if self._guesses.trail or self._epochs.awaited is not None:
            return
        if any(press.batch > self._echo_acknowledged for press in self._journal):
            return
        self._journal.clear()
        self._place.find(screen)
        if self._epochs.tentative:
            self._trust_line(Habit.AFTER_ENTER)

    def _trust_line(self, reason: Habit) -> None:
        # "or once the place is trusted": a line whose prompt is known
        line = self._place.line
        if Extension.PROMPT_TRUST in self._extensions and line is not None and line.echoes and self._epochs.kept:
            self._epochs.trust(reason)

    def _unscroll(self) -> None:
        """Go back to what the server shows; the guesses are to be forgotten."""
        if self._scrolling.under_way:
            self._scrolling.cancel()
            self._place.move(1)
