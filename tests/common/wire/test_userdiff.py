"""The client's diff."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.errors import UsageError
from mosh_common.wire import messages, protobuf, userdiff
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.extensions import FIRST_NUMBER, LAST_NUMBER, Features
from mosh_common.wire.userdiff import INSTRUCTIONS_LIMIT, REQUEST_LIMIT, Keys, Request, Resize, UserEvent


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


def test_events_of_each_kind_stay_in_their_order() -> None:
    events: list[UserEvent] = [
        *(Keys(b"a"), Resize(80, 24), Keys(b"b"), Features((64, 70)), Keys(b"c")),
        *(Request(200, b"x"), Request(201, b"y"), Keys(b"d")),
    ]
    assert userdiff.decode(userdiff.encode(events)) == events


def test_an_instruction_that_says_nothing_is_one_of_zeros() -> None:
    kinds = (messages.IS_KEYSTROKE, messages.ARE_FEATURES, messages.IS_REQUEST)
    bare: protobuf.Message = {messages.INSTRUCTION: [{kind: {}} for kind in kinds]}
    assert userdiff.decode(protobuf.encode(messages.USER_MESSAGE, bare)) == [Features(())]
    for size in ({}, {messages.WIDTH: 80}, {messages.HEIGHT: 24}):
        assert_dropped(protobuf.encode(messages.USER_MESSAGE, {messages.INSTRUCTION: [{messages.IS_RESIZE: size}]}))


@given(
    st.lists(
        st.one_of(
            st.builds(Keys, st.binary(min_size=1)),
            st.builds(Resize, st.integers(1, 1000), st.integers(1, 1000)),
            st.builds(Request, st.integers(FIRST_NUMBER, LAST_NUMBER), st.binary(max_size=REQUEST_LIMIT)),
        )
    )
)
def test_what_was_encoded_is_decoded_with_adjacent_keys_merged(events: list[UserEvent]) -> None:
    decoded = userdiff.decode(userdiff.encode(events))
    assert userdiff.encode(decoded) == userdiff.encode(events)
    assert not any(isinstance(a, Keys) and isinstance(b, Keys) for a, b in itertools.pairwise(decoded))


def test_unknown_instructions_are_skipped() -> None:
    unknown = bytes.fromhex("0a06c20c03616263")
    assert userdiff.decode(userdiff.encode([Keys(b"a")]) + unknown + userdiff.encode([Keys(b"b")])) == [Keys(b"ab")]


def test_a_request_has_a_number_that_upstream_skips() -> None:
    assert userdiff.encode([Request(200, b"x")]).hex() == "0a0b" + "ba04" + "08" + "c004c801" + "ca040178"


@pytest.mark.parametrize(
    ("request_", "taken"),
    [
        (Request(FIRST_NUMBER, bytes(REQUEST_LIMIT)), True),
        (Request(LAST_NUMBER, b""), True),
        (Request(FIRST_NUMBER, bytes(REQUEST_LIMIT + 1)), False),
        (Request(FIRST_NUMBER - 1, b""), False),
        (Request(LAST_NUMBER + 1, b""), False),
    ],
    ids=["longest", "last number", "too long", "number below ours", "number beyond"],
)
def test_a_request_is_bounded(request_: Request, taken: bool) -> None:
    around: list[UserEvent] = [Keys(b"a"), request_, Keys(b"b")]
    assert userdiff.decode(userdiff.encode(around)) == (around if taken else [Keys(b"ab")])
    if not taken:
        with pytest.raises(UsageError):
            userdiff.check_request(request_)


def test_of_several_sets_of_features_the_first_counts() -> None:
    events: list[UserEvent] = [Features((64,)), Keys(b"a"), Features((65,)), Keys(b"b")]
    assert userdiff.decode(userdiff.encode(events)) == [Features((64,)), Keys(b"ab")]


@pytest.mark.parametrize("diff", [b"\x0a", b"\x0a\xff", b"\xff" * 11, bytes.fromhex("0a0512ff22010d")])
def test_what_is_no_user_message_is_dropped(diff: bytes) -> None:
    assert_dropped(diff)


def test_a_message_may_hold_so_many_instructions_and_no_more() -> None:
    one = userdiff.encode([Keys(b"k")])
    assert userdiff.decode(one * INSTRUCTIONS_LIMIT) == [Keys(b"k" * INSTRUCTIONS_LIMIT)]
    assert_dropped(one * (INSTRUCTIONS_LIMIT + 1))
