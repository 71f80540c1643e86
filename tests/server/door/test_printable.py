"""Nothing that a program or a stranger says moves, colours or turns round what stands beside it."""

from __future__ import annotations

import pytest

from mosh_server.door.printable import printable


@pytest.mark.parametrize("text", ["plain", "日本", "e\u0301", "👩\u200d🚀", "\u2003", "עברית", ""])
def test_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F),
                                  *range(0x2066, 0x206A)])  # fmt: skip
def test_controls_and_what_turns_text_round_are_taken_out(code: int) -> None:
    assert printable(f"a{chr(code)}b") == "ab"


def test_what_was_no_text_shows_that() -> None:
    assert printable("a\udc80b") == "a\ufffdb"


def test_it_is_cut_to_a_length() -> None:
    assert printable("a\x1bbcd", 3) == "abc"
