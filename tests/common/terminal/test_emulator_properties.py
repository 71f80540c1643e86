"""What holds whatever is fed: nothing raises, rows stay whole, cutting and skipping do not matter, snapshots stay."""

from __future__ import annotations

import copy

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.terminal_output import check_screen, dump, noise, output

from mosh_common.terminal.emulator import Emulator

sizes = st.tuples(st.integers(1, 20), st.integers(1, 8))


@tried_with(400)
@given(data=noise, size=sizes)
def test_any_output_leaves_whole_rows(data: bytes, size: tuple[int, int]) -> None:
    emulator = Emulator(*size)
    emulator.feed(data)
    check_screen(emulator.snapshot())


@tried_with(300)
@given(data=noise, cuts=st.lists(st.integers(0, 300), max_size=8), size=sizes)
def test_where_reads_are_cut_does_not_matter(data: bytes, cuts: list[int], size: tuple[int, int]) -> None:
    whole, pieces = Emulator(*size), Emulator(*size)
    whole.feed(data)
    start = 0
    for cut in sorted(cuts):
        pieces.feed(data[start:cut])
        start = max(start, min(cut, len(data)))
        pieces.snapshot()
    pieces.feed(data[start:])
    assert dump(whole.snapshot()) == dump(pieces.snapshot())
    assert whole.replies() == pieces.replies()


@tried_with(150)
@given(data=noise)
def test_single_octets_do_the_same_as_one_read(data: bytes) -> None:
    whole, pieces = Emulator(20, 6), Emulator(20, 6)
    whole.feed(data)
    for octet in data:
        pieces.feed(bytes([octet]))
    assert dump(whole.snapshot()) == dump(pieces.snapshot())
    assert whole.replies() == pieces.replies()


@tried_with(200)
@given(first=output, second=output, size=sizes)
def test_a_snapshot_never_changes_afterwards(first: bytes, second: bytes, size: tuple[int, int]) -> None:
    emulator = Emulator(10, 5)
    emulator.feed(first)
    snapshot = emulator.snapshot()
    before = copy.deepcopy(dump(snapshot))
    emulator.feed(second)
    emulator.resize(*size)
    emulator.snapshot()
    assert dump(snapshot) == before


@tried_with(200)
@given(steps=st.lists(st.tuples(noise, sizes), max_size=5))
def test_the_size_may_change_at_any_time(steps: list[tuple[bytes, tuple[int, int]]]) -> None:
    emulator = Emulator(20, 5)
    for data, size in steps:
        emulator.feed(data)
        emulator.resize(*size)
        snapshot = emulator.snapshot()
        assert (snapshot.columns, snapshot.lines) == size
        check_screen(snapshot)


@tried_with(200)
@given(first=output, second=output)
def test_a_restored_screen_is_the_one_that_was_taken(first: bytes, second: bytes) -> None:
    emulator, other = Emulator(12, 5), Emulator(7, 3)
    emulator.feed(first)
    other.feed(second)
    snapshot = emulator.snapshot()
    other.restore(snapshot)
    assert dump(other._screen.snapshot()) == dump(snapshot)
    other.feed(second)
    check_screen(other.snapshot())
