"""Native scroll's compositor: it draws on the terminal's primary screen, and on its alternate one what is on that.

What scrolled off goes into the terminal's scrollback (native_scroll.py says what), and nothing else: on the primary
screen nothing is written that a terminal would keep but the line feeds that push. Where the server keeps no history the
session is drawn as without native scroll, on the terminal's alternate screen.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mosh_client.ipc.messages import (
    Abilities,
    Frame,
    HistoryExtent,
    HistoryPage,
    Progress,
    ToRenderer,
    WantHistory,
)
from mosh_client.renderer.drawing.compositor import Compositor, Touched, fit
from mosh_client.renderer.scrollback.native_scroll import NativeScroll
from mosh_client.renderer.scrollback.resizing import Resizing
from mosh_client.renderer.scrollback.terminal import NativeTerminal
from mosh_common.terminal.cells import (
    DEFAULT_STYLE,
    EMPTY,
    Palette,
    Row,
    Snapshot,
)
from mosh_common.terminal.frame_diff.dialect import Dialect
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.terminal.frame_diff.push import in_palette, push
from mosh_common.terminal.frame_diff.sgr import NO_HYPERLINK
from mosh_common.terminal.history.line import Position

NO_HISTORY_WORDS: Final = "The server keeps no history: nothing goes into this terminal's scroll bar."

# A frame whose rows go into the scrollback waits so long for these: they come with the same datagrams, mostly, and then
# the terminal just scrolls. It never waits while keys are unanswered.
ROWS_PATIENCE_MS: Final = 5
DECIDE_MS: Final = 1000  # the first frame of a server that has history says so; an upstream server never says anything


class NativeCompositor(Compositor):
    """Draws screens on one terminal, and pushes rows of history into its scrollback."""

    def __init__(
        self,
        *,
        dialect: Dialect,
        title_prefix: str,
        terminal: NativeTerminal,
        title_again: bytes = b"",
        touched: Touched | None = None,
        pager_key: str = "",
        serials: Iterator[int],
    ) -> None:
        """`pager_key`: what the user types for the pager. `serials`: the next of which each wish gets."""
        super().__init__(
            dialect=dialect._replace(scrolls_back=True),
            title_prefix=title_prefix,
            title_again=title_again,
            touched=touched,
        )
        self._terminal = terminal
        end = terminal.end
        before = end.printed if end is not None else None
        self._scroll = NativeScroll(
            pager_key=pager_key,
            printed=None if before is None else Position(*before),
            clears=0 if end is None else end.clears,
            serials=serials,
        )
        # Which screen.
        self._has_history: bool | None = None  # None: not known yet
        self._decide_by: int | None = None  # when it is taken for no
        self._alternate = False  # a program of the session is on the alternate screen
        self._paging = False  # the pager is shown, on the alternate screen, too
        self._on_alternate = False  # … and so is the terminal
        self._primary: Snapshot | None = None  # what its primary screen shows meanwhile
        # What goes into the scrollback with this drawing.
        self._due: list[Row] = []
        self._due_palette = Palette()
        self._continued = False  # what was pushed last before wraps into the screen
        self._wait_until = 0  # for rows that come with the newest frame
        self._keys_sent = self._keys_answered = 0  # batches
        self._resizing = Resizing(self._scroll)

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive(self, message: ToRenderer, *, now: int) -> None:
        """Take a message of the network process; a frame that it completes is drawn later."""
        if isinstance(message, HistoryPage):
            self._scroll.receive_page(message, now=now)
        elif isinstance(message, HistoryExtent):
            self._receive_extent(message, now=now)
        elif isinstance(message, Progress):
            self._keys_answered = message.echo_acknowledged
        elif self._has_history is not None:
            pass  # the rest is about that
        elif isinstance(message, Abilities) and not message.history:
            self._decide_by = now
        elif isinstance(message, Frame) and self._decide_by is None:
            self._decide_by = now + DECIDE_MS

    def set_paging(self, on: bool) -> None:
        """Say whether what is drawn from now on is the pager's: it asks for history itself meanwhile."""
        if self._paging and not on:
            self._scroll.ask_again()
        self._paging = on

    def keys_sent(self, batch: int) -> None:
        """Say which batch of keys is the newest."""
        self._keys_sent = batch

    def resized(self, columns: int, lines: int) -> None:
        """Say that the terminal has another size."""
        self._resizing.begin(columns, lines)

    def cursor_reported(self, row: int) -> None:
        """Say that the terminal answered in which row, from 0, its cursor is."""
        self._resizing.answered(row)

    def takes_cursor_question(self) -> bool:
        """Return, once for each, whether what was drawn last asks that."""
        asked, self._resizing.asked = self._resizing.asked, False
        return asked

    def start_over(self) -> None:
        """Draw everything the next time, on a terminal that was given back and taken again."""
        super().start_over()
        self._on_alternate = False
        self._primary = None
        self._resizing.forget()
        self._scroll.wrapped_anew()
        self._dialect = self._dialect._replace(scrolls_back=True)

    # --- What goes out ------------------------------------------------------------------------------------------

    def history_wanted(self, *, now: int) -> WantHistory | None:
        """Return what to ask the network process for, if anything; once."""
        return self._scroll.wish(now=now) if self._has_history and not self._paging else None

    def take_words(self, *, now: int) -> str:
        """Return, once, a sentence for the user; mostly none: do without history when it is certain enough."""
        if self._has_history is not None or self._decide_by is None or now < self._decide_by:
            return ""
        self._has_history = False
        self._resizing.forget()
        return NO_HISTORY_WORDS

    def draw(self, screen: Snapshot, *, columns: int, lines: int, bars: tuple[str, ...], now: int) -> bytes:
        """Return what makes a terminal of that size show `screen` under `bars`, once what is due went off its top."""
        octets = self._show_screen(alternate=self._wants_alternate)
        if not self._on_alternate:
            if self._resizing.pending:
                octets += self._resizing.question(now=now)
            if self._resizing.pending or self._waits(now=now):
                return octets
            octets += self._resizing.take_first() + self._take_due(screen, columns, lines)
        octets += super().draw(screen, columns=columns, lines=lines, bars=bars, now=now)
        if not self._on_alternate and self._drawn is not None:
            extent = self._scroll.extent
            fits = extent is not None and not bars and (screen.columns, screen.lines) == (columns, lines)
            end = extent.end if extent is not None and fits else None
            self._resizing.drawn(fit(screen, columns, lines), cursor_row=self._drawn.cursor_row, end=end)
        self._leave_word()
        return octets

    def part(
        self, screen: Snapshot | None, *, columns: int, lines: int, stays: bool, now: int
    ) -> tuple[bytes, int] | None:
        """Return what leaves the session's last screen behind, and how many rows of it show anything.

        `stays`: for good. Else it is taken off: it will be drawn again. None: the terminal's own screen is to be
        brought back, as without native scroll.
        """
        if self._has_history is False:
            return None
        octets = self._show_screen(alternate=False)
        if not stays or screen is None:
            return octets + _erased(lines), 0
        self._alternate = self._paging = False
        if self._resizing.pending:
            self._resizing.answered(None)
        self._wait_until = 0
        octets += self.draw(screen, columns=columns, lines=lines, bars=(), now=now)
        palette = Palette()
        missing = self._scroll.note_of_missing(columns=columns, palette=palette)
        drawn = self._drawn
        if drawn is None:
            return octets, lines
        if missing and not self._cut:
            after = drawn._replace(rows=in_palette(drawn.rows, drawn.palette, palette), palette=palette)
            before = self._dialect._replace(continues=self._scroll.continues)
            pushed = push(drawn, missing, after, dialect=before)
            octets += pushed.octets + diff(pushed.shown, drawn, dialect=self._dialect)
        used = max([index + 1 for index, row in enumerate(drawn.rows) if row[0].strip(EMPTY + " ")], default=0)
        return octets, max(used, drawn.cursor_row)

    def next_deadline(self, *, now: int) -> int | None:
        """Return when `draw` wants to be called although nothing changed; None = never. Changes nothing."""
        waits = self._wait_until if not self._on_alternate and self._waits(now=now) else None
        undecided = self._decide_by if self._has_history is None else None
        deadlines = (
            super().next_deadline(now=now),
            self._scroll.next_deadline() if self._has_history and not self._paging else None,
            *(waits, undecided, None if self._on_alternate else self._resizing.next_deadline()),
        )
        return min([each for each in deadlines if each is not None], default=None)

    # --- Which screen -------------------------------------------------------------------------------------------

    def _receive_extent(self, message: HistoryExtent, *, now: int) -> None:
        if self._has_history is False:
            return  # it was too late to say so
        self._has_history = True
        was_there = self._scroll.caught_up
        self._scroll.receive_extent(message, now=now)
        self._alternate = message.alternate
        if was_there and not self._scroll.caught_up:
            self._wait_until = now + ROWS_PATIENCE_MS

    @property
    def _wants_alternate(self) -> bool:
        return self._alternate or self._paging or self._has_history is False

    def _show_screen(self, *, alternate: bool) -> bytes:
        """Return what makes the terminal show the other one of its screens, if that is wanted."""
        if alternate == self._on_alternate or not (self._terminal.smcup and self._terminal.rmcup):
            return b""
        self._on_alternate = alternate
        self._source = None
        self._dialect = self._dialect._replace(scrolls_back=not alternate)
        if alternate:
            drawn = self._drawn
            # Without history nothing of the session is to stay on the primary screen.
            left = _erased(drawn.lines) if self._has_history is False and drawn is not None else b""
            self._primary, self._drawn = self._drawn, None
            self._resizing.cursor_left_at(0)
            return left + b"\x1b[H" + self._terminal.smcup
        primary, last = self._primary, self._drawn
        self._primary = self._drawn = None
        if primary is not None and last is not None and not self._resizing.pending:
            # What does not belong to a screen is as it was on the other one.
            self._drawn = last._replace(rows=primary.rows, palette=primary.palette, cursor_row=0, cursor_column=0)
            self._drawn = self._drawn._replace(style=DEFAULT_STYLE, wrap_pending=False)
            if (primary.columns, primary.lines) != (last.columns, last.lines):
                self._drawn = None
        # While it is not known how the terminal brings it back, only the cursor is left where it was.
        home = b"" if self._resizing.pending else b"\x1b[H"
        return self._terminal.rmcup + b"\x1b[m" + (NO_HYPERLINK.encode() if self._dialect.hyperlinks else b"") + home

    def _leave_word(self) -> None:
        if self._terminal.end is not None:
            self._terminal.end.note(self._scroll.printed, self._scroll.clears, alternate=self._on_alternate)

    # --- What goes into the scrollback --------------------------------------------------------------------------

    def _waits(self, *, now: int) -> bool:
        """Return whether the newest frame is drawn a little later, together with the rows that left the screen."""
        return now < self._wait_until and self._keys_answered >= self._keys_sent and not self._scroll.caught_up

    def _take_due(self, screen: Snapshot, columns: int, lines: int) -> bytes:
        """Take the rows that are due; return what clears the scrollback before, if that is due."""
        if self._scroll.clear_due:
            self._scroll.clear_due = False
            return self._terminal.clear + self._take_due(screen, columns, lines)
        self._continued = self._scroll.continues
        # A server that does not have the new size yet will take rows back, or scroll off what the terminal has.
        if self._cut or (screen.columns, screen.lines) != (columns, lines):
            return b""
        self._due_palette = Palette()
        self._due = self._scroll.rows_due(columns=columns, palette=self._due_palette)
        if self._due:
            self._source = None
        return b""

    def _difference(self, drawn: Snapshot | None, composed: Snapshot, dialect: Dialect) -> bytes:
        """Return what makes a terminal that shows `drawn` show `composed`, and pushes what is due."""
        due, self._due = self._due, []
        before = dialect._replace(continues=self._continued and dialect.scrolls_back)
        if not due:
            return super()._difference(drawn, composed, before)
        octets = b""
        if drawn is None:
            octets, drawn = diff(None, composed, dialect=before), composed
        # SECURITY: rows of history are drawn as all rows are, from cells, which hold no control characters. Test:
        # test_nothing_but_cells_gets_into_the_scrollback.
        palette = self._due_palette
        below = composed._replace(rows=in_palette(composed.rows, composed.palette, palette), palette=palette)
        pushed = push(drawn, due, below, dialect=before)
        after = dialect._replace(continues=self._scroll.continues, synchronized=False)
        octets += pushed.octets + diff(pushed.shown, composed, dialect=after)
        return b"\x1b[?2026h" + octets + b"\x1b[?2026l" if dialect.synchronized else octets


def _erased(lines: int) -> bytes:
    """Return what erases the primary screen, so that no terminal keeps it, and leaves the cursor at its top."""
    rows = [b"\x1b[%dH\x1b[K" % line for line in range(lines, 0, -1)]
    return b"\x1b[r\x1b[m" + b"".join(rows)
