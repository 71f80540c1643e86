"""A session is taken back: with a new key, by any client, with the very same screen; and left without being ended."""

from __future__ import annotations

import gc
from collections import Counter

import pytest
from tests.support.crowd import ONE_WAY_MS, Crowd
from tests.support.parts import notices_of, part_of
from tests.support.screens import canonical
from tests.support.world import START, BareClient, lines_of

from mosh_common.address import Address
from mosh_common.protocol import SHUTDOWN_NUMBER
from mosh_common.silence import DETACH_AFTER_MS
from mosh_common.sync.events import VersionMismatch
from mosh_common.sync.states.parts.parting import Parting, PartingKind
from mosh_common.terminal.cells import Snapshot
from mosh_common.wire.datagram import Datagram, seal, unseal
from mosh_common.wire.extensions import DETACH, EXIT_STATUS, OUR_FEATURES, PARTING
from mosh_common.wire.hostdiff import NoticeKind
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb
from mosh_server.attendance import Timeouts
from mosh_server.ending import LAST_WORDS_SILENT_MS
from mosh_server.events import ClientAttached, ClientDetached, ClientHeard, ClientSilent, Event, Finished, SetSize
from mosh_server.input.paste import END_OF_PASTE
from mosh_server.input.translation import HOLD_MS
from mosh_server.keyring import EARLIER_LIMIT, EARLIER_MS, OFFER_MS, OFFERS_LIMIT, KeyRing
from mosh_server.output.display import SYNCHRONIZED_UPDATE_MS

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


def shown(client: BareClient) -> Snapshot:
    snapshot: Snapshot = client.received.state.snapshot
    return snapshot


def parting(client: BareClient) -> Parting | None:
    said: Parting | None = part_of(client.received.state, PARTING)
    return said


def taken_over(crowd: Crowd, by: BareClient) -> Parting:
    return Parting(PartingKind.TAKEN_OVER, crowd.server.unix_time, by.address.host)


def seen(crowd: Crowd, kind: type[Event]) -> list[Event]:
    return [event for event in crowd.events if isinstance(event, kind)]


@pytest.fixture
def crowd() -> Crowd:
    """A session whose shell runs, with its first client."""
    crowd = Crowd()
    crowd.start()
    crowd.print(b"\x1b[31mREADME\x1b[m\r\n$ ")
    crowd.run(500)
    return crowd


# --- Taking over ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("upstreams", [False, True])
@pytest.mark.parametrize("size", [(80, 24), (120, 50), (20, 5)])
def test_another_client_gets_the_whole_screen_in_its_size(
    crowd: Crowd, size: tuple[int, int], *, upstreams: bool
) -> None:
    second = crowd.attach(columns=size[0], lines=size[1], upstreams=upstreams)
    assert canonical(shown(second)) == canonical(crowd.session.terminal.display.shown)
    assert (shown(second).columns, shown(second).lines) == size == crowd.pty.size
    assert lines_of(shown(second))[:2] == ["README", "$"]
    crowd.type(second, b"x")
    crowd.run(200)
    assert crowd.pty.given == b"x"


def test_its_first_frame_is_the_whole_screen_from_state_0(crowd: Crowd) -> None:
    second = crowd.join(crowd.offer(), columns=100)
    crowd.run(10 * ONE_WAY_MS)
    number, first = second.received.number, second.frames[0][1]
    assert number in (1, 2)
    assert lines_of(first.snapshot)[:2] == ["README", "$"]
    assert (first.snapshot.columns, first.echo_ack) == (100, 0)


def test_the_first_frame_comes_a_round_trip_after_the_first_datagram(crowd: Crowd) -> None:
    came = crowd.now
    second = crowd.join(crowd.offer())
    crowd.run(500)
    assert second.frames[0][0] <= came + 2 * ONE_WAY_MS + 20


