"""Invariant: any octets at the door are a question or an answer, or raise only PeerError; what is printed is text.

And any visitors, whatever they say in whatever pieces, leave a door that answers the next one.
"""

from __future__ import annotations

import json
import os
import re
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.doors import FakeControl, Turns
from tests.support.fuzzing import fuzzed
from tests.support.histories import Kept
from tests.support.screens import programs

from mosh_common.clock import now_ms
from mosh_common.errors import PeerError
from mosh_common.history_limits import DEFAULT_LIMITS, Limits
from mosh_common.io.loop import Waiter
from mosh_server.door.history import page_of
from mosh_server.door.listener import VISIT_MS, VISITORS_LIMIT, Listener, about
from mosh_server.door.preview import ansi_of, history_ansi, history_text, text_of
from mosh_server.door.printable import printable
from mosh_server.door.protocol import (
    LONGEST_ANSWER,
    AskFacts,
    AskHistory,
    Facts,
    History,
    Screen,
    decode_answer,
    decode_question,
    encode,
    framed,
    unframed,
)
from mosh_server.host.places import Place

numbers = st.one_of(st.integers(-2, 6), st.sampled_from([255, 4096, 4097, 65_535, 65_536, 1 << 25, 1 << 53, 1 << 64]))
texts = st.text(alphabet=st.sampled_from("a漢\x00\x01\x02\x1b\x9b\n\u202e\ud800"), max_size=4)
leaves = st.one_of(st.none(), st.booleans(), numbers, st.floats(), texts, st.sampled_from(["A" * 22, "192.0.2.1"]))
values = st.one_of(leaves, st.lists(leaves, max_size=3), st.just([[[]]]), st.just({"a": {}}))
good_row = st.just(["ab", "\0\1", []])
rows = st.lists(st.tuples(texts, texts, st.lists(texts, max_size=2)) | good_row, max_size=3)
runs = st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=2)
good_line = st.just(["ab\2\0", [[1, 1], [3, 0]], ["e\u0301"]])
history_lines = st.lists(st.tuples(texts, runs, st.lists(texts, max_size=2)) | good_line, max_size=3)
styles = st.lists(st.lists(numbers, min_size=5, max_size=5) | st.just([1, -1, 255, 5, -1]), max_size=3)
NAMES = [
    *Facts._fields,
    "columns",
    "column",
    "lines",
    "next",
    "end",
    "cut",
    "port",
    "key",
    "why",
    "address",
    "ports",
    "everywhere",
    "styles",
    "rows",
    "more",
]
kinds = st.sampled_from(["facts", "screen", "history", "attach", "end", "refused", "x", None, 1, ["end"]])
good_screen = st.builds(lambda rows, styles: {"answer": "screen", "rows": rows, "styles": styles}, rows, styles)
good_page = st.builds(
    lambda lines, styles: {"answer": "history", "lines": lines, "styles": styles, "next": 7}, history_lines, styles
)
good_offer = st.just({"answer": "attach", "port": 60_001, "key": "A" * 22})
members = st.builds(
    lambda what, kind, good, others: {what: kind, **good, **others},
    st.sampled_from(["question", "answer"]),
    kinds,
    st.one_of(st.just({}), good_screen, good_page, good_offer),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=3),
)


def written(value: Any) -> bytes:
    return json.dumps(value).encode()


contents = st.one_of(st.binary(max_size=60), values.map(written), members.map(written))


@fuzzed
@given(contents)
def test_any_octets_are_a_question_or_refused(octets: bytes) -> None:
    try:
        question = decode_question(octets)
    except PeerError:
        return
    assert decode_question(encode(question)) == question


