"""The policy of the network process: between the transport and the renderer, without any I/O.

Knows what is to be told to the renderer, when a connection counts as failed, and how a session ends; what one renderer
was told is renderer_ledger.py's, where its input went input_ledger.py's. Sockets, clock and randomness are the loop's
(process.py).

The loop: `receive_datagram` / `receive_message` → `datagrams_to_send` → `digest_events` → `messages_to_send` when the
renderer has taken everything before → leave when `outcome` is set → wait until `next_deadline`.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable
from typing import Any, Final

from mosh_client.ipc.control import BY_SIGNAL, BY_USER, UNHEARD_LEAVE, Report
from mosh_client.ipc.fields import LARGEST_COUNT
from mosh_client.ipc.messages import (
    LONGEST_NOTICE,
    LONGEST_PEER,
    Abilities,
    Detach,
    Hello,
    HistoryExtent,
    Input,
    Link,
    Message,
    Notice,
    Progress,
    Quit,
    Resize,
    SearchHistory,
    ServerNotices,
    Statistics,
    ToRenderer,
    WantHistory,
    Watch,
)
from mosh_client.network.attempts import Attempts
from mosh_client.network.blank_screen import BlankScreen
from mosh_client.network.extensions import Extensions
from mosh_client.network.history import HistoryRelay
from mosh_client.network.input_ledger import InputLedger
from mosh_client.network.reception import SERVERS_FAULT, Reception, nothing_whole
from mosh_client.network.renderer_ledger import Facts, RendererLedger
from mosh_common.address import Address
from mosh_common.protocol import SHUTDOWN_TIMEOUT_MS
from mosh_common.sync.events import (
    Event,
    NewRemoteState,
    PeerShutdown,
    SessionExhausted,
    ShutdownDone,
    StateNotTaken,
    VersionMismatch,
)
from mosh_common.sync.states.parts.history import HistoryShown
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.wire.extensions import ANNOUNCEMENT, DETACH, HISTORY, NOTICE
from mosh_common.wire.key import Key

LEAVE_TIMEOUT_MS: Final = 1500  # for a request to end, or to detach, that is not likely to be answered
ORPHANED_TIMEOUT_MS: Final = 3000  # for any when the launcher is gone: nobody waits, nothing may linger


class Session:
    """One session with a server, from the first renderer's Hello on."""

    def __init__(
        self,
        hello: Hello,
        *,
        key: Key,
        peer: Address,
        ip: str,
        entropy: Callable[[int], bytes],
        now: int,
        alternatives: Iterable[Address] = (),
        log: Callable[[str], None] | None = None,
        extensions: Extensions | None = None,
    ) -> None:
        """Begin with the server at `peer`, `ip` to the user; `alternatives` are tried, too, at first and in silence."""
        self._ip = ip
        self._port: int = peer.port
        self.extensions: Final = extensions or Extensions()  # what is ours between us and the server
        # The two objects.
        self._stream = UserStream()  # what the user typed so far
        self._size: tuple[int, int] | None = None  # the last one in the stream
        # Any: BlankScreen at first, then ClientScreen.
        self._transport: Transport[UserStream, Any] = Transport(
            key=key,
            is_server=False,
            local=self._stream,
            remote=BlankScreen(hello.columns, hello.lines, parts=self.extensions.parts),
            entropy=entropy,
            now=now,
            peer=peer,
            log=log,
        )
        self._attempts = Attempts(ip, (peer, *alternatives))
        self._transport.set_alternatives(self._attempts.addresses)  # the first one, too: the session may leave it
        self._input = InputLedger()
        self._history = HistoryRelay()
        # The renderer.
        self._renderer: RendererLedger | None = None
        self._clipboard = ""  # what the last one was told of it
        self._notice = Notice("", False)  # what the bar should say of the network
        self._reception = Reception(self._transport.received.state.snapshot)
        self._skipped = 0  # what in the server's frames no frame holds, as far as it was logged
        self._log = log
        # The end.
        self._renderer_quit = False  # the renderer asked for it; signals may have done so before
        self._leave_by: int | None = None  # the end was asked for: the session is over then at the latest …
        self._leaving = BY_SIGNAL  # … and so it ends
        self.outcome: Report | None = None  # set when the session is over: send what is left, report and leave
        self._transport.set_local_state(self.extensions.begin(self._stream), now=now)
        self.attach_renderer(hello, now=now)

    # --- What comes in ------------------------------------------------------------------------------------------

    def attach_renderer(self, hello: Hello, *, now: int) -> None:
        """Start to serve a (new) renderer; it is told everything from the beginning, but for an old clipboard.

        The user may have copied something else since.
        """
        self._renderer = RendererLedger(clipboard=self._clipboard)
        self._input.begin_batches()
        self._history.begin_renderer()
        self._resize(hello.columns, hello.lines, now=now)

    def detach_renderer(self) -> None:
        """Say that the renderer is gone; another one may come."""
        if self._renderer is not None:
            self._clipboard = self._renderer.clipboard
        self._renderer = None

    def receive_message(self, message: Message, *, now: int) -> None:
        """Take a message of the renderer, which has said Hello."""
        if isinstance(message, Input):
            if self._leave_by is not None or self._renderer is None:
                return
            self._stream = self._transport.local_state().push_keys(message.data)
            self._input.note_batch(message.batch, self._stream.position)
            self._transport.set_local_state(self._stream, now=now)
        elif isinstance(message, Resize):
            self._resize(message.columns, message.lines, now=now)
        elif isinstance(message, Watch):
            if self._renderer is not None:
                self._renderer.watch(message.on, now=now)
        elif isinstance(message, WantHistory | SearchHistory):
            self._history.wish(message)
        elif isinstance(message, Detach):
            if self._leaving is UNHEARD_LEAVE:
                self._finish(UNHEARD_LEAVE)  # without waiting for the server
            self._detach(now=now)
        elif isinstance(message, Quit):
            again, self._renderer_quit = self._renderer_quit, True
            self.terminate(by_user=message.by_user, now=now)
            if again:
                self._finish(self._leaving)  # without waiting for the server

    def request(self, feature: int, payload: bytes, *, now: int) -> None:
        """Ask the server for something of a feature. Raises UsageError when not both have it."""
        self._stream = self.extensions.request(self._transport.local_state(), feature, payload)
        self._transport.set_local_state(self._stream, now=now)

    def receive_datagram(
        self, data: bytes, source: Address, *, now: int, congestion: bool, arrived_at: int | None = None
    ) -> None:
        """Take a datagram, come to this machine at `arrived_at` if that is known. Never raises on what is in it."""
        self._transport.receive_datagram(data, source, now=now, congestion=congestion, arrived_at=arrived_at)

    def report_sent(self, failure: int, *, now: int, to: Address | None = None) -> None:
        """Say how sending a datagram went: 0, or the errno."""
        if to is not None:
            self._attempts.sent(to, failure)
            if failure and to != self.peer:
                return  # of an address that is only tried, nobody expects anything
        if failure == 0:
            if self._notice.text and self._leave_by is None:
                self._notice = Notice("", False)
            return
        self._transport.report_send_failure(failure, now=now)
        if failure not in (errno.EMSGSIZE, errno.EAGAIN, errno.ENOBUFS) and self._leave_by is None:
            self._notice = Notice(f"Cannot send: {os.strerror(failure)}."[:LONGEST_NOTICE], True)

    def terminate(self, *, by_user: bool = False, now: int) -> None:
        """End the session, but let the server know; harmless when it is already being ended.

        `by_user`: with the escape key; else something from outside is to blame.
        """
        if self._leave_by is not None:
            return
        # Transport gives up by itself when a server that was there a moment ago does not answer.
        self._begin_to_leave(BY_USER if by_user else BY_SIGNAL, 2 * SHUTDOWN_TIMEOUT_MS, now=now)
        self._notice = Notice("Exiting on user request...", True)
        self._transport.start_shutdown(now=now)

    def orphaned(self, *, now: int) -> None:
        """Say that the launcher is gone: leave, soon. A crash is no wish of the user's: what can go on goes on."""
        self._detach(now=now)
        self.terminate(now=now)
        self._leave_by = min(self._leave_by or now, now + ORPHANED_TIMEOUT_MS)

    # --- What goes out ------------------------------------------------------------------------------------------

    def datagrams_to_send(self, *, now: int) -> list[tuple[bytes, Address]]:
        """Return the datagrams that are due; then `digest_events`, and say `report_sent` for each."""
        datagrams = self._transport.datagrams_to_send(now=now)
        if datagrams:
            sent = self._transport.sent
            self._input.note_sent(sent.number, sent.state.position)
        return datagrams

    def digest_events(self, *, now: int) -> None:
        """Draw conclusions from what came and from the time: afterwards `outcome` may be set."""
        for event in self._transport.events():
            self._digest(event, now=now)
        self._check_time(now=now)

    def messages_to_send(self, *, now: int) -> list[ToRenderer]:
        """Return what the renderer does not know yet, in the order in which it must learn it."""
        if self._renderer is None:
            return []
        screen = self._transport.received.state
        notices = self.extensions.value_of(NOTICE, screen.ours)
        facts = Facts(
            snapshot=None if self._transport.contact.last_heard is None else screen.snapshot,
            extent=_extent(self.extensions.value_of(HISTORY, screen.ours)),
            history=self._history.news(),
            progress=Progress(self._input.take_echo_ack(screen.echo_ack)),
            notice=_current_notice(self._notice, self._reception.words),
            server_notices=ServerNotices(tuple([notice.text for notice in notices])),
            abilities=Abilities(DETACH in self.extensions.common, HISTORY in self.extensions.common),
            link=self._link(),
            over=self.outcome is not None,
        )
        peer = self.extensions.value_of(ANNOUNCEMENT, screen.ours)
        return self._renderer.news(facts, lambda: _statistics(self._transport, peer[:LONGEST_PEER]), now=now)

    def next_deadline(self, *, now: int, renderer_ready: bool = True) -> int | None:
        """Return when `datagrams_to_send` and what follows it want to be called next; None = never. Changes nothing.

        `renderer_ready`: whether the renderer could be sent messages (it may be stopped, and full of earlier ones).
        """
        deadlines = [self._transport.next_deadline(now=now), self._leave_by]
        deadlines.append(self._transport.contact.connected_by)
        deadlines.append(self._reception.deadline())
        if self._renderer is not None and renderer_ready:
            deadlines.append(self._renderer.next_deadline(self._link()))
        return min([each for each in deadlines if each is not None], default=None)

    def port_hop_due(self, *, now: int) -> bool:
        """Return whether to open another socket now; then say `port_hopped`."""
        return self._leave_by is None and self._transport.port_hop_due(now=now)

    def start_afresh(self, *, now: int) -> None:
        """Say that the machine slept or has another address: another socket is due, and a datagram from it."""
        self._transport.start_afresh(now=now)

    def path_stirred(self, *, now: int) -> None:
        """Say that the machine's links or routes changed: in an outage that is worth a try."""
        if self._transport.contact.worth_a_try(now=now):
            self._transport.probe(now=now)

    @property
    def peer(self) -> Address | None:
        """Where the server is."""
        return self._transport.path.peer

    def port_hopped(self, *, now: int) -> None:
        """Say that another socket is in use."""
        self._transport.port_hopped(now=now)

    # --- Private ------------------------------------------------------------------------------------------------

    def _detach(self, *, now: int) -> None:
        """Ask the server to let us go and to keep the session; harmless when it cannot, or the end has begun."""
        if self._leave_by is not None or DETACH not in self.extensions.common:
            return
        self._begin_to_leave(UNHEARD_LEAVE, SHUTDOWN_TIMEOUT_MS, now=now)
        self._notice = Notice("Detaching...", True)
        self.request(DETACH, b"", now=now)

    def _begin_to_leave(self, leaving: Report, patience: int, *, now: int) -> None:
        """Give the server `patience` ms, where it may answer, until the session is over with `leaving`."""
        self._leaving = leaving
        reachable = self._transport.contact.may_answer(usable=not self._reception.words, now=now)
        self._leave_by = now + (patience if reachable else LEAVE_TIMEOUT_MS)

    def _resize(self, columns: int, lines: int, *, now: int) -> None:
        if (columns, lines) == self._size or self._leave_by is not None:
            return
        self._size = (columns, lines)
        self._stream = self._transport.local_state().push_resize(columns, lines)
        self._transport.set_local_state(self._stream, now=now)

    def _digest(self, event: Event, *, now: int) -> None:
        if isinstance(event, NewRemoteState):
            self._reception.taken(event.state.snapshot)
            if self.extensions.receive(event.state.ours, changed=event.changed) and HISTORY in self.extensions.common:
                self._history.open(self._transport.channels, now=now)
            if event.state.skipped > self._skipped:
                self._skipped = event.state.skipped
                if self._log is not None:
                    self._log(f"{now} skipped what no frame holds, {self._skipped} times so far")
        elif isinstance(event, StateNotTaken):
            self._reception.not_taken(event, now=now)
        elif isinstance(event, PeerShutdown):
            self._notice = Notice("", False)
        elif isinstance(event, ShutdownDone):
            wished = None if self._leave_by is None else self._leaving
            self._finish(self.extensions.end(self._transport.received.state.ours, wished=wished))
        elif isinstance(event, VersionMismatch):
            self._finish(Report(SERVERS_FAULT, f"mosh-client: {event.message}"))
        elif isinstance(event, SessionExhausted):
            self._finish(
                Report(1, "mosh-client: this session's key has encrypted all that it safely can; start a new session.")
            )

    def _check_time(self, *, now: int) -> None:
        if self._leave_by is not None:
            if now >= self._leave_by:
                self._finish(self._leaving)
        elif (verdict := self._reception.verdict(now=now)) is not None:
            self._finish(verdict)  # without a word to the server: the session goes on, for a client that can show it
        elif (connected_by := self._transport.contact.connected_by) is not None and now >= connected_by:
            heard = self._transport.contact.last_datagram_at is not None
            self._finish(nothing_whole(self._ip, self._port) if heard else self._attempts.failure())

    def _finish(self, outcome: Report) -> None:
        if self.outcome is None:
            self.outcome = outcome

    def _link(self) -> Link:
        transport = self._transport
        return Link(
            last_heard=transport.contact.heard_at(usable=not self._reception.words),
            last_acknowledged=transport.sent.last_acknowledged_at,
            send_interval=min(transport.send_interval, LARGEST_COUNT),
            port=self._port,
        )


def _statistics(transport: Transport[UserStream, Any], peer: str) -> Statistics:
    path = transport.path
    return Statistics(
        round_trip=path.rtt.shortest,
        lost_incoming=_per_mille(path.loss.incoming),
        lost_outgoing=_per_mille(path.loss.outgoing),
        last_heard=transport.contact.last_datagram_at,
        received_octets=transport.counters.received_octets,
        sent_octets=transport.counters.sent_octets,
        peer=peer,
    )


def _extent(shown: HistoryShown | None) -> HistoryExtent | None:
    """Return what the renderer is told of the history that goes with a screen; None: the server keeps none."""
    if shown is None:
        return None
    extent = shown.extent
    return HistoryExtent(extent.first, extent.end.line, extent.end.column, extent.clears, shown.alternate)


def _current_notice(notice: Notice, words: str) -> Notice:
    """Return what the bar should say: of the network, or else, in `words`, of what cannot be shown."""
    return notice if notice.text or not words else Notice(words[:LONGEST_NOTICE], True)


def _per_mille(share: float) -> int:
    return min(max(round(share * 1000), 0), 1000)
