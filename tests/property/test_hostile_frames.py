"""Whatever messages a lying network process sends: the renderer writes what is on the list, and asks nothing."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.terminal_functions import Forbidden, scan

from mosh_client.ipc import messages
from mosh_client.ipc.permits import FROM_NETWORK, Permits
from mosh_client.renderer.drawing.compositor import Compositor
from mosh_client.renderer.drawing.last_screen import printed
from mosh_client.renderer.view import View
from mosh_client.settings import read_settings
from mosh_client.terminal import tty
from mosh_client.terminal.answer import TerminalAnswer
from mosh_common.errors import PeerError
from mosh_common.terminal.cells import CLUSTER, EMPTY, RGB, WIDE_TAIL, Palette, Row, Snapshot, Style, blank_snapshot
from mosh_common.terminal.frame_diff.dialect import XTERM, Dialect

COLUMNS, LINES = 8, 3
NOW = 5_000_000

QUERIES = (
    "\x05", "\x1b[c", "\x1b[0c", "\x1b[>c", "\x1b[=c", "\x1b[>q", "\x1b[5n", "\x1b[6n", "\x1b[?6n", "\x1b[x",
    "\x1b[21t", "\x1b[18t", "\x1b[?25$p", "\x1b[4$p", "\x1b[1;1;1;1;1;1*y", "\x1b[?u", "\x1bZ", "\x1bP$qm\x1b\\",
    "\x1bP+q544e\x1b\\", "\x1b]52;c;?\x07", "\x1b]52;c;?\x1b\\", "\x1b]4;1;?\x07", "\x1b]10;?\x07", "\x1b]11;?\x07",
    "\x1b]50;?\x07", "\x1b_Ga=q\x1b\\", "\x1b^x\x1b\\", "\x1bXx\x1b\\", "\x9bc", "\x9d52;c;?\x9c", "\x90$qm\x9c",
    "\x1bc", "\x1b]0;x", "\x1b[", "\x1b", "\x1b[?2026$p\x1b[?2026$p", "\x1b[?69h", "\x1b[5i",
    "\x1b]2;" + "x" * 255 + "\x07", "\x1b]8;;javascript:1\x07", "\x1b]8;id=1:x=2;http://a\x07", "\x1b]52;c;YQ\x07",
    "\x1b]777;x\x07",
)  # fmt: skip


@pytest.mark.parametrize("query", QUERIES, ids=ascii)
def test_the_scanner_refuses_what_must_not_be_written(query: str) -> None:
    with pytest.raises(Forbidden):
        scan(b"text" + query.encode() + b"text")


# What is kept, and what must be refused; the first of each list is the plainest.
hostile = st.one_of(
    st.sampled_from(QUERIES), st.text("ab\x1b[]\x07\x05\x7f\x80\x90\x9b\x9c\x9d?;:=\n\ud800", min_size=1, max_size=8)
)
harmless = st.text("ab 漢é~\u0301👍", max_size=8)
titles = st.one_of(harmless, st.sampled_from([253, 254]).map("x".__mul__))
bad_titles = st.one_of(st.builds("{}{}".format, harmless, hostile), st.sampled_from([255, 300]).map("x".__mul__))
clipboards = st.sampled_from(["", "c;YQ==", "cp;YWJj", ";", "c;" + "A" * 16384])
bad_clipboards = st.one_of(
    st.sampled_from(["c;?", "?;?", "c;YQ", "c;" + "A" * 16388, "c;YQ==\x07\x1b[c", "x;YQ==", "c;?YQ=="]), hostile
)
links = st.sampled_from(["", "", ";http://a", "id=1;https://b/?x", ";http://" + "x" * 2041, ";mailto:a@b"])
bad_links = st.one_of(
    st.sampled_from([";http://" + "x" * 2042, ";javascript:1", "a=b;http://a", "id=\x07;http://a", "?", ";?"]),
    st.builds(";http://{}".format, hostile),
)
colors = st.one_of(st.just(-1), st.integers(0, 255), st.integers(0, 0xFFFFFF).map(RGB.__or__))


def styles(links: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.tuples(colors, colors, st.integers(0, 511), st.integers(0, 5), colors, links)


@st.composite
def rows(draw: st.DrawFn, *, bad_text: bool = False, bad_cluster: bool = False) -> list[Any]:
    text = draw(
        st.one_of(
            st.text(f"ab 漢é{EMPTY}{CLUSTER}", min_size=COLUMNS, max_size=COLUMNS),
            st.just("a漢" + WIDE_TAIL + "bc" + EMPTY * 3),
        )
    )
    if bad_text:
        text = f"{draw(hostile):<{COLUMNS}}"[:COLUMNS]
    if bad_cluster:
        text = CLUSTER + text[1:].replace(WIDE_TAIL, "a")
    clusters = [
        [column, draw(st.sampled_from(["e\u0301", "👩\u200d💻"]))]
        for column, char in enumerate(text)
        if char == CLUSTER
    ]
    if bad_cluster:
        clusters[0][1] = draw(st.sampled_from(["", "e", "👩"])) + draw(hostile)
    letters = draw(st.text("\x00\x01", min_size=COLUMNS, max_size=COLUMNS))
    return [draw(st.integers(0, LINES - 1)), text, letters, draw(st.booleans()), clusters]


@st.composite
def frames(draw: st.DrawFn) -> tuple[Any, ...]:
    """Frames with one thing wrong at most, so that what lets it through is not hidden by another refusal."""
    wrong = draw(
        st.sampled_from(["nothing", "text", "cluster", "title", "icon name", "clipboard", "link", "style", "modes"])
    )

    def part(name: str, good: st.SearchStrategy[Any], bad: st.SearchStrategy[Any]) -> Any:
        return draw(bad if wrong == name else good)

    tracking = part("modes", st.sampled_from([0, 9, 1000, 1003]), st.sampled_from([1004, 6]))
    return (
        5,
        draw(st.booleans()),
        COLUMNS,
        LINES,
        [part("link", styles(links), styles(bad_links)) for _ in range(2)],
        [
            draw(rows(bad_text=wrong == "text", bad_cluster=wrong == "cluster"))
            for _ in range(draw(st.integers(0, LINES)))
        ],
        draw(st.integers(0, LINES - 1)),
        draw(st.integers(0, COLUMNS - 1)),
        part("style", styles(links), styles(bad_links)),
        draw(st.integers(0, 9)),
        [
            *draw(st.tuples(*[st.booleans()] * 3)),
            tracking,
            1006,
            *draw(st.tuples(*[st.booleans()] * 2)),
            draw(st.integers(0, 6)),
        ],
        [part("title", titles, bad_titles), part("icon name", titles, bad_titles), draw(st.booleans())],
        part("clipboard", st.one_of(st.none(), clipboards), bad_clipboards),
    )


others = st.one_of(
    st.tuples(st.just(8), st.one_of(titles, bad_titles), st.booleans()),
    st.just((7, None, None, 20, 3, 60001)),
    st.tuples(st.just(11), *[st.just(1)] * 6, st.one_of(titles, bad_titles)),
)
dialects = st.one_of(
    st.just(XTERM),
    st.builds(
        Dialect,
        **{name: st.booleans() for name in Dialect._fields if name != "colors"},
        colors=st.sampled_from([0, 8, 256]),
    ),
)
# Steps: a message; keys; time that passes; a repaint.
steps = st.lists(
    st.one_of(
        frames(),
        frames(),
        frames(),
        others,
        st.sampled_from([b"\x1es", b"x", b"\x0c"]),
        st.sampled_from([100, 1000, 7000]),
    ),
    max_size=12,
)


# Rows, cursor, style, bells, modes, title and clipboard of a frame that says nothing.
FIRST: Any = ([], 0, 0, [-1, -1, 0, 0, -1, ""], 0, [False, True, False, 0, 0, False, False, 0], None, None, False)


class Renderer:
    """A renderer without its descriptors, from the first octet that it writes to the last."""

    def __init__(self, dialect: Dialect, environment: dict[str, str]) -> None:
        self.now = NOW
        settings = read_settings({"MOSH_PREDICTION_DISPLAY": "experimental", **environment})
        self.dialect = dialect
        self.terminal = tty.Terminal(b"", b"", {})  # what terminfo says is the user's own
        self.permits = Permits(FROM_NETWORK)
        self.view = View(
            settings=settings, dialect=dialect, columns=COLUMNS, lines=LINES, now=NOW, title_again=tty.TITLE_AGAIN
        )
        self.written = tty.entering(self.terminal, title=True, questions=TerminalAnswer().ask(now=NOW))

    def receive(self, octets: bytes) -> None:
        """Take a message; one that is refused would have ended the session, here it is passed over."""
        try:
            message = messages.decode(octets)
            self.permits.admit(message)
        except PeerError:
            return
        self.view.receive_message(_to_renderer(message), now=self.now)

    def draw(self) -> None:
        self.written += self.view.draw(now=self.now)

    def leave(self) -> None:
        self.written += tty.leaving(
            self.terminal,
            hyperlinks=self.dialect.hyperlinks,
            synchronized=True,
            cursor_shape=4 if self.view.touched.cursor_shape else None,
            modes={1007: True, 7: False},
            title=True,
            lines=LINES,
        )
        if self.view.screen is not None:
            self.written += printed(self.view.screen, columns=COLUMNS, dialect=self.dialect)


def _to_renderer(message: messages.Message) -> messages.ToRenderer:
    return message  # type: ignore[return-value]  # the permits let nothing else through


@tried_with(300)
@given(steps, dialects, st.sampled_from([{}, {"MOSH_CLIPBOARD": "no"}, {"MOSH_TITLE_NOPREFIX": ""}]))
def test_whatever_frames_come_the_terminal_is_asked_nothing(
    steps: list[Any], dialect: Dialect, environment: dict[str, str]
) -> None:
    renderer = Renderer(dialect, environment)
    first = True
    for step in steps:
        if isinstance(step, int):
            renderer.now += step
        elif isinstance(step, bytes):
            renderer.view.receive_keys(step, now=renderer.now)
        else:
            if step[0] == 5 and first:
                # A first frame that counts, so that those after it do.
                renderer.receive(msgpack.packb((5, True, *step[2:4], [[-1, -1, 0, 0, -1, ""]] * 2, *FIRST)))
                first = False
            try:
                renderer.receive(msgpack.packb(step, unicode_errors="surrogatepass"))
            except PeerError:
                break  # it does not fit what came before: the end of the session
        renderer.draw()
    renderer.leave()
    functions = scan(renderer.written)
    if "MOSH_CLIPBOARD" in environment or not dialect.clipboard:
        assert not any(function.startswith("\x1b]52") for function in functions)


@tried_with(200)
@given(
    st.lists(
        st.tuples(
            st.one_of(titles, bad_titles),
            st.one_of(titles, bad_titles),
            st.one_of(clipboards, bad_clipboards),
            st.one_of(links, bad_links),
            st.integers(0, 99),
        ),
        max_size=6,
    ),
    dialects,
)
def test_what_stands_beside_the_screen_is_judged_again_where_it_is_written(
    beside: list[tuple[str, str, str, str, int]], dialect: Dialect
) -> None:
    compositor = Compositor(dialect=dialect, title_prefix="[mosh] ", title_again=tty.TITLE_AGAIN)
    output = b""
    for title, icon_name, clipboard, link, bells in beside:
        screen = _screen(title, icon_name, clipboard, link, bells)
        output += compositor.draw(screen, columns=COLUMNS, lines=LINES, bars=(title,), now=NOW)
    functions = scan(output)
    assert functions.count("\a") <= 5


def _screen(title: str, icon_name: str, clipboard: str, link: str, bells: int) -> Snapshot:
    palette = Palette()
    letter = palette.letter(Style(link=link))
    screen = blank_snapshot(COLUMNS, LINES)
    row: Row = ("ab".ljust(COLUMNS), letter * COLUMNS, False, {})
    return screen._replace(
        palette=palette, rows=(row, *screen.rows[1:]), style=Style(link=link), title=title, icon_name=icon_name,
        title_set=True, clipboard=clipboard, bell_count=bells,
    )  # fmt: skip


def test_the_scanner_passes_an_ordinary_session() -> None:
    renderer = Renderer(XTERM, {})
    row = [0, "漢" + WIDE_TAIL + "abcdef", "\x00\x00\x01\x01\x00\x00\x01\x01", False, []]
    _, cursor_row, cursor_column, _, _, modes, _, _, _ = FIRST
    for number in range(20):
        style = [number, -1, 1 << number % 8, number % 6, -1, [";http://a", "id=1;mailto:b", ""][number % 3]]
        frame = [5, True, COLUMNS, LINES, [style] * 2, [row], cursor_row, cursor_column, style, number, modes]
        renderer.receive(msgpack.packb([*frame, ["title", "icon", True], f"c;{'YWJj' * number}", False]))
        renderer.draw()
        renderer.now += 400
    renderer.leave()
    functions = scan(renderer.written)
    assert sum(function.startswith("\x1b]52;c;") for function in functions) == 20
    assert any("mosh: clipboard set" in function for function in functions)
    assert functions.count("\a") > 10
    assert any(function.startswith("\x1b]8;;http") for function in functions)
