"""Sizes that no terminal has, from the wire and from the user's window: what happens is the row's sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from tests.bad_input.rig import COLUMNS, LINES, LoggedServer, RealClient, WireClient, client_of_the_test, read_log
from tests.support.pb import mosh_pb2

from mosh_common.wire.drop import DropReason
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT, size_is_possible

pytestmark = pytest.mark.requires_linux

_LARGEST = (1 << 31) - 1
NO_SIZES = [(0, 0), (0, 24), (80, 0), (-1, -1), (0, _LARGEST)]
TOO_LARGE = [(SIDE_LIMIT + 1, 24), (80, SIDE_LIMIT + 1), (65535, 65535), (_LARGEST, _LARGEST)]


def user_message(columns: int, lines: int) -> bytes:
    message = mosh_pb2.UserMessage()
    message.instruction.add().keystroke.keys = b"(never)"
    resize = message.instruction.add().resize
    resize.width, resize.height = columns, lines
    return message.SerializeToString()


def host_message(columns: int, lines: int) -> bytes:
    message = mosh_pb2.HostMessage()
    message.instruction.add().hostbytes.hoststring = b"(never)"
    resize = message.instruction.add().resize
    resize.width, resize.height = columns, lines
    return message.SerializeToString()


def drops_more(program: LoggedServer | RealClient, before: int) -> bool:
    return program.dropped(DropReason.MALFORMED_DIFF) > before


def is_another(sizes: Sequence[object], before: object) -> bool:
    return sizes[-1] != before


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LoggedServer, WireClient]]:
    server = LoggedServer(tmp_path_factory.mktemp("server"))
    client = server.connect()
    yield server, client
    client.close()
    server.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RealClient]:
    with client_of_the_test(tmp_path) as client:
        yield client


def test_an_impossible_size_from_a_client_is_dropped_with_all_that_came_with_it(
    server: tuple[LoggedServer, WireClient],
) -> None:
    """0×0, negative: the message is dropped and not acknowledged; neither screen nor pty change."""
    running, client = server
    with client.stays_unharmed():
        for columns, lines in NO_SIZES:
            client.settle()
            before = running.dropped(DropReason.MALFORMED_DIFF)
            client.instruct(diff=user_message(columns, lines))
            client.wait_until(
                partial(drops_more, running, before),
                lambda: f"not dropped; the log:\n{read_log(running.log)[-2000:]}",
            )
        client.wait_for_echo()
        screen = client.transport.received.state.snapshot
        assert (screen.columns, screen.lines) == (COLUMNS, LINES)
        assert "(never)" not in client.text


def test_an_impossible_size_from_a_server_is_dropped_with_all_that_came_with_it(client: RealClient) -> None:
    """0×0, 65535×65535, negative: the message is dropped and not acknowledged; the screen stays as it is."""
    assert client.wire is not None
    with client.stays_unharmed():
        for columns, lines in [*NO_SIZES, *TOO_LARGE]:
            client.wire.settle()
            before = client.dropped(DropReason.MALFORMED_DIFF)
            client.wire.instruct(diff=host_message(columns, lines))
            client.wait_until(
                partial(drops_more, client, before),
                lambda: f"not dropped; the log:\n{read_log(client.log)[-2000:]}",
            )
        assert "(never)" not in client.text


def test_an_impossible_window_is_taken_for_the_nearest_possible_one(client: RealClient) -> None:
    """A window that says 0×0 counts as 80×24, one of 65535×65535 as the largest that there can be."""
    assert client.wire is not None
    wire = client.wire
    with client.stays_unharmed():
        for lines, columns in ((0, 0), (65535, 65535), (65535, 1), (1, 65535), (9999, 9999)):
            before = wire.sizes[-1]
            client.terminal.child.setwinsize(lines, columns)
            if (lines, columns) != (0, 0):  # as it is already: of that the server may hear, or not
                client.wait_until(partial(is_another, wire.sizes, before), "the server hears of no size")
        client.terminal.child.setwinsize(LINES, COLUMNS)
        client.wait_until(lambda: wire.sizes[-1] == (COLUMNS, LINES), "the window does not come back")
    assert all(size_is_possible(*size) for size in wire.sizes)
    assert wire.sizes[0] == (COLUMNS, LINES)
    assert (SIDE_LIMIT, CELLS_LIMIT // SIDE_LIMIT) in wire.sizes
