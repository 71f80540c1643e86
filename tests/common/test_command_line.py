"""Words of short options, as getopt(3) reads them."""

from __future__ import annotations

import pytest

from mosh_common.command_line import letters


@pytest.mark.parametrize(
    ("word", "following", "found", "left"),
    [
        ("-v", ["x"], [("v", "")], ["x"]),
        ("-vv", [], [("v", ""), ("v", "")], []),
        ("-p60001", ["x"], [("p", "60001")], ["x"]),
        ("-p", ["60001", "x"], [("p", "60001")], ["x"]),
        ("-vp60001v", [], [("v", ""), ("p", "60001v")], []),
        ("-vp", ["-i"], [("v", ""), ("p", "-i")], []),
        ("-p", [""], [("p", "")], []),
        ("-p", [], [("p", None)], []),
        ("-?v", [], [("?", ""), ("v", "")], []),
        ("-", ["x"], [], ["x"]),
    ],
)
def test_a_word_is_its_letters_and_at_most_one_value(
    word: str, following: list[str], found: list[tuple[str, str | None]], left: list[str]
) -> None:
    assert list(letters(word, following, with_value="pi")) == found
    assert following == left


def test_a_value_is_taken_only_when_its_letter_is_reached() -> None:
    following = ["x"]
    for letter, _value in letters("-?p", following, with_value="p"):
        assert letter == "?"
        break
    assert following == ["x"]
