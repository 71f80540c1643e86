"""A row that is printed whole looks on every terminal as if it had been drawn."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with

from mosh_common.terminal.cells import DEFAULT_STYLE, EMPTY, NO_CLUSTERS, WIDE_TAIL, Palette, Row, Style, blank_row
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM, Dialect
from mosh_common.terminal.frame_diff.pen import Pen
from mosh_common.terminal.frame_diff.whole_rows import WholeRowPainter

COLUMNS = 12
PALETTE = Palette()
DIALECTS = (XTERM, XTERM._replace(scrolls_back=True))
LETTERS = [PALETTE.letter(style) for style in (DEFAULT_STYLE, Style(fg=1), Style(bg=2), Style(fg=3, underline=1))]
CELLS = st.sampled_from(["a", "b", " ", EMPTY, "日" + WIDE_TAIL, "é", "☕" + WIDE_TAIL])


@st.composite
def columns_of_rows(draw: st.DrawFn) -> list[Row]:
    rows: list[Row] = []
    for _ in range(draw(st.integers(1, 5))):
        text = letters = ""
        while len(text) < COLUMNS:
            cell, letter = draw(CELLS), draw(st.sampled_from(LETTERS))
            cell = cell if len(text) + len(cell) <= COLUMNS else draw(st.sampled_from(["x", EMPTY]))
            text, letters = text + cell, letters + letter * len(cell)
        rows.append((text, letters, draw(st.booleans()), NO_CLUSTERS))
    return [*rows, blank_row(COLUMNS)]


def shown(rows: list[Row], dialect: Dialect, *, whole: bool) -> list[tuple[object, ...]]:
    lines = len(rows)
    pen = Pen(columns=COLUMNS, lines=lines, row=0, column=0, style=DEFAULT_STYLE, dialect=dialect)
    painter = WholeRowPainter(pen, PALETTE.styles)
    for index, row in enumerate(rows):
        if not (whole and painter.print_below(index, row)):
            painter.draw(index, blank_row(COLUMNS), row)
    emulator = Emulator(COLUMNS, lines)
    emulator.feed("".join(pen.output).encode())
    screen = emulator.snapshot()
    styles = screen.palette.styles
    return [
        (text.replace(EMPTY, " "), [styles[ord(letter)] for letter in letters], wrapped)
        for text, letters, wrapped, _ in screen.rows
    ]


@tried_with(200)
@given(rows=columns_of_rows(), dialect=st.sampled_from(DIALECTS))
@example(
    rows=[("a" * 11 + EMPTY, "\x00" * 12, True, NO_CLUSTERS), ("bc" * 6, "\x00" * 12, False, NO_CLUSTERS)],
    dialect=DIALECTS[1],
)
def test_rows_that_are_printed_whole_are_those_that_drawing_gives(rows: list[Row], dialect: Dialect) -> None:
    assert (
        shown(rows, dialect, whole=True) == shown(rows, DIALECTS[0], whole=False) == shown(rows, dialect, whole=False)
    )


def row(text: str, *letters: str, wrapped: bool = False) -> Row:
    styles = "".join(letters) or "\x00" * len(text)
    padding = COLUMNS - len(text)
    return text + EMPTY * padding, styles + "\x00" * padding, wrapped, NO_CLUSTERS


def printed(*rows: Row) -> str | None:
    pen = Pen(columns=COLUMNS, lines=9, row=0, column=0, style=DEFAULT_STYLE, dialect=XTERM)
    painter = WholeRowPainter(pen, PALETTE.styles)
    return "".join(pen.output) if all(painter.print_below(index, each) for index, each in enumerate(rows)) else None


def test_styles_and_wraps_are_printed_as_a_program_would() -> None:
    red = LETTERS[1]
    assert printed(row("ab cd", red * 2, "\x00" * 3)) == "\x1b[31mab\x1b[m cd"
    assert printed(row("x" * COLUMNS, wrapped=True), row("y"), row("z")) == "x" * COLUMNS + "y\r\nz"
    assert printed(row("日" + WIDE_TAIL + "本" + WIDE_TAIL)) == "日本"


@pytest.mark.parametrize(
    "other",
    [row("a  ", LETTERS[2] * 3), row("☕" + WIDE_TAIL), row("☕" + WIDE_TAIL + "é")],
    ids=["blanks", "new", "both"],
)
def test_what_needs_more_is_left_to_drawing(other: Row) -> None:
    assert printed(other) is None
