"""Addresses of both families, and what sockets and debug lines make of them."""

from __future__ import annotations

import pytest

from mosh_common.address import Address


@pytest.mark.parametrize(
    ("socket_address", "is_ipv6", "text"),
    [
        (("192.0.2.1", 60001), False, "192.0.2.1:60001"),
        (("2001:db8::1", 60001, 0, 0), True, "[2001:db8::1]:60001"),
        (("fe80::1%eth0", 60001, 0, 2), True, "[fe80::1%eth0]:60001"),
        (("::ffff:192.0.2.1", 60001, 0, 0), True, "[::ffff:192.0.2.1]:60001"),
    ],
)
def test_an_address_goes_back_to_a_socket_as_it_came(
    socket_address: tuple[str, int] | tuple[str, int, int, int], is_ipv6: bool, text: str
) -> None:
    address = Address(*socket_address)
    assert address.socket_address == socket_address
    assert address.is_ipv6 is is_ipv6
    assert str(address) == text


def test_addresses_on_two_links_are_two() -> None:
    assert Address("fe80::1", 60001, 0, 2) != Address("fe80::1", 60001, 0, 3)
