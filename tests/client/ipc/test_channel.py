"""Channels over a real socketpair."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from mosh_client.ipc.channel import Channel
from mosh_client.ipc.messages import Exit, Hello, Input, Notice, Quit
from mosh_common.errors import PeerError


@pytest.fixture
def pair() -> Iterator[tuple[Channel, Channel]]:
    left, right = socket.socketpair()
    network, renderer = Channel(left, in_network_process=True), Channel(right, in_network_process=False)
    yield network, renderer
    network.close()
    renderer.close()


def test_messages_arrive_in_order_in_both_directions(pair: tuple[Channel, Channel]) -> None:
    network, renderer = pair
    for message in (Hello(80, 24), Input(1, b"ls"), Quit(True)):
        renderer.send(message)
    renderer.flush()
    network.send(Notice("hello", False))
    network.send(Exit())
    network.flush()
    assert network.receive() == [Hello(80, 24), Input(1, b"ls"), Quit(True)]
    assert renderer.receive() == [Notice("hello", False), Exit()]
    assert (network.receive(), renderer.receive()) == ([], [])


def test_a_side_that_does_not_read_leaves_the_rest_pending_and_blocks_nobody(pair: tuple[Channel, Channel]) -> None:
    network, renderer = pair
    renderer.send(Hello(80, 24))
    renderer.flush()
    sent = 0
    while not renderer.pending:
        sent += 1
        renderer.send(Input(sent, b"x" * 10_000))
        renderer.flush()
    received = 0
    while received < sent:
        received += sum(isinstance(message, Input) for message in network.receive())
        renderer.flush()
    assert not renderer.pending


@pytest.mark.parametrize(("in_network_process", "longest"), [(True, 65_536), (False, 8 << 20)])
def test_a_message_may_be_so_long_in_each_direction_and_no_longer(in_network_process: bool, longest: int) -> None:
    for length, allowed in ((longest, True), (longest + 1, False)):
        left, right = socket.socketpair()
        channel = Channel(left, in_network_process=in_network_process)
        right.send(length.to_bytes(4, "big"))
        if allowed:
            assert channel.receive() == []  # the rest of it is awaited
        else:
            with pytest.raises(PeerError, match=str(length)):
                channel.receive()
        channel.close()
        right.close()


def test_the_wrong_direction_is_refused(pair: tuple[Channel, Channel]) -> None:
    network, renderer = pair
    renderer.send(Exit())
    renderer.flush()
    with pytest.raises(PeerError, match="Exit is not allowed"):
        network.receive()


def test_the_end_of_the_other_side_is_seen(pair: tuple[Channel, Channel]) -> None:
    network, renderer = pair
    renderer.send(Hello(80, 24))
    renderer.flush()
    renderer.close()
    assert network.receive() == [Hello(80, 24)]
    assert not network.closed
    assert network.receive() == []
    assert network.closed


def test_what_a_side_said_before_its_end_is_read_though_it_takes_nothing_any_more(
    pair: tuple[Channel, Channel],
) -> None:
    network, renderer = pair
    renderer.send(Hello(80, 24))
    renderer.flush()
    renderer.close()
    for _ in range(2):  # the keys that a killed renderer had sent are not lost because a frame was due
        network.send(Exit())
        network.flush()
    assert (network.pending, network.closed) == (False, False)
    assert network.receive() == [Hello(80, 24)]
    assert network.receive() == []
    assert network.closed
