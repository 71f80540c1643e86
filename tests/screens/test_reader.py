"""The language of the cases: what is read, what is refused and where, and how a fault is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.screens.facts import (
    COLORS,
    FLAGS,
    LONGEST_SHOWN,
    MODES,
    SERVER_MODES,
    UNDERLINES,
    facts_of_emulator,
    facts_of_snapshot,
    side_by_side,
    style_of,
    style_text,
    visible,
)
from tests.screens.reader import (
    LONGEST_INPUT,
    STATEMENTS,
    TEXTS,
    Case,
    CaseError,
    Check,
    Feed,
    Resize,
    octets_of,
    read_cases,
    read_understood,
)
from tests.screens.test_cases import FOLDER, differences, differences_in_frames

from mosh_common.terminal.cells import ALL_FLAGS
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff import diff as frame_diff

HEAD = "case a name\nfrom ECMA-48\n"


def cases(text: str, tmp_path: Path) -> list[Case]:
    path = tmp_path / "some.case"
    path.write_text(text, encoding="utf-8")
    return read_cases(path)


def test_a_case_is_read(tmp_path: Path) -> None:
    first, second = cases(
        "# a remark\n\n"
        "case one\nfrom ECMA-48 §8\nfrom xterm\ndiffers from xterm: because\nsize 6 2\n"
        "in  ab\\r\nin \\n\nrows |ab>\n     |c|\ncursor 2 1 pending\nresize 4 3\nin x\nrows |x|\n\n"
        "case two\nfrom VT100\nreads frames\nallows checksums\nrepeat 3 ab\npen bold\n",
        tmp_path,
    )
    assert (first.name, first.line, first.size, first.differs) == ("one", 3, (6, 2), ("from xterm: because",))
    assert first.sources == ("ECMA-48 §8", "xterm")
    feed, check, resize, then, last = first.steps
    assert (feed, resize, then) == (Feed(b"ab\r\n"), Resize(4, 3), Feed(b"x"))
    assert isinstance(check, Check)
    assert check.line == 10
    assert [check.expected[name] for name in ("row 1", "row 2", "cursor")] == ["|ab    >", "|c     |", "2 1 pending"]
    assert isinstance(last, Check)
    assert (last.expected["size"], last.expected["row 3"]) == ("4 3", "|    |")
    assert (second.reads_frames, second.allows_checksums, second.steps[0]) == (True, True, Feed(b"ababab"))
    assert (first.reads_frames, first.allows_checksums) == (False, False)


def test_what_is_not_said_is_as_after_power_up(tmp_path: Path) -> None:
    [case] = cases(HEAD + "in \\e[m\ncursor 1 1\n", tmp_path)
    check = case.steps[-1]
    assert isinstance(check, Check)
    assert check.expected == facts_of_emulator(Emulator(10, 4), reads_frames=False)


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        (r"\e[2J", b"\x1b[2J"),
        (r"\r\n\b\t\a\v\f", b"\r\n\b\t\a\v\f"),
        (r"a\s\\b", b"a \\b"),
        (r"\xff\x9b", b"\xff\x9b"),
        (r"\u{e9}\u{1f44d}é", "é👍é".encode()),
    ],
)
def test_escapes(text: str, octets: bytes) -> None:
    assert octets_of(text) == octets


@pytest.mark.parametrize("text", [r"\q", r"\x1", r"\u12", "\\"])
def test_other_escapes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no escape"):
        octets_of(text)


@pytest.mark.parametrize("text", ["a é中", "\u00a0\u0301", "\x1b[0m\\", "\x07", "\u200b"])
def test_what_is_shown_can_be_read_again(text: str) -> None:
    assert octets_of(visible(text)).decode() == text
    assert visible(text).isprintable()


@pytest.mark.parametrize(
    "words",
    [
        "bold faint italic blink inverse invisible strike overline protected",
        "underline fg=1 bg=255 underline-color=#010203",
        "underline=curly link=id=1;http://x/",
        "",
    ],
)
def test_the_words_for_a_style_are_those_that_say_it(words: str) -> None:
    assert style_text(style_of(words.split())) == words


@pytest.mark.parametrize(
    ("lines", "number", "message"),
    [
        ("in x\n", 1, "before the first `case`"),
        ("case\n", 1, "has a name"),
        ("case a\nin x\nrows |x|\n", 1, "not where the rule is from"),
        ("case a\nfrom my memory\n", 2, "none of the sources"),
        (HEAD, 1, "does not end with what is expected"),
        (HEAD + "in x\n", 1, "does not end with what is expected"),
        (HEAD + "rows |x|\n", 3, "nothing is expected before input"),
        (HEAD + "in x\nrow |x|\n", 4, "is no number"),
        (HEAD + "in x\nlines |x|\n", 4, "no statement 'lines'; there are case, from"),
        (HEAD + "in x\n|x|\n", 4, "no statement"),
        (HEAD + "in x\nrows x\n", 4, "between bars"),
        (HEAD + "in x\nrows |\n", 4, "between bars"),
        (HEAD + "in x\nrows |12345678901|\n", 4, "11 columns in a row of 10"),
        (HEAD + "size 3 2\nin x\nrows |中中|\n", 5, "4 columns in a row of 3"),
        (HEAD + "size 3 1\nin x\nrows |a|\n|b|\n", 6, "more than 1 rows"),
        (HEAD + "in x\nrows |a|\nrow 1 |b|\n", 5, "from the top"),
        (HEAD + "in x\nrow 5 |b|\n", 4, "there is no row 5 of 4"),
        (HEAD + "in x\ncursor 5 1\n", 4, "there is no 5 1 on 10 × 4"),
        (HEAD + "in x\ncursor 1\n", 4, "two numbers"),
        (HEAD + "in x\nstyle 1 2\n", 4, "style ROW COLUMNS WORD"),
        (HEAD + "in x\nstyle 1 3-2 bold\n", 4, "there is no 1 3-2"),
        (HEAD + "in x\nstyle 1 11 bold\n", 4, "there is no 1 11"),
        (HEAD + "in x\nstyle 1 1 fat\n", 4, "'fat' is no rendition"),
        (HEAD + "in x\npen fg=256\n", 4, "'256' is no colour"),
        (HEAD + "in x\npen underline=wavy\n", 4, "none of none, single"),
        (HEAD + "in x\nmodes mouse=7\n", 4, "mouse=7: no mode; there are reverse-video"),
        (HEAD + "in x\nbells many\n", 4, "'many' is no number"),
        (HEAD + "in \\q\n", 3, "no escape"),
        (HEAD + f"repeat {LONGEST_INPUT + 1} x\n", 3, "octets at most"),
        (HEAD + "repeat x y\n", 3, "repeat COUNT TEXT"),
        (HEAD + "in x\nsize 3 3\n", 4, "after input it is `resize`"),
        (HEAD + "size 0 3\n", 3, "1 to 1000"),
        (HEAD + "size 1001 3\n", 3, "1 to 1000"),
        (HEAD + "reads mail\n", 3, "reads frames"),
        (HEAD + "allows all\n", 3, "allows checksums"),
        (HEAD + "differs a bit\n", 3, "differs from WHAT: WHY"),
    ],
)
def test_an_error_says_the_file_and_the_line(lines: str, number: int, message: str, tmp_path: Path) -> None:
    with pytest.raises(CaseError) as refused:
        cases(lines, tmp_path)
    assert str(refused.value).startswith(f"{tmp_path / 'some.case'}:{number}: ")
    assert message in str(refused.value)


def test_what_is_no_utf8_says_the_line(tmp_path: Path) -> None:
    path = tmp_path / "some.case"
    path.write_bytes(HEAD.encode() + b"in \xff\n")
    with pytest.raises(CaseError, match=r"some\.case:3: no UTF-8"):
        read_cases(path)


def test_beside_a_case_that_is_wrong_the_others_are_read(tmp_path: Path) -> None:
    good = "case {}\nfrom ECMA-48\nin x\nrows |x|\n"
    wrong = "case b\nfrom ECMA-48\nin x\nlines |x|\n|y|\ncursor 9 9\n", "case d\nin x\nrows |x|\n"
    path = tmp_path / "some.case"
    path.write_text("".join([good.format("a"), wrong[0], good.format("c"), wrong[1], good.format("e")]))
    cases, errors = read_understood(path)
    assert [case.name for case in cases] == ["a", "c", "e"]
    assert [str(error).partition(": ")[0] for error in errors] == [f"{path}:8", f"{path}:15"]


PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_the_page_names_every_statement() -> None:
    assert [word for word in ("case", *STATEMENTS, *TEXTS) if f"`{word} " not in PAGE] == []


def test_the_page_names_every_word_for_a_rendition_and_a_mode() -> None:
    words = [*FLAGS, "underline", *UNDERLINES[2:], *(f"{color}=" for color in COLORS), *MODES, *SERVER_MODES]
    families = {"mouse": "mouse=1000", "encoding": "encoding=1006", "shape": "shape=1"}
    wanted = {families.get(word.partition("=")[0], word) for word in words}
    assert [word for word in wanted if f"`{word}`" not in PAGE and f"={word}`" not in PAGE] == []


def test_the_example_of_the_page_holds(tmp_path: Path) -> None:
    example = PAGE.partition("\n\n    case ")[2].partition("\n\n")[0]
    [case] = cases("case " + example, tmp_path)
    assert (differences(case), differences_in_frames(case)) == ([], [])


WRONG = HEAD + "in ab\nrows |ac|\ncursor 1 3\nbells 1\n"


def test_a_fault_is_shown_expected_and_seen_side_by_side(tmp_path: Path) -> None:
    [case] = cases(WRONG, tmp_path)
    [shown] = differences(case)
    heading, _, first, *others = shown.splitlines()
    assert heading == f"{tmp_path / 'some.case'}:4: a name (whole; ECMA-48)"
    assert first.split() == ["size", "10", "4", "10", "4"]
    assert "row 1   |ac        |  |ab        |  <<<" in others
    assert "bells   1             0             <<<" in others
    assert "cursor  1 3           1 3" in others
    assert all("(a frame from" in each for each in differences_in_frames(case))


def test_of_a_long_text_the_place_of_the_difference_is_shown() -> None:
    expected = facts_of_snapshot(Emulator(5, 1).snapshot())
    shown = side_by_side({**expected, "title": 500 * "x" + "a" + 500 * "x"}, {**expected, "title": 1001 * "x"})
    assert "xax" in shown
    assert all(len(line) < 3 * LONGEST_SHOWN for line in shown.splitlines())


def test_each_way_finds_what_the_others_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [case] = cases(HEAD + "in ab\nrows |ab|\ncursor 1 3\n", tmp_path)
    ways = [differences, lambda case: differences(case, octets=True), differences_in_frames]
    assert [way(case) for way in ways] == [[], [], []]
    with monkeypatch.context() as patch:
        patch.setattr(frame_diff, "diff", lambda _old, _new: b"")
        assert [bool(way(case)) for way in ways] == [False, False, True]
    feed = Emulator.feed
    with monkeypatch.context() as patch:
        patch.setattr(Emulator, "feed", lambda self, data: feed(self, data if len(data) > 1 else data.upper()))
        assert [bool(way(case)) for way in ways] == [False, True, False]


def test_each_flag_has_a_word() -> None:
    # Without one, no case would see it, neither where it is to be nor where it is not.
    assert sum(FLAGS.values()) == ALL_FLAGS
