"""What is skipped in bulk is in history as if it had been drawn; and keeping or reading it changes no screen."""

from __future__ import annotations

from sys import getsizeof

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.histories import ALL, Kept, numbered
from tests.support.terminal_output import dump

from mosh_common.history_limits import Limits
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.history.line import Position
from mosh_common.terminal.history.unparsed import LAID_CHARACTERS, Unparsed, compact

LINE_ENDS = st.sampled_from(["\r\n", "\r\n", "\r\n", "\r\n", "\n", "\n\r"])
TEXTS = st.sampled_from(
    ["hello", "x" * 30, "日本語漢字" * 3, "日", "e\u0301", "abc", "  ", "\t", "\t\t", "\r", "\x07", "q" * 19, "q" * 20]
)
RENDITIONS = st.sampled_from(["\x1b[31m", "\x1b[0m", "\x1b[42;1m", "\x1b[K", "\x1b[1K", "\x1b[2K", "\x1b(B", "\x1b[m"])
OTHERS = st.sampled_from(
    ["\x1b[H", "\x1b[2J", "\x1b[?7l", "\x1b[4h", "\x1b(0", "\x1b[20h", "\x1b[1;3r", "\x1b[2;4r", "\x1b[?1049h",
     "\x1b[?1049l", "\x1b[3J", "\x1b[3A", "\x1b[g", "\x1b[S", "\x1b[?69h", "\x1bc"]
)  # fmt: skip
BULK = st.lists(st.one_of(LINE_ENDS, LINE_ENDS, TEXTS, TEXTS, RENDITIONS), min_size=20, max_size=120).map("".join)
PROGRAM = st.lists(st.one_of(BULK, BULK, OTHERS), min_size=1, max_size=6)


@tried_with(100)
@given(pieces=PROGRAM, columns=st.sampled_from([2, 20, 33]), lines=st.sampled_from([1, 2, 5]))
def test_what_is_skipped_is_kept_as_if_it_was_drawn(pieces: list[str], columns: int, lines: int) -> None:
    skipping, drawing = Kept(columns, lines), Kept(columns, lines, skipping=False)
    skipping.feed(*pieces)
    drawing.feed(*pieces)
    assert skipping.reading.extent == drawing.reading.extent
    assert skipping.lines == drawing.lines


READS = st.lists(st.lists(st.one_of(BULK, OTHERS), min_size=1, max_size=3).map("".join), min_size=2, max_size=5)


@tried_with(100)
@given(
    reads=READS,
    digested=st.integers(1, 3),
    units=st.sampled_from([1, 20, 100, 4000]),
    columns=st.sampled_from([2, 20]),
)
@example(reads=["l\r\n" * 30, "l\r\n" * 30 + "\x1b[?2026l"], digested=2, units=4000, columns=20)
@example(
    reads=["l\r\n" * 12 + "x\r\x1b[31mz\n" + "m\n" * 4, "n\n" * 27 + "\x1b[?2026l"], digested=2, units=4000, columns=20
)
def test_reads_and_portions_change_nothing_in_history(
    reads: list[str], digested: int, units: int, columns: int
) -> None:
    whole, portions = Kept(columns, 5, skipping=False), Kept(columns, 5)
    whole.feed("".join(reads))
    for number, read in enumerate(reads, 1):
        portions.emulator.take(read.encode())
        if not number % digested:  # else it is put off, until the next one is taken
            portions.emulator.digest(units)
    portions.feed("")
    assert portions.reading.extent == whole.reading.extent
    assert portions.lines == whole.lines


# Beginnings after which the last row of a small screen is likely to be blank, and to go on from the one above.
WRAPPED = st.lists(
    st.sampled_from(["a", "ab", "abc", "日本", "\r\x1b[K", "\r\x1b[2K", "\x1b[1K\r", "\x1bM", "\x1b[L", "\r\n", "\n"]),
    min_size=1,
    max_size=4,
).map("".join)


