"""Channels beside channel 0: what they send and when, what they hold, and what they leave to keys and screen."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.simulation import CLIENT_ADDRESS, KEY, SERVER_ADDRESS, START, Conditions, Session, Text

from mosh_common.errors import UsageError
from mosh_common.sync import channel as module
from mosh_common.sync.channel import ACK_DELAY_MS, Channel
from mosh_common.sync.channels import WINDOW_FRAGMENTS, WINDOW_OCTETS, Channels
from mosh_common.sync.events import StateNotTaken
from mosh_common.sync.path.endpoint import Endpoint
from mosh_common.wire.drop import DropReason
from mosh_common.wire.fragment import CHANNEL_SHIFT, Fragment, Fragmenter, split
from mosh_common.wire.instruction import Instruction

HISTORY, STREAM = 1, 2


def established(conditions: Conditions | None = None, *, seed: int = 0) -> Session:
    """Return a session whose round trip is known."""
    session = Session(seed=seed, conditions=conditions or Conditions())
    session.resize(80, 24)
    session.run(5000)
    session.show(Text(b"$ "))
    session.run(10_000)
    return session


def opened(session: Session, number: int = HISTORY) -> tuple[Channel[Any, Any], Channel[Any, Any]]:
    """Open a channel of two texts; return the client's and the server's end of it."""
    client, server = (
        side.transport.channels.open(number, local=Text(), remote=Text(), now=session.now)
        for side in (session.client, session.server)
    )
    return client, server


def say(session: Session, channel: Channel[Any, Any], text: bytes) -> None:
    channel.set_local_state(Text(text))
    session.run(0)


def page(session: Session, fragments: int) -> bytes:
    """Return what goes in so many fragments, being incompressible."""
    return session.random.randbytes(fragments * 1200 - 100)


def test_what_is_due_is_counted_from_what_was_sent_last() -> None:
    session = established()
    client, _ = opened(session)
    say(session, client, b"one")
    contact = SimpleNamespace(worth_resending=lambda *, now: now > 0)
    link: Any = SimpleNamespace(send_interval=250, rto=900, contact=contact)
    sent, lost = session.now, session.now + 900 + ACK_DELAY_MS
    assert client.fragment_due_at(link=link, now=sent) == lost
    assert client.flights_end_at(link=link) == [lost]
    assert client.in_flight(link=link, now=lost - 1) > client.in_flight(link=link, now=lost) == 0
    client.set_local_state(Text(b"two"))
    assert client.fragment_due_at(link=link, now=sent) == sent + 250


def test_each_end_hears_the_other() -> None:
    session = established()
    client, server = opened(session)
    say(session, client, b"line 7")
    session.run(41)
    assert server.received.state.value == b"line 7"
    say(session, server, b"what it says")
    session.run(41)
    assert client.received.state.value == b"what it says"


def test_channel_0_has_the_ids_that_it_always_had() -> None:
    assert Fragmenter().split(b"x", 500)[0].id == 1
    fragment = Fragmenter(3).split(b"x", 500)[0]
    assert (fragment.channel, fragment.id) == (3, 3 << CHANNEL_SHIFT | 1)


@pytest.mark.parametrize("number", [0, 256, HISTORY])
def test_a_channel_is_opened_once_and_has_a_number_that_fits(number: int) -> None:
    session = established()
    opened(session)
    with pytest.raises(UsageError):
        session.client.transport.channels.open(number, local=Text(), remote=Text(), now=session.now)


def test_an_open_channel_with_nothing_to_say_sends_nothing_and_wakes_nobody() -> None:
    quiet, other = established(), established()
    client, _ = opened(other)
    for session in (quiet, other):
        for side in (session.client, session.server):
            side.sends.clear()
        session.run(60_000)
    assert [len(quiet.client.sends), len(quiet.server.sends)] == [len(other.client.sends), len(other.server.sends)]
    say(other, client, b"once")
    other.run(1000)
    for side in (other.client, other.server):
        side.sends.clear()
    other.run(60_000)
    assert abs(len(other.client.sends) - len(quiet.client.sends)) <= 1
    assert abs(len(other.server.sends) - len(quiet.server.sends)) <= 1


def test_a_page_goes_fragment_by_fragment_within_a_round_trip() -> None:
    session = established(Conditions(delay=100))
    client, server = opened(session)
    text = page(session, WINDOW_FRAGMENTS)
    session.server.sends.clear()
    began = session.now
    say(session, server, text)
    session.run_until(lambda: client.received.state.value == text, patience=400)
    long = [at for at, octets in session.server.sends if octets > 500]
    assert len(long) == WINDOW_FRAGMENTS
    assert min(later - at for at, later in itertools.pairwise(long)) >= 10
    assert long[-1] - began < 200


def test_a_frame_goes_at_once_in_the_middle_of_a_page() -> None:
    session = established(Conditions(delay=100))
    client, server = opened(session)
    text = page(session, WINDOW_FRAGMENTS)
    say(session, server, text)
    session.run(40)
    assert 0 < server.in_flight(link=session.server.transport._link(now=session.now), now=session.now) < WINDOW_OCTETS
    session.type(b"k")
    session.run(101)
    session.show(Text(b"$ k"))
    session.run(110)
    assert session.client.transport.received.state.value == b"$ k"
    session.run(300)
    assert client.received.state.value == text


def test_what_is_under_way_is_bounded() -> None:
    session = established(Conditions(delay=100))
    _, server = opened(session)
    session.conditions = Conditions(delay=100, loss=1.0)
    session.server.sends.clear()
    for number in range(40):
        say(session, server, page(session, 4) + b"%d" % number)
        session.run(10)
        link = session.server.transport._link(now=session.now)
        assert server.in_flight(link=link, now=session.now) <= WINDOW_OCTETS


def test_what_lacks_one_fragment_needs_no_other_when_it_is_sent_again() -> None:
    session = established(Conditions(delay=100))
    client, server = opened(session)
    text = page(session, WINDOW_FRAGMENTS)
    say(session, server, text)
    session.conditions = Conditions(delay=100, loss=1.0)
    session.run(30)
    session.conditions = Conditions(delay=100)
    session.run(300)
    assert client.received.state.value != text
    session.run_until(lambda: client.received.state.value == text, patience=1000)
    assert server._tries == 2
    session.run(120)
    assert server.sent.acknowledged_number == server.sent.number == 1


def test_an_acknowledgement_does_not_disturb_what_is_being_put_together() -> None:
    session = established(Conditions(delay=100))
    client, server = opened(session)
    text = page(session, WINDOW_FRAGMENTS)
    say(session, server, text)
    session.run(20)
    say(session, client, b"another wish")
    session.run(300)
    assert client.received.state.value == text
    assert server.received.state.value == b"another wish"
    assert (client._tries, server._tries) == (1, 1)


def test_what_the_path_is_too_narrow_for_goes_in_short_datagrams() -> None:
    session = established()
    client, server = opened(session)
    session.conditions = Conditions(longest=600)
    text = page(session, 3)
    say(session, server, text)
    session.run_until(lambda: client.received.state.value == text, patience=20_000)
    session.run(200)
    assert server._short
    say(session, server, page(session, 3))
    session.run(400)
    assert client.received.state == server.sent.state


def test_a_silent_peer_is_not_sent_the_same_for_ever() -> None:
    session = established()
    _, server = opened(session)
    session.conditions = Conditions(loss=1.0)
    say(session, server, b"lost")
    session.run(60_000)
    assert server._tries < 10
    session.conditions = Conditions()
    session.client.transport.probe(now=session.now)
    session.run(1000)
    assert server.sent.acknowledged_number == server.sent.number


def test_a_later_channel_has_what_an_earlier_one_leaves_and_never_nothing() -> None:
    session = established(Conditions(delay=100))
    first, second = opened(session), opened(session, STREAM)
    one, other = page(session, 30), page(session, 30)
    say(session, second[1], other)
    say(session, first[1], one)
    session.run_until(lambda: first[0].received.state.value == one, patience=10_000)
    assert second[0].received.state.value != other
    session.run_until(lambda: second[0].received.state.value == other, patience=20_000)


# --- Peers that do not keep to it -----------------------------------------------------------------------------------


class Peer:
    """A client with the right key, and a server with one channel."""

    def __init__(self) -> None:
        self.session = established()
        self.endpoint = Endpoint(key=KEY, is_server=False, now=START, peer=SERVER_ADDRESS)
        self.endpoint._next_sequence = 1 << 20
        self.fragmenter = Fragmenter(HISTORY)
        _, self.channel = opened(self.session)

    def send(self, payload: bytes) -> dict[DropReason, int]:
        """Send a payload; return all that was dropped so far."""
        sealed = self.endpoint.seal(payload, now=self.session.now)
        self.session.deliver(sealed, CLIENT_ADDRESS, self.session.server)
        return self.session.server.transport.counters.dropped

    def say(self, instruction: Instruction) -> dict[DropReason, int]:
        dropped: dict[DropReason, int] = {}
        for fragment in self.fragmenter.split(instruction.encode(), 1000):
            dropped = self.send(fragment.encode())
        return dropped


def test_an_unknown_channel_is_dropped() -> None:
    peer = Peer()
    dropped = peer.send(Fragment(7 << CHANNEL_SHIFT | 1, 0, True, b"anything").encode())
    assert dropped[DropReason.UNKNOWN_CHANNEL] == 1
    assert not peer.session.server.of_kind(StateNotTaken)


def test_the_end_of_a_session_is_not_another_channels() -> None:
    peer = Peer()
    dropped = peer.say(Instruction(0, (1 << 64) - 1, 0, 0, b"0:x"))
    assert dropped[DropReason.MALFORMED_INSTRUCTION] == 1
    assert peer.channel.received.number == 0


def test_what_a_channel_cannot_use_is_nothing_that_the_user_is_told() -> None:
    peer = Peer()
    dropped = peer.say(Instruction(0, 1, 0, 0, b"no text"))
    assert dropped[DropReason.MALFORMED_DIFF] == 1
    assert not peer.session.server.of_kind(StateNotTaken)


def test_what_a_channel_holds_is_bounded() -> None:
    peer = Peer()
    for number in range(1, 200):
        dropped = peer.say(Instruction(0, number, 0, 0, b"0:%d" % number))
    assert dropped[DropReason.UNKNOWN_BASE] > 100  # the first states made room, once in a while
    assert peer.channel._receiver.states_held <= module.STATES_LIMIT
    bomb = Instruction(0, 200, 0, 0, b"0:" + bytes(module.INFLATED_LIMIT_OCTETS))  # nothing but its length is wrong
    [fragment] = split(HISTORY << CHANNEL_SHIFT | 1 << 30, bomb.encode(), 20_000)
    assert peer.send(fragment.encode())[DropReason.MALFORMED_INSTRUCTION] == 1
    for number in range(100):
        piece = Fragment(HISTORY << CHANNEL_SHIFT | 1 << 40, number, False, bytes(1000))
        dropped = peer.send(piece.encode())
    assert dropped[DropReason.MALFORMED_FRAGMENT] == 1
    assert peer.channel._assembler._octets <= module.ASSEMBLY_LIMIT_OCTETS


# --- The line's queue -------------------------------------------------------------------------------------------------


def test_fragments_go_more_seldom_where_they_wait_on_the_path_and_then_bit_by_bit_more_often() -> None:
    session = established(Conditions(delay=24))
    client, server = opened(session)
    channels, link = session.server.transport.channels, session.server.transport._link(now=session.now)
    usual = channels._gap(link)

    def acknowledge(queueing: int) -> int:
        say(session, server, b"%d" % session.now)
        session.run(30)
        channels.receive(client.acknowledgement(), queueing=queueing, now=session.now)
        session.run(300)
        return channels._gap(link)

    assert [acknowledge(100) for _ in range(3)] == [2 * usual, 4 * usual, 8 * usual]
    assert acknowledge(0) < 8 * usual
    for _ in range(60):
        acknowledge(0)
    assert channels._gap(link) == usual


def test_whose_acknowledgement_was_lost_is_told_again() -> None:
    session = established()
    client, server = opened(session)
    say(session, client, b"line 7")
    session.run(41)
    assert server.received.number == 1
    session.conditions = Conditions(loss=1.0)
    session.run(200)
    session.conditions = Conditions()
    assert client.sent.acknowledged_number == 0
    session.run_until(lambda: client.sent.acknowledged_number == 1, patience=2000)


def test_what_is_an_earlier_text_again_is_sent_until_it_is_acknowledged() -> None:
    session = established(Conditions(delay=20))
    client, server = opened(session)
    say(session, client, b"a wish")
    session.run_until(lambda: server.received.state.value == b"a wish", patience=30)
    session.conditions = Conditions(loss=1.0)  # neither its acknowledgement nor what follows arrives
    say(session, client, b"")
    session.run(300)
    session.conditions = Conditions(delay=20)
    session.run_until(lambda: server.received.state.value == b"", patience=5000)


class Unsayable(Text):
    """A text that differs from others in what no diff expresses."""

    def diff_from(self, known: Text) -> bytes:
        return b""

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None


def test_what_no_diff_expresses_is_not_sent_and_wakes_nobody_again() -> None:
    session = established()
    client, _ = opened(session)
    session.client.sends.clear()
    client.set_local_state(Unsayable())
    session.run(0)
    link = session.client.transport._link(now=session.now)
    assert (session.client.sends, client.sent.number) == ([], 0)
    assert client.fragment_due_at(link=link, now=session.now) is None


def test_channels_are_told_whether_a_frame_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    session = established(Conditions(delay=100))
    _, server = opened(session)
    told = set()
    send = Channels.fragments_to_send

    def noted(self: Channels, *, busy: bool, **facts: Any) -> list[Fragment]:
        fragments = send(self, busy=busy, **facts)
        told.add((busy, bool(fragments)))
        return fragments

    monkeypatch.setattr(Channels, "fragments_to_send", noted)
    say(session, server, page(session, WINDOW_FRAGMENTS))
    for number in range(20):
        session.show(Text(b"$ %d" % number))
        session.run(30)
    assert {(True, False), (False, True)} <= told
    assert (True, True) not in told


def test_on_a_new_path_what_was_under_way_goes_again_at_once() -> None:
    session = established(Conditions(delay=100))
    _, server = opened(session)
    session.conditions = Conditions(delay=100, loss=1.0)
    say(session, server, page(session, WINDOW_FRAGMENTS))
    session.run(200)
    longs = []
    for changed in (False, True):
        session.server.sends.clear()
        if changed:
            session.server.transport.channels.path_changed()
        session.run(30)
        longs.append(sum(octets > 500 for _, octets in session.server.sends))
    assert longs[0] == 0 < longs[1]
