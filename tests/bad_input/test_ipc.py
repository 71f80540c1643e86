"""Bad messages between the client's processes, and pipes that close: what happens is the row's sentence."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import msgpack
import pytest
from tests.bad_input.rig import (
    KEY_TEXT,
    LoggedServer,
    Patient,
    RealClient,
    WireServer,
    client_of_the_test,
    environment_of,
    read_log,
)
from tests.support.programs import OURS, process, wait_until

from mosh_client.ipc.channel import Channel
from mosh_client.ipc.control import FROM_OUTSIDE
from mosh_client.ipc.messages import LONGEST_TO_NETWORK_OCTETS, Exit, Frame, Hello, Input, Quit, Resize, encode
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT

pytestmark = pytest.mark.requires_linux

_F_SETPIPE_SZ = 1031  # fcntl(2)

NETWORK_PROCESS = """
import socket, sys
from mosh_client.network import process as network_process
from mosh_common.address import Address
from mosh_common.wire.key import Key
control, port = int(sys.argv[1]), int(sys.argv[2])
sys.exit(network_process.run(socket.socket(fileno=control), key=Key.parse(sys.argv[3]),
                             peer=Address("127.0.0.1", port), ip="127.0.0.1", verbose=1))
"""


def framed(message: bytes) -> bytes:
    return struct.pack("!I", len(message)) + message


def packed(*fields: object) -> bytes:
    octets: bytes = msgpack.packb(fields)
    return framed(octets)


HELLO = framed(encode(Hello(80, 24)))


class Row(NamedTuple):
    name: str
    octets: bytes


# What happens is the same for all: the renderer is cut off, the session goes on with the next one.
FROM_RENDERER = (
    Row("no msgpack", framed(b"\xc1\xc1\xc1")),
    Row("cut short inside", framed(b"\x93\x01\x50")),
    Row("followed by something", framed(encode(Hello(80, 24)) + b"\x00")),
    Row("a map", framed(b"\x81\x01\x50")),
    Row("an extension type", framed(b"\x93\x01\xd4\x01\x00\x18")),
    Row("nested without end", framed(b"\x91" * 60_000)),
    Row("an array that claims 2^32 - 1 elements", framed(b"\xdd\xff\xff\xff\xff\x01")),
    Row("octets that claim 2^32 - 1", framed(b"\x93\x02\x01\xc6\xff\xff\xff\xff")),
    Row("no length", struct.pack("!I", 0)),
    Row("a length beyond the limit", struct.pack("!I", LONGEST_TO_NETWORK_OCTETS + 1)),
    Row("an unknown kind", packed(99)),
    Row("a field too many", packed(1, 80, 24, 0)),
    Row("a truth for a number", packed(1, True, 24)),
    Row("the other direction's word", packed(9)),
    Row("input before hello", framed(encode(Input(1, b"x")))),
    Row("hello twice", HELLO + HELLO),
    Row("a size of 0×0", packed(1, 0, 0)),
    Row("a size beyond the wire's", packed(1, SIDE_LIMIT, CELLS_LIMIT // SIDE_LIMIT + 1)),
    Row("a resize beyond the wire's", HELLO + packed(3, 10_000, 10_000)),
    Row("a batch of 2^63", HELLO + packed(2, 1 << 63, b"x")),
)


class NetworkProcess(Patient):
    """A real network process; the test is its launcher, its renderers and its server."""

    def __init__(self, folder: Path) -> None:
        self.wire = WireServer()
        self.log = folder / "network.log"
        self.control, theirs = socket.socketpair()
        with open(self.log, "wb") as log:
            self.child = subprocess.Popen(
                [sys.executable, "-c", NETWORK_PROCESS, str(theirs.fileno()), str(self.wire.port), KEY_TEXT],
                pass_fds=[theirs.fileno()],
                env=dict(environment_of(folder)),
                stderr=log,
            )
        theirs.close()
        super().__init__([process(self.child.pid)])
        self.batch = 0
        self.channel = self.attach()
        self.greet()

    def renderer(self) -> socket.socket:
        """Return the socket of a new renderer, as the launcher would have made it."""
        ours, theirs = socket.socketpair()
        socket.send_fds(self.control, [b"R"], [theirs.fileno()])
        theirs.close()
        return ours

    def attach(self) -> Channel:
        self.batch = 0
        return Channel(self.renderer(), in_network_process=False)

    def greet(self) -> None:
        self.channel.send(Hello(80, 24))
        self.channel.flush()
        self.wait_until(
            lambda: any(isinstance(each, Frame) and each.whole for each in self.received()), "no whole frame"
        )

    def received(self) -> list[object]:
        return list(self.channel.receive())

    def turn(self) -> None:
        self.wire.turn()

    def wait_for_echo(self) -> None:
        self.batch += 1
        token = f"<{self.batch}>"
        before = len(self.wire.keys)  # an earlier renderer's batches had the same numbers
        self.channel.send(Input(self.batch, token.encode()))
        self.channel.flush()
        self.wait_until(lambda: token.encode() in self.wire.keys[before:], "a key does not come through")
        self.wait_until(lambda: any(isinstance(each, Frame) for each in self.received()), "no frame comes")

    def replace_renderer(self) -> None:
        self.channel.close()
        self.channel = self.attach()
        self.greet()

    def close(self) -> None:
        for each in (self.channel, self.control, self.wire):
            each.close()
        self.child.kill()
        self.child.wait()


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NetworkProcess]:
    network = NetworkProcess(tmp_path_factory.mktemp("network"))
    yield network
    network.close()


def is_cut_off(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        while sock.recv(1 << 16):
            pass
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True
    return True


def test_a_renderer_that_breaks_the_rules_is_cut_off_and_the_session_goes_on_with_the_next(
    network: NetworkProcess,
) -> None:
    """Each of FROM_RENDERER, one renderer after the other; the network process neither dies nor leaks nor spins."""
    with network.stays_unharmed():
        for row in FROM_RENDERER:
            cut_off = read_log(network.log).count("renderer cut off")
            with network.renderer() as renderer:
                renderer.sendall(row.octets)
                network.wait_until(lambda: is_cut_off(renderer), f"{row.name}: not cut off")
            assert read_log(network.log).count("renderer cut off") == cut_off + 1, row.name
            network.replace_renderer()
            network.wait_for_echo()


@pytest.mark.parametrize("before_the_end", [b"", HELLO, HELLO[:-1], b"\0\0"])
def test_a_renderer_that_goes_away_leaves_nothing_behind(before_the_end: bytes, network: NetworkProcess) -> None:
    """A socketpair closed at any moment: the descriptor is given back, and the next renderer gets a whole frame."""
    with network.stays_unharmed():
        renderer = network.renderer()
        renderer.sendall(before_the_end)
        renderer.close()
        network.replace_renderer()


def test_a_renderer_that_reads_nothing_blocks_nobody(network: NetworkProcess) -> None:
    """It is sent no more than it takes; the server is answered all the same."""
    with network.stays_unharmed():
        with network.renderer() as deaf:
            deaf.sendall(HELLO)
            for number in range(60):
                network.wire.print(f"{number} " * 300)
                network.turn()
            network.wire.settle()
        network.replace_renderer()


def test_a_launcher_that_talks_nonsense_is_not_listened_to(network: NetworkProcess) -> None:
    """Other octets than its two commands, and a command for a descriptor without one, change nothing."""
    with network.stays_unharmed():
        network.control.sendall(b"xyzRRR\0\xff" * 100)


def test_a_network_process_without_a_launcher_leaves_within_its_time(tmp_path: Path) -> None:
    """The control socket's end: the server is told, the process ends."""
    network = NetworkProcess(tmp_path)
    try:
        network.wait_for_echo()
        network.control.close()
        network.wait_until(lambda: network.child.poll() is not None, "it stays")
        assert network.child.returncode == FROM_OUTSIDE
    finally:
        network.close()


