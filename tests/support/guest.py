"""A client with nothing behind it, over UDP: the transport of tests/support/world.py's bare client on a socket.

guest = Guest(server.port, server.key)
guest.type(b"ls\\r")
guest.wait_for("README")
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable

from tests.support.programs import PATIENCE_S
from tests.support.world import SERVER_ADDRESS, BareClient, lines_of

from mosh_common.clock import now_ms
from mosh_common.wire.key import Key

_LONGEST_WAIT_S = 0.1


class Guest:
    """Somebody who comes to `port` with the key."""

    def __init__(self, port: int, key: str, *, host: str = "127.0.0.1", columns: int = 80, lines: int = 24) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.connect((host, port))
        self._socket.setblocking(False)
        self.client = BareClient(columns=columns, lines=lines, key=Key.parse(key), entropy=os.urandom, now=now_ms())
        self.client.push(self.client.typed.push_resize(columns, lines), now=now_ms())

    @property
    def lines(self) -> list[str]:
        """What it shows."""
        return lines_of(self.client.received.state.snapshot)

    def type(self, keys: bytes) -> None:
        """Type; what is typed leaves while something is waited for."""
        self.client.push(self.client.typed.push_keys(keys), now=now_ms())

    def wait_for(self, wanted: str) -> None:
        """Take part until a row shows `wanted`."""
        self.wait_until(lambda: any(wanted in line for line in self.lines), wanted)

    def wait_until(self, condition: Callable[[], bool], what: str) -> None:
        """Take part until `condition()`; fail the test with `what` otherwise."""
        give_up = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < give_up, f"{what}; the screen: {self.lines}"
            self._turn()

    def close(self) -> None:
        """Be gone, as a machine that is switched off."""
        self._socket.close()

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _turn(self) -> None:
        for data, _to in self.client.serve(now=now_ms()):
            try:
                self._socket.send(data)
            except ConnectionRefusedError:  # of an earlier datagram: the server is not there
                pass
        deadline = self.client.next_deadline(now=now_ms())
        wait_s = _LONGEST_WAIT_S if deadline is None else min(_LONGEST_WAIT_S, max(0.0, (deadline - now_ms()) / 1000))
        if select.select([self._socket], [], [], wait_s)[0]:
            try:
                data = self._socket.recv(65536)
            except ConnectionRefusedError:
                return
            self.client.receive_datagram(data, SERVER_ADDRESS, now=now_ms())
