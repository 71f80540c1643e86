"""Where a datagram came from or goes: one value for both families, everywhere but in the calls of a socket.

Knows no sockets; io/udp.py names the family for them.
"""

from __future__ import annotations

from typing import NamedTuple


class Address(NamedTuple):
    """A numeric IP address and a UDP port; made of what Python's socket calls give by `Address(*socket_address)`."""

    host: str
    port: int
    flow: int = 0  # IPv6 only, as are …
    scope: int = 0  # … these: the interface of a link-local address

    @property
    def is_ipv6(self) -> bool:
        """Whether it is of IPv6's family; an IPv4 address that an IPv6 socket saw ("::ffff:…") is."""
        return ":" in self.host

    @property
    def plain_host(self) -> str:
        """The host as people write it: an IPv4 address that an IPv6 socket saw without "::ffff:"."""
        return self.host.removeprefix("::ffff:") if "." in self.host else self.host

    @property
    def socket_address(self) -> tuple[str, int] | tuple[str, int, int, int]:
        """What Python's socket calls take: two parts for IPv4, four for IPv6."""
        return self[:] if ":" in self.host else self[:2]

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"


def is_confined(host: str) -> bool:
    """Whether a numeric address means something else, or nothing, elsewhere: loopback, link-local and private ones.

    RFC 1918, RFC 3927, RFC 6598 and RFC 1122 §3.2.1.3 for IPv4; RFC 4193, RFC 4291 §2.5.3 and §2.5.6 for IPv6.
    """
    if ":" in host:
        text = host.lower()
        return text in ("::", "::1") or text[:2] in ("fc", "fd") or text[:3] in ("fe8", "fe9", "fea", "feb")
    first, _dot, rest = host.partition(".")
    second = rest.partition(".")[0]
    if not (first.isdigit() and second.isdigit()):
        return False
    network = (int(first), int(second))
    return (
        network[0] in (0, 10, 127)
        or network in ((169, 254), (192, 168))
        or (network[0] == 172 and 16 <= network[1] < 32)
        or (network[0] == 100 and 64 <= network[1] < 128)
    )
