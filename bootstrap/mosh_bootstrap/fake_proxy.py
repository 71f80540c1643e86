"""ssh's ProxyCommand: makes ssh's TCP connection, says which address it reached, and carries the octets.

This is how `mosh` learns the address that ssh really went to, whatever ssh's configuration calls the host. Runs once
per login as a process of its own, on the path to the first prompt: imports only what it needs.
"""

from __future__ import annotations

import os
import selectors
import socket
from collections.abc import Sequence
from typing import Final

from mosh_bootstrap.address import HostAddress, resolve
from mosh_common.connect_words import format_ip
from mosh_common.errors import EnvironmentFailure

# With more addresses to try, one that swallows packets must not cost TCP's two minutes. The last one gets them.
_CONNECT_TIMEOUT_S: Final = 10.0
_CHUNK_OCTETS: Final = 65536


def fake_proxy(host: str, port: str, family: str) -> int:
    """Connect standard input and output to `host`, and print `MOSH IP address` on standard error.

    Returns the exit code, 0 when the server closed the connection. Raises EnvironmentFailure when none of the
    addresses answers.
    """
    connection, address = _connect(host, resolve(host, port, family))
    with connection:
        # Standard output is ssh's connection; standard error ends where ssh's messages do, in our own dialogue.
        os.write(2, f"{format_ip(address.text)}\n".encode("ascii"))
        try:
            _carry(connection)
        except ConnectionError:
            pass  # either side is gone, and ssh says so better than we could
    return 0


def _connect(host: str, addresses: Sequence[HostAddress]) -> tuple[socket.socket, HostAddress]:
    """Return a connection to the first of `addresses` that answers."""
    failure = ""
    for address in addresses:
        connection = socket.socket(address.family, socket.SOCK_STREAM)
        try:
            if address is not addresses[-1]:
                connection.settimeout(_CONNECT_TIMEOUT_S)
            connection.connect(address.socket_address)
        except OSError as error:
            connection.close()
            failure = f"{address.text}: {error.strerror or error}"
            continue
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # prompts and answers are small
        return connection, address
    raise EnvironmentFailure(f"Cannot connect to {host}, last tried {failure}.", exit_code=255)


def _carry(connection: socket.socket) -> None:
    """Copy both ways until the server closes; the end of ssh's output is passed on as a half-close.

    Never waits for the server to take octets while it may be waiting for us to take some.
    """
    connection.setblocking(False)
    to_server = b""
    with selectors.SelectSelector() as selector:  # standard input may be a file, which epoll refuses
        selector.register(0, selectors.EVENT_READ)
        selector.register(connection, selectors.EVENT_READ)
        while True:
            for key, events in selector.select():
                if key.fd == 0:
                    to_server = os.read(0, _CHUNK_OCTETS)
                    selector.unregister(0)  # until these octets are gone; for good at the end
                    if not to_server:
                        connection.shutdown(socket.SHUT_WR)
                        continue
                    selector.modify(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
                    continue
                if events & selectors.EVENT_WRITE and to_server:
                    to_server = to_server[connection.send(to_server) :]
                    if not to_server:
                        selector.modify(connection, selectors.EVENT_READ)
                        selector.register(0, selectors.EVENT_READ)
                if events & selectors.EVENT_READ:
                    data = connection.recv(_CHUNK_OCTETS)
                    if not data:
                        return
                    _write_all(data)


def _write_all(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