@fuzzed
@given(contents)
def test_any_octets_are_an_answer_that_can_be_printed_or_refused(octets: bytes) -> None:
    try:
        answer = decode_answer(octets)
    except PeerError:
        return
    assert decode_answer(encode(answer)) == answer
    if isinstance(answer, Screen):
        assert_printable(text_of(answer), ansi_of(answer))
    if isinstance(answer, History):
        assert_printable(history_text(answer), history_ansi(answer))
        assert history_text(answer).count("\n") == history_ansi(answer).count("\n") == len(answer.lines)


def assert_printable(text: str, ansi: str) -> None:
    for line in [*text.split("\n"), *re.sub(r"\x1b\[[0-9;:]*m", "", ansi).split("\n")]:
        assert line == printable(line)


@fuzzed
@given(
    programs,
    st.builds(AskHistory, st.one_of(st.integers(0, 60), st.just((1 << 53) - 1)), st.integers(0, 8192), st.booleans()),
)
def test_any_question_is_answered_with_a_page_that_its_visitor_takes(program: str, question: AskHistory) -> None:
    kept = Kept(20, 4, limits=Limits(octets=DEFAULT_LIMITS.octets, lines=6)).feed(program)
    page = page_of(kept.reading, question)
    assert decode_answer(encode(page)) == page
    assert page.next is None or page.line < page.next < page.end
    assert_printable(history_text(page), history_ansi(page))


@fuzzed
@given(st.binary(max_size=200), st.lists(st.integers(1, 40), max_size=20))
def test_any_stream_is_a_message_within_bounds_or_refused(stream: bytes, cuts: list[int]) -> None:
    said, ends = b"", [sum(cuts[:number]) for number in range(1, len(cuts) + 1)]
    for end in [*ends, len(stream)]:
        said = stream[:end]
        try:
            message = unframed(said, longest=60)
        except PeerError:
            return
        assert message is None or 1 <= len(message) <= 60


steps = st.lists(
    st.tuples(st.integers(0, 11), st.one_of(st.binary(max_size=20), contents.map(framed), st.just(b""), st.none())),
    max_size=20,
)


@pytest.mark.system
@fuzzed
@given(steps)
def test_any_visitors_leave_a_door_that_answers(steps: list[tuple[int, bytes | None]]) -> None:
    with TemporaryDirectory() as folder, Waiter() as waiter:
        place = Place.opened(folder, "place", uid=os.getuid())
        assert place is not None
        control = FakeControl()
        told = about([], login_shell="sh", name=None, shell_pid=lambda: 0)
        turns = Turns(Listener([place], pid=1, control=control, about=told, uid=os.getuid()), waiter)
        visitors: dict[int, socket.socket] = {}
        for who, said in steps:
            if who not in visitors:
                visitors[who] = arriving(place)
            if said is None:
                visitors.pop(who).close()
            else:
                say(visitors[who], said)
            turns.turn(longest_ms=0)
            assert len(list(turns.door.descriptors())) <= 1 + VISITORS_LIMIT
        turns.turn(now=now_ms() + VISIT_MS, longest_ms=0)
        assert facts_for(arriving(place), turns)
        for visitor in visitors.values():
            visitor.close()
        turns.door.close()
        place.close()
        assert [path.name for path in Path(folder, "place").iterdir()] == ["1.door"]


def arriving(place: Place) -> socket.socket:
    visitor = socket.socket(socket.AF_UNIX)
    with place.entered():
        visitor.connect("1.door")
    visitor.setblocking(False)
    return visitor


def say(visitor: socket.socket, said: bytes) -> None:
    try:
        visitor.send(said)
    except OSError:
        pass  # seen off


def facts_for(visitor: socket.socket, turns: Turns) -> bool:
    """Return whether the visitor learns the facts."""
    say(visitor, framed(encode(AskFacts())))
    said = b""
    for _ in range(20):
        turns.turn(longest_ms=0)
        try:
            said += visitor.recv(65536)
        except BlockingIOError:
            continue
        octets = unframed(said, longest=LONGEST_ANSWER)
        if octets is not None:
            visitor.close()
            return isinstance(decode_answer(octets), Facts)
    return False
