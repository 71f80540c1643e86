"""The loop of the detached process: socket, pty, signals and clock in; what the session decides out.

Holds no policy: that is session.py's and flood.py's. What needs the account's rights it asks of a `Host`.
"""

from __future__ import annotations

import select
import signal
import time
from collections.abc import Callable, Iterable
from typing import Final, Protocol

from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.loop import Ready, Waiter
from mosh_common.io.udp import UdpSocket
from mosh_server.events import (
    ClientAttached,
    ClientDetached,
    ClientHeard,
    ClientSilent,
    Event,
    Finished,
    SetSize,
    StartShell,
)
from mosh_server.host.host import Host
from mosh_server.host.pty import Pty
from mosh_server.output.flood import ANSWER_OCTETS, MORE_FOLLOWS_OCTETS, TURN_NS, Flood
from mosh_server.session import Session
from mosh_server.sockets import Sockets

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1, signal.SIGCHLD)

# How the shell ended is known a moment after its terminal was closed, which many programs do before they exit. One that
# goes on without a terminal is then hung up, and counts as ended by that. On a busy machine the moment is long, and who
# waits for an exit code shall not get another; one that goes on is rare.
STATUS_PATIENCE_MS: Final = 2000
HUNG_UP_STATUS: Final = 128 + signal.SIGHUP
NOT_STARTED_STATUS: Final = 255  # as ssh's, when there is no session

# What the shell and its jobs had written when it ended is in the kernel, which holds far less than this for a pty. What
# a job writes from then on is of no session.
LEFT_BEHIND_OCTETS: Final = 1 << 16


class Door(Protocol):
    """Where others of the user's ask something of the session."""

    def descriptors(self) -> Iterable[tuple[int, bool, bool]]:
        """Return what is to be waited for: descriptor, whether to read, whether to write. It changes in `turn` only."""

    def turn(self, readable: frozenset[int], writable: frozenset[int], *, now: int) -> None:
        """Do what is possible now, with those of its descriptors; never wait."""

    def next_deadline(self) -> int | None:
        """Return when `turn` is to be called even if nothing happens; None = never."""

    def close(self) -> None:
        """Let nobody in any more."""


