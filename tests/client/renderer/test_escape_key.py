"""The escape key, key by key."""

from __future__ import annotations

import pytest

from mosh_client.renderer.escape_key import QUIT, SUSPEND, EscapeKey, parse_escape_key
from mosh_common.errors import UsageError

CTRL_CARET = b"\x1e"


def result_of(keys: list[bytes], escape_key: str | None = None) -> list[object]:
    follower = EscapeKey(parse_escape_key(escape_key))
    return [part for read in keys for part in follower.feed(read)]


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([b"ls\r"], [b"ls\r"]),
        ([CTRL_CARET + b"."], [QUIT]),
        ([CTRL_CARET, b"."], [QUIT]),
        ([b"ab" + CTRL_CARET + b".cd"], [b"ab", QUIT, b"cd"]),
        ([CTRL_CARET + b"\x1a"], [SUSPEND]),
        ([CTRL_CARET + b"\x1ax"], [SUSPEND, b"x"]),
        ([CTRL_CARET + b"^"], [CTRL_CARET]),
        ([CTRL_CARET + b"x"], [CTRL_CARET + b"x"]),
        ([CTRL_CARET, CTRL_CARET, b"."], [CTRL_CARET + CTRL_CARET, b"."]),
        ([b".\x1a^"], [b".\x1a^"]),
    ],
)
def test_the_escape_key_and_the_key_after_it(keys: list[bytes], expected: list[object]) -> None:
    assert result_of(keys) == expected


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([b"~."], [QUIT]),
        ([b"a~."], [b"a~."]),
        ([b"a\r~."], [b"a\r", QUIT]),
        ([b"a\n", b"~", b"."], [b"a\n", QUIT]),
        ([b"~~"], [b"~"]),
        ([b"~x~."], [b"~x~."]),
        ([b"\r~~."], [b"\r~."]),
    ],
)
def test_a_printable_escape_key_counts_only_at_the_start_of_a_line(keys: list[bytes], expected: list[object]) -> None:
    assert result_of(keys, "~") == expected


@pytest.mark.parametrize("literal", [b"a", b"A"])
def test_a_letter_in_either_case_sends_the_key_itself(literal: bytes) -> None:
    assert result_of([b"\x01" + literal], "\x01") == [b"\x01"]


def test_an_empty_setting_means_no_escape_key() -> None:
    assert result_of([CTRL_CARET + b"."], "") == [CTRL_CARET + b"."]
    assert EscapeKey(None).quit_hint == ""


@pytest.mark.parametrize("text", ["ab", "é", "\x03", "\x04", "\n", "\x0c", "\r", "\x00", "\x80"])
def test_a_key_that_cannot_serve_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="MOSH_ESCAPE_KEY"):
        parse_escape_key(text)


def test_the_help_is_wanted_between_the_two_keys() -> None:
    follower = EscapeKey(parse_escape_key(None))
    follower.feed(b"x" + CTRL_CARET)
    assert follower.waiting
    assert follower.help == 'Commands: Ctrl-Z suspends, "." quits, ^ gives literal Ctrl-^'
    assert follower.quit_hint == " [To quit: Ctrl-^ .]"
    follower.feed(b"y")
    assert not follower.waiting
