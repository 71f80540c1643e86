"""The user's input as a synchronised object."""

from __future__ import annotations

from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.errors import PeerError, UsageError
from mosh_common.sync.states.user_stream import REACH_OCTETS, UserStream
from mosh_common.wire import userdiff
from mosh_common.wire.extensions import FIRST_NUMBER, LAST_NUMBER, Features
from mosh_common.wire.userdiff import Keys, Request, Resize, UserEvent

keys_and_sizes = st.one_of(st.binary(max_size=5), st.tuples(st.integers(1, 500), st.integers(1, 500)))
requests = st.builds(Request, st.integers(64, 70), st.binary(max_size=5))
Action: TypeAlias = bytes | tuple[int, int] | Request

pushes = st.lists(keys_and_sizes, max_size=12)
pushes_with_requests = st.lists(st.one_of(keys_and_sizes, requests), max_size=12)


def pushed(stream: UserStream, actions: list[Action]) -> UserStream:
    for action in actions:
        if isinstance(action, bytes):
            stream = stream.push_keys(action)
        elif isinstance(action, Request):
            stream = stream.push_request(*action)
        else:
            stream = stream.push_resize(*action)
    return stream


def test_of_keys_that_are_known_in_part_the_rest_is_news() -> None:
    whole = UserStream().apply(userdiff.encode([Keys(b"abcd"), Resize(80, 24)]))
    known = UserStream().push_keys(b"ab")
    for stream in (whole, whole.trimmed(known)):
        assert stream.events_since(known) == [Keys(b"cd"), Resize(80, 24)]
        assert (stream.position, hash(stream)) == (whole.position, hash(whole))


def test_a_peer_that_contradicts_itself_moves_no_position() -> None:
    whole = UserStream().push_request(64, b"abc").push_keys(b"d")
    trimmed = whole.trimmed(UserStream().push_keys(b"ab"))  # within the request, which is dropped
    assert trimmed.events_since(UserStream()) == [Keys(b"d")]
    assert trimmed.position == whole.position
    assert trimmed.push_keys(b"e").position == whole.position + 1


def test_positions_count_octets_and_sizes() -> None:
    stream = UserStream()
    assert stream.position == 0
    assert stream.push_keys(b"abc").position == 3
    assert stream.push_resize(80, 24).push_keys(b"x").position == 2
    assert stream.position == 0  # a value


def test_nothing_typed_is_the_same_stream() -> None:
    stream = UserStream().push_keys(b"a")
    assert stream.push_keys(b"") is stream


def test_requests_and_features_count_too() -> None:
    stream = UserStream().push_features(frozenset({64, 66, 200}))
    assert stream.position == 1
    assert stream.push_request(200, b"abc").position == 5
    assert stream.push_request(200, b"").push_keys(b"x").position == 3


@given(pushes_with_requests, pushes_with_requests, pushes_with_requests)
def test_the_other_side_gets_what_was_typed(before: list[Action], seen: list[Action], after: list[Action]) -> None:
    known = pushed(UserStream(), before)
    current = pushed(pushed(known, seen), after)
    theirs = UserStream().apply(known.diff_from(UserStream()))
    theirs_now = theirs.apply(current.diff_from(known))
    assert theirs_now == current
    assert theirs_now.events_since(theirs) == UserStream().apply(current.diff_from(known)).events_since(UserStream())


@given(pushes_with_requests, pushes_with_requests, st.booleans())
def test_trimming_between_two_events_keeps_the_later_ones(
    before: list[Action], after: list[Action], named: bool
) -> None:
    begin = UserStream().push_features(frozenset({64})) if named else UserStream()
    known = pushed(begin, before)
    stream = pushed(known, after)
    trimmed = stream.trimmed(known)
    assert trimmed == stream
    assert trimmed.events_since(known) == stream.events_since(known)
    assert trimmed.diff_from(known) == stream.diff_from(known)


