"""Invariant: whatever ssh prints, in whatever pieces, nothing raises, no key or command is shown, little held back."""

from __future__ import annotations

import json
import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed

from mosh_bootstrap.conversation import Ended
from mosh_bootstrap.diagnosis import failure
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.options import Options, parse_options
from mosh_bootstrap.sanitizer import SEQUENCE_LIMIT, Sanitizer
from mosh_bootstrap.session_answer import PREFIX, Answer, SessionDialogue, parse
from mosh_common.connect_line import LINE_LIMIT
from mosh_common.connect_words import format_connect
from mosh_common.errors import EnvironmentFailure, UsageError
from mosh_common.wire.key import Key

KEY = Key.generate(bytes(range(16, 32)))
CONNECT = format_connect(60001, KEY).encode()
SOURCES = st.sampled_from(["proxy", "remote", "local"])
# Pieces of what matters, so that they meet, and any octets between.
LINES = rb"M|MOSH|MOSH |MOSH CONNECT |MOSH IP 192.0.2.1|MOSH IP -x|MOSH SSH_CONNECTION |1 2 ::1 4|60001 |password: "
WORDS = st.sampled_from([*LINES.split(b"|"), b"\r", b"\n", b"\r\n", b"\0", b"\x1b]0;MOSH ", b" " * 600])
OUTPUT = st.lists(st.one_of(WORDS, st.binary(max_size=8)), max_size=20).map(b"".join)
SEQUENCES = st.sampled_from(
    b"\x1b|\x1b[|\x1b]|\x1bP|\x1b(|\x9b|\x9d|\xc2\x9b|52;c;?|\a|6|;|m|1|C|n|?|\r|\n|\x18".split(b"|")
)
HARMLESS = re.compile(r"(?:[^\x00-\x1f\x7f-\x9f]|[\r\n\b\t\a]|\x1b\[[0-9;:]*m|\x1b\[[0-9]*[CDG`])*")
CUTS = st.lists(st.integers(0, 2000), max_size=10)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    bounds = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


@fuzzed
@given(OUTPUT, CUTS, SOURCES)
def test_any_output_is_shown_in_order_and_little_is_held_back(output: bytes, cuts: list[int], source: str) -> None:
    dialogue = Dialogue(source)
    fed = 0
    shown = b""
    for piece in pieces(output, cuts):
        shown += dialogue.receive(piece)
        fed += len(piece)
        if dialogue.connect is None:
            held = len(dialogue._held) + len(dialogue._blank)
            assert held <= 2 * LINE_LIMIT + 1
    shown += dialogue.finish()
    rest = iter(output)
    assert all(octet in rest for octet in shown), "what is shown is part of what came, in its order"
    failure(Options(host="h"), dialogue, Ended(0, None))


@fuzzed
@given(st.lists(st.one_of(SEQUENCES, st.binary(max_size=8)), max_size=30).map(b"".join), CUTS)
def test_what_is_shown_commands_and_asks_nothing(output: bytes, cuts: list[int]) -> None:
    sanitizer = Sanitizer()
    shown = b""
    for piece in pieces(output, cuts):
        shown += sanitizer.receive(piece)
        assert len(sanitizer._sequence) <= SEQUENCE_LIMIT + 1
    assert HARMLESS.fullmatch(shown.decode())


@fuzzed
@given(OUTPUT, OUTPUT, CUTS, SOURCES)
def test_a_key_is_not_shown_wherever_its_line_stands(before: bytes, after: bytes, cuts: list[int], source: str) -> None:
    dialogue = Dialogue(source)
    output = before + CONNECT + b"\r\n" + after
    shown = b"".join(map(dialogue.receive, pieces(output, cuts))) + dialogue.finish()
    # Its line may be spoilt by what stands before it on the same line: then it is not believed, and still not shown.
    assert KEY.text.encode() not in shown
    reason = failure(Options(host="h"), dialogue, Ended(255, None))
    assert reason is None or (isinstance(reason, EnvironmentFailure) and KEY.text not in str(reason))


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just("new"))
JSON = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from(["id", "state", "name", "title", "code", "why", "ended", "programs"]), inner),
    ),
)
VERBS = st.sampled_from(["LIST", "CHOICE", "ATTACH", "CREATE", "END", "REFUSED"])


@fuzzed
@given(VERBS, st.one_of(JSON.map(json.dumps), st.text(max_size=20)))
def test_any_answer_is_understood_or_none_and_holds_printable_text_only(verb: str, text: str) -> None:
    answer = parse(PREFIX + f"{verb} {text}".encode())
    if answer is not None:
        texts = [answer.why, *[word for each in answer.sessions for word in (each.name, each.title, *each.programs)]]
        assert all(map(str.isprintable, texts))


@fuzzed
@given(OUTPUT, VERBS, OUTPUT, CUTS)
def test_a_key_is_only_believed_behind_an_answer_that_promises_one(
    before: bytes, verb: str, behind: bytes, cuts: list[int]
) -> None:
    dialogue = SessionDialogue("proxy")
    output = before + PREFIX + f"{verb} {{}}\r\n".encode() + CONNECT + b"\r\n" + behind
    shown = b"".join(map(dialogue.receive, pieces(output, cuts))) + dialogue.finish()
    assert KEY.text.encode() not in shown
    assert dialogue.connect is None or dialogue.answer in (Answer("ATTACH"), Answer("CREATE"))


@fuzzed
@given(st.lists(st.one_of(st.text(max_size=6), st.sampled_from(["-p", "--port", "--predict=", "--", "-4", "--local"]))))
def test_any_command_line_is_understood_or_refused_in_one_sentence(words: list[str]) -> None:
    try:
        options = parse_options(words, {})
    except UsageError as refused:
        sentence = str(refused)
    else:
        sentence = "fine"
        assert options.help or options.version or options.local or not options.host.startswith("-")
    assert sentence
    assert "\n" not in sentence or any("\n" in word for word in words)
