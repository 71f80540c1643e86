"""The register of our own numbers, which mosh.proto and docs/wire.md repeat, and how features are named."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.pb import mosh_pb2

from mosh_common.errors import UsageError
from mosh_common.wire import hostdiff, userdiff
from mosh_common.wire.extensions import (
    FEATURES_LIMIT,
    FIRST_NUMBER,
    LAST_NUMBER,
    OUR_FEATURES,
    REGISTER,
    Features,
    Kind,
    Way,
    decode_features,
    features,
)

ROOT = Path(__file__).resolve().parents[3]


def proto_numbers() -> dict[int, tuple[str, set[str]]]:
    """Each of our numbers in mosh.proto: its name, and the messages in which it is."""
    found: dict[int, tuple[str, set[str]]] = {}
    for message in mosh_pb2.DESCRIPTOR.message_types_by_name.values():
        for field in message.fields:
            if field.number >= FIRST_NUMBER:
                found.setdefault(field.number, (field.name, set()))[1].add(message.name)
                assert found[field.number][0] == field.name, f"{field.number} has two names"
    return found


def test_each_number_is_given_once() -> None:
    assert len({row.number for row in REGISTER}) == len({row.name for row in REGISTER}) == len(REGISTER)
    assert all(FIRST_NUMBER <= row.number <= LAST_NUMBER for row in REGISTER)


def test_mosh_proto_has_the_registers_numbers() -> None:
    in_proto = proto_numbers()
    named = {row.number: row.name for row in REGISTER if row.kind is not Kind.FEATURE or row.number in in_proto}
    assert {number: name for number, (name, _) in in_proto.items()} == named


def test_instructions_are_where_their_direction_says() -> None:
    messages = {
        Way.TO_SERVER: {"UserInstruction"},
        Way.TO_CLIENT: {"HostInstruction"},
        Way.BOTH: {"UserInstruction", "HostInstruction"},
    }
    in_proto = proto_numbers()
    for row in REGISTER:
        if row.number in in_proto and row.kind is not Kind.FIELD:
            assert in_proto[row.number][1] == messages[row.way], row.name


def test_the_documents_table_is_the_register() -> None:
    rows = re.findall(
        r"^\| (\d+) \| `(\w+)` \| ([\w ]+) \| ([\w ]+) \| (.+) \|$", (ROOT / "docs/wire.md").read_text(), re.MULTILINE
    )
    assert [(int(number), *words) for number, *words in rows] == [
        (row.number, row.name, row.kind.value, row.way.value, row.why) for row in REGISTER
    ]


def test_what_a_program_has_is_named_in_order() -> None:
    assert features(frozenset({200, 66, 64})) == Features((64, 66, 200))
    assert decode_features(features(OUR_FEATURES).numbers) == features(OUR_FEATURES)


@pytest.mark.parametrize("numbers", [{FIRST_NUMBER - 1}, {LAST_NUMBER + 1}, set(range(100, 101 + FEATURES_LIMIT))])
def test_what_no_peer_would_take_whole_is_not_named(numbers: set[int]) -> None:
    with pytest.raises(UsageError):
        features(frozenset(numbers))


def test_what_a_peer_names_is_bounded() -> None:
    assert decode_features([0, 63, LAST_NUMBER, 64, 64, LAST_NUMBER + 1, 2**32 - 1]) == Features((64, LAST_NUMBER))
    assert decode_features(range(100, 1000)) == Features(tuple(range(100, 100 + FEATURES_LIMIT)))


@pytest.mark.parametrize("encode", [userdiff.encode, hostdiff.encode])
def test_features_have_numbers_that_upstream_skips(encode: Callable[..., bytes]) -> None:
    assert encode([Features((64, 66))]).hex() == "0a09" + "aa04" + "06" + "b00440" + "b00442"
    assert encode([Features(())]).hex() == "0a03" + "aa04" + "00"
