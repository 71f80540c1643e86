"""Both ends of a session together, on a good network; and one end against a peer that does not keep to the protocol."""

from __future__ import annotations

import errno

import pytest
from tests.support.simulation import CLIENT_ADDRESS, KEY, SERVER_ADDRESS, START, Conditions, Session, Side, Text

from mosh_common.address import Address
from mosh_common.errors import UsageError
from mosh_common.protocol import BLOCK_LIMIT, SHUTDOWN_NUMBER
from mosh_common.sync.events import (
    NewRemoteState,
    PeerMoved,
    PeerShutdown,
    SessionExhausted,
    ShutdownDone,
    StateNotTaken,
    VersionMismatch,
)
from mosh_common.sync.path.endpoint import Endpoint
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import PADDING_MARGIN_OCTETS, Transport
from mosh_common.wire.drop import DropReason
from mosh_common.wire.fragment import Fragment, split
from mosh_common.wire.instruction import Instruction

CAFE = Address("203.0.113.9", 1024)


def connected(conditions: Conditions | None = None) -> Session:
    """A session whose both ends have heard each other and are quiet."""
    session = Session(conditions=conditions)
    session.resize(80, 24)
    session.run(1000)
    return session


class Stranger:
    """A client that says what the test wants, to a real server."""

    def __init__(self) -> None:
        self.endpoint = Endpoint(key=KEY, is_server=False, now=START, peer=SERVER_ADDRESS)
        self.session = Session()
        self.session.server.address = Address("192.0.2.99", 1)  # where the session's own client does not look
        self.server = self.session.server.transport
        self._id = 0

    def say(self, instruction: Instruction) -> None:
        self._id += 1
        for fragment in split(self._id, instruction.encode(), 1224):
            self.say_fragment(fragment)

    def say_fragment(self, fragment: Fragment) -> None:
        datagram = self.endpoint.seal(fragment.encode(), now=self.session.now)
        self.session.deliver(datagram, CAFE, self.session.server)

    def assert_dropped(self, reason: DropReason, times: int = 1) -> None:
        assert self.server.counters.dropped == {reason: times}


def instruction_of(number: int, diff: bytes, *, version: int = 2) -> Instruction:
    return Instruction(0, number, 0, 0, diff, b"", version)


def test_what_cannot_be_used_of_a_newer_state_is_told() -> None:
    stranger = Stranger()
    newest = UserStream().push_keys(b"a").diff_from(UserStream())
    for instruction in (instruction_of(2, newest), instruction_of(1, b"\xff"), instruction_of(4, newest, version=3)):
        stranger.say(instruction)
    assert stranger.session.server.of_kind(StateNotTaken) == []
    stranger.say(instruction_of(3, b"\xff"))
    stranger.say_fragment(Fragment(99, 0, True, b"no zlib"))
    told = stranger.session.server.of_kind(StateNotTaken)
    assert [event.reason for event in told] == [DropReason.MALFORMED_DIFF, DropReason.MALFORMED_INSTRUCTION]


# --- A session --------------------------------------------------------------------------------------------------------


def test_a_client_speaks_first_and_a_server_answers_at_once() -> None:
    session = Session(conditions=Conditions(delay=30))
    assert session.server.transport.next_deadline(now=session.now) is None
    session.resize(80, 24)
    session.run(60)
    assert session.server.events[0] == PeerMoved(CLIENT_ADDRESS)
    assert session.received_size == (80, 24)
    assert session.client.transport.sent.acknowledged_number == 1
    assert session.client.transport.path.rtt.srtt == 60


def test_what_is_typed_and_shown_crosses_in_half_a_round_trip() -> None:
    session = connected(Conditions(delay=30))
    session.type(b"a")
    session.run(1 + 30)  # the client's collection delay and the way
    assert session.received_keys == b"a"
    session.show(Text(b"A"))
    session.run(8 + 30)
    assert session.client.transport.received.state.value == b"A"


def test_a_quiet_session_sends_one_datagram_each_way_every_3_seconds() -> None:
    session = connected()
    session.run(10_000)
    before = session.client.transport.counters.sent, session.server.transport.counters.sent
    session.run(30_000)
    after = session.client.transport.counters.sent, session.server.transport.counters.sent
    assert (after[0] - before[0], after[1] - before[1]) == (10, 10)


def test_each_new_state_is_one_event_that_says_whether_it_brought_something() -> None:
    session = connected()
    session.type(b"a")
    session.run(10_000)
    news = session.server.of_kind(NewRemoteState)
    assert [event.number for event in news] == sorted({event.number for event in news})
    assert [event.changed for event in news[:1]] == [True]
    assert sum(event.changed for event in news) == 2  # the size and the key


