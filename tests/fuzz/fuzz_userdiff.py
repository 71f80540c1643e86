"""Invariant: any octets are user events, each within its bounds and no keys empty, or raise nothing but PeerError."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed
from tests.support.pb import mosh_pb2

from mosh_common.errors import PeerError
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.wire import userdiff
from mosh_common.wire.extensions import FEATURES_LIMIT, is_number
from mosh_common.wire.size import size_is_possible
from mosh_common.wire.userdiff import REQUEST_LIMIT, Keys, Request, Resize

number = st.one_of(st.integers(60, 80), st.integers(0, 2**32 - 1))
int32 = st.integers(-(2**31), 2**31 - 1)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    message = mosh_pb2.UserMessage()
    for _ in range(draw(st.integers(0, 6))):
        instruction = message.instruction.add()
        if draw(st.booleans()):
            instruction.keystroke.keys = draw(st.binary(max_size=5))
        if draw(st.booleans()):
            instruction.resize.width = draw(st.one_of(int32, st.integers(1, 300)))
            instruction.resize.height = draw(st.one_of(int32, st.integers(1, 300)))
        if draw(st.booleans()):
            instruction.features.SetInParent()
            instruction.features.number.extend(draw(st.lists(number, max_size=4)))
        if draw(st.booleans()):
            instruction.request.feature = draw(number)
            instruction.request.octets = draw(st.one_of(st.binary(max_size=9), st.just(bytes(REQUEST_LIMIT + 1))))
    return message.SerializeToString() + draw(st.one_of(st.just(b""), st.binary(max_size=8)))


@fuzzed
@given(st.one_of(st.binary(max_size=80), messages()))
def test_any_octets_are_user_events_or_refused(diff: bytes) -> None:
    try:
        events = userdiff.decode(diff)
    except PeerError:
        return
    for event in events:
        if isinstance(event, Keys):
            assert event.data
        elif isinstance(event, Resize):
            assert size_is_possible(event.columns, event.lines)
        elif isinstance(event, Request):
            assert is_number(event.feature)
            assert len(event.payload) <= REQUEST_LIMIT
        else:
            assert len(event.numbers) <= FEATURES_LIMIT
            assert all(map(is_number, event.numbers))
    assert userdiff.decode(userdiff.encode(events)) == events


@fuzzed
@given(st.lists(st.one_of(st.binary(max_size=80), messages()), max_size=6))
def test_a_stream_takes_any_diffs_and_only_grows(diffs: list[bytes]) -> None:
    stream = UserStream()
    for diff in diffs:
        try:
            newer = stream.apply(diff)
        except PeerError:
            continue
        assert newer.position >= stream.position
        newer.events_since(stream)
        stream = newer.trimmed(stream)
