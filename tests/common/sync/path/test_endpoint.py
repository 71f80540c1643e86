"""Sequence numbers, addresses and datagram sizes of one side."""

from __future__ import annotations

import errno

import pytest

from mosh_common.address import Address
from mosh_common.protocol import BLOCK_LIMIT, CONGESTED_MS, SEQUENCE_LIMIT
from mosh_common.sync.path.endpoint import Endpoint
from mosh_common.wire.datagram import unseal
from mosh_common.wire.drop import Dropped
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

KEY = Key(bytes(16))
NOW = 5_000_000
SERVER = Address("192.0.2.1", 60001)
HOME, CAFE = Address("198.51.100.7", 40000), Address("203.0.113.9", 1024)


def server() -> Endpoint:
    return Endpoint(key=KEY, is_server=True, now=NOW, peer=None)


def client(peer: Address = SERVER) -> Endpoint:
    return Endpoint(key=KEY, is_server=False, now=NOW, peer=peer)


def test_each_datagram_gets_the_next_sequence_number() -> None:
    endpoint = client()
    sealed = [unseal(Ocb(KEY), endpoint.seal(b"", now=NOW), to_client=False) for _ in range(3)]
    assert [datagram.sequence for datagram in sealed] == [0, 1, 2]


def test_the_server_goes_where_its_client_is() -> None:
    one, other = server(), client()
    assert one.receive(other.seal(b"a", now=NOW), HOME, now=NOW, congestion=False) == (b"a", True)
    assert one.receive(other.seal(b"b", now=NOW), HOME, now=NOW, congestion=False) == (b"b", False)
    assert one.receive(other.seal(b"c", now=NOW), CAFE, now=NOW, congestion=False) == (b"c", True)
    assert one.peer == CAFE


def test_what_a_datagram_waited_here_is_no_part_of_the_round_trip() -> None:
    one, other = client(), server()
    for sent_at in (NOW, NOW + 1000):  # the first is none of the recent ones
        other.receive(one.seal(b"a", now=sent_at), HOME, now=sent_at, congestion=False)
        answer = other.seal(b"b", now=sent_at)
        one.receive(answer, SERVER, now=sent_at + 100, congestion=False, arrived_at=sent_at + 60)
    assert one.rtt.shortest == 60


def test_the_client_stays_with_its_servers_address() -> None:
    one, other = client(), server()
    assert one.receive(other.seal(b"a", now=NOW), CAFE, now=NOW, congestion=False) == (b"a", False)
    assert one.peer == SERVER


def test_a_replay_from_elsewhere_does_not_move_the_session() -> None:
    one, other = server(), client()
    first, second = other.seal(b"1", now=NOW), other.seal(b"2", now=NOW)
    one.receive(second, HOME, now=NOW, congestion=False)
    # Overtaken, or sent again by somebody: delivered, but of no weight.
    for replay in (first, second):
        assert not one.receive(replay, CAFE, now=NOW + 9, congestion=False).moved
    assert (one.peer, one.contact.last_datagram_at) == (HOME, NOW)


def test_an_overtaken_datagram_does_not_touch_the_round_trip_time() -> None:
    one, other = server(), client()
    one.receive(other.seal(b"", now=NOW), HOME, now=NOW, congestion=False)
    other.receive(one.seal(b"", now=NOW), SERVER, now=NOW, congestion=False)
    first, second = other.seal(b"1", now=NOW), other.seal(b"2", now=NOW)  # the first one carries a reply
    one.receive(second, HOME, now=NOW, congestion=False)
    one.receive(first, HOME, now=NOW + 77, congestion=False)
    assert not one.rtt.measured


def test_a_gap_counts_as_lost_until_what_was_overtaken_comes() -> None:
    one, other = server(), client()
    first, second = other.seal(b"1", now=NOW), other.seal(b"2", now=NOW)
    one.receive(second, HOME, now=NOW, congestion=False)
    lost = one.loss.incoming
    one.receive(first, HOME, now=NOW, congestion=False)
    assert 0 <= one.loss.incoming < lost


def test_a_forgery_changes_nothing() -> None:
    one = server()
    with pytest.raises(Dropped):
        one.receive(bytes(60), HOME, now=NOW, congestion=False)
    assert (one.peer, one.contact.last_datagram_at) == (None, None)