def test_what_was_typed_long_ago_is_kept_nowhere() -> None:
    session = connected()
    for _ in range(200):
        session.type(b"0123456789")
        session.run(200)
    session.run(10_000)
    held = [entry.state for entry in session.client.transport._sender.sent.entries]
    held += [state for _, state, _ in session.server.transport._receiver._states]
    held.append(session.client.transport.local_state())
    assert {state.position for state in held} == {2001}  # and a size
    assert max(state.weight for state in held) < 500


def test_asking_for_the_deadline_changes_nothing() -> None:
    session = connected()
    session.type(b"a")
    transport = session.client.transport
    times = [session.now + later for later in (0, 1, 50, 3000, 100_000)]
    assert [transport.next_deadline(now=now) for now in times] == [transport.next_deadline(now=now) for now in times]


def test_a_long_message_goes_in_fragments_that_fit_the_mtu() -> None:
    session = connected()
    session.show(Text(session.random.randbytes(5000)))
    session.run(8)
    lengths = [len(data) for _, _, data, *_ in sorted(session._flying)]
    assert lengths[:4] == [1252] * 4
    assert len(lengths) == 5
    session.server.transport.report_send_failure(errno.EMSGSIZE, now=session.now)
    session.run(1000)
    session.show(Text(session.random.randbytes(600)))
    session.run(8)
    assert max(len(data) for _, _, data, *_ in session._flying) == 500


def test_a_server_follows_its_client_and_keeps_the_session() -> None:
    session = connected()
    session.roam(CAFE)
    session.type(b"a")
    session.run(500)
    assert session.server.of_kind(PeerMoved) == [PeerMoved(CLIENT_ADDRESS), PeerMoved(CAFE)]
    session.show(Text(b"here"))
    session.run(500)
    assert session.client.transport.received.state.value == b"here"


def test_a_server_falls_silent_40_seconds_after_its_client_and_speaks_again_when_it_is_back() -> None:
    session = connected()
    session.run(10_000)
    session.conditions = Conditions(loss=1.0)
    session.run(41_000)
    assert not session.server.transport.contact.attached(now=session.now)
    sent = session.server.transport.counters.sent
    session.show(Text(b"news"))
    session.run(3_600_000)
    assert session.server.transport.counters.sent == sent
    session.conditions = Conditions()
    session.run_until(lambda: session.client.transport.received.state.value == b"news", patience=4_000)


def test_a_lost_acknowledgement_is_said_again_when_the_peer_repeats_itself() -> None:
    session = connected()
    session.type(b"a")
    session.run(40)
    session.conditions = Conditions(loss=1.0)  # the server's answer is lost
    session.run_until(lambda: session.received_keys == b"a", patience=100)
    session.run(150)
    session.conditions = Conditions()
    session.run_until(lambda: session.client.transport.sent.acknowledged_state == session.typed, patience=1000)


def test_a_frame_that_is_an_earlier_one_again_arrives_and_is_acknowledged_without_a_heartbeat() -> None:
    session = connected(Conditions(delay=20))
    session.show(Text(b"$ "))
    session.run(5000)
    server, client = session.server.transport, session.client.transport
    session.show(Text(b"$ ls"))
    session.run_until(lambda: client.received.state.value == b"$ ls", patience=50)
    session.conditions = Conditions(loss=1.0)  # neither the acknowledgement nor the next frame arrives
    session.run(110)
    session.show(Text(b"$ "))
    session.run_until(lambda: server.sent.state.value == b"$ ", patience=50)
    session.conditions = Conditions(delay=20)
    session.run_until(lambda: client.received.state.value == b"$ ", patience=1000)
    session.run_until(lambda: server.sent.acknowledged_number == server.sent.number, patience=200)


def test_a_repeated_state_is_heard_but_is_no_news() -> None:
    stranger = Stranger()
    contact = stranger.server.contact
    stranger.say(Instruction(0, 1, 0, 0))
    assert (contact.last_datagram_at, contact.last_heard) == (START, START)
    stranger.session.run(5)
    stranger.say(Instruction(0, 1, 0, 0))
    assert (contact.last_datagram_at, contact.last_heard) == (START + 5, START)
    stranger.assert_dropped(DropReason.ALREADY_HELD)


