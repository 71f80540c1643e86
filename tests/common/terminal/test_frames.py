"""What a client executes of a frame: what frames hold (docs/terminal.md §2), and nothing else."""

from __future__ import annotations

import sys
from functools import cache
from types import FrameType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.screens import with_own_palette

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.parser.sequences import CONTROLS, ESCAPES, EVERYTHING, FRAMES, SEQUENCES
from mosh_common.terminal.screen.state import DEFAULT_RULES, DEFAULT_SETTINGS

LONGEST_COMMAND = 105  # numbers of OSC that terminals know
# What touches many cells for few octets, as programs may: none of it is in a frame.
COSTLY = ["$t", "$r", "$x", "$z", "${", "$v", "*y", "b", " @", " A", "I", "Z"]


def filled(columns: int = 20, lines: int = 5) -> Emulator:
    """A client's emulator with a screen full of many colours, the cursor at a pending wrap."""
    emulator = Emulator(columns, lines, frames=True)
    emulator.restore(with_own_palette(many_colours(columns, lines)))
    assert emulator.screen.wrap_pending
    assert emulator.skipped == 0
    return emulator


@cache
def many_colours(columns: int, lines: int) -> Snapshot:
    """Return that screen; painting it costs more than what is fed to it then."""
    emulator = Emulator(columns, lines, frames=True)
    for line in range(lines):
        emulator.feed(f"\x1b[{line + 1}H".encode())
        emulator.feed("".join(f"\x1b[38;5;{(column + line) % 256}me\u0301" for column in range(columns)).encode())
    assert emulator.skipped == 0
    return emulator.snapshot()


def assert_skipped(output: bytes) -> None:
    """Assert that `output` is skipped whole, without any effect: what follows it wraps as if it was not there."""
    emulator = filled()
    before = emulator.snapshot()
    emulator.feed(output)
    assert emulator.skipped == 1
    assert emulator.snapshot() is before
    assert emulator.screen.wrap_pending
    assert emulator.screen.settings == DEFAULT_SETTINGS
    assert emulator.screen.rules == DEFAULT_RULES
    assert emulator.replies() == b""


def sequence(key: str) -> str:
    """Return the sequence of a key of SEQUENCES, with parameters that mean something to most."""
    prefix = key[0] if key[0] in "<=>?" else ""
    return f"\x1b[{prefix}1;1;2;2{key.removeprefix(prefix)}"


@pytest.mark.parametrize("key", sorted(SEQUENCES.keys() - FRAMES.sequences.keys()))
def test_a_frame_executes_what_frames_hold_and_nothing_else(key: str) -> None:
    assert_skipped(sequence(key).encode())


@pytest.mark.parametrize("body", [*sorted(ESCAPES.keys() - FRAMES.escapes.keys()), "(0", ")B", "-A", "(%5", " L"])
def test_escape_sequences_that_no_frame_holds_are_skipped(body: str) -> None:
    assert_skipped(f"\x1b{body}".encode())


@pytest.mark.parametrize("control", [chr(code) for code in (*range(0x1B), *range(0x1C, 0x20), 0x7F)])
def test_controls_that_no_frame_holds_are_skipped(control: str) -> None:
    if control in FRAMES.controls:
        emulator = filled()
        emulator.feed(control.encode())
        assert emulator.skipped == 0
    elif control not in "\x18\x1a":  # which end what is unfinished, and nothing is
        assert_skipped(control.encode())


@pytest.mark.parametrize("introducer", ["P", "_", "^", "X"])
def test_strings_other_than_commands_are_skipped(introducer: str) -> None:
    assert_skipped(f"\x1b{introducer}$qm\x1b\\".encode())


def test_commands_that_no_frame_holds_are_skipped() -> None:
    assert FRAMES.commands is not None
    for number in {str(number) for number in range(LONGEST_COMMAND)} - FRAMES.commands:
        assert_skipped(f"\x1b]{number};?\a".encode())
    assert_skipped(b"\x1b]\a")


