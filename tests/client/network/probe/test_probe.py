"""What a probe finds out about a way, against a server that says little more than what it must; without a clock."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_client.network.probe.line import Line
from mosh_client.network.probe.plan import EXCHANGES, FAREWELL_MS, SCREEN_COLUMNS, WHOLE_MS, Probe
from mosh_common.address import Address
from mosh_common.protocol import DATAGRAM_OVERHEAD, MTU_IPV4_OCTETS, SHUTDOWN_NUMBER, TIMESTAMP_NONE
from mosh_common.sync.path.rtt import RoundTripTime, timestamp16
from mosh_common.wire import datagram, hostdiff, userdiff
from mosh_common.wire.datagram import Datagram
from mosh_common.wire.fragment import Assembler, Fragment, Fragmenter
from mosh_common.wire.instruction import Instruction
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

KEY = Key.generate(bytes(range(16)))
PEER = Address("192.0.2.1", 60001)
OTHER = Address("192.0.2.2", 60001)
MARK = b"doctor:1700000000:mosh-server_(mosh_1.4.0)__build_mosh_1.4.0_:"
DELAY_MS = 100  # with which a server acknowledges what it does not answer


class Server:
    """Acknowledges, prints its mark at first, and a screenful of random digits at each size but the first."""

    def __init__(self, *, mark: bytes = MARK, announces: str = "") -> None:
        self.events: list[userdiff.UserEvent] = []
        self.sizes: list[int] = []  # of the datagrams that came
        self.farewells = 0
        self.number = 0  # our newest state
        self._cipher = Ocb(KEY)
        self._sequence = 0
        self._rtt = RoundTripTime()
        self._assembler = Assembler()
        self._fragmenter = Fragmenter()
        self._known = 0  # the client's newest state
        self._screens = 1
        self._first = [hostdiff.HostBytes(mark)] if mark else []
        self._announces = announces

    def receive(self, data: bytes, *, now: int) -> tuple[int, list[bytes]]:
        """Take a datagram; return after how many ms these are the answer."""
        opened = datagram.unseal(self._cipher, data, to_client=False)
        self.sizes.append(len(data))
        self._rtt.receive_timestamps(opened.timestamp, opened.timestamp_reply, now=now)
        encoded = self._assembler.add(Fragment.decode(opened.payload))
        if encoded is None:
            return 0, []
        instruction = Instruction.decode(encoded)
        self._known = max(self._known, instruction.new_num)
        said: list[Any] = []
        if instruction.new_num == SHUTDOWN_NUMBER:
            self.farewells += 1
        else:
            self.events = userdiff.decode(instruction.diff) or self.events
            if any(isinstance(each, userdiff.Features) for each in self.events) and self._announces:
                said.append(hostdiff.Announcement(self._announces))
            said, self._first = said + self._first, []
            size = self.events[-1]
            if isinstance(size, userdiff.Resize) and size.columns - SCREEN_COLUMNS >= self._screens - 1:
                self._screens = size.columns - SCREEN_COLUMNS + 2
                said.append(hostdiff.HostBytes(random.Random(1).randbytes(3000).hex().encode()))
        self.number += bool(said)
        return 0 if said else DELAY_MS, [hostdiff.encode(said)]

    def sealed(self, diff: bytes, *, now: int) -> list[bytes]:
        """Return an instruction in datagrams."""
        encoded = Instruction(0, self.number, self._known, 0, diff).encode()
        datagrams = []
        for fragment in self._fragmenter.split(encoded, MTU_IPV4_OCTETS - DATAGRAM_OVERHEAD):
            reply = self._rtt.take_reply(now=now)
            sealed = Datagram(True, self._sequence, timestamp16(now), reply, fragment.encode())
            datagrams.append(datagram.seal(self._cipher, sealed))
            self._sequence += 1
        return datagrams


Lost = Callable[[int, int], bool]  # of the datagram with this place and these octets


def measure(
    server: Server, *, there: Lost = lambda *_: False, back: Lost = lambda *_: False, one_way_ms: int = 20
) -> dict[str, Any]:
    """Run a probe to its end; return what it found, and when it was over (ms) as "took"."""
    line = Line(key=KEY, addresses=(OTHER, PEER), entropy=random.Random(0).randbytes)
    probe = Probe(line, is_ipv6=False, now=0)
    # (when, order, what arrives): at the server b"" and a datagram, or what it then says; at the client a datagram.
    under_way: list[tuple[int, int, str, bytes]] = []
    now = sent_there = sent_back = order = 0

    def post(when: int, kind: str, data: bytes) -> None:
        nonlocal order
        order += 1
        heapq.heappush(under_way, (when, order, kind, data))

    while not probe.is_over():
        for data, to in probe.datagrams_to_send(now=now):
            if to == PEER:
                sent_there += 1
                if not there(sent_there, len(data)):
                    post(now + one_way_ms, "there", data)
        if probe.is_over():
            break
        if not under_way or under_way[0][0] > probe.next_deadline():
            now = max(now, probe.next_deadline())
            continue
        now, _order, kind, data = heapq.heappop(under_way)
        if kind == "there":
            wait, diffs = server.receive(data, now=now)
            for diff in diffs:
                post(now + wait, "say", diff)
        elif kind == "say":
            for sealed in server.sealed(data, now=now):
                sent_back += 1
                if not back(sent_back, len(sealed)):
                    post(now + one_way_ms, "back", sealed)
        else:
            probe.receive(data, PEER, now=now)
        assert now < WHOLE_MS + FAREWELL_MS + 4000
    return {**probe.outcome(), "took": now}


def test_a_good_way() -> None:
    server = Server()
    found = measure(server)
    assert (found["answered"], found["address"], found["ended"]) == (True, "192.0.2.1", True)
    assert (found["exchanges"], found["unanswered"], found["missing"]) == (EXCHANGES, 0, 0)
    assert found["round_trip_ms"] == 40
    assert (found["octets_there"], found["octets_back"], found["long_lost_back"]) == (1252, 1252, False)
    assert max(server.sizes) == 1252
    assert found["server"] == "mosh 1.4.0"
    assert server.farewells == 1
    assert found["took"] < WHOLE_MS


@pytest.mark.parametrize("seed", range(8))
def test_a_bad_way_is_told_from_one_that_drops_long_datagrams_and_in_time(seed: int) -> None:
    chance = random.Random(seed)

    def lossy(_place: int, _octets: int) -> bool:
        return chance.random() < 0.3

    found = measure(Server(), there=lossy, back=lossy)
    assert found["unanswered"] >= 3
    assert found["unanswered"] / found["exchanges"] > 0.2
    assert not found["long_lost_there"]
    assert not found["long_lost_back"]
    assert found["took"] <= WHOLE_MS + FAREWELL_MS + 250


def test_no_key_is_ever_typed() -> None:
    server = Server()
    measure(server)
    assert {type(each) for each in server.events} <= {userdiff.Resize, userdiff.Features}


@pytest.mark.parametrize("one_way_ms", [0, 150, 400])
def test_a_long_way_is_not_taken_for_a_lossy_one(one_way_ms: int) -> None:
    found = measure(Server(), one_way_ms=one_way_ms)
    assert found["answered"]
    assert found["unanswered"] == 0
    assert found["round_trip_ms"] == 2 * one_way_ms
    assert found["took"] <= WHOLE_MS + FAREWELL_MS + 2 * one_way_ms


def test_a_way_that_nothing_comes_through() -> None:
    for blocked in ({"there": lambda *_: True}, {"back": lambda *_: True}):
        found = measure(Server(), **blocked)  # type: ignore[arg-type]  # one of the two
        assert (found["answered"], found["received"], found["address"]) == (False, 0, "")
        assert WHOLE_MS <= found["took"] <= WHOLE_MS + 300


def test_losses_are_counted_by_exchange_and_on_the_way_back() -> None:
    found = measure(Server(), there=lambda place, _octets: place % 3 == 0)
    assert 3 <= found["unanswered"] <= found["exchanges"] / 2
    assert found["missing"] == 0
    found = measure(Server(), back=lambda place, _octets: place % 3 == 0)
    assert found["missing"] >= 4
    assert not found["long_lost_there"]


@pytest.mark.parametrize(("longest", "rung"), [(1100, 1000), (900, 800), (600, 500)])
def test_how_long_a_datagram_may_be_on_the_way_there(longest: int, rung: int) -> None:
    found = measure(Server(), there=lambda _place, octets: octets > longest)
    assert (found["octets_there"], found["long_lost_there"], found["unanswered"]) == (rung, True, 0)


def test_that_long_ones_do_not_come_back() -> None:
    # A server that goes on to send them: nothing more is heard of it.
    found = measure(Server(), back=lambda _place, octets: octets > 600)
    assert (found["octets_there"], found["long_lost_back"], found["unanswered"]) == (1252, True, 0)
    assert found["missing"] == 0  # those are lost for being long, and are no sign of a lossy way


def test_a_host_that_runs_another_command_tells_nothing_of_the_way_back() -> None:
    class Mute(Server):
        def receive(self, data: bytes, *, now: int) -> tuple[int, list[bytes]]:
            self._screens = 10**6
            return super().receive(data, now=now)

    found = measure(Mute(mark=b""))
    assert (found["octets_there"], found["long_lost_back"], found["server"]) == (1252, False, "")
    assert found["octets_back"] < 500


def test_ours_announces_itself() -> None:
    assert measure(Server(mark=b"", announces="mosh-py 9.9.9"))["server"] == "mosh-py 9.9.9"


@pytest.mark.parametrize(
    "mark", [b"doctor:x:y:", b"doctor:1:" + b"z" * 500 + b":", b"doctor:1:\x1b[31m(mosh_1.4.0):", b"\xff" * 5000]
)
def test_what_a_host_prints_is_believed_only_where_it_is_the_mark(mark: bytes) -> None:
    assert measure(Server(mark=mark))["server"] == ""


@pytest.mark.parametrize(
    "octets", [b"", b"\0" * 24, b"\xff" * 1500, bytes(range(64))], ids=["none", "zeros", "long", "short"]
)
def test_what_is_not_the_servers_changes_nothing(octets: bytes) -> None:
    line = Line(key=KEY, addresses=(PEER,), entropy=random.Random(0).randbytes)
    line.receive(octets, PEER, now=0)
    assert (line.received, line.acknowledged, line.peer) == (0, set(), None)


def test_an_answer_from_elsewhere_counts_and_is_not_followed() -> None:
    line = Line(key=KEY, addresses=(PEER,), entropy=random.Random(0).randbytes)
    line.window(80, 24, now=0)
    server = Server()
    for number, source in enumerate((Address("198.51.100.1", 9), PEER), 1):
        (answer,) = server.sealed(b"", now=0)
        line.receive(answer, source, now=0)
        assert line.received == number
        assert line.peer == (None if source != PEER else PEER)


def test_a_replay_does_not_move_the_probe() -> None:
    line = Line(key=KEY, addresses=(PEER, OTHER), entropy=random.Random(0).randbytes)
    (answer,) = Server().sealed(b"", now=0)
    line.receive(answer, PEER, now=0)
    line.receive(answer, OTHER, now=0)
    assert line.peer == PEER


NUMBERS = st.sampled_from([0, 1, 2, 3, SHUTDOWN_NUMBER]) | st.integers(0, SHUTDOWN_NUMBER)
SAID = st.binary(max_size=60) | st.binary(max_size=60).map(lambda data: hostdiff.encode([hostdiff.HostBytes(data)]))


@given(st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS, SAID) | st.binary(max_size=60), max_size=6))
def test_whatever_a_host_says_the_probe_goes_on(said: list[Any]) -> None:
    line = Line(key=KEY, addresses=(PEER,), entropy=random.Random(0).randbytes)
    for sequence, each in enumerate(said):
        line.window(80, 24, now=sequence)
        payload = each
        if isinstance(each, tuple):
            old, new, ack, diff = each
            payload = Fragment(sequence, 0, True, Instruction(old, new, ack, 0, diff).encode()).encode()
        line.receive(datagram.seal(Ocb(KEY), Datagram(True, sequence, 0, TIMESTAMP_NONE, payload)), PEER, now=sequence)
    assert line.received == len(said)
    assert line.acknowledged <= {*range(len(said) + 1), SHUTDOWN_NUMBER}
    assert line.window(80, 24, now=99)
    assert line.farewell(now=99)


def test_a_payload_that_makes_no_sense_is_dropped() -> None:
    line = Line(key=KEY, addresses=(PEER,), entropy=random.Random(0).randbytes)
    for sequence, payload in enumerate([b"", b"\0" * 9, Fragment(1, 0, True, b"no zlib").encode()]):
        sealed = datagram.seal(Ocb(KEY), Datagram(True, sequence, 0, TIMESTAMP_NONE, payload))
        line.receive(sealed, PEER, now=0)
    assert (line.received, line.acknowledged) == (3, set())


def test_an_acknowledgement_of_what_was_never_sent_is_none() -> None:
    line = Line(key=KEY, addresses=(PEER,), entropy=random.Random(0).randbytes)
    payload = Fragment(1, 0, True, Instruction(0, 0, 77, 0).encode()).encode()
    line.receive(datagram.seal(Ocb(KEY), Datagram(True, 0, 0, TIMESTAMP_NONE, payload)), PEER, now=0)
    assert not line.was_acknowledged


def test_whoever_gives_up_says_so_once() -> None:
    line = Line(key=KEY, addresses=(PEER,), entropy=random.Random(0).randbytes)
    probe = Probe(line, is_ipv6=False, now=0)
    server = Server()
    (first,) = probe.datagrams_to_send(now=0)
    server.receive(first[0], now=0)
    (last,) = probe.leave(now=1)
    server.receive(last[0], now=1)
    assert server.farewells == 1
    assert probe.is_over()
    assert probe.datagrams_to_send(now=2) == []
