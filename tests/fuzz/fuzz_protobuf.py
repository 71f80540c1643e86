"""Invariant: any octets are a message, the same as in protobuf's own library, or raise nothing but PeerError."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from tests.common.wire.test_protobuf import OUTERMOST, fields, in_our_terms
from tests.support.fuzzing import fuzzed

from mosh_common.errors import PeerError
from mosh_common.wire.protobuf import Schema, decode, encode

octets = st.one_of(
    st.binary(max_size=80),
    st.tuples(st.lists(fields(), max_size=4).map(b"".join), st.integers(0, 300), st.integers(0, 255)).map(
        lambda made: made[0][: made[1]] + bytes([made[2]]) + made[0][made[1] + 1 :]
    ),
)


@pytest.mark.parametrize(("schema", "theirs"), OUTERMOST, ids=["transport", "user", "host"])
@fuzzed
@given(data=octets)
def test_any_octets_are_a_message_or_refused(schema: Schema, theirs: Any, data: bytes) -> None:
    try:
        message = decode(schema, data)
    except PeerError:
        return
    assert decode(schema, encode(schema, message)) == message
    try:
        assert in_our_terms(theirs.FromString(data)) == message
    except DecodeError:  # stricter than ours: about numbers in more octets than they need, by the runtime's version
        pass