# --- The end ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_client", [True, False])
def test_either_side_ends_the_session_for_both(by_client: bool) -> None:
    session = connected()
    one, other = (session.client, session.server) if by_client else (session.server, session.client)
    session.show(Text(b"last words"))
    one.transport.start_shutdown(now=session.now)
    session.run_until(lambda: bool(one.of_kind(ShutdownDone)), patience=300)
    assert one.of_kind(ShutdownDone) == other.of_kind(ShutdownDone) == [ShutdownDone(True)]
    assert other.of_kind(PeerShutdown) == [PeerShutdown()]
    if not by_client:
        assert session.client.transport.received.state.value == b"last words"


def test_a_client_gives_up_on_a_server_that_is_gone() -> None:
    session = connected()
    session.conditions = Conditions(loss=1.0)
    session.client.transport.start_shutdown(now=session.now)
    session.run_until(lambda: session.client.of_kind(ShutdownDone) == [ShutdownDone(False)], patience=10_000)


def test_a_server_that_nobody_reached_ends_at_once() -> None:
    session = Session()
    session.server.transport.start_shutdown(now=session.now)
    session.run(0)
    assert session.server.of_kind(ShutdownDone) == [ShutdownDone(False)]


def test_a_detached_server_waits_10_seconds_for_its_client_to_say_goodbye() -> None:
    session = connected()
    session.conditions = Conditions(loss=1.0)
    session.run(60_000)
    session.server.transport.start_shutdown(now=session.now)
    session.run(9_999)
    assert session.server.of_kind(ShutdownDone) == []
    session.run(1)
    assert session.server.of_kind(ShutdownDone) == [ShutdownDone(False)]


def test_a_session_whose_key_is_worn_out_ends() -> None:
    session = connected()
    session.client.transport._endpoint._cipher.blocks_sealed = BLOCK_LIMIT - 1
    session.type(b"a")
    session.run(5000)
    assert session.client.of_kind(SessionExhausted) == [SessionExhausted()]
    assert session.received_keys == b""


# --- Peers that do not keep to the protocol ---------------------------------------------------------------------------


def test_another_protocol_version_is_reported() -> None:
    stranger = Stranger()
    stranger.say(Instruction(0, 1, 0, 0, protocol_version=3))
    (event,) = stranger.session.server.of_kind(VersionMismatch)
    assert "version 3" in event.message
    stranger.assert_dropped(DropReason.WRONG_VERSION)


def test_noise_is_counted_and_not_answered() -> None:
    session = Session()
    for octets in range(60):
        session.deliver(bytes(octets), CAFE, session.server)
    dropped = {DropReason.TOO_SHORT: 24, DropReason.NOT_AUTHENTIC: 36}
    assert session.server.transport.counters.dropped == dropped
    assert session.server.transport.counters.sent == 0
    assert session.server.events == []


def test_a_reflected_datagram_is_dropped() -> None:
    session = connected()
    session.run(10_000)
    session.type(b"a")
    session.run(1)
    ((_, _, data, *_),) = session._flying
    session.deliver(data, SERVER_ADDRESS, session.client)
    assert session.client.transport.counters.dropped[DropReason.OWN_DIRECTION] == 1


def test_a_replayed_session_brings_no_key_twice() -> None:
    session = Session()
    recorded: list[tuple[bytes, Side]] = []
    carry = session._carry

    def record(data: bytes, source: Address, to: Side) -> None:
        recorded.append((data, to))
        carry(data, source, to)

    session._carry = record  # type: ignore[method-assign]  # for this session only
    session.resize(80, 24)
    for key in (b"a", b"b", b"c"):
        session.type(key)
        session.run(1000)
    for data, to in recorded:
        session.deliver(data, CAFE, to)
    assert session.received_keys == b"abc"
    assert session.server.transport.path.peer == CLIENT_ADDRESS


def test_a_peer_that_never_acknowledges_costs_32_states_and_gets_all_the_same() -> None:
    stranger = Stranger()
    for number in range(1, 200):
        stranger.session.show(Text(b"%d" % number))
        stranger.say(Instruction(number - 1, number, 0, 0))
        stranger.session.run(300)
    assert stranger.server._sender.sent.held == 32
    assert stranger.server.sent.acknowledged_number == 0
    assert stranger.server.sent.state.value == b"199"


def test_a_peer_that_acknowledges_nonsense_is_not_believed() -> None:
    stranger = Stranger()
    for number, nonsense in enumerate((99, 2**63, SHUTDOWN_NUMBER), start=1):
        stranger.say(Instruction(number - 1, number, nonsense, 0))
    assert stranger.server.sent.acknowledged_number == 0
    assert stranger.session.server.of_kind(ShutdownDone) == []


