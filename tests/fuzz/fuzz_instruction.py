"""Invariant: any octets, compressed or not, are an instruction that encodes again, or raise nothing but PeerError."""

from __future__ import annotations

import zlib

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed

from mosh_common.errors import PeerError
from mosh_common.wire.instruction import INFLATED_LIMIT, Instruction, inflate

VALID = zlib.decompress(Instruction(1, 2, 3, 4, b"diff", b"chaff").encode())
messages = st.one_of(
    st.binary(max_size=100),
    st.binary(max_size=30).map(lambda tail: VALID + tail),
    st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)).map(
        lambda change: VALID[: change[0]] + bytes([change[1]]) + VALID[change[0] + 1 :]
    ),
)
encodings = st.one_of(
    st.binary(max_size=100),
    messages.map(zlib.compress),
    st.tuples(messages.map(zlib.compress), st.integers(0, 60)).map(lambda cut: cut[0][: cut[1]]),
)


@fuzzed
@given(encodings)
def test_any_octets_are_an_instruction_or_refused(encoded: bytes) -> None:
    try:
        instruction = Instruction.decode(encoded)
    except PeerError:
        return
    assert Instruction.decode(instruction.encode()) == instruction


@fuzzed
@given(st.integers(0, 3 * INFLATED_LIMIT))
def test_never_more_than_the_limit_is_inflated(octets: int) -> None:
    try:
        assert len(inflate(zlib.compress(bytes(octets), 1))) == octets <= INFLATED_LIMIT
    except PeerError:
        assert octets > INFLATED_LIMIT