@tried_with(200)
@given(begin=WRAPPED, bulk=BULK, columns=st.sampled_from([2, 3]), lines=st.sampled_from([1, 2, 3]))
@example(begin="abc\r\x1b[K", bulk="x" + "\r\n" * 9, columns=2, lines=1)
@example(begin="abc\r\x1b[K", bulk="x" + "\r\n" * 9, columns=2, lines=2)
def test_what_is_skipped_goes_on_from_a_row_that_wrapped(begin: str, bulk: str, columns: int, lines: int) -> None:
    skipping, drawing = Kept(columns, lines), Kept(columns, lines, skipping=False)
    skipping.feed(begin, bulk)
    drawing.feed(begin, bulk)
    assert (skipping.reading.extent, skipping.texts) == (drawing.reading.extent, drawing.texts)


@tried_with(60)
@given(pieces=PROGRAM, reads=st.booleans())
def test_no_screen_depends_on_whether_history_is_kept_or_read(pieces: list[str], *, reads: bool) -> None:
    kept, without = Kept(20, 5), Emulator(20, 5)
    for piece in pieces:
        kept.feed(piece)
        if reads:
            kept.reading.search("hello", 0, False, ALL)
            assert kept.lines is not None
        without.feed(piece.encode())
        without.snapshot()
        assert dump(kept.emulator.snapshot()) == dump(without.snapshot())


def unparsed(kept: Kept) -> list[Unparsed]:
    chunks = (kept.history.chunk_at(line) for line in range(kept.reading.extent.end.line))
    return [chunk for chunk in dict.fromkeys(chunks) if isinstance(chunk, Unparsed)]


def test_lines_that_are_not_drawn_are_not_laid_out_either() -> None:
    kept = Kept(80, 24).feed(numbered(range(5000)))
    (chunk,) = unparsed(kept)
    assert chunk.count > 4900
    assert kept.texts[:4900] == [f"l{number}" for number in range(4900)]


def test_a_page_lays_out_no_more_than_is_near_it() -> None:
    kept = Kept(80, 24).feed(numbered(range(100_000)))
    kept.reading.lines(Position(50_000), 10, ALL)
    laid = kept.history.laying.characters
    assert 0 < laid <= 2 * LAID_CHARACTERS


def test_long_lines_that_are_laid_out_are_all_there() -> None:
    kept = Kept(40, 10).feed(f"{'x' * 130}\x1b[4m{'y' * 60}\x1b[0m\r\n" * 309)
    end = kept.reading.extent.end
    assert len(kept.lines) == end.line + (end.column > 0)


def test_renditions_reach_into_the_parts_that_are_laid_out() -> None:
    lines = "".join(f"\x1b[3{number % 8}m{number}\r\n" for number in range(20_000))
    kept = Kept(80, 24).feed(lines)
    for number in (3, 9_999, 19_000):
        _, (line,), _ = kept.reading.lines(Position(number), 1, ALL)
        assert (line.text, line.runs[0][1].fg) == (str(number), number % 8)


@pytest.mark.parametrize(
    "text",
    ["x" * 20_000, "\tx" * 3000, "日" * 5000],
    ids=["letters", "tabs", "wide"],
)
def test_lines_that_are_too_long_for_one_are_the_same_drawn_or_not(text: str) -> None:
    output = [numbered(range(30)) + f"{text}\r\n" * 3 + numbered(range(200))] * 2
    skipping, drawing = Kept(80, 24).feed(*output), Kept(80, 24, skipping=False).feed(*output)
    assert skipping.lines == drawing.lines


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("日本語" * 500, 2),
        ("caf\u00e9 and more" * 500, 1),
        ("some ascii \u2192" * 500, 1.3),
        ("ascii, \U0001f600" * 500, 1.5),
    ],
    ids=["CJK", "Latin-1", "a little wide", "a little astral"],
)
def test_text_takes_no_more_memory_than_in_utf_8(text: str, octets: float) -> None:
    kept = compact(text)
    assert getsizeof(kept) <= octets * len(text) + 100
    assert kept == text or (isinstance(kept, bytes) and kept.decode() == text)


def test_tab_stops_of_a_program_are_those_of_its_lines() -> None:
    kept = Kept(80, 24).feed("\x1b[3g", "a\tb\r\n" * 200)
    assert kept.lines[0].text == "a" + "\x00" * 78 + "b"


def test_small_limits_hold_for_large_texts() -> None:
    kept = Kept(80, 24, limits=Limits(100_000, 100_000)).feed(numbered(range(200_000)))
    assert kept.history.octets <= 100_000
    assert kept.texts[-1] == "l199976"
    assert kept.reading.extent.end.line - kept.reading.extent.first > 8_000
