"""Invariant: any octets are host events or raise nothing but PeerError, and a client's screen survives all of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed
from tests.support.pb import mosh_pb2

from mosh_common.errors import PeerError
from mosh_common.sync.states.screen_state import ClientScreen
from mosh_common.wire import hostdiff
from mosh_common.wire.extensions import EXIT_STATUS, FEATURES_LIMIT
from mosh_common.wire.hostdiff import NOTICE_KINDS, Resize
from mosh_common.wire.size import size_is_possible

number = st.one_of(st.just(EXIT_STATUS), st.integers(60, 80), st.integers(0, 2**32 - 1))
int32 = st.integers(-(2**31), 2**31 - 1)
output = st.one_of(
    st.binary(max_size=40),
    st.text("\x1b[]0123456789;?mHJKXrhlPq \r\n\bab中\u0301", max_size=40).map(str.encode),
)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    message = mosh_pb2.HostMessage()
    for _ in range(draw(st.integers(0, 5))):
        instruction = message.instruction.add()
        if draw(st.booleans()):
            instruction.hostbytes.hoststring = draw(output)
        if draw(st.booleans()):
            instruction.resize.width = draw(st.one_of(int32, st.integers(1, 60)))
            instruction.resize.height = draw(st.one_of(int32, st.integers(1, 30)))
        if draw(st.booleans()):
            instruction.echoack.echo_ack_num = draw(st.integers(0, 2**64 - 1))
        if draw(st.booleans()):
            instruction.announcement.program = draw(output)
        if draw(st.booleans()):
            instruction.notice.kind = draw(st.one_of(st.integers(0, 9), st.integers(0, 2**32 - 1)))
            instruction.notice.text = draw(output)
        if draw(st.booleans()):
            instruction.features.SetInParent()
            instruction.features.number.extend(draw(st.lists(number, max_size=4)))
        if draw(st.booleans()):
            instruction.part.feature = draw(number)
            instruction.part.octets = draw(output)
    return message.SerializeToString() + draw(st.one_of(st.just(b""), st.binary(max_size=8)))


@fuzzed
@given(st.one_of(st.binary(max_size=80), messages()))
def test_any_octets_are_host_events_or_refused(diff: bytes) -> None:
    try:
        events = hostdiff.decode(diff)
    except PeerError:
        return
    assert all(size_is_possible(*event) for event in events if isinstance(event, Resize))
    assert hostdiff.decode(hostdiff.encode(events)) == events


@fuzzed
@given(st.lists(st.one_of(st.binary(max_size=40), messages()), max_size=6))
def test_a_screen_takes_any_diffs(diffs: list[bytes]) -> None:
    screen = ClientScreen.blank(20, 5)
    for diff in diffs:
        try:
            screen = screen.apply(diff)
        except PeerError:
            continue
        snapshot = screen.snapshot
        assert len(snapshot.rows) == snapshot.lines
        assert all(len(text) == len(styles) == snapshot.columns for text, styles, _, _ in snapshot.rows)
        assert 0 <= snapshot.cursor_row < snapshot.lines
        assert 0 <= snapshot.cursor_column < snapshot.columns
        features, program, notices, status, parting, history = screen.ours
        assert features is None or len(features.numbers) <= FEATURES_LIMIT
        assert program.isprintable()
        assert len(notices) <= NOTICE_KINDS
        assert status is None or 0 <= status <= 255
        assert all(notice.text.isprintable() for notice in notices)
        assert parting is None or parting.text.isprintable()
        assert history is None or history.extent.first <= history.extent.end.line < 1 << 63
