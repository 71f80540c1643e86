"""A row as it is expected to look: its text never reaches beyond the pane."""

from __future__ import annotations

import pytest

from mosh_client.renderer.prediction.guesses import Cell
from mosh_client.renderer.prediction.line import EditedLine, Situation
from mosh_common.terminal.cells import DEFAULT_STYLE


@pytest.mark.parametrize(("remembered", "end"), [(4, 10), (15, 15), (78, 20)])
def test_the_end_of_a_line_lies_between_the_cursor_and_the_margin(remembered: int, end: int) -> None:
    line = EditedLine(0, 0, 2, prompt="$ ", echoes=True)
    line.end = remembered  # 78: it was typed in another pane of that row, which is wider
    row = [Cell("x", DEFAULT_STYLE)] * 40
    here = Situation(row, 10, 20, line, False)
    assert here.end == end
    assert len(here.removed(10, here.end)) == len(row)
