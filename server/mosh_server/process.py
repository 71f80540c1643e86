"""The loop of the detached process: socket, pty, signals and clock in; what the session decides out.

Holds no policy: that is session.py's. What happens outside the process is host.py's.
"""

from __future__ import annotations

import gc
import os
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Final

from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.fds import write_line
from mosh_common.io.loop import Waiter
from mosh_common.io.udp import UdpSocket
from mosh_common.sync.pacing import ServerPacing
from mosh_common.sync.states.screen_state import ServerScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.key import Key
from mosh_server.host.accounting import log_crash
from mosh_server.host.environment import Account, is_yes, seconds_from
from mosh_server.host.host import Host
from mosh_server.output.flood import Batch, Rest
from mosh_server.session import ClientHeard, ClientSilent, Event, Finished, Session, SetSize, StartShell, Timeouts

# The screen of state 0 on both sides; the client's first state brings the real size.
INITIAL_COLUMNS: Final = 80
INITIAL_LINES: Final = 24

_ANSWER_OCTETS: Final = 4096  # a longer output is no answer to a key, and its rest has its own turn

# Digesting takes no more of a turn than this. In the next one signals, datagrams and keys come first, then the rest.
_TURN_NS: Final = 20_000_000  # of the processor's time

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1)


def run(
    *,
    socket: UdpSocket,
    key: Key,
    command: Sequence[str],
    environment: Mapping[str, str],
    account: Account,
    verbose: int,
) -> int:
    """Serve one session on `socket` under `key` until it ends; return the exit status.

    `command` (empty = login shell) runs in `environment`. `verbose` 1 prints events, 2 every instruction.
    """
    gc.freeze()  # what was imported lives as long as the process: no collection need look at it again
    batch, rest = Batch(), Rest()
    host = Host(command=command, environment=environment, account=account)
    try:
        session = _new_session(key, environment, verbose=verbose)
        with Waiter(_SIGNALS) as waiter:
            waiter.watch(socket.fileno())
            while not session.finished:
                _turn(waiter, socket=socket, session=session, host=host, batch=batch, rest=rest, verbose=verbose)
    except Exception as error:
        log_crash(account.user, error)
        raise
    finally:
        host.end_shell()
    return 1 if session.failed else 0


def _turn(
    waiter: Waiter, *, socket: UdpSocket, session: Session, host: Host, batch: Batch, rest: Rest, verbose: int
) -> None:
    """Wait, feed the session everything that happened, do what it decides."""
    now = now_ms()
    deadline = session.next_deadline(now=now)
    if host.pty is not None:
        resting = now < rest.until
        reading = not resting and not session.digesting(now=now)
        waiter.watch(host.pty.fileno(), read=reading, write=bool(session.input_to_write()))
        if resting:
            deadline = rest.until if deadline is None else min(deadline, rest.until)
    ready = waiter.wait(deadline, now=now)
    now = now_ms()
    for number in ready.signals:
        if number == signal.SIGUSR1:
            session.terminate_if_silent(now=now)
        else:
            session.terminate(now=now)
    if session.ending and host.pty is not None:  # at once: the client may be busy with a frame, or out of reach
        waiter.forget(host.pty.fileno())
        host.end_shell()
    if socket.fileno() in ready.readable:
        rest.end()
        for data, source, congestion in socket.receive():
            session.receive_datagram(data, source, now=now, congestion=congestion)
    _perform_all(socket=socket, session=session, host=host, verbose=verbose, now=now)
    # Before output is digested, which takes its time in a flood: what is typed may be the Ctrl-C that ends it.
    if host.pty is not None and session.input_to_write():
        session.input_written(host.pty.write(session.input_to_write()), now=now)
    taken = 0
    if host.pty is not None and host.pty.fileno() in ready.readable:
        taken = _read_pty(waiter, session=session, host=host, batch=batch, rest=rest, now=now)
    finished = _digest(session, batch, now=now)
    if finished and 0 < taken <= _ANSWER_OCTETS:
        # What answers a key often comes in two writes; digesting the first took about as long as they are apart.
        _read_pty(waiter, session=session, host=host, batch=batch, rest=rest, now=now)
        _digest(session, batch, now=now)
    _perform_all(socket=socket, session=session, host=host, verbose=verbose, now=now)
    for datagram, destination in session.datagrams_to_send(now=now):
        failure = socket.send(datagram, destination)
        if failure:
            session.report_send_failure(failure, now=now)


