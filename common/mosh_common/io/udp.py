"""A UDP socket with the few options that the protocol asks for: ECN, no path-MTU discovery, dual stack.

Knows nothing of what the datagrams hold. Sending never raises: on a roaming machine every errno is an ordinary
event, and the caller decides what it means.
"""

from __future__ import annotations

import errno
import socket
import struct
import sys
import time
from typing import Final

from mosh_common.address import Address
from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.protocol import PORT_RANGE

RECEIVE_OCTETS: Final = 4096  # more than any datagram of a peer within its rules (1280); longer ones are dropped
RECEIVE_BATCH: Final = 64  # datagrams per call, so that a flood cannot keep the loop from its other work

_ANY_IPV4: Final = "0.0.0.0"  # nosec B104  # a client may come from anywhere; what is not authentic is dropped

_ECN_CAPABLE: Final = 0x02  # ECT(0) in the TOS octet, RFC 3168 §5
_ECN_MASK: Final = 0x03
_ECN_CONGESTION: Final = 0x03

# Not in Python's socket module (before 3.14); the numbers are Linux's.
_IP_MTU_DISCOVER: Final = 10
_IP_PMTUDISC_DONT: Final = 0
_SO_TIMESTAMPNS: Final = 64  # the one of Linux 5.1, whose times have 64 bits on every machine
_TIME: Final = struct.Struct("=qq")  # seconds, nanoseconds of CLOCK_REALTIME
_PACKET_INFO: Final = struct.Struct("=16si")  # in6_pktinfo: a local address, IPv4-mapped ones included; an interface
_LONGEST_TOS_OCTETS: Final = 4  # of the kinds of ancillary data that are asked for, the others are longer
_ANSWERED_LIMIT: Final = 8  # peers whose datagrams' destination is known: a session has one, which roams
_LONGEST_WAIT_NS: Final = 5 * 10**9  # more says only that the clock was set meanwhile


