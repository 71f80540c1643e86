"""Why a client is shut down although its session goes on: the octets, both ways."""

from __future__ import annotations

import pytest

from mosh_common.sync.states.parts.parting import PARTING_TEXT_OCTETS, Parting, PartingKind, PartingPart
from mosh_common.wire.extensions import PARTING
from mosh_common.wire.hostdiff import PartDiff

PART = PartingPart()
TAKEN_OVER = Parting(PartingKind.TAKEN_OVER, 1_800_000_000, "2001:db8::7")


def through(octets: bytes, before: Parting | None = None) -> Parting | None:
    return PART.apply(before, [PartDiff(PARTING, octets)])


@pytest.mark.parametrize("parting", [TAKEN_OVER, Parting(PartingKind.DETACHED, 0, "4711"), Parting(3, 2**64 - 1, "")])
def test_what_is_said_arrives(parting: Parting) -> None:
    [said] = PART.diff_from(None, parting)
    assert PART.apply(None, [said]) == parting


def test_the_octets_are_those_of_the_document() -> None:
    [said] = PART.diff_from(None, Parting(1, 0x0102030405060708, "é"))
    assert said == PartDiff(77, b"\x01\x01\x02\x03\x04\x05\x06\x07\x08\xc3\xa9")


def test_it_is_said_once() -> None:
    assert PART.diff_from(TAKEN_OVER, TAKEN_OVER._replace()) == ()
    assert PART.diff_from(TAKEN_OVER, None) == ()


@pytest.mark.parametrize("length", range(9))
def test_what_is_too_short_changes_nothing(length: int) -> None:
    assert through(b"\x01" * length) is None
    assert through(b"\x01" * length, TAKEN_OVER) is TAKEN_OVER


def test_what_a_parting_says_is_printable() -> None:
    said = through(b"\x02" + bytes(8) + "a\x1b]0;x\x07\n\u202e".encode() + b"\xff")
    assert said == Parting(2, 0, "a?]0;x???\ufffd")


def test_a_text_is_bounded_both_ways() -> None:
    assert through(b"\x02" + bytes(8) + b"x" * 5000) == Parting(2, 0, "x" * PARTING_TEXT_OCTETS)
    [said] = PART.diff_from(None, Parting(2, 0, "x" * 5000))
    assert len(said.octets) == 9 + PARTING_TEXT_OCTETS


def test_nothing_weighs_nothing_and_each_character_as_much_as_it_may() -> None:
    assert PART.weight(None) == 0
    assert PART.weight(TAKEN_OVER) == 4 * len("2001:db8::7")
