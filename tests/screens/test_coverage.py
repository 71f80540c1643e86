"""The cases cover what they are to: each code that the parser knows, and docs/terminal.md sentence by sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest
from tests.screens.reader import Case, Feed
from tests.screens.test_cases import CASES, WRONG, differences
from tests.support.programs import REPOSITORY

from mosh_common.terminal.parser.sequences import CONTROLS, ESCAPES, FRAMES, SEQUENCES

pytestmark = pytest.mark.skipif(bool(WRONG), reason="a case is not understood, which test_cases.py says")

FEWEST_CASES: Final = 300

_QUOTE: Final = re.compile(r'(docs/[\w./-]+) "(.+)"')

# Sentences of docs/terminal.md that no case can show, by how they begin: the file that holds each, or SAYS_NOTHING.
SAYS_NOTHING: Final = ""  # it introduces what comes, or says where more stands
_DIFF: Final = "tests/property/test_frame_diff.py"
_MANY_STYLES: Final = "tests/common/terminal/test_many_styles.py"
_KEPT: Final = "tests/common/terminal/history/test_what_is_kept.py"
ELSEWHERE: Final[dict[str, str]] = {
    "A server keeps what scrolls off the top": _KEPT,
    "Rows that wrapped are one line": _KEPT,
    "Rows are pushed by whatever scrolls a region": _KEPT,
    "ED 3, DECSED 3 and RIS forget": _KEPT,
    "A line that is on the screen in part": _KEPT,
    "A lower screen pushes the rows": _KEPT,
    "What a synchronized update (?2026) draws": _KEPT,
    "Where history is kept, their text is": _KEPT,
    "Client and server each run an emulator": SAYS_NOTHING,
    "With an upstream program at the other end": "tests/interop/test_frame_diff_upstream.py",
    "The hyperlinks of all styles of a palette": "tests/common/terminal/test_costs.py",
    "A snapshot shares its rows": "tests/common/terminal/test_emulator.py",
    "Upstream's client skips without harm": "tests/interop/test_frame_diff_upstream.py",
    "So faint, struck, overlined": "tests/interop/test_frame_diff_upstream.py",
    "`58;2;…` with semicolons": "tests/common/terminal/frame_diff/test_sgr.py",
    "Both ends agree on this": SAYS_NOTHING,
    "Nothing relies on it after a scroll": _DIFF,
    "Widths: adr/0002.": SAYS_NOTHING,
    "The vocabulary of our diff: adr/0003.": SAYS_NOTHING,
    "The shortest way counts.": "tests/vectors/test_frame_diff_vectors.py",
    "In order: bell, titles, clipboard": "tests/common/terminal/frame_diff/test_diff.py",
    "A row that wrapped is written through": "tests/common/terminal/frame_diff/test_diff.py",
    "The same code draws the user's terminal": "tests/common/terminal/test_terminfo.py",
    "For any screens A and B": _DIFF,
    "The server's emulator alone meets programs": SAYS_NOTHING,
    "Where that is another rule than a frame's:": SAYS_NOTHING,
    "Of renditions, up to 50,000": _MANY_STYLES,
    "Where there are more, similar colours": _MANY_STYLES,
    "The user's terminal is in application mode": "tests/common/terminal/test_terminfo.py",
    "The server turns `ESC O A`": "tests/server/input/test_translation.py",
    "A read is decoded once": "tests/bench/bench_terminal.py",
    "Of lines that scroll away": "tests/common/terminal/screen/test_skipping.py",
    "Rows as strings are several times": "tests/bench/bench_terminal.py",
    "An answer is typed into whatever reads next": SAYS_NOTHING,
    "`tests/property/test_answers.py` holds all that": "tests/property/test_answers.py",
}
_END_OF_SENTENCE: Final = re.compile(r"(?<=\.) (?=[(A-Z`])")


# --- each code


def _cases_with(pattern: str, *, frames: bool) -> list[Case]:
    code = re.compile(pattern, re.DOTALL)
    return [
        case
        for case in CASES
        if case.reads_frames == frames
        and any(isinstance(step, Feed) and code.search(step.data.decode(errors="replace")) for step in case.steps)
    ]


def _pattern_of_sequence(key: str) -> str:
    prefix = key[0] if key[0] in "<=>?" else ""
    return rf"\x1b\[{re.escape(prefix)}[0-9;:]*{re.escape(key.removeprefix(prefix))}"


def assert_a_case_fails_without(codes: Any, key: str, pattern: str, *, frames: bool) -> None:
    """Take `key` from `codes` for as long as the cases with `pattern` are run; one of them has to fail."""
    cases = _cases_with(pattern, frames=frames)
    assert cases, "no case has it"
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(codes, key)
        assert any(differences(case) for case in cases), "the cases that have it pass without it, too"


@pytest.mark.parametrize("key", sorted(SEQUENCES))
def test_a_case_fails_without_a_sequence(key: str) -> None:
    assert_a_case_fails_without(SEQUENCES, key, _pattern_of_sequence(key), frames=False)


@pytest.mark.parametrize("key", sorted(ESCAPES))
def test_a_case_fails_without_an_escape_sequence(key: str) -> None:
    assert_a_case_fails_without(ESCAPES, key, rf"\x1b{re.escape(key)}", frames=False)


@pytest.mark.parametrize("key", sorted(CONTROLS))
def test_a_case_fails_without_a_control(key: str) -> None:
    assert_a_case_fails_without(CONTROLS, key, re.escape(key), frames=False)


@pytest.mark.parametrize("key", sorted(FRAMES.sequences))
def test_a_case_fails_without_a_sequence_of_frames(key: str) -> None:
    assert_a_case_fails_without(FRAMES.sequences, key, _pattern_of_sequence(key), frames=True)


@pytest.mark.parametrize("key", sorted(FRAMES.escapes))
def test_a_case_fails_without_an_escape_sequence_of_frames(key: str) -> None:
    assert_a_case_fails_without(FRAMES.escapes, key, rf"\x1b{re.escape(key)}", frames=True)


@pytest.mark.parametrize("key", sorted(FRAMES.controls))
def test_a_case_fails_without_a_control_of_frames(key: str) -> None:
    assert_a_case_fails_without(FRAMES.controls, key, re.escape(key), frames=True)


@pytest.mark.parametrize("mode", sorted(FRAMES.modes or ()))
def test_a_frame_with_each_mode_is_in_a_case(mode: int) -> None:
    assert _cases_with(rf"\x1b\[\?([0-9]+;)*{mode}(;[0-9]+)*h", frames=True)


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= FEWEST_CASES


def test_no_two_cases_of_a_file_have_one_name() -> None:
    names = [(case.path, case.name) for case in CASES]
    assert len(set(names)) == len(names)


# --- each sentence


def _plain(text: str) -> str:
    """Return `text` with one blank wherever there is space."""
    return " ".join(text.split())


def quotes() -> Iterator[tuple[Case, str, str]]:
    """Yield what cases quote: the case, the document and the words."""
    for case in CASES:
        for source in case.sources:
            if source.startswith("docs/"):
                match = _QUOTE.fullmatch(source)
                assert match or source.startswith("docs/adr/"), f"{case.place}: no quotation: {source}"
                if match:
                    yield case, match[1], match[2]


def sentences(document: str) -> Iterator[str]:
    """Yield the sentences of a document, and the rows of its tables; each with one blank wherever there is space."""
    for block in re.split(r"\n\n|\n(?=[-|])", re.sub("^#.*$", "", document, flags=re.MULTILINE)):
        if block.startswith("|") and not re.match(r"\|(-| \| )|\| question", block):
            yield _plain(block)
        elif block.strip() and not block.startswith("|"):
            yield from _END_OF_SENTENCE.split(_plain(block.removeprefix("- ")))


def test_what_is_quoted_is_there() -> None:
    texts: dict[str, str] = {}
    for case, name, words in quotes():
        text = texts.setdefault(name, _plain((REPOSITORY / name).read_text(encoding="utf-8")).replace(" - ", " "))
        assert _plain(words) in text, f"{case.place}: not in {name}: {words}"


def test_each_sentence_of_the_terminals_document_has_a_case_or_a_reason() -> None:
    document = (REPOSITORY / "docs/terminal.md").read_text(encoding="utf-8")
    quoted = [
        piece
        for _, name, words in quotes()
        if name == "docs/terminal.md"
        for piece in _END_OF_SENTENCE.split(_plain(words))
    ]
    without = [
        sentence
        for sentence in sentences(document)
        if not any(words in sentence or sentence in words for words in quoted)
    ]
    unexplained = [each for each in without if not each.startswith(tuple(ELSEWHERE))]
    assert not unexplained
    unneeded = [start for start in ELSEWHERE if not any(each.startswith(start) for each in without)]
    assert not unneeded, "these have a case now, or are gone: take them out"


@pytest.mark.parametrize("name", sorted(set(ELSEWHERE.values()) - {SAYS_NOTHING}))
def test_what_holds_the_others_is_there(name: str) -> None:
    assert (REPOSITORY / name).is_file()
