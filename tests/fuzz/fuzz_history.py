"""Invariant: any diff of a wish or an answer is refused with PeerError, or leads to one that is within its bounds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed
from tests.support.history import lines

from mosh_client.ipc.messages import HistoryFound, HistoryPage, decode, encode
from mosh_common.errors import PeerError
from mosh_common.sync.states.history import answer as module
from mosh_common.sync.states.history.answer import NO_ANSWER, WEIGHT_LIMIT_OCTETS, Answer, weight_of
from mosh_common.sync.states.history.wish import LARGEST, NO_WISH, Wish
from mosh_common.terminal.history.line import LONGEST_SEARCH, PAGE_LINES, Line, Position
from mosh_common.wire import protobuf

style_messages = st.dictionaries(st.integers(1, 5), st.integers(0, 300), max_size=5)
fields = st.fixed_dictionaries(
    {1: st.integers(0, 3)},
    optional={
        2: st.integers(0, 1 << 63),
        3: st.integers(0, 9000),
        4: st.integers(0, 3),
        5: st.lists(style_messages, max_size=3),
        6: st.one_of(
            st.text(st.sampled_from("ab\0\1\2\n\x1b\x9bé"), max_size=20).map(str.encode), st.binary(max_size=9)
        ),
        7: st.one_of(st.lists(st.sampled_from([0, 0, 1, 2, 3, 128]), max_size=30).map(bytes), st.binary(max_size=9)),
        8: st.one_of(st.text(st.sampled_from("e\u0301\n\x1b"), max_size=6).map(str.encode), st.binary(max_size=9)),
        9: st.integers(0, 1),
        10: st.integers(0, 1),
        11: st.integers(0, 1 << 63),
    },
)


def check(answer: Answer) -> None:
    assert len(answer.lines) <= PAGE_LINES
    assert weight_of(answer.lines) <= WEIGHT_LIMIT_OCTETS
    told = (
        HistoryFound(answer.serial, answer.found)
        if answer.searched
        else HistoryPage(answer.serial, *answer.start, answer.lines, answer.whole)
    )
    assert decode(encode(told)) == told  # the renderer takes it


@fuzzed
@given(st.binary(max_size=100))
def test_any_octets_are_refused_or_within_bounds(diff: bytes) -> None:
    for take in (NO_ANSWER.apply, NO_WISH.apply):
        try:
            value = take(diff)
        except PeerError:
            continue
        if isinstance(value, Answer):
            check(value)


@fuzzed
@given(st.lists(lines(), max_size=3).map(tuple), st.lists(fields, max_size=3))
def test_any_message_is_refused_or_within_bounds(held: tuple[Line, ...], messages: list[protobuf.Message]) -> None:
    answer = Answer(1, Position(0), held)
    for message in messages:
        try:
            answer = answer.apply(protobuf.encode(module._ANSWER, message))
        except PeerError:
            continue
        check(answer)


@fuzzed
@given(st.dictionaries(st.integers(1, 4), st.integers(0, 1 << 63)), st.none() | st.binary(max_size=2000))
def test_any_wish_is_refused_or_within_bounds(numbers: dict[int, int], text: bytes | None) -> None:
    from mosh_common.sync.states.history.wish import _WISH

    try:
        wish = NO_WISH.apply(protobuf.encode(_WISH, {**numbers, **({} if text is None else {5: text})}))
    except PeerError:
        return
    assert isinstance(wish, Wish)
    assert 1 <= wish.serial <= LARGEST
    assert (wish.text is None) == (1 <= wish.lines <= PAGE_LINES)
    assert wish.text is None or 1 <= len(wish.text) <= LONGEST_SEARCH
