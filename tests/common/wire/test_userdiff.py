"""The client's diff."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.wire import userdiff
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.userdiff import INSTRUCTIONS_LIMIT, Keys, Resize, UserEvent


def assert_dropped(diff: bytes) -> None:
    with pytest.raises(Dropped) as dropped:
        userdiff.decode(diff)
    assert dropped.value.reason is DropReason.MALFORMED_DIFF


def test_keys_and_sizes_are_written_as_upstream_writes_them() -> None:
    assert userdiff.encode([Resize(80, 24)]).hex() == "0a061a0428503018"
    assert userdiff.encode([Keys(b"\r")]).hex() == "0a05120322010d"
    assert userdiff.encode([]) == b""


def test_adjacent_keys_share_one_keystroke() -> None:
    assert userdiff.encode([Keys(b"a"), Keys(b"b")]) == userdiff.encode([Keys(b"ab")])


@given(
    st.lists(
        st.one_of(st.builds(Keys, st.binary(min_size=1)), st.builds(Resize, st.integers(1, 1000), st.integers(1, 1000)))
    )
)
def test_what_was_encoded_is_decoded_with_adjacent_keys_merged(events: list[UserEvent]) -> None:
    decoded = userdiff.decode(userdiff.encode(events))
    assert userdiff.encode(decoded) == userdiff.encode(events)
    assert not any(isinstance(a, Keys) and isinstance(b, Keys) for a, b in itertools.pairwise(decoded))


def test_unknown_instructions_are_skipped() -> None:
    unknown = bytes.fromhex("0a06c20c03616263")
    assert userdiff.decode(userdiff.encode([Keys(b"a")]) + unknown + userdiff.encode([Keys(b"b")])) == [Keys(b"ab")]


@pytest.mark.parametrize("diff", [b"\x0a", b"\x0a\xff", b"\xff" * 11, bytes.fromhex("0a0512ff22010d")])
def test_what_is_no_user_message_is_dropped(diff: bytes) -> None:
    assert_dropped(diff)


def test_a_message_may_hold_so_many_instructions_and_no_more() -> None:
    one = userdiff.encode([Keys(b"k")])
    assert userdiff.decode(one * INSTRUCTIONS_LIMIT) == [Keys(b"k" * INSTRUCTIONS_LIMIT)]
    assert_dropped(one * (INSTRUCTIONS_LIMIT + 1))