@pytest.mark.parametrize("final", ["h", "l"])
def test_modes_that_no_frame_holds_are_skipped(final: str) -> None:
    assert FRAMES.modes is not None
    known = [mode for mode in range(2100) if Emulator(1, 1).screen.private_mode_is_set(mode) is not None]
    assert len(known) > len(FRAMES.modes)
    for mode in set(known) - FRAMES.modes:
        assert_skipped(f"\x1b[?{mode}{final}".encode())
    assert_skipped(b"\x1b[?1049;6;69" + final.encode())
    emulator = filled()
    emulator.feed(f"\x1b[?1049;2004{final}".encode())  # what is known among others is executed
    assert emulator.snapshot().modes.bracketed_paste == (final == "h")
    assert not emulator.screen.alternate


@pytest.mark.parametrize("output", ["\x1b[5!C", "\x1b[2?C", "\x1b\\", "\x1b[" + "1" * 300 + "C", "\x1b]9;x\x1b\\"])
def test_what_is_malformed_is_skipped(output: str) -> None:
    emulator = filled()
    before = emulator.snapshot()
    emulator.feed(output.encode())
    assert emulator.skipped == 1
    assert emulator.snapshot() is before


def test_what_a_frame_holds_is_executed() -> None:
    for key in FRAMES.sequences:
        emulator = filled()
        emulator.feed(b"\x1b[?25h" if key in ("?h", "?l") else sequence(key).encode())
        assert emulator.skipped == 0, key
    emulator = Emulator(20, 5, frames=True)
    emulator.feed(b"\x1b]0;t\a\x1b]52;c;aGk=\a\x1b[?1006h\x1b[4 q\x1b]8;;http://a\aab\a\r\n\b\x1bM\x1b[3C\x1b[4:3mc")
    screen = emulator.snapshot()
    assert emulator.skipped == 0
    assert (screen.title, screen.icon_name, screen.clipboard) == ("t", "t", "c;aGk=")
    assert (screen.modes.mouse_encoding, screen.modes.cursor_shape, screen.bell_count) == (1006, 4, 1)
    assert screen.style.underline == 3
    assert screen.rows[0][0].startswith("ab\x00c")
    assert screen.style.link == ";http://a"


def test_a_frame_is_read_by_the_tables_that_programs_are_read_by() -> None:
    assert EVERYTHING.controls is CONTROLS
    for mine, all_of_them in (
        (FRAMES.controls, CONTROLS),
        (FRAMES.escapes, ESCAPES),
        (FRAMES.sequences, SEQUENCES),
    ):
        assert mine.items() <= all_of_them.items()


def test_after_a_failure_the_emulator_still_executes_frames_only() -> None:
    emulator = filled()
    emulator.start_over(20, 5)
    emulator.feed(b"\x1b[?1049h\x1b[6n")
    assert emulator.skipped == 2
    assert emulator.replies() == b""


@tried_with(300)
@given(
    st.lists(
        st.sampled_from([f"{sequence(key)}" for key in SEQUENCES] + ["x", "e\u0301", "漢", "\r", "\n", "\t", "\n" * 12])
    ).map("".join)
)
def test_whether_lines_that_scroll_away_are_skipped_makes_no_difference(output: str) -> None:
    quick, thorough = Emulator(9, 4, frames=True), Emulator(9, 4, skipping=False, frames=True)
    for emulator in (quick, thorough):
        emulator.feed(output.encode())
    assert quick.snapshot()._replace(palette=thorough.snapshot().palette) == thorough.snapshot()


# --- What it costs, counted in lines of Python that are executed


def work(emulator: Emulator, output: bytes) -> int:
    """Return how many lines are executed while `output` is fed."""
    count = 0

    def line(_frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    before = sys.gettrace()
    sys.settrace(line)
    try:
        emulator.feed(output)
        emulator.snapshot()
    finally:
        sys.settrace(before)
    return count


@pytest.mark.parametrize("key", COSTLY)
def test_what_programs_may_spend_a_frame_may_not(key: str) -> None:
    repeats = 500
    one = f"\x1b[1;1;60;200;1;2{key}".encode()
    assert work(filled(200, 60), one * repeats) < 25 * repeats + 500


@pytest.mark.parametrize("key", sorted(FRAMES.sequences.keys() - {"?h", "?l"}))
def test_a_sequence_of_a_frame_costs_no_more_than_a_row_of_cells(key: str) -> None:
    repeats = 50
    columns, lines = 200, 60
    assert work(filled(columns, lines), b"\x1b[30;20H" + sequence(key).encode() * repeats) < (
        (80 + 8 * columns) * repeats + 1000
    )
