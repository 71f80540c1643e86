"""ssh's ProxyCommand: says which address it reached and carries every octet both ways."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator

import pytest

from mosh_bootstrap.program import proxy_program

pytestmark = pytest.mark.system

BULK = hashlib.sha256(b"bulk").digest() * 200_000  # 6.4 MB: many reads, and more than the sockets hold


@pytest.fixture
def serve() -> Iterator[Callable[..., int]]:
    """A function that runs a handler for one connection on a port of the loopback interface."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(handler: Callable[[socket.socket], None], *, address: str = "127.0.0.1") -> int:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = socket.create_server((address, 0), family=family)
        listeners.append(listener)

        def run() -> None:
            try:
                connection, _peer = listener.accept()
            except OSError:  # the test ends, and nobody came
                return
            with connection:
                handler(connection)

        threads.append(threading.Thread(target=run, daemon=True))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for listener, thread in zip(listeners, threads, strict=True):
        # A thread that still waits in accept(2) would take connections of whatever has the descriptor next.
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
        listener.close()


def proxy(
    host: str, port: int, *, family: str = "prefer-inet", typed: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run the proxy as ssh would, with `typed` as what ssh says."""
    words = [*proxy_program(), f"--family={family}", "--fake-proxy", "--", host, str(port)]
    return subprocess.run(words, input=typed, capture_output=True, env={}, timeout=60, check=False)


def test_what_the_server_says_comes_out_and_its_address_on_standard_error(serve: Callable[..., int]) -> None:
    port = serve(lambda connection: connection.sendall(b"SSH-2.0-test\r\n"))
    done = proxy("127.0.0.1", port)
    assert (done.stdout, done.stderr, done.returncode) == (b"SSH-2.0-test\r\n", b"MOSH IP 127.0.0.1\n", 0)


def test_the_end_of_what_ssh_says_reaches_the_server_and_the_answer_still_comes(serve: Callable[..., int]) -> None:
    def echo_backwards(connection: socket.socket) -> None:
        heard = b""
        while data := connection.recv(65536):
            heard += data
        connection.sendall(heard[::-1])

    assert proxy("127.0.0.1", serve(echo_backwards), typed=BULK).stdout == BULK[::-1]


def test_both_directions_flow_at_once(serve: Callable[..., int]) -> None:
    def echo(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(data)

    assert proxy("127.0.0.1", serve(echo), typed=BULK).stdout == BULK


def test_a_server_that_resets_the_connection_ends_it(serve: Callable[..., int]) -> None:
    def reset(connection: socket.socket) -> None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    done = proxy("127.0.0.1", serve(reset), typed=b"x" * 100_000)
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_an_ipv6_address_is_told_as_one(serve: Callable[..., int]) -> None:
    try:
        port = serve(lambda connection: connection.sendall(b"x"), address="::1")
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    assert proxy("::1", port, family="inet6").stderr == b"MOSH IP ::1\n"


def test_a_name_is_told_as_the_address_that_answered(serve: Callable[..., int]) -> None:
    port = serve(lambda connection: connection.sendall(b"x"))
    assert proxy("localhost", port, family="inet").stderr == b"MOSH IP 127.0.0.1\n"


def test_an_address_that_refuses_gives_way_to_the_next(serve: Callable[..., int]) -> None:
    port = serve(lambda connection: connection.sendall(b"x"))  # on 127.0.0.1 only
    found = {answer[0] for answer in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM)}
    if socket.AF_INET6 not in found:
        pytest.skip("localhost has no IPv6 address here")
    assert proxy("localhost", port, family="prefer-inet6").stderr == b"MOSH IP 127.0.0.1\n"


def test_nobody_listening_is_one_sentence_and_no_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = proxy("127.0.0.1", port)
    assert done.returncode == 255
    assert done.stderr == b"mosh: Cannot connect to 127.0.0.1, last tried 127.0.0.1: Connection refused.\n"
    assert done.stdout == b""
