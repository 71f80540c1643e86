"""Questions and answers of the door: what is allowed, at each bound and one past it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mosh_common.errors import PeerError
from mosh_server.door.protocol import (
    LONGEST_QUESTION,
    Answer,
    AskAttach,
    AskEnd,
    AskFacts,
    AskHistory,
    AskScreen,
    Attached,
    Ended,
    Facts,
    History,
    Question,
    Refused,
    Screen,
    decode_answer,
    decode_question,
    encode,
    framed,
    unframed,
)

QUESTIONS = (
    AskFacts(),
    AskScreen(),
    AskScreen(True),
    AskHistory(),
    AskHistory(7, 3, True),
    AskEnd(),
    AskAttach(),
    AskAttach("192.0.2.1", (0, 65_535), True),
)
ANSWERS = (
    Facts(),
    Facts("work", "vi notes", 1_700_000_000, 4711, 80, 24, "títle", True, True, "2001:db8::1", 3, 0, "$ "),
    Screen(2, 1, (("a\x02", "\x00\x01", ("é",)),), ((-1, -1, 0, 0, -1), (1, 2, 511, 5, (1 << 25) - 1)), True),
    History(),
    History(7, (("a\x02b", ((2, 1), (1, 0)), ("é",)), ("", (), ())), ((-1, -1, 0, 0, -1), (1, 2, 0, 0, -1)), 9, 12),
    Attached(60_001, "A" * 22),
    Ended(),
    Refused("no"),
)


def octets(**members: Any) -> bytes:
    return json.dumps(members).encode()


@pytest.mark.parametrize("question", QUESTIONS)
def test_questions_come_as_they_were_sent(question: Question) -> None:
    assert decode_question(encode(question)) == question
    assert len(encode(question)) <= LONGEST_QUESTION


@pytest.mark.parametrize("answer", ANSWERS)
def test_answers_come_as_they_were_sent(answer: Answer) -> None:
    assert decode_answer(encode(answer)) == answer


def test_a_key_does_not_show() -> None:
    assert "AAAA" not in repr(Attached(60_001, "A" * 22))


def test_what_is_not_known_is_passed_over_and_what_is_missing_has_its_default() -> None:
    assert decode_question(octets(question="screen", colour="green")) == AskScreen()
    assert decode_question(octets(question="attach", ports=None)) == AskAttach()
    assert decode_answer(octets(answer="facts", lines=5, more=[1, {"x": 1.5}.get("y")])) == Facts(lines=5)


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"\xff",
        b"{",
        b"[]",
        b"{}",
        b'{"question": "x"}',
        b'{"question": 1}',
        b'{"question": ["end"]}',
        b'{"answer": "end"}',
        b'{"question": "facts", "x": NaN}',
        b'{"question": "facts", "x": 1.5}',
        b'{"question": "facts", "x": ' + b"[" * 900 + b"]" * 50 + b"}",
        b'{"question": "facts", "x": ' + b"9" * 5000 + b"}",
        b'{"question": "facts"} {}',
    ],
)
def test_what_is_no_question_is_refused(wrong: bytes) -> None:
    with pytest.raises(PeerError):
        decode_question(wrong)


def test_an_answer_that_nests_without_end_is_refused() -> None:
    with pytest.raises(PeerError):
        decode_answer(b'{"answer": "facts", "x": ' + b"[" * 200_000)


@pytest.mark.parametrize(
    ("kind", "member", "good", "bad"),
    [
        ("attach", "address", ["", "x" * 64], ["x" * 65, 1, ["x"]]),
        (
            "attach",
            "ports",
            [[0, 0], [1, 65_535]],
            [[1], [1, 2, 3], [-1, 2], [1, 65_536], ["1", 2], 1, "12", [True, 2]],
        ),
        ("attach", "everywhere", [True], [1, "yes", []]),
        ("screen", "styles", [True], [0, "", {}]),
    ],
)
def test_each_member_of_a_question_has_its_bounds(kind: str, member: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        decode_question(octets(question=kind, **{member: value}))
    for value in bad:
        with pytest.raises(PeerError):
            decode_question(octets(question=kind, **{member: value}))


@pytest.mark.parametrize(
    ("kind", "member", "good", "bad"),
    [
        ("facts", "name", ["x" * 64, None], ["x" * 65, 5]),
        ("facts", "command", ["x" * 512], ["x" * 513]),
        ("facts", "started", [0, 2**53 - 1], [-1, 2**53, True, "1"]),
        ("facts", "shell", [2**31 - 1], [-1, 2**31]),
        ("facts", "columns", [1, 4096], [0, 4097]),
        ("facts", "lines", [1, 4096], [0, 4097]),
        ("facts", "title", ["x" * 254], ["x" * 255]),
        ("facts", "attached", [True], [1]),
        ("facts", "reached", [True], [1]),
        ("facts", "peer", ["x" * 64], ["x" * 65]),
        ("facts", "since", [0], [-1]),
        ("facts", "heard", [0, None], [-1, "0"]),
        ("facts", "line", ["x" * 256], ["x" * 257]),
        ("screen", "rows", [[], [["ab", "", []]], [["a", "b", ["c" * 64]]]], [
            1, [1], [["a", "b"]], [["a", "bc", []]], [["a", "b", ["c" * 65]]], [["a", "b", ["c", "d"]]],
            [["a", "b", [1]]], [["", "", []]] * 4097, [["x" * 4097, "", []]],
        ]),
        ("screen", "styles", [[[-1, -1, 0, 0, -1]] * 4096], [[[-1, -1, 0, 0, -1]] * 4097, [[1] * 4], [[-2, 1, 1, 1, 1]],
            [[1 << 25, 1, 1, 1, 1]]]),
        ("refused", "why", ["x" * 512], ["x" * 513]),
    ],
)  # fmt: skip
def test_each_member_of_an_answer_has_its_bounds(kind: str, member: str, good: list[Any], bad: list[Any]) -> None:
    for value in good:
        decode_answer(octets(answer=kind, **{member: value}))
    for value in bad:
        with pytest.raises(PeerError):
            decode_answer(octets(answer=kind, **{member: value}))


@pytest.mark.parametrize("port", [1, 65_535])
def test_an_offer_has_a_port_and_a_key(port: int) -> None:
    assert decode_answer(octets(answer="attach", port=port, key="A" * 22)) == Attached(port, "A" * 22)


@pytest.mark.parametrize("port", [0, 65_536, None, "1"])
def test_an_offer_without_a_port_is_refused(port: Any) -> None:
    with pytest.raises(PeerError):
        decode_answer(octets(answer="attach", port=port, key="A" * 22))


@pytest.mark.parametrize("key", ["A" * 23, "A" * 21, "A" * 22 + "\n", "\n" * 22, 1, None, "A" * 21 + "B"])
def test_an_offer_without_a_key_is_refused(key: Any) -> None:
    with pytest.raises(PeerError):
        decode_answer(octets(answer="attach", port=1, key=key))


def test_a_message_is_there_once_all_of_it_is() -> None:
    whole = framed(b"abc")
    assert [unframed(whole[:end], longest=3) for end in range(len(whole))] == [None] * 7
    assert unframed(whole + b"more", longest=3) == b"abc"


@pytest.mark.parametrize("message", [b"", b"abcd"])
def test_a_length_of_nothing_or_past_the_limit_is_refused_at_once(message: bytes) -> None:
    with pytest.raises(PeerError, match="1 to 3 are allowed"):
        unframed(framed(message)[:4], longest=3)
