"""The network process: a thin loop around the session. Holds the key and the sockets, has no terminal.

Started by the launcher, which gives it a control socket; a renderer's socketpair comes over that. Policy is in
session.py.
"""

from __future__ import annotations

import array
import os
import signal
import socket
from collections.abc import Callable
from typing import Final

from mosh_client.ipc import control
from mosh_client.ipc.channel import Channel
from mosh_client.ipc.control import BY_SIGNAL, Report
from mosh_client.ipc.messages import Hello
from mosh_client.network.blank_screen import load_emulator
from mosh_client.network.reception import OUR_FAULT, cannot_show
from mosh_client.network.session import Session
from mosh_client.network.sockets import ADDRESSES_VARIABLE, Sockets, alternatives
from mosh_common.address import Address
from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure, PeerError, place_of
from mosh_common.io.fds import close_all_except, write_line
from mosh_common.io.loop import Ready, Waiter
from mosh_common.io.path import PathNews, PathWatch
from mosh_common.wire import cipher
from mosh_common.wire.key import Key

_COMMANDS_OCTETS: Final = 64  # commands are one octet each and rare
_DESCRIPTORS: Final = 4  # that may come at once: one for each renderer, of which one is expected
_ASLEEP_MS: Final = 2000  # a turn that is this late: the machine slept
_GOODBYE_MS: Final = 1000  # for a busy renderer to take the last frame and Exit


def run(control_socket: socket.socket, *, key: Key, peer: Address, ip: str, verbose: int) -> int:
    """Run until the session is over and report to the launcher; return the process's exit code."""
    try:
        report = _NetworkProcess(control_socket, key=key, peer=peer, ip=ip, verbose=verbose).run()
    except EnvironmentFailure as error:
        report = Report(error.exit_code, f"mosh-client: {error}")
    except Exception as error:
        if verbose:
            import traceback

            for line in traceback.format_exc().splitlines():
                _log(line)
        report = Report(1, f"mosh-client: internal error in the network process: {type(error).__name__}: {error}")
    try:
        control_socket.setblocking(True)
        control_socket.sendall(report.encode())
    except OSError:
        pass  # the launcher is gone
    return report.code


