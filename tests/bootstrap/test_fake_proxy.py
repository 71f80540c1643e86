"""ssh's ProxyCommand: says which address it reached and carries every octet both ways."""

from __future__ import annotations

import hashlib
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from mosh_bootstrap.address import HostAddress
from mosh_bootstrap.fake_proxy import _connect
from mosh_bootstrap.program import proxy_program
from mosh_common.connect_line import NoIp, parse
from mosh_common.errors import EnvironmentFailure

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
    said = proxy("localhost", port, family="prefer-inet6").stderr.split()
    assert said[:3] == [b"MOSH", b"IP", b"127.0.0.1"]  # the others follow: a server may be reached there all the same


def test_nobody_listening_is_one_sentence_and_no_address() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    done = proxy("127.0.0.1", port)
    assert done.returncode == 255
    assert done.stderr == b"MOSH NO IP Cannot connect to 127.0.0.1, last tried 127.0.0.1: Connection refused.\n"
    assert done.stdout == b""


def handed_over(host: str, port: int) -> tuple[socket.socket | None, bytes, int]:
    """Run the proxy as ssh does with ProxyUseFdpass: the connection that it passed, its words, its exit code."""
    ours, its = socket.socketpair()
    with ours, its:
        ours.settimeout(60)
        words = [*proxy_program(), "--hand-over", "--", host, str(port)]
        running = subprocess.Popen(words, stdin=its.fileno(), stdout=its.fileno(), stderr=subprocess.PIPE, env={})
        its.close()
        _octet, descriptors, _flags, _address = socket.recv_fds(ours, 1, 1)
        _, said = running.communicate(timeout=60)
    return (socket.socket(fileno=descriptors[0]) if descriptors else None), said, running.returncode


def test_an_ssh_that_takes_the_connection_over_gets_it_and_the_proxy_ends(serve: Callable[..., int]) -> None:
    def echo(connection: socket.socket) -> None:
        while data := connection.recv(65536):
            connection.sendall(data)

    connection, said, code = handed_over("127.0.0.1", serve(echo))
    assert (said, code) == (b"MOSH IP 127.0.0.1\n", 0)
    assert connection is not None
    with connection:
        assert connection.getblocking() or connection.gettimeout() is None
        connection.settimeout(60)
        connection.sendall(b"SSH-2.0-test\r\n")
        assert connection.recv(100) == b"SSH-2.0-test\r\n"
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_ssh_that_would_take_it_over_gets_nothing_where_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    connection, said, code = handed_over("127.0.0.1", port)
    assert connection is None
    assert said.startswith(b"MOSH NO IP Cannot connect to 127.0.0.1")
    assert code == 255


def test_however_long_a_name_is_its_reason_is_a_line_of_ours() -> None:
    said = proxy("\xfc" * 400, 22).stderr.decode("ascii")
    assert isinstance(parse(said), NoIp)


def test_a_name_that_nobody_knows_is_said_and_nothing_else() -> None:
    done = proxy("no-such-host.invalid", 22)
    assert done.stderr.startswith(b"MOSH NO IP Cannot find the address of 'no-such-host.invalid': ")
    assert done.stderr.count(b"\n") == 1
    assert done.returncode == 255


@pytest.fixture
def swallowing() -> Iterator[HostAddress]:
    """An address that answers no attempt to connect: its queue is full."""
    with socket.socket() as listener, socket.socket() as first, socket.socket() as second:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        first.connect(listener.getsockname())
        second.setblocking(False)
        second.connect_ex(listener.getsockname())
        yield HostAddress(socket.AF_INET, listener.getsockname())


@pytest.mark.requires_linux
def test_an_address_that_swallows_packets_does_not_keep_the_next_one_waiting(
    serve: Callable[..., int], swallowing: HostAddress
) -> None:
    answers = HostAddress(socket.AF_INET, ("127.0.0.1", serve(lambda connection: connection.sendall(b"x"))))
    started = time.monotonic()
    connection, reached = _connect("host", [swallowing, answers])
    with connection:
        assert reached == answers
        assert connection.recv(1) == b"x"
    assert time.monotonic() - started < 60  # TCP's own patience is two minutes


@pytest.mark.requires_linux
def test_the_patience_of_sshs_configuration_is_ours(swallowing: HostAddress) -> None:
    with pytest.raises(
        EnvironmentFailure, match=r"^Cannot connect to host, last tried 127.0.0.1: Connection timed out.$"
    ):
        _connect("host", [swallowing, swallowing], timeout_ms=50)


def test_an_address_that_refuses_gives_way_to_the_next_at_once(serve: Callable[..., int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        refuses = HostAddress(socket.AF_INET, listener.getsockname())
    answers = HostAddress(socket.AF_INET, ("127.0.0.1", serve(lambda connection: connection.sendall(b"x"))))
    connection, reached = _connect("host", [refuses, answers])
    connection.close()
    assert reached == answers
