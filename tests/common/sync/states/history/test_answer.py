"""The answer: lines arrive as they were, as many as fit; nothing of a hostile server's gets further than it may."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.history import STYLES, line, lines

from mosh_common.errors import PeerError
from mosh_common.sync.states.history import answer as module
from mosh_common.sync.states.history.answer import NO_ANSWER, STYLES_LIMIT, Answer, weight_of
from mosh_common.sync.states.history.wish import LARGEST
from mosh_common.terminal.cells import (
    ALL_FLAGS,
    BOLD,
    CLUSTER,
    HIGHEST_UNDERLINE,
    RGB,
    UNDERLINE_SINGLE,
    WIDE_TAIL,
    Style,
)
from mosh_common.terminal.history.line import LONGEST_LINE, PAGE_LINES, Line, Position
from mosh_common.wire import protobuf
from mosh_common.wire.instruction import deflate

OCTETS = 9000
answers = st.builds(
    Answer,
    serial=st.integers(1, 9),
    start=st.builds(Position, st.integers(0, 3), st.integers(0, 3)),
    lines=st.lists(lines(), max_size=6).map(tuple),
    whole=st.booleans(),
    searched=st.just(False),
    found=st.none(),
)


@given(answers)
def test_an_answer_arrives_as_it_was(answer: Answer) -> None:
    assert NO_ANSWER.apply(answer.diff_from(NO_ANSWER)) == answer
    assert answer.diff_from(answer) == b""


@given(answers, st.lists(lines(), max_size=4).map(tuple), st.integers(0, 6))
def test_an_answer_that_grew_says_only_what_is_new(answer: Answer, more: tuple[Line, ...], stay: int) -> None:
    grown = answer._replace(lines=answer.lines[:stay] + more)
    diff = grown.diff_from(answer)
    if diff:
        assert answer.apply(diff) == grown
        assert all(kept is old for kept, old in zip(answer.apply(diff).lines[:stay], answer.lines[:stay], strict=False))


@given(st.sampled_from([None, 0, 7]))
def test_what_was_found_arrives(found: int | None) -> None:
    answer = Answer(3, searched=True, found=found)
    assert NO_ANSWER.apply(answer.diff_from(NO_ANSWER)) == answer


# Each of them with what an other one leaves out.
EXAMPLES = (
    Answer(1, Position(LARGEST, LONGEST_LINE), (line("a b"), line(""), line(" c")), whole=False),
    Answer(LARGEST, lines=(line(f"{CLUSTER}x{CLUSTER}")._replace(graphemes=("e\u0301", "o\u0301")), line(""))),
    Answer(
        2, lines=tuple([line(f"{CLUSTER}{CLUSTER}")._replace(graphemes=(f"e{mark}", "x")) for mark in "\u0301\u0302"])
    ),
    Answer(3, lines=(Line("abcdef", tuple([(1, style) for style in STYLES])),)),
    Answer(4, searched=True),
    Answer(5, searched=True, found=LARGEST),
)


@pytest.mark.parametrize("answer", EXAMPLES, ids=range(len(EXAMPLES)))
def test_each_kind_of_answer_arrives_as_it_was(answer: Answer) -> None:
    assert NO_ANSWER.apply(answer.diff_from(NO_ANSWER)) == answer


@pytest.mark.parametrize("kept", range(4))
def test_lines_that_are_known_are_not_said_again(kept: int) -> None:
    known = Answer(1, Position(5), tuple(map(line, "abc")))
    grown = known._replace(lines=known.lines[:kept] + tuple(map(line, "xyz")))
    diff = grown.diff_from(known)
    assert known.apply(diff) == grown
    assert protobuf.decode(module._ANSWER, diff)[4] == kept
    other = known._replace(start=Position(6), lines=grown.lines)
    assert protobuf.decode(module._ANSWER, other.diff_from(known))[4] == 0


def test_a_surrogate_arrives_as_a_question_mark() -> None:
    style = Style(link=";https://example.org/\ud800")
    told = Answer(1, lines=(Line(f"\ud800{CLUSTER}", ((2, style),), ("\ud800",)),))
    [arrived] = NO_ANSWER.apply(told.diff_from(NO_ANSWER)).lines
    assert arrived == Line(f"?{CLUSTER}", ((2, Style(link=";https://example.org/?")),), ("?",))


def test_a_line_without_columns_has_no_runs() -> None:
    assert NO_ANSWER.apply(protobuf.encode(module._ANSWER, {1: 1, 6: b""})).lines == (line(""),)


def test_as_many_runs_as_may_be_are_taken() -> None:
    runs = (b"\1\0" * (LONGEST_LINE - 1) + b"\0\0") * 4
    assert len(runs) == module.RUNS_LIMIT_OCTETS
    texts = b"\n".join([b"x" * LONGEST_LINE] * 4)
    assert len(NO_ANSWER.apply(said(texts=texts, runs=runs)).lines) == 4


@pytest.mark.parametrize(
    ("known", "kept"),
    [
        (Answer(1, Position(2, 3), (line("a"),)), 2),
        (Answer(9, Position(2, 3), (line("a"),)), 1),
        (Answer(1, Position(2, 4), (line("a"),)), 1),
    ],
    ids=["more than there are", "another wish", "another place"],
)
def test_lines_of_another_answer_are_not_kept(known: Answer, kept: int) -> None:
    with pytest.raises(PeerError, match="kept"):
        known.apply(said(kept=kept))


def test_a_log_is_a_tenth_of_its_lines() -> None:
    log = Answer(1, lines=tuple([line(f"make[2]: Entering directory 'src/part{n % 40}' ({n})") for n in range(1000)]))
    octets = len(deflate(log.diff_from(NO_ANSWER)))
    assert octets < sum(len(each.text) for each in log.lines) // 8


def noise(count: int, columns: int = 80) -> tuple[Line, ...]:
    chance = random.Random(7)
    return tuple([line("".join(chance.choices("0123456789abcdefghijklmnop+/", k=columns))) for _ in range(count)])


def test_as_many_lines_as_fit_are_said_and_the_last_is_whole() -> None:
    answer = Answer(1, lines=noise(1000), whole=False).fitting(OCTETS)
    assert 100 < len(answer.lines) < 250
    assert answer.whole
    assert 0.6 * OCTETS < len(deflate(answer.diff_from(NO_ANSWER))) <= OCTETS + 20


def test_what_fits_is_the_same_answer() -> None:
    answer = Answer(1, lines=noise(50))
    assert answer.fitting(OCTETS) is answer
    assert NO_ANSWER.fitting(OCTETS) is NO_ANSWER


def test_of_a_line_there_is_a_column_at_least() -> None:
    answer = Answer(1, lines=(line("xy"), line("next"))).fitting(0)
    assert answer == Answer(1, lines=(line("x"),), whole=False)


@pytest.mark.parametrize(
    "lines",
    [
        (Line("x" * 2100, tuple([(1, Style(RGB | n)) for n in range(2100)])),),
        tuple([Line("x", ((1, Style(link=";https://example.org/" + "x" * 2000)),))] * 600),
    ],
    ids=["styles", "weight"],
)
def test_what_no_client_takes_does_not_fit(lines: tuple[Line, ...]) -> None:
    fitting = Answer(1, lines=lines).fitting(1 << 22)
    assert fitting.lines != lines
    assert NO_ANSWER.apply(fitting.diff_from(NO_ANSWER)) == fitting


def of_many_styles(columns: int) -> Line:
    chance = random.Random(3)
    runs = tuple([(1, Style(RGB | chance.randrange(1 << 24), RGB | chance.randrange(1 << 24))) for _ in range(columns)])
    return Line("x" * columns, runs)


@pytest.mark.parametrize(
    "long",
    [
        noise(1, LONGEST_LINE)[0],
        of_many_styles(LONGEST_LINE),
        line(CLUSTER * LONGEST_LINE)._replace(graphemes=tuple([f"e\u0301{n:05}" for n in range(LONGEST_LINE)])),
    ],
    ids=["noise", "styles", "graphemes"],
)
def test_of_a_line_that_does_not_fit_a_piece_is_said(long: Line) -> None:
    answer = Answer(1, lines=(long, line("next"))).fitting(2000)
    assert len(answer.lines) == 1
    assert 0 < len(answer.lines[0].text) < LONGEST_LINE
    assert long.text.startswith(answer.lines[0].text)
    assert not answer.whole
    assert len(deflate(answer.diff_from(NO_ANSWER))) <= 2020
    assert NO_ANSWER.apply(answer.diff_from(NO_ANSWER)) == answer


def test_what_a_server_says_a_client_takes() -> None:
    answer = Answer(1, lines=tuple([of_many_styles(80)] * 1000 + [of_many_styles(4000)])).fitting(1 << 20)
    assert answer.lines
    assert NO_ANSWER.apply(answer.diff_from(NO_ANSWER)) == answer


# --- Hostile servers ------------------------------------------------------------------------------------------------


def said(**fields: object) -> bytes:
    """Return a message of these fields; others as a plain answer has them."""
    numbers = {"serial": 1, "line": 2, "column": 3, "kept": 4, "styles": 5, "texts": 6, "runs": 7, "graphemes": 8}
    message = {"serial": 1, "texts": b"ab", "runs": b"\0\0"} | fields
    return protobuf.encode(module._ANSWER, {numbers[name]: value for name, value in message.items()})


def test_the_plain_answer_is_taken() -> None:
    assert NO_ANSWER.apply(said()).lines == (line("ab"),)


@pytest.mark.parametrize(
    "fields",
    [
        {"serial": 0},
        {"line": 1 << 63},
        {"column": LONGEST_LINE + 1},
        {"kept": 1},
        {"texts": b"\xff"},
        {"texts": b"\n" * PAGE_LINES, "runs": b""},
        {"texts": b"x" * (LONGEST_LINE + 1)},
        {"texts": b"x\n" * (module.TEXTS_LIMIT_OCTETS // 2) + b"x"},
        {"runs": b""},
        {"runs": b"\0"},
        {"runs": b"\0\1"},
        {"runs": b"\2\0"},
        {"runs": b"\3\0\0\0"},
        {"runs": b"\1\0"},
        {"runs": b"\0\0\0\0"},
        {"runs": b"\x81\x80\1\0\0\0"},
        {"runs": bytes(module.RUNS_LIMIT_OCTETS + 1)},
        {"graphemes": b"e"},
        {"texts": b"\2b"},
        {"texts": b"\2b", "graphemes": b"e\ne"},
        {"texts": b"\2b", "graphemes": b"x" * 65},
        {"texts": b"\2b", "graphemes": b"\x1b"},
        {"styles": [{}] * (STYLES_LIMIT + 1)},
        {"styles": [{1: 256}]},
        {"styles": [{1: (1 << 64) - 2}]},
        {"styles": [{6: b";javascript:x"}]},
    ],
    ids=" ".join,  # no values: a test whose name has a backslash cannot be chosen by it, which mutmut does
)
def test_an_answer_out_of_bounds_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(PeerError):
        NO_ANSWER.apply(said(**fields))


def test_an_answer_that_weighs_too_much_is_refused() -> None:
    link = b";https://example.org/" + b"x" * 2000
    runs = b"".join([b"\1\1\1\2" if n < 4095 else b"\0\1" for n in range(4096)])
    fields = {"texts": b"x" * 8191, "runs": runs, "styles": [{6: link}, {6: link + b"y"}]}
    with pytest.raises(PeerError, match="octets in an answer"):
        NO_ANSWER.apply(said(**fields))


@pytest.mark.parametrize("octet", [n for n in (*range(3, 32), *range(0x7F, 0xA0)) if n != 0x0A])
def test_no_control_character_comes_with_an_answer(octet: int) -> None:
    with pytest.raises(PeerError):
        NO_ANSWER.apply(said(texts=f"a{chr(octet)}".encode()))


@pytest.mark.parametrize("text", ["\1a", "\1\1", "\0\1", "a\n\1"])
def test_no_half_of_a_wide_character_comes_alone(text: str) -> None:
    with pytest.raises(PeerError):
        NO_ANSWER.apply(said(texts=text.encode(), runs=b"\0\0" * (1 + text.count("\n"))))


def test_a_weight_is_at_least_what_a_message_of_it_takes() -> None:
    assert weight_of([line("\U0001f40d" + WIDE_TAIL)]) >= 8


def test_of_a_later_versions_style_there_is_what_this_one_knows() -> None:
    answer = NO_ANSWER.apply(said(styles=[{1: 3, 3: (ALL_FLAGS + 1) | BOLD, 4: HIGHEST_UNDERLINE + 1}], runs=b"\0\1"))
    assert answer.lines[0].runs == ((2, Style(fg=3, flags=BOLD, underline=UNDERLINE_SINGLE)),)