class UdpSocket:
    """A non-blocking UDP socket; datagrams in and out with their addresses and ECN marks."""

    __slots__ = ("_ancillary_octets", "_answer_from", "_socket", "family", "port")

    def __init__(self, sock: socket.socket) -> None:
        """Take over a bound or unbound datagram socket and set its options."""
        self._socket = sock
        self._ancillary_octets = socket.CMSG_SPACE(_LONGEST_TOS_OCTETS) + socket.CMSG_SPACE(_TIME.size)
        # Of a server that listens everywhere: where each peer's last datagram was sent to. A hint: anybody can make it
        # wrong for an address of his own.
        self._answer_from: dict[Address, bytes] | None = None
        self.family = sock.family
        sock.setblocking(False)
        _set_options(sock)
        self.port: int = sock.getsockname()[1]  # local port; 0 until the first send of an unbound socket

    @classmethod
    def bind_server(
        cls, address: str | None, ports: tuple[int, int] | None = None, *, everywhere: bool = False
    ) -> UdpSocket:
        """Bind the first free port of `ports` (inclusive; None = PORT_RANGE; (0, 0) = the system's choice).

        `address` is a numeric local address to try first; any address serves when it cannot be bound (it may be
        that of a NAT). `everywhere`: where the system can answer each datagram from the address that it was sent to,
        all are bound, and `address` only where that fails. Raises EnvironmentFailure with one sentence for the user
        when no port is free.
        """
        low, high = ports if ports is not None else PORT_RANGE
        last: OSError | None = None
        hosts = [address] if address else []
        everywhere = everywhere and sys.platform == "linux"
        hosts = ["::", *hosts, _ANY_IPV4] if everywhere else [*hosts, "::", _ANY_IPV4]
        for host in hosts:
            for port in range(low, high + 1):
                try:
                    opened = cls(_bound(Address(host, port)))
                    if everywhere and host == "::":
                        opened._answer_where_asked()
                    return opened
                except OSError as error:
                    last = error
                    if error.errno not in (errno.EADDRINUSE, errno.EACCES, errno.EPERM):
                        break  # the address is the trouble, not the port
        wanted = str(low) if low == high else f"{low}–{high}"
        reason = last.strerror if last is not None else "the range is empty"
        raise EnvironmentFailure(f"Cannot bind UDP port {wanted}: {reason}. Choose another with -p PORT[:PORT2].")

    @classmethod
    def for_peer(cls, peer: Address) -> UdpSocket:
        """Return an unbound socket of the family of `peer`. Raises EnvironmentFailure when none can be made.

        It knows when datagrams arrived, where the system says so.
        """
        try:
            opened = cls(_opened(peer))
        except OSError as error:
            raise EnvironmentFailure(f"Cannot open a UDP socket: {error.strerror}.") from error
        if sys.platform == "linux":
            _set_option(opened._socket, socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        return opened

    def answers_from(self, address: str | None) -> bool:
        """Return whether who sends to that local address is answered from there, as a server's client wants it.

        None: no address is asked for.
        """
        return address is None or self._answer_from is not None or self._socket.getsockname()[0] == address

    def fileno(self) -> int:
        """Return the descriptor, for a selector."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close the socket; harmless when it is closed."""
        self._socket.close()

    def receive(self) -> list[tuple[bytes, Address, bool, int | None]]:
        """Return what waits, at most RECEIVE_BATCH of (datagram, source, congestion mark seen, arrival); never blocks.

        The arrival is in ms of our clock, None where the system does not say; only sockets made for a peer ask it.
        """
        received: list[tuple[bytes, Address, bool, int | None]] = []
        for _ in range(RECEIVE_BATCH):
            try:
                data, ancillary, flags, source = self._socket.recvmsg(RECEIVE_OCTETS, self._ancillary_octets)
            except OSError:  # nothing more, or an ICMP error that was queued: sending will meet it again
                break
            if flags & socket.MSG_TRUNC:
                continue
            congestion = any(
                octets
                and len(octets) <= _LONGEST_TOS_OCTETS
                and max(octets) & _ECN_MASK == _ECN_CONGESTION
                and level in _TOS_LEVELS
                for level, _kind, octets in ancillary
            )
            sender = Address(*source)
            if self._answer_from is not None:
                self._note_destination(sender, ancillary)
            received.append((data, sender, congestion, _arrival(ancillary)))
        return received

    def send(self, data: bytes, to: Address) -> int:
        """Send one datagram; return 0, or the errno that kept it from being sent."""
        if self._answer_from and (information := self._answer_from.get(to)) is not None:
            try:
                self._socket.sendmsg(
                    [data], [(socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, information)], 0, to.socket_address
                )
            except OSError as error:
                if error.errno in _NOT_THE_ADDRESS:
                    return error.errno or errno.EIO
                del self._answer_from[to]  # this machine may have lost it: the system chooses
            else:
                return 0
        try:
            self._socket.sendto(data, to.socket_address)
        except OSError as error:
            return error.errno or errno.EIO
        if not self.port:
            self.port = self._socket.getsockname()[1]
        return 0

    def _answer_where_asked(self) -> None:
        """Ask the system where each datagram was sent to. Raises OSError."""
        try:
            self._socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        except OSError:
            self._socket.close()
            raise
        self._ancillary_octets += socket.CMSG_SPACE(_PACKET_INFO.size)
        self._answer_from = {}

    def _note_destination(self, sender: Address, ancillary: list[tuple[int, int, bytes]]) -> None:
        assert self._answer_from is not None
        for level, kind, octets in ancillary:
            if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO and len(octets) == _PACKET_INFO.size:
                if len(self._answer_from) >= _ANSWERED_LIMIT and sender not in self._answer_from:
                    self._answer_from.clear()
                # No interface: which one leads to the peer is the routes' to say.
                self._answer_from[sender] = _PACKET_INFO.pack(_PACKET_INFO.unpack(octets)[0], 0)


# What sending from another address would not mend.
_NOT_THE_ADDRESS: Final = (errno.EMSGSIZE, errno.EAGAIN, errno.ENOBUFS, errno.ECONNREFUSED, errno.EPERM)
_TOS_LEVELS: Final = frozenset((socket.IPPROTO_IP, socket.IPPROTO_IPV6))


def family_of(address: Address) -> socket.AddressFamily:
    """Return the family of the sockets that reach an address."""
    return socket.AF_INET6 if address.is_ipv6 else socket.AF_INET


def _arrival(ancillary: list[tuple[int, int, bytes]]) -> int | None:
    """Return when a datagram came to this machine, in ms of our clock; None = not said."""
    for level, kind, octets in ancillary:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS and len(octets) == _TIME.size:
            seconds, nanoseconds = _TIME.unpack(octets)
            waited_ns = time.time_ns() - seconds * 10**9 - nanoseconds
            return now_ms() - waited_ns // 10**6 if 0 <= waited_ns < _LONGEST_WAIT_NS else None
    return None


def _opened(address: Address) -> socket.socket:
    """Return a socket of the family of `address`. Raises OSError."""
    return socket.socket(family_of(address), socket.SOCK_DGRAM | getattr(socket, "SOCK_CLOEXEC", 0))


def _bound(address: Address) -> socket.socket:
    sock = _opened(address)
    try:
        if address.host == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(address.socket_address)
    except (OSError, OverflowError) as error:
        sock.close()
        if isinstance(error, OverflowError):
            raise OSError(errno.EINVAL, f"port {address.port} is not between 0 and 65535") from error
        raise
    return sock


def _set_options(sock: socket.socket) -> None:
    """Mark datagrams ECN-capable, ask for the marks of received ones, and let routers fragment on IPv4.

    Each is a refinement: a system that lacks one still has a working session.
    """
    wanted: list[tuple[int, int, int]] = [
        (socket.IPPROTO_IP, socket.IP_TOS, _ECN_CAPABLE),
        (socket.IPPROTO_IP, getattr(socket, "IP_RECVTOS", -1), 1),
    ]
    if sock.family == socket.AF_INET6:
        wanted += [
            (socket.IPPROTO_IPV6, getattr(socket, "IPV6_TCLASS", -1), _ECN_CAPABLE),
            (socket.IPPROTO_IPV6, getattr(socket, "IPV6_RECVTCLASS", -1), 1),
        ]
    if sys.platform == "linux":
        wanted.append((socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_DONT))
    for level, option, value in wanted:
        if option >= 0:
            _set_option(sock, level, option, value)


def _set_option(sock: socket.socket, level: int, option: int, value: int) -> None:
    try:
        sock.setsockopt(level, option, value)
    except OSError:
        pass  # e.g. IP-level options on an IPv6-only stack
