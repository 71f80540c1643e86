"""Rows beside text that is not drawn are kept as they are, and say the same as if they had been encoded."""

from __future__ import annotations

import pytest
from tests.support.histories import ALL, Kept, numbered

from mosh_common.history_limits import Limits
from mosh_common.terminal.history.drawn import Drawn

COLOURED = [f"\x1b[3{number % 8}mn{number}\x1b[0m and \x1b[1mmore\x1b[0m\r\n" for number in range(3000)]
OUTPUT = {
    "plain": [numbered(range(number, number + 1000)) for number in range(0, 4000, 1000)],
    "colours": ["".join(COLOURED)] * 4,
    "wide": ["日本語の文章です。\r\n" * 1500 + "漢字\r\n"] * 4,
    "lines that wrap": [f"{'x' * 130}\x1b[4m{'y' * 60}\x1b[0m\r\n" * 300] * 4,
    "wide characters that do not fit at the edge": [f"a{'日' * 60}b\r\n" * 600] * 4,
    "backgrounds": ["\x1b[44mblue \x1b[K\x1b[0m\r\n" * 1500] * 4,
}


def seen(pieces: list[str], *, columns: int = 40, lines: int = 10, skipping: bool = True) -> Kept:
    """Return what is kept of `pieces`, with a look at the screen after each."""
    kept = Kept(columns, lines, skipping=skipping)
    for piece in pieces:
        kept.feed(piece)
    return kept


def drawn(kept: Kept) -> list[Drawn]:
    chunks = (kept.history.chunk_at(line) for line in range(kept.reading.extent.end.line))
    return [chunk for chunk in dict.fromkeys(chunks) if isinstance(chunk, Drawn)]


@pytest.mark.parametrize("kind", OUTPUT)
def test_rows_between_looks_in_a_flood_are_the_lines_that_drawing_gives(kind: str) -> None:
    skipping, drawing = seen(OUTPUT[kind]), seen(OUTPUT[kind], skipping=False)
    assert drawn(skipping)
    assert skipping.reading.extent == drawing.reading.extent
    assert skipping.lines == drawing.lines


def test_a_search_finds_what_stands_in_them() -> None:
    text = "".join(COLOURED)
    kept = seen([text + "needle \x1b[7min\x1b[0m a haystack" + "y" * 70 + "\r\n", text])
    chunk = drawn(kept)[-1]
    for wanted in ("needle in a", "y" * 70):
        found = kept.reading.search(wanted, 0, False, ALL).line
        assert found == 3000
    assert chunk.first <= 3000 < chunk.first + chunk.count


@pytest.mark.parametrize(
    "text", [numbered(range(30)), "e\u0301\r\n" * 1000], ids=["little text beside them", "graphemes"]
)
def test_other_rows_are_encoded(text: str) -> None:
    kept = seen([text, text])
    assert not drawn(kept)
    assert len(kept.lines) == kept.reading.extent.end.line


def test_a_screen_that_became_wider_is_read_as_it_was() -> None:
    kept = seen([numbered(range(1000))])
    kept.resize(60, 10).feed(numbered(range(1000, 3000)))
    assert kept.texts == [f"l{number}" for number in range(3000 - 9)]


def test_a_screen_of_styles_counts_them() -> None:
    def octets(output: str) -> int:
        return sum(chunk.octets for chunk in drawn(seen([output, output], columns=80, lines=24)))

    links = "".join(f"\x1b]8;;http://{number}/{'u' * 500}\x1b\\t\x1b]8;;\x1b\\" for number in range(20))
    text = "some text\r\n" * 2000
    assert octets(text + links + "\r\n") > octets(text) + 20 * 2000


def test_small_limits_hold_for_them() -> None:
    kept = Kept(40, 10, limits=Limits(100_000, 100_000))
    for _ in range(20):
        kept.feed("".join(COLOURED)[:30_000])
    assert drawn(kept)
    assert kept.history.octets <= 100_000
