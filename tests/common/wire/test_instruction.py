"""The transport instruction, its compression and its limits."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.errors import UsageError
from mosh_common.protocol import CHAFF_MAX_OCTETS
from mosh_common.wire import instruction as module
from mosh_common.wire import messages, protobuf
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.instruction import CHAFF_ENTROPY_OCTETS, INFLATED_LIMIT, Instruction, chaff, inflate

numbers = st.integers(0, 2**64 - 1)
instructions = st.builds(
    Instruction, numbers, numbers, numbers, numbers, st.binary(), st.binary(max_size=16), protocol_version=st.just(2)
)


def assert_dropped(encoded: bytes, reason: DropReason) -> None:
    with pytest.raises(Dropped) as dropped:
        Instruction.decode(encoded)
    assert dropped.value.reason is reason


def test_what_an_instruction_does_not_say_is_zero() -> None:
    bare = protobuf.encode(messages.TRANSPORT_INSTRUCTION, {messages.VERSION: 2})
    assert Instruction.decode(zlib.compress(bare)) == Instruction(0, 0, 0, 0, b"", b"", 2)


@given(instructions)
def test_what_was_encoded_is_decoded(instruction: Instruction) -> None:
    assert Instruction.decode(instruction.encode()) == instruction


def test_fields_have_their_numbers_and_are_always_written() -> None:
    encoded = Instruction(1, 2, 3, 4, b"d", b"c").encode()
    assert zlib.decompress(encoded).hex() == "080210011802200328043201643a0163"
    assert zlib.decompress(Instruction(0, 0, 0, 0).encode()).hex() == "08021000180020002800" + "32003a00"


def test_unknown_fields_are_skipped() -> None:
    message = zlib.decompress(Instruction(1, 2, 3, 4).encode()) + bytes.fromhex("c20c03616263")
    assert Instruction.decode(zlib.compress(message)) == Instruction(1, 2, 3, 4)


@pytest.mark.parametrize("version", [0, 1, 3, 2**32 - 1])
def test_another_protocol_version_is_told_apart(version: int) -> None:
    assert_dropped(Instruction(0, 1, 0, 0, protocol_version=version).encode(), DropReason.WRONG_VERSION)


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\x78",
        b"not zlib at all",
        zlib.compress(b"\x08"),  # no value
        zlib.compress(b"\x08\x02" * 9)[:-1],  # cut short
        Instruction(0, 1, 0, 0).encode() + b"x",  # followed by something
        zlib.compress(b"\x08\x02")[:-4] + b"\0\0\0\0",  # wrong checksum
    ],
)
def test_what_is_no_instruction_is_dropped(encoded: bytes) -> None:
    assert_dropped(encoded, DropReason.MALFORMED_INSTRUCTION)


def test_an_instruction_that_inflates_past_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(inflate(zlib.compress(bytes(INFLATED_LIMIT)))) == INFLATED_LIMIT
    with pytest.raises(Dropped):
        inflate(zlib.compress(bytes(INFLATED_LIMIT + 1)))
    monkeypatch.setattr(module, "INFLATED_LIMIT", 40)
    overhead = len(zlib.decompress(Instruction(1, 2, 3, 4).encode()))
    assert Instruction(1, 2, 3, 4, b"x" * (40 - overhead)).encode()
    with pytest.raises(UsageError):
        Instruction(1, 2, 3, 4, b"x" * (41 - overhead)).encode()


def test_chaff_has_up_to_16_octets_of_the_entropy() -> None:
    entropy = bytes(range(100, 100 + CHAFF_ENTROPY_OCTETS - 1))
    assert chaff(b"\x00" + entropy) == b""
    assert chaff(b"\x05" + entropy) == entropy[:5]
    assert chaff(b"\x10" + entropy) == entropy
    assert len(entropy) == CHAFF_MAX_OCTETS
    assert chaff(b"\x11" + entropy) == b""
