"""When the pager is there: how it is entered and left, and what the terminal's wheel and mouse do without it.

Pure: time is an argument. Holds the renderer's history, which comes whether somebody pages or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from mosh_client.ipc.messages import HistoryExtent, HistoryFound, HistoryPage, ToHistory, ToNetwork
from mosh_client.renderer.history.cache import HistoryCache
from mosh_client.renderer.history.wishes import Wishes
from mosh_client.renderer.pager.keys import SHIFT_PAGE_UP, Mouse
from mosh_client.renderer.pager.pager import Pager
from mosh_client.renderer.pager.painting import BUTTONS_AND_DRAGS, SGR_MOUSE
from mosh_client.renderer.pager.reader import WHEEL_ROWS, WHEEL_UP
from mosh_client.renderer.pager.reports import MouseReports
from mosh_common.terminal.cells import Modes, Snapshot

CANNOT_PAGE: Final = "this server keeps no history, so there is nothing to page."
NOT_HERE: Final = "the program on the screen has it for itself; what scrolled away can be paged when it is over."
LATE_REPORTS_MS: Final = 1000  # the terminal may send reports of the mouse that it was asked for so long ago

_DRAG: Final = 32  # the left button is down, and the mouse moved


class Paging:
    """The pager, if it is there, and the way to it."""

    def __init__(self, *, columns: int, lines: int, wheel: bool, refusal: str, serials: Iterator[int]) -> None:
        """`wheel`: the normal view asks for the mouse, so that its wheel enters.

        `refusal`: as for Copying; `serials`: as for Wishes.
        """
        self.cache = HistoryCache()
        self.wishes = Wishes(self.cache, serials=serials)
        self.offered = False  # the server keeps history
        self.pager: Pager | None = None
        self._size = (columns, lines)
        self._wheel = wheel
        self._refusal = refusal
        self._terminal_scrolls = False  # its wheel types arrow keys on an alternate screen (?1007)
        self._screen: Snapshot | None = None  # the server's newest
        self._reports = MouseReports()
        self._clipboard = ""  # what was copied
        self._pressed: Mouse | None = None  # the mouse's button, in the normal view
        self._flushed = False  # keys were taken that are to be sent
        self._reports_until = 0  # late ones are not typed
        self._shown: tuple[Snapshot, Snapshot] | None = None  # the last screen given to `shown`, and what it returned

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive_message(self, message: ToHistory, *, now: int) -> bytes:
        """Take what the network process says of history; return what was typed for the session, and had waited."""
        pager = self.pager
        if isinstance(message, HistoryExtent):
            if message.alternate != self.cache.alternate:
                self._shown = None
            self.cache.set_extent(message)
        elif isinstance(message, HistoryPage):
            if pager is not None:  # else it was asked for by somebody else
                self.wishes.receive_page(message)
        elif isinstance(message, HistoryFound):
            return self._left_over(pager.receive_found(message), now=now) if pager is not None else b""
        if pager is not None:
            pager.text_changed()
            self._clipboard = pager.clipboard_to_set() or self._clipboard
        return b""

    def set_offered(self, offered: bool) -> None:
        """Say whether the server keeps history."""
        self.offered = offered
        self._shown = None

    def set_screen(self, screen: Snapshot) -> None:
        """Take the newest screen of the server, after the extent that belongs to it."""
        self._screen = screen
        if self.pager is not None:
            self.pager.set_screen(screen)

    def resize(self, columns: int, lines: int) -> None:
        """Say that the terminal has another size."""
        self._size = (columns, lines)
        if self.pager is not None:
            self.pager.resize(columns, lines)

    def terminal_scrolls(self) -> None:
        """Say that the terminal answered that its wheel types arrow keys on an alternate screen."""
        self._terminal_scrolls = True
        self._shown = None

    def enter(self, *, upwards: bool = False) -> str:
        """Show the pager; return a sentence if there is none. `upwards`: to go on downwards at the end leaves it."""
        if self.pager is None:
            if not self.offered or self._screen is None:
                return CANNOT_PAGE
            if self.cache.alternate:
                return NOT_HERE
            columns, lines = self._size
            self.wishes.start_over()
            self.pager = Pager(
                self.cache,
                self.wishes,
                self._screen,
                columns=columns,
                lines=lines,
                leaves_at_end=upwards,
                refusal=self._refusal,
            )
        return ""

    def leave(self, *, now: int) -> None:
        """Show the live screen again."""
        if self.pager is not None:
            self.pager = None
            self.wishes.stop_searching()
            self._reports_until = now + LATE_REPORTS_MS

    def receive_keys(self, data: bytes, *, now: int) -> bytes:
        """Take what was typed for the session; return what of it goes there."""
        if self.pager is not None:
            return self._left_over(self.pager.receive_keys(data, now=now), now=now)
        if not self.offered or self._screen is None:
            return data
        if not self._screen.modes.mouse_tracking and (self._wants_mouse or now < self._reports_until):
            return self._without_reports(data, now=now)
        return self._without_entry(data, now=now)

    def flush_keys(self, *, now: int) -> bytes:
        """Take a key whose rest did not come; return what goes to the session."""
        typed = self._left_over(self.pager.flush_keys(now=now), now=now) if self.pager is not None else b""
        self._flushed = self._flushed or bool(typed)
        return typed

    # --- What goes out ------------------------------------------------------------------------------------------

    def messages_to_send(self) -> list[ToNetwork]:
        """Return what is to be asked of the server now."""
        self._flushed = False
        return self.pager.messages_to_send() if self.pager is not None else []

    def clipboard_to_set(self) -> str:
        """Return and forget what the user copied, as "selection;base64"; "" = nothing."""
        clipboard, self._clipboard = self._clipboard, ""
        return clipboard

    def shown(self, screen: Snapshot) -> Snapshot:
        """Return what is shown in place of the live `screen`; the same object for the same one."""
        if self.pager is not None:
            return self.pager.screen()
        if not self.offered:
            return screen
        if self._shown is None or self._shown[0] is not screen:
            modes = self._modes(screen.modes)
            self._shown = (screen, screen if modes == screen.modes else screen._replace(modes=modes))
        return self._shown[1]

    def next_deadline(self, *, now: int) -> int | None:
        """Return when to call `flush_keys`, or `messages_to_send` as it returned keys; None = never."""
        if self._flushed:
            return now
        return self.pager.next_deadline() if self.pager is not None else None

    @property
    def rules_the_wheel(self) -> bool:
        """Whether the wheel would type arrow keys, were it not for what `shown` says of modes."""
        return self.offered and self._terminal_scrolls

    # --- Private ------------------------------------------------------------------------------------------------

    @property
    def _wants_mouse(self) -> bool:
        """Whether the normal view asks for the mouse, if no program does."""
        return self._wheel and self.offered and not self.cache.alternate

    def _modes(self, modes: Modes) -> Modes:
        """Return the modes of the live screen.

        At a prompt the wheel must not type arrow keys, as it does where terminals take our alternate screen for a
        program's. For a program that has a screen of its own it does what it does in this terminal without mosh.
        """
        if self.cache.alternate:
            return modes._replace(alternate_scroll=modes.alternate_scroll or self._terminal_scrolls)
        modes = modes._replace(alternate_scroll=False)
        if modes.mouse_tracking or not self._wants_mouse:
            return modes
        return modes._replace(mouse_tracking=BUTTONS_AND_DRAGS, mouse_encoding=SGR_MOUSE)

    def _without_entry(self, data: bytes, *, now: int) -> bytes:
        """Take out Shift-PgUp, which enters; what follows it is the pager's."""
        start = data.find(SHIFT_PAGE_UP)
        if start < 0 or self.enter(upwards=True):
            return data
        assert self.pager is not None
        self.pager.scroll_page_up()
        rest = data[start + len(SHIFT_PAGE_UP) :]
        return data[:start] + (self.receive_keys(rest, now=now) if rest else b"")

    def _without_reports(self, data: bytes, *, now: int) -> bytes:
        typed = b""
        for part in self._reports.split(data):
            if self.pager is not None:
                if isinstance(part, Mouse):
                    self.pager.take_mouse(part)
                else:
                    typed += self._left_over(self.pager.receive_keys(part, now=now), now=now)
            elif isinstance(part, bytes):
                typed += self._without_entry(part, now=now)
            elif self._wants_mouse:
                self._take_mouse(part)
        if self.pager is not None:
            typed += self._left_over(self.pager.receive_keys(self._reports.take_held(), now=now), now=now)
        return typed

    def _take_mouse(self, mouse: Mouse) -> None:
        """Take a report of the mouse in the normal view: the wheel and a drag enter."""
        if mouse.button == WHEEL_UP and not self.enter(upwards=True) and self.pager is not None:
            self.pager.scroll(-WHEEL_ROWS)
        elif mouse.button == 0:
            self._pressed = None if mouse.released else mouse
        elif mouse.button == _DRAG and self._pressed is not None and not self.enter() and self.pager is not None:
            self.pager.take_mouse(self._pressed)
            self.pager.take_mouse(mouse)

    def _left_over(self, typed: bytes, *, now: int) -> bytes:
        """Take what keys did to the pager, and leave if it was left; return what was typed for the session."""
        pager = self.pager
        if pager is not None:
            self._clipboard = pager.clipboard_to_set() or self._clipboard
            if pager.left:
                self.leave(now=now)
        return typed
