"""The escape key, key by key."""

from __future__ import annotations

import pytest

from mosh_client.escape_key_choice import parse_escape_key, parse_ssh_escape_key
from mosh_client.renderer.escape_key import DETACH, HISTORY, LINK_DISPLAY, QUIT, SUSPEND, EscapeKey
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
        ([CTRL_CARET + b"s"], [LINK_DISPLAY]),
        ([CTRL_CARET + b"d"], [DETACH]),
        ([CTRL_CARET + b"?", b"d"], [DETACH]),
        ([b"a" + CTRL_CARET, b"sb"], [b"a", LINK_DISPLAY, b"b"]),
        ([CTRL_CARET + b"?"], []),
        ([CTRL_CARET + b"?", b"s"], [LINK_DISPLAY]),
        ([CTRL_CARET + b"?."], [QUIT]),
        ([CTRL_CARET + b"?^"], [CTRL_CARET]),
        ([CTRL_CARET + b"?", b"\x1b[A", b"s"], [b"\x1b[A", b"s"]),
        ([CTRL_CARET + b"??", b"x"], [b"?", b"x"]),
        ([CTRL_CARET + b"?", CTRL_CARET, b"x"], [CTRL_CARET + b"x"]),
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
        ([b"~s"], [LINK_DISPLAY]),
        ([b"~?~x"], [b"~x"]),
        ([b"~s~."], [LINK_DISPLAY, QUIT]),
    ],
)
def test_a_printable_escape_key_counts_only_at_the_start_of_a_line(keys: list[bytes], expected: list[object]) -> None:
    assert result_of(keys, "~") == expected


@pytest.mark.parametrize("literal", [b"a", b"A"])
def test_a_letter_in_either_case_sends_the_key_itself(literal: bytes) -> None:
    assert result_of([b"\x01" + literal], "\x01") == [b"\x01"]


def test_an_empty_setting_means_no_escape_key() -> None:
    assert result_of([CTRL_CARET + b"."], "") == [CTRL_CARET + b"."]
    assert EscapeKey(None).quit_hint == EscapeKey(None).leave_hint == ""


@pytest.mark.parametrize("text", ["ab", "é", "\x03", "\x04", "\n", "\x0c", "\r", "\x00", "\x80"])
def test_a_key_that_cannot_serve_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="MOSH_ESCAPE_KEY"):
        parse_escape_key(text)


def test_the_help_is_wanted_between_the_two_keys() -> None:
    follower = EscapeKey(parse_escape_key(None))
    follower.feed(b"x" + CTRL_CARET)
    assert follower.waiting
    assert follower.help == 'Commands: Ctrl-Z suspends, "." quits, ^ gives literal Ctrl-^, "?" shows all'
    assert follower.quit_hint == " [To quit: Ctrl-^ .]"
    follower.feed(b"y")
    assert not follower.waiting


def test_all_commands_are_wanted_from_the_question_mark_to_the_next_key() -> None:
    follower = EscapeKey(parse_escape_key(None))
    follower.feed(CTRL_CARET + b"?")
    assert follower.explaining
    assert not follower.waiting
    keys = [line.split()[0] for line in follower.explanation[1:-1]]
    assert keys == [".", "Ctrl-Z", "d", "s", "[", "^"]
    follower.feed(b"x")
    assert not follower.explaining


@pytest.mark.parametrize(("key", "literal"), [("s", b"s"), ("\x13", b"s"), ("?", b"?"), ("\x7f", b"?")])
def test_a_key_that_sends_the_escape_key_itself_is_no_command_of_ours(key: str, literal: bytes) -> None:
    assert result_of([key.encode() + literal], key) == [key.encode()]
    follower = EscapeKey(parse_escape_key(key))
    assert ('"?" shows all' in follower.help) == (literal != b"?")
    assert any(line.startswith("  s       show") for line in follower.explanation) == (literal != b"s")


def test_detaching_is_offered_where_the_server_can() -> None:
    follower = EscapeKey(parse_escape_key(None))
    assert "  d       detach: not from this server, which keeps no session for later" in follower.explanation
    follower.detaches = True
    assert "  d       detach: leave, and let the session go on for mosh --attach" in follower.explanation


def test_paging_is_offered_where_the_server_keeps_history_and_the_key_is_free() -> None:
    follower = EscapeKey(parse_escape_key(None))
    assert "  [       not with this server, which keeps no history" in follower.explanation
    follower.pages = True
    assert "  [       page, search and copy what scrolled away" in follower.explanation
    assert follower.feed(CTRL_CARET + b"[") == [HISTORY]
    assert result_of([b"\x1b["], "\x1b") == [b"\x1b"]
    assert not any("page," in line for line in EscapeKey(parse_escape_key("\x1b")).explanation)


@pytest.mark.parametrize("detaches", [False, True])
@pytest.mark.parametrize("key", ["\x1e", "~", "\x7f", "\x01"])
def test_the_help_fits_a_terminal_of_80_columns(key: str, detaches: bool) -> None:
    follower = EscapeKey(parse_escape_key(key))
    follower.detaches = follower.pages = detaches
    assert max(len(line) for line in (follower.help, *follower.explanation)) <= 80


# --- ssh's, where mosh stands in for it


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ([b"~."], [QUIT]),
        ([b"ls\r", b"~", b"."], [b"ls\r", QUIT]),
        ([b"~\x1a"], [SUSPEND]),
        ([b"~~"], [b"~"]),
        ([b"~sam/"], [b"~sam/"]),
        ([b"~/bin\r"], [b"~/bin\r"]),
        ([b"cd ~."], [b"cd ~."]),
        ([b"~?", b"."], [QUIT]),
        ([b"~?", b"s"], [b"s"]),
        ([CTRL_CARET + b"."], [QUIT]),
        ([CTRL_CARET + b"s"], [LINK_DISPLAY]),
        ([b"a\r" + CTRL_CARET + b"~."], [b"a\r" + CTRL_CARET + b"~."]),
    ],
)
def test_the_escape_key_of_ssh_counts_beside_ours_and_has_the_commands_of_ssh(
    keys: list[bytes], expected: list[object]
) -> None:
    follower = EscapeKey(parse_escape_key(None), parse_ssh_escape_key("~"))
    assert [part for read in keys for part in follower.feed(read)] == expected


def test_nothing_shows_before_the_key_after_the_escape_key_of_ssh_is_typed() -> None:
    follower = EscapeKey(parse_escape_key(None), parse_ssh_escape_key("~"))
    follower.feed(b"~")
    assert (follower.waiting, follower.help) == (True, "")
    follower.feed(b"?")
    assert follower.explaining
    assert [line.split()[0] for line in follower.explanation[1:-1]] == [".", "Ctrl-Z", '"~"']
    follower.feed(b"x" + CTRL_CARET)
    assert follower.help.startswith("Commands: ")


def test_the_escape_key_of_ssh_serves_where_there_is_no_other() -> None:
    follower = EscapeKey(None, parse_ssh_escape_key("\x1d"))
    assert follower.feed(b"a\x1d.\r\x1d.") == [b"a\x1d.\r", QUIT]
    assert follower.quit_hint == ""


@pytest.mark.parametrize("text", [None, "", "none", "é", "\x00"])
def test_what_is_no_escape_key_of_ssh_is_passed_over(text: str | None) -> None:
    assert parse_ssh_escape_key(text) is None
