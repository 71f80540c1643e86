"""Invariant: any octets on either socketpair are permitted messages that fit together, or raise only PeerError."""

from __future__ import annotations

from typing import Any

import msgpack
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed

from mosh_client.ipc import framing, messages
from mosh_client.ipc.frames import FrameDecoder
from mosh_client.ipc.messages import Frame
from mosh_client.ipc.permits import FROM_NETWORK, FROM_RENDERER, Permits
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import CLUSTER, EMPTY, WIDE_TAIL
from mosh_common.terminal.frame_diff.dialect import XTERM
from mosh_common.terminal.frame_diff.diff import diff

# Values near the bounds, and characters that a terminal would obey.
numbers = st.one_of(st.integers(-2, 4), st.sampled_from([255, 256, 1000, 65536, 1 << 24, (1 << 63) - 1, 1 << 63]))
texts = st.text(alphabet=st.sampled_from(f"a漢é{EMPTY}{WIDE_TAIL}{CLUSTER}\x1b\x07\x9b\n"), max_size=4)
leaves = st.one_of(st.none(), st.booleans(), numbers, st.floats(), texts, st.binary(max_size=3))
# Lists within lists as deep as a message's, and one deeper. Not st.recursive: it draws for as long again.
values = st.one_of(leaves, st.lists(leaves, max_size=6))
for _ in range(3):
    values = st.one_of(leaves, st.lists(values, max_size=4))

STYLE = [-1, -1, 0, 0, -1, ""]
MODES = [False, True, False, 0, 0, False, False, 0]


@st.composite
def rows(draw: st.DrawFn) -> list[Any]:
    text = draw(st.text(alphabet=st.sampled_from(f"a漢{EMPTY}{WIDE_TAIL}{CLUSTER}\x1b"), min_size=2, max_size=2))
    letters = draw(st.text(alphabet="\x00\x01\x05", min_size=2, max_size=2))
    clusters = [[column, "e\u0301"] for column, char in enumerate(text) if char == CLUSTER]
    return [draw(st.integers(0, 2)), text, letters, draw(st.booleans()), draw(st.one_of(st.just(clusters), values))]


@st.composite
def frames(draw: st.DrawFn) -> list[Any]:
    """Frames that are nearly right."""
    fields: list[Any] = [
        5,
        draw(st.booleans()),
        2,
        draw(st.integers(1, 2)),
        [STYLE] * draw(st.integers(0, 3)),
        draw(st.lists(rows(), max_size=2)),
        0,
        0,
        STYLE,
        0,
        MODES,
        draw(st.sampled_from([None, ["t", "i", True]])),
        None,
        draw(st.booleans()),
    ]
    if draw(st.booleans()):
        fields[draw(st.integers(0, len(fields) - 1))] = draw(values)
    return fields


def packed(value: Any) -> bytes:
    try:
        octets: bytes = msgpack.packb(value)
    except OverflowError:
        return b"\xc1"
    return octets


contents = st.one_of(
    st.binary(max_size=40),
    st.tuples(st.integers(0, 13), st.lists(values, max_size=13)).map(lambda pair: packed([pair[0], *pair[1]])),
    frames().map(packed),
)


@fuzzed
@given(contents)
def test_any_octets_are_a_message_or_refused(octets: bytes) -> None:
    try:
        message = messages.decode(octets)
    except PeerError:
        return
    assert messages.decode(messages.encode(message)) == message


@fuzzed
@given(st.lists(contents, max_size=8))
def test_any_frames_are_screens_that_can_be_drawn_or_refused(stream: list[bytes]) -> None:
    permits, decoder, drawn = Permits(FROM_NETWORK), FrameDecoder(), None
    for octets in stream:
        try:
            message = messages.decode(octets)
            permits.admit(message)
            if not isinstance(message, Frame):
                continue
            screen = decoder.apply(message)
        except PeerError:
            return
        assert len(screen.rows) == screen.lines
        for text, letters, _wrapped, clusters in screen.rows:
            assert len(text) == len(letters) == screen.columns
            assert set(clusters) == {column for column, char in enumerate(text) if char == CLUSTER}
            assert all(ord(letter) < len(screen.palette.styles) for letter in letters)
        diff(drawn, screen, dialect=XTERM)
        drawn = screen


@fuzzed
@given(st.binary(max_size=200), st.lists(st.integers(1, 40), max_size=20), st.booleans())
def test_any_stream_is_cut_into_messages_within_bounds_or_refused(
    stream: bytes, cuts: list[int], from_renderer: bool
) -> None:
    reader, permits = framing.MessageReader(longest=60), Permits(FROM_RENDERER if from_renderer else FROM_NETWORK)
    for cut in [*cuts, len(stream)]:
        piece, stream = stream[:cut], stream[cut:]
        try:
            for octets in reader.feed(piece):
                assert 1 <= len(octets) <= 60
                permits.admit(messages.decode(octets))
        except PeerError:
            return
