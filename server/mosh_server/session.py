"""The policy of a server: when the shell starts, what it is given, which frames go out, and when all this ends.

Does no input or output and reads no clock. The loop (process.py) feeds it datagrams, the pty's output and
signals, then does what `events` say, writes `input_to_write` to the pty and sends `datagrams_to_send`.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from mosh_common.protocol import (
    DETACH_AFTER_MS,
    FIRST_CONTACT_TIMEOUT_MS,
    SHUTDOWN_NUMBER,
    SHUTDOWN_TIMEOUT_MS,
    Address,
)
from mosh_common.sync import events as sync
from mosh_common.sync.pacing import ServerPacing
from mosh_common.sync.states.screen_state import ServerScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.payloads import LONGEST_CLIPBOARD
from mosh_common.wire.hostdiff import NoticeKind
from mosh_common.wire.size import Resize
from mosh_common.wire.userdiff import Keys
from mosh_server.extensions import Extensions
from mosh_server.input.queue import REPLIES_LIMIT_OCTETS, InputQueue
from mosh_server.input.translation import CursorKeyTranslation
from mosh_server.output.echo_ack import EchoAckClock
from mosh_server.output.flood import FLOOD_OCTETS, is_prompt
from mosh_server.output.guarded_emulator import GuardedEmulator
from mosh_server.output.notices import Notices
from mosh_server.output.queue import OutputQueue
from mosh_server.output.visible_echo import VisibleEcho

# An application between BSU and ESU promises a better screen soon; one that breaks the promise is not waited for.
SYNCHRONIZED_UPDATE_MS: Final = 150
# The shell ended while the client could not be reached: it is told when it is back, within a day. When it was there a
# moment ago, it may have heard, said so and left, and only what it said was lost: that is not worth a day.
LAST_WORDS_SILENT_MS: Final = 86_400_000
LAST_WORDS_MS: Final = 600_000
MISSED_HEARTBEAT_MS: Final = 4000

# In a flood the screen is looked at no more often than this, well within a send interval: more of what comes between
# scrolls away, or is overwritten, without ever being drawn.
GLANCE_INTERVAL_MS: Final = 8

# A failure of the emulator may have left the screen wrong until the programs draw it anew; what they print this much
# later without another failure is taken as a sign that they did.
FAILURE_HOLDS_MS: Final = 5000


# --- Events ---------------------------------------------------------------------------------------------------------


class StartShell(NamedTuple):
    """The client is there: start the shell on a pty of this size."""

    columns: int
    lines: int


class SetSize(NamedTuple):
    """The client's window has this size now: tell the pty."""

    columns: int
    lines: int


class ClientHeard(NamedTuple):
    """The client is heard again, or from another host."""

    host: str


class ClientSilent(NamedTuple):
    """Nothing was heard of the client for DETACH_AFTER_MS: it is detached."""


class OutputNotDigested(NamedTuple):
    """The emulator failed on what the programs wrote: a bug. The session goes on; the screen may be wrong."""

    place: str  # the kind of error and where in the program; nothing of what was written
    failed: int  # how often in this session, this time included


class Finished(NamedTuple):
    """The session is over: hang up the pty and leave."""

    reason: str


Event: TypeAlias = StartShell | SetSize | ClientHeard | ClientSilent | OutputNotDigested | Finished


class Timeouts(NamedTuple):
    """How long a silent client is waited for; None = forever (network), or not at all (signal)."""

    network_ms: int | None = None  # MOSH_SERVER_NETWORK_TMOUT
    signal_ms: int | None = None  # MOSH_SERVER_SIGNAL_TMOUT: younger silence makes SIGUSR1 be ignored

    @classmethod
    def from_seconds(cls, *, network: int, signal: int) -> Timeouts:
        """Return the timeouts of that many seconds; 0 = not set."""
        return cls(network * 1000 or None, signal * 1000 or None)


