"""The frame diff's invariant on our own emulator: executing diff(A, B) on A gives B, in every field."""

from __future__ import annotations

import re

import pyte
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.screens import canonical, programs

from mosh_common.terminal.cells import Snapshot, cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import TRUECOLOR, WIRE, XTERM, Dialect
from mosh_common.terminal.frame_diff.diff import diff

_COLUMNS = st.integers(1, 24)
_LINES = st.integers(1, 9)
_SHOWS_EVERYTHING = {
    "colors": TRUECOLOR,
    "extended_underline": True,
    "hyperlinks": True,
    "cursor_shape": True,
    "unicode": True,
    "title": True,
    "clipboard": True,
    "every_bell": True,
}
_dialects = st.builds(
    Dialect,
    **{
        name: st.just(_SHOWS_EVERYTHING[name]) if name in _SHOWS_EVERYTHING else st.booleans()
        for name in Dialect._fields
    },
)


def _screen(columns: int, lines: int, program: str) -> Snapshot:
    emulator = Emulator(columns, lines)
    emulator.feed(program.encode())
    return emulator.snapshot()


def _assert_leads(old: Snapshot, new: Snapshot, dialect: Dialect = WIRE) -> None:
    receiver = Emulator(old.columns, old.lines, frames=dialect is WIRE)
    receiver.restore(old)
    if (old.columns, old.lines) != (new.columns, new.lines):
        receiver.resize(new.columns, new.lines)
    output = diff(old, new, dialect=dialect)
    receiver.feed(output)
    assert canonical(receiver.snapshot()) == canonical(new), output
    assert receiver.replies() == b""
    assert receiver.skipped == 0 or dialect is not WIRE, output


def _in_reach(old: Snapshot, new: Snapshot) -> Snapshot:
    """Return `new` with what no output can take back: a bell that rang, a title and a clipboard once they were set."""
    return new._replace(
        bell_count=max(old.bell_count, new.bell_count),
        title_set=old.title_set or new.title_set,
        clipboard=new.clipboard or old.clipboard,
    )


@given(_COLUMNS, _LINES, programs, programs)
@tried_with(300)
def test_a_diff_leads_to_what_the_application_did_next(columns: int, lines: int, first: str, then: str) -> None:
    emulator = Emulator(columns, lines)
    emulator.feed(first.encode())
    old = emulator.snapshot()
    emulator.feed(then.encode())
    _assert_leads(old, emulator.snapshot())


@given(_COLUMNS, _LINES, programs, programs)
@tried_with(300)
def test_a_diff_leads_from_any_screen_to_any_other_of_its_size(
    columns: int, lines: int, first: str, second: str
) -> None:
    old, new = _screen(columns, lines, first), _screen(columns, lines, second)
    _assert_leads(old, _in_reach(old, new))


@given(_COLUMNS, _LINES, programs, _COLUMNS, _LINES, programs)
@tried_with(150)
def test_a_diff_leads_to_a_screen_of_another_size(
    old_columns: int, old_lines: int, first: str, columns: int, lines: int, second: str
) -> None:
    old, new = _screen(old_columns, old_lines, first), _screen(columns, lines, second)
    _assert_leads(old, _in_reach(old, new))


@given(_COLUMNS, _LINES, programs, programs, _dialects)
@tried_with(300)
def test_a_terminal_that_lacks_something_shows_the_same(
    columns: int, lines: int, first: str, then: str, dialect: Dialect
) -> None:
    emulator = Emulator(columns, lines)
    emulator.feed(first.encode())
    old = emulator.snapshot()
    emulator.feed(then.encode())
    _assert_leads(old, emulator.snapshot(), dialect)


@given(_COLUMNS, _LINES, programs, programs)
@tried_with(150)
def test_a_terminal_in_an_unknown_state_is_drawn_whole(columns: int, lines: int, unknown: str, program: str) -> None:
    terminal = Emulator(columns, lines)
    terminal.feed(unknown.encode())
    before = terminal.snapshot()
    new = _screen(columns, lines, program)
    terminal.feed(diff(None, new, dialect=XTERM))
    after = terminal.snapshot()
    expected = new._replace(
        bell_count=before.bell_count,
        clipboard=before.clipboard,
        title=new.title if new.title_set else before.title,
        title_set=before.title_set or new.title_set,
        icon_name=before.icon_name,
        # The wheel's mode and the cursor's shape stay the terminal's own until a program asks for something else.
        modes=new.modes._replace(
            cursor_shape=new.modes.cursor_shape or before.modes.cursor_shape,
            alternate_scroll=new.modes.alternate_scroll or before.modes.alternate_scroll,
        ),
    )
    assert canonical(after) == canonical(expected)


