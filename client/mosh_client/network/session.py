"""The policy of the network process: between the transport and the renderer, without any I/O.

Knows what is sent to the renderer and when, which input batch is where, when a connection counts as failed, and how a
session ends. Sockets, clock and randomness are the loop's (process.py).

The loop: `receive_datagram` / `receive_message` → `datagrams_to_send` → `messages_to_send` when the renderer has taken
everything before → leave when `outcome` is set → wait until `next_deadline`.
"""

from __future__ import annotations

import errno
import os
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Final

from mosh_client.ipc.control import Report
from mosh_client.ipc.frames import FrameEncoder, portions
from mosh_client.ipc.messages import (
    LARGEST_COUNT,
    LONGEST_NOTICE,
    LONGEST_PEER,
    Exit,
    Hello,
    Input,
    Link,
    Message,
    Notice,
    Progress,
    Quit,
    Resize,
    ServerNotices,
    Statistics,
    ToRenderer,
    Watch,
)
from mosh_client.network.reception import CONNECT_TIMEOUT_MS, Reception, connection_failure, nothing_whole
from mosh_common.errors import PeerError, place_of
from mosh_common.protocol import Address
from mosh_common.sync.events import (
    NewRemoteState,
    PeerShutdown,
    SessionExhausted,
    ShutdownDone,
    StateNotTaken,
    VersionMismatch,
)
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.terminal.cells import Snapshot, blank_snapshot
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.key import Key

if TYPE_CHECKING:
    from mosh_common.sync.states.screen_state import ClientScreen

SILENT_AFTER_MS: Final = 10_000  # a server silent this long is not expected to answer a request to end, either
LEAVE_TIMEOUT_MS: Final = 1500  # then such a request is given this long …
ORPHANED_TIMEOUT_MS: Final = 3000  # … and this long when the launcher is gone: nobody waits, nothing may linger
MISSED_HEARTBEAT_MS: Final = 3500  # silent this long, the server may be out of reach
# Facts of the link that are only times reach the renderer when those that it has are this old, so that an idle session
# does not wake it at every heartbeat; in time before it would show them (notice.py: at 6.5 s and 10 s).
HEARD_REFRESH_MS: Final = 6300
ACKNOWLEDGED_REFRESH_MS: Final = 9000
HEARD_WORTH_TELLING_MS: Final = 4500  # newer by so much, they go along with a heartbeat: every second one
STATISTICS_INTERVAL_MS: Final = 1000  # while they are watched; nobody reads faster


class BlankScreen:
    """State 0 of the server's screen, which needs no emulator yet.

    The emulator takes as long to import as everything else, and the server needs a while to answer: the first
    datagram is sent before, and `load_emulator` called while the answer is on its way.
    """

    __slots__ = ("_screen", "snapshot")

    weight: Final = 0  # it shares nothing, but there is only one
    echo_ack: Final = 0
    program: Final = ""
    notices: Final = ()
    skipped: Final = 0

    def __init__(self, columns: int, lines: int) -> None:
        self.snapshot: Final = blank_snapshot(columns, lines)
        self._screen: ClientScreen | None = None  # the same with an emulator, once one was needed

    def apply(self, diff: bytes) -> ClientScreen:
        """Return the screen that a host message leads to. Raises PeerError."""
        try:
            if self._screen is None:
                from mosh_common.sync.states.screen_state import ClientScreen

                self._screen = ClientScreen.begin_at(self.snapshot)
            return self._screen.apply(diff)
        except PeerError:
            raise
        except Exception as error:  # an emulator that cannot even begin is like one that fails later
            raise Dropped(DropReason.NOT_DIGESTED, place_of(error)) from None

    def trimmed(self, _known: object) -> BlankScreen:
        """Return this screen."""
        return self


def load_emulator() -> None:
    """Import what the server's answers need; afterwards no file need be read any more."""
    import mosh_common.sync.states.screen_state  # noqa: F401  # for its being imported


