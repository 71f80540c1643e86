"""UdpSocket on loopback: ports, datagrams, errors as values."""

from __future__ import annotations

import errno
import select
import socket
import struct
import time
from collections.abc import Iterator

import pytest

from mosh_common.address import Address
from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.udp import RECEIVE_BATCH, UdpSocket, _arrival

pytestmark = pytest.mark.system


@pytest.fixture
def server() -> Iterator[UdpSocket]:
    sock = UdpSocket.bind_server("127.0.0.1", (0, 0))
    yield sock
    sock.close()


@pytest.fixture
def client(server: UdpSocket) -> Iterator[UdpSocket]:
    sock = UdpSocket.for_peer(Address("127.0.0.1", server.port))
    yield sock
    sock.close()


def wait_readable(sock: UdpSocket) -> None:
    assert select.select([sock], [], [], 60)[0], "no datagram arrived within a minute"


def test_a_datagram_arrives_with_its_source_and_can_be_answered(server: UdpSocket, client: UdpSocket) -> None:
    assert client.send(b"ping", Address("127.0.0.1", server.port)) == 0
    wait_readable(server)
    [(data, source, congestion, _)] = server.receive()
    assert (data, congestion) == (b"ping", False)
    assert source.port == client.port != 0
    server.send(b"pong", source)
    wait_readable(client)
    assert client.receive()[0][0] == b"pong"


@pytest.mark.requires_linux
def test_a_socket_for_a_peer_knows_when_a_datagram_arrived(server: UdpSocket, client: UdpSocket) -> None:
    client.send(b"ping", Address("127.0.0.1", server.port))
    wait_readable(server)
    [(_, source, _, arrived_at)] = server.receive()
    assert arrived_at is None  # nobody asks there
    for _ in range(20):
        before = now_ms()
        server.send(b"pong", source)
        wait_readable(client)
        after = now_ms()
        time.sleep(0.2)
        [(_, _, _, arrived_at)] = client.receive()
        assert arrived_at is not None
        assert arrived_at >= before - 1  # two clocks are read, each cut to milliseconds
        late = arrived_at - after
        if late <= 1:
            return
        # Linux begins to note times a moment after the first socket of the machine asks for them; till then it tells
        # when the datagram is read.
    pytest.fail(f"it says that it arrived {late} ms after it had arrived")


@pytest.mark.parametrize("seconds", [-3600, -6, 1, 3600])
def test_a_clock_that_was_set_meanwhile_says_nothing(seconds: int) -> None:
    stamp = struct.pack("=qq", time.time_ns() // 10**9 + seconds, 0)
    assert _arrival([(socket.SOL_SOCKET, 64, stamp)]) is None


def test_nothing_waiting_is_an_empty_list(server: UdpSocket) -> None:
    assert server.receive() == []


def test_a_flood_is_taken_in_bounded_batches(server: UdpSocket, client: UdpSocket) -> None:
    for _ in range(RECEIVE_BATCH + 10):
        client.send(b"x", Address("127.0.0.1", server.port))
    wait_readable(server)
    assert len(server.receive()) == RECEIVE_BATCH
    assert len(server.receive()) == 10


def test_an_oversized_datagram_is_dropped(server: UdpSocket, client: UdpSocket) -> None:
    client.send(b"x" * 5000, Address("127.0.0.1", server.port))
    client.send(b"ok", Address("127.0.0.1", server.port))
    received: list[bytes] = []
    while not received:  # the first of the two may have come alone
        wait_readable(server)
        received = [data for data, *_ in server.receive()]
    assert received == [b"ok"]


def test_a_congestion_mark_is_reported(server: UdpSocket) -> None:
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x03)
        sender.sendto(b"marked", ("127.0.0.1", server.port))
        wait_readable(server)
        assert server.receive()[0][2] is True
    finally:
        sender.close()