@given(_COLUMNS, _LINES, programs)
@tried_with(100)
def test_an_equal_screen_costs_nothing(columns: int, lines: int, program: str) -> None:
    first = _screen(columns, lines, program)
    second = _screen(columns, lines, program)
    assert first is not second
    at_the_edge = first.cursor_column == columns - 1
    assert diff(first, second) == b"" or at_the_edge


@given(
    st.text("abc d", min_size=30, max_size=60),
    st.integers(1, 40),
    st.integers(1, 5),
    st.sampled_from("@P"),
    st.text("xyz", max_size=5),
    st.sampled_from(["", "\u2502 another pane", "\u2502 \x1b[7ma\u0301\u4e2d\x1b[m", "clock"]),
    st.sampled_from([40, 61, 80]),
)
@tried_with(300)
def test_a_diff_leads_to_what_editing_in_a_line_makes(
    text: str, column: int, count: int, final: str, typed: str, pane: str, columns: int
) -> None:
    emulator = Emulator(columns, 2)
    beside = f"\x1b[1;{columns - 20}H{pane}\x1b[K" if pane else ""
    emulator.feed(f"{text}{beside}\x1b[1;{column}H".encode())
    old = emulator.snapshot()
    emulator.feed(f"\x1b[{count}{final}{typed}{beside}\x1b[1;{column}H".encode())
    _assert_leads(old, emulator.snapshot())


_LINES_OF_TEXT = st.lists(st.text("abcdef", min_size=8, max_size=36), min_size=12, max_size=30)
_SCROLLS = st.lists(
    st.tuples(st.integers(1, 11), st.integers(1, 11), st.sampled_from("STLM"), st.integers(1, 4), st.booleans()),
    min_size=1,
    max_size=3,
)


@given(_LINES_OF_TEXT, _SCROLLS, st.sampled_from([36, 40]), st.sampled_from(["\r\n", ""]), _dialects)
@tried_with(300)
def test_a_diff_leads_to_what_scrolling_regions_makes(
    text: list[str],
    scrolls: list[tuple[int, int, str, int, bool]],
    columns: int,
    between: str,
    dialect: Dialect,
) -> None:
    emulator = Emulator(columns, 12)
    emulator.feed(between.join(text[:12]).encode())
    old = emulator.snapshot()
    for top, height, final, count, write in scrolls:
        emulator.feed(f"\x1b[{top};{top + height}r\x1b[{top}H\x1b[{count}{final}\x1b[r\x1b[{top}H".encode())
        if write:
            emulator.feed(text[-1].encode())
    _assert_leads(old, emulator.snapshot())
    _assert_leads(old, emulator.snapshot(), dialect)


# One token of the vocabulary of docs/adr/0003-diff-vocabulary.md.
_VOCABULARY = re.compile(
    r"[^\x00-\x1f\x7f-\x9f]|[\r\n\b\a]|\x1bM"
    r"|\x1b\[[0-9]*(?:;[0-9]+)?H|\x1b\[[0-9]*[ABCDGKXSTLMP@]|\x1b\[2J|\x1b\[(?:[0-9]*;[0-9]+)?r"
    r"|\x1b\[[0-9;]*m|\x1b\[4:[2-5]m|\x1b\[58:(?:5:[0-9]+|2::[0-9]+:[0-9]+:[0-9]+)m|\x1b\[[0-6] q"
    r"|\x1b\[\?(?:5|25|2004|9|1000|1001|1002|1003|1004|1005|1006|1015|1007)[hl]"
    r"|\x1b\](?:[0128]|52);[^\x00-\x1f]*\x07"
)


@given(_COLUMNS, _LINES, programs, programs)
@tried_with(150)
def test_a_diff_for_the_wire_keeps_to_its_vocabulary(columns: int, lines: int, first: str, second: str) -> None:
    output = diff(_screen(columns, lines, first), _screen(columns, lines, second)).decode()
    assert _VOCABULARY.sub("", output) == ""


@given(st.text("abc 日é", max_size=200), st.text("xyz 日", max_size=200), st.integers(0, 30), st.integers(0, 9))
@tried_with(150)
def test_another_emulator_shows_the_same_text(first: str, then: str, column: int, row: int) -> None:
    emulator = Emulator(30, 9)
    emulator.feed(first.encode())
    old = emulator.snapshot()
    emulator.feed(f"\x1b[{row};{column}H{then}\r\n".encode())
    new = emulator.snapshot()
    screen = pyte.Screen(30, 9)
    stream = pyte.ByteStream(screen)
    stream.feed(diff(None, old, dialect=XTERM))
    stream.feed(diff(old, new, dialect=XTERM))
    expected = ["".join(cell_text(row, column) or " " for column in range(30)) for row in new.rows]
    shown = ["".join(screen.buffer[row][column].data or " " for column in range(30)) for row in range(9)]
    assert shown == expected
    assert (screen.cursor.y, min(screen.cursor.x, 29)) == (new.cursor_row, new.cursor_column)
