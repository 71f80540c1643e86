"""Port hopping on loopback."""

from __future__ import annotations

import errno
import select
import socket
from collections.abc import Iterator

import pytest

from mosh_client.network.sockets import ADDRESSES_LIMIT, Sockets, alternatives
from mosh_common.address import Address
from mosh_common.protocol import PORT_LIFETIME_MS, PORTS_KEPT

pytestmark = pytest.mark.system

NOW = 1000


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(5)
        yield sock


@pytest.fixture
def sockets(server: socket.socket) -> Iterator[Sockets]:
    opened = Sockets(Address(*server.getsockname()), now=NOW)
    yield opened
    opened.close()


def source_of_a_datagram(sockets: Sockets, server: socket.socket) -> tuple[str, int]:
    assert sockets.send(b"hello", Address(*server.getsockname())) == 0
    source: tuple[str, int] = server.recvfrom(100)[1]
    return source


def test_a_hop_changes_the_source_port_and_the_old_one_still_listens(sockets: Sockets, server: socket.socket) -> None:
    first = source_of_a_datagram(sockets, server)
    assert sockets.hop(now=NOW) == []
    assert source_of_a_datagram(sockets, server) != first
    server.sendto(b"late", first)
    old, _new = sockets.filenos
    assert select.select([old], [], [], 5)[0] == [old]
    assert [data for data, *_ in sockets.receive(old)] == [b"late"]


def test_at_most_ten_ports_are_kept(sockets: Sockets) -> None:
    for _ in range(PORTS_KEPT - 1):
        assert sockets.hop(now=NOW) == []
    oldest = sockets.filenos[0]
    assert sockets.hop(now=NOW) == [oldest]
    assert len(sockets.filenos) == PORTS_KEPT


def test_old_ports_are_closed_a_minute_after_the_newest_was_chosen(sockets: Sockets) -> None:
    assert sockets.next_deadline() is None
    sockets.hop(now=NOW + 5)
    old = sockets.filenos[0]
    due = NOW + 5 + PORT_LIFETIME_MS
    assert sockets.next_deadline() == due
    assert sockets.close_expired(now=due - 1) == []
    assert sockets.close_expired(now=due) == [old]
    assert len(sockets.filenos) == 1
    assert sockets.next_deadline() is None


def test_a_descriptor_that_is_none_of_them_has_nothing(sockets: Sockets) -> None:
    assert sockets.receive(-1) == []


def test_an_address_of_the_other_family_gets_its_own_socket(sockets: Sockets) -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as other:
        try:
            other.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 loopback")
        other.settimeout(5)
        assert sockets.send(b"hello", Address(*other.getsockname())) == 0
        data, source = other.recvfrom(100)
        assert data == b"hello"
        other.sendto(b"answer", source)
        old, _main = sockets.filenos
        assert select.select([old], [], [], 5)[0] == [old]
        assert sockets.send(b"again", Address(*other.getsockname())) == 0
        assert other.recvfrom(100) == (b"again", source)


def test_only_numeric_addresses_other_than_the_peers_are_alternatives() -> None:
    peer = Address("192.0.2.1", 60001)
    found = alternatives("192.0.2.1 nonsense.example 2001:db8::7  192.0.2.9 192.0.2.9", port=60001, peer=peer)
    assert found == [Address("2001:db8::7", 60001, 0, 0), Address("192.0.2.9", 60001)]
    assert alternatives("", port=1, peer=peer) == []
    assert len(alternatives(" ".join(f"192.0.2.{number}" for number in range(9)), port=1, peer=peer)) == ADDRESSES_LIMIT


def test_a_socket_of_the_family_that_answers_becomes_the_newest_and_stays_open(sockets: Sockets) -> None:
    elsewhere = Address("::1", 9, 0, 0)
    if sockets.send(b"hello", elsewhere) not in (0, errno.ECONNREFUSED):
        pytest.skip("no IPv6 loopback")
    other, first = sockets.filenos
    sockets.follow(elsewhere, now=NOW + 7)
    assert sockets.filenos == [first, other]
    due = NOW + 7 + PORT_LIFETIME_MS
    assert sockets.next_deadline() == due
    assert sockets.close_expired(now=due) == [first]
    assert sockets.filenos == [other]
    sockets.follow(elsewhere, now=due)  # nothing more to do
    assert sockets.filenos == [other]


def test_another_address_of_the_same_family_needs_no_other_socket(sockets: Sockets) -> None:
    sockets.hop(now=NOW)
    before = sockets.filenos
    sockets.follow(Address("127.0.0.9", 9), now=NOW)
    assert sockets.filenos == before