EVIL_NETWORK_PROCESS = """
import array, os, socket, sys
sys.argv[1:], octets = sys.argv[2:], bytes.fromhex(sys.argv[1])
from mosh_client.network import process as network_process
def run(control, **_):
    data, ancillary, _, _ = control.recvmsg(64, socket.CMSG_SPACE(64))
    descriptor = array.array("i", ancillary[0][2][:4])[0]
    renderer = socket.socket(fileno=descriptor)
    renderer.sendall(octets)
    control.recv(1)
    os._exit(0)
network_process.run = run
from mosh_client.cli import main
sys.exit(main(sys.argv[1:]))
"""

FROM_NETWORK = (
    Row("no msgpack", framed(b"\xc1\xc1\xc1")),
    Row("a length beyond the limit", b"\xff\xff\xff\xff"),
    Row("the other direction's word", framed(encode(Quit(True)))),
    Row(
        "a partial frame first", packed(5, False, 1, 1, [], [], 0, 0, [-1, -1, 0, 0, -1, ""], 0, [], None, None, False)
    ),
    Row("a word after the last one", framed(encode(Exit())) + framed(encode(Exit()))),
)


@pytest.mark.parametrize("row", FROM_NETWORK, ids=[row.name for row in FROM_NETWORK])
def test_a_network_process_that_breaks_the_rules_is_ended_with_a_reason(row: Row, tmp_path: Path) -> None:
    """The session ends with exit code 1 and a sentence; the terminal is given back; no process stays."""
    words = (*OURS.client[:3], "-c", EVIL_NETWORK_PROCESS, row.octets.hex())
    client = RealClient(60001, KEY_TEXT, tmp_path, words=words)
    with contextlib.closing(client):
        assert client.wait_for_end() == 1
        assert "the network process was ended: it sent" in read_log(client.log)
        assert client.terminal.settings() == client.terminal.settings_before


