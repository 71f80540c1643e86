"""Lengths in front of messages."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_client.ipc.framing import MessageReader, with_length
from mosh_common.errors import PeerError, UsageError

LONGEST = 300


@given(
    st.lists(st.binary(min_size=1, max_size=LONGEST), max_size=8),
    st.lists(st.integers(min_value=1, max_value=400), max_size=40),
)
def test_messages_come_out_whole_and_in_order_however_the_stream_is_cut(sent: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(with_length(message, longest=LONGEST) for message in sent)
    reader = MessageReader(longest=LONGEST)
    received: list[bytes] = []
    for cut in cuts:
        received += reader.feed(stream[:cut])
        stream = stream[cut:]
    received += reader.feed(stream)
    assert received == sent


@pytest.mark.parametrize("length", [0, LONGEST + 1, 2**32 - 1])
def test_a_length_out_of_bounds_is_refused_before_its_octets_come(length: int) -> None:
    reader = MessageReader(longest=LONGEST)
    reader.feed(length.to_bytes(4, "big")[:3])
    with pytest.raises(PeerError, match=str(length)):
        reader.feed(length.to_bytes(4, "big")[3:])


def test_the_longest_message_is_accepted() -> None:
    assert MessageReader(longest=LONGEST).feed(with_length(b"x" * LONGEST, longest=LONGEST)) == [b"x" * LONGEST]


@pytest.mark.parametrize("message", [b"", b"x" * (LONGEST + 1)])
def test_what_the_other_side_would_refuse_is_not_sent(message: bytes) -> None:
    with pytest.raises(UsageError):
        with_length(message, longest=LONGEST)