class Loop:
    """The descriptors and the turns."""

    def __init__(
        self,
        *,
        sockets: Sockets,
        session: Session,
        flood: Flood,
        host: Host,
        door: Door | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        """Serve `session`, which tells `flood` what is printed, on `sockets` and `host`; `log` gets its events."""
        self._sockets = sockets
        self._reached: dict[int, UdpSocket] = {}  # by descriptor: those of `sockets` that are waited for
        self._door = door
        self._entrances: set[int] = set()  # the descriptors of the door that are waited for
        self._session = session
        self._flood = flood
        self._host = host
        self._log = log
        self._pty: Pty | None = None  # None before the shell was started and after it ended
        self._status_by: int | None = None  # its terminal was closed: when to know how it ended
        self._arrivals = select.poll()  # what ends a wait for more of a flood: more of it, or a datagram

    def run(self) -> None:
        """Turn until the session is finished; afterwards the shell has ended."""
        with Waiter(SIGNALS) as waiter:
            self.begin(waiter)
            try:
                while not self._session.finished:
                    self.turn(waiter)
            finally:
                self._end_shell(waiter)
                if self._door is not None:
                    self._door.close()

    def begin(self, waiter: Waiter) -> None:
        """Wait for datagrams and visitors."""
        self._tend_sockets(waiter)
        self._watch_door(waiter)

    def turn(self, waiter: Waiter) -> None:
        """Wait, feed the session everything that happened, do what it decides."""
        session = self._session
        ready = self._wait(waiter)
        now = now_ms()
        for number in ready.signals:
            if number == signal.SIGUSR1:
                session.terminate_if_silent(now=now)
            elif number != signal.SIGCHLD:
                session.terminate(now=now)
        if session.ending:  # at once: the client may be busy with a frame, or out of reach
            self._end_shell(waiter)
        if signal.SIGCHLD in ready.signals or (self._status_by is not None and now >= self._status_by):
            self._children_changed(waiter, now=now)
        for descriptor, socket in self._reached.items():
            if descriptor in ready.readable:
                self._flood.end_rest()
                for data, source, congestion, _ in socket.receive():
                    session.receive_datagram(data, source, now=now, congestion=congestion)
        if self._door is not None:
            self._serve_door(self._door, ready, waiter, now=now)
        self._perform_all(now=now)
        # Before output is digested, which takes its time in a flood: what is typed may be the Ctrl-C that ends it.
        if self._pty is not None and session.input_to_write():
            session.input_written(self._pty.write(session.input_to_write()), now=now)
        readable = self._pty is not None and self._pty.fileno() in ready.readable
        taken = self._read_pty(waiter, now=now) if readable else 0
        finished = self._digest(now=now)
        if finished and 0 < taken <= ANSWER_OCTETS:
            # What answers a key often comes in two writes; digesting the first took about as long as they are apart.
            self._read_pty(waiter, now=now)
            self._digest(now=now)
        self._perform_all(now=now)
        for outgoing in session.datagrams_to_send(now=now):
            outgoing.report(self._sockets.send(outgoing.sender.socket, outgoing.data, outgoing.to), now=now)
        if self._sockets.several:
            self._tend_sockets(waiter)

    def _wait(self, waiter: Waiter) -> Ready:
        """Wait for what the session can take now."""
        now = now_ms()
        session = self._session
        deadline = session.next_deadline(now=now)
        if self._pty is not None:
            rests_until = self._flood.rests_until
            resting = now < rests_until
            reading = not resting and not session.digesting(now=now)
            waiter.watch(self._pty.fileno(), read=reading, write=bool(session.input_to_write()))
            if resting:
                deadline = rests_until if deadline is None else min(deadline, rests_until)
        for other in (self._status_by, None if self._door is None else self._door.next_deadline()):
            if other is not None:
                deadline = other if deadline is None else min(deadline, other)
        return waiter.wait(deadline, now=now)

    # --- Clients and visitors -------------------------------------------------------------------------------------

    def _tend_sockets(self, waiter: Waiter) -> None:
        """Close the sockets that reach nobody any more, and wait for those that are new."""
        for socket in self._sockets.take_unneeded(self._session.clients.sockets()) if self._sockets.several else []:
            if self._reached.pop(socket.fileno(), None) is not None:
                waiter.forget(socket.fileno())
                self._arrivals.unregister(socket.fileno())
            socket.close()
        for socket in self._sockets:
            if socket.fileno() not in self._reached:
                self._reached[socket.fileno()] = socket
                waiter.watch(socket.fileno())
                self._arrivals.register(socket.fileno(), select.POLLIN)

    def _serve_door(self, door: Door, ready: Ready, waiter: Waiter, *, now: int) -> None:
        readable, writable = ready.readable & self._entrances, ready.writable & self._entrances
        due = door.next_deadline()
        if not (readable or writable or (due is not None and now >= due)):
            return
        # It closes descriptors, whose numbers others may have at once: none of them may still be waited for.
        for descriptor in self._entrances:
            waiter.forget(descriptor)
        door.turn(readable, writable, now=now)
        self._watch_door(waiter)

    def _watch_door(self, waiter: Waiter) -> None:
        self._entrances = set()
        for descriptor, read, write in [] if self._door is None else self._door.descriptors():
            waiter.watch(descriptor, read=read, write=write)
            self._entrances.add(descriptor)

    # --- Output ---------------------------------------------------------------------------------------------------

    def _read_pty(self, waiter: Waiter, *, now: int) -> int:
        """Take what the programs wrote; return how many octets that was."""
        if self._pty is None:
            return 0
        flood = self._flood
        began_at = now_ms()
        output, is_open = self._pty.read(flood.batch_octets, self._is_enough)
        flood.read(len(output), began_at=began_at, ended_at=now_ms())
        if output:
            started = time.process_time_ns()
            self._session.take_output(output, now=now)
            flood.worked(time.process_time_ns() - started)
        if not is_open:  # the shell and its jobs have closed it, most likely by their end, which is seen later
            self._close_pty(waiter)
            self._status_by = now_ms() + STATUS_PATIENCE_MS
            self._children_changed(waiter, now=now)
        return len(output)

    def _is_enough(self, piece: bytes, total: int) -> bool:
        """Return whether a reading of the pty ends with `piece`: it is empty, or a flood need not be read on."""
        if total < MORE_FOLLOWS_OCTETS:
            return not piece
        patience_ms = self._flood.patience_ms(piece, now_ns=time.monotonic_ns())
        if patience_ms is None:
            return True
        arrived = self._arrivals.poll(patience_ms)
        if any(descriptor in self._reached for descriptor, _ in arrived):
            return True
        return not (piece or arrived)

    def _digest(self, *, now: int) -> bool:
        """Digest what was taken, for no longer than a turn may take; return whether that was all."""
        session = self._session
        started = time.process_time_ns()
        took = 0
        while session.digesting(now=now):
            session.digest_output(now=now)
            took = time.process_time_ns() - started
            if took >= TURN_NS:
                break
        self._flood.worked(took)
        if session.digesting(now=now):
            return False
        self._flood.digested()
        return True

    # --- What the session decides ---------------------------------------------------------------------------------

    def _perform_all(self, *, now: int) -> None:
        for event in self._session.events(now=now):
            if self._log is not None:
                self._log(str(event))
            self._perform(event, now=now)

    def _perform(self, event: Event, *, now: int) -> None:
        if isinstance(event, StartShell):
            self._start_shell(event, now=now)
        elif isinstance(event, SetSize):
            self._host.set_size(event.columns, event.lines, signal=event.signal)
        elif isinstance(event, ClientHeard):
            self._host.client_heard(event.host)
        elif isinstance(event, ClientSilent):
            self._host.client_silent()
        elif isinstance(event, ClientAttached):
            self._host.client_attached(event.host)
        elif isinstance(event, ClientDetached):
            self._host.client_detached()
        elif isinstance(event, Finished) and self._session.failed:
            self._host.failed(event.reason)

    def _start_shell(self, size: StartShell, *, now: int) -> None:
        session = self._session
        try:
            session.receive_output(self._host.greeting(), now=now)
            self._pty = Pty(self._host.start_shell(size.columns, size.lines))
        except EnvironmentFailure as error:  # only the session's own screen is left to tell the user on
            session.receive_output(f"mosh-server: {error}\r\n".encode(), now=now)
            session.pty_closed(status=NOT_STARTED_STATUS, now=now)
        else:
            self._arrivals.register(self._pty.fileno(), select.POLLIN)

    def _children_changed(self, waiter: Waiter, *, now: int) -> None:
        """End the session if its shell has ended, whatever that has left running, or will not be known to have."""
        status = self._host.children_changed()
        overdue = self._status_by is not None and now >= self._status_by
        if (status is None and not overdue) or (self._pty is None and self._status_by is None):
            return  # another child, or the session was ended before its shell
        if self._pty is not None:  # which jobs in the background keep open: what is there is the last of it
            output, _ = self._pty.read(LEFT_BEHIND_OCTETS, lambda piece, _total: not piece)
            if output:
                self._session.take_output(output, now=now)
        self._end_shell(waiter)
        self._session.pty_closed(status=HUNG_UP_STATUS if status is None else status, now=now)

    def _end_shell(self, waiter: Waiter) -> None:
        """Hang up the pty and close the books; harmless when that was done."""
        if self._pty is not None or self._status_by is not None:
            self._close_pty(waiter)
            self._status_by = None
            self._host.end_shell()

    def _close_pty(self, waiter: Waiter) -> None:
        """Read and write it no more. It hangs up with the host's own descriptor."""
        if self._pty is not None:
            waiter.forget(self._pty.fileno())
            self._arrivals.unregister(self._pty.fileno())
            self._pty.close()
            self._pty = None
