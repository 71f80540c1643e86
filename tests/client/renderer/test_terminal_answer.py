"""The terminal's answer is taken out of the user's keys, and delays none that anybody would notice."""

from __future__ import annotations

import pytest

from mosh_client.renderer.terminal_answer import (
    ANSWER_PATIENCE_MS,
    HOLD_ESCAPE_MS,
    HOLD_MS,
    QUESTION,
    TerminalAnswer,
)

NOW = 1_000_000
YES = b"\x1b[?2026;2$y"


def asked() -> TerminalAnswer:
    answer = TerminalAnswer()
    assert answer.ask(now=NOW) == QUESTION
    return answer


@pytest.mark.parametrize(
    ("value", "synchronizes"), [(b"0", False), (b"1", True), (b"2", True), (b"3", False), (b"4", False)]
)
def test_only_a_mode_that_can_be_switched_is_there(value: bytes, synchronizes: bool) -> None:
    answer = asked()
    assert answer.keys(b"\x1b[?2026;" + value + b"$y", now=NOW) == b""
    assert answer.synchronizes is synchronizes


def test_keys_around_the_answer_are_kept_in_order() -> None:
    answer = asked()
    assert answer.keys(b"ls" + YES + b"\r", now=NOW) == b"ls\r"
    assert answer.synchronizes


def test_the_first_keys_are_not_delayed() -> None:
    answer = asked()
    for key in (b"l", b"\x1b[A", b"\x1bOC", b"\x1bx", b"\x03", "é".encode()):
        assert answer.keys(key, now=NOW) == key
    assert answer.next_deadline() is None
    assert answer.synchronizes is None


@pytest.mark.parametrize("cut", range(1, len(YES)))
def test_an_answer_in_two_reads_is_taken_out(cut: int) -> None:
    answer = asked()
    assert answer.keys(b"a" + YES[:cut], now=NOW + 5) == b"a"
    deadline = answer.next_deadline()
    assert deadline is not None
    assert answer.keys(YES[cut:] + b"b", now=deadline - 1) == b"b"
    assert answer.synchronizes
    assert answer.next_deadline() is None


def test_an_answer_octet_by_octet_is_taken_out() -> None:
    answer = asked()
    assert b"".join(answer.keys(bytes((octet,)), now=NOW) for octet in YES) == b""
    assert answer.synchronizes


@pytest.mark.parametrize(("octets", "patience"), [(b"\x1b", HOLD_ESCAPE_MS), (b"\x1b[", HOLD_ESCAPE_MS)])
def test_an_escape_key_waits_for_no_longer_than_a_moment(octets: bytes, patience: int) -> None:
    answer = asked()
    assert answer.keys(octets, now=NOW + 5) == b""
    assert answer.next_deadline() == NOW + 5 + patience
    assert answer.keys(b"", now=NOW + 4 + patience) == b""
    assert answer.keys(b"", now=NOW + 5 + patience) == octets
    assert answer.next_deadline() is None


def test_an_escape_key_followed_by_another_waits_no_longer() -> None:
    answer = asked()
    assert answer.keys(b"\x1b", now=NOW) == b""
    assert answer.keys(b"x", now=NOW + 1) == b"\x1bx"


def test_after_a_while_escape_keys_are_not_held_back_but_a_late_answer_is_taken_out() -> None:
    answer = asked()
    late = NOW + ANSWER_PATIENCE_MS
    assert not answer.awaited(now=late)
    assert answer.keys(b"\x1b", now=late) == b"\x1b"
    assert answer.keys(YES[:5], now=late) == b""
    assert answer.next_deadline() == late + HOLD_MS
    assert answer.keys(YES[5:], now=late + 1) == b""
    assert answer.synchronizes


def test_once_answered_nothing_is_held_back() -> None:
    answer = asked()
    answer.keys(YES, now=NOW)
    assert answer.keys(b"\x1b", now=NOW) == b"\x1b"
    assert not answer.awaited(now=NOW)


def test_a_terminal_that_was_not_asked_is_not_listened_to() -> None:
    assert TerminalAnswer().keys(YES, now=NOW) == YES
