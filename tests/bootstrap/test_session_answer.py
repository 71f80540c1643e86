"""What a server answers about its sessions: read, checked, bounded, and kept from the screen."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest

from mosh_bootstrap.session_answer import LINE_LIMIT, PREFIX, Answer, SessionDialogue, parse
from mosh_common.connect_words import format_connect
from mosh_common.wire.key import Key

KEY = Key.generate(bytes(range(16)))
CONNECT = f"\r\n{format_connect(60001, KEY)}\r\n".encode()
SESSION: dict[str, Any] = {
    "id": 4711,
    "name": "work",
    "state": "detached",
    "age": 7200,
    "from": "192.0.2.7",
    "since": 3600,
    "heard": 3700,
    "columns": 80,
    "lines": 24,
    "command": "/bin/bash",
    "title": "vim",
    "folder": "/home/me",
    "programs": ["vim"],
    "line": "$ make",
}


def line(verb: str, value: Any) -> bytes:
    return PREFIX + f"{verb} {json.dumps(value)}".encode()


def answer_of(verb: str, value: Any) -> Answer | None:
    return parse(line(verb, value))


def said(*pieces: bytes) -> tuple[SessionDialogue, bytes]:
    dialogue = SessionDialogue("proxy")
    shown = b"".join([dialogue.receive(piece) for piece in pieces])
    return dialogue, shown + dialogue.finish()


def test_a_list_is_read_whole() -> None:
    answer = answer_of("LIST", [SESSION])
    assert answer is not None
    [session] = answer.sessions
    assert session == (
        *(4711, "work", "detached", 7200, "192.0.2.7", 3600, 3700, 80, 24),
        *("/bin/bash", "vim", "/home/me", ("vim",), "$ make"),
    )
    assert answer.received == [SESSION]


def test_what_is_not_known_may_be_missing_or_null() -> None:
    bare = {"id": 1, "state": "stuck"}
    first, second = answer_of("LIST", [bare]), answer_of("LIST", [dict.fromkeys(SESSION) | bare])
    assert first is not None
    assert second is not None
    assert first.sessions == second.sessions


def test_what_later_versions_add_is_passed_on_where_it_is_plain() -> None:
    more = {"watchers": 2, "tags": ["a", None], "deep": {"a": 1}, "deeper": [[1]]}
    answer = answer_of("LIST", [SESSION | more])
    assert answer is not None
    assert answer.received == [SESSION | {"watchers": 2, "tags": ["a", None]}]


@pytest.mark.parametrize(
    "changes",
    [
        *[{"id": value} for value in (0, -1, 1.5, "1", None, True, 2**53 + 1)],
        *[{"state": value} for value in ("dead", None, 1)],
        *[{name: value} for name in ("age", "since", "heard") for value in (-1, "x", 1.5)],
        *[{name: value} for name in ("columns", "lines") for value in (-1, 4097, "x")],
        *[{name: "x" * 513} for name in ("name", "from", "command", "title", "folder", "line")],
        *[{"programs": value} for value in ("x", [1], ["x"] * 17, ["x" * 65])],
    ],
    ids=repr,
)
def test_what_is_beyond_its_bounds_is_no_answer(changes: dict[str, Any]) -> None:
    assert answer_of("LIST", [SESSION]) is not None
    assert answer_of("LIST", [SESSION | changes]) is None


@pytest.mark.parametrize(
    "octets",
    [
        *(
            b"",
            b"LIST",
            b"LIST x",
            b"LIST {}",
            b"LIST [1]",
            b"LIST [] []",
            b"LIST \xff",
            b"LIST NaN",
            b'LIST [{"id": 1, "state": "new", "x": 1e999}]',
        ),
        *(b"OTHER {}", b"list []", b"CHOICE []", b"ATTACH 1", b"REFUSED {}", b'REFUSED {"code": 0, "why": "x"}'),
        *(b'REFUSED {"code": 256, "why": "x"}', b'END {"ended": []}', b'END {"ended": ["1"]}', b"END {}"),
        *(b"LIST " + b"[" * 100_000, b"LIST [" + b"9" * 10_000 + b"]"),
    ],
    ids=lambda octets: octets[:30].decode("latin-1"),
)
def test_what_makes_no_sense_is_no_answer(octets: bytes) -> None:
    assert parse(PREFIX + octets) is None


def test_at_most_256_sessions_are_believed() -> None:
    assert answer_of("LIST", [SESSION] * 256) is not None
    assert answer_of("LIST", [SESSION] * 257) is None


def test_no_text_of_an_answer_can_command_the_terminal() -> None:
    evil = "a\x1b]0;x\x07\u202e\x9bb\u2028\ud800"
    texts = dict.fromkeys(("name", "from", "command", "title", "folder", "line"), evil)
    answer = answer_of("LIST", [SESSION | texts | {"programs": [evil]}])
    assert answer is not None
    [session] = answer.sessions
    for text in (session.name, session.peer, session.command, session.title, session.folder, *session.programs):
        assert text == "a?]0;x???b??"
    refused = answer_of("REFUSED", {"code": 10, "why": evil})
    assert refused is not None
    assert refused.why == "a?]0;x???b??"


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_neither_the_answer_nor_what_is_behind_it_is_shown(size: int) -> None:
    output = b"Welcome\r\n" + line("ATTACH", {"id": 1, "name": None}) + b"\r\n" + CONNECT + b"Connection closed.\r\n"
    dialogue, shown = said(*[output[at : at + size] for at in range(0, len(output), size)])
    assert shown == b"Welcome\r\n"
    assert dialogue.answer == Answer("ATTACH")
    assert dialogue.connect is not None
    assert dialogue.connect.key == KEY


def test_an_answer_behind_a_prompt_is_found() -> None:
    dialogue, shown = said(b"$ " + line("END", {"ended": [1, 2]}) + b"\r\n")
    assert dialogue.answer == Answer("END", ended=(1, 2))
    assert shown == b"$ "


def test_a_prompt_is_shown_at_once() -> None:
    dialogue = SessionDialogue("proxy")
    assert dialogue.receive(b"me@host's password: ") == b"me@host's password: "
    assert dialogue.receive(b"\r\nMOSH") == b"\r\n" or not dialogue.finish().startswith(b"\r")


@pytest.mark.parametrize(
    "before", [b"", line("LIST", []) + b"\n", line("REFUSED", {"code": 10, "why": "x"}) + b"\n", PREFIX + b"ATTACH\n"]
)
def test_a_key_without_an_answer_that_promises_it_is_not_believed(before: bytes) -> None:
    dialogue, shown = said(before + CONNECT)
    assert dialogue.connect is None
    assert dialogue.unasked
    assert KEY.text.encode() not in shown


def test_only_the_first_answer_counts() -> None:
    again = line("END", {"ended": [2]}) + b"\n"
    dialogue, _shown = said(line("END", {"ended": [1]}) + b"\n" + again)
    assert dialogue.answer == Answer("END", ended=(1,))


def test_a_line_that_is_too_long_is_no_answer_and_is_not_kept() -> None:
    dialogue = SessionDialogue("proxy")
    dialogue.receive(PREFIX + b"LIST [")
    for _ in range(LINE_LIMIT // 65536 + 1):
        assert dialogue.receive(b" " * 65536) == b""
    assert dialogue.bad_answer
    assert dialogue._line == bytearray()
    assert dialogue.receive(b"]\r\nbye") == b""
    assert dialogue._line is None


@pytest.mark.parametrize("octets", [b"LIST [", b"LIST []"])
def test_a_line_that_does_not_end_is_no_answer(octets: bytes) -> None:
    dialogue, shown = said(PREFIX + octets)
    assert dialogue.bad_answer
    assert shown == b""


UPSTREAMS_USAGE = (
    b"Usage: mosh-server new [-s] [-v] [-i LOCALADDR] [-p PORT[:PORT2]] [-c COLORS] [-l NAME=VALUE] [-- COMMAND...]\r\n"
)
OLDER = (
    b"mosh-server: Bad UDP port range (list): expected numbers from 0 to 65535.\r\n"
    b"Usage: mosh-server new [-s] [-v] [-i LOCALADDR] [-p PORT[:PORT2]] [-c COLORS]\r\n"
    b"       [-l NAME=VALUE] [-- COMMAND...]\r\n"
)


@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(
    "usage", [UPSTREAMS_USAGE, OLDER, UPSTREAMS_USAGE.replace(b"mosh-server", b"/usr/bin/mosh-server")]
)
def test_the_usage_of_a_server_that_knows_no_sessions_is_not_shown(usage: bytes, size: int) -> None:
    output = b"Usage: be nice.\r\nUsage" + b"\r\n" + usage
    dialogue, shown = said(*[output[start:end] for start, end in pairwise([*range(0, len(output), size), len(output)])])
    assert dialogue.ignorant
    assert shown == b"Usage: be nice.\r\nUsage\r\n"


def test_a_line_that_only_begins_so_is_shown_in_the_end() -> None:
    for text in (b"Usage: of this machine", b"MOSH SESSION 2 LIST []\r\n", b"mosh-server: Bad"):
        dialogue, shown = said(text)
        assert shown == text
        assert (dialogue.ignorant, dialogue.answer) == (False, None)


def test_what_is_held_back_is_bounded() -> None:
    dialogue = SessionDialogue("proxy")
    for _ in range(100):
        dialogue.receive(b"Usage: " + b"x" * 50)
    assert len(dialogue._kept) <= 400
    assert re.fullmatch(rb"(Usage: x{50}){100}", b"".join([dialogue.finish()])) is None
