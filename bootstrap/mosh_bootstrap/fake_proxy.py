"""ssh's ProxyCommand: makes ssh's TCP connection, says which address it reached, and hands the connection over.

This is how `mosh` learns the address that ssh really went to, whatever ssh's configuration calls the host. Runs once
per login as a process of its own, on the path to the first prompt: imports only what it needs. An ssh that cannot take
a connection over (ProxyUseFdpass) has its octets carried instead.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from collections.abc import Iterable, Sequence
from typing import Final, NoReturn

from mosh_bootstrap.address import HostAddress, resolve
from mosh_common.clock import now_ms
from mosh_common.connect_words import format_ip, format_no_ip
from mosh_common.errors import EnvironmentFailure

# An address that swallows packets costs this much and no more where there are others (RFC 8305 §5 has 250 ms); what was
# begun goes on, so that a slow way wins where it is the only one.
_NEXT_ATTEMPT_MS: Final = 300
# What the end of an attempt says of one that came there: the far end may have closed it already, in its own way.
_CONNECTED: Final = (0, errno.ECONNRESET, errno.EPIPE)
_REASON_LIMIT: Final = 400  # characters; with a longer one it would not be taken for a line of ours
_CHUNK_OCTETS: Final = 65536


def fake_proxy(host: str, port: str, family: str, *, hand_over: bool, timeout_s: str = "") -> int:
    """Connect ssh to `host`; print `MOSH IP address others…` on standard error, or `MOSH NO IP reason`.

    `hand_over`: standard output is a socket of ssh's that takes the connection's descriptor; then this process ends
    without coming back. Otherwise the octets are carried until the server closes. `timeout_s`: how long connecting may
    take, a number; empty = as long as the system tries. Returns the exit code.
    """
    try:
        addresses = resolve(host, port, family)
        connection, address = _connect(
            host, addresses, timeout_ms=int(timeout_s) * 1000 if timeout_s.isdigit() else None
        )
    except EnvironmentFailure as error:
        # ssh goes on to complain of us: with the reason known, `mosh` can spare the user that.
        _say(format_no_ip(str(error).encode("ascii", "backslashreplace").decode()[:_REASON_LIMIT]))
        return error.exit_code
    with connection:
        # Standard output is ssh's connection; standard error ends where ssh's messages do, in our own dialogue.
        others = [other.text for other in addresses if other != address]
        _say(format_ip(address.text, others))
        if hand_over:
            _hand_over(connection)
        try:
            _carry(connection)
        except ConnectionError:
            pass  # either side is gone, and ssh says so better than we could
    return 0


def _say(line: str) -> None:
    os.write(2, f"{line}\n".encode("ascii"))


def _hand_over(connection: socket.socket) -> NoReturn:
    """Give ssh the connection, and end: ssh waits for that, so nothing is tidied up."""
    code = 0
    try:
        with socket.socket(fileno=os.dup(1)) as ssh:
            socket.send_fds(ssh, [b"\0"], [connection.fileno()])
    except OSError:
        code = 255  # ssh is gone, or is none: it has said so
    os._exit(code)


def _connect(
    host: str, addresses: Sequence[HostAddress], *, timeout_ms: int | None = None
) -> tuple[socket.socket, HostAddress]:
    """Return a connection to the first of `addresses` that answers; each further one is tried a little later."""
    give_up_at = None if timeout_ms is None else now_ms() + timeout_ms
    waiting = list(addresses)
    attempts: dict[socket.socket, HostAddress] = {}
    next_at = now_ms()
    failure = ""
    try:
        while waiting or attempts:
            if waiting and (not attempts or now_ms() >= next_at):
                address = waiting.pop(0)
                next_at = now_ms() + _NEXT_ATTEMPT_MS
                try:
                    attempts[_begun(address)] = address
                except OSError as error:
                    failure = _told(address, error)
                continue
            deadlines = [each for each in (next_at if waiting else None, give_up_at) if each is not None]
            timeout_s = max(min(deadlines) - now_ms(), 0) / 1000 if deadlines else None
            _, finished, _ = select.select([], attempts, [], timeout_s)
            if not finished and give_up_at is not None and now_ms() >= give_up_at:
                failure = _told(list(attempts.values())[-1], OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT)))
                break
            for connection in finished:
                address = attempts.pop(connection)
                error_number = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error_number in _CONNECTED:
                    connection.setblocking(True)  # whoever has it next knows nothing of us
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # prompts and answers are small
                    return connection, address
                connection.close()
                failure = _told(address, OSError(error_number, os.strerror(error_number)))
    finally:
        _close(attempts)
    raise EnvironmentFailure(f"Cannot connect to {host}, last tried {failure}.", exit_code=255)


def _begun(address: HostAddress) -> socket.socket:
    """Return a socket whose connection is on its way. Raises OSError."""
    connection = socket.socket(address.family, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        connection.connect(address.socket_address)
    except BlockingIOError:
        pass
    except OSError:
        connection.close()
        raise
    return connection


def _close(connections: Iterable[socket.socket]) -> None:
    for connection in connections:
        connection.close()


def _told(address: HostAddress, error: OSError) -> str:
    return f"{address.text}: {error.strerror or error}"


def _carry(connection: socket.socket) -> None:
    """Copy both ways until the server closes; the end of ssh's output is passed on as a half-close.

    Never waits for the server to take octets while it may be waiting for us to take some.
    """
    connection.setblocking(False)
    server = connection.fileno()
    to_server = b""
    listening = True  # to ssh
    while True:
        # select(2), since standard input may be a file, which epoll refuses.
        reading = [server, 0] if listening and not to_server else [server]
        readable, writable, _ = select.select(reading, [server] if to_server else [], [])
        if 0 in readable:
            to_server = os.read(0, _CHUNK_OCTETS)
            if not to_server:
                connection.shutdown(socket.SHUT_WR)
                listening = False
        if writable:
            to_server = to_server[connection.send(to_server) :]
        if server in readable:
            data = connection.recv(_CHUNK_OCTETS)
            if not data:
                return
            _write_all(data)


def _write_all(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
