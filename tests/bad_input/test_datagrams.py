"""Bad datagrams, given to a real server and to a real client: what happens is the row's sentence."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.bad_input.rig import (
    LoggedServer,
    RealClient,
    WireClient,
    WireEnd,
    client_of_the_test,
    read_log,
    sabotaged,
    text_of,
)

from mosh_common.protocol import SEQUENCE_LIMIT, SHUTDOWN_NUMBER, TO_CLIENT_BIT
from mosh_common.wire import datagram
from mosh_common.wire.datagram import Datagram
from mosh_common.wire.drop import DropReason
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

pytestmark = pytest.mark.requires_linux


class Row(NamedTuple):
    name: str
    what_happens: str
    reasons: tuple[DropReason, ...]  # that the log of the program gives
    send: Callable[[WireEnd], None]


def truncated(end: WireEnd) -> None:
    whole = end.sent[-1]
    for length in (0, 1, 7, 8, 23, 24, 27, len(whole) - 1):
        end.say(whole[:length])
    end.say(end.seal(b""))  # authentic, but no fragment in it
    end.say(end.seal(b"123456789"))


def oversized(end: WireEnd) -> None:
    nonce = end.sent[-1][:8]
    end.say(nonce + os.urandom(65507 - 8))
    end.say(end.seal(bytes(5000)))
    end.say(nonce + os.urandom(4096 - 8))


def reflected(end: WireEnd) -> None:
    for each in end.received[-20:]:
        end.say(each)


def rekeyed(end: WireEnd) -> None:
    is_server = bool(end.sent[-1][0] & 0x80)
    other = Ocb(Key(os.urandom(16)))
    for sequence in (0, 10**6, SEQUENCE_LIMIT - 1):
        end.say(datagram.seal(other, Datagram(is_server, sequence, 1, 2, b"payload")))


def garbage_inside(end: WireEnd) -> None:
    end.say(end.seal((1 << 62).to_bytes(8, "big") + b"\x80\x00" + b"no zlib stream"))
    end.instruct(old_num=10**9, new_num=10**9 + 1)
    end.instruct(throwaway_num=10**9)
    end.instruct(diff=b"\xff\xff\xff\xff")


def ack_from_the_future(end: WireEnd) -> None:
    held = end.transport.sent.acknowledged_number
    for number in (end.transport.received.number + 1, 10**15, SHUTDOWN_NUMBER - 1, SHUTDOWN_NUMBER):
        end.instruct(new_num=held, ack_num=number)


ROWS = (
    Row(
        "truncated",
        "dropped and counted; nothing else happens",
        (DropReason.TOO_SHORT, DropReason.NOT_AUTHENTIC, DropReason.MALFORMED_FRAGMENT),
        truncated,
    ),
    Row(
        "oversized",
        "longer than 4096 octets: dropped unread; else as any other",
        (DropReason.NOT_AUTHENTIC,),
        oversized,
    ),
    Row(
        "reflected",
        "its own datagram sent back is told by the direction bit, and dropped",
        (DropReason.OWN_DIRECTION,),
        reflected,
    ),
    Row(
        "re-keyed",
        "what another key sealed is not authentic, and dropped",
        (DropReason.NOT_AUTHENTIC,),
        rekeyed,
    ),
    Row(
        "garbage inside",
        "authentic, but no fragment, instruction, base or diff that can be: dropped, not acknowledged",
        (DropReason.MALFORMED_INSTRUCTION, DropReason.UNKNOWN_BASE, DropReason.MALFORMED_DIFF),
        garbage_inside,
    ),
    Row(
        "ack from the future",
        "an acknowledgement of what was never sent is ignored: nothing counts as received",
        (DropReason.ALREADY_HELD,),
        ack_from_the_future,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LoggedServer, WireClient]]:
    server = LoggedServer(tmp_path_factory.mktemp("server"))
    client = server.connect()
    yield server, client
    client.close()
    server.close()


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealClient]:
    with client_of_the_test(tmp_path_factory.mktemp("client")) as client:
        yield client


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.name}: {row.what_happens}" for row in ROWS])
def test_to_a_server(row: Row, server: tuple[LoggedServer, WireClient]) -> None:
    running, client = server
    with client.stays_unharmed():
        client.settle()
        before = [running.dropped(reason) for reason in row.reasons]
        row.send(client)
        client.wait_until(
            lambda: all(running.dropped(reason) > was for reason, was in zip(row.reasons, before, strict=True)),
            lambda: f"not dropped for {row.reasons}; the log:\n{read_log(running.log)[-2000:]}",
        )


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.name}: {row.what_happens}" for row in ROWS])
def test_to_a_client(row: Row, client: RealClient) -> None:
    assert client.wire is not None
    with client.stays_unharmed():
        client.wire.settle()
        before = [client.dropped(reason) for reason in row.reasons]
        row.send(client.wire)
        client.wait_until(
            lambda: all(client.dropped(reason) > was for reason, was in zip(row.reasons, before, strict=True)),
            lambda: f"not dropped for {row.reasons}; the log:\n{read_log(client.log)[-2000:]}",
        )


def elsewhere() -> socket.socket:
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    other.bind(("127.0.0.1", 0))
    other.setblocking(False)
    return other


def heard(sock: socket.socket) -> bool:
    try:
        return bool(sock.recv(65536))
    except BlockingIOError:
        return False


def test_a_replay_from_elsewhere_types_nothing_twice_and_does_not_move_a_server(
    server: tuple[LoggedServer, WireClient],
) -> None:
    running, client = server
    with client.stays_unharmed(), elsewhere() as other:
        client.settle()
        sent = len(client.sent)
        client.type("(once)")
        client.wait_for("(once)")
        client.settle()
        before = running.dropped(DropReason.ALREADY_HELD)
        assert client.target is not None
        for each in client.sent[sent:] * 3:
            other.sendto(each, client.target.socket_address)
        client.wait_until(lambda: running.dropped(DropReason.ALREADY_HELD) > before, "not dropped as already held")
        client.wait_for_echo()
        assert client.text.count("(once)") == 1
        assert not heard(other)


def test_a_replay_from_elsewhere_shows_nothing_twice_and_does_not_move_a_client(client: RealClient) -> None:
    assert client.wire is not None
    with client.stays_unharmed(), elsewhere() as other:
        client.wire.settle()
        sent = len(client.wire.sent)
        client.wire.print("(once)")
        client.wait_for("(once)")
        client.wire.settle()
        before = client.dropped(DropReason.ALREADY_HELD)
        assert client.wire.target is not None
        for each in client.wire.sent[sent:] * 3:
            other.sendto(each, client.wire.target.socket_address)
        client.wait_until(lambda: client.dropped(DropReason.ALREADY_HELD) > before, "not dropped as already held")
        client.wait_for_echo()
        assert client.text.count("(once)") == 1
        assert not heard(other)


def test_another_protocol_version_is_named_and_ends_no_session_that_runs(tmp_path: Path) -> None:
    running = LoggedServer(tmp_path)
    client = running.connect()
    client.wait_for_echo()
    client.settle()
    client.instruct(protocol_version=3)
    assert running.process is not None
    said = "speaks version 3 of the mosh protocol, this one 2"
    client.wait_until(lambda: said in read_log(running.log), "nothing is said of it")
    assert running.process.alive
    client.close()
    running.close()


def test_another_protocol_version_ends_a_client_with_both_versions_named(tmp_path: Path) -> None:
    with client_of_the_test(tmp_path) as client:
        client.wait_for_echo()
        assert client.wire is not None
        client.wire.settle()
        client.wire.instruct(protocol_version=3)
        assert client.wait_for_end() == 76
        assert "speaks version 3 of the mosh protocol, this one 2" in read_log(client.log)
        assert client.terminal.settings() == client.terminal.settings_before


def nonces_of(datagrams: list[bytes]) -> list[int]:
    return [int.from_bytes(each[:8], "big") & ~TO_CLIENT_BIT for each in datagrams]


def test_a_nonce_at_its_end_ends_a_server_before_one_is_used_twice(tmp_path: Path) -> None:
    words, _switches = sabotaged("server", tmp_path / "switches")
    running = LoggedServer(tmp_path, words=words, FIRST_SEQUENCE=str(SEQUENCE_LIMIT - 12))
    client = running.connect()
    process = running.process
    assert process is not None
    client.wait_until(lambda: client.received, "the server was not heard")
    client.type("x")

    def type_more() -> bool:
        client.type("y")
        return not process.alive

    client.wait_until(type_more, "the server goes on")
    nonces = nonces_of(client.received)
    assert len(set(nonces)) == len(nonces)
    assert set(nonces) <= set(range(SEQUENCE_LIMIT - 12, SEQUENCE_LIMIT))
    assert "the session's key is used up" in read_log(running.log)
    client.close()


def test_a_nonce_at_its_end_ends_a_client_before_one_is_used_twice(tmp_path: Path) -> None:
    words, _switches = sabotaged("client", tmp_path / "switches")
    with client_of_the_test(tmp_path, words=words, FIRST_SEQUENCE=str(SEQUENCE_LIMIT - 40)) as client:
        client.wait_for_echo()
        client.terminal.type("z" * 40)
        assert client.wire is not None

        def type_more() -> bool:
            if client.terminal.child.isalive():
                with contextlib.suppress(OSError):  # it is just ending, and has let go of its terminal
                    client.terminal.type("z")
            return not client.terminal.child.isalive()

        client.wait_until(type_more, "the client goes on")
        assert client.terminal.wait_for_end() == 1
        nonces = nonces_of(client.wire.received)
        assert len(set(nonces)) == len(nonces)
        assert set(nonces) <= set(range(SEQUENCE_LIMIT - 40, SEQUENCE_LIMIT))
        assert "this session's key has encrypted all that it safely can; start a new session." in read_log(client.log)


def test_the_highest_number_of_all_is_taken_and_the_session_goes_on(tmp_path: Path) -> None:
    """What comes after it counts as overtaken: its contents are taken, but the peer cannot move any more."""
    running = LoggedServer(tmp_path)
    client = running.connect()
    client.wait_for_echo()
    client.say(datagram.seal(Ocb(client.key), Datagram(False, SEQUENCE_LIMIT - 1, 1, 2, b"no fragment")))
    with client.stays_unharmed():
        client.type("still here")
        client.wait_for("still here")
    assert text_of(client.transport.received.state.snapshot)
    client.close()
    running.close()