@pytest.mark.parametrize("first", [Request(200, bytes(9)), Request(200, b"")])
def test_who_skips_what_is_ours_gets_the_keys_all_the_same(first: Request, monkeypatch: pytest.MonkeyPatch) -> None:
    named = UserStream().push_features(frozenset({64})).push_resize(80, 24)
    typed = pushed(named, [first, b"ab", first, b"c"])
    decode = userdiff.decode
    monkeypatch.setattr(userdiff, "decode", lambda diff: [each for each in decode(diff) if not is_ours(each)])
    theirs = UserStream().apply(named.diff_from(UserStream()))
    assert theirs.events_since(UserStream()) == [Resize(80, 24)]
    assert theirs.apply(typed.diff_from(named)).events_since(theirs) == [Keys(b"ab"), Keys(b"c")]


def is_ours(event: UserEvent) -> bool:
    return isinstance(event, Request | Features)


def test_a_request_is_never_cut() -> None:
    stream = UserStream().push_keys(bytes(REACH_OCTETS - 3)).push_request(200, b"abc").push_keys(b"d")
    within = stream.within_reach(UserStream())
    assert within.events_since(UserStream()) == [Keys(bytes(REACH_OCTETS - 3))]
    assert stream.within_reach(within) is stream
    # Only a peer that contradicts itself says later that there was something else where a request is.
    assert stream.events_since(UserStream(REACH_OCTETS - 1)) == [Keys(b"d")]


@pytest.mark.parametrize("feature", [FIRST_NUMBER - 1, LAST_NUMBER + 1])
def test_a_request_of_no_feature_is_refused_before_it_is_sent(feature: int) -> None:
    with pytest.raises(UsageError):
        UserStream().push_request(feature, b"")
    with pytest.raises(UsageError):
        UserStream().push_request(FIRST_NUMBER, bytes(userdiff.REQUEST_LIMIT + 1))


@given(pushes, st.integers(0, 60), st.integers(0, 60))
def test_trimming_keeps_positions_and_later_events(actions: list[Action], one: int, other: int) -> None:
    stream = pushed(UserStream(), actions)
    trimmed_to, since = sorted((min(one, stream.position), min(other, stream.position)))
    trimmed = stream.trimmed(UserStream(trimmed_to))
    assert trimmed == stream
    assert trimmed.start == trimmed_to
    assert trimmed.diff_from(UserStream(since)) == stream.diff_from(UserStream(since))
    assert trimmed.weight <= stream.weight


def test_of_consecutive_resizes_the_server_gets_the_last() -> None:
    stream = UserStream().push_resize(80, 24).push_resize(81, 25).push_keys(b"a").push_resize(1, 2).push_resize(3, 4)
    assert stream.events_since(UserStream()) == [Resize(81, 25), Keys(b"a"), Resize(3, 4)]
    assert stream.events_since(stream) == []


def test_a_state_with_less_input_has_nothing_new() -> None:
    stream = UserStream().push_keys(b"abc")
    assert UserStream().push_keys(b"a").events_since(stream) == []


def test_a_paste_goes_by_as_much_as_one_diff_may_carry() -> None:
    known = UserStream().push_keys(b"before")
    exactly = known.push_keys(bytes(REACH_OCTETS))
    assert exactly.within_reach(known) is exactly
    more = exactly.push_resize(80, 24).push_keys(b"after")
    assert more.within_reach(known) == exactly
    assert more.within_reach(known).events_since(known) == [Keys(bytes(REACH_OCTETS))]
    assert more.within_reach(known.push_keys(b"xx")).position == exactly.position + 2


def test_an_impossible_size_is_refused_before_it_can_stall_the_session() -> None:
    with pytest.raises(UsageError):
        UserStream().push_resize(0, 24)


def test_a_malformed_diff_is_the_peers_fault() -> None:
    with pytest.raises(PeerError):
        UserStream().apply(b"\xff")


def test_a_stream_does_not_show_what_was_typed() -> None:
    assert "secret" not in repr(UserStream().push_keys(b"secret"))
