"""The UDP sockets of a session: its own, which all clients share, and more for logins that came in another way.

Knows nothing of keys and clients: somebody says which of them are needed.
"""

from __future__ import annotations

from collections.abc import Iterator

from mosh_common.address import Address
from mosh_common.io.udp import UdpSocket


class Sockets:
    """Sockets by number; 0 is the session's own, which is never closed."""

    __slots__ = ("_next", "_sockets")

    def __init__(self, own: UdpSocket) -> None:
        self._sockets = {0: own}
        self._next = 1

    def choose(self, address: str | None, ports: tuple[int, int] | None, *, everywhere: bool) -> int:
        """Return the number of one for a client whose login came to `address` and asks for one of `ports`.

        One that is there if it will do, else a new one, as `UdpSocket.bind_server` makes it. Raises EnvironmentFailure.
        """
        for number, socket in self._sockets.items():
            if (ports in (None, (0, 0)) or ports[0] <= socket.port <= ports[1]) and socket.answers_from(address):
                return number
        number = self._next
        self._sockets[number] = UdpSocket.bind_server(address, ports, everywhere=everywhere)
        self._next += 1
        return number

    def port(self, number: int) -> int:
        """Return the local port of one."""
        return self._sockets[number].port

    def send(self, number: int, data: bytes, to: Address) -> int:
        """Send a datagram; return 0, or the errno that kept it from being sent."""
        return self._sockets[number].send(data, to)

    @property
    def several(self) -> bool:
        """Whether there are others than the session's own."""
        return len(self._sockets) > 1

    def take_unneeded(self, needed: set[int]) -> list[UdpSocket]:
        """Return those that are not `needed`, for the caller to close, and forget them."""
        unneeded = [number for number in self._sockets if number and number not in needed]
        return [self._sockets.pop(number) for number in unneeded]

    def __iter__(self) -> Iterator[UdpSocket]:
        return iter(tuple(self._sockets.values()))