def _read_pty(waiter: Waiter, *, session: Session, host: Host, batch: Batch, rest: Rest, now: int) -> int:
    """Take what the programs wrote; return how many octets that was."""
    if host.pty is None:
        return 0
    began_at = now_ms()
    output, is_open = host.pty.read(batch.octets)
    rest.read(len(output), began_at=began_at, ended_at=now_ms())
    session.output_rests(until=rest.until)
    if output:
        started = time.process_time_ns()
        session.take_output(output, now=now)
        batch.began(len(output))
        batch.worked(time.process_time_ns() - started)
    if not is_open:
        waiter.forget(host.pty.fileno())
        host.end_shell()
        session.pty_closed(now=now)
    return len(output)


def _digest(session: Session, batch: Batch, *, now: int) -> bool:
    """Digest what was taken, for no longer than a turn may take; return whether that was all."""
    started = time.process_time_ns()
    took = 0
    while session.digesting(now=now):
        session.digest_output(now=now)
        took = time.process_time_ns() - started
        if took >= _TURN_NS:
            break
    batch.worked(took)
    if session.digesting(now=now):
        return False
    batch.ended()
    return True


def _perform_all(*, socket: UdpSocket, session: Session, host: Host, verbose: int, now: int) -> None:
    """Do what the session decided."""
    for event in session.events(now=now):
        if verbose:
            _print_line(str(event))
        _perform(event, socket=socket, session=session, host=host, now=now)


def _perform(event: Event, *, socket: UdpSocket, session: Session, host: Host, now: int) -> None:
    if isinstance(event, StartShell):
        try:
            session.receive_output(host.greeting(), now=now)
            host.start_shell(event.columns, event.lines).yield_to(socket.fileno())
        except EnvironmentFailure as error:  # only the session's own screen is left to tell the user on
            session.receive_output(f"mosh-server: {error}\r\n".encode(), now=now)
            session.pty_closed(now=now)
    elif isinstance(event, SetSize):
        if host.pty is not None:
            host.pty.resize(event.columns, event.lines)
    elif isinstance(event, ClientHeard):
        host.client_heard(event.host)
    elif isinstance(event, ClientSilent):
        host.client_silent()
    elif isinstance(event, Finished) and session.failed:
        host.failed(event.reason)


def _new_session(key: Key, environment: Mapping[str, str], *, verbose: int) -> Session:
    checksums = is_yes(environment, "MOSH_SERVER_CHECKSUM")
    emulator = Emulator(INITIAL_COLUMNS, INITIAL_LINES, checksums=checksums)
    pacing = ServerPacing()
    now = now_ms()
    transport: Transport[ServerScreen, UserStream] = Transport(
        key=key,
        is_server=True,
        local=ServerScreen(emulator.snapshot(), 0),
        remote=UserStream(),
        entropy=os.urandom,
        now=now,
        pacing=pacing,
        log=_print_line if verbose > 1 else None,
    )
    timeouts = Timeouts.from_seconds(
        network=seconds_from(environment, "MOSH_SERVER_NETWORK_TMOUT"),
        signal=seconds_from(environment, "MOSH_SERVER_SIGNAL_TMOUT"),
    )
    return Session(transport=transport, emulator=emulator, pacing=pacing, timeouts=timeouts, now=now)


def _print_line(line: str) -> None:
    write_line(2, f"mosh-server: {line}")
