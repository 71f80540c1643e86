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
    def socket_address(self) -> tuple[str, int] | tuple[str, int, int, int]:
        """What Python's socket calls take: two parts for IPv4, four for IPv6."""
        return self[:] if ":" in self.host else self[:2]

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if self.is_ipv6 else f"{self.host}:{self.port}"
