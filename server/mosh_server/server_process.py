"""The loop of the detached process: socket, pty, signals and clock in; what the session decides out.

Holds no policy: that is session.py's. Here the parts are put together, and what happens in the world is done.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.loop import Waiter
from mosh_common.io.udp import UdpSocket
from mosh_common.sync.screen_state import ServerScreen
from mosh_common.sync.transport import Transport
from mosh_common.sync.user_stream import UserStream
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.key import Key
from mosh_server import greeting, registry
from mosh_server.accounting import Accounting
from mosh_server.detach import forbid_core_dumps
from mosh_server.environment import Account, seconds_from
from mosh_server.pty import Pty
from mosh_server.session import (
    ClientHeard,
    ClientSilent,
    Event,
    Finished,
    Session,
    SetSize,
    StartShell,
    Timeouts,
)

# The screen of state 0 on both sides; the client's first state brings the real size.
INITIAL_COLUMNS: Final = 80
INITIAL_LINES: Final = 24

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


class ServerProcess:
    """The world around one session: its socket, its pty, its entries in the system's books."""

    def __init__(
        self,
        *,
        socket: UdpSocket,
        session: Session,
        command: Sequence[str],
        environment: Mapping[str, str],
        account: Account,
        verbose: int,
    ) -> None:
        """Serve `session` on `socket`; `command` (empty = login shell) runs in `environment`."""
        self._socket = socket
        self._session = session
        self._command = command
        self._environment = environment
        self._account = account
        self._verbose = verbose
        self._core_limit = forbid_core_dumps()
        self._pty: Pty | None = None
        self._accounting = Accounting(user=account.user, pid=os.getpid())
        self._registry = registry.Registry(registry.directory_for(environment, uid=os.getuid()))
        self._exit_status = 0

    def run(self) -> int:
        """Turn until the session is finished; return the exit status."""
        with Waiter(_SIGNALS) as waiter:
            waiter.watch(self._socket.fileno())
            try:
                while not self._session.finished:
                    self._turn(waiter)
            finally:
                self._registry.leave()
                self._accounting.end()
                self._close_pty(waiter)
        return self._exit_status

    def _turn(self, waiter: Waiter) -> None:
        """Wait, feed the session everything that happened, do what it decides."""
        session, pty = self._session, self._pty
        if pty is not None:
            waiter.watch(pty.fileno(), write=bool(session.input_to_write()))
        ready = waiter.wait(session.next_deadline(now=now_ms()))
        now = now_ms()
        for number in ready.signals:
            if number == signal.SIGUSR1:
                session.terminate_if_silent(now=now)
            else:
                session.terminate(now=now)
        if self._socket.fileno() in ready.readable:
            for data, source, congestion in self._socket.receive():
                session.receive_datagram(data, source, now=now, congestion=congestion)
        if pty is not None and pty.fileno() in ready.readable:
            output, is_open = pty.read()
            if output:
                session.receive_output(output, now=now)
            if not is_open:
                self._close_pty(waiter)
                session.pty_closed(now=now)
        for event in session.events(now=now):
            self._perform(event, now=now)
        if self._pty is not None and session.input_to_write():
            session.input_written(self._pty.write(session.input_to_write()), now=now)
        for datagram, destination in session.datagrams_to_send(now=now):
            failure = self._socket.send(datagram, destination)
            if failure:
                session.report_send_failure(failure, now=now)

    def _perform(self, event: Event, *, now: int) -> None:
        if self._verbose:
            print(f"mosh-server: {event}", file=sys.stderr, flush=True)
        if isinstance(event, StartShell):
            self._start_shell(event, now=now)
        elif isinstance(event, SetSize):
            if self._pty is not None:
                self._pty.resize(event.columns, event.lines)
        elif isinstance(event, ClientHeard):
            self._registry.set_detached(False)
            self._accounting.connected(event.host)
        elif isinstance(event, ClientSilent):
            self._registry.set_detached(True)
            self._accounting.detached()
        elif isinstance(event, Finished) and event.failed:
            self._accounting.failed(event.reason)
            self._exit_status = 1

    def _start_shell(self, size: StartShell, *, now: int) -> None:
        if not self._command:
            self._session.receive_output(self._greeting(), now=now)
        try:
            self._pty = Pty.spawn(
                self._command,
                shell=self._account.shell,
                environment=self._environment,
                columns=size.columns,
                lines=size.lines,
                core_limit=self._core_limit,
            )
        except EnvironmentFailure as error:
            # Only the session's own screen is left to tell the user on.
            self._accounting.failed(str(error))
            self._session.receive_output(f"mosh-server: {error}\r\n".encode(), now=now)
            self._session.pty_closed(now=now)
            self._exit_status = error.exit_code
            return
        self._registry.enter(os.getpid())
        self._accounting.begin(self._pty.fileno())

    def _greeting(self) -> bytes:
        """Return the message of the day, and the names of this user's sessions that were left behind."""
        in_utmp = registry.detached_in_utmp(registry.read_utmp(), user=self._account.user)
        others = {pid for pid in in_utmp if registry.is_alive(pid)} | self._registry.detached_pids()
        others.discard(os.getpid())
        return greeting.message_of_the_day(self._account.home) + greeting.detached_warning(others)

    def _close_pty(self, waiter: Waiter) -> None:
        if self._pty is not None:
            self._accounting.end()
            waiter.forget(self._pty.fileno())
            self._pty.close()
            self._pty = None


def run(
    *,
    socket: UdpSocket,
    key: Key,
    command: Sequence[str],
    environment: Mapping[str, str],
    account: Account,
    verbose: int,
) -> int:
    """Serve one session on `socket` under `key` until it ends; return the exit status."""
    gc.freeze()  # what was imported lives as long as the process: no collection need look at it again
    emulator = Emulator(INITIAL_COLUMNS, INITIAL_LINES)
    now = now_ms()
    transport: Transport[ServerScreen, UserStream] = Transport(
        key=key,
        is_server=True,
        local=ServerScreen(emulator.snapshot(), 0),
        remote=UserStream(),
        entropy=os.urandom,
        now=now,
        log=_print_line if verbose > 1 else None,
    )
    network, signal_ = (
        seconds_from(environment, name) for name in ("MOSH_SERVER_NETWORK_TMOUT", "MOSH_SERVER_SIGNAL_TMOUT")
    )
    timeouts = Timeouts(
        network_ms=None if network is None else network * 1000,
        signal_ms=None if signal_ is None else signal_ * 1000,
    )
    session = Session(transport=transport, emulator=emulator, timeouts=timeouts, now=now)
    return ServerProcess(
        socket=socket,
        session=session,
        command=command,
        environment=environment,
        account=account,
        verbose=verbose,
    ).run()


def _print_line(line: str) -> None:
    print(f"mosh-server: {line}", file=sys.stderr, flush=True)
