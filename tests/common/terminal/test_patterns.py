"""The patterns that decide what is drawn and what is skipped, against readers that go character by character.

Whatever Python runs them: docs/adr/0030-patterns.md.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import groupby
from typing import Final

import pytest

from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL
from mosh_common.terminal.code_points import Ranges, complement, parse_ranges
from mosh_common.terminal.frame_diff import widths as display_widths
from mosh_common.terminal.plain_text import plain_end
from mosh_common.terminal.screen import overpainting
from mosh_common.terminal.screen.screen import Screen
from mosh_common.terminal.width import char_width, width_runs

ROUNDS: Final = 3000

# --- sequences


def sgr_length(text: str, at: int, *, letters: str, limit: int) -> int:
    """The length of an SGR at `at` with parameters of `letters`, at most `limit` of them; 0 if there is none."""
    end = at + 2
    while text[at : at + 2] == "\x1b[" and end - at - 2 <= limit and end < len(text):
        if text[end] == "m":
            return end + 1 - at
        if text[end] not in letters:
            return 0
        end += 1
    return 0


def plain_sequence_length(text: str, at: int) -> int:
    for other in ("\x1b(B", "\x1b[K", "\x1b[0K", "\x1b[1K", "\x1b[2K"):
        if text.startswith(other, at):
            return len(other)
    return sgr_length(text, at, letters="0123456789;:", limit=200)


def cup_length(text: str, at: int) -> int:
    position, letter, _ = text[at + 2 :].partition("H")
    numbers = position.split(";")
    fits = len(numbers) == 2 and all(1 <= len(number) <= 4 and set(number) <= set("0123456789") for number in numbers)
    return len(position) + 3 if text[at : at + 2] == "\x1b[" and letter and fits else 0


def front(text: str, is_text: Callable[[str], bool], *sequences: Callable[[str, int], int]) -> int:
    """How far `text` is made of certain characters and sequences."""
    at = 0
    while at < len(text):
        length = 1 if is_text(text[at]) else max(sequence(text, at) for sequence in sequences)
        if not length:
            break
        at += length
    return at


PIECES: Final = [
    *("a", "mK", "é", "中", " ", "0;1", "H", "~", "[31m"),
    *("\x1b[m", "\x1b[0;1m", "\x1b[4:3m", "\x1b[K", "\x1b[1K", "\x1b(B", "\x1b[5;6H", "\x1b[1234;1H"),
]
ODD: Final = [
    *("\x1b", "\x1b[", "\x1b[3", "\x1b[3K", "\x1b(0", "\x1b(", "\x1b[12345;1H", "\x1b[1;H", "\x1b[H", "\x1b[1;2;3H"),
    *("\n", "\r", "\t", "\a", "\x00", "\x7f", "\x9b", "\x80", "\x18", "\x1b(B\x1b"),
    *("\x1b[" + "1" * count + "m" for count in (64, 65, 200, 201)),
]  # fmt: skip


def outputs(seed: int) -> list[str]:
    """Texts of pieces, with something odd now and then."""
    chance = random.Random(seed)
    return [
        "".join(chance.choice(ODD if chance.random() < 0.1 else PIECES) for _ in range(chance.randrange(30)))
        for _ in range(ROUNDS)
    ]


def test_what_is_plain_ends_where_a_slow_reader_finds_its_end() -> None:
    def is_plain(char: str) -> bool:
        return char in "\a\t\n\r" or (char >= " " and not "\x7f" <= char <= "\x9f")

    for text in outputs(1):
        assert plain_end(text, 0) == front(text, is_plain, plain_sequence_length), text


def test_a_block_ends_where_a_slow_reader_finds_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    def short_sgr_length(text: str, at: int) -> int:
        return sgr_length(text, at, letters="0123456789;", limit=64)

    monkeypatch.setattr(overpainting, "LAYERS", 0)
    screen = Screen(80, 24)
    for text in outputs(2):
        text = "\x1b[1;1H\x1b[1mx\x1b[2;2H" + text
        assert screen.find_pieces(text) == (0, front(text, lambda c: " " <= c <= "~", short_sgr_length, cup_length))


# --- widths


def spread(ranges: Ranges) -> list[str]:
    """The ends of all ranges and what is beside them: where a table is wrong first."""
    codes = {code for first, last in ranges for code in (first - 1, first, (first + last) // 2, last, last + 1)}
    return [chr(code) for code in sorted(codes) if 0x20 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000]


class Kinds:
    """What the tables say of a character, read without patterns."""

    def __init__(self, **tables: str) -> None:
        self.of = {
            code: kind
            for kind, text in tables.items()
            for first, last in parse_ranges(text)
            for code in range(first, last + 1)
        }

    def __getitem__(self, char: str) -> str:
        return self.of.get(ord(char), "other")


TABLES: Final = {
    False: Kinds(undrawn=display_widths._UNDRAWN, unsettled=display_widths._UNSETTLED),
    True: Kinds(marks=display_widths._MARKS, wide=display_widths._WIDE, narrow=display_widths._NARROW),
}
AGREED: Final = {False: {"other"}, True: {"wide", "narrow"}}
ALPHABET: Final = spread(
    [
        pair
        for text in (display_widths._UNDRAWN, display_widths._UNSETTLED, display_widths._WIDE, display_widths._NARROW)
        for pair in parse_ranges(text)
    ]
)


def cells(chance: random.Random, *, strict: bool) -> list[str]:
    """Up to twenty cells: characters, with tails where they are wide, and clusters."""
    kinds = TABLES[strict]
    made = []
    for _ in range(chance.randrange(1, 20)):
        char = chance.choice([chance.choice(ALPHABET), chance.choice("abc 中日é👍"), CLUSTER])
        kind = kinds[char] if strict else ""
        tail = kind == "wide" or (kind != "narrow" and chance.random() < 0.5)
        made.append(char + WIDE_TAIL * tail)
    return made


@pytest.mark.parametrize("strict", [False, True])
def test_cells_are_cut_where_a_slow_reader_cuts_them(strict: bool) -> None:
    chance = random.Random(3)
    kinds, agreed = TABLES[strict], AGREED[strict]

    def run(item: tuple[int, str]) -> object:
        number, cell = item
        kind = "agreed" if kinds[cell[0]] in agreed else kinds[cell[0]]
        alone = cell[0] == CLUSTER or (strict and kind != "agreed")
        return number if alone else kind

    for _ in range(ROUNDS):
        row = cells(chance, strict=strict)
        wanted = ["".join(cell for _, cell in group) for _, group in groupby(enumerate(row), key=run)]
        assert display_widths.tokens("".join(row), strict=strict) == wanted


@pytest.mark.parametrize("strict", [False, True])
def test_agreement_is_what_the_tables_say(strict: bool) -> None:
    chance = random.Random(4)
    kinds, agreed = TABLES[strict], AGREED[strict]
    for char in ALPHABET:
        assert display_widths.is_agreed(char, strict=strict) == (kinds[char] in agreed), hex(ord(char))
    for _ in range(ROUNDS):
        text = "".join(chance.choice([chance.choice(ALPHABET), "a", "中", "é"]) for _ in range(chance.randrange(1, 6)))
        assert display_widths.is_agreed(text, strict=strict) == all(kinds[char] in agreed for char in text)
        mark = chance.choice(["", "\u0301", "\ufe0f", "\u094d\u200d"])
        if strict:
            wanted = kinds[text[0]] in agreed and {kinds[char] for char in text[1:] + mark} == {"marks"}
        else:
            wanted = all(kinds[char] in agreed for char in text + mark)
        assert display_widths.is_agreed_grapheme(CLUSTER, text + mark, strict=strict) == wanted
        assert display_widths.is_undrawn_by_upstream(text) == any(TABLES[False][char] == "undrawn" for char in text)


def test_runs_of_a_width_are_what_the_width_of_each_character_says() -> None:
    chance = random.Random(5)
    order = {1: 0, 2: 1, 0: 2, -1: 3}
    for _ in range(ROUNDS):
        text = "".join(chance.choice([chance.choice(ALPHABET), "a", "中", "\u0301"]) for _ in range(12))
        found = [(next(place for place, run in enumerate(runs) if run), "".join(runs)) for runs in width_runs(text)]
        joined = [
            (place, "".join(run for _, run in group)) for place, group in groupby(found, key=lambda item: item[0])
        ]
        assert joined == [(order[width], "".join(group)) for width, group in groupby(text, key=char_width)]


def test_a_complement_holds_all_that_is_missing_and_nothing_else() -> None:
    ranges = parse_ranges("0-1F 41 7F-9F FFF0-1000F 10FFFE-10FFFF")
    assert complement(ranges) == [
        (0x20, 0x40), (0x42, 0x7E), (0xA0, 0xFFEF), (0x10010, 0x10FFFD),
    ]  # fmt: skip
    assert complement([]) == [(0, 0xFFFF), (0x10000, 0x10FFFF)]
