"""The frame diff's invariant on upstream's emulator, run as a black box.

Upstream's server draws what its emulator holds after diff(blank, A) + diff(A, B), and after diff(blank, B): the same,
cell by cell, with the same cursor, rendition, modes and wraps; and it is what our own emulator holds.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from tests.support.screens import programs
from tests.support.upstream_screen import SERVER, UpstreamScreen

from mosh_common.terminal.cells import Snapshot, blank_snapshot, cell_text
from mosh_common.terminal.display import diff
from mosh_common.terminal.emulator import Emulator

pytestmark = [pytest.mark.interop, pytest.mark.skipif(SERVER is None, reason="Debian's mosh is not installed")]

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
