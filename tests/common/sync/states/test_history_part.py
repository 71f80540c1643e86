"""What a host state says of the history: the octets, both ways, and that it takes no frame's turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.errors import PeerError
from mosh_common.sync.states.parts.history import HistoryPart, HistoryShown
from mosh_common.sync.states.parts.table import INITIAL, OURS, index_of
from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.terminal.cells import blank_snapshot
from mosh_common.terminal.history.line import LONGEST_LINE, Extent, Position
from mosh_common.wire import protobuf
from mosh_common.wire.extensions import HISTORY
from mosh_common.wire.hostdiff import PartDiff

PART = HistoryPart()
LARGEST = (1 << 63) - 1


@given(st.integers(0, LARGEST), st.integers(0, LARGEST), st.integers(0, LONGEST_LINE), st.integers(0, 9), st.booleans())
def test_what_is_said_arrives(first: int, line: int, column: int, clears: int, alternate: bool) -> None:
    shown = HistoryShown(Extent(min(first, line), Position(line, column), clears), alternate)
    [said] = PART.diff_from(None, shown)
    assert PART.apply(None, [said]) == shown


@pytest.mark.parametrize(
    "shown",
    [
        HistoryShown(),
        HistoryShown(alternate=True),
        HistoryShown(Extent(LARGEST, Position(LARGEST, LONGEST_LINE), LARGEST), alternate=False),
    ],
    ids=["least", "alternate", "largest"],
)
def test_what_is_said_at_its_bounds_arrives(shown: HistoryShown) -> None:
    [said] = PART.diff_from(None, shown)
    assert PART.apply(HistoryShown(Extent(1, Position(2, 3), 4), True), [said]) == shown


def test_of_several_that_are_said_the_last_counts() -> None:
    shown = [HistoryShown(Extent(0, Position(line))) for line in (7, 8)]
    assert PART.apply(None, [said for each in shown for said in PART.diff_from(None, each)]) == shown[-1]


def test_more_clears_than_can_be_counted_are_as_many_as_can() -> None:
    octets = b"\x20" + protobuf.varint(LARGEST + 5)
    assert PART.apply(None, [PartDiff(HISTORY, octets)]).extent.clears == LARGEST


def test_the_octets_are_those_of_the_document() -> None:
    [said] = PART.diff_from(None, HistoryShown(Extent(1, Position(300, 3), 4), True))
    assert said == PartDiff(78, b"\x08\x01\x10\xac\x02\x18\x03\x20\x04\x28\x01")


def test_it_is_said_when_it_changes() -> None:
    shown = HistoryShown()
    assert PART.diff_from(None, None) == PART.diff_from(shown, HistoryShown()) == ()
    assert PART.diff_from(HistoryShown(Extent(0, Position(5))), shown) == (PartDiff(HISTORY, b""),)


@pytest.mark.parametrize(
    "numbers",
    [{1: 6, 2: 5}, {2: 1 << 63}, {2: 5, 3: LONGEST_LINE + 1}],
    ids=["first after the end", "line", "column"],
)
def test_an_extent_out_of_bounds_is_refused(numbers: dict[int, int]) -> None:
    octets = b"".join([protobuf.varint(number << 3) + protobuf.varint(value) for number, value in numbers.items()])
    with pytest.raises(PeerError):
        PART.apply(None, [PartDiff(HISTORY, octets)])


@pytest.mark.parametrize("octets", [b"\xff", b"\x08", b"\x08\x01" * 65])
def test_octets_that_are_no_extent_are_refused(octets: bytes) -> None:
    with pytest.raises(PeerError):
        PART.apply(None, [PartDiff(HISTORY, octets)])


def test_a_change_of_it_alone_takes_no_frames_turn_and_arrives() -> None:
    blank = blank_snapshot(20, 5)
    place = index_of(HISTORY, OURS)
    shown = HistoryShown(Extent(0, Position(3)))
    ours = (*INITIAL[:place], shown, *INITIAL[place + 1 :])
    before, after = ServerScreen(blank), ServerScreen(blank, 0, ours)
    assert after.looks_like(before)
    assert after != before
    assert ClientScreen.blank(20, 5).apply(after.diff_from(before)).ours[place] == shown
