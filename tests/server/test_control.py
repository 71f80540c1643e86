"""What the session's user can do with it from outside, with real sockets on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.server.test_loop import FakeHost
from tests.support.world import KEY, BareClient, OurServer, entropy, lines_of

from mosh_common.address import Address
from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.loop import Ready, Waiter
from mosh_common.io.udp import UdpSocket
from mosh_common.wire.extensions import DETACH
from mosh_common.wire.key import Key
from mosh_server.control import Control, Facts, Offer
from mosh_server.keyring import OFFER_MS
from mosh_server.loop import Loop
from mosh_server.sockets import Sockets

pytestmark = pytest.mark.system

HERE = "127.0.0.1"
PATIENCE_MS = 20_000


class Caller:
    """A client on a socket of its own."""

    def __init__(self, offer: Offer, name: str) -> None:
        server = Address(HERE, offer.port)
        self.socket = UdpSocket.for_peer(server)
        self.transport = BareClient(key=offer.key, entropy=entropy(name), now=now_ms())
        self.transport._endpoint.peer = server
        self.push(self.transport.typed.push_resize(80, 24))

    def push(self, typed: Any) -> None:
        self.transport.push(typed, now=now_ms())

    def turn(self) -> None:
        for data, source, _, _ in self.socket.receive():
            self.transport.receive_datagram(data, source, now=now_ms())
        for data, to in self.transport.serve(now=now_ms()):
            self.socket.send(data, to)


class Impatient(Waiter):
    """One that waits for the callers' timers as well, of which the loop knows nothing."""

    def wait(self, deadline: int | None, *, now: int | None = None) -> Ready:
        soon = now_ms() + 5
        return super().wait(soon if deadline is None else min(deadline, soon), now=now)


class Machine:
    """A real loop with a real session; its shell is a pty without anybody."""

    def __init__(self, own: UdpSocket) -> None:
        server = OurServer(entropy=os.urandom, now=now_ms())
        self.session = server.session
        self.sockets = Sockets(own)
        self.control = Control(self.session, self.sockets, entropy=os.urandom)
        self.host = FakeHost()
        self.waiter = Impatient()
        self.loop = Loop(sockets=self.sockets, session=self.session, flood=self.session.terminal.flood, host=self.host)
        self.loop.begin(self.waiter)
        self.callers: list[Caller] = []

    def come(self, offer: Offer) -> Caller:
        caller = Caller(offer, f"caller {len(self.callers)}")
        self.callers.append(caller)
        return caller

    def run_until(self, condition: Callable[[], object]) -> None:
        end = now_ms() + PATIENCE_MS
        while not condition():
            assert now_ms() < end, "not within 20 s"
            for caller in self.callers:
                caller.turn()
            self.loop.turn(self.waiter)

    def attach(self, *, address: str | None = None, ports: tuple[int, int] | None = None) -> Offer:
        return self.control.attach(address=address, ports=ports, everywhere=True, now=now_ms())

    def close(self) -> None:
        self.waiter.close()
        for socket in (*self.sockets, *(caller.socket for caller in self.callers)):
            socket.close()
        self.host.close()


@pytest.fixture
def machine() -> Iterator[Machine]:
    made = Machine(UdpSocket.bind_server(HERE, (0, 0)))
    yield made
    made.close()


@pytest.fixture
def attached(machine: Machine) -> Machine:
    """One whose shell runs, with its first client, who sees a word."""
    first = machine.come(Offer(next(iter(machine.sockets)).port, KEY))
    machine.run_until(lambda: machine.host.program is not None)
    assert machine.host.program is not None
    os.write(machine.host.program, b"\x1b]2;a title\x07README")
    machine.run_until(lambda: lines_of(first.transport.received.state.snapshot)[1] == "README")
    return machine


def test_nobody_has_come_yet(machine: Machine) -> None:
    facts = machine.control.facts(now=now_ms())
    assert facts._replace(since_ms=0) == Facts(80, 24, "", False, None, 0, None, 1)
    assert 0 <= facts.since_ms < PATIENCE_MS


def test_who_is_there_is_told(attached: Machine) -> None:
    facts = attached.control.facts(now=now_ms() + 1000)
    assert facts._replace(since_ms=0, heard_ms_ago=0) == Facts(80, 24, "a title", True, HERE, 0, 0, 0)
    assert facts.heard_ms_ago is not None
    assert facts.heard_ms_ago >= 1000
    assert lines_of(attached.control.snapshot())[1] == "README"


def test_an_offer_is_a_new_key_at_the_sessions_own_port(attached: Machine) -> None:
    offers = [attached.attach() for _ in range(3)]
    assert {offer.port for offer in offers} == {next(iter(attached.sockets)).port}
    assert len({offer.key for offer in offers} | {KEY}) == 4
    assert attached.control.facts(now=now_ms()).waiting == 3
    assert not attached.sockets.several


