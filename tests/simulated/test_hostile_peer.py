"""Whatever an authentic peer or a stranger sends, memory and datagrams stay bounded and typing goes on."""

from __future__ import annotations

import tracemalloc
import zlib

from tests.support.simulation import KEY, START, Conditions, Session, Text

from mosh_common.address import Address
from mosh_common.protocol import SENT_STATES_LIMIT
from mosh_common.sync.path.endpoint import Endpoint
from mosh_common.wire.drop import DropReason
from mosh_common.wire.fragment import split
from mosh_common.wire.instruction import Instruction

STRANGER = Address("203.0.113.66", 6666)
MEBIBYTE = 1 << 20


def connected() -> Session:
    session = Session(seed=9, conditions=Conditions(delay=20))
    session.resize(80, 24)
    session.run(2000)
    return session


class Peer:
    """An authentic client that says what the test wants; the session's own one is out of reach."""

    def __init__(self) -> None:
        self.session = Session(seed=9)
        self.session.server.address = Address("192.0.2.99", 1)
        self.server = self.session.server.transport
        self._endpoint = Endpoint(key=KEY, is_server=False, now=START, peer=Address("192.0.2.1", 60001))
        self._id = 0

    def say(self, encoded: bytes) -> None:
        self._id += 1
        for fragment in split(self._id, encoded, 1224):
            datagram = self._endpoint.seal(fragment.encode(), now=self.session.now)
            self.session.deliver(datagram, STRANGER, self.session.server)


def test_ten_thousand_datagrams_of_garbage_cost_no_memory_and_typing_goes_on() -> None:
    session = connected()
    garbage = [session.random.randbytes(length) for length in (0, 1, 23, 24, 60, 100, 1252)]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(10_000):
        session.server.transport.receive_datagram(garbage[number % len(garbage)], STRANGER, now=session.now)
        if number % 1000 == 0:
            session.type(b"x")
            session.run(100)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    session.run(500)
    assert session.received_keys == b"x" * 10
    assert sum(session.server.transport.counters.dropped.values()) == 10_000
    assert session.server.transport.path.peer != STRANGER
    assert grown < MEBIBYTE // 5


def test_a_client_that_never_acknowledges_gets_frames_at_the_send_interval_and_costs_32_states() -> None:
    peer = Peer()
    peer.say(Instruction(0, 1, 0, 0).encode())
    before = len(peer.session.server.sends)
    for number in range(2, 60):
        peer.say(Instruction(number - 1, number, 0, 0).encode())
        for _ in range(50):
            peer.session.show(Text(peer.session.random.randbytes(500)))
            peer.session.run(20)
    frames = {at for at, _ in peer.session.server.sends[before:]}
    assert peer.server._sender.sent.held <= SENT_STATES_LIMIT
    assert len(frames) <= 60_000 / peer.server.send_interval * 1.1


def test_an_instruction_that_inflates_to_a_gigabyte_is_dropped_for_a_few_mebibytes() -> None:
    peer = Peer()
    bomb = zlib.compressobj()
    encoded = b"".join(bomb.compress(bytes(MEBIBYTE)) for _ in range(64)) + bomb.flush()
    tracemalloc.start()
    for _ in range(3):
        peer.say(encoded)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peer.server.counters.dropped == {DropReason.MALFORMED_INSTRUCTION: 3}
    assert peak < 40 * MEBIBYTE
