"""The rig itself: the relay does to datagrams what it was told, and the comparison of screens notices a difference."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from tests.support.programs import UPSTREAM, Pair, wait_until
from tests.support.relay import Relay
from tests.support.terminal_session import MoshSession
from tests.support.tmux import Cell, Look, Picture, Tmux, parse_capture

MANY = 200


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(20)
        yield opened


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(20)
        yield opened


def send(client: socket.socket, relay: Relay, *datagrams: bytes) -> None:
    for datagram in datagrams:
        client.sendto(datagram, ("127.0.0.1", relay.port))


def arrived(server: socket.socket) -> list[int]:
    """Return the numbers of the datagrams that came before the one that says `end`."""
    numbers = []
    while (datagram := server.recv(100)) != b"end":
        numbers.append(int(datagram))
    return numbers


def fate_of_many(client: socket.socket, server: socket.socket, seed: int, **conditions: float) -> list[int]:
    with Relay(server.getsockname()[1], seed=seed) as relay:
        relay.set(**conditions)
        send(client, relay, *(b"%d" % number for number in range(MANY)))
        wait_until(lambda: relay.upward.offered == MANY, "the relay did not see them all")
        relay.mend()
        wait_until(lambda: not relay.under_way, "the relay still holds some")
        send(client, relay, b"end")
        return arrived(server)


def test_a_datagram_and_its_answer_pass_unchanged(client: socket.socket, server: socket.socket) -> None:
    with Relay(server.getsockname()[1]) as relay:
        send(client, relay, b"to the server")
        datagram, source = server.recvfrom(100)
        assert (datagram, source) == (b"to the server", relay.source)
        server.sendto(b"to the client", source)
        assert client.recvfrom(100) == (b"to the client", ("127.0.0.1", relay.port))


def test_the_same_seed_loses_the_same_datagrams(client: socket.socket, server: socket.socket) -> None:
    first, again, other = (fate_of_many(client, server, seed, loss=0.2) for seed in (7, 7, 8))
    assert first == again != other
    assert MANY * 0.7 < len(first) < MANY * 0.9


def test_datagrams_are_doubled_and_overtaken_but_not_lost(client: socket.socket, server: socket.socket) -> None:
    numbers = fate_of_many(client, server, 7, duplicate=0.2, reorder=0.2, reorder_ms=20)
    assert set(numbers) == set(range(MANY))
    assert len(numbers) > MANY
    assert numbers != sorted(numbers)


def test_nothing_passes_in_a_black_out(client: socket.socket, server: socket.socket) -> None:
    with Relay(server.getsockname()[1]) as relay:
        relay.black_out()
        send(client, relay, b"1", b"2")
        wait_until(lambda: relay.upward.lost == 2, "the relay lost less than all")
        relay.black_out(False)
        send(client, relay, b"3", b"end")
        assert arrived(server) == [3]


def test_a_change_of_source_is_what_the_server_sees(client: socket.socket, server: socket.socket) -> None:
    with Relay(server.getsockname()[1]) as relay:
        send(client, relay, b"before")
        _, old = server.recvfrom(100)
        new = relay.change_source("127.0.0.2")
        server.sendto(b"to the address of before", old)
        send(client, relay, b"after")
        assert server.recvfrom(100) == (b"after", new)
        assert new[0] == "127.0.0.2"
        server.sendto(b"to the new address", new)
        assert client.recv(100) == b"to the new address"


def test_a_relay_that_was_closed_frees_its_ports(server: socket.socket) -> None:
    with Relay(server.getsockname()[1]) as relay:
        taken = relay.port
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as another:
        another.bind(("127.0.0.1", taken))


@pytest.mark.parametrize(
    "written",
    [
        "\x1b[1;31ma\x1b[0m b\n",
        "\x1b[1m\x1b[38;5;1ma\x1b[39m\x1b[22m b\n",
        "\x1b[38:5:1;1ma\x1b[m b   \n",
        "\x1b[1;31ma\x1b[39m \x1b[0mb\x1b[32m  \n",
    ],
)
def test_what_looks_the_same_is_read_as_the_same(written: str) -> None:
    plain = Look()
    assert parse_capture(written) == (
        (Cell("a", Look("1", "", frozenset({"bold"}))), Cell(" ", plain), Cell("b", plain)),
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a\n", "b\n"),
        ("a\n", "\x1b[4ma\n"),
        ("\x1b[4ma\n", "\x1b[4:3ma\n"),
        ("\x1b[7m \n", " \n"),
        ("a\n", "a\u0301\n"),
    ],
)
def test_what_looks_different_is_told_apart(one: str, other: str) -> None:
    pictures = [Picture(parse_capture(text), (0, 0), True) for text in (one, other)]
    assert pictures[0] != pictures[1]
    assert pictures[0].differences(pictures[1]) != ""


@pytest.mark.interop
@pytest.mark.requires_linux
@pytest.mark.requires_program("tmux", "bash")
@pytest.mark.requires_upstream("mosh-client", "mosh-server")
def test_a_session_that_shows_something_else_is_noticed(tmux: Tmux) -> None:
    with MoshSession(Pair(UPSTREAM, UPSTREAM), tmux) as session:
        session.begin_afresh()
        session.enter("echo $((40+2))")
        session.expect_same("42")
        session.mosh.press("Enter")
        session.direct.type("x")
        with pytest.raises(AssertionError, match="differs from the direct terminal"):
            session.expect_same("x", timeout_s=1)
