"""A network that does not send, and a clock that is set.

What happens is the sentence of each test.
"""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bad_input.rig import (
    LoggedServer,
    RealClient,
    WireClient,
    assert_idle,
    client_of_the_test,
    environment_of,
    sabotaged,
    turn_for,
)
from tests.bad_input.saboteur import Switches
from tests.support.programs import missing_programs

pytestmark = pytest.mark.requires_linux

YEARS_S = 10 * 365 * 86_400
HOUR_MS = 3_600_000

# --- A network that does not send


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[LoggedServer, WireClient, Switches]]:
    words, switches = sabotaged("server", tmp_path / "switches")
    # Its timeout is longer than its sleep: else it is over if it looks at the clock before it hears the client.
    server = LoggedServer(tmp_path, words=words, MOSH_SERVER_NETWORK_TMOUT=str(2 * HOUR_MS // 1000))
    client = server.connect()
    yield server, client, switches
    client.close()
    server.close()


@pytest.fixture
def client(tmp_path: Path) -> Iterator[tuple[RealClient, Switches]]:
    words, switches = sabotaged("client", tmp_path / "switches")
    with client_of_the_test(tmp_path, words=words) as client:
        yield client, switches


FAILURES = ("ENOBUFS", "EMSGSIZE", "EPERM", "ENETUNREACH", "EAGAIN")


def test_a_server_whose_datagrams_are_refused_tries_again(server: tuple[LoggedServer, WireClient, Switches]) -> None:
    """ENOBUFS, EMSGSIZE, EPERM and others: counts as lost, is sent again in time, without spinning."""
    _running, client, switches = server
    with client.stays_unharmed():
        for name in FAILURES:
            switches.set(send_errno=getattr(errno, name))
            refused = switches.get("send_refused")
            client.type(f"({name})")
            client.wait_until(lambda: switches.get("send_refused") > refused, "it sends nothing")  # noqa: B023  # it is called at once
            client.turn()  # what was sent before is taken in
            received = len(client.received)
            turn_for(0.3, client.turn)
            assert len(client.received) == received, name
            if name == FAILURES[0]:
                assert_idle(client.members, client.turn)
            switches.set(send_errno=0)
            client.wait_for(f"({name})")


def test_a_server_whose_long_datagrams_are_refused_sends_short_ones(
    server: tuple[LoggedServer, WireClient, Switches],
) -> None:
    """EMSGSIZE beyond 600 octets: the MTU is lowered, and everything arrives."""
    _running, client, switches = server
    with client.stays_unharmed():
        client.settle()
        switches.set(send_errno=errno.EMSGSIZE, longest_sent=600)
        unpacked = os.urandom(900).hex()  # in raw octets, does not compress into one short datagram
        client.type(unpacked)
        client.wait_until(lambda: unpacked in client.text, "a long frame does not arrive")
        assert max(map(len, client.received[-10:])) <= 600


def test_a_client_whose_datagrams_are_refused_tries_again(client: tuple[RealClient, Switches]) -> None:
    """The same; and where it will not pass by itself (EPERM: a firewall), the bar says so until it works."""
    real, switches = client
    wire = real.wire
    assert wire is not None
    with real.stays_unharmed():
        for name in FAILURES:
            switches.set(send_errno=getattr(errno, name))
            refused = switches.get("send_refused")
            real.terminal.type(f"({name})")
            real.wait_until(lambda: switches.get("send_refused") > refused, "it sends nothing")  # noqa: B023  # it is called at once
            real.turn()  # what was sent before is taken in
            received = len(wire.received)
            turn_for(0.3, real.turn)
            assert len(wire.received) == received, name
            sentence = f"Cannot send: {os.strerror(getattr(errno, name))}."
            if name in ("EPERM", "ENETUNREACH"):
                real.wait_for(sentence)
                if name == "EPERM":
                    assert_idle(real.members, real.turn)
            assert (sentence in real.text) == (name in ("EPERM", "ENETUNREACH"))
            switches.set(send_errno=0)
            real.wait_until(lambda: f"({name})" in real.terminal.said(), f"{name}: what was typed is lost")  # noqa: B023  # it is called at once
            real.wait_until(lambda: "Cannot send" not in real.text, f"{name}: the bar stays")


ROUTES = """
set -e
ip link set lo up
ip route add prohibit 192.0.2.1
ip route add unreachable 192.0.2.2
ip route add blackhole 192.0.2.3
exec "$@"
"""
SENDING = """
from mosh_common.address import Address
from mosh_common.io.udp import UdpSocket
sock = UdpSocket.for_peer(Address("192.0.2.1", 60001))
for host, octets in ((1, 9), (2, 9), (3, 9), (4, 9), (1, 70_000)):
    print(sock.send(bytes(octets), Address(f"192.0.2.{host}", 60001)))
"""


@pytest.mark.netns
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a network namespace")
@pytest.mark.requires_program("unshare", "ip")
def test_what_a_real_kernel_refuses_comes_as_an_errno() -> None:
    """Routes that prohibit or lead nowhere, a datagram too long: send returns why, and raises nothing."""
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", ROUTES, "sh", sys.executable, "-c", SENDING],
        env=dict(environment_of(Path("/"))),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "unshare" in done.stderr:
        pytest.skip(done.stderr.strip())
    wanted = (errno.EACCES, errno.EHOSTUNREACH, errno.EINVAL, errno.ENETUNREACH, errno.EMSGSIZE)
    assert done.stdout.split() == [str(each) for each in wanted], done.stderr


# --- Clocks


def test_a_wall_clock_that_is_set_does_nothing(
    server: tuple[LoggedServer, WireClient, Switches], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Ten years back or forth, on either side: nobody looks at it."""
    _running, client, switches = server
    words, client_switches = sabotaged("client", tmp_path_factory.mktemp("clock") / "switches")
    a_client = client_of_the_test(tmp_path_factory.mktemp("client"), words=words)
    with a_client as real, client.stays_unharmed(), real.stays_unharmed():
        for years in (1, -1, 2):
            for each in (switches, client_switches):
                each.set(wall_clock_s=years * YEARS_S)
            for patient in (client, real):
                patient.wait_for_echo()
            assert "mosh:" not in real.text


def test_a_machine_that_slept_goes_on_at_once(
    server: tuple[LoggedServer, WireClient, Switches], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The clock that counts through sleep jumps an hour: the session is as it was; the client sends from a new port."""
    _running, client, switches = server
    words, client_switches = sabotaged("client", tmp_path_factory.mktemp("clock") / "switches")
    with client_of_the_test(tmp_path_factory.mktemp("client"), words=words) as real:
        client.wait_for_echo()
        real.wait_for_echo()
        wire = real.wire
        assert wire is not None
        before = wire.target
        for each in (switches, client_switches):
            each.set(boot_clock_ms=HOUR_MS)
        client.wait_for_echo()
        real.wait_for_echo()
        real.wait_until(lambda: wire.target != before, "no other port")
        assert_idle([*client.members, *real.members], real.turn)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make a time namespace")
@pytest.mark.skipif(bool(missing_programs(["unshare"])), reason="unshare is not installed")
def test_the_clock_is_the_one_that_counts_through_sleep() -> None:
    """In a time namespace where the machine slept for three days, now_ms is three days ahead of CLOCK_MONOTONIC."""
    script = (
        "import time\nfrom mosh_common.clock import now_ms\n"
        "print(round((now_ms() - time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 10**6) / 1000))\n"
    )
    offset = 3 * 86_400
    done = subprocess.run(
        ["unshare", "--time", "--boottime", str(offset), "--fork", sys.executable, "-c", script],
        env=dict(environment_of(Path("/"))),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "unshare" in done.stderr:
        pytest.skip(done.stderr.strip())
    if sys.platform == "linux":
        slept = time.clock_gettime(time.CLOCK_BOOTTIME) - time.clock_gettime(time.CLOCK_MONOTONIC)
        assert abs(int(done.stdout) - offset - slept) < 60, done.stderr
