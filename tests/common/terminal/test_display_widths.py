"""Characters on whose width tables agree."""

from __future__ import annotations

from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL
from mosh_common.terminal.display_widths import is_agreed, is_agreed_grapheme, tokens
from mosh_common.terminal.width import char_width


def test_what_is_agreed_is_one_or_two_columns_wide_in_our_table() -> None:
    for code in range(0x20, 0x30000):
        if not 0xD800 <= code < 0xE000 and is_agreed(chr(code)):
            width = char_width(chr(code))
            run = chr(code) + WIDE_TAIL if width == 2 else chr(code)
            assert width in (1, 2) or char_width(chr(code)) == -1
            assert width == -1 or tokens(run) == [run]


def test_emoji_and_joined_emoji_are_not_agreed() -> None:
    assert not is_agreed("👍\x01")
    assert not is_agreed_grapheme(CLUSTER, "❤\ufe0f")
    assert is_agreed_grapheme(CLUSTER, "e\u0301")


def test_tokens_keep_agreed_text_together() -> None:
    assert tokens("ab日\x01👍\x01c\x02d") == ["ab日\x01", "👍\x01", "c", CLUSTER, "d"]