def test_a_key_is_not_shown(attached: Machine) -> None:
    offer = attached.attach()
    assert offer.key.text not in repr(offer)


@pytest.mark.parametrize("other_port", [False, True])
def test_another_client_takes_over(attached: Machine, *, other_port: bool) -> None:
    own = next(iter(attached.sockets)).port
    # Another port is asked for by a range without ours.
    offer = attached.attach(ports=(own + 1, min(own + 200, 65535)) if other_port else None)
    assert (offer.port != own) is other_port
    second = attached.come(offer)
    attached.run_until(lambda: lines_of(second.transport.received.state.snapshot)[1] == "README")
    [first, _] = attached.callers
    attached.run_until(lambda: first.transport.done)
    facts = attached.control.facts(now=now_ms())
    assert (facts.attached, facts.waiting) == (True, 0)
    assert ("client_attached", HERE) in attached.host.asked
    assert ("set_size", 80, 24, "signal") in attached.host.asked
    second.push(second.transport.typed.push_request(DETACH, b""))
    attached.run_until(lambda: second.transport.done)
    attached.run_until(lambda: not attached.sockets.several)  # nobody is to be told anything there any more
    assert attached.host.asked[-1] == ("client_detached",)
    facts = attached.control.facts(now=now_ms())
    assert (facts.attached, facts.peer) == (False, HERE)


def test_a_socket_that_nobody_came_to_is_closed(attached: Machine) -> None:
    own = next(iter(attached.sockets)).port
    attached.attach(ports=(own + 1, min(own + 200, 65535)))
    attached.run_until(lambda: len(attached.loop._reached) == 2)
    attached.session.clients._keys.datagrams_to_send(now=now_ms() + OFFER_MS)
    attached.run_until(lambda: len(attached.loop._reached) == 1)
    assert not attached.sockets.several


def test_a_hundred_offers_and_attaches_cost_no_descriptor(attached: Machine) -> None:
    if not os.path.isdir("/proc/self/fd"):
        pytest.skip("the system does not list a process's descriptors")
    own = next(iter(attached.sockets)).port
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        attached.attach(ports=(own + 1, min(own + 200, 65535)))
        attached.loop.turn(attached.waiter)
    assert attached.control.facts(now=now_ms()).waiting == 4
    assert len(os.listdir("/proc/self/fd")) <= before + 4


@pytest.mark.skipif(sys.platform != "linux", reason="all of 127/8 is this machine on Linux only")
def test_another_socket_only_where_ours_does_not_answer_from() -> None:
    for own, asked, shared in [
        (UdpSocket.bind_server(HERE, (0, 0)), HERE, True),
        (UdpSocket.bind_server(HERE, (0, 0)), "127.0.0.2", False),
        (UdpSocket.bind_server(HERE, (0, 0)), None, True),
        (UdpSocket.bind_server(None, (0, 0), everywhere=True), "127.0.0.2", True),
    ]:
        sockets = Sockets(own)
        number = sockets.choose(asked, None, everywhere=False)
        assert (number == 0) is shared
        assert sockets.several is not shared
        for socket in sockets:
            socket.close()


def test_a_range_that_holds_our_port_is_ours(machine: Machine) -> None:
    own = next(iter(machine.sockets)).port
    assert {machine.attach(ports=ports).port for ports in [(own, own), (0, 0), (1, 65535), None]} == {own}


def test_a_port_that_is_taken_is_an_error_and_no_offer(attached: Machine) -> None:
    taken = UdpSocket.bind_server(HERE, (0, 0))
    try:
        with pytest.raises(EnvironmentFailure, match="Cannot bind UDP port"):
            attached.attach(address=None, ports=(taken.port, taken.port))
    except pytest.fail.Exception:
        assert attached.sockets.several  # some systems let two be bound, to all addresses and to one
    finally:
        taken.close()


def test_an_end_is_told(attached: Machine) -> None:
    [first] = attached.callers
    attached.control.end(now=now_ms())
    with pytest.raises(EnvironmentFailure, match="This session is ending"):
        attached.attach()
    attached.run_until(lambda: first.transport.done and attached.session.finished)
    assert not attached.session.failed


def test_a_key_is_made_of_what_the_system_gives() -> None:
    made = Machine(UdpSocket.bind_server(HERE, (0, 0)))
    try:
        control = Control(made.session, made.sockets, entropy=lambda count: bytes(range(100, 100 + count)))
        offer = control.attach(address=None, ports=None, everywhere=True, now=now_ms())
        assert offer.key == Key(bytes(range(100, 116)))
    finally:
        made.close()
