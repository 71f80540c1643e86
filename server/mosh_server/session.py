"""The policy of a server: when the shell starts, what it is given, which frames go out, and when all this ends.

Does no input or output and reads no clock. The loop (loop.py) feeds it datagrams, the pty's output and
signals, then does what `events` say, writes `input_to_write` to the pty and sends `datagrams_to_send`.
"""

from __future__ import annotations

from mosh_common.address import Address
from mosh_common.protocol import SHUTDOWN_NUMBER
from mosh_common.sync.events import NewRemoteState
from mosh_common.sync.states.screen_state import ServerScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.extensions import EXIT_STATUS
from mosh_common.wire.size import Resize
from mosh_common.wire.userdiff import Keys
from mosh_server.attachment import Attachment
from mosh_server.attendance import Attendance, Timeouts
from mosh_server.ending import Ending
from mosh_server.events import Event, SetSize, StartShell
from mosh_server.extensions import Extensions
from mosh_server.output.flood import Flood
from mosh_server.terminal import Terminal


class Session:
    """One client's session, from its first datagram to the last frame."""

    def __init__(
        self,
        *,
        transport: Transport[ServerScreen, UserStream],
        emulator: Emulator,
        flood: Flood,
        timeouts: Timeouts,
        extensions: Extensions | None = None,
    ) -> None:
        """Begin with nobody there.

        `transport` must be at state 0 with the screen of `emulator` (as `extensions` make it), and ask `flood` for the
        `interaction`.
        """
        self._terminal = Terminal(emulator, flood)
        self._attachment = Attachment(transport, extensions or Extensions())
        self._events: list[Event] = []
        self._attendance = Attendance(transport, timeouts, report=self._events.append)
        self._ending = Ending(transport, timeouts, report=self._events.append)

    @property
    def extensions(self) -> Extensions:
        """What is ours between the client and us."""
        return self._attachment.extensions

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive_datagram(self, data: bytes, source: Address, *, now: int, congestion: bool = False) -> None:
        """Digest a datagram. Afterwards drain `events`."""
        self._attachment.transport.receive_datagram(data, source, now=now, congestion=congestion)

    def receive_output(self, data: bytes, *, now: int) -> None:
        """Digest what the programs wrote, all at once; else as `take_output`."""
        self.take_output(data, now=now)
        self._terminal.digest_all(now=now)
        self._all_executed(now=now)

    def take_output(self, data: bytes, *, now: int) -> None:
        """Take what the programs wrote; then `digest_output` as long as the session is `digesting`."""
        display = self._terminal.display
        display.take(data, now=now)
        if not display.undigested:
            self._all_executed(now=now)

    def digesting(self, *, now: int) -> bool:
        """Return whether there is output to be digested. Until there is none the pty is not to be read."""
        return not self.ending and self._terminal.digesting(now=now)

    def digest_output(self, *, now: int) -> None:
        """Digest a portion, some milliseconds' worth; afterwards `input_to_write` may hold the terminal's answers."""
        self._terminal.digest(now=now)
        if not self._terminal.display.waiting:
            self._all_executed(now=now)

    def pty_closed(self, *, status: int, now: int) -> None:
        """The shell ended with that exit status (0 to 255; 128 + n: signal n), and its pty was read to the end.

        Once that is digested it is shown, and the client is told that this was all.
        """
        self._terminal.input.clear()
        self._terminal.exit_status = status
        self._end_with_shell(now=now)

    def input_written(self, count: int, *, now: int) -> None:
        """Say how many octets of `input_to_write` the pty took."""
        self._terminal.input.written(count)
        self._attachment.echo_ack.give(self._terminal.input.complete_states(), now=now)

    def terminate(self, *, reason: str = "terminated by a signal", now: int) -> None:
        """End the session unless it ends anyway, but let the client know; show before what is on its way to the screen.

        SIGTERM and SIGINT mean that.
        """
        if self.ending:
            return
        display, transport = self._terminal.display, self._attachment.transport
        # What takes long to digest, or comes faster than the client takes it, is not worth that time any more.
        lagging = display.unseen and transport.sent.number != transport.sent.acknowledged_number
        as_sent = display.undigested or lagging
        if display.unseen and not as_sent:
            self._show(now=now)
        self._ending.shut_down(reason, as_sent=as_sent, now=now)

    def terminate_if_silent(self, *, now: int) -> None:
        """SIGUSR1: end the session unless the client was heard within the signal timeout."""
        if not self._attendance.spared_by_signal(now=now):
            self.terminate(reason="terminated by SIGUSR1", now=now)

    def show_part(self, number: int, value: object, *, now: int) -> None:
        """Let a part of the host state that is ours have that value."""
        if self.extensions.set_value(number, value):
            self._show(now=now)

    # --- What goes out ------------------------------------------------------------------------------------------

    @property
    def ending(self) -> bool:
        """Whether the session ends though the shell did not: hang it up, what it prints is of no use any more."""
        return self._ending.unasked

    @property
    def finished(self) -> bool:
        """Whether no turn is needed any more."""
        return self._ending.finished

    @property
    def failed(self) -> bool:
        """Whether it ended because of a fault, not because somebody wanted it to."""
        return self._ending.failed

    def events(self, *, now: int) -> list[Event]:
        """Return what is to be done, in order, and forget it. Call once per turn, after everything was fed."""
        terminal, attachment = self._terminal, self._attachment
        display = terminal.display
        for event in attachment.transport.events():
            if isinstance(event, NewRemoteState):
                assert isinstance(event.state, UserStream)
                self._take_input(event.number, event.state, changed=event.changed, now=now)
            else:
                self._ending.take(event)
        self._attendance.watch(now=now)
        given_up_at = self._attendance.given_up_at()
        if not self._ending.begun and given_up_at is not None and now >= given_up_at:
            self.terminate(reason="the client was not heard for too long", now=now)
        terminal.input.add(attachment.translation.flush(now=now))
        # While a frame is held back, so is the echo ack: the client would judge its guesses by the older screen.
        if not display.holding(now=now) and (attachment.echo_ack.advance(now=now) or display.updating):
            attachment.visible_echo.forget_up_to(attachment.echo_ack.number)
            self._show(now=now)
        if terminal.notices.expire(now=now) or display.look_due(now=now):
            self._show(now=now)
        told = terminal.notices.current
        self._events += terminal.incidents(now=now)
        if terminal.notices.current != told:
            self._show(now=now)
        events = self._events.copy()
        self._events.clear()
        return events

    def input_to_write(self) -> bytearray:
        """Return what the pty is to be given, in order; then say `input_written`. Do not change it."""
        return self._terminal.input.data

    def datagrams_to_send(self, *, now: int) -> list[tuple[bytes, Address]]:
        """Return the datagrams that are due, with their destination."""
        return self._attachment.transport.datagrams_to_send(now=now)

    def report_sent(self, failure: int, *, now: int) -> None:
        """Say how sending a datagram went: 0, or the errno."""
        if failure:
            self._attachment.transport.report_send_failure(failure, now=now)

    def next_deadline(self, *, now: int) -> int | None:
        """Return when the loop must turn even if nothing happens. Changes nothing."""
        terminal, attachment = self._terminal, self._attachment
        held_until = terminal.display.held_until(now=now)
        candidates = [
            attachment.transport.next_deadline(now=now),
            attachment.translation.next_deadline(),
            terminal.notices.next_deadline(),
            terminal.display.next_look(),
            attachment.echo_ack.next_deadline() if held_until is None else held_until,
            self._attendance.next_deadline(),
            None if self._ending.begun else self._attendance.given_up_at(),
            now if self._events or self.digesting(now=now) else None,
        ]
        return min([candidate for candidate in candidates if candidate is not None], default=None)

    # --- Private: what the client says ----------------------------------------------------------------------------

    def _take_input(self, number: int, state: UserStream, *, changed: bool, now: int) -> None:
        """Deal with what the user did since the last state."""
        terminal, attachment = self._terminal, self._attachment
        for event in state.events_since(attachment.seen_input):
            if isinstance(event, Resize):
                self._resize(event, now=now)
            elif isinstance(event, Keys):
                attachment.type(number, event.data, terminal, now=now)
            elif attachment.extensions.receive(event, first=not attachment.seen_input.position, now=now):
                self._show(now=now)
        attachment.seen_input = state
        if not changed or number == SHUTDOWN_NUMBER:
            return
        if not terminal.started and not self._ending.begun:
            terminal.started = True
            screen = terminal.emulator.snapshot()
            self._events.append(StartShell(screen.columns, screen.lines))
        terminal.input.end_state(number)
        attachment.echo_ack.give(terminal.input.complete_states(), now=now)

    def _resize(self, size: Resize, *, now: int) -> None:
        if self._terminal.display.resize(size):
            self._show(now=now)
        if self._terminal.started:
            if self._events and isinstance(self._events[-1], SetSize):
                self._events.pop()  # of consecutive resizes only the last is applied, also across states
            self._events.append(SetSize(size.columns, size.lines))

    # --- Private: what the programs say ---------------------------------------------------------------------------

    def _all_executed(self, *, now: int) -> None:
        """Go on after what the programs wrote was executed, or put off."""
        terminal = self._terminal
        terminal.digested(now=now)
        if terminal.display.take_new_size():
            self._show(now=now)
        if terminal.flood.may_look(now=now):
            self._show(now=now)
        if terminal.exit_status is not None:
            self._end_with_shell(now=now)

    def _end_with_shell(self, *, now: int) -> None:
        terminal = self._terminal
        if terminal.display.undigested:
            return
        terminal.display.abandon_update()
        # In the very state that says the end: whoever acknowledges that has this, too.
        self.extensions.set_value(EXIT_STATUS, terminal.exit_status)
        self._show(now=now)
        self._ending.leave_last_words(now=now)

    def _show(self, *, now: int) -> None:
        """Look at the screen; tell the client what it is to see, and what goes with it."""
        looked = self._terminal.display.look(now=now)
        self._attachment.show(self._terminal, looked=looked, now=now)
