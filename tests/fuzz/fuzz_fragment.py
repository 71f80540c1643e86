"""Invariant: any payloads in any order raise nothing but PeerError, and what they hold stays within the limit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed

from mosh_common.errors import PeerError
from mosh_common.wire.fragment import ASSEMBLY_LIMIT_OCTETS, HEADER_OCTETS, Assembler, Fragment, split

payloads = st.one_of(
    st.binary(max_size=40),
    # Few ids and numbers, so that they meet.
    st.builds(
        lambda *parts: Fragment(*parts).encode(),
        st.integers(0, 3),
        st.integers(0, 4),
        st.booleans(),
        st.binary(max_size=3),
    ),
)


@fuzzed
@given(st.lists(payloads, max_size=30))
def test_any_payloads_are_assembled_or_refused(sequence: list[bytes]) -> None:
    assembler = Assembler()
    for payload in sequence:
        try:
            fragment = Fragment.decode(payload)
            assert fragment.encode() == payload
            assembler.add(fragment)
        except PeerError:
            pass
        assert assembler._octets == sum(map(len, assembler._pieces.values())) <= ASSEMBLY_LIMIT_OCTETS


@fuzzed
@given(st.lists(payloads, max_size=30), st.binary(max_size=30))
def test_whatever_came_before_a_new_instruction_arrives(sequence: list[bytes], encoded: bytes) -> None:
    assembler = Assembler()
    for payload in sequence:
        try:
            assembler.add(Fragment.decode(payload))
        except PeerError:
            pass
    newest = 2**64 - 1
    assert [assembler.add(fragment) for fragment in split(newest, encoded, HEADER_OCTETS + 4)][-1] == encoded