def test_an_unsendable_datagram_is_an_errno_not_an_exception(client: UdpSocket, server: UdpSocket) -> None:
    assert client.send(b"x" * 70000, Address("127.0.0.1", server.port)) == errno.EMSGSIZE


def test_the_next_port_of_the_range_is_taken_when_one_is_in_use(server: UdpSocket) -> None:
    for low in range(server.port, server.port + 1):
        other = UdpSocket.bind_server("127.0.0.1", (low, min(low + 20, 65535)))
        try:
            assert low < other.port <= low + 20
        finally:
            other.close()


def test_a_range_in_use_is_one_clear_sentence() -> None:
    # Both families are taken when the wildcard socket holds the port.
    blocker = UdpSocket.bind_server(None, (0, 0))
    try:
        with pytest.raises(EnvironmentFailure, match=rf"Cannot bind UDP port {blocker.port}.*-p PORT"):
            UdpSocket.bind_server(None, (blocker.port, blocker.port))
    finally:
        blocker.close()


def test_a_foreign_local_address_falls_back_to_any() -> None:
    sock = UdpSocket.bind_server("192.0.2.1", (0, 0))
    try:
        assert sock.port > 0
    finally:
        sock.close()


def test_the_wildcard_socket_serves_both_families() -> None:
    sock = UdpSocket.bind_server(None, (0, 0))
    client = UdpSocket.for_peer(Address("127.0.0.1", sock.port))
    try:
        client.send(b"four", Address("127.0.0.1", sock.port))
        wait_readable(sock)
        assert sock.receive()[0][0] == b"four"
    finally:
        sock.close()
        client.close()


@pytest.mark.requires_linux
@pytest.mark.parametrize("asked", ["127.0.0.1", "127.0.0.77", "::1"])
def test_a_server_that_listens_everywhere_answers_from_the_address_that_was_asked(asked: str) -> None:
    sock = UdpSocket.bind_server("127.0.0.1", (0, 0), everywhere=True)
    try:
        with socket.socket(socket.AF_INET6 if ":" in asked else socket.AF_INET, socket.SOCK_DGRAM) as client:
            try:
                client.connect((asked, sock.port))  # hears nobody else
            except OSError:
                pytest.skip("no IPv6 loopback")
            client.settimeout(5)
            client.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 0x02)
            client.send(b"question")
            wait_readable(sock)
            [(data, source, congestion, _)] = sock.receive()
            assert (data, congestion) == (b"question", False)
            assert sock.send(b"answer", source) == 0
            assert client.recv(100) == b"answer"
    finally:
        sock.close()


@pytest.mark.requires_linux
def test_an_address_that_this_machine_has_lost_is_answered_from_another() -> None:
    sock = UdpSocket.bind_server("127.0.0.1", (0, 0), everywhere=True)
    client = UdpSocket.for_peer(Address("127.0.0.1", sock.port))
    try:
        client.send(b"question", Address("127.0.0.1", sock.port))
        wait_readable(sock)
        [(_, source, _, _)] = sock.receive()
        assert sock._answer_from is not None
        sock._answer_from[source] = socket.inet_pton(socket.AF_INET6, "2001:db8::1") + bytes(4)
        assert sock.send(b"answer", source) == 0
        wait_readable(client)
        assert client.receive()[0][0] == b"answer"
        assert sock.send(bytes(70_000), source) == errno.EMSGSIZE
    finally:
        client.close()
        sock.close()


@pytest.mark.requires_linux
def test_where_answers_go_out_is_remembered_of_a_few_peers_only() -> None:
    sock = UdpSocket.bind_server("127.0.0.1", (0, 0), everywhere=True)
    clients = [UdpSocket.for_peer(Address("127.0.0.1", sock.port)) for _ in range(20)]
    try:
        for client in clients:
            client.send(b"question", Address("127.0.0.1", sock.port))
            wait_readable(sock)
            sock.receive()
        assert 0 < len(sock._answer_from or {}) <= 8
    finally:
        for each in (sock, *clients):
            each.close()
