"""What lives as long as one key: a client, what it was shown and told, and how its keys are understood.

Knows nothing of the pty, of other attachments and of who may type.
"""

from __future__ import annotations

from typing import Final

from mosh_common.sync.states.screen_state import ServerScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_server.extensions import Extensions
from mosh_server.input.translation import CursorKeyTranslation
from mosh_server.output.echo_ack import EchoAckClock
from mosh_server.output.visible_echo import VisibleEcho
from mosh_server.terminal import Terminal


class Attachment:
    """One client at a `Terminal`."""

    __slots__ = ("echo_ack", "extensions", "seen_input", "translation", "transport", "visible_echo")

    def __init__(self, transport: Transport[ServerScreen, UserStream], extensions: Extensions) -> None:
        """Begin with nobody there; `transport` must be at state 0, as `extensions` make it."""
        self.transport: Final = transport
        self.extensions: Final = extensions  # what is ours between us
        self.seen_input = UserStream()  # the newest input state that was dealt with
        self.translation: Final = CursorKeyTranslation()
        self.echo_ack: Final = EchoAckClock()
        self.visible_echo: Final = VisibleEcho()

    def type(self, number: int, keys: bytes, terminal: Terminal, *, now: int) -> None:
        """Give the programs what input state `number` brings."""
        terminal.flood.typed(keys, now=now)
        self.visible_echo.expect(number, keys, terminal.display.screen())
        application_cursor_keys = terminal.emulator.application_cursor_keys
        terminal.input.add(self.translation.translate(keys, application_cursor_keys=application_cursor_keys, now=now))

    def show(self, terminal: Terminal, *, looked: bool, now: int) -> None:
        """Tell the client what `terminal` shows, and what goes with it; `looked`: that was just brought up to date."""
        screen = terminal.display.shown
        answered = self.visible_echo.shown(screen) if looked else None
        if answered is not None:  # the echo ack moves on with the frame that shows the answer
            self.echo_ack.answered(answered)
        self.transport.set_local_state(
            self.extensions.screen(screen, self.echo_ack.number, notices=terminal.notices.current), now=now
        )