class _NetworkProcess:
    """The descriptors and the loop."""

    def __init__(self, control_socket: socket.socket, *, key: Key, peer: Address, ip: str, verbose: int) -> None:
        self._control = control_socket
        self._key = key
        self._peer = peer
        self._ip = ip
        self._log: Callable[[str], None] | None = _log if verbose else None
        self._sockets = Sockets(peer, now=now_ms())
        self._path: PathWatch | None = None  # from `run` on
        self._channel: Channel | None = None  # to the renderer, once there is one
        self._session: Session | None = None  # from the first Hello on
        self._orphaned = False  # the launcher is gone
        self._confined = False  # SECURITY: nothing from the network is read before that

    def run(self) -> Report:
        cipher.backend()  # loaded while the renderer starts, and while files can be read
        self._control.setblocking(False)
        close_all_except({self._control.fileno(), *self._sockets.filenos})
        self._path = PathWatch(self._peer, now=now_ms())
        with Waiter((signal.SIGTERM, signal.SIGINT, signal.SIGHUP)) as waiter:
            waiter.watch(self._control.fileno())
            if self._path.fileno is not None:
                waiter.watch(self._path.fileno)
            for fd in self._sockets.filenos:
                waiter.watch(fd)
            woken_at = now_ms()
            while True:
                now = now_ms()
                slept = now - woken_at > _ASLEEP_MS  # in the middle of a turn
                deadline = self._next_deadline(now=now)
                ready = waiter.wait(now if slept else deadline, now=now)
                woken_at = now_ms()
                if slept or (deadline is not None and woken_at - max(deadline, now) > _ASLEEP_MS):
                    self._start_afresh(now=woken_at)
                self._turn(waiter, ready, now=woken_at)
                if self._session is not None and not self._confined:
                    self._confine()
                session = self._session
                if session is None:
                    if self._orphaned or ready.signals:
                        return BY_SIGNAL
                elif session.outcome is not None:
                    self._say_goodbye(waiter, session)
                    return session.outcome

    def _next_deadline(self, *, now: int) -> int | None:
        deadlines = [self._sockets.next_deadline()]
        if self._session is not None:
            ready = self._channel is not None and not self._channel.pending
            deadlines.append(self._session.next_deadline(now=now, renderer_ready=ready))
        return min([each for each in deadlines if each is not None], default=None)

    def _turn(self, waiter: Waiter, ready: Ready, *, now: int) -> None:
        """Read what is ready, feed it, and send what came of it."""
        if self._control.fileno() in ready.readable:
            self._read_control(waiter, now=now)
        channel = self._channel
        if channel is not None and channel.fileno() in ready.readable:
            begun = self._session is not None
            self._read_renderer(channel, now=now)
            if not begun:  # making a session takes its time: the first datagram is to say when it is sent
                now = now_ms()
        session = self._session
        if session is None:
            return
        for fd in self._sockets.filenos if self._confined else ():
            if fd in ready.readable:
                for data, source, congestion, arrived_at in self._sockets.receive(fd):
                    session.receive_datagram(data, source, now=now, congestion=congestion, arrived_at=arrived_at)
                if self._channel is not None:  # the user waits for the frame; the acknowledgement can wait for it
                    self._write_renderer(waiter, self._channel, session, now=now)
        if ready.signals:
            session.terminate(now=now)
        self._look_at_path(session, ready, now=now)
        self._send_datagrams(waiter, session, now=now)
        if self._channel is not None:
            self._write_renderer(waiter, self._channel, session, now=now)

    def _confine(self) -> None:
        """Give up what is not needed, now that the first datagram is on its way and before an answer is read."""
        from mosh_client.confinement.mechanisms import Process
        from mosh_client.confinement.processes import confine

        try:
            load_emulator()
        except Exception as error:  # what it needs is missing or other than expected
            raise EnvironmentFailure(cannot_show(place_of(error)), exit_code=OUR_FAULT) from error
        confine(Process.NETWORK, log=self._log)
        self._confined = True

    def _look_at_path(self, session: Session, ready: Ready, *, now: int) -> None:
        """Try at once what the machine's network can do now, when that is not what it could do before."""
        if self._path is None:
            return
        news = self._path.news(ready=self._path.fileno in ready.readable, now=now)
        if news is PathNews.MOVED:
            self._start_afresh(now=now)
        elif news is PathNews.STIRRED:
            session.path_stirred(now=now)

    def _start_afresh(self, *, now: int) -> None:
        """Send from a new port at once: the machine slept, or it is somewhere else now."""
        if self._session is not None:
            self._session.start_afresh(now=now)

    def _send_datagrams(self, waiter: Waiter, session: Session, *, now: int) -> None:
        if session.peer is not None:
            self._sockets.follow(session.peer, now=now)
        if session.port_hop_due(now=now):
            closed = self._sockets.hop(now=now, peer=session.peer)
            session.port_hopped(now=now)
        else:
            closed = self._sockets.close_expired(now=now)
        for fd in closed:
            waiter.forget(fd)
        datagrams = session.datagrams_to_send(now=now)
        session.digest_events(now=now)
        for data, peer in datagrams:
            session.report_sent(self._sockets.send(data, peer), now=now, to=peer)
        for fd in self._sockets.filenos:
            waiter.watch(fd)

    # --- The renderer -----------------------------------------------------------------------------------------

    def _read_renderer(self, channel: Channel, *, now: int) -> None:
        try:
            messages = channel.receive()
        except PeerError as error:
            # What it sent is not to be trusted: the launcher starts another when this one finds itself cut off.
            if self._log is not None:
                self._log(f"{now} renderer cut off: {error}")
            channel.closed = True
            return
        for message in messages:
            if not isinstance(message, Hello):
                assert self._session is not None  # the permits let nothing through before Hello
                self._session.receive_message(message, now=now)
            elif self._session is None:
                self._session = Session(
                    message,
                    key=self._key,
                    peer=self._peer,
                    ip=self._ip,
                    entropy=os.urandom,
                    now=now,
                    alternatives=alternatives(
                        os.environ.get(ADDRESSES_VARIABLE, ""), port=self._peer.port, peer=self._peer
                    ),
                    log=self._log,
                )
            else:
                self._session.attach_renderer(message, now=now)

    def _write_renderer(self, waiter: Waiter, channel: Channel, session: Session, *, now: int) -> None:
        # While it has not taken what it was sent, nothing is added: it gets the newest frame next, not all between.
        if channel.pending:
            channel.flush()
        if not channel.pending and not channel.closed:
            for message in session.messages_to_send(now=now):
                channel.send(message)
            channel.flush()
        if channel.closed:
            self._drop_renderer(waiter)
        else:
            waiter.watch(channel.fileno(), write=channel.pending)

    def _drop_renderer(self, waiter: Waiter) -> None:
        if self._channel is not None:
            waiter.forget(self._channel.fileno())
            self._channel.close()
            self._channel = None
        if self._session is not None:
            self._session.detach_renderer()

    def _say_goodbye(self, waiter: Waiter, session: Session) -> None:
        """Give the renderer a moment to take what is left; Exit is the last of it."""
        deadline = now_ms() + _GOODBYE_MS
        while self._channel is not None and now_ms() < deadline:
            if not self._channel.pending:
                for message in session.messages_to_send(now=now_ms()):
                    self._channel.send(message)
                self._channel.flush()
                if not self._channel.pending:
                    return
            waiter.watch(self._channel.fileno(), read=False, write=True)
            waiter.wait(deadline)
            self._channel.flush()
            if self._channel.closed:
                return

    # --- The launcher -----------------------------------------------------------------------------------------

    def _read_control(self, waiter: Waiter, *, now: int) -> None:
        try:
            commands, ancillary, _flags, _address = self._control.recvmsg(
                _COMMANDS_OCTETS, socket.CMSG_SPACE(_DESCRIPTORS * array.array("i").itemsize)
            )
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            commands, ancillary = b"", []
        for fd in _received_descriptors(ancillary):
            if self._channel is not None:  # what was typed before its end
                self._read_renderer(self._channel, now=now)
            self._drop_renderer(waiter)
            self._channel = Channel(socket.socket(fileno=fd), in_network_process=True)
            waiter.watch(fd)
        if not commands:
            self._orphaned = True
            waiter.forget(self._control.fileno())
            if self._session is not None:
                self._session.orphaned(now=now)
        elif control.QUIT in commands:
            if self._session is not None:
                self._session.terminate(now=now)
            else:
                self._orphaned = True  # there is nothing to be ended on the server's side


def _received_descriptors(ancillary: list[tuple[int, int, bytes]]) -> list[int]:
    descriptors = array.array("i")
    for level, kind, octets in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(octets[: len(octets) - len(octets) % descriptors.itemsize])
    return list(descriptors)


def _log(line: str) -> None:
    write_line(2, line)