@pytest.fixture
def client(tmp_path: Path) -> Iterator[RealClient]:
    with client_of_the_test(tmp_path) as client:
        yield client


def test_a_renderer_that_dies_is_replaced_and_costs_no_descriptor(client: RealClient) -> None:
    """Its pipes close: launcher and network process go on with another one."""
    with client.stays_unharmed():
        for _ in range(3):
            killed = client.member("mosh-renderer")
            killed.signal(signal.SIGKILL)
            client.wait_until(lambda: client.member("mosh-renderer") != killed, "no other renderer")  # noqa: B023  # it is called at once
            client.wait_for_echo()
        client.members = [client.member(name) for name in ("mosh-client", "mosh-network", "mosh-renderer")]


@pytest.mark.parametrize("name", ["mosh-network", "mosh-client"])
def test_whoever_dies_nobody_stays(name: str, client: RealClient) -> None:
    """All pipes of launcher or network process close: the others leave by themselves."""
    client.wait_for_echo()
    members = client.members
    client.member(name).signal(signal.SIGKILL)
    client.wait_until(lambda: not any(member.alive for member in members), "somebody stays")
    assert client.terminal.settings() == client.terminal.settings_before or name == "mosh-client"


def test_a_server_that_cannot_print_its_line_says_so_and_does_not_stay(tmp_path: Path) -> None:
    """The reader of standard output is gone: one sentence on standard error, exit code 1."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*OURS.server, "new"],
        stdout=writing,
        stderr=subprocess.PIPE,
        env=dict(environment_of(tmp_path)),
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert done.returncode == 1
    assert done.stderr == b"mosh-server: Cannot print the MOSH CONNECT line: Broken pipe.\n"


@pytest.mark.parametrize("end", ["closed", "not read"])
def test_a_server_whose_log_nobody_reads_goes_on(end: str, tmp_path: Path) -> None:
    """Lines of -v are lost; the session is not, nor does it wait."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, _F_SETPIPE_SZ, 4096)  # soon full
    server = LoggedServer(tmp_path, ["sh", "-c", "echo server=$PPID.; exec cat"], log=writing)
    os.close(writing)
    if end == "closed":
        os.close(reading)
    client = server.connect()
    client.wait_until(lambda: "." in client.text, "nothing is shown")
    server.process = process(int(client.text.partition("server=")[2].partition(".")[0]))
    client.members = [server.process]
    with contextlib.closing(client), contextlib.closing(server), client.stays_unharmed():
        for _ in range(40):
            client.wait_for_echo()  # some 300 octets of log each time
    if end == "not read":
        os.close(reading)
    wait_until(lambda: server.process is None or not server.process.alive, "the server stays")


def test_the_size_is_read_from_the_wire() -> None:
    """The bound of the two protocols is one: what a renderer may say, the server takes."""
    from mosh_common.sync.states.user_stream import UserStream

    largest = Resize(SIDE_LIMIT, CELLS_LIMIT // SIDE_LIMIT)
    assert UserStream().push_resize(*largest).position == 1
