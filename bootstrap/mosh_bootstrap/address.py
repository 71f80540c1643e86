"""A host's addresses, in the order in which --family wants them tried.

The one place that asks the resolver. Knows nothing of ssh.
"""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

from mosh_common.errors import EnvironmentFailure

# As getaddrinfo gives it: (address, port) or (address, port, flow information, scope).
SocketAddress: TypeAlias = tuple[str, int] | tuple[str, int, int, int]

_NAMES: Final = {socket.AF_INET: "IPv4", socket.AF_INET6: "IPv6"}


class HostAddress(NamedTuple):
    """One address of a host, ready for connect()."""

    family: int  # AF_INET or AF_INET6
    socket_address: SocketAddress

    @property
    def text(self) -> str:
        """The numeric address, with its zone if it has one."""
        return socket.getnameinfo(self.socket_address, socket.NI_NUMERICHOST | socket.NI_NUMERICSERV)[0]


def in_order(addresses: Sequence[HostAddress], family: str) -> list[HostAddress]:
    """Return those of `addresses` that `family` allows, in the order in which it wants them tried.

    Raises EnvironmentFailure when none is left, or for `auto` when there are addresses of both kinds.
    """
    if family in ("inet", "inet6"):
        wanted = socket.AF_INET if family == "inet" else socket.AF_INET6
        chosen = [address for address in addresses if address.family == wanted]
        if not chosen:
            raise EnvironmentFailure(f"The host has no {_NAMES[wanted]} address, and --family={family} asks for one.")
        return chosen
    if family in ("prefer-inet", "prefer-inet6"):
        first = socket.AF_INET if family == "prefer-inet" else socket.AF_INET6
        return sorted(addresses, key=lambda address: address.family != first)  # stable: else the resolver's order
    if family == "auto" and len({address.family for address in addresses}) > 1:
        raise EnvironmentFailure("The host has both IPv4 and IPv6 addresses; choose with -4, -6 or --family=all.")
    return list(addresses)


def resolve(host: str, port: str | int, family: str) -> list[HostAddress]:
    """Ask the resolver for the TCP addresses of `host`; at least one, ordered by `in_order`.

    `port`: a number or a service's name. Raises EnvironmentFailure when there are none.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a valid name"
        raise EnvironmentFailure(f"Cannot find the address of {host!r}: {reason}.", exit_code=255) from None
    found: list[HostAddress] = []
    for kind, _type, _protocol, _name, socket_address in answers:
        candidate = HostAddress(kind, socket_address)  # type: ignore[arg-type]  # AF_INET and AF_INET6 only, below
        if kind in _NAMES and candidate not in found:
            found.append(candidate)
    if not found:
        raise EnvironmentFailure(f"{host!r} has neither an IPv4 nor an IPv6 address.", exit_code=255)
    return in_order(found, family)


def split_user(destination: str) -> tuple[str, str]:
    """Split "user@host" into ("user@", "host"); the first is empty when no user is named.

    ssh cuts at the last "@", as user names may hold one.
    """
    user, at, host = destination.rpartition("@")
    return user + at, host
