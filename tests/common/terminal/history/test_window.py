"""A window that changes: what comes back from history fits the screen that it comes back to."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with

from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.history.history import History

_sizes = st.tuples(st.integers(10, 50), st.integers(4, 16))
_outputs = st.sampled_from(
    ["line\r\n" * 20, "x" * 90, "日本" * 20, "\x1b[?1049h", "\x1b[?1049l", "\x1b[2J", "\x1bM", "\x1b[3J"]
)


@tried_with(150)
@given(st.lists(st.one_of(_sizes, _outputs), max_size=30))
def test_every_row_is_as_wide_as_the_screen(script: list[tuple[int, int] | str]) -> None:
    emulator = Emulator(40, 8, history=History())
    for step in script:
        if isinstance(step, str):
            emulator.feed(step.encode())
        else:
            emulator.resize(*step)
        screen = emulator.snapshot()
        assert {len(row[0]) for row in screen.rows} == {screen.columns}
        assert len(screen.rows) == screen.lines


def test_rows_that_come_back_to_a_wider_window_are_as_wide() -> None:
    emulator = Emulator(20, 10, history=History())
    emulator.feed(b"".join(b"%d\r\n" % number for number in range(10)))
    emulator.resize(20, 4)
    emulator.resize(30, 4)
    emulator.resize(30, 10)
    assert {len(row[0]) for row in emulator.snapshot().rows} == {30}
