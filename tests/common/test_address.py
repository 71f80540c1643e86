"""Addresses of both families, and what sockets and debug lines make of them."""

from __future__ import annotations

import pytest

from mosh_common.address import Address, is_confined


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


@pytest.mark.parametrize(
    ("host", "confined"),
    [
        ("127.0.0.1", True),
        ("10.255.0.1", True),
        ("172.16.0.1", True),
        ("172.31.255.255", True),
        ("172.15.0.1", False),
        ("172.32.0.1", False),
        ("192.168.1.1", True),
        ("192.169.1.1", False),
        ("169.254.1.1", True),
        ("100.64.0.1", True),
        ("100.63.0.1", False),
        ("100.128.0.1", False),
        ("0.0.0.0", True),
        ("192.0.2.1", False),
        ("::1", True),
        ("::", True),
        ("fe80::1", True),
        ("FEBF::1%eth0", True),
        ("fec0::1", False),
        ("fd12:3456::1", True),
        ("2001:db8::1", False),
        ("nonsense", False),
        ("1.x", False),
        ("", False),
    ],
)
def test_an_address_of_a_network_of_its_own_is_told_from_one_of_the_world(host: str, confined: bool) -> None:
    assert is_confined(host) is confined


@pytest.mark.parametrize(
    ("host", "plain"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:0:1", "::ffff:0:1"),
    ],
)
def test_a_mapped_address_is_written_as_the_ipv4_address_that_it_is(host: str, plain: str) -> None:
    assert Address(host, 1).plain_host == plain