class Session:
    """One client's session, from its first datagram to the last frame."""

    def __init__(
        self,
        *,
        transport: Transport[ServerScreen, UserStream],
        emulator: Emulator,
        pacing: ServerPacing,
        timeouts: Timeouts,
        now: int,
        extensions: Extensions | None = None,
    ) -> None:
        """Begin with nobody there.

        `transport` must be at state 0 with the screen of `emulator` (as `extensions` make it), and go by `pacing`.
        """
        self._transport = transport
        self._pacing = pacing
        self._emulator = GuardedEmulator(emulator)
        self._timeouts = timeouts
        self._events: list[Event] = []
        # The client.
        self._started_at = now
        self._client_host: str | None = None  # what the last ClientHeard said; None while detached
        self._seen_input = UserStream()  # the newest input state that was dealt with
        self.extensions: Final = extensions or Extensions()  # what is ours between us
        # The pty.
        self._shell_wanted = False  # StartShell was reported
        self._translation = CursorKeyTranslation()
        self._input = InputQueue()  # for the pty
        self._echo_ack = EchoAckClock()
        self._visible_echo = VisibleEcho()
        # What the programs wrote.
        self._output = OutputQueue(self._emulator)
        self._in_portions = False  # it is digested in portions: nothing here may execute all that was put off
        self._flood = False  # the last read was long, so that more will follow
        self._new_size: Resize | None = None  # of the screen, once everything is digested that was written before it
        self._closed = False  # the pty is, and the rest of what was written there is still to be shown
        # The screen.
        self._update_began: int | None = None  # the synchronized update that the application is in
        self._shown: Snapshot = emulator.snapshot()  # what the client is to see
        self._looked_at = now  # when the emulator's screen was looked at last
        self._unseen = False  # a flood changed it since then
        self._notices = Notices()  # what goes with it for the client's bar; then `_show`
        self._failed_at: int | None = None  # when the emulator failed last; None = that was long ago
        # The end.
        self._last_words = False  # the shell ended, and a silent client is waited for
        self._ending: str | None = None  # why shutdown was started
        self.finished = False  # no turn is needed any more
        self.failed = False  # it ended because of a fault, not because somebody wanted it to

    # --- What comes in ------------------------------------------------------------------------------------------

    def receive_datagram(self, data: bytes, source: Address, *, now: int, congestion: bool = False) -> None:
        """Digest a datagram. Afterwards drain `events`."""
        self._transport.receive_datagram(data, source, now=now, congestion=congestion)

    def receive_output(self, data: bytes, *, now: int) -> None:
        """Digest what the programs wrote, all at once; else as `take_output`."""
        self.take_output(data, now=now)
        while self._output.waiting:
            self._digest_portion(now=now)
        self._in_portions = False
        self._all_digested(now=now)

    def take_output(self, data: bytes, *, now: int) -> None:
        """Take what the programs wrote; then `digest_output` as long as the session is `digesting`."""
        self._in_portions = True
        self._pacing.printed(len(data), prompt=is_prompt(data), now=now)
        self._flood = len(data) >= FLOOD_OCTETS and not self._pacing.flood_broken(now=now)
        self._unseen = True
        self._output.add(data)
        if not self._output.waiting and not self._emulator.put_off:
            self._all_digested(now=now)

    def digesting(self, *, now: int) -> bool:
        """Return whether there is output to be digested. Until there is none the pty is not to be read."""
        if self.ending:
            return False
        if self._output.waiting:
            return True
        if not (self._in_portions and self._emulator.put_off):
            return False
        return not self._flood or self._closed or now >= self._looked_at + GLANCE_INTERVAL_MS

    def digest_output(self, *, now: int) -> None:
        """Digest a portion, some milliseconds' worth; afterwards `input_to_write` may hold the terminal's answers."""
        self._digest_portion(now=now)
        if not self._output.waiting:
            self._all_digested(now=now)

    def _digest_portion(self, *, now: int) -> None:
        emulator = self._emulator
        at_update = self._output.digest()
        self._input.add(emulator.replies(), limit=REPLIES_LIMIT_OCTETS)
        if not emulator.in_synchronized_update:
            self._update_began = None
            if at_update:
                # A batch may end within a later update than it began with: the screen between them is worth a frame.
                self._shown = self._screen()
        elif self._update_began is None:
            self._update_began = now
        if at_update:
            self._output.begin_update()

    def _all_digested(self, *, now: int) -> None:
        """Go on after what the programs wrote was executed, or put off."""
        if self._failed_at is not None and not self._emulator.failing and now >= self._failed_at + FAILURE_HOLDS_MS:
            self._failed_at = None
            self._notices.drop(NoticeKind.OUTPUT_NOT_DIGESTED)
        if self._new_size is not None:
            size, self._new_size = self._new_size, None
            self._resize_screen(size, now=now)
        if self._flood and now < self._looked_at + GLANCE_INTERVAL_MS:
            self._unseen = True
        else:
            self._show(now=now)
        if self._closed:
            self.pty_closed(now=now)

    def output_rests(self, *, until: int) -> None:
        """Say until when the pty is not looked at: that nothing comes from it meanwhile tells nothing."""
        self._pacing.output_rests(until=until)

    def pty_closed(self, *, now: int) -> None:
        """The shell is gone: show what it left, once that is digested, and tell the client that this was all."""
        self._input.clear()
        self._closed = self._undigested
        if self._closed:
            return
        self._update_began = None
        self._show(now=now)
        self._leave_last_words(now=now)

    def input_written(self, count: int, *, now: int) -> None:
        """Say how many octets of `input_to_write` the pty took."""
        self._input.written(count)
        self._note_complete_states(now=now)

    def terminate(self, *, now: int) -> None:
        """SIGTERM or SIGINT: end the session, but let the client know."""
        self._shut_down("terminated by a signal", now=now)

    def terminate_if_silent(self, *, now: int) -> None:
        """SIGUSR1: end the session unless the client was heard within the signal timeout."""
        limit = self._timeouts.signal_ms
        heard = self._transport.last_heard
        if limit is None or heard is None or now - heard >= limit:
            self._shut_down("terminated by SIGUSR1", now=now)

    def show_part(self, number: int, value: object, *, now: int) -> None:
        """Let a part of the host state that is ours have that value."""
        if self.extensions.set_value(number, value):
            self._show(now=now)

    # --- What goes out ------------------------------------------------------------------------------------------

    @property
    def ending(self) -> bool:
        """Whether the session ends though the shell did not: hang it up, what it prints is of no use any more."""
        return self._ending is not None and not self._last_words

    def events(self, *, now: int) -> list[Event]:
        """Return what is to be done, in order, and forget it. Call once per turn, after everything was fed."""
        for event in self._transport.events():
            self._digest(event, now=now)
        self._watch_client(now=now)
        self._input.add(self._translation.flush(now=now))
        # While a frame is held back, so is the echo ack: the client would judge its guesses by the older screen.
        if not self._holding(now=now) and (self._echo_ack.advance(now=now) or self._update_began is not None):
            self._visible_echo.forget_up_to(self._echo_ack.number)
            self._show(now=now)
        expired = self._notices.expire(now=now)
        due = self._unseen and now >= self._looked_at + GLANCE_INTERVAL_MS
        if expired or (due and not (self._in_portions and self._emulator.put_off)):
            self._show(now=now)
        self._note_failures(now=now)
        self._note_clipboard(now=now)
        events, self._events = self._events, []
        return events

    def input_to_write(self) -> bytearray:
        """Return what the pty is to be given, in order; then say `input_written`. Do not change it."""
        return self._input.data

    def datagrams_to_send(self, *, now: int) -> list[tuple[bytes, Address]]:
        """Return the datagrams that are due, with their destination."""
        return self._transport.datagrams_to_send(now=now)

    def report_send_failure(self, errno_: int, *, now: int) -> None:
        """Say that a datagram could not be sent."""
        self._transport.report_send_failure(errno_, now=now)

    def next_deadline(self, *, now: int) -> int | None:
        """Return when the loop must turn even if nothing happens. Changes nothing."""
        candidates = [self._transport.next_deadline(now=now), self._translation.next_deadline()]
        candidates.append(self._notices.next_deadline())
        if self._events:
            candidates.append(now)
        if self.digesting(now=now):
            candidates.append(now)
        if self._unseen:
            candidates.append(self._looked_at + GLANCE_INTERVAL_MS)
        if self._update_began is not None and self._holding(now=now):
            candidates.append(self._update_began + SYNCHRONIZED_UPDATE_MS)
        else:
            candidates.append(self._echo_ack.next_deadline())
        if self._client_host is not None and self._transport.last_datagram_at is not None:
            candidates.append(self._transport.last_datagram_at + DETACH_AFTER_MS)
        if self._ending is None:
            candidates.append(self._silence_ends_at())
        return min((candidate for candidate in candidates if candidate is not None), default=None)

    # --- Private: the client --------------------------------------------------------------------------------------

    def _digest(self, event: sync.Event, *, now: int) -> None:
        if isinstance(event, sync.NewRemoteState):
            assert isinstance(event.state, UserStream)
            self._take_input(event.number, event.state, changed=event.changed, now=now)
        elif isinstance(event, sync.PeerShutdown):
            self._ending = self._ending or "the client left"
        elif isinstance(event, sync.ShutdownDone):
            self._finish(self._ending or "shut down")
        elif isinstance(event, sync.VersionMismatch):
            self._finish(event.message, failed=True)
        elif isinstance(event, sync.SessionExhausted):
            self._finish("the session's key is used up", failed=True)

    def _take_input(self, number: int, state: UserStream, *, changed: bool, now: int) -> None:
        """Deal with what the user did since the last state."""
        for event in state.events_since(self._seen_input):
            if isinstance(event, Resize):
                self._resize(event, now=now)
            elif not isinstance(event, Keys):
                if self.extensions.receive(event, first=not self._seen_input.position, now=now):
                    self._show(now=now)
            else:
                self._pacing.typed(event.data, now=now)
                self._visible_echo.expect(number, event.data, self._screen())
                self._input.add(
                    self._translation.translate(
                        event.data, application_cursor_keys=self._emulator.application_cursor_keys, now=now
                    )
                )
        self._seen_input = state
        if not changed or number == SHUTDOWN_NUMBER:
            return
        if not self._shell_wanted and self._ending is None:
            self._shell_wanted = True
            screen = self._emulator.snapshot()
            self._events.append(StartShell(screen.columns, screen.lines))
        self._input.end_state(number)
        self._note_complete_states(now=now)

    def _note_complete_states(self, *, now: int) -> None:
        for number in self._input.complete_states():
            self._echo_ack.give(number, now=now)

    def _resize(self, size: Resize, *, now: int) -> None:
        if self._undigested:
            self._new_size = size
        else:
            self._resize_screen(size, now=now)
        if self._shell_wanted:
            if self._events and isinstance(self._events[-1], SetSize):
                self._events.pop()  # of consecutive resizes only the last is applied, also across states
            self._events.append(SetSize(size.columns, size.lines))

    def _resize_screen(self, size: Resize, *, now: int) -> None:
        self._emulator.resize(size.columns, size.lines)
        self._update_began = None  # it was of the old size; the application will draw anew
        self._show(now=now)

    def _watch_client(self, *, now: int) -> None:
        """Note that the client came, moved or fell silent, and end the session that waited too long for it."""
        transport = self._transport
        attached = transport.peer is not None and transport.attached(now=now)
        host = str(transport.peer[0]) if attached and transport.peer is not None else None
        if host != self._client_host:
            self._client_host = host
            self._events.append(ClientSilent() if host is None else ClientHeard(host))
        ends_at = self._silence_ends_at()
        if self._ending is None and ends_at is not None and now >= ends_at:
            self._shut_down("the client was not heard for too long", now=now)

    def _silence_ends_at(self) -> int | None:
        """Return when the patience with a client that was never heard, or is silent now, ends."""
        heard = self._transport.last_heard
        if heard is None:
            return self._started_at + FIRST_CONTACT_TIMEOUT_MS
        return None if self._timeouts.network_ms is None else heard + self._timeouts.network_ms

    # --- Private: the screen --------------------------------------------------------------------------------------

    def _note_visible_echo(self) -> None:
        """Move the echo ack on when the screen that goes out next shows the answer."""
        number = self._visible_echo.shown(self._shown)
        if number is not None:
            self._echo_ack.answered(number)

    def _show(self, *, now: int) -> None:
        """Make the screen what the client is to see; in a synchronized update it stays what it was before."""
        self._looked_at = now
        self._unseen = self._undigested
        if not self._holding(now=now):
            self._shown = self._screen()
            self._note_visible_echo()
        self._transport.set_local_state(
            self.extensions.screen(self._shown, self._echo_ack.number, notices=self._notices.current), now=now
        )

    @property
    def _undigested(self) -> bool:
        """Whether the screen is not up to date until more portions are digested."""
        return self._output.waiting or (self._in_portions and self._emulator.put_off)

    def _screen(self) -> Snapshot:
        """Return the emulator's screen, as far as what the programs wrote is executed."""
        return self._emulator.snapshot(settled=not self._in_portions)

    def _note_failures(self, *, now: int) -> None:
        """Report where the emulator failed, to the log and to the user."""
        told = self._notices.current
        for place in self._emulator.failures():
            self._failed_at = now
            self._events.append(OutputNotDigested(place, self._emulator.failed))
            self._notices.hold(
                NoticeKind.OUTPUT_NOT_DIGESTED,
                f"cannot digest what the programs print ({place}); please report this.",
            )
        if self._notices.current != told:
            self._show(now=now)

    def _note_clipboard(self, *, now: int) -> None:
        """Tell the user of a clipboard that a program set and that is too long to cross."""
        length = self._emulator.take_refused_clipboard()
        if length:
            told = self._notices.current
            self._notices.say(
                NoticeKind.CLIPBOARD_NOT_SET,
                f"a program's clipboard of {_kilobytes(length)} kB was not set; {_kilobytes(LONGEST_CLIPBOARD)} fit.",
                now=now,
            )
            if self._notices.current != told:
                self._show(now=now)

    def _holding(self, *, now: int) -> bool:
        """Return whether the application is in a synchronized update that may still be waited for."""
        return self._update_began is not None and now < self._update_began + SYNCHRONIZED_UPDATE_MS

    # --- Private: the end -----------------------------------------------------------------------------------------

    def _shut_down(self, reason: str, *, now: int) -> None:
        """Tell the client that the session ends; leave at once when it would not hear it."""
        if self._ending is not None and not self._last_words:
            return
        self._last_words = False
        self._ending = reason
        transport = self._transport
        # What takes long to digest, or comes faster than the client takes it, is not worth that time any more.
        lagging = self._unseen and transport.sent_num != transport.acknowledged_num
        as_sent = self._undigested or lagging
        if self._unseen and not as_sent:
            self._show(now=now)
        if transport.peer is None or not transport.attached(now=now):
            self._finish(reason)
        else:
            transport.start_shutdown(now=now, as_sent=as_sent)

    def _leave_last_words(self, *, now: int) -> None:
        """Keep the last screen and the end for a client that cannot be reached now."""
        transport, heard = self._transport, self._transport.last_datagram_at
        if self._ending is not None:
            return
        if heard is None:
            self._finish("the shell ended")
            return
        patience = LAST_WORDS_SILENT_MS if now - heard > MISSED_HEARTBEAT_MS else LAST_WORDS_MS
        if self._timeouts.network_ms is not None:
            patience = min(patience, max(heard + self._timeouts.network_ms - now, 0))
        self._ending = "the shell ended"
        self._last_words = True
        transport.start_shutdown(now=now, patience_ms=max(patience, SHUTDOWN_TIMEOUT_MS))

    def _finish(self, reason: str, *, failed: bool = False) -> None:
        if not self.finished:
            self.finished = True
            self.failed = failed
            self._events.append(Finished(reason))


def _kilobytes(length: int) -> int:
    """Return how many kB so many characters of base64 hold."""
    return length * 3 // 4 // 1000
