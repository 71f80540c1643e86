"""Characters on whose width tables agree."""

from __future__ import annotations

from mosh_common.terminal.cells import CLUSTER, WIDE_TAIL
from mosh_common.terminal.frame_diff.widths import is_agreed, is_agreed_grapheme, is_undrawn_by_upstream, tokens
from mosh_common.terminal.width import char_width


def test_what_is_agreed_is_one_or_two_columns_wide_in_our_table() -> None:
    for code in range(0x20, 0x30000):
        if not 0xD800 <= code < 0xE000 and is_agreed(chr(code), strict=True):
            width = char_width(chr(code))
            run = chr(code) + WIDE_TAIL if width == 2 else chr(code)
            assert width in (1, 2) or char_width(chr(code)) == -1
            assert width == -1 or tokens(run, strict=True) == [run]


def test_emoji_and_joined_emoji_are_not_agreed_among_terminals() -> None:
    assert not is_agreed("👍\x01", strict=True)
    assert not is_agreed_grapheme(CLUSTER, "❤\ufe0f", strict=True)
    assert is_agreed_grapheme(CLUSTER, "e\u0301", strict=True)


def test_emoji_and_joined_emoji_are_agreed_on_the_wire() -> None:
    assert is_agreed("👍\x01", strict=False)
    assert is_agreed_grapheme(CLUSTER, "❤\ufe0f", strict=False)
    assert is_agreed_grapheme(CLUSTER + WIDE_TAIL, "👩\u200d", strict=False)


def test_what_changed_its_width_or_is_new_is_not_agreed_on_the_wire() -> None:
    for text in ("☰", "⚊", "䷀", "🇩", "🏽\x01", "🥰\x01", "\U00030000\x01"):
        assert not is_agreed(text, strict=False)


def test_what_unicode_has_not_assigned_is_not_drawn_by_upstream() -> None:
    assert is_undrawn_by_upstream("\U0001f8ff")
    assert not is_undrawn_by_upstream("e\u0301")
    assert not is_undrawn_by_upstream("👩\u200d")
    assert not is_undrawn_by_upstream("\ue0b0")


def test_tokens_keep_agreed_text_together() -> None:
    assert tokens("ab日\x01👍\x01c\x02d", strict=True) == ["ab日\x01", "👍\x01", "c", CLUSTER, "d"]
    assert tokens("ab日\x01👍\x01c\x02d", strict=False) == ["ab日\x01👍\x01c", CLUSTER, "d"]
    assert tokens("a⚊⚋b", strict=True) == ["a", "⚊", "⚋", "b"]
    assert tokens("a⚊⚋b", strict=False) == ["a", "⚊⚋", "b"]


def test_what_upstream_leaves_out_shares_no_run_with_what_it_draws() -> None:
    assert tokens("\U0001f8ff\U0001f8fe⚊\U0001f8ffa", strict=False) == [
        "\U0001f8ff\U0001f8fe", "⚊", "\U0001f8ff", "a",
    ]  # fmt: skip


def test_what_is_unassigned_does_not_depend_on_the_python_that_runs() -> None:
    assert is_undrawn_by_upstream("\U0001fae8")  # of Unicode 15, which Python 3.12 knows and the table does not