class RendererLink:
    """What one renderer was told, and where its input went."""

    def __init__(self, *, clipboard: str = "") -> None:
        self.frames = FrameEncoder(clipboard=clipboard)
        self.progress = Progress(0)
        self.link: Link | None = None
        self.notice: Notice | None = None
        self.server_notices = ServerNotices(())
        self.statistics: Statistics | None = None
        self.statistics_due: int | None = None  # when to look at them again; None: nobody watches
        self.dismissed = False  # Exit was sent, after which nothing may follow
        self._batches: deque[tuple[int, int]] = deque()  # (batch, position of the user stream after it), not yet echoed
        self._echoed = 0  # newest batch that was taken off `_batches`

    def note_input(self, batch: int, position: int) -> None:
        """Remember that the stream reached `position` with `batch`."""
        self._batches.append((batch, position))

    def batch_at(self, position: int) -> int:
        """Return the newest batch that a stream of that length holds."""
        newest = self._echoed
        for batch, end in self._batches:
            if end > position:
                break
            newest = batch
        return newest

    def forget_up_to(self, batch: int) -> None:
        """Say that batches up to `batch` have reached the last stage."""
        while self._batches and self._batches[0][0] <= batch:
            self._echoed = self._batches.popleft()[0]


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
        log: Callable[[str], None] | None = None,
    ) -> None:
        self._ip = ip
        self._port: int = peer[1]
        self._started = now
        # The two objects.
        self._stream = UserStream()  # what the user typed so far
        self._size: tuple[int, int] | None = None  # the last one in the stream
        # Any: BlankScreen at first, then ClientScreen.
        self._transport: Transport[UserStream, Any] = Transport(
            key=key,
            is_server=False,
            local=self._stream,
            remote=BlankScreen(hello.columns, hello.lines),
            entropy=entropy,
            now=now,
            peer=peer,
            log=log,
        )
        self._positions: deque[tuple[int, int]] = deque(((0, 0),))  # (state number, its stream's length), as sent
        # The renderer.
        self._renderer: RendererLink | None = None
        self._clipboard = ""  # what the last one was told of it
        self._notice = Notice("", False)  # what the bar should say of the network
        self._reception = Reception(self._transport.remote_state().snapshot)
        self._skipped = 0  # what in the server's frames no frame holds, as far as it was logged
        self._log = log
        # The end.
        self._renderer_quit = False  # the renderer asked for it; signals may have done so before
        self._leave_by: int | None = None  # shutdown was asked for: the session is over then at the latest
        self.outcome: Report | None = None  # set when the session is over: send what is left, report and leave
        self.attach_renderer(hello, now=now)

    # --- What comes in ------------------------------------------------------------------------------------------

    def attach_renderer(self, hello: Hello, *, now: int) -> None:
        """Start to serve a (new) renderer; it is told everything from the beginning, but for an old clipboard.

        The user may have copied something else since.
        """
        self._renderer = RendererLink(clipboard=self._clipboard)
        self._resize(hello.columns, hello.lines, now=now)

    def detach_renderer(self) -> None:
        """Say that the renderer is gone; another one may come."""
        if self._renderer is not None:
            self._clipboard = self._renderer.frames.clipboard
        self._renderer = None

    def receive_message(self, message: Message, *, now: int) -> None:
        """Take a message of the renderer, which has said Hello."""
        if isinstance(message, Input):
            if self._leave_by is not None or self._renderer is None:
                return
            self._stream = self._transport.local_state().push_keys(message.data)
            self._renderer.note_input(message.batch, self._stream.position)
            self._transport.set_local_state(self._stream, now=now)
        elif isinstance(message, Resize):
            self._resize(message.columns, message.lines, now=now)
        elif isinstance(message, Watch):
            if self._renderer is not None:
                self._renderer.statistics = None
                self._renderer.statistics_due = now if message.on else None
        elif isinstance(message, Quit):
            if self._renderer_quit:
                self._finish(Report(0, ""))  # the user asks again: without waiting for the server
            self._renderer_quit = True
            self.quit(now=now)

    def receive_datagram(self, data: bytes, source: Address, *, now: int, congestion: bool) -> None:
        """Take a datagram. Never raises on what is in it."""
        self._transport.receive_datagram(data, source, now=now, congestion=congestion)

    def report_sent(self, failure: int, *, now: int) -> None:
        """Say how sending a datagram went: 0, or the errno."""
        if failure == 0:
            if self._notice.text and self._leave_by is None:
                self._notice = Notice("", False)
            return
        self._transport.report_send_failure(failure, now=now)
        if failure not in (errno.EMSGSIZE, errno.EAGAIN, errno.ENOBUFS) and self._leave_by is None:
            self._notice = Notice(f"Cannot send: {os.strerror(failure)}."[:LONGEST_NOTICE], True)

    def quit(self, *, now: int) -> None:
        """End the session; harmless when it is already being ended."""
        if self._leave_by is not None:
            return
        heard = self._last_heard()
        reachable = heard is not None and now - heard < SILENT_AFTER_MS
        # Transport gives up by itself when a server that was there a moment ago does not answer.
        self._leave_by = now + (2 * SILENT_AFTER_MS if reachable else LEAVE_TIMEOUT_MS)
        self._notice = Notice("Exiting on user request...", True)
        self._transport.start_shutdown(now=now)

    def orphaned(self, *, now: int) -> None:
        """Say that the launcher is gone: end the session, soon."""
        self.quit(now=now)
        self._leave_by = min(self._leave_by or now, now + ORPHANED_TIMEOUT_MS)

    # --- What goes out ------------------------------------------------------------------------------------------

    def datagrams_to_send(self, *, now: int) -> list[tuple[bytes, Address]]:
        """Return the datagrams that are due; then say `report_sent` for each."""
        datagrams = self._transport.datagrams_to_send(now=now)
        if datagrams:
            number = self._transport.sent_num
            position = self._transport.last_sent_state().position
            if number > self._positions[-1][0]:
                self._positions.append((number, position))
        self._digest_events(now=now)
        self._check_time(now=now)
        return datagrams

    def messages_to_send(self, *, now: int) -> list[ToRenderer]:
        """Return what the renderer does not know yet, in the order in which it must learn it."""
        renderer = self._renderer
        if renderer is None:
            return []
        messages: list[ToRenderer] = []
        if self._transport.last_heard is not None:
            # The frame goes first: progress read with an older frame would judge predictions by the wrong screen.
            snapshot: Snapshot = self._transport.remote_state().snapshot
            frame = renderer.frames.encode(snapshot)
            if frame is not None:
                messages += portions(frame)
        progress = self._progress(renderer)
        if progress != renderer.progress:
            renderer.progress = progress
            messages.append(progress)
        notice = self._current_notice()
        if notice != renderer.notice and (notice.text or renderer.notice is not None):
            renderer.notice = notice
            messages.append(notice)
        told = ServerNotices(tuple([notice.text for notice in self._transport.remote_state().notices]))
        if told != renderer.server_notices:
            renderer.server_notices = told
            messages.append(told)
        link = self._link()
        if link != renderer.link and (
            messages or _worth_telling(renderer.link, link) or now >= _link_due(renderer.link, link)
        ):
            renderer.link = link
            messages.append(link)
        if renderer.statistics_due is not None and now >= renderer.statistics_due:
            renderer.statistics_due = now + STATISTICS_INTERVAL_MS
            statistics = self._statistics()
            if statistics != renderer.statistics:
                renderer.statistics = statistics
                messages.append(statistics)
        if self.outcome is not None and not renderer.dismissed:
            renderer.dismissed = True
            messages.append(Exit())
        return messages

    def next_deadline(self, *, now: int, renderer_ready: bool = True) -> int | None:
        """Return when `datagrams_to_send` and `messages_to_send` want to be called next; None = never.

        `renderer_ready`: whether the renderer could be sent messages (it may be stopped, and full of earlier ones).
        """
        deadlines = [self._transport.next_deadline(now=now), self._leave_by]
        if self._transport.last_heard is None:
            deadlines.append(self._started + CONNECT_TIMEOUT_MS)
        deadlines.append(self._reception.deadline())
        renderer = self._renderer
        if renderer is not None and renderer_ready:
            link = self._link()
            if link != renderer.link:
                deadlines.append(_link_due(renderer.link, link))
            deadlines.append(renderer.statistics_due)
        return min([each for each in deadlines if each is not None], default=None)

    def port_hop_due(self, *, now: int) -> bool:
        """Return whether to open another socket now; then say `port_hopped`."""
        return self._leave_by is None and self._transport.port_hop_due(now=now)

    def start_afresh(self, *, now: int) -> None:
        """Say that the machine slept or has another address: another socket is due, and a datagram from it."""
        self._transport.start_afresh(now=now)

    def path_stirred(self, *, now: int) -> None:
        """Say that the machine's links or routes changed: in an outage that is worth a try."""
        heard = self._transport.last_datagram_at
        if heard is None or now - heard > MISSED_HEARTBEAT_MS:
            self._transport.probe(now=now)

    @property
    def peer(self) -> Address | None:
        """Where the server is."""
        return self._transport.peer

    def set_alternatives(self, addresses: Iterable[Address]) -> None:
        """Say which other addresses the server may have: tried while it is silent."""
        self._transport.set_alternatives(addresses)

    def port_hopped(self, *, now: int) -> None:
        """Say that another socket is in use."""
        self._transport.port_hopped(now=now)

    # --- Private ------------------------------------------------------------------------------------------------

    def _resize(self, columns: int, lines: int, *, now: int) -> None:
        if (columns, lines) == self._size or self._leave_by is not None:
            return
        self._size = (columns, lines)
        self._stream = self._transport.local_state().push_resize(columns, lines)
        self._transport.set_local_state(self._stream, now=now)

    def _last_heard(self) -> int | None:
        """Return when the server was last heard; where nothing can be used, whatever is authentic counts."""
        transport = self._transport
        if self._reception.words or transport.last_heard is None:
            return transport.last_datagram_at
        return transport.last_heard

    def _current_notice(self) -> Notice:
        """Return what the bar should say: of the network, or else of what cannot be shown."""
        words = self._reception.words
        return self._notice if self._notice.text or not words else Notice(words[:LONGEST_NOTICE], True)

    def _digest_events(self, *, now: int) -> None:
        for event in self._transport.events():
            if isinstance(event, NewRemoteState):
                self._reception.taken(event.state.snapshot)
                if event.state.skipped > self._skipped:
                    self._skipped = event.state.skipped
                    if self._log is not None:
                        self._log(f"{now} skipped what no frame holds, {self._skipped} times so far")
            elif isinstance(event, StateNotTaken):
                self._reception.not_taken(event, now=now)
            elif isinstance(event, PeerShutdown):
                self._notice = Notice("", False)
            elif isinstance(event, ShutdownDone):
                self._finish(Report(0, ""))
            elif isinstance(event, VersionMismatch):
                self._finish(Report(1, f"mosh-client: {event.message}"))
            elif isinstance(event, SessionExhausted):
                self._finish(
                    Report(
                        1, "mosh-client: this session's key has encrypted all that it safely can; start a new session."
                    )
                )

    def _check_time(self, *, now: int) -> None:
        if self._leave_by is not None:
            if now >= self._leave_by:
                self._finish(Report(0, ""))
        elif (verdict := self._reception.verdict(now=now)) is not None:
            self._finish(verdict)  # without a word to the server: the session goes on, for a client that can show it
        elif self._transport.last_heard is None and now - self._started >= CONNECT_TIMEOUT_MS:
            heard = self._transport.last_datagram_at is not None
            self._finish(Report(1, (nothing_whole if heard else connection_failure)(self._ip, self._port)))

    def _finish(self, outcome: Report) -> None:
        if self.outcome is None:
            self.outcome = outcome

    def _progress(self, renderer: RendererLink) -> Progress:
        echo_ack: int = self._transport.remote_state().echo_ack
        positions = self._positions
        while len(positions) > 1 and positions[1][0] <= echo_ack:
            positions.popleft()
        echoed = positions[0][1] if positions[0][0] <= echo_ack else 0
        batch = renderer.batch_at(echoed)
        renderer.forget_up_to(batch)
        return Progress(batch)

    def _link(self) -> Link:
        transport = self._transport
        return Link(
            self._last_heard(),
            transport.last_acknowledged_at,
            min(transport.send_interval, LARGEST_COUNT),
            self._port,
        )

    def _statistics(self) -> Statistics:
        transport = self._transport
        return Statistics(
            round(transport.srtt) if transport.has_rtt_sample else None,
            _per_mille(transport.loss.incoming),
            _per_mille(transport.loss.outgoing),
            transport.last_datagram_at,
            transport.counters.received_octets,
            transport.counters.sent_octets,
            transport.remote_state().program[:LONGEST_PEER],
        )


def _per_mille(share: float) -> int:
    return min(max(round(share * 1000), 0), 1000)


def _worth_telling(told: Link | None, link: Link) -> bool:
    """Return whether a renderer should learn of `link` now that there is a turn anyway."""
    if told is None or told.last_heard is None or link.last_heard is None:
        return True
    return link.last_heard - told.last_heard >= HEARD_WORTH_TELLING_MS


def _link_due(told: Link | None, link: Link) -> int:
    """Return when a renderer that was told `told` must learn of `link`, which differs; 0 = at once."""
    if (
        told is None
        or told.last_heard is None
        or told.last_acknowledged is None
        or (told.send_interval, told.port) != (link.send_interval, link.port)
    ):
        return 0
    return min(told.last_heard + HEARD_REFRESH_MS, told.last_acknowledged + ACKNOWLEDGED_REFRESH_MS)