def test_a_peer_that_floods_states_is_slowed_down() -> None:
    stranger = Stranger()
    for number in range(1, 1500):
        stranger.say(Instruction(0 if number == 1 else 1, number, 0, 0, b""))
    stranger.assert_dropped(DropReason.TOO_MANY_STATES, times=1499 - 1024)
    assert stranger.server._receiver.states_held == 1024


def test_a_malformed_diff_is_dropped_and_the_session_goes_on() -> None:
    stranger = Stranger()
    stranger.say(Instruction(0, 1, 0, 0, b"\xff"))
    stranger.assert_dropped(DropReason.MALFORMED_DIFF)
    stranger.say(Instruction(0, 1, 0, 0, UserStream().push_keys(b"a").diff_from(UserStream())))
    assert stranger.session.received_keys == b"a"


def test_a_message_too_long_for_any_peer_is_not_sent_and_does_not_spin() -> None:
    session = connected()
    session.show(Text(bytes(9 << 20)))
    session.run(1000)
    assert session.server.transport.counters.unsendable > 0
    session.show(Text(b"short again"))
    session.run(1000)
    assert session.client.transport.received.state.value == b"short again"


# --- The caller's part ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("is_server", "peer"), [(True, CLIENT_ADDRESS), (False, None)])
def test_only_a_client_is_told_its_peer(is_server: bool, peer: Address | None) -> None:
    with pytest.raises(UsageError):
        Transport(
            key=KEY, is_server=is_server, local=Text(), remote=Text(), entropy=bytes, now=START, peer=peer
        )  # fmt: skip


def test_debug_lines_name_the_rule_and_no_key() -> None:
    lines: list[str] = []
    session = Session()
    session.client.transport._log = lines.append
    session.resize(80, 24)
    session.type(b"secret")
    session.run(4000)
    assert any("sent 0→1" in line and "answer" in line for line in lines)
    assert not any("secret" in line or KEY.text in line for line in lines)


# --- Other addresses of the same server -------------------------------------------------------------------------------

OTHER_SERVER_ADDRESS = Address("2001:db8::1", 60001, 0, 0)


def test_a_silent_servers_other_addresses_are_tried_and_the_one_that_answers_is_kept() -> None:
    session = connected(Conditions(delay=50))
    client = session.client.transport
    client.set_alternatives([OTHER_SERVER_ADDRESS])
    session.run(10_000)
    assert set(session.addresses_tried) == {SERVER_ADDRESS}
    session.server.address = OTHER_SERVER_ADDRESS  # it is reached there only, from now on
    session.type(b"x")
    session.run_until(lambda: client.path.peer == OTHER_SERVER_ADDRESS, patience=6000)
    session.run_until(lambda: session.received_keys == b"x", patience=2000)
    session.addresses_tried.clear()
    session.run(10_000)
    assert set(session.addresses_tried) == {OTHER_SERVER_ADDRESS}


def test_a_client_that_moved_to_another_address_goes_back_when_only_the_first_one_answers() -> None:
    session = connected(Conditions(delay=50))
    client = session.client.transport
    client.set_alternatives([SERVER_ADDRESS, OTHER_SERVER_ADDRESS])
    for address in (OTHER_SERVER_ADDRESS, SERVER_ADDRESS):
        session.server.address = address
        session.type(b"x")
        session.run_until(lambda: client.path.peer == session.server.address, patience=6000)


def test_an_authentic_datagram_from_an_unknown_address_does_not_move_a_client() -> None:
    session = connected(Conditions(delay=50))
    session.client.transport.set_alternatives([OTHER_SERVER_ADDRESS])
    session.server.address = CAFE
    session.show(Text(b"from elsewhere"))
    session.run(100)
    assert session.client.transport.path.peer == SERVER_ADDRESS


def test_a_try_of_a_size_is_one_datagram_of_about_that_size(monkeypatch: pytest.MonkeyPatch) -> None:
    session = connected()
    session.client.sends.clear()
    monkeypatch.setattr(Endpoint, "padding", lambda _self, _number, *, now: 1000)  # noqa: ARG005  # as it is called
    session.run_until(lambda: bool(session.client.sends), patience=5000)
    [(_, octets)] = session.client.sends
    assert 1000 - PADDING_MARGIN_OCTETS <= octets <= 1000


def test_after_a_sleep_a_new_source_port_is_due_once() -> None:
    session = connected()
    client = session.client.transport
    assert not client.port_hop_due(now=session.now)
    client.start_afresh(now=session.now)
    assert client.port_hop_due(now=session.now)
    client.port_hopped(now=session.now)
    assert not client.port_hop_due(now=session.now)
