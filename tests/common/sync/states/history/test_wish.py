"""The wish: what comes back is what was wished, and nothing out of bounds is taken."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_common.errors import PeerError
from mosh_common.sync.states.history.wish import _WISH, LARGEST, NO_WISH, Wish
from mosh_common.terminal.history.line import LONGEST_LINE, LONGEST_SEARCH, PAGE_LINES, Position
from mosh_common.wire import protobuf

serials = st.integers(1, LARGEST)
numbers = st.integers(0, LARGEST)
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=LONGEST_SEARCH)


def search(serial: int, line: int, text: str, backwards: bool) -> Wish:
    return Wish(serial, Position(line), text=text, backwards=backwards)


wishes = st.one_of(
    st.builds(
        Wish,
        serials,
        st.builds(Position, numbers, st.integers(0, LONGEST_LINE)),
        st.integers(1, PAGE_LINES),
        st.none(),
        st.just(False),
    ),
    st.builds(search, serials, numbers, texts, st.booleans()),
)


@given(wishes, wishes)
def test_a_wish_arrives_as_it_was(wish: Wish, before: Wish) -> None:
    assert NO_WISH.apply(wish.diff_from(NO_WISH)) == wish
    if wish != before:
        assert before.apply(wish.diff_from(before)) == wish


@given(wishes, wishes)
def test_a_wish_looks_like_itself_alone_and_is_sent_whole(wish: Wish, other: Wish) -> None:
    assert wish.looks_like(wish._replace())
    assert wish.looks_like(other) is (wish == other)
    assert wish.within_reach(other) is wish
    assert wish.diff_from(wish) == b""


@pytest.mark.parametrize(
    "wish",
    [
        Wish(0, Position(0), 1),
        Wish(LARGEST + 1, Position(0), 1),
        Wish(1, Position(LARGEST + 1), 1),
        Wish(1, Position(0, LONGEST_LINE + 1), 1),
        Wish(1, Position(0), 0),
        Wish(1, Position(0), PAGE_LINES + 1),
        Wish(1, text=""),
        Wish(1, text="x" * (LONGEST_SEARCH + 1)),
    ],
)
def test_a_wish_out_of_bounds_is_refused(wish: Wish) -> None:
    with pytest.raises(PeerError):
        NO_WISH.apply(wish.diff_from(NO_WISH._replace(serial=77)))


@pytest.mark.parametrize("message", [{}, {4: 1}, {1: 1}, {1: 1, 5: b""}])
def test_a_wish_that_lacks_something_is_refused(message: protobuf.Message) -> None:
    with pytest.raises(PeerError):
        NO_WISH.apply(protobuf.encode(_WISH, message))


def test_what_a_search_does_not_say_is_zero_and_what_is_no_text_a_replacement() -> None:
    assert NO_WISH.apply(protobuf.encode(_WISH, {1: 1, 5: b"a\xff"})) == search(1, 0, "a\ufffd", False)
    assert NO_WISH.apply(search(1, 0, "\ud800", True).diff_from(NO_WISH)) == search(1, 0, "?", True)


@pytest.mark.parametrize(
    "wish",
    [
        Wish(7, Position(3, 5), 20),
        Wish(LARGEST, Position(LARGEST, LONGEST_LINE), PAGE_LINES),
        Wish(1, Position(0), 1),
        search(7, 3, "\U0001f600" * LONGEST_SEARCH, True),
        search(1, 0, "x", False),
    ],
    ids=["any", "largest", "smallest", "longest search", "shortest search"],
)
def test_a_wish_at_its_bounds_arrives_as_it_was(wish: Wish) -> None:
    assert NO_WISH.apply(wish.diff_from(NO_WISH)) == wish
