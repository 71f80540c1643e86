"""Cutting instructions and putting them together again."""

from __future__ import annotations

import itertools
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.errors import UsageError
from mosh_common.wire import fragment as module
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.fragment import FRAGMENTS_LIMIT, HEADER_OCTETS, Assembler, Fragment, Fragmenter, channel_of, split

MTU = HEADER_OCTETS + 4  # four octets of contents in each fragment


def assert_refused(assembler: Assembler, fragment: Fragment) -> None:
    with pytest.raises(Dropped) as dropped:
        assembler.add(fragment)
    assert dropped.value.reason is DropReason.MALFORMED_FRAGMENT


def test_the_first_octet_is_the_channel_and_nothing_is_channel_0s() -> None:
    assert [channel_of(payload) for payload in (b"", b"\0\1", b"\1", b"\xff")] == [0, 0, 1, 255]


@pytest.mark.parametrize(
    ("fragment", "encoded"),
    [
        (Fragment(1, 0, True, b"ab"), "000000000000000180006162"),
        (Fragment(2**64 - 1, 0x7FFF, False, b""), "ffffffffffffffff7fff"),
    ],
)
def test_the_layout_of_a_fragment(fragment: Fragment, encoded: str) -> None:
    assert fragment.encode().hex() == encoded
    assert Fragment.decode(bytes.fromhex(encoded)) == fragment


@pytest.mark.parametrize("octets", [0, 9])
def test_a_payload_too_short_for_a_header_is_dropped(octets: int) -> None:
    with pytest.raises(Dropped) as dropped:
        Fragment.decode(bytes(octets))
    assert dropped.value.reason is DropReason.MALFORMED_FRAGMENT


@given(st.binary(max_size=60), st.integers(1, 20), st.randoms(use_true_random=False))
def test_fragments_make_the_instruction_in_any_order(encoded: bytes, size: int, random: Random) -> None:
    fragments = split(7, encoded, HEADER_OCTETS + size)
    assert all(len(fragment.contents) <= size for fragment in fragments)
    random.shuffle(fragments)
    assembler = Assembler()
    assert [assembler.add(fragment) for fragment in fragments] == [None] * (len(fragments) - 1) + [encoded]


def test_the_numbers_of_fragments_have_15_bits() -> None:
    assert len(split(1, bytes(FRAGMENTS_LIMIT), HEADER_OCTETS + 1)) == FRAGMENTS_LIMIT
    with pytest.raises(UsageError):
        split(1, bytes(FRAGMENTS_LIMIT + 1), HEADER_OCTETS + 1)


def test_each_different_instruction_gets_a_fresh_id() -> None:
    fragmenter = Fragmenter()
    first = fragmenter.split(b"one", MTU)
    assert first[0].id == 1
    assert fragmenter.split(b"one", MTU) == first  # a repeat
    assert fragmenter.split(b"one", MTU + 1)[0].id == 2  # cut to another size
    assert fragmenter.split(b"two", MTU + 1)[0].id == 3


def test_repeated_fragments_change_nothing() -> None:
    one, two, three = split(1, b"abcdefghij", MTU)
    assembler = Assembler()
    assert [assembler.add(fragment) for fragment in (one, one, three, three, two)] == [*[None] * 4, b"abcdefghij"]


def test_a_newer_instruction_replaces_an_incomplete_one() -> None:
    old, new = split(1, b"abcdefgh", MTU), split(2, b"ijklmnop", MTU)
    assembler = Assembler()
    assert [assembler.add(fragment) for fragment in (old[0], new[0], old[1], new[1])] == [*[None] * 3, b"ijklmnop"]


def test_a_late_single_fragment_is_delivered_and_disturbs_nothing() -> None:
    new, late = split(5, b"abcdefgh", MTU), split(4, b"late", MTU)[0]
    assembler = Assembler()
    assert [assembler.add(fragment) for fragment in (new[0], late, new[1])] == [None, b"late", b"abcdefgh"]


def test_a_late_instruction_is_assembled_once_nothing_newer_is() -> None:
    assembler = Assembler()
    assembler.add(split(5, b"new", MTU)[0])
    assert [assembler.add(fragment) for fragment in split(4, b"abcdefgh", MTU)] == [None, b"abcdefgh"]


@pytest.mark.parametrize(
    "fragments",
    [
        [Fragment(1, 0, False, b"a"), Fragment(1, 0, False, b"b")],  # two contents
        [Fragment(1, 5, False, b"a"), Fragment(1, 3, True, b"b")],  # the last is not the last
        [Fragment(1, 3, True, b"a"), Fragment(1, 4, False, b"b")],  # beyond the last
        [Fragment(1, 3, True, b"a"), Fragment(1, 4, True, b"b")],  # two last ones
    ],
)
def test_fragments_that_contradict_each_other_are_refused_and_forgotten(fragments: list[Fragment]) -> None:
    assembler = Assembler()
    assembler.add(fragments[0])
    assert_refused(assembler, fragments[1])
    again = [assembler.add(fragment) for fragment in split(1, b"abcdefgh", MTU)]
    assert again == [None, b"abcdefgh"]


def test_fragments_may_hold_as_much_as_the_limit_and_no_more() -> None:
    longest = bytes(module.ASSEMBLY_LIMIT_OCTETS)
    assert list(map(Assembler().add, split(1, longest, 65_000)))[-1] == longest
    assembler = Assembler()
    *first, last = split(1, longest + b"x", 65_000)
    assert list(map(assembler.add, first)) == [None] * len(first)
    assert_refused(assembler, last)


def test_an_instruction_may_be_as_long_as_the_limit_and_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASSEMBLY_LIMIT_OCTETS", 8)
    assert list(map(Assembler().add, split(1, b"abcdefgh", MTU)))[-1] == b"abcdefgh"
    assembler = Assembler()
    for fragment in itertools.islice(split(1, b"abcdefghi", MTU), 2):
        assembler.add(fragment)
    assert_refused(assembler, split(1, b"abcdefghi", MTU)[2])
