"""The pager: keys and lines in; a screen, wishes and what goes on to the session out.

Pure: time is an argument, and only says how long the rest of a key is waited for. It is there from being entered until
it is `left`; what it is made of stands in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mosh_client.ipc.messages import HistoryFound, ToNetwork
from mosh_client.renderer.history.cache import HistoryCache
from mosh_client.renderer.history.wishes import Wishes
from mosh_client.renderer.pager import bar, keys
from mosh_client.renderer.pager.document import Document, LaidRow
from mosh_client.renderer.pager.input_line import InputLine
from mosh_client.renderer.pager.keys import Key, Mouse
from mosh_client.renderer.pager.painting import Picture, painted
from mosh_client.renderer.pager.reader import WHEEL_DOWN, Reader
from mosh_client.renderer.pager.waiting import GIVING_UP, Commands, WaitingKeys
from mosh_common.terminal.cells import Snapshot

HOLD_MS: Final = 50  # for the rest of a key that began with ESC; the key Escape itself takes effect then

FORWARDS: Final = "/"  # signs of the line for what to look for
BACKWARDS: Final = "?"
_INTERRUPT: Final = "\x03"  # Ctrl-C
_REDRAW: Final = "\x0c"  # Ctrl-L, which the view sees to

# What each key does; Ctrl-A is "\x01".
_READING: Final[dict[str, Callable[[Reader], object]]] = {
    **dict.fromkeys((keys.UP, "k", "\x10"), lambda reader: reader.move(-1)),
    **dict.fromkeys((keys.DOWN, "j", "\x0e"), lambda reader: reader.move(1)),
    **dict.fromkeys((keys.PAGE_UP, "b", "\x02"), lambda reader: reader.move_halves(-2)),
    **dict.fromkeys((keys.PAGE_DOWN, " ", "\x06"), lambda reader: reader.move_halves(2)),
    "\x15": lambda reader: reader.move_halves(-1),
    "\x04": lambda reader: reader.move_halves(1),
    **dict.fromkeys((keys.HOME, "g"), lambda reader: reader.go(end=False)),
    **dict.fromkeys((keys.END, "G"), lambda reader: reader.go(end=True)),
    "n": lambda reader: reader.find_again(reverse=False),
    "N": lambda reader: reader.find_again(reverse=True),
    "v": lambda reader: reader.mark(),
    "V": lambda reader: reader.mark(whole_lines=True),
    "y": lambda reader: reader.copy(),
    _REDRAW: lambda reader: reader.text_changed(),
}
# With a cursor, before those:
_MARKING: Final[dict[str, Callable[[Reader], object]]] = {
    **dict.fromkeys((keys.LEFT, "h"), lambda reader: reader.marks.move_columns(-1)),
    **dict.fromkeys((keys.RIGHT, "l"), lambda reader: reader.marks.move_columns(1)),
    **dict.fromkeys((keys.HOME, "0", "^"), lambda reader: reader.marks.move_to_edge(end=False)),
    **dict.fromkeys((keys.END, "$"), lambda reader: reader.marks.move_to_edge(end=True)),
    "w": lambda reader: reader.marks.move_words(1),
    "b": lambda reader: reader.marks.move_words(-1),
}
_DOWNWARD: Final = (keys.DOWN, keys.PAGE_DOWN, "j", " ", "\x0e", "\x06", "\x04")
_COMMANDS: Final = Commands(_READING, _MARKING, lines=(FORWARDS, BACKWARDS), cursor=("v", "V"), no_cursor=("y",))
_LEAVING: Final = (keys.ENTER, keys.ESCAPE, "q", _INTERRUPT)  # and are not given to the session


class Pager:
    """A view of the whole text on a screen of that size."""

    def __init__(
        self,
        cache: HistoryCache,
        wishes: Wishes,
        screen: Snapshot,
        *,
        columns: int,
        lines: int,
        leaves_at_end: bool,
        refusal: str,
    ) -> None:
        """`leaves_at_end`: going on at the end leaves, as it was entered by going up. `refusal`: as for Copying."""
        self._cache = cache
        self._wishes = wishes
        self._document = Document(cache, columns=columns)
        self._document.set_screen(screen)
        self._screen = screen  # the server's newest: titles, bells and modes
        self._lines = lines
        self._reader = Reader(wishes, self._document, height=lines - 1, refusal=refusal)
        self._leaves_at_end = leaves_at_end
        self._input: InputLine | None = None
        self._waiting = WaitingKeys(_COMMANDS)  # until a search that is out has been answered
        self._held = b""  # of the last read: the beginning of a key
        self._held_until = 0
        self._painted: Snapshot | None = None  # None: something changed since
        self.left = False

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive_keys(self, data: bytes, *, now: int) -> bytes:
        """Take what was typed; return what of it is for the session: mostly all from the key on that leaves."""
        taken, self._held = keys.split_keys(self._held + data)
        self._held_until = now + HOLD_MS
        return self._take_all(taken)

    def flush_keys(self, *, now: int) -> bytes:
        """Take the beginning of a key for what it is, if its rest has not come in time; return as `receive_keys`."""
        if not self._held or now < self._held_until:
            return b""
        held, self._held = self._held, b""
        return self._take_all(keys.forced_keys(held))

    def next_deadline(self) -> int | None:
        """Return when to call `flush_keys`; None = never."""
        return self._held_until if self._held else None

    def receive_found(self, found: HistoryFound) -> bytes:
        """Take what a search found, and what was typed behind it; return as `receive_keys`."""
        self._painted = None
        self._reader.receive_found(found)
        return b"" if self._reader.search.out else self._take_all(self._waiting.take())

    def text_changed(self) -> None:
        """Say that lines of history came or went."""
        self._painted = None
        self._document.text_changed()
        self._reader.text_changed()

    def set_screen(self, screen: Snapshot) -> None:
        """Take the newest screen of the server. One that a program has for itself is no part of the text."""
        self._painted = None
        self._screen = screen
        if not self._cache.alternate:
            self._document.set_screen(screen)

    def scroll(self, rows: int) -> None:
        """Move the window so many rows down, or up if negative."""
        self._painted = None
        self._reader.move(rows)

    def scroll_page_up(self) -> None:
        """Move the window up by its height."""
        self._painted = None
        self._reader.move_halves(-2)

    def take_mouse(self, mouse: Mouse) -> None:
        """Take a report of the mouse."""
        self._painted = None
        self._reader.take_mouse(mouse)

    def resize(self, columns: int, lines: int) -> None:
        """Lay out for another size; the line at the top stays there."""
        self._painted = None
        self._document.set_columns(columns)
        self._lines = lines
        self._reader.viewport.height = lines - 1

    # --- What goes out ------------------------------------------------------------------------------------------

    def messages_to_send(self) -> list[ToNetwork]:
        """Return what is to be asked of the server now."""
        searches = self._reader.search.messages
        messages: list[ToNetwork] = [*searches]
        searches.clear()
        needs = self._reader.needs()
        self._cache.attend(needs[0])
        wish = self._wishes.page_wanted(needs)
        return [*messages, wish] if wish is not None else messages

    def clipboard_to_set(self) -> str:
        """Return and forget what was copied, as "selection;base64"; "" = nothing."""
        return self._reader.copying.take()

    def screen(self) -> Snapshot:
        """Return what to show; the same object as long as nothing changed."""
        if self._painted is None:
            self._document.renew_palette()
            reader = self._reader
            shown = reader.viewport.rows()
            cursor, needle = self._cursor(shown), reader.search.needle
            picture = Picture(shown, self._bar(shown), cursor, needle, reader.marks.selection)
            self._painted = painted(picture, self._document, screen=self._screen, lines=self._lines)
        return self._painted

    # --- Keys ---------------------------------------------------------------------------------------------------

    def _take_all(self, taken: list[Key]) -> bytes:
        """Take keys in order; return those from the one on that leaves, and what was on its way through."""
        self._painted = None
        through = b"".join([self._take_in_turn(key) for key in taken])
        if self.left:
            through += self._held
            self._held = b""
        return through

    def _take_in_turn(self, key: Key) -> bytes:
        """Take a key, or let it wait for a search that is out; return what goes to the session."""
        if key.name == keys.PASSING or (self.left and key.name not in (keys.MOUSE, keys.NOTHING)):
            return key.octets
        if self.left or key.name == keys.NOTHING:
            return b""
        search = self._reader.search
        if search.out and (key.mouse is not None or self._waiting.full):
            return self._wait_no_longer() + self._take_in_turn(key)
        if search.out:
            if self._waiting.hold(key, marking=self._reader.marks.cursor is not None):
                return b""
            self._waiting.take()
            if key.name in GIVING_UP:
                search.unmark()
                return b""
        stays = self._take(key)
        self.left = self.left or not stays
        return b"" if stays or key.name in _LEAVING else key.octets

    def _wait_no_longer(self) -> bytes:
        """Give up the search that is out and all that wait behind it, and take what waits; return as `receive_keys`."""
        through = b""
        while self._reader.search.out:
            self._reader.search.give_up()
            through += b"".join([self._take_in_turn(key) for key in self._waiting.take()])
        return through

    def _take(self, key: Key) -> bool:
        """Take a key; return False when it leaves."""
        reader = self._reader
        if self._goes_beyond_the_end(key):
            self.left = True
        elif key.mouse is not None:
            if self._input is None:
                reader.take_mouse(key.mouse)
        elif self._input is not None:
            self._type(self._input, key)
        else:
            reader.message = ""
            if key.name in (FORWARDS, BACKWARDS):
                self._input = InputLine(key.name)
                return True
            command = (_MARKING.get(key.name) if reader.marks.cursor is not None else None) or _READING.get(key.name)
            if command is None:
                return key.name in (keys.ESCAPE, _INTERRUPT) and reader.undo()
            command(reader)
        return True

    def _goes_beyond_the_end(self, key: Key) -> bool:
        reader = self._reader
        if not self._leaves_at_end or self._input is not None or reader.marks.cursor is not None:
            return False
        downward = key.name in _DOWNWARD if key.mouse is None else key.mouse.button == WHEEL_DOWN
        return downward and reader.viewport.at_end

    def _type(self, line: InputLine, key: Key) -> None:
        line.take(key)
        if line.cancelled or line.accepted:
            self._input = None
        if line.accepted:
            self._reader.find(line.text, backwards=line.sign == BACKWARDS)

    # --- What is seen -------------------------------------------------------------------------------------------

    def _bar(self, shown: list[LaidRow]) -> str:
        reader, document = self._reader, self._document
        if self._input is not None:
            return self._input.shown(document.columns)
        if reader.search.out:
            return f' searching for "{reader.search.text}"…'
        lines = reader.lines_shown
        total = max(document.last_printed, lines.start) + 1
        where = bar.Whereabouts(
            top=lines.start + 1,
            bottom=min(lines.stop, total),
            total=total,
            gone=document.first,
            waiting=any(each.row is None for each in shown),
        )
        if reader.marks.selection is not None:
            does = bar.SELECTING_KEYS
        elif reader.marks.cursor is not None:
            does = bar.MARKING_KEYS
        else:
            does = bar.FINDING_KEYS if reader.search.needle is not None else bar.READING_KEYS
        return bar.bar_text(where, columns=document.columns, message=reader.message, keys=does)

    def _cursor(self, shown: list[LaidRow]) -> tuple[int, int] | None:
        """Return the row and column of the cursor, if it is to be seen."""
        if self._input is not None:
            return self._lines - 1, self._input.cursor(self._document.columns)
        place = self._reader.marks.cursor
        if place is None or not shown or place < shown[0].place:
            return None
        row = max(index for index, each in enumerate(shown) if each.place <= place)
        if shown[row].place.line != place.line:
            return None
        return row, place.column - shown[row].place.column
