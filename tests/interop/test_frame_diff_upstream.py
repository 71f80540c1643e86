"""The frame diff's invariant on upstream's emulator, run as a black box.

Upstream's server draws what its emulator holds after diff(blank, A) + diff(A, B), and after diff(blank, B): the same,
cell by cell, with the same cursor, rendition, modes and wraps; and it is what our own emulator holds. Upstream's
client, given one diff after the other, shows its user what our emulator holds, wide and combined characters and all.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.support.screens import programs
from tests.support.upstream_client import UpstreamClient, drawn
from tests.support.upstream_screen import UpstreamScreen

from mosh_common.terminal.cells import (
    Snapshot,
    blank_snapshot,
    cell_text,
)
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.terminal.width import char_width

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_upstream("mosh-client", "mosh-server"),
]

_COLUMNS = 37
_LINES = 11
_BLANK = blank_snapshot(_COLUMNS, _LINES)


@pytest.fixture(scope="module")
def upstream() -> Iterator[UpstreamScreen]:
    with UpstreamScreen(_COLUMNS, _LINES) as screen:
        yield screen


def _graphemes(snapshot: Snapshot) -> list[list[str]]:
    return [[cell_text(row, column).strip(" ") for column in range(_COLUMNS)] for row in snapshot.rows]


def _assert_leads(upstream: UpstreamScreen, old: Snapshot, new: Snapshot) -> None:
    step = diff(old, new)
    cells, wraps, rest = upstream.screen(diff(_BLANK, old) + step)
    expected_cells, expected_wraps, expected_rest = upstream.screen(diff(_BLANK, new))
    assert cells == expected_cells, step
    assert [[grapheme if grapheme != "tail" else "" for grapheme, _ in row] for row in cells] == _graphemes(new)
    assert wraps[:-1] == expected_wraps[:-1], step
    assert wraps[:-1] == [row[2] for row in new.rows[:-1]], step
    assert rest == expected_rest, step
    assert rest.startswith(f"cursor {new.cursor_row},{new.cursor_column} ")


@given(programs, programs)
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking would take minutes
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_upstream_makes_of_a_diff_what_the_application_did_next(
    upstream: UpstreamScreen, first: str, then: str
) -> None:
    emulator = Emulator(_COLUMNS, _LINES)
    emulator.feed(first.encode())
    old = emulator.snapshot()
    emulator.feed(then.encode())
    _assert_leads(upstream, old, emulator.snapshot())


_ROW, _COLUMN = st.integers(_LINES - 1, _LINES), st.integers(_COLUMNS - 6, _COLUMNS)
_at_the_corner = st.builds(
    "\x1b[{};{}H{}\x1b[{};{}H".format, _ROW, _COLUMN, st.text("ab日👍é界", min_size=1, max_size=6), _ROW, _COLUMN
)


@pytest.fixture(scope="module")
def client() -> Iterator[UpstreamClient]:
    with UpstreamClient(_COLUMNS, _LINES) as client:
        yield client


def _assert_shows(client: UpstreamClient, new: Snapshot, step: bytes) -> None:
    client.execute(step)
    wanted = drawn(new)
    if not client.wait_until(lambda shown: drawn(shown) == wanted):
        assert drawn(client.terminal.snapshot()) == wanted, step


def test_upstreams_client_shows_any_screen_through_diffs(client: UpstreamClient) -> None:
    emulator = Emulator(_COLUMNS, _LINES)

    @settings(max_examples=60, deadline=None, database=None, phases=[Phase.generate])
    @given(st.lists(st.one_of(programs, _at_the_corner), min_size=1, max_size=3).map("".join))
    def check(program: str) -> None:
        old = emulator.snapshot()
        emulator.feed(program.encode())
        new = emulator.snapshot()
        _assert_shows(client, new, diff(old, new))

    check()


@pytest.mark.parametrize("text", ["b" * _COLUMNS, "b" * (_COLUMNS - 2) + "日", "b" * (_COLUMNS - 3) + "日e\u0301"])
@pytest.mark.parametrize("back", range(1, 4))  # further back it uses CUP
def test_upstreams_client_goes_back_from_a_full_bottom_row(text: str, back: int) -> None:
    emulator = Emulator(_COLUMNS, _LINES)
    with UpstreamClient(_COLUMNS, _LINES) as client:
        old = emulator.snapshot()
        emulator.feed(f"\x1b[{_LINES}H{text}\x1b[{_COLUMNS - back}G".encode())
        new = emulator.snapshot()
        _assert_shows(client, new, diff(old, new))
        assert client.terminal.corrected == 1


@pytest.mark.parametrize("text", ["\U0001f8ff⚊ok", "⚊\U0001f8ffok", "\U0001f8ff\U0001f8fe⚊⚋ok", "\U0001fae8ok"])
def test_upstreams_client_leaves_out_what_it_does_not_know_and_misplaces_nothing_else(text: str) -> None:
    other = [char for char in text if ctypes.CDLL(None).wcwidth(ord(char)) not in (char_width(char), -1)]
    if other:
        # It draws by the C library's table, and the terminal of this test by ours: a user's terminal may know either.
        pytest.skip(f"the C library that upstream's client uses gives {other[0]!r} another width")
    emulator = Emulator(_COLUMNS, _LINES)
    with UpstreamClient(_COLUMNS, _LINES) as client:
        old = emulator.snapshot()
        emulator.feed(text.encode())
        new = emulator.snapshot()
        client.execute(diff(old, new))

        def known(snapshot: Snapshot) -> list[str]:
            cells = [cell_text(snapshot.rows[0], column) for column in range(_COLUMNS)]
            return [cell if cell in ("⚊", "⚋", "o", "k") else "" for cell in cells]

        assert client.wait_until(lambda shown: known(shown) == known(new)), known(client.terminal.snapshot())