@pytest.mark.parametrize("equal", [True, False])
def test_the_programs_are_told_the_size_even_if_it_is_the_same(crowd: Crowd, *, equal: bool) -> None:
    crowd.attach(columns=80 if equal else 90)
    assert seen(crowd, SetSize) == [SetSize(80 if equal else 90, 24, signal=True)]
    crowd.events.clear()
    [_, second] = crowd.clients
    second.push(second.typed.push_resize(70, 20), now=crowd.now)
    crowd.run(200)
    assert seen(crowd, SetSize) == [SetSize(70, 20)]


def test_the_client_before_is_told_who_took_over_and_when(crowd: Crowd) -> None:
    [first] = crowd.clients
    second = crowd.attach()
    assert first.done
    assert parting(first) == taken_over(crowd, second)
    assert first.received.number == SHUTDOWN_NUMBER
    assert parting(second) is None
    assert not crowd.server.left


def test_a_client_of_upstreams_is_shut_down_as_by_any_server() -> None:
    crowd = Crowd()
    first = crowd.join(features=None)
    crowd.run(1000)
    crowd.print(b"$ ")
    crowd.run(200)
    crowd.attach()
    assert first.done
    assert first.received.state.ours == type(first.received.state).blank(80, 24).ours
    assert lines_of(shown(first))[0] == "$"


