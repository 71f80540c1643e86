"""The renderer without its terminal: keys and messages in, messages and octets for the terminal out.

Does no I/O and reads no clock. Ties the escape key, the prediction engine, the notices and the compositor together.
The loop: `receive_keys` / `receive_message` / `resize` → `messages_to_send`, `suspend_wanted` → `draw` once the
terminal has taken everything drawn before (so frames that it is too slow for are never drawn) → wait until
`next_deadline`.
"""

from __future__ import annotations

from itertools import count
from typing import Final

from mosh_client.ipc.frames import FrameDecoder
from mosh_client.ipc.messages import (
    LONGEST_INPUT_OCTETS,
    Abilities,
    Detach,
    Exit,
    Frame,
    Hello,
    HistoryExtent,
    HistoryFound,
    HistoryPage,
    Input,
    Link,
    Notice,
    Progress,
    Quit,
    Resize,
    ServerNotices,
    Statistics,
    ToNetwork,
    ToRenderer,
    Watch,
)
from mosh_client.renderer.drawing.choice import compositor_for
from mosh_client.renderer.drawing.compositor import Touched
from mosh_client.renderer.drawing.link_display import LinkDisplay
from mosh_client.renderer.drawing.notice import CANNOT_DETACH, DETACHING, LEAVING, NoticeBoard
from mosh_client.renderer.escape_key import DETACH, HISTORY, LINK_DISPLAY, QUIT, SUSPEND, EscapeKey
from mosh_client.renderer.leaving import Leaving
from mosh_client.renderer.pager.paging import Paging
from mosh_client.renderer.prediction.engine import PredictionEngine
from mosh_client.renderer.scrollback.terminal import NativeTerminal
from mosh_client.settings import Settings
from mosh_common.prediction_display import DisplayPreference
from mosh_common.terminal.cells import Snapshot, blank_snapshot
from mosh_common.terminal.frame_diff.dialect import Dialect

_REPAINT_KEY: Final = b"\x0c"  # Ctrl-L: the user sees rubbish; the session gets the key too


