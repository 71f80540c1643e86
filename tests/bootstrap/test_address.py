"""Which of a host's addresses are tried, and in which order."""

from __future__ import annotations

import socket

import pytest

from mosh_bootstrap.address import HostAddress, in_order, resolve, split_user
from mosh_common.errors import EnvironmentFailure

V4A = HostAddress(socket.AF_INET, ("192.0.2.1", 22))
V4B = HostAddress(socket.AF_INET, ("192.0.2.2", 22))
V6A = HostAddress(socket.AF_INET6, ("2001:db8::1", 22, 0, 0))
V6B = HostAddress(socket.AF_INET6, ("2001:db8::2", 22, 0, 0))
MIXED = [V6A, V4A, V6B, V4B]


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("prefer-inet", [V4A, V4B, V6A, V6B]),
        ("prefer-inet6", [V6A, V6B, V4A, V4B]),
        ("inet", [V4A, V4B]),
        ("inet6", [V6A, V6B]),
        ("all", MIXED),
    ],
)
def test_each_family_has_its_order_and_keeps_the_resolvers_within(family: str, expected: list[HostAddress]) -> None:
    assert in_order(MIXED, family) == expected


def test_auto_takes_a_host_with_one_kind_of_address_and_no_other() -> None:
    assert in_order([V6B, V6A], "auto") == [V6B, V6A]
    with pytest.raises(EnvironmentFailure, match="choose with -4, -6"):
        in_order(MIXED, "auto")


@pytest.mark.parametrize(("family", "wrong", "name"), [("inet", V6A, "IPv4"), ("inet6", V4A, "IPv6")])
def test_a_host_without_the_wanted_kind_is_an_error(family: str, wrong: HostAddress, name: str) -> None:
    with pytest.raises(EnvironmentFailure, match=f"no {name} address"):
        in_order([wrong], family)


def test_a_numeric_address_resolves_to_itself() -> None:
    assert resolve("127.0.0.1", 22, "prefer-inet") == [HostAddress(socket.AF_INET, ("127.0.0.1", 22))]
    assert [address.text for address in resolve("::1", "22", "all")] == ["::1"]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300])
def test_a_name_without_an_address_is_one_sentence(host: str) -> None:
    with pytest.raises(EnvironmentFailure, match="address") as failure:
        resolve(host, 22, "prefer-inet")
    assert "\n" not in str(failure.value)


@pytest.mark.parametrize(
    ("destination", "expected"),
    [
        ("host", ("", "host")),
        ("me@host", ("me@", "host")),
        ("me@corp@host", ("me@corp@", "host")),
        ("me@::1", ("me@", "::1")),
    ],
)
def test_the_user_is_what_stands_before_the_last_at_sign(destination: str, expected: tuple[str, str]) -> None:
    assert split_user(destination) == expected
