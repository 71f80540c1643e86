"""What lives as long as one key: a client, what it was shown and told, and how its keys are understood.

Knows nothing of the pty, of other attachments and of who may type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mosh_common.sync.pacing import Interaction
from mosh_common.sync.states.screen_state import ServerScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.terminal.cells import Snapshot, blank_snapshot
from mosh_common.wire.extensions import DETACH, HISTORY
from mosh_common.wire.key import Key
from mosh_server.extensions import Extensions
from mosh_server.history import HistoryChannel
from mosh_server.input.paste import END_OF_PASTE, PasteWatch
from mosh_server.input.translation import CursorKeyTranslation
from mosh_server.output.echo_ack import EchoAckClock
from mosh_server.output.visible_echo import VisibleEcho
from mosh_server.terminal import Terminal

# The screen of state 0 on both sides; the client's first state brings the real size.
INITIAL_COLUMNS: Final = 80
INITIAL_LINES: Final = 24


class Attachment:
    """One client at a `Terminal`."""

    __slots__ = (
        *("_history", "_paste", "_translation", "echo_ack", "extensions", "leaving", "seen_input", "sees", "socket"),
        *("spoke", "transport", "visible_echo"),
    )

    def __init__(
        self, transport: Transport[ServerScreen, UserStream], extensions: Extensions, *, socket: int = 0
    ) -> None:
        """Begin with nobody there; `transport` must be at state 0, as `extensions` make it."""
        self.transport: Final = transport
        self.extensions: Final = extensions  # what is ours between us
        self.socket: Final = socket  # number of the one that reaches it
        self.seen_input = UserStream()  # the newest input state that was dealt with
        self.spoke = False  # that was a first one which said something: the window's size is known
        self.sees = False  # the screen has that size: it may be shown
        self.leaving = False  # the client asked to detach
        self._history: HistoryChannel | None = None  # once it is known that the client has it
        self._translation = CursorKeyTranslation()
        self._paste = PasteWatch()
        self.echo_ack: Final = EchoAckClock()
        self.visible_echo: Final = VisibleEcho()
        extensions.handle(DETACH, self._take_detach)

    def type(self, number: int, keys: bytes, terminal: Terminal, *, now: int) -> None:
        """Give the programs what input state `number` brings."""
        terminal.flood.typed(keys, now=now)
        self._paste.typed(keys)
        self.visible_echo.expect(number, keys, terminal.display.screen())
        application_cursor_keys = terminal.emulator.application_cursor_keys
        terminal.input.add(self._translation.translate(keys, application_cursor_keys=application_cursor_keys, now=now))

    def stop_typing(self, terminal: Terminal) -> None:
        """Give the programs what was held back, and the end of a paste that was cut; other keys come from elsewhere."""
        terminal.input.add(self._translation.release())
        if self._paste.open and terminal.display.shown.modes.bracketed_paste:
            terminal.input.add(END_OF_PASTE)
        terminal.input.forget_states()

    def next_deadlines(self, terminal: Terminal, *, now: int) -> list[int | None]:
        """Return when its transport or `answer` wants to be called. Changes nothing."""
        held_until = terminal.display.held_until(now=now)
        return [
            now if self._history_waits(now=now) else None,
            self.transport.next_deadline(now=now),
            self._translation.next_deadline(),
            self.echo_ack.next_deadline() if held_until is None else held_until,
        ]

    def answer(self, terminal: Terminal, *, now: int) -> bool:
        """Do what time brings: a key that was held back, the echo ack; return whether to `show` because of that."""
        terminal.input.add(self._translation.flush(now=now))
        display = terminal.display
        # While a frame is held back, so is the echo ack: the client would judge its guesses by the older screen.
        if display.holding(now=now) or not (self.echo_ack.advance(now=now) or display.updating):
            return False
        self.visible_echo.forget_up_to(self.echo_ack.number)
        return True

    def serve_history(self, terminal: Terminal, *, now: int) -> None:
        """Do a portion of what the client wants of the history; not while there is something else for it."""
        if self._history is None:
            if terminal.history is None or HISTORY not in self.extensions.common:
                return
            self._history = HistoryChannel(terminal.history, self.transport.channels, now=now)
        if self._history_waits(now=now):
            due = self.transport.next_deadline(now=now)
            if due is None or due > now:
                self._history.serve()

    def _history_waits(self, *, now: int) -> bool:
        """Return whether something is to be done for a client that is there to be sent it."""
        return self._history is not None and self._history.busy and self.transport.contact.attached(now=now)

    def show(self, terminal: Terminal, *, looked: bool, now: int) -> None:
        """Tell the client what `terminal` shows, and what goes with it; `looked`: that was just brought up to date.

        Nothing before its window's size is known and the screen has it: what is drawn for another size would be wrong.
        """
        if not self.sees:
            self.sees = self.spoke and not terminal.display.awaits_size
            if not self.sees:
                return
        screen = terminal.display.shown
        if terminal.history is not None:
            self.extensions.set_value(HISTORY, terminal.history.shown)
        answered = self.visible_echo.shown(screen) if looked else None
        if answered is not None:  # the echo ack moves on with the frame that shows the answer
            self.echo_ack.answered(answered)
        self.transport.set_local_state(
            self.extensions.screen(screen, self.echo_ack.number, notices=terminal.notices.current), now=now
        )

    def _take_detach(self, payload: bytes, /, *, now: int) -> None:  # noqa: ARG002  # a Handler
        self.leaving = self.leaving or not payload


class Attaching:
    """How the attachments of one session are made."""

    __slots__ = ("_entropy", "_extensions", "_interaction", "_log")

    def __init__(
        self,
        *,
        entropy: Callable[[int], bytes],
        interaction: Callable[[], Interaction],
        extensions: Callable[[], Extensions] = Extensions,
        log: Callable[[str], None] | None = None,
    ) -> None:
        """`entropy`, `interaction` and `log` are for the transports; `extensions` are made for each client."""
        self._entropy = entropy
        self._interaction = interaction
        self._extensions = extensions
        self._log = log

    def attachment(self, key: Key, screen: Snapshot, *, has_history: bool = False, socket: int, now: int) -> Attachment:
        """Return one under `key`, which no other had; nobody is there yet. What it is shown will lead to `screen`.

        Bells that have rung, and the clipboard that was set, are not told again: in state 0 they are as they are.
        """
        # Of the same palette, or a screen with nothing on it would not look like it: what tells the features would
        # count as a frame, and the one with the prompt would wait for the interval between two.
        # test_the_prompt_does_not_wait_for_what_is_said_before_it
        blank = blank_snapshot(INITIAL_COLUMNS, INITIAL_LINES)._replace(
            palette=screen.palette, bell_count=screen.bell_count, clipboard=screen.clipboard
        )
        extensions = self._extensions()
        if not has_history:
            extensions.withhold(HISTORY)
        transport: Transport[ServerScreen, UserStream] = Transport(
            key=key,
            is_server=True,
            local=extensions.screen(blank, 0),
            remote=UserStream(),
            entropy=self._entropy,
            now=now,
            interaction=self._interaction,
            log=self._log,
        )
        return Attachment(transport, extensions, socket=socket)