def test_a_server_sends_nothing_before_it_has_a_client_and_after_40_seconds_of_silence() -> None:
    one = server()
    assert not one.may_send(now=NOW)
    one.receive(client().seal(b"", now=NOW), HOME, now=NOW, congestion=False)
    assert one.may_send(now=NOW + 40_000)
    assert not one.may_send(now=NOW + 40_001)


def test_a_client_sends_into_any_silence() -> None:
    assert client().may_send(now=NOW + 10**9)


@pytest.mark.parametrize(("peer", "octets"), [(SERVER, 1252 - 28), (Address("2001:db8::1", 60001, 0, 0), 1216 - 28)])
def test_fragments_fit_the_address_family(peer: Address, octets: int) -> None:
    assert client(peer).fragment_octets == octets


def test_the_mtu_falls_when_a_datagram_was_too_long_and_another_path_gets_another_chance() -> None:
    endpoint = client()
    assert not endpoint.report_send_failure(errno.ENETUNREACH, now=NOW)
    assert endpoint.mtu == 1252
    assert endpoint.report_send_failure(errno.EMSGSIZE, now=NOW)
    assert (endpoint.mtu, endpoint.fragment_octets) == (500, 472)
    assert not endpoint.report_send_failure(errno.EMSGSIZE, now=NOW)
    endpoint.port_hopped(now=NOW)
    assert endpoint.mtu == 1252


def test_a_port_is_changed_10_seconds_after_the_last_acknowledgement_and_the_last_change() -> None:
    endpoint = client()
    due = [
        endpoint.port_hop_due(now=NOW + later, last_acknowledged_at=acknowledged)
        for later, acknowledged in [(10_000, None), (10_001, None), (15_000, NOW + 5000), (15_001, NOW + 5000)]
    ]
    assert due == [False, True, False, True]
    endpoint.port_hopped(now=NOW + 15_001)
    assert not endpoint.port_hop_due(now=NOW + 25_001, last_acknowledged_at=NOW + 5000)
    assert endpoint.port_hop_due(now=NOW + 25_002, last_acknowledged_at=NOW + 5000)


def test_a_server_keeps_its_port() -> None:
    assert not server().port_hop_due(now=NOW + 10**6, last_acknowledged_at=None)


def test_a_key_near_its_limit_seals_no_long_message() -> None:
    endpoint = client()
    endpoint._cipher.blocks_sealed = BLOCK_LIMIT - 200
    assert endpoint.can_seal(1500, datagrams=2)
    assert not endpoint.can_seal(1600, datagrams=2)


def test_a_message_is_sealed_only_if_each_of_its_datagrams_has_a_number_left() -> None:
    endpoint = client()
    endpoint._next_sequence = SEQUENCE_LIMIT - 2
    assert endpoint.can_seal(1500, datagrams=2)
    assert not endpoint.can_seal(1500, datagrams=3)
    endpoint.seal(b"", now=NOW)
    endpoint.seal(b"", now=NOW)
    assert not endpoint.can_seal(1, datagrams=1)


# --- what a router, or whoever knows of the path, says


def test_a_path_whose_router_complained_counts_as_congested_for_5_seconds() -> None:
    one, other = server(), client()
    assert not one.congested(now=NOW)
    one.receive(other.seal(b"", now=NOW), HOME, now=NOW, congestion=True)
    one.receive(other.seal(b"", now=NOW), HOME, now=NOW + 1, congestion=False)  # which takes nothing back
    assert one.congested(now=NOW + CONGESTED_MS - 1)
    assert not one.congested(now=NOW + CONGESTED_MS)


def test_a_mark_on_what_was_overtaken_says_nothing_of_the_path_of_now() -> None:
    one, other = server(), client()
    overtaken = other.seal(b"1", now=NOW)
    one.receive(other.seal(b"2", now=NOW), HOME, now=NOW, congestion=False)
    one.receive(overtaken, HOME, now=NOW, congestion=True)
    assert not one.congested(now=NOW)


def test_a_client_that_knows_of_another_path_wants_a_port_at_once_and_a_server_never() -> None:
    for endpoint, wanted in ((client(), True), (server(), False)):
        endpoint.request_hop()
        assert endpoint.port_hop_due(now=NOW, last_acknowledged_at=NOW) == wanted
        endpoint.port_hopped(now=NOW)
        assert not endpoint.port_hop_due(now=NOW, last_acknowledged_at=NOW)
