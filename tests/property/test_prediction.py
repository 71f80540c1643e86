"""Whatever is typed and whatever the server does: once it has acknowledged everything, its screen is what is shown."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with

from mosh_client.renderer.prediction.engine import ALL_EXTENSIONS, DisplayPreference, Extension, PredictionEngine
from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL, Row
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.width import char_width

KEYS = [b"\r", b"\x7f", b"\x1b[D", b"\x1bOC", b"\x1b", b"[", b"\x01", b"\x05", b"\x0b", b"\x15", b"\x17", b"\t"]
KEYS += [b"\x1b[H", b"\x1b[F", b"\x1b[3~", b"\x1bb", b"\x1bf", b"\x1bd", b"\x1b\x7f", b"\x1b[1;5C", b"\xe6\x97"]
KEYS += [b"x" * 101, b"\x03", b"\x1b[A"]
CONTROLS = [
    b"\x1b[31m",
    b"\x1b[7m",
    b"\r\n",
    b"\b \b",
    b"\x1b[2J\x1b[H",
    b"\x1b[90m",
    b"\x1b[m",
    b"\x1b[K",
    b"\x1b[3;3H",
    b"\x1b[4C",
    b"$ ",
]

READS = st.text(alphabet="ab |$>日é\u0301", min_size=1, max_size=4).map(str.encode) | st.sampled_from(KEYS)
OUTPUT = st.text(alphabet="ab |│$> 日é\u0301", min_size=1, max_size=12).map(str.encode) | st.sampled_from(CONTROLS)
STEP = st.one_of(
    st.tuples(st.just("read"), READS),
    st.tuples(st.just("output"), OUTPUT),
    st.tuples(st.just("echo"), st.none()),
    st.tuples(st.just("line editor"), st.none()),
    st.tuples(st.just("acknowledge"), st.integers(0, 4)),
    st.tuples(st.just("wait"), st.integers(0, 6000)),
    st.tuples(st.just("resize"), st.sampled_from([(12, 4), (20, 6), (1, 1)])),
)


def whole(row: Row) -> bool:
    """Whether each wide character of a row has both halves, in one style: what is drawn relies on it."""
    text, letters, _, clusters = row
    for column, char in enumerate(text):
        wide = char_width(clusters[column][0] if char == CLUSTER else char) == 2
        if wide != (text[column + 1 : column + 2] == WIDE_TAIL):
            return False
        if wide and letters[column] != letters[column + 1]:
            return False
    return text[:1] != WIDE_TAIL


@tried_with(200)
@given(
    steps=st.lists(STEP, max_size=40),
    display=st.sampled_from(DisplayPreference),
    overwrite=st.booleans(),
    extensions=st.frozensets(st.sampled_from(Extension)),
    at_prompt=st.booleans(),
)
# One half of a guessed wide character lies on a cell that shows the same already.
@example(
    [("read", ">日".encode()), ("output", ">日\u0301".encode())], DisplayPreference.ALWAYS, False, ALL_EXTENSIONS, False
)
# The right half of one is found wrong, the left one is not judged yet.
@example(
    [("read", "日".encode()), ("echo", None), ("output", b"a"), ("output", b"\r"), ("output", b"a")],
    *(DisplayPreference.ALWAYS, False, ALL_EXTENSIONS, False),
)
# A line runs over the bottom row's end, where none can tell whether the screen scrolls, and is then erased.
@example(
    [("read", b"ab a"), ("read", b"ab a"), ("read", b"ab"), ("read", b"\x15")],
    *(DisplayPreference.ALWAYS, False),
    ALL_EXTENSIONS,
    True,
)
def test_when_all_is_acknowledged_the_servers_screen_is_shown(
    steps: list[tuple[str, object]],
    display: DisplayPreference,
    overwrite: bool,
    extensions: frozenset[Extension],
    at_prompt: bool,
) -> None:
    engine = PredictionEngine(display=display, overwrite=overwrite, extensions=extensions)
    engine.set_send_interval(125)
    terminal = Emulator(12, 4)
    batch = acknowledged = now = 0
    typed = b""
    engine.server_screen(terminal.snapshot(), now=now)
    if at_prompt:  # a known one in the bottom row
        for key, answer in ((b"a", b"$ a"), (b"b", b"b"), (b"\r", b"\r\nx\r\ny\r\n$ ")):
            batch += 1
            engine.user_input(key, batch=batch, screen=terminal.snapshot(), now=now)
            terminal.feed(answer)
            acknowledged = batch
            engine.set_echo_acknowledged(batch)
            engine.server_screen(terminal.snapshot(), now=now)
    for kind, value in steps:
        if kind == "read":
            assert isinstance(value, bytes)
            batch += 1
            typed += value
            engine.user_input(value, batch=batch, screen=terminal.snapshot(), now=now)
        elif kind == "wait":
            assert isinstance(value, int)
            now += value
        elif kind == "acknowledge":
            assert isinstance(value, int)
            acknowledged = max(acknowledged, batch - value)
            engine.set_echo_acknowledged(acknowledged)
        else:
            if kind == "output":
                assert isinstance(value, bytes)
                terminal.feed(value)
            elif kind == "resize":
                assert isinstance(value, tuple)
                terminal.resize(*value)
            elif kind == "echo":
                terminal.feed(typed)
                typed = b""
            else:  # echoes the first key, and takes the cursor to the next row as soon as one is full
                terminal.feed(typed[:1])
                typed = typed[1:]
                if terminal.snapshot().wrap_pending:
                    terminal.feed(b" \r")
            engine.server_screen(terminal.snapshot(), now=now)
        shown = engine.apply(terminal.snapshot())
        assert all(len(row[0]) == len(row[1]) == shown.columns for row in shown.rows)
        assert all(whole(row) for row in shown.rows)
        assert 0 <= shown.cursor_row < shown.lines
        assert 0 <= shown.cursor_column < shown.columns
    engine.set_echo_acknowledged(batch)
    screen = terminal.snapshot()
    engine.server_screen(screen, now=now)
    assert engine.apply(screen) is screen
    assert engine.next_deadline() is None
