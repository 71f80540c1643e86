"""Invariant: whatever is typed and whatever a server says of history, the pager shows a screen, or is left.

What is typed reaches the session as it was, once the pager is left; memory stays within bounds.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed
from tests.support.paging import PagingDesk

from mosh_client.ipc.messages import HistoryExtent, HistoryFound, HistoryPage, SearchHistory, WantHistory
from mosh_client.renderer.history.cache import CACHE_OCTETS
from mosh_client.renderer.pager.waiting import MOST_WAITING
from mosh_common.terminal.cells import CLUSTER, EMPTY, WIDE_TAIL, Style
from mosh_common.terminal.history.line import LONGEST_SEARCH, PAGE_LINES, Line

KEYS = [
    *(b"\x1b", b"\x1b[", b"[", b"\x1e[", b"\x1b[A", b"\x1b[5;2~", b"\x1b[6~", b"\x1b[<", b"\x1b[<0;3;3M"),
    *(b"\x1b[<32;9;1M", b"\x1b[<64;1;1M", b"\x1b[<65;999;99999m", b"\x1b[M", b"\x1b[200~", b"\x1b[I", b"\xc3", b"\x0c"),
    *(bytes((octet,)) for octet in b"gGjk bvVhlw0$ny/?NN\r\x7f\x15\x04\x03"),
]
keys = st.one_of(st.sampled_from(KEYS), st.binary(max_size=4))
numbers = st.one_of(st.integers(0, 60), st.sampled_from([1000, 8192, 1 << 31, (1 << 63) - 1]))
columns = st.integers(0, 30)


@st.composite
def lines(draw: st.DrawFn) -> Line:
    """Lines as messages let them through."""
    text = "".join(draw(st.lists(st.sampled_from(["a", " ", "漢" + WIDE_TAIL, CLUSTER, EMPTY, "e"]), max_size=30)))
    runs = ((len(text), Style(fg=draw(st.integers(-1, 3)))),) if text else ()
    return Line(text, runs, ("e\u0301",) * text.count(CLUSTER))


extents = st.builds(HistoryExtent, numbers, numbers, columns, st.integers(0, 2), st.booleans())
pages = st.builds(
    HistoryPage, st.integers(1, 9), numbers, columns, st.lists(lines(), max_size=5).map(tuple), st.booleans()
)
founds = st.builds(HistoryFound, st.integers(1, 9), st.one_of(st.none(), numbers))
sizes = st.tuples(st.integers(1, 30), st.integers(1, 9))
steps = st.one_of(keys, keys, keys, extents, pages, founds, sizes, st.just("answer"), st.just("wait"), lines())


@fuzzed
@given(st.lists(steps, max_size=25), st.booleans())
def test_any_keys_and_any_server_are_a_screen(steps: list[Any], wheel: bool) -> None:
    desk = PagingDesk(columns=20, lines=6, MOSH_WHEEL="yes" if wheel else "no")
    desk.print(*[f"line {number}" for number in range(40)])
    for step in [b"\x1e[", *steps]:
        if isinstance(step, bytes):
            desk.type(step, answered=False)
        elif isinstance(step, Line):
            desk.server.lines.append(step)
            desk.show()
        elif isinstance(step, HistoryExtent | HistoryPage | HistoryFound):
            desk.view.receive_message(step, now=desk.now)
            desk.collect()
        elif step == "answer":
            desk.show()
            desk.answer()
        elif step == "wait":
            desk.wait(50)
        else:
            desk.view.resize(*step)
            desk.terminal.resize(*step)
        assert len(desk.shown) == desk.terminal.snapshot().lines
        assert desk.view._paging.cache.octets <= CACHE_OCTETS
        assert desk.view._paging.pager is None or len(desk.view._paging.pager._waiting._keys) <= MOST_WAITING
    for wish in desk.wishes:
        assert wish.line >= 0
        if isinstance(wish, WantHistory):
            assert 1 <= wish.lines <= PAGE_LINES
        else:
            assert isinstance(wish, SearchHistory)
            assert len(wish.text) <= LONGEST_SEARCH


@fuzzed
@given(st.lists(keys, max_size=12))
def test_what_is_typed_once_it_is_left_reaches_the_session_as_it_is(typed: list[bytes]) -> None:
    desk = PagingDesk(columns=20, lines=6)
    desk.print(*[f"line {number}" for number in range(40)])
    desk.type(b"\x1e[", answered=False)
    desk.type(b"q", answered=False)
    whole = b"".join(typed)
    if any(octets in whole for octets in (b"\x1e", b"\x1b[5;2~", b"\x1b[<")):
        return
    for read in typed:
        desk.type(read, answered=False)
    assert desk.typed == whole