def test_nobody_notices_what_was_offered_and_nobody_took(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.run(2500)
    key = crowd.offer()
    before = len(crowd.sent)
    crowd.run(100)
    assert [carried for carried in crowd.sent[before:] if carried.to == first.address] == []
    assert crowd.session.clients.waiting == 1
    crowd.run(OFFER_MS)
    assert crowd.session.clients.waiting == 0
    late = crowd.join(key)
    crowd.run(2000)
    assert [carried for carried in crowd.sent if carried.to == late.address] == []
    assert not first.done
    crowd.type(first, b"x")
    crowd.run(200)
    assert crowd.pty.given == b"x"


def test_an_offer_ends_with_its_time_though_nobody_has_looked_since() -> None:
    key = Key(bytes(range(16)))
    datagram = seal(Ocb(key), Datagram(False, 0, 0, 0, b""))
    for age_ms, taken in ((OFFER_MS - 1, True), (OFFER_MS, False)):
        keys = KeyRing()
        keys.offer(key, socket=0, now=START)
        assert (keys.take_offer(datagram, now=START + age_ms) is not None) == taken


def test_who_cannot_be_reached_takes_nothing_over(crowd: Crowd) -> None:
    [first] = crowd.clients
    blocked = crowd.join(crowd.offer())
    crowd.away.add(blocked)
    crowd.run(2 * MINUTE_MS)
    assert not first.done
    assert seen(crowd, ClientAttached) == []


def test_what_is_authentic_under_no_key_changes_nothing(crowd: Crowd) -> None:
    crowd.offer()
    crowd.attach()
    crowd.offer()
    second = crowd.clients[-1]
    for junk in (b"", b"x" * 23, b"x" * 100, bytes(1280)):
        crowd.session.receive_datagram(junk, Address("203.0.113.9", 1), now=crowd.now)
    crowd.run(100)
    assert crowd.session.clients.waiting == 2
    assert crowd.server.client.transport.path.peer == second.address


def test_a_datagram_to_a_client_sent_back_takes_nothing_over(crowd: Crowd) -> None:
    [first] = crowd.clients
    second = crowd.attach()
    to_second = [carried.data for carried in crowd.sent if carried.to == second.address]
    key = crowd.offer()
    for data in to_second:
        crowd.session.receive_datagram(data, first.address, now=crowd.now)
    crowd.run(100)
    assert crowd.session.clients.waiting == 1
    crowd.join(key)
    crowd.run(100)
    assert crowd.session.clients.waiting == 0


def test_of_too_many_offers_the_oldest_is_forgotten(crowd: Crowd) -> None:
    keys = [crowd.offer() for _ in range(OFFERS_LIMIT + 1)]
    assert crowd.session.clients.waiting == OFFERS_LIMIT
    forgotten = crowd.join(keys[0])
    crowd.run(1000)
    assert forgotten.received.number == 0
    for key in keys[1:]:
        client = crowd.join(key)
        crowd.run(300)
        assert lines_of(shown(client))[0] == "README"


def test_of_two_the_one_whose_datagram_came_last_types() -> None:
    """Also of two that were there from the start: the first key is no better than another."""
    crowd = Crowd()
    key = crowd.offer()
    second = crowd.join(key)
    crowd.run(500)
    first = crowd.join()
    crowd.run(500)
    assert parting(second) == taken_over(crowd, first)
    assert not first.done
    crowd.type(first, b"x")
    crowd.run(200)
    assert crowd.pty.given == b"x"


# --- Earlier clients ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("away_ms", [MINUTE_MS, HOUR_MS, 23 * HOUR_MS])
def test_a_client_that_slept_is_told_when_it_is_back(crowd: Crowd, away_ms: int) -> None:
    [first] = crowd.clients
    crowd.run(1000)
    crowd.away.add(first)
    second = crowd.attach()
    crowd.away.add(second)  # it sleeps as well, so that the time passes quickly
    crowd.run(away_ms)
    first.address = Address("203.0.113.5", 5000)  # it woke up elsewhere
    crowd.away.clear()
    first.probe(now=crowd.now)
    crowd.run(5000)
    assert parting(first) == taken_over(crowd, second)
    assert crowd.server.client.transport.path.peer == second.address
    assert not second.done


def test_after_a_day_an_earlier_key_is_worth_nothing(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.away.add(first)
    second = crowd.attach()
    crowd.away.add(second)
    crowd.run(EARLIER_MS + 1000)
    crowd.away.clear()
    before = len(crowd.sent)
    first.probe(now=crowd.now)
    crowd.run(5000)
    assert [carried for carried in crowd.sent[before:] if carried.to == first.address] == []
    assert crowd.session.clients._keys.empty


def test_a_client_that_knows_is_forgotten(crowd: Crowd) -> None:
    crowd.attach()
    assert crowd.session.clients._keys.empty


def test_of_many_earlier_clients_the_last_eight_are_told(crowd: Crowd) -> None:
    for _ in range(EARLIER_LIMIT + 1):
        crowd.away.add(crowd.clients[-1])
        crowd.attach()
    *earlier, last = crowd.clients
    assert crowd.session.clients._keys.waiting == 0
    crowd.away.clear()
    for client in earlier:
        client.probe(now=crowd.now)
    crowd.run(5000)
    assert [client.done for client in earlier] == [False, *[True] * EARLIER_LIMIT][-len(earlier) :]
    assert not last.done


def test_nothing_that_an_earlier_client_says_is_read(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.away.add(first)
    second = crowd.attach(columns=90)
    first.push(first.typed.push_keys(b"rm -rf\r").push_resize(30, 5), now=crowd.now)
    first.start_shutdown(now=crowd.now)
    crowd.events.clear()
    crowd.away.clear()
    crowd.run(3000)
    assert first.done
    assert crowd.pty.given == b""
    assert crowd.events == []
    assert crowd.server.client.transport.path.peer == second.address
    assert not crowd.server.left


def test_an_earlier_client_that_quits_does_not_end_the_session(crowd: Crowd) -> None:
    [first] = crowd.clients
    second = crowd.join(crowd.offer())
    crowd.run(ONE_WAY_MS)
    assert not first.done
    first.start_shutdown(now=crowd.now)
    crowd.run(3000)
    assert not crowd.server.left
    assert not second.done


def test_an_earlier_client_costs_two_states_and_soon_no_time(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.away.add(first)
    for _ in range(40):
        crowd.print(b"line\r\n")
        crowd.run(300)
    assert len(crowd.server.client.transport._sender.sent.entries) > 10
    dead = crowd.server.client.transport
    second = crowd.attach()
    assert len(dead._sender.sent.entries) <= 3  # what it holds, what it was sent, and that it was shut down
    crowd.away.add(second)
    crowd.run(2 * DETACH_AFTER_MS)
    deadline = crowd.session.next_deadline(now=crowd.now)
    assert deadline is not None
    assert deadline > crowd.now + 23 * HOUR_MS


def test_forty_attaches_gain_no_object(crowd: Crowd) -> None:
    def objects() -> Counter[str]:
        gc.collect()
        kinds = (type(each) for each in gc.get_objects())
        return Counter(
            f"{kind.__module__}.{kind.__name__}" for kind in kinds if str(kind.__module__).startswith("mosh_")
        )

    counted = []
    for _ in range(3):
        for _ in range(20):
            crowd.type(crowd.attach(), b"x")
            crowd.run(100)
            # What the test keeps is not the session's.
            del crowd.clients[:-1]
            crowd.sent.clear()
            crowd.events.clear()
        counted.append(objects())
    gained = counted[2] - counted[0]
    assert all(number < 8 for number in gained.values()), gained


# --- Keys and nonces ------------------------------------------------------------------------------------------------


def test_each_key_counts_its_datagrams_from_0_and_uses_no_number_twice(crowd: Crowd) -> None:
    keys: list[Key] = []
    for _ in range(20):
        keys.append(crowd.offer())
        client = crowd.join(keys[-1])
        crowd.run(300)
        crowd.type(client, b"x")
        crowd.print(b"x")
        crowd.run(100)
    assert len(set(keys)) == 20
    for key, client in zip(keys, crowd.clients[1:], strict=True):
        for to_client in (True, False):
            numbers = [
                unseal(Ocb(key), carried.data, to_client=to_client).sequence
                for carried in crowd.sent
                if client.address in (carried.to if to_client else carried.source,)
            ]
            assert numbers == list(range(len(numbers)))
            assert len(numbers) > 1


# --- What was typed -------------------------------------------------------------------------------------------------


def test_keys_that_had_come_are_written_and_others_are_dropped(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.pty.takes = 0
    crowd.type(first, b"received ")
    crowd.run(100)
    crowd.away.add(first)
    crowd.type(first, b"dropped ")
    second = crowd.attach()
    crowd.type(second, b"new")
    crowd.run(200)
    crowd.pty.takes = 1 << 20
    crowd.away.clear()
    crowd.run(5000)
    assert crowd.pty.given == b"received new"
    assert first.done


def test_echo_acks_begin_anew(crowd: Crowd) -> None:
    [first] = crowd.clients
    for _ in range(20):
        crowd.type(first, b"x")
        crowd.run(100)
    crowd.pty.takes = 0
    crowd.type(first, b"waits")
    crowd.run(100)
    second = crowd.attach()
    assert second.received.state.echo_ack <= second.sent.number
    crowd.pty.takes = 1 << 20
    crowd.run(500)
    before = second.received.state.echo_ack
    assert before <= second.sent.number
    crowd.type(second, b"y")
    crowd.run(500)
    assert before < second.received.state.echo_ack <= second.sent.number


def test_a_key_that_was_held_back_is_given_out(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.type(first, b"\x1bO")
    crowd.join(crowd.offer())
    crowd.run(ONE_WAY_MS + HOLD_MS // 2)
    assert crowd.pty.given == b"\x1bO"


@pytest.mark.parametrize(
    ("typed", "mode", "given"),
    [
        (b"\x1b[200~half of", b"\x1b[?2004h", b"\x1b[200~half of" + END_OF_PASTE),
        (b"\x1b[200~half\x1b[20", b"\x1b[?2004h", b"\x1b[200~half\x1b[20" + END_OF_PASTE),
        (b"\x1b[200~half of", b"", b"\x1b[200~half of"),
        (b"\x1b[200~whole\x1b[201~", b"\x1b[?2004h", b"\x1b[200~whole\x1b[201~"),
    ],
)
def test_a_paste_that_was_cut_is_ended_for_a_program_that_waits_for_that(
    crowd: Crowd, typed: bytes, mode: bytes, given: bytes
) -> None:
    [first] = crowd.clients
    crowd.print(mode)
    crowd.type(first, typed[:3])
    crowd.run(100)
    crowd.type(first, typed[3:])
    crowd.run(100)
    crowd.attach()
    assert crowd.pty.given == given


# --- The same terminal ----------------------------------------------------------------------------------------------


def test_bells_do_not_ring_again_and_the_clipboard_is_not_set_again(crowd: Crowd) -> None:
    crowd.print(b"\a\a\x1b]52;c;YWJj\x07\x1b]2;title\x07\x1b[?2004h\x1b[?1000h\x1b[4 q")
    crowd.run(200)
    for upstreams in (False, True):
        client = crowd.attach(upstreams=upstreams)
        assert (shown(client).bell_count, shown(client).clipboard) == (0, "")
        assert (shown(client).title, shown(client).modes) == ("title", crowd.session.terminal.display.shown.modes)
    crowd.print(b"\a\x1b]52;c;ZGVm\x07")
    crowd.run(200)
    assert (shown(client).bell_count, shown(client).clipboard) == (1, "c;ZGVm")


def test_what_the_server_tells_the_user_is_told_to_the_new_client(crowd: Crowd) -> None:
    crowd.session.terminal.notices.hold(NoticeKind.OUTPUT_NOT_DIGESTED, "it fails")
    crowd.print(b"x")
    crowd.run(100)
    assert [notice.text for notice in notices_of(crowd.attach().received.state)] == ["it fails"]


@pytest.mark.parametrize("size", [(80, 24), (100, 30)])
def test_a_synchronized_update_is_not_shown_before_its_time(crowd: Crowd, size: tuple[int, int]) -> None:
    second = crowd.join(crowd.offer(), columns=size[0], lines=size[1])
    crowd.run(ONE_WAY_MS - 1)
    crowd.print(b"\x1b[?2026h\x1b[H\x1b[2Jhalf")
    crowd.run(2 * ONE_WAY_MS + 20)
    first_line = lines_of(second.frames[0][1].snapshot)[0]
    assert first_line == ("README" if size == (80, 24) else "half")  # of another size it is not what was promised
    crowd.run(SYNCHRONIZED_UPDATE_MS)
    assert lines_of(shown(second))[0] == "half"


def test_a_client_is_not_shown_a_screen_of_another_size(crowd: Crowd) -> None:
    """While output is digested in portions, the screen gets its size later."""
    second = crowd.join(crowd.offer(), columns=100, lines=40)
    crowd.run(ONE_WAY_MS - 1)
    flood = b"\r\n".join(b"%d \x1b[1;31m" % number for number in range(30_000))
    crowd.session.take_output(flood, now=crowd.now)
    while crowd.session.digesting(now=crowd.now):
        crowd.session.digest_output(now=crowd.now)
        crowd.now += 1
        crowd.turn()
    crowd.run(500)
    assert {(state.snapshot.columns, state.snapshot.lines) for _, state in second.frames} == {(100, 40)}
    assert "29999" in lines_of(shown(second))


# --- Leaving --------------------------------------------------------------------------------------------------------


def test_who_asks_to_detach_leaves_the_session_as_it_is(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.type(first, b"make\r")
    crowd.ask(first, DETACH)
    crowd.run(500)
    assert first.done
    assert parting(first) == Parting(PartingKind.DETACHED, crowd.server.unix_time, "4711")
    assert crowd.pty.given == b"make\r"
    assert crowd.events == [ClientDetached()]
    crowd.print(b"made\r\n")
    crowd.run(HOUR_MS)
    assert not crowd.server.left
    second = crowd.attach()
    assert lines_of(shown(second))[:3] == ["README", "$ made", ""]
    assert seen(crowd, ClientAttached) == [ClientAttached(second.address.host)]


def test_a_detached_session_has_nothing_to_wake_up_for(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.ask(first, DETACH)
    crowd.run(500)
    assert crowd.session.next_deadline(now=crowd.now) is None
    crowd.print(b"\x1b[?2026hwork\a")
    crowd.run(500)
    assert crowd.session.next_deadline(now=crowd.now) is None


def test_a_session_whose_client_died_has_nothing_to_wake_up_for_but_once(crowd: Crowd) -> None:
    crowd.away.add(crowd.clients[0])
    crowd.run(2 * DETACH_AFTER_MS)
    assert crowd.session.next_deadline(now=crowd.now) is None


def test_a_client_that_does_not_hear_that_it_is_detached_hears_it_later(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.ask(first, DETACH)
    crowd.away.add(first)  # the request is on its way
    crowd.run(5000)
    assert not first.done
    assert seen(crowd, ClientDetached) == [ClientDetached()]
    crowd.run(HOUR_MS)
    crowd.away.clear()
    first.probe(now=crowd.now)
    crowd.run(5000)
    assert parting(first) == Parting(PartingKind.DETACHED, crowd.server.unix_time, "4711")


def test_a_request_to_detach_with_octets_is_of_a_later_version(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.ask(first, DETACH, b"\x01")
    crowd.run(500)
    assert not first.done
    assert crowd.events == []


def test_who_has_not_named_the_feature_cannot_detach(crowd: Crowd) -> None:
    second = crowd.join(crowd.offer(), features=OUR_FEATURES - {DETACH})
    crowd.run(500)
    crowd.ask(second, DETACH)
    crowd.run(500)
    assert not second.done
    assert crowd.server.client.extensions.dropped == 1


def test_a_client_of_another_version_of_the_protocol_does_not_end_the_session(crowd: Crowd) -> None:
    crowd.attach()
    crowd.server.client.transport._events.append(VersionMismatch("Versions 2 and 3."))
    crowd.run(500)
    assert not crowd.server.left
    assert seen(crowd, ClientDetached) == [ClientDetached()]
    assert lines_of(shown(crowd.attach()))[0] == "README"


def test_who_quits_ends_the_session(crowd: Crowd) -> None:
    second = crowd.attach()
    second.start_shutdown(now=crowd.now)
    crowd.run(2000)
    assert crowd.server.left
    assert seen(crowd, Finished) == [Finished("the client left")]


# --- Times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("asked", [True, False])
def test_the_network_timeout_counts_from_when_anybody_was_heard(*, asked: bool) -> None:
    crowd = Crowd(timeouts=Timeouts(network_ms=10 * MINUTE_MS))
    first = crowd.start()
    second = crowd.attach()
    assert first.done
    if asked:
        crowd.ask(second, DETACH)
        crowd.run(1000)
    crowd.away.add(second)
    crowd.run(9 * MINUTE_MS)
    assert not crowd.server.left
    crowd.run(2 * MINUTE_MS)
    assert crowd.server.left


def test_who_has_just_logged_in_finds_the_session() -> None:
    crowd = Crowd(timeouts=Timeouts(network_ms=10 * MINUTE_MS))
    crowd.ask(crowd.start(), DETACH)
    crowd.run(10 * MINUTE_MS - 1000)
    key = crowd.offer()
    crowd.run(20_000)
    second = crowd.join(key)
    crowd.run(1000)
    assert second.received.number
    assert not crowd.server.left


def test_a_session_that_nobody_reached_is_there_as_long_as_somebody_may_come() -> None:
    crowd = Crowd()
    crowd.run(50_000)
    key = crowd.offer()
    crowd.run(30_000)
    crowd.join(key)
    crowd.run(1000)
    assert crowd.pty.size == (80, 24)
    crowd = Crowd()
    crowd.run(OFFER_MS)
    assert crowd.server.left


def test_coming_and_going_is_reported_as_what_it_is() -> None:
    crowd = Crowd()
    first = crowd.join()
    crowd.run(500)
    crowd.away.add(first)
    crowd.run(DETACH_AFTER_MS + 1000)
    second = crowd.attach()
    crowd.ask(second, DETACH)
    crowd.run(500)
    third = crowd.attach()
    told = [event for event in crowd.events if isinstance(event, ClientHeard | ClientSilent | ClientAttached)]
    assert told == [
        ClientHeard(first.address.host),
        ClientSilent(),
        ClientAttached(second.address.host),
        ClientAttached(third.address.host),
    ]


# --- The end --------------------------------------------------------------------------------------------------------


def test_a_detached_session_ends_with_its_shell(crowd: Crowd) -> None:
    crowd.ask(crowd.clients[0], DETACH)
    crowd.run(1000)
    crowd.session.pty_closed(status=3, now=crowd.now)
    crowd.turn()
    assert crowd.server.left
    assert not crowd.session.failed


def test_whoever_is_on_the_way_to_a_detached_session_hears_of_its_end(crowd: Crowd) -> None:
    crowd.ask(crowd.clients[0], DETACH)
    crowd.run(1000)
    key = crowd.offer()
    crowd.session.pty_closed(status=3, now=crowd.now)
    crowd.run(10_000)
    assert not crowd.server.left
    second = crowd.join(key, columns=90)
    crowd.run(1000)
    assert part_of(second.received.state, EXIT_STATUS) == 3
    assert lines_of(shown(second))[0] == "README"
    assert crowd.server.left


def test_who_does_not_come_after_all_is_not_waited_for_longer(crowd: Crowd) -> None:
    crowd.ask(crowd.clients[0], DETACH)
    crowd.run(1000)
    crowd.offer()
    crowd.session.pty_closed(status=3, now=crowd.now)
    crowd.run(OFFER_MS + 1000)
    assert crowd.server.left


def test_the_last_words_for_a_silent_client_are_said_to_who_takes_over(crowd: Crowd) -> None:
    [first] = crowd.clients
    crowd.away.add(first)
    crowd.run(10_000)
    crowd.print(b"done")
    crowd.session.pty_closed(status=3, now=crowd.now)
    crowd.run(HOUR_MS)
    assert not crowd.server.left
    second = crowd.attach(columns=100)
    crowd.run(1000)
    assert second.done
    assert part_of(second.received.state, EXIT_STATUS) == 3
    assert lines_of(shown(second))[:2] == ["README", "$ done"]
    assert crowd.server.left


def test_an_end_while_the_new_client_has_not_said_its_size(crowd: Crowd) -> None:
    key = crowd.offer()
    second = crowd.join(key)
    second.push(second.typed, now=crowd.now)
    crowd.run(ONE_WAY_MS)
    crowd.session.pty_closed(status=4, now=crowd.now)
    crowd.run(3000)
    assert part_of(second.received.state, EXIT_STATUS) == 4
    assert crowd.server.left


def test_a_session_that_is_ending_is_taken_over_by_nobody(crowd: Crowd) -> None:
    key = crowd.offer()
    [first] = crowd.clients
    crowd.session.terminate(now=crowd.now)
    second = crowd.join(key)
    crowd.run(2000)
    assert first.done
    assert second.received.number == 0
    assert crowd.server.left


def test_a_patience_of_a_day_ends(crowd: Crowd) -> None:
    crowd.away.add(crowd.clients[0])
    crowd.run(10_000)
    crowd.session.pty_closed(status=3, now=crowd.now)
    crowd.run(LAST_WORDS_SILENT_MS + 1000)
    assert crowd.server.left
    assert crowd.now > START
