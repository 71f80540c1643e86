"""What goes into the terminal's scrollback, and what must be asked for: rows of history in order, each once.

Pure: places, lines and times in, rows and wishes out. Knows no terminal; what is on it is the compositor's to know.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from mosh_client.ipc.messages import HistoryExtent, HistoryPage, WantHistory
from mosh_client.renderer.scrollback.fetched import FetchedLines
from mosh_client.renderer.scrollback.places import ends
from mosh_client.renderer.scrollback.record import Record
from mosh_common.terminal.cells import FAINT, Palette, Row, Style
from mosh_common.terminal.history.line import PAGE_LINES, Extent, Line, Position, rows

# SECURITY: so much of history is held here at once: two pages, of which each is one IPC message. Test:
# test_no_page_is_asked_for_while_two_are_here.
MOST_LINES_HELD: Final = 2 * PAGE_LINES
# SECURITY: the server fills the scrollback no faster than the terminal takes it: rows of one drawing. Test:
# test_a_drawing_pushes_a_bounded_number_of_rows.
MOST_ROWS_AT_ONCE: Final = 2000

FURTHEST_BEHIND: Final = 100_000  # lines; as many as a server keeps by default
KEPT_BEHIND_GAP: Final = 2000  # lines that are fetched behind a gap: about what terminals keep themselves
_FLOOD_LINES: Final = 500  # that leave the screen between two frames: nobody reads them
_FLOOD_OVER_MS: Final = 250  # without such a frame

# So many lines are asked for at first, and wherever what is there has come: the server lays out what is asked for. As
# long as that comes whole, it is twice as many each time; where it is cut, a little more than came.
FEW_LINES: Final = 128
_MOVE_ON_LINES: Final = 64  # of a wish that are here already: a page is told as a whole each time that it grows
_MOVE_ON_CHARACTERS: Final = 4096  # the same for long lines
_ASK_AGAIN_MS: Final = 50  # a page that does not grow any more, although there is more, is as long as it gets

_NOTE_STYLE: Final = Style(flags=FAINT)


class NativeScroll:
    """The scrollback's end, and the way there of what follows."""

    def __init__(
        self, *, serials: Iterator[int], pager_key: str = "", printed: Position | None = None, clears: int = 0
    ) -> None:
        """`pager_key`: what the user types for the pager. `printed`, `clears`: of the renderer before."""
        self._pager_key = pager_key
        self.extent: Extent | None = None  # None: not known that there is any history
        self.printed = printed  # all before it is in the scrollback; None: before the first extent
        self.clears = clears  # how often the server's history had been cleared when the scrollback was, if it was
        self._record = Record()
        self._fetched = FetchedLines(printed or Position(0))
        self._wish: WantHistory | None = None  # the newest
        self._serials = serials
        self._oldest_wish = 0  # the serial of the first whose pages are still good; 0 = there is none
        self._page_at: int | None = None  # when the newest page of that wish came
        self._page_length = 0  # characters of its page
        self._ask_for = FEW_LINES
        self._flood_until = 0
        self.clear_due = False  # the scrollback is to be cleared before anything else is pushed

    # --- What comes in

    def receive_extent(self, message: HistoryExtent, *, now: int) -> None:
        """Take what history there is as of the next frame."""
        extent = Extent(message.first, Position(message.line, message.column), message.clears)
        before, self.extent = self.extent, extent
        if self.printed is None:
            self.clears = extent.clears
            self._go_on_from(extent.end)  # what is older is for the pager
        elif extent.clears != self.clears:
            self.clears = extent.clears
            self.clear_due = True
            self._record.forget()
            self._go_on_from(Position(extent.first))
        elif extent.end < self.printed:
            self._record.came_back(extent.end)
            self._go_on_from(extent.end)
        elif before is not None and extent.end < before.end:
            self._go_on_from(self.printed)  # what is here of the rows that came back may be of the past
        # What clears all and prints it anew, many times a second perhaps, is no flood: there is never much of it.
        if before is not None and before.clears == extent.clears and extent.end.line - before.end.line > _FLOOD_LINES:
            self._flood_until = now + _FLOOD_OVER_MS

    def receive_page(self, page: HistoryPage, *, now: int) -> None:
        """Take lines of history. What was wished before the history was another is dropped."""
        wish = self._wish
        if wish is None or not self._oldest_wish <= page.serial <= wish.serial:
            return
        begin, before = Position(page.line, page.column), self._fetched.end
        if begin.line > before.line:
            self._leave_out(begin, "are gone: the server keeps no more")
        elif begin > before:
            self._fetched.end = begin
        self._fetched.take(page)
        if page.serial == wish.serial and self._fetched.end > before:
            self._page_at = now
            count = len(page.lines)
            self._ask_for = 2 * count if count >= wish.lines else max(count + count // 4, FEW_LINES)
            self._page_length = sum([len(line.text) for line in page.lines])

    def pushed_by_terminal(self, gone: Sequence[Row], start: Position) -> None:
        """Say that the terminal, which became smaller, has put rows of the screen there, the first of them `start`."""
        if self.printed != start:
            return  # older ones are on their way: these follow them in their place
        for row, end in zip(gone, ends(gone, start), strict=True):
            self._record.add(row, start)
            start = end
        self._go_on_from(start)

    def pulled_by_terminal(self, count: int) -> int:
        """Say that it has taken `count` rows back; return how many of them, the first ones, are not the session's."""
        pulled = self._record.pull(count)
        if pulled.printed is not None:
            self._go_on_from(pulled.printed)
        return pulled.foreign

    def ask_again(self) -> None:
        """Say that the wish was replaced by somebody else's."""
        self._wish = None

    def wrapped_anew(self) -> None:
        """Say that the scrollback's rows may be others: the terminal has another width, or was somebody else's."""
        self._record.forget()

    # --- What goes out

    def rows_due(self, *, columns: int, palette: Palette) -> list[Row]:
        """Return, and count as pushed, the rows that are to go to the scrollback now; `palette` gets their styles."""
        if self.extent is None:
            return []
        due: list[Row] = []
        placed = self._fetched.rows(columns=columns, palette=palette, up_to=self.extent.end, most=MOST_ROWS_AT_ONCE)
        for row, start, end in placed:
            if not self._record.has(row, start):
                self._record.add(row, start)
                due.append(row)
            self.printed = end
        return due

    def wish(self, *, now: int) -> WantHistory | None:
        """Return what to ask the network process for, once."""
        if self.extent is None or not self._is_wish_due(now):
            return None
        start = self._fetched.end
        count = FEW_LINES if self.caught_up else min(self._ask_for, PAGE_LINES)
        wish = WantHistory(next(self._serials), start.line, start.column, count)
        self._oldest_wish = self._oldest_wish if self._wish is not None else wish.serial
        self._wish = wish
        self._page_at, self._page_length = None, 0
        return self._wish

    def next_deadline(self) -> int | None:
        """Return when `wish` may have another answer although nothing came; None = never."""
        if self.extent is None or self.caught_up or self._is_full:
            return None
        if self._is_too_far_behind or self._wish is None or self._is_to_move_on(self._wish):
            return self._flood_until
        return None if self._page_at is None else max(self._page_at + _ASK_AGAIN_MS, self._flood_until)

    @property
    def continues(self) -> bool:
        """Whether the scrollback's last row wraps into the screen's first one, whatever that shows for now."""
        wraps = self._record.wraps
        return wraps if wraps is not None else self.printed is not None and self.printed.column > 0

    @property
    def caught_up(self) -> bool:
        """Whether all that has left the screen is here, or was."""
        return self.extent is None or self._fetched.end >= self.extent.end

    def note_of_missing(self, *, columns: int, palette: Palette) -> list[Row]:
        """Return the rows that say at the session's end what has left the screen and did not come; mostly none."""
        if self.extent is None or self.printed is None or self.printed >= self.extent.end:
            return []
        count = max(1, self.extent.end.line - self.printed.line)
        return rows(_note(f"[mosh: {count:,} lines had not come when the session ended]"), columns, palette)

    # --- Private

    @property
    def _is_full(self) -> bool:
        return len(self._fetched) + PAGE_LINES > MOST_LINES_HELD

    @property
    def _is_too_far_behind(self) -> bool:
        return self.extent is not None and self.extent.end.line - self._fetched.end.line > FURTHEST_BEHIND

    def _is_to_move_on(self, wish: WantHistory) -> bool:
        return self._fetched.end.line - wish.line >= _MOVE_ON_LINES

    def _is_wish_due(self, now: int) -> bool:
        """Return whether what follows `fetched` is to be asked for; a gap that is too long is left out first."""
        extent, wish = self.extent, self._wish
        assert extent is not None
        if self._is_full:
            return False
        # What floods past is asked for when that is over: laying it out would slow the flood down, and pages cannot
        # keep up with it. So there is one gap at most, and not many.
        if now < self._flood_until:
            return False
        if self._is_too_far_behind:
            start = max(Position(extent.end.line - KEPT_BEHIND_GAP), Position(extent.first))
            self._leave_out(start, "are left out here")
            return True
        if wish is None or self._is_to_move_on(wish):
            return True
        if self.caught_up or self._page_at is None:
            return False
        return self._page_length >= _MOVE_ON_CHARACTERS or now >= self._page_at + _ASK_AGAIN_MS

    def _leave_out(self, up_to: Position, why: str) -> None:
        """Say in the scrollback that the lines up to there are not in it."""
        count = up_to.line - self._fetched.end.line
        way = f"; {self._pager_key} shows them" if self._pager_key and "gone" not in why else ""
        self._fetched.leave_out(_note(f"[mosh: {count:,} lines {why}{way}]"), up_to)

    def _go_on_from(self, place: Position) -> None:
        """Push what follows `place` next, and ask for it anew."""
        self.printed = place
        self._fetched.start_over(place)
        self._wish = None


def _note(text: str) -> Line:
    return Line(text, ((len(text), _NOTE_STYLE),))
