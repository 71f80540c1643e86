"""The policy of a server: when the shell starts, what it is given, which frames go out, and when all this ends.

Of clients one at a time types and sees: whose first authentic datagram came last. Does no input or output and reads no
clock. The loop (loop.py) feeds it datagrams, the pty's output and signals, then does what `events` say, writes
`input_to_write` to the pty and sends `datagrams_to_send`.
"""

from __future__ import annotations

from typing import Final

from mosh_common.address import Address
from mosh_common.protocol import SHUTDOWN_NUMBER
from mosh_common.sync.events import NewRemoteState, VersionMismatch
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.extensions import EXIT_STATUS
from mosh_common.wire.key import Key
from mosh_common.wire.size import Resize
from mosh_common.wire.userdiff import Keys
from mosh_server.attachment import Attaching, Attachment
from mosh_server.attendance import Attendance, Timeouts
from mosh_server.clients import Clients, Identity
from mosh_server.ending import Ending
from mosh_server.events import Event, SetSize, StartShell
from mosh_server.history import HistorySource
from mosh_server.keyring import OFFER_MS, Outgoing
from mosh_server.output.flood import Flood
from mosh_server.terminal import Terminal


class Session:
    """One user's session, from the first datagram of its first client to the last frame of its last one."""

    def __init__(
        self,
        *,
        key: Key,
        attaching: Attaching,
        emulator: Emulator,
        history: HistorySource | None = None,
        flood: Flood,
        timeouts: Timeouts,
        identity: Identity,
        now: int,
    ) -> None:
        """Begin with nobody there, and `key` given out. `attaching` is to ask `flood` for the `interaction`.

        `history` has what scrolls off the emulator's screen, where the emulator does not keep it.
        """
        self._events: list[Event] = []
        self.terminal: Final = Terminal(emulator, flood, history)  # to others to be asked only
        self.clients: Final = Clients(
            self.terminal,
            attaching=attaching,
            identity=identity,
            attendance=Attendance(timeouts, report=self._events.append, now=now),
        )
        self._ending = Ending(timeouts, report=self._events.append)
        self.clients.offer(key, socket=0, now=now)

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive_datagram(self, data: bytes, source: Address, *, now: int, congestion: bool = False) -> None:
        """Digest a datagram. Afterwards drain `events`."""
        clients, accepting = self.clients, not self.ending
        offer = clients.receive_datagram(data, source, accepting=accepting, now=now, congestion=congestion)
        if offer is None:
            return
        self._take_from_client(now=now)  # what came before
        if not self.ending:
            clients.take_over(offer, data, source, now=now, congestion=congestion)

    def receive_output(self, data: bytes, *, now: int) -> None:
        """Digest what the programs wrote, all at once; else as `take_output`."""
        self.take_output(data, now=now)
        self.terminal.digest_all(now=now)
        self._all_executed(now=now)

    def take_output(self, data: bytes, *, now: int) -> None:
        """Take what the programs wrote; then `digest_output` as long as the session is `digesting`."""
        display = self.terminal.display
        display.take(data, now=now)
        if not display.undigested:
            self._all_executed(now=now)

    def digesting(self, *, now: int) -> bool:
        """Return whether there is output to be digested. Until there is none the pty is not to be read."""
        return not self.ending and self.terminal.digesting(now=now)

    def digest_output(self, *, now: int) -> None:
        """Digest a portion, some milliseconds' worth; afterwards `input_to_write` may hold the terminal's answers."""
        self.terminal.digest(now=now)
        if not self.terminal.display.waiting:
            self._all_executed(now=now)

    def pty_closed(self, *, status: int, now: int) -> None:
        """The shell ended with that exit status (0 to 255; 128 + n: signal n), and its pty was read to the end.

        Once that is digested it is shown, and the client is told that this was all.
        """
        self.terminal.input.clear()
        self.terminal.exit_status = status
        self._end_with_shell(now=now)

    def input_written(self, count: int, *, now: int) -> None:
        """Say how many octets of `input_to_write` the pty took."""
        self.terminal.input.written(count)
        self.clients.given(now=now)

    def terminate(self, *, reason: str = "terminated by a signal", now: int) -> None:
        """End the session unless it ends anyway, but let the client know; show before what is on its way to the screen.

        SIGTERM and SIGINT mean that.
        """
        if self.ending:
            return
        display = self.terminal.display
        transport = None if self.clients.typing is None else self.clients.typing.transport
        # What takes long to digest, or comes faster than the client takes it, is not worth that time any more.
        sent = None if transport is None else transport.sent
        lagging = display.unseen and sent is not None and sent.number != sent.acknowledged_number
        as_sent = display.undigested or lagging
        if display.unseen and not as_sent:
            self._show(now=now)
        self._ending.shut_down(reason, transport, as_sent=as_sent, now=now)

    def terminate_if_silent(self, *, now: int) -> None:
        """SIGUSR1: end the session unless the client was heard within the signal timeout."""
        if not self.clients.attendance.spared_by_signal(now=now):
            self.terminate(reason="terminated by SIGUSR1", now=now)

    def show_part(self, number: int, value: object, *, now: int) -> None:
        """Let a part of the host state that is ours have that value, for whoever is or will be here."""
        if self.clients.set_part(number, value):
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
        self._take_from_client(now=now)
        self.clients.attendance.watch(now=now)
        given_up_at = self._given_up_at()
        if given_up_at is not None and now >= given_up_at:
            self.terminate(reason="the client was not heard for too long", now=now)
        self._ending.expire(now=now)
        terminal, client = self.terminal, self.clients.typing
        if client is not None and client.answer(terminal, now=now):
            self._show(now=now)
        if terminal.notices.expire(now=now) or terminal.display.look_due(now=now):
            self._show(now=now)
        told = terminal.notices.current
        self._events += terminal.incidents(now=now)
        if terminal.notices.current != told:
            self._show(now=now)
        if client is not None:
            client.serve_history(terminal, now=now)
        events = self._events.copy()
        self._events.clear()
        return events

    def input_to_write(self) -> bytearray:
        """Return what the pty is to be given, in order; then say `input_written`. Do not change it."""
        return self.terminal.input.data

    def datagrams_to_send(self, *, now: int) -> list[Outgoing]:
        """Return the datagrams that are due, with their destinations; `report` of each how sending it went."""
        return self.clients.datagrams_to_send(now=now)

    def next_deadline(self, *, now: int) -> int | None:
        """Return when the loop must turn even if nothing happens. Changes nothing."""
        candidates = [
            *self.clients.next_deadlines(now=now),
            self.terminal.notices.next_deadline(),
            self.terminal.display.next_look(),
            self._ending.next_deadline(),
            self._given_up_at(),
            now if self._events or self.digesting(now=now) else None,
        ]
        return min([candidate for candidate in candidates if candidate is not None], default=None)

    def _given_up_at(self) -> int | None:
        if self._ending.begun:
            return None
        return self.clients.attendance.given_up_at(offers_until=self.clients.expected_until)

    # --- Private: what the client says ----------------------------------------------------------------------------

    def _take_from_client(self, *, now: int) -> None:
        """Deal with what its transport reports."""
        client = self.clients.typing
        for event in [] if client is None else client.transport.events():
            assert client is not None
            if isinstance(event, NewRemoteState):
                self._take_input(client, event, now=now)
                if client.leaving and not self._ending.begun:
                    self.clients.detach(now=now)
                    return
            elif isinstance(event, VersionMismatch) and self.terminal.started:
                self.clients.detach(now=now)  # this client cannot go on; the session can
                return
            else:
                self._ending.take(event)

    def _take_input(self, client: Attachment, news: NewRemoteState, *, now: int) -> None:
        """Deal with what the user did since the last state."""
        terminal, number = self.terminal, news.number
        for event in news.state.events_since(client.seen_input):
            if isinstance(event, Resize):
                self._resize(event, first=not client.spoke, now=now)
            elif isinstance(event, Keys):
                client.type(number, event.data, terminal, now=now)
            elif client.extensions.receive(event, first=not client.seen_input.position, now=now):
                self._show(now=now)
        client.seen_input = news.state
        if not news.changed or number == SHUTDOWN_NUMBER:
            return
        if not terminal.started and not self._ending.begun:
            terminal.started = True
            screen = terminal.emulator.snapshot()
            self._events.append(StartShell(screen.columns, screen.lines))
        terminal.input.end_state(number)
        self.clients.given(now=now)
        if not client.spoke:
            client.spoke = True
            self._show(now=now)
            if terminal.exit_status is not None:
                self._end_with_shell(now=now)

    def _resize(self, size: Resize, *, first: bool, now: int) -> None:
        """Take a window's size; `first`: of a client that was not here before, for whom the programs draw anew."""
        if self.terminal.display.resize(size):
            self._show(now=now)
        if self.terminal.started:
            if self._events and isinstance(self._events[-1], SetSize):
                # Of consecutive resizes only the last is applied, also across states.
                first = self._events[-1].signal or first
                self._events.pop()
            self._events.append(SetSize(size.columns, size.lines, signal=first))

    # --- Private: what the programs say ---------------------------------------------------------------------------

    def _all_executed(self, *, now: int) -> None:
        """Go on after what the programs wrote was executed, or put off."""
        terminal = self.terminal
        terminal.digested(now=now)
        if terminal.display.take_new_size():
            self._show(now=now)
        if terminal.flood.may_look(now=now):
            self._show(now=now)
        if terminal.exit_status is not None:
            self._end_with_shell(now=now)

    def _end_with_shell(self, *, now: int) -> None:
        terminal = self.terminal
        if terminal.display.undigested:
            return
        terminal.display.abandon_update()
        # In the very state that says the end: whoever acknowledges that has this, too.
        self.clients.set_part(EXIT_STATUS, terminal.exit_status)
        self._show(now=now)
        client = self.clients.typing
        if client is None:  # who detached knows that; somebody may be on the way
            self._ending.end_without_client(expected_until=self.clients.expected_until, now=now)
        elif not client.sees:  # its first state is, and this comes again with it
            self._ending.end_without_client(expected_until=now + OFFER_MS, now=now)
        else:
            self._ending.leave_last_words(client.transport, now=now)

    def _show(self, *, now: int) -> None:
        """Look at the screen; tell the client what it is to see, and what goes with it."""
        looked = self.terminal.look(now=now)
        if self.clients.typing is not None:
            self.clients.typing.show(self.terminal, looked=looked, now=now)
