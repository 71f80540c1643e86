"""The short cuts of operations on many cells lead where the long way leads, and portions of output where all does."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.cell_operations import cell_operations
from tests.support.fuzzing import tried_with
from tests.support.terminal_output import check_screen, dump, noise

from mosh_common.terminal.emulator import Emulator

sizes = st.tuples(st.integers(1, 14), st.integers(1, 7))


@tried_with(200)
@given(operations=cell_operations, size=sizes)
@example(operations=["\x1b[?7l", "中中中", "\x1b[?7h", "x"], size=(4, 2))
def test_short_cuts_lead_to_the_same_screen(operations: list[str], size: tuple[int, int]) -> None:
    whole, singly = Emulator(*size, checksums=True), Emulator(*size, checksums=True)
    whole.feed("".join(operations).encode())
    for operation in operations:
        for char in operation:
            singly.feed(char.encode())
            singly.snapshot()  # nothing is put off, nothing is done with the next together …
            singly.screen.memory.clear()  # … and nothing remembered
    check_screen(whole.snapshot())
    assert dump(whole.snapshot()) == dump(singly.snapshot())
    assert whole.replies() == singly.replies()


@tried_with(100)
@example(reads=[b"ab\x1b[", b"\x1b[2Jxyz\x1b[H"], units=[3], size=(4, 2))
@given(
    reads=st.lists(st.one_of(cell_operations.map(lambda items: "".join(items).encode()), noise), max_size=4),
    units=st.lists(st.sampled_from([1, 3, 20]), min_size=1, max_size=5),
    size=sizes,
)
def test_portions_do_what_all_at_once_does(reads: list[bytes], units: list[int], size: tuple[int, int]) -> None:
    whole, portions = Emulator(*size), Emulator(*size)
    for read in reads:
        whole.feed(read)
        portions.take(read)
        number = 0
        while portions.waiting:
            portions.digest(units[number % len(units)])
            number += 1
            assert number <= 100 + 10 * len(b"".join(reads)), "a portion executes nothing"
            if number % 5 == 1:  # somebody may look at any time
                check_screen(portions.snapshot())
        assert dump(whole.snapshot()) == dump(portions.snapshot())
        assert whole.replies() == portions.replies()