class View:
    """What one renderer shows and what it has to say."""

    def __init__(
        self,
        *,
        settings: Settings,
        dialect: Dialect,
        columns: int,
        lines: int,
        now: int,
        title_again: bytes = b"",  # as for the compositor
        touched: Touched | None = None,  # the same
        native: NativeTerminal | None = None,  # for native scroll
    ) -> None:
        self._size = (columns, lines)
        self._escape_key = EscapeKey(settings.escape_key, settings.ssh_escape_key)
        self._predictions = PredictionEngine(
            display=DisplayPreference(settings.prediction_display), overwrite=settings.prediction_overwrite
        )
        self._notices = NoticeBoard(quit_hint=self._escape_key.quit_hint, now=now)
        self._server_notices: tuple[str, ...] = ()  # what the server tells the user of itself
        self._link_display = LinkDisplay(prediction_display=settings.prediction_display)
        serials = count(1)  # of wishes for history, whoever has them
        self._compositor = compositor_for(
            native,
            pager_key=f"{settings.escape_key.name} [" if settings.escape_key is not None else "",
            serials=serials,
            dialect=dialect._replace(clipboard=dialect.clipboard and settings.clipboard),
            title_prefix=settings.title_prefix,
            title_again=title_again,
            touched=touched,
        )
        self._decoder = FrameDecoder()
        self._paging = Paging(
            columns=columns,
            lines=lines,
            wheel=settings.wheel and native is None,  # else it is the scroll bar's
            refusal=_clipboard_refusal(settings, dialect),
            serials=serials,
        )
        # What is known, and what was said.
        self._screen: Snapshot | None = None  # the newest of the server
        self._blank = blank_snapshot(columns, lines)  # shown until there is one
        self._batch = 0  # newest input batch
        self._messages: list[ToNetwork] = [Hello(columns, lines)]
        self._leaving = Leaving()
        self._unjudged = False  # a frame or progress came that the predictions have not seen
        self.suspend_wanted = False  # the caller stops the process group, then says False again
        self.left = False  # the network process is done with us: the caller leaves

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive_keys(self, data: bytes, *, now: int) -> None:
        """Take one read of the terminal. Then `messages_to_send` at once, and `draw`."""
        for part in self._escape_key.feed(data):
            if isinstance(part, bytes):
                self._receive_session_keys(part, now=now)
            elif part == QUIT:
                self._leaving.quit_by_key()
                self._notices.set_leaving(LEAVING, hint=self._escape_key.leave_hint)
                self._messages.append(Quit(True))  # the second time it means: without waiting for the server
            elif part == DETACH:
                self._detach(now=now)
            elif part == SUSPEND:
                self.suspend_wanted = True
            elif part == LINK_DISPLAY:
                self._link_display.toggle()
                self._messages.append(Watch(self._link_display.on))
            elif part == HISTORY:
                refusal = self._paging.enter()
                if refusal:
                    self._notices.set_notice(Notice(refusal, False), now=now)
        self._notices.set_help(self._escape_key.help if self._escape_key.waiting else "")

    def receive_message(self, message: ToRenderer, *, now: int) -> None:
        """Take one message of the network process. Raises PeerError when it does not fit the ones before."""
        self._compositor.receive(message, now=now)
        if isinstance(message, Frame):
            screen = self._decoder.apply(message)
            if not message.more:
                self._screen = screen
                self._unjudged = True
                self._paging.set_screen(screen)
        elif isinstance(message, Progress):
            self._predictions.set_echo_acknowledged(message.echo_acknowledged)
            self._unjudged = True
        elif isinstance(message, Link):
            self._notices.set_link(message)
            self._predictions.set_send_interval(message.send_interval)
            self._link_display.set_send_interval(message.send_interval)
            self._unjudged = True
        elif isinstance(message, Notice):
            self._notices.set_notice(message, now=now)
        elif isinstance(message, ServerNotices):
            self._server_notices = message.texts
        elif isinstance(message, Abilities):
            self._escape_key.detaches = message.detach
            self._escape_key.pages = message.history
            self._paging.set_offered(message.history)
            self._meet_alternate_scroll()
        elif isinstance(message, Statistics):
            self._link_display.set_statistics(message)
        elif isinstance(message, HistoryExtent | HistoryPage | HistoryFound):
            typed = self._paging.receive_message(message, now=now)
            self._receive_plain_keys(typed, now=now)
        elif isinstance(message, Exit):
            self._paging.leave(now=now)  # what is shown last is the live screen
            self.left = True
        self._ask_for_history(now=now)

    def resize(self, columns: int, lines: int, *, cut: bool = False) -> None:
        """Say that the terminal has (perhaps) another size; `cut`: it is larger than any screen, and has that part."""
        self._compositor.set_cut(cut)
        if (columns, lines) == self._size:
            return
        self._size = (columns, lines)
        self._blank = blank_snapshot(columns, lines)
        self._predictions.reset()
        self._compositor.forget()
        self._paging.resize(columns, lines)
        self._compositor.resized(columns, lines)
        self._messages.append(Resize(columns, lines))

    def cursor_reported(self, row: int) -> None:
        """Say that the terminal answered in which row, from 0, its cursor is."""
        self._compositor.cursor_reported(row)

    def terminal_synchronizes(self) -> None:
        """Say that the terminal answered that it has synchronized updates."""
        self._compositor.synchronize()

    def terminal_scrolls(self) -> None:
        """Say that the terminal answered that its wheel types arrow keys on an alternate screen (?1007)."""
        self._paging.terminal_scrolls()
        self._meet_alternate_scroll()

    def repaint(self) -> None:
        """Say that the terminal was given back and taken again: draw everything the next time."""
        self._compositor.start_over()
        self._meet_alternate_scroll()

    def quit(self) -> None:
        """Ask the network process to end the session, unless that was done: a signal came or the terminal hung up."""
        if self._leaving.quit_otherwise():
            self._messages.append(Quit(False))

    # --- What goes out ------------------------------------------------------------------------------------------

    def messages_to_send(self) -> list[ToNetwork]:
        """Return and forget what the network process has to know, in order."""
        messages, self._messages = self._messages + self._paging.messages_to_send(), []
        return messages

    def draw(self, *, now: int) -> bytes:
        """Return what to write to the terminal, all of it before `draw` is called again; may be empty."""
        late = self._paging.flush_keys(now=now)
        if late:
            self._receive_plain_keys(late, now=now)
        screen = self._screen
        if screen is None:
            screen = self._blank
        else:
            if self._unjudged or self._is_glitch_due(now=now):
                self._predictions.server_screen(screen, now=now)
                self._unjudged = False
            if not self.paging:
                screen = self._predictions.apply(screen)
            screen = self._paging.shown(screen)
            self._compositor.set_clipboard(self._paging.clipboard_to_set())
        words = self._compositor.take_words(now=now)
        if words:
            self._notices.set_notice(Notice(words, False), now=now)
        self._compositor.set_paging(self.paging)
        columns, lines = self._size
        octets = self._compositor.draw(screen, columns=columns, lines=lines, bars=self._bars(now=now), now=now)
        self._ask_for_history(now=now)
        return octets

    def takes_cursor_question(self) -> bool:
        """Return, once for each, whether what was drawn last asks where the terminal's cursor is."""
        return self._compositor.takes_cursor_question()

    def part(self, *, stays: bool, now: int) -> tuple[bytes, int] | None:
        """Return what leaves the last screen on the terminal, as for the compositor."""
        columns, lines = self._size
        return self._compositor.part(self._screen, columns=columns, lines=lines, stays=stays, now=now)

    def next_deadline(self, *, now: int) -> int | None:
        """Return when `draw` wants to be called although nothing came; None = never."""
        deadlines = [
            self._notices.next_deadline(now=now),
            self._link_display.next_deadline(now=now),
            self._compositor.next_deadline(now=now),
            self._paging.next_deadline(now=now),
        ]
        if self._screen is not None:
            deadlines.append(self._predictions.next_deadline())
        return min([each for each in deadlines if each is not None], default=None)

    @property
    def screen(self) -> Snapshot | None:
        """The server's newest screen, without guesses and bars; None before there is one."""
        return self._screen

    @property
    def paging(self) -> bool:
        """Whether the pager is there, in place of the live screen."""
        return self._paging.pager is not None

    @property
    def insisted(self) -> bool:
        """Whether leaving was asked for again: the caller tells the launcher, should the others hang."""
        return self._leaving.insisted

    @property
    def touched(self) -> Touched:
        """What is to be put back as it was before the terminal is left."""
        return self._compositor.touched

    # --- Private ------------------------------------------------------------------------------------------------

    def _bars(self, *, now: int) -> tuple[str, ...]:
        """Return what covers the first rows: all commands, or the notice, the server's notices and the link display."""
        if self._escape_key.explaining:
            return self._escape_key.explanation
        # SECURITY: the server's words have bars of their own, which begin with whose they are: they cannot pass for the
        # client's. Test: test_what_the_server_says_never_looks_like_the_clients_words.
        theirs = [f"mosh-server: {text}" for text in self._server_notices]
        link = self._link_display.text(columns=self._size[0], now=now)
        ours = (self._notices.text(now=now), *theirs, link)
        return tuple([bar for bar in ours if bar])

    def _detach(self, *, now: int) -> None:
        """Ask to leave while the session goes on; the second time: without waiting for the server."""
        if not self._escape_key.detaches:
            self._notices.set_notice(Notice(CANNOT_DETACH, False), now=now)
        elif self._leaving.detach():
            self._notices.set_leaving(DETACHING, hint=self._escape_key.detach_hint)
            self._messages.append(Detach())

    def _meet_alternate_scroll(self) -> None:
        """Tell the compositor of a mode that the terminal has from its own settings, where frames are to rule it."""
        if self._paging.rules_the_wheel:
            self._compositor.assume_alternate_scroll()

    def _receive_session_keys(self, data: bytes, *, now: int) -> None:
        """Take keys that are the pager's if it is there, else the session's."""
        typed = self._paging.receive_keys(data, now=now)
        if typed:
            self._receive_plain_keys(typed, now=now)
        if _REPAINT_KEY in data:
            self._compositor.forget()

    def _receive_plain_keys(self, data: bytes, *, now: int) -> None:
        for start in range(0, len(data), LONGEST_INPUT_OCTETS):
            batch = data[start : start + LONGEST_INPUT_OCTETS]
            self._batch += 1
            self._messages.append(Input(self._batch, batch))
            self._compositor.keys_sent(self._batch)
            if self._screen is not None:
                self._predictions.user_input(batch, batch=self._batch, screen=self._screen, now=now)

    def _ask_for_history(self, *, now: int) -> None:
        # Of wishes the newest stands: while there is a pager, it has them.
        self._compositor.set_paging(self.paging)
        wish = self._compositor.history_wanted(now=now)
        if wish is not None:
            self._messages.append(wish)

    def _is_glitch_due(self, *, now: int) -> bool:
        due = self._predictions.next_deadline()
        return due is not None and now >= due


def _clipboard_refusal(settings: Settings, dialect: Dialect) -> str:
    """Return why nothing can be copied to the terminal's clipboard; "" = it can."""
    if not settings.clipboard:
        return "Not copied: MOSH_CLIPBOARD is no."
    return "" if dialect.clipboard else "Not copied: this terminal has no clipboard for programs."
