"""Pages and searches."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.histories import ALL, Kept, numbered

from mosh_common.history_limits import Limits
from mosh_common.terminal.history.line import Found, Position, part, plain_text
from mosh_common.terminal.history.reading import NOTHING
from mosh_common.terminal.history.unparsed import LAID_CHARACTERS


@pytest.fixture(scope="module")
def kept() -> Kept:
    """Some lines drawn, many skipped, some coloured, one long, and one on which the screen goes on."""
    many = "".join(f"\x1b[32m{number}\x1b[0m of many, Line\r\n" for number in range(3000))
    return Kept(20, 5).feed(
        numbered(range(30)), many, "日本語 hello\r\n", "y" * 300 + "\r\n", numbered(range(300), "n"), "z" * 210
    )


@pytest.fixture(scope="module")
def texts(kept: Kept) -> list[str]:
    """What its lines say: to read them all takes longer than what most tests do."""
    return kept.texts


def test_a_page_has_so_many_lines_from_there_on(kept: Kept) -> None:
    start, lines, whole = kept.reading.lines(Position(28), 4, ALL)
    assert (start, whole) == (Position(28), True)
    assert [plain_text(line) for line in lines] == ["l28", "l29", "0 of many, Line", "1 of many, Line"]


def test_a_page_may_begin_within_a_line(kept: Kept, texts: list[str]) -> None:
    number = texts.index("y" * 300)
    start, lines, _ = kept.reading.lines(Position(number, 290), 2, ALL)
    assert start == Position(number, 290)
    assert [plain_text(line) for line in lines] == ["y" * 10, "n0"]


def test_the_line_on_which_the_screen_goes_on_is_not_whole(kept: Kept) -> None:
    end = kept.reading.extent.end
    _, lines, whole = kept.reading.lines(Position(end.line - 1), 10, ALL)
    assert not whole
    assert [plain_text(line) for line in lines] == ["n299", "z" * end.column]
    assert kept.reading.lines(end, 10, ALL) == (end, [], True)
    assert kept.reading.lines(Position(end.line, end.column - 20), 1, ALL)[1] == [part(lines[1], end.column - 20)]


def test_octets_bound_a_page_but_for_its_first_line(kept: Kept) -> None:
    assert len(kept.reading.lines(Position(100), 1000, 1)[1]) == 1
    few = kept.reading.lines(Position(100), 1000, 1000)[1]
    assert 20 < len(few) < 60


@tried_with(20)
@given(most=st.integers(40, 700), octets=st.integers(500, 20_000))
def test_pages_follow_one_another(kept: Kept, texts: list[str], most: int, octets: int) -> None:
    position = Position(0)
    read: list[str] = []
    for _ in range(200):
        _, lines, whole = kept.reading.lines(position, most, octets)
        read += map(plain_text, lines)
        if not lines or not whole:
            break
        position = Position(position.line + len(lines))
    assert read == texts[: len(read)]


def test_a_page_begins_where_history_does_when_that_is_later() -> None:
    kept = Kept(limits=Limits(50, ALL)).feed(numbered(range(1000)))
    first = kept.reading.extent.first
    start, lines, _ = kept.reading.lines(Position(3, 7), 1, ALL)
    assert start == Position(first)
    assert plain_text(lines[0]) == f"l{first}"
    assert kept.reading.extent.end.line - first == 50


# --- Searches -----------------------------------------------------------------------------------------------------


def search(kept: Kept, text: str, line: int, *, backwards: bool = False, units: int = ALL) -> int | None:
    """Return what is found, however often that must go on."""
    for _ in range(10_000):
        found = kept.reading.search(text, line, backwards, units)
        if found.next_line is None:
            return found.line
        assert found.next_line < line if backwards else found.next_line > line
        line = found.next_line
    raise AssertionError("it does not end")


WORDS = ["hello", "日本", "2999 of", "l2", "of many, line", "Line", "LINE", "n299", "zzz", "not there", "0", "y" * 250]


@pytest.mark.parametrize("units", [1, 100, ALL])
@pytest.mark.parametrize("text", WORDS)
def test_the_nearest_line_is_found(kept: Kept, texts: list[str], text: str, units: int) -> None:
    any_case = text == text.lower()
    has = [number for number, each in enumerate(texts) if text in (each.lower() if any_case else each)]
    for line in (0, 1500, *has[-1:], len(texts) + 50):
        after = next((number for number in has if number >= line), None)
        before = next((number for number in reversed(has) if number < line), None)
        assert search(kept, text, line, units=units) == after
        assert search(kept, text, line, backwards=True, units=units) == before


def test_work_that_is_used_up_ends_a_search_for_now(kept: Kept) -> None:
    found = kept.reading.search("not there", 0, False, 1)
    assert found.line is None
    assert found.next_line


@pytest.mark.parametrize("line", ["x\ry" * 20, "a\tb\x1b[1mc\x1b[m\td", "\x1b[31m\x1b[32m\x1b[m" * 5, "text " * 12])
def test_a_portion_of_a_search_lays_out_a_bounded_amount(line: str) -> None:
    text = f"{line}\r\n" * 12000
    kept = Kept(100, 24).feed(*[text[start : start + 65536] for start in range(0, len(text), 65536)])
    for number in (0, 6000):
        before = kept.history.laying.characters
        assert kept.reading.search(" x", number, False, 2000).line is None
        assert kept.history.laying.characters - before <= 3 * LAID_CHARACTERS


@pytest.mark.parametrize("text", ["", "a\nb", "\x00", "\x03 "])
def test_what_no_line_can_have_is_not_found(kept: Kept, text: str) -> None:
    assert kept.reading.search(text, 0, False, ALL) == NOTHING == Found(None, None)


def test_what_is_only_on_the_screen_is_not_found(kept: Kept) -> None:
    whole = "z" * 210
    assert search(kept, whole, 0) is None


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ("xbc\ra\r\n", "abc"),
        ("ab\x1b[1Kcd\r\n", "  cd"),
        ("a\tb\r\n", "a       b"),
        ("a\x07b\r\n", "ab"),
        ("a\x1b[1mb\x1b[0mc\r\n", "abc"),
        ("\x1b(0lqk\x1b(B\r\n", "┌─┐"),
        ("a" * 15 + "b" * 15 + "\r\n", "ab"),
        ("by 👩\u200d💻\r\n", "👩\u200d💻"),
        ("\ue0b0 main\r\n", "\ue0b0 m"),
    ],
)
def test_what_is_unparsed_is_found_as_it_would_look(output: str, text: str) -> None:
    kept = Kept(20, 5).feed(
        "" if "(0" not in output else "\x1b(0", numbered(range(100)) + output + numbered(range(100))
    )
    found = search(kept, text, 50)
    assert found is not None
    assert text in kept.texts[found]
