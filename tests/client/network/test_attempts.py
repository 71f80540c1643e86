"""What a user reads whose datagrams were never answered."""

from __future__ import annotations

import errno

from mosh_client.ipc.control import LONGEST_REASON_OCTETS
from mosh_client.network.attempts import Attempts
from mosh_client.network.reception import UNREACHABLE
from mosh_common.address import Address

PUBLIC, PRIVATE = Address("192.0.2.1", 60001), Address("10.1.2.3", 60001)
IPV6 = Address("2001:db8::1", 60001, 0, 0)


def test_it_begins_as_upstreams_and_names_address_and_port() -> None:
    report = Attempts("192.0.2.1", [PUBLIC]).failure()
    assert report.code == UNREACHABLE
    assert report.message.startswith(
        "mosh did not make a successful connection to 192.0.2.1:60001.\n"
        "Please verify that UDP port 60001 is not firewalled and can reach the server.\n"
    )
    assert "\n  192.0.2.1: no answer; a firewall may drop UDP: let 60000 to 61000 in on the server.\n" in report.message


def test_each_address_that_was_tried_has_its_reason() -> None:
    attempts = Attempts("192.0.2.1", [PUBLIC, PRIVATE, IPV6])
    attempts.sent(PUBLIC, 0)
    attempts.sent(IPV6, errno.ENETUNREACH)
    attempts.sent(Address("192.0.2.99", 1), errno.EPERM)  # none of these
    message = attempts.failure().message
    assert "\n  192.0.2.1: no answer;" in message
    assert "\n  10.1.2.3: a private address, which only its own network or a VPN reaches;" in message
    assert "\n  2001:db8::1: cannot send there: Network is unreachable.\n" in message
    assert "192.0.2.99" not in message


def test_a_failure_that_passed_is_none() -> None:
    attempts = Attempts("192.0.2.1", [PUBLIC])
    attempts.sent(PUBLIC, errno.ENETUNREACH)
    attempts.sent(PUBLIC, 0)
    assert "192.0.2.1: no answer" in attempts.failure().message


def test_a_server_with_ipv6_only_and_a_network_without_have_their_own_sentence() -> None:
    attempts = Attempts("2001:db8::1", [IPV6, IPV6._replace(host="2001:db8::2")])
    attempts.sent(IPV6, errno.ENETUNREACH)
    assert "no IPv6" not in attempts.failure().message  # the other one went out
    attempts.sent(IPV6._replace(host="2001:db8::2"), errno.EADDRNOTAVAIL)
    assert "no address but IPv6 ones, and this machine's network has no IPv6" in attempts.failure().message


def test_the_report_fits_however_many_were_tried() -> None:
    many = [IPV6._replace(host=f"fd12:3456:789a:bcde:f012:3456:789a:{number:x}") for number in range(0x1000, 0x1009)]
    message = Attempts(many[0].host, many).failure().message
    assert "\n  and 4 more\n" in message
    assert len(message.encode()) <= LONGEST_REASON_OCTETS
