"""The loop reads the pty when there is something, but not during the rest of a long flood."""

from __future__ import annotations

import os
import socket as sockets
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from mosh_common.clock import now_ms
from mosh_common.io.loop import Waiter
from mosh_common.io.udp import UdpSocket
from mosh_common.wire.key import Key
from mosh_server import process as server_process
from mosh_server.host.pty import Pty
from mosh_server.output.flood import Batch, Rest

pytestmark = pytest.mark.system

FOREVER_MS = 60_000


class Recorder:
    """A session that writes down what it is given, and wants nothing."""

    finished = failed = ending = False

    def __init__(self) -> None:
        self.taken = b""  # not digested yet
        self.output = b""
        self.portion = 1 << 20  # octets
        self.work: Callable[[], object] = lambda: None  # what a portion costs
        self.datagrams: list[bytes] = []
        self.rests: list[int] = []
        self.deadline_in = 2000  # ms from now

    def next_deadline(self, *, now: int) -> int:
        return now + self.deadline_in

    def take_output(self, data: bytes, *, now: int) -> None:
        self.taken += data

    def digesting(self, *, now: int) -> bool:
        return bool(self.taken)

    def digest_output(self, *, now: int) -> None:
        self.output, self.taken = self.output + self.taken[: self.portion], self.taken[self.portion :]
        self.work()

    def receive_datagram(self, data: bytes, source: object, *, now: int, congestion: bool) -> None:
        self.datagrams.append(data)

    def output_rests(self, *, until: int) -> None:
        self.rests.append(until)

    def events(self, *, now: int) -> list[object]:
        return []

    def input_to_write(self) -> bytes:
        return b""

    def datagrams_to_send(self, *, now: int) -> list[object]:
        return []


class Loop:
    """The loop's parts, with a pty into which the test writes."""

    def __init__(self) -> None:
        self.session = Recorder()
        self.rest = Rest()
        self.socket = UdpSocket.bind_server("127.0.0.1", (0, 0))
        master, self.program = os.openpty()
        self.host = SimpleNamespace(pty=Pty(master, 0))
        self.waiter = Waiter(())
        self.waiter.watch(self.socket.fileno())

    def turn(self) -> None:
        loop: Any = server_process
        loop._turn(
            self.waiter,
            socket=self.socket,
            session=self.session,
            host=self.host,
            batch=Batch(),
            rest=self.rest,
            verbose=0,
        )

    def close(self) -> None:
        self.waiter.close()
        self.socket.close()
        os.close(self.program)
        os.close(self.host.pty.fileno())


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.close()


def test_output_is_read_at_once(loop: Loop) -> None:
    os.write(loop.program, b"hello")
    loop.turn()
    assert loop.session.output == b"hello"
    assert set(loop.session.rests) == {0}


def test_output_is_left_alone_until_the_rest_is_over(loop: Loop) -> None:
    os.write(loop.program, b"hello")
    loop.rest.until = now_ms() + FOREVER_MS
    loop.session.deadline_in = 0
    loop.turn()
    loop.turn()
    assert loop.session.output == b""
    loop.session.deadline_in = FOREVER_MS
    loop.rest.until = now_ms() + 20
    loop.turn()  # nothing happens but that the rest ends
    loop.turn()
    assert loop.session.output == b"hello"


def test_a_datagram_ends_the_rest(loop: Loop) -> None:
    os.write(loop.program, b"hello")
    loop.rest.until = now_ms() + FOREVER_MS
    with sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM) as client:
        client.sendto(b"a key", ("127.0.0.1", loop.socket.port))
        loop.turn()
    assert loop.session.datagrams == [b"a key"]
    loop.turn()
    assert loop.session.output == b"hello"


@pytest.mark.parametrize(
    ("environment", "answer"),
    [
        ({"MOSH_SERVER_CHECKSUM": "yes"}, b"\x1bP7!~FFBF\x1b\\"),
        ({"MOSH_SERVER_CHECKSUM": "no"}, b""),
        ({"MOSH_SERVER_CHECKSUM": "1"}, b""),
        ({"MOSH_SERVER_CHECKSUM": ""}, b""),
        ({}, b""),
    ],
)
def test_what_stands_on_the_screen_is_told_only_where_the_environment_allows_it(
    environment: dict[str, str], answer: bytes
) -> None:
    session = server_process._new_session(Key.generate(bytes(16)), environment, verbose=0)
    session.receive_output(b"A\x1b[7;1;1;1;1;1*y", now=now_ms())
    assert session.input_to_write() == answer
