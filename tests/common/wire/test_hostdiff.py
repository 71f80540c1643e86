"""The server's diff."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.wire import hostdiff, messages, protobuf
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.extensions import FEATURES, FIRST_NUMBER, LAST_NUMBER, NOTICE
from mosh_common.wire.hostdiff import (
    INSTRUCTIONS_LIMIT,
    NOTICE_KINDS,
    NOTICE_LIMIT,
    PART_LIMIT,
    PROGRAM_LIMIT,
    Announcement,
    EchoAck,
    Features,
    HostBytes,
    HostEvent,
    Notice,
    NoticeKind,
    PartDiff,
    Resize,
)


def assert_dropped(diff: bytes) -> None:
    with pytest.raises(Dropped) as dropped:
        hostdiff.decode(diff)
    assert dropped.value.reason is DropReason.MALFORMED_DIFF


def test_echo_ack_size_and_bytes_are_written_as_upstream_writes_them() -> None:
    events: list[HostEvent] = [EchoAck(9), Resize(132, 43), HostBytes(b"s")]
    assert hostdiff.encode(events).hex() == "0a043a024009" + "0a071a05288401302b" + "0a051203220173"
    assert hostdiff.encode([]) == b""


def test_events_of_each_kind_are_decoded_in_their_order() -> None:
    events: list[HostEvent] = [
        *(HostBytes(b"x"), Resize(80, 24), EchoAck(7), Announcement("p"), Notice(1, "n"), Features((64, 70))),
        PartDiff(100, b"o"),
    ]
    assert hostdiff.decode(hostdiff.encode(events)) == events


def test_an_instruction_that_says_nothing_is_one_of_zeros() -> None:
    kinds = (messages.IS_HOST_BYTES, messages.IS_ECHO_ACK, messages.IS_ANNOUNCEMENT, messages.ARE_FEATURES)
    skipped = (messages.IS_NOTICE, messages.IS_PART)
    bare: protobuf.Message = {messages.INSTRUCTION: [{kind: {}} for kind in (*kinds, *skipped)]}
    expected = [HostBytes(b""), EchoAck(0), Announcement(""), Features(())]
    assert hostdiff.decode(protobuf.encode(messages.HOST_MESSAGE, bare)) == expected


def test_a_size_that_is_not_said_is_refused_as_zero_is() -> None:
    for size in ({}, {messages.WIDTH: 80}, {messages.HEIGHT: 24}):
        assert_dropped(protobuf.encode(messages.HOST_MESSAGE, {messages.INSTRUCTION: [{messages.IS_RESIZE: size}]}))


@given(
    st.lists(
        st.one_of(
            st.builds(HostBytes, st.binary()),
            st.builds(Resize, st.integers(1, 1000), st.integers(1, 1000)),
            st.builds(EchoAck, st.integers(0, 2**64 - 1)),
            st.builds(Announcement, st.text("mosh-py 0.1é漢", max_size=PROGRAM_LIMIT)),
            st.builds(Notice, st.integers(1, NOTICE_KINDS), st.text("cannot set é漢", max_size=NOTICE_LIMIT)),
            st.builds(PartDiff, st.integers(100, LAST_NUMBER), st.binary(max_size=200)),
        )
    )
)
def test_what_was_encoded_is_decoded(events: list[HostEvent]) -> None:
    assert hostdiff.decode(hostdiff.encode(events)) == events


def test_an_announcement_has_a_number_that_upstream_skips() -> None:
    assert hostdiff.encode([Announcement("x")]).hex() == "0a07" + "8204" + "04" + "8a040178"


@pytest.mark.parametrize(
    ("said", "shown"),
    [("x" * 64, "x" * 64), ("x" * 65, "x" * 64), ("漢" * 100, "漢" * 64), ("a\x1b[31m\x07\x9b", "a?[31m??")],
    ids=["longest", "too long", "wide", "controls"],
)
def test_an_announcement_is_fit_to_be_shown(said: str, shown: str) -> None:
    assert hostdiff.decode(hostdiff.encode([Announcement(said)])) == [Announcement(shown)]


def test_a_notice_has_a_number_that_upstream_skips() -> None:
    assert hostdiff.encode([Notice(2, "x")]).hex() == "0a0a" + "9204" + "07" + "980402" + "a2040178"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("x" * 160, "x" * 160),
        ("x" * 161, "x" * 160),
        ("漢" * 200, "漢" * 160),
        ("a\x1b[31m\x07\x9b\u202e", "a?[31m???"),
    ],
    ids=["longest", "too long", "wide", "controls"],
)
def test_a_notice_is_fit_to_be_shown(said: str, shown: str) -> None:
    assert hostdiff.decode(hostdiff.encode([Notice(1, said)])) == [Notice(1, shown)]


@pytest.mark.parametrize("kind", [0, NOTICE_KINDS + 1, (1 << 32) - 1])
def test_notices_of_kinds_beyond_those_that_are_kept_are_skipped(kind: int) -> None:
    assert hostdiff.decode(hostdiff.encode([Notice(kind, "x"), EchoAck(1)])) == [EchoAck(1)]


def test_the_kinds_that_the_server_has_are_kept() -> None:
    assert all(1 <= kind <= NOTICE_KINDS for kind in NoticeKind)


def test_a_part_has_a_number_that_upstream_skips() -> None:
    assert hostdiff.encode([PartDiff(200, b"x")]).hex() == "0a0b" + "d204" + "08" + "c004c801" + "ca040178"


@pytest.mark.parametrize(
    ("part", "taken"),
    [
        (PartDiff(200, bytes(PART_LIMIT)), True),
        (PartDiff(LAST_NUMBER, b""), True),
        (PartDiff(200, bytes(PART_LIMIT + 1)), False),
        (PartDiff(FIRST_NUMBER - 1, b""), False),
        (PartDiff(LAST_NUMBER + 1, b""), False),
        (PartDiff(NOTICE, b""), False),
        (PartDiff(FEATURES, b""), False),
    ],
    ids=["longest", "last", "too long", "below ours", "beyond", "has its own instruction", "so have features"],
)
def test_a_part_is_bounded(part: PartDiff, taken: bool) -> None:
    assert hostdiff.decode(hostdiff.encode([part, EchoAck(1)])) == [*([part] if taken else []), EchoAck(1)]


def test_unknown_instructions_are_skipped() -> None:
    unknown = bytes.fromhex("0a06c20c03616263")
    assert hostdiff.decode(unknown + hostdiff.encode([EchoAck(1)]) + unknown) == [EchoAck(1)]


@pytest.mark.parametrize("diff", [b"\x0a", b"\x0a\xff", b"\xff" * 11])
def test_what_is_no_host_message_is_dropped(diff: bytes) -> None:
    assert_dropped(diff)


def test_a_message_may_hold_so_many_instructions_and_no_more() -> None:
    one = hostdiff.encode([EchoAck(1)])
    assert len(hostdiff.decode(one * INSTRUCTIONS_LIMIT)) == INSTRUCTIONS_LIMIT
    assert_dropped(one * (INSTRUCTIONS_LIMIT + 1))
