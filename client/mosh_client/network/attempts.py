"""Where a client sent its first datagrams, and what the user reads when none of them was ever answered.

Knows no socket and no time: addresses and errno's in, a sentence for each out.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from typing import Final

from mosh_client.ipc.control import Report
from mosh_client.network.reception import UNREACHABLE
from mosh_common.address import Address, is_confined
from mosh_common.protocol import PORT_RANGE

_NO_WAY: Final = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
_LISTED: Final = 5  # addresses; the report to the launcher is bounded, and nobody reads more


class Attempts:
    """The addresses of a server that was never heard."""

    def __init__(self, ip: str, addresses: Sequence[Address]) -> None:
        """Begin to try `addresses`, one or more; `ip`: the first of them as the user knows it."""
        self._ip = ip
        self._failures = dict.fromkeys(addresses, 0)  # the errno of the last datagram sent there; 0 = it went out

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where the first datagrams go.

        SECURITY: more addresses weaken nothing: whoever is there reads nothing, and only what is authentic counts.
        test_an_authentic_datagram_from_an_unknown_address_does_not_move_a_client
        """
        return tuple(self._failures)

    def sent(self, to: Address, failure: int) -> None:
        """Say how sending a datagram to one of them went: 0, or the errno."""
        if to in self._failures:
            self._failures[to] = failure

    def failure(self) -> Report:
        """Return how it ends when no datagram of the server ever came."""
        port = next(iter(self._failures)).port
        return Report(
            UNREACHABLE,
            f"mosh did not make a successful connection to {self._ip}:{port}.\n"
            f"Please verify that UDP port {port} is not firewalled and can reach the server.\n\n"
            f"{self._reasons()}\n"
            f"(mosh-server takes a UDP port between {PORT_RANGE[0]} and {PORT_RANGE[1]} unless told otherwise;\n"
            "the -p option of mosh selects a particular one.)",
        )

    def _reasons(self) -> str:
        if all(to.is_ipv6 and failure in _NO_WAY for to, failure in self._failures.items()):
            return (
                "The server has no address but IPv6 ones, and this machine's network has no IPv6. UDP goes straight\n"
                "to the server, through no jump host: it takes an IPv4 address there, or IPv6 here.\n"
            )
        lines = [f"  {to.host}: {_reason(to, failure)}\n" for to, failure in self._failures.items()]
        more = f"  and {len(lines) - _LISTED} more\n" if len(lines) > _LISTED else ""
        return f"Tried:\n{''.join(lines[:_LISTED])}{more}"


def _reason(to: Address, failure: int) -> str:
    """Return why an address may not have answered."""
    if failure:
        return f"cannot send there: {os.strerror(failure)}."
    if is_confined(to.host):
        return "a private address, which only its own network or a VPN reaches; UDP goes through no jump host."
    return "no answer; a firewall may drop UDP: let 60000 to 61000 in on the server."
