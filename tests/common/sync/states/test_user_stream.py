"""The user's input as a synchronised object."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.errors import PeerError, UsageError
from mosh_common.sync.states.user_stream import REACH_OCTETS, UserStream
from mosh_common.wire.userdiff import Keys, Resize

pushes = st.lists(st.one_of(st.binary(max_size=5), st.tuples(st.integers(1, 500), st.integers(1, 500))), max_size=12)


def pushed(stream: UserStream, actions: list[bytes | tuple[int, int]]) -> UserStream:
    for action in actions:
        stream = stream.push_keys(action) if isinstance(action, bytes) else stream.push_resize(*action)
    return stream


def test_positions_count_octets_and_sizes() -> None:
    stream = UserStream()
    assert stream.position == 0
    assert stream.push_keys(b"abc").position == 3
    assert stream.push_resize(80, 24).push_keys(b"x").position == 2
    assert stream.position == 0  # a value


def test_nothing_typed_is_the_same_stream() -> None:
    stream = UserStream().push_keys(b"a")
    assert stream.push_keys(b"") is stream


@given(pushes, pushes, pushes)
def test_the_other_side_gets_what_was_typed(before: list[object], seen: list[object], after: list[object]) -> None:
    known = pushed(UserStream(), before)
    current = pushed(pushed(known, seen), after)
    theirs = UserStream().apply(known.diff_from(UserStream()))
    theirs_now = theirs.apply(current.diff_from(known))
    assert theirs_now == current
    assert theirs_now.events_since(theirs) == UserStream().apply(current.diff_from(known)).events_since(UserStream())


@given(pushes, st.integers(0, 60), st.integers(0, 60))
def test_trimming_keeps_positions_and_later_events(actions: list[object], one: int, other: int) -> None:
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
