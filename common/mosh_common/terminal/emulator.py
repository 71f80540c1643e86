"""The emulator: bytes in, a screen out. The facade that the rest of the project uses.

Server: `take` what the application writes and `digest` it in portions as long as something is `waiting`, send back
`replies()`, take `snapshot()`s. Client: `restore()` a state and `feed` a diff, which does all of it at once. Does no
input or output and knows no time.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.parser.sequences import EVERYTHING, FRAMES
from mosh_common.terminal.parser.stream import Stream
from mosh_common.terminal.plain_text import plain_length
from mosh_common.terminal.screen.modes import SYNCHRONIZED
from mosh_common.terminal.screen.screen import Screen

if TYPE_CHECKING:
    from mosh_common.terminal.history.history import History  # who keeps one brings it

BACKLOG_LIMIT: Final = 256 * 1024  # characters put off at most
DIGEST_UNITS: Final = 4000  # of work in one portion: some 3 ms, and no sequence on 200 × 60 takes as long again
# Characters of a text that turned out to be costly that are looked at at once. What a portion of work leaves of them is
# cut into sequences again: so not many more than were executed last.
LONGEST_PIECE: Final = 8192
SHORTEST_PIECE: Final = 64

_decoder = codecs.getincrementaldecoder("utf-8")


class Emulator:
    """A terminal of `columns` × `lines`. With `frames` it executes frames instead of what programs write."""

    def __init__(
        self,
        columns: int,
        lines: int,
        *,
        skipping: bool = True,
        frames: bool = False,
        checksums: bool = False,
        history: History | None = None,
    ) -> None:
        """Begin blank. `checksums`: programs may ask what stands on the screen (DECRQCRA).

        `skipping`: what scrolls away unseen is not drawn first, which changes nothing but the time. `frames`: only what
        a frame diff is made of has an effect, the rest counts as `skipped`. `history` gets what scrolls off; it is
        looked at whenever a snapshot is taken.
        """
        self.history: Final = history
        self.alternate = False  # whether the last snapshot is of the alternate screen
        self._skipping = skipping
        self._frames = frames
        self._checksums = checksums
        self._screen = self._new_screen(columns, lines)
        self._stream = self._new_stream()
        # Plain output that nobody has looked at yet, so that the more of it scrolls away unseen.
        self._backlog: list[str] = []
        self._backlog_length = 0
        self._cut = ""  # the front of a sequence that the end of the last read cut, when the backlog holds the rest
        self._rest = ""  # what is waiting, after that
        self._piece = 0  # how much of it to look at next; 0 = all, as long as nothing was found to be costly
        self._decoder = _decoder("replace")  # malformed UTF-8: U+FFFD per maximal subpart (Unicode §3.9)
        self._snapshot: Snapshot | None = None  # the last one taken
        self._changed = True  # something was fed since

    def feed(self, data: bytes) -> None:
        """Execute what the application wrote; sequences and characters may be cut anywhere. Never raises."""
        self.take(data)
        if self.waiting:
            self.digest(None)

    def take(self, data: bytes) -> None:
        """Take what the application wrote; then `digest` as long as something is `waiting`."""
        self._changed = True
        text = self._decoder.decode(data)
        if self._cut:
            text = self._cut + text
            self._cut = ""
        if self._skipping and data and not self._rest and self._stream.at_ground:
            length = plain_length(data, text)
            if length is not None:
                self._backlog.append(text[:length])
                self._backlog_length += length
                self._cut = text[length:]
                return
        self._rest += text

    @property
    def waiting(self) -> bool:
        """Whether something is to be digested. What may be put off until somebody looks does not count."""
        return bool(self._rest) or self._backlog_length > BACKLOG_LIMIT

    @property
    def put_off(self) -> bool:
        """Whether output was put off, so that the next snapshot has to execute it."""
        return bool(self._backlog)

    def digest(self, units: int | None = DIGEST_UNITS) -> None:
        """Execute what is waiting or was put off, until it has cost so much (work.py; None: all of it).

        The result is the same whatever the portions are.
        """
        self._changed = True
        self._screen.work.begin(units)
        if self._backlog:
            text = self._stream.skip("".join(self._backlog))
            self._backlog.clear()
            self._backlog_length = 0
            self._rest = text + self._rest  # what is left of a cut sequence changes nothing yet
        if units is None:
            self._stream.execute(self._rest)
            self._rest = ""
            return
        work = self._screen.work
        while self._rest and not work.exhausted:
            self._execute_piece()

    def _execute_piece(self) -> None:
        """Execute some of what is left: all of it, or once the work was exhausted by less than all, a piece.

        Looking at all that is left for what need not be drawn pays only where it was found.
        """
        piece = self._rest[: self._piece or None]
        left = self._stream.execute(piece)
        self._rest = left + self._rest[len(piece) :]
        if not self._rest:
            self._piece = 0
        elif left:
            self._piece = min(max(4 * (len(piece) - len(left)), SHORTEST_PIECE), LONGEST_PIECE)
        else:
            self._piece = min(2 * len(piece), LONGEST_PIECE)

    def _new_stream(self) -> Stream:
        return Stream(self._screen, skipping=self._skipping, vocabulary=FRAMES if self._frames else EVERYTHING)

    def _new_screen(self, columns: int, lines: int) -> Screen:
        screen = Screen(columns, lines)
        screen.executes_frames = self._frames
        screen.checksums = self._checksums
        screen.past = self.history
        return screen

    @property
    def skipped(self) -> int:
        """How many sequences, strings and controls were skipped because no frame holds them."""
        if self._backlog or self._rest:
            self.digest(None)
        return self._stream.skipped

    @property
    def screen(self) -> Screen:
        """The screen, up to date."""
        if self._backlog or self._rest:
            self.digest(None)
        return self._screen

    def replies(self) -> bytes:
        """Return the answers to the application since the last call."""
        return self._screen.take_replies().encode()

    def take_refused_clipboard(self) -> int:
        """Return how long (base64) a clipboard was that no frame takes; 0: there was none since the last call."""
        length, self._screen.clipboard_too_long = self._screen.clipboard_too_long, 0
        return length

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as of what was executed."""
        return self._screen.columns, self._screen.lines

    def resize(self, columns: int, lines: int) -> None:
        """Take a new size: columns are cut or added at the right, rows as in `cells.rows_lost_above`."""
        self._changed = True
        self.screen.resize(lines, columns)

    def snapshot(self, *, settled: bool = True) -> Snapshot:
        """Return this moment of the screen, with what was put off if `settled`, without what is waiting.

        The same object while nothing in it changes.
        """
        last = self._snapshot
        if last is None or self._changed:
            if settled and self._backlog and not self._rest:
                self.digest(None)
            new = self._screen.snapshot()
            if self.history is not None:
                self.history.look()
                self.alternate = self._screen.alternate
            last = self._snapshot = last if new == last and last is not None else new
            self._changed = bool(self._backlog)
        return last

    def restore(self, snapshot: Snapshot) -> None:
        """Become that screen, with the parser at ground."""
        self.reset_parser()
        self._screen.restore(snapshot)
        self._snapshot = snapshot
        self._changed = False

    def reset_parser(self) -> None:
        """Forget what is not executed yet: an unfinished sequence or character, output that was put off."""
        if self.history is not None:
            self.history.unseen.expect(0, 0)  # what was to be drawn once more, for the screen alone, is not
        self._backlog.clear()
        self._backlog_length = 0
        self._cut = self._rest = ""
        self._stream.reset_parser()
        self._decoder.reset()

    def start_over(self, columns: int, lines: int) -> None:
        """Become a new terminal of that size: after a failure nothing of the old one is to be trusted, but history."""
        if self.history is not None:
            self.history.end_line()
        self._screen = self._new_screen(columns, lines)
        self._stream = self._new_stream()
        self.reset_parser()
        self._snapshot = None
        self._changed = True

    @property
    def in_synchronized_update(self) -> bool:
        """Whether the application is in the middle of a frame (?2026)."""
        return SYNCHRONIZED in self._screen.settings.flags

    @property
    def application_cursor_keys(self) -> bool:
        """Whether the application asked for SS3 cursor keys (DECCKM)."""
        return self._screen.rules.application_cursor_keys

    @property
    def application_keypad(self) -> bool:
        """Whether the application asked for the application keypad (DECKPAM, DECNKM)."""
        return self._screen.rules.application_keypad
