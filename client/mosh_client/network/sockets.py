"""The client's UDP sockets: one to send from, older ones to listen on.

A new source port gets a session out of a NAT or firewall that forgot or blocked the old one; answers to what the old
ones sent may still come for a while (docs/wire.md §1). When to hop is the transport's to say.
"""

from __future__ import annotations

import errno
import socket
from typing import Final

from mosh_common.address import Address
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.udp import UdpSocket, family_of
from mosh_common.protocol import PORT_LIFETIME_MS, PORTS_KEPT

# Numeric addresses that the server's name had, with blanks between: the wrapper may know them.
ADDRESSES_VARIABLE: Final = "MOSH_ADDRESSES"
ADDRESSES_LIMIT: Final = 8  # more are not tried: each probe goes to all of them


def alternatives(text: str, *, port: int, peer: Address) -> list[Address]:
    """Return the numeric addresses in `text`, but for `peer`; others are passed over."""
    found: list[Address] = []
    for word in text.split():
        try:
            result = socket.getaddrinfo(
                word, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
            )
        except (OSError, UnicodeError):
            continue
        address = Address(*result[0][4])
        if address != peer and address not in found:
            found.append(address)
    return found[:ADDRESSES_LIMIT]


class Sockets:
    """Sends from the newest socket, receives from all."""

    def __init__(self, peer: Address, *, now: int) -> None:
        """Open the first socket. Raises EnvironmentFailure."""
        self._peer = peer
        self._sockets = [UdpSocket.for_peer(peer)]  # newest last
        self._chosen_at = now  # when the newest one was

    @property
    def filenos(self) -> list[int]:
        """The descriptors to watch."""
        return [sock.fileno() for sock in self._sockets]

    def send(self, data: bytes, to: Address) -> int:
        """Send a datagram; return 0 or the errno."""
        if family_of(to) != self._sockets[-1].family:
            return self._send_elsewhere(data, to)
        return self._sockets[-1].send(data, to)

    def receive(self, fd: int) -> list[tuple[bytes, Address, bool, int | None]]:
        """Return what waits on one of `filenos`: (datagram, source, congestion mark seen, arrival if known)."""
        for sock in self._sockets:
            if sock.fileno() == fd:
                return sock.receive()
        return []

    def hop(self, *, now: int, peer: Address | None = None) -> list[int]:
        """Open another socket to send from, to `peer` if that is another now; return the descriptors now closed."""
        self._peer = peer or self._peer
        try:
            fresh = UdpSocket.for_peer(self._peer)
        except EnvironmentFailure:
            return []  # e.g. no descriptors left: the old one goes on
        self._sockets.append(fresh)
        self._chosen_at = now
        return self._close_oldest(len(self._sockets) - PORTS_KEPT)

    def follow(self, peer: Address, *, now: int) -> None:
        """Say where the server is: a socket of that family becomes the newest, and is none of those to be closed."""
        if peer == self._peer:
            return
        self._peer = peer
        for sock in reversed(self._sockets):
            if sock.family == family_of(peer):
                if sock is not self._sockets[-1]:
                    self._sockets.remove(sock)
                    self._sockets.append(sock)
                    self._chosen_at = now
                return

    def close_expired(self, *, now: int) -> list[int]:
        """Close the old sockets once the newest has served long enough; return the closed descriptors."""
        if len(self._sockets) == 1 or now < self._chosen_at + PORT_LIFETIME_MS:
            return []
        return self._close_oldest(len(self._sockets) - 1)

    def next_deadline(self) -> int | None:
        """Return when `close_expired` has something to do; None = never."""
        return self._chosen_at + PORT_LIFETIME_MS if len(self._sockets) > 1 else None

    def close(self) -> None:
        """Close all."""
        self._close_oldest(len(self._sockets))

    def _send_elsewhere(self, data: bytes, to: Address) -> int:
        """Send to an address of the other family, from the newest socket of that family or a new one."""
        family = family_of(to)
        for sock in reversed(self._sockets):
            if sock.family == family:
                return sock.send(data, to)
        try:
            fresh = UdpSocket.for_peer(to)
        except EnvironmentFailure:
            return errno.EAFNOSUPPORT
        self._sockets.insert(0, fresh)
        return fresh.send(data, to)

    def _close_oldest(self, count: int) -> list[int]:
        closed: list[int] = []
        for sock in self._sockets[: max(count, 0)]:
            closed.append(sock.fileno())
            sock.close()
        del self._sockets[: max(count, 0)]
        return closed
