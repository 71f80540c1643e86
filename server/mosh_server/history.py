"""Channel 1 of an attachment: what its client wants of the history, served from whatever keeps that.

A page stands until another is wished: more lines go into it as they scroll off the screen, until it is full. A search
is done in portions, between everything else. Knows nothing of how history is kept, nor of when something is sent.
"""

from __future__ import annotations

from typing import Final, Protocol

from mosh_common.sync.channel import Channel
from mosh_common.sync.channels import Channels
from mosh_common.sync.states.history.answer import NO_ANSWER, TEXTS_LIMIT_OCTETS, Answer
from mosh_common.sync.states.history.pieces import piece
from mosh_common.sync.states.history.wish import NO_WISH, Wish
from mosh_common.sync.states.parts.history import HistoryShown
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.history.line import Extent, Found, Line, Position

CHANNEL: Final = 1
ANSWER_OCTETS: Final = 9000  # compressed, with what goes around it: 8 fragments
LOOKED_AT_OCTETS: Final = TEXTS_LIMIT_OCTETS // 2  # of text and renditions; more would hardly go into an answer
SEARCH_UNITS: Final = 2000  # of work in one portion


class HistorySource(Protocol):
    """Who keeps the history."""

    @property
    def extent(self) -> Extent:
        """What there is at this moment."""
        ...

    @property
    def alternate(self) -> bool:
        """Whether a program is on the alternate screen."""
        ...

    def lines(self, start: Position, most: int, octets: int) -> tuple[Position, list[Line], bool]:
        """Return where the lines from `start` on really begin, at most so many of them, and if the last is whole.

        `octets` bounds the text and renditions that are looked at; one line comes in any case, if there is one.
        """
        ...

    def search(self, text: str, line: int, backwards: bool, units: int) -> Found:
        """Look for `text` from `line` on, itself too, or in the lines before it, for about so many units of work."""
        ...


class History:
    """The history as the clients are shown it: as of the frame that was looked at last."""

    __slots__ = ("_screen", "shown", "source")

    def __init__(self, source: HistorySource) -> None:
        self.source: Final = source
        self.shown = HistoryShown()
        self._screen: Snapshot | None = None  # that goes with it

    def look(self, screen: Snapshot, *, looked: bool) -> None:
        """Note what there is with the `screen` that is shown; `looked`: that was just brought up to date."""
        if not looked and screen is self._screen:
            return  # a synchronized update goes on
        self._screen = screen
        shown = HistoryShown(self.source.extent, self.source.alternate)
        if shown != self.shown:
            self.shown = shown


class HistoryChannel:
    """What one client is told of it."""

    __slots__ = ("_answer", "_answered_at", "_channel", "_full", "_history", "_search_at", "_wish")

    def __init__(self, history: History, channels: Channels, *, now: int) -> None:
        """Open the channel, on which nothing was said yet."""
        self._history = history
        self._channel: Channel[Answer, Wish] = channels.open(CHANNEL, local=NO_ANSWER, remote=NO_WISH, now=now)
        self._wish = NO_WISH  # the one that is being answered
        self._answer = NO_ANSWER  # to it, as far as it has come
        self._answered_at: Extent | None = None  # what there was then
        self._full = True  # nothing can be added to the answer
        self._search_at: int | None = None  # where a search goes on

    @property
    def busy(self) -> bool:
        """Whether `serve` has something to do."""
        if self._channel.received.state is not self._wish or self._search_at is not None:
            return True
        return not self._full and self._answered_at != self._history.shown.extent

    def serve(self) -> None:
        """Do a portion of what is wished; afterwards the transport may have datagrams."""
        wish = self._channel.received.state
        if wish is not self._wish:
            self._begin(wish)
        if self._search_at is not None:
            self._search(self._search_at)
        elif not self._full:
            self._look_up()

    def _begin(self, wish: Wish) -> None:
        self._wish = wish
        self._search_at = None if wish.text is None else wish.start.line
        self._full = wish.text is not None
        self._answered_at = None

    def _search(self, line: int) -> None:
        wish = self._wish
        assert wish.text is not None
        found = self._history.source.search(wish.text, line, wish.backwards, SEARCH_UNITS)
        self._search_at = found.next_line if found.line is None else None
        if self._search_at is None:
            self._say(Answer(wish.serial, searched=True, found=found.line))

    def _look_up(self) -> None:
        """Answer with the lines that there are; nothing of the screen that the client will see in its frame."""
        wish, extent = self._wish, self._history.shown.extent
        self._answered_at = extent
        start, found, whole = self._history.source.lines(wish.start, wish.lines, LOOKED_AT_OCTETS)
        lines, whole = _before(extent.end, start, found, whole=whole)
        answer = Answer(wish.serial, start, lines, whole)
        fitting = answer.fitting(ANSWER_OCTETS)
        # What was left out for its length is for the next wish, and so is what follows a line that is cut for that.
        self._full = fitting is not answer or (len(lines) == wish.lines and whole)
        self._say(fitting)

    def _say(self, answer: Answer) -> None:
        if answer != self._answer:
            self._answer = answer
            self._channel.set_local_state(answer)


def _before(end: Position, start: Position, lines: list[Line], *, whole: bool) -> tuple[tuple[Line, ...], bool]:
    """Return the lines, the first of which begins at `start`, as far as they are before `end`; and if the last is."""
    count = end.line - start.line
    if len(lines) <= count:
        return tuple(lines), whole
    kept = lines[: max(count, 0)]
    # Of the line that has not scrolled off whole, the columns that have.
    columns = end.column - (start.column if count == 0 else 0)
    if count < 0 or columns <= 0:
        return tuple(kept), True
    return (*kept, piece(lines[count], 0, columns)), False
