"""Lines come back as they were kept."""

from __future__ import annotations

from hypothesis import given
from tests.support.fuzzing import tried_with
from tests.support.screens import programs

from mosh_common.terminal.cells import EMPTY, PROTECTED, WIDE_TAIL, Graphemes, Palette, Row, Style, graphemes_of
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.history.chunks import Laid
from mosh_common.terminal.history.encoding import decode_line, words_of
from mosh_common.terminal.history.joining import Joiner
from mosh_common.terminal.history.line import LONGEST_LINE, Line, line_of, plain_text


def lines_of(*groups: list[Row], palette: Palette) -> list[Line]:
    joiner = Joiner()
    for rows in groups:
        while rows:
            rows = rows[joiner.add(rows, palette) :]
    joiner.end_line()
    piece = Laid(0, *joiner.take_chunk()).piece()
    return [decode_line(encoded, piece.styles) for encoded in piece.lines]


@tried_with(100)
@given(programs)
def test_any_row_comes_back(program: str) -> None:
    emulator = Emulator(20, 5)
    emulator.feed(program.encode())
    snapshot = emulator.snapshot()
    for text, letters, _, clusters in snapshot.rows:
        row = (text, letters, False, clusters)
        (found,) = lines_of([row], palette=snapshot.palette)
        expected = line_of([row], snapshot.palette)
        bare = tuple((columns, style._replace(flags=style.flags & ~PROTECTED)) for columns, style in expected.runs)
        assert (found.text, found.graphemes) == (expected.text, expected.graphemes)
        assert cells(found.runs) == cells(bare)
        assert words_of(text_of(found, snapshot.palette)).rstrip() == plain_text(found).rstrip()


def cells(runs: tuple[tuple[int, Style], ...]) -> list[Style]:
    return [style for columns, style in runs for _ in range(columns)]


def text_of(line: Line, palette: Palette) -> str:
    joiner = Joiner()
    clusters = Graphemes(line.text, line.graphemes) if line.graphemes else {}
    joiner.add([(line.text or " ", "\x00" * max(len(line.text), 1), False, clusters)], palette)
    return joiner.lines[0]


def row(text: str, *, wrapped: bool = False, letter: str = "\x00") -> Row:
    return (text, letter * len(text), wrapped, {})


def test_rows_that_wrapped_are_one_line_in_all_their_styles() -> None:
    palette = Palette()
    red = palette.letter(Style(fg=1))
    (line,) = lines_of(
        [row("abcd", wrapped=True), row("efgh", wrapped=True, letter=red)], [row("ij  ")], palette=palette
    )
    assert line == Line("abcdefghij", ((4, Style()), (4, Style(fg=1)), (2, Style())), ())


def test_the_column_where_a_wide_character_did_not_fit_is_no_part_of_the_line() -> None:
    (line,) = lines_of([row(f"abc{EMPTY}", wrapped=True), row(f"日{WIDE_TAIL}  ")], palette=Palette())
    assert line.text == f"abc日{WIDE_TAIL}"


def test_a_line_ends_where_one_more_row_would_make_it_too_long() -> None:
    rows = [row("x" * 1000, wrapped=True)] * 17
    lines = lines_of(rows, palette=Palette())
    assert [len(line.text) for line in lines] == [8000, 8000, 1000]
    assert max(len(line.text) for line in lines) <= LONGEST_LINE


def test_a_line_goes_on_under_other_letters() -> None:
    joiner, first, second = Joiner(), Palette(), Palette()
    joiner.add([row("ab", wrapped=True, letter=first.letter(Style(fg=1)))], first)
    second.letter(Style(fg=5))
    joiner.add([row("cd", letter=second.letter(Style(fg=2)))], second)
    assert decode_line(joiner.lines[0], joiner.styles).runs == ((2, Style(fg=1)), (2, Style(fg=2)))


def test_graphemes_stand_where_they_stood() -> None:
    emulator = Emulator(20, 2)
    emulator.feed("a\u0301 b e\u0302".encode())
    snapshot = emulator.snapshot()
    (line,) = lines_of([snapshot.rows[0]], palette=snapshot.palette)
    assert plain_text(line) == "a\u0301 b e\u0302"
    assert line.graphemes == graphemes_of(snapshot.rows[0][3])
