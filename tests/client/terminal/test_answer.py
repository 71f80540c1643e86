"""The terminal's answer is taken out of the user's keys, and delays none that anybody would notice."""

from __future__ import annotations

import pytest

from mosh_client.terminal.answer import (
    ANSWER_PATIENCE_MS,
    HOLD_ESCAPE_MS,
    HOLD_MS,
    MODES_QUESTION,
    SHAPE_QUESTION,
    SYNCHRONIZED_QUESTION,
    TerminalAnswer,
)

NOW = 1_000_000
YES = b"\x1b[?2026;2$y"
MODES = b"\x1b[?1;2$y\x1b[?5;1$y\x1b[?7;1$y\x1b[?1004;0$y\x1b[?1007;1$y\x1b[?2004;4$y"
FOUND = {1: False, 5: True, 7: True, 1007: True}
BEAM = b"\x1bP1$r5 q\x1b\\"
ALL = BEAM + MODES + YES


def asked() -> TerminalAnswer:
    answer = TerminalAnswer()
    assert answer.ask(now=NOW) == SHAPE_QUESTION + MODES_QUESTION + SYNCHRONIZED_QUESTION
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


def test_an_answer_is_due_until_it_has_come_however_late_that_is() -> None:
    answer, late = TerminalAnswer(), NOW + 10 * ANSWER_PATIENCE_MS
    due = [answer.due]
    answer.ask(now=NOW)
    due.append(answer.due)
    answer.keys(ALL, now=late)
    due.append(answer.due)
    answer.expect_cursor(now=NOW)
    due.append(answer.due)
    answer.keys(b"\x1b[3;1R", now=late)
    due.append(answer.due)
    assert due == [False, True, False, True, False]


def test_once_answered_nothing_is_held_back() -> None:
    answer = asked()
    answer.keys(YES, now=NOW)
    assert answer.keys(b"\x1b", now=NOW) == b"\x1b"
    assert not answer.awaited(now=NOW)


def test_a_terminal_that_was_not_asked_is_not_listened_to() -> None:
    assert TerminalAnswer().keys(YES, now=NOW) == YES


# --- What is to be left as it was


def test_all_answers_are_taken_out_of_one_read() -> None:
    answer = asked()
    assert answer.keys(b"l" + BEAM + b"s" + MODES + YES + b"\r", now=NOW) == b"ls\r"
    assert (answer.cursor_shape, answer.modes, answer.synchronizes) == (5, FOUND, True)


@pytest.mark.parametrize("cut", range(1, len(ALL)))
def test_all_answers_in_two_reads_are_taken_out(cut: int) -> None:
    answer = asked()
    assert answer.keys(b"a" + ALL[:cut], now=NOW + 5) == b"a"
    assert answer.keys(ALL[cut:] + b"b", now=NOW + 6) == b"b"
    assert (answer.cursor_shape, answer.modes, answer.synchronizes) == (5, FOUND, True)
    assert answer.next_deadline() is None


def test_all_answers_octet_by_octet_are_taken_out() -> None:
    answer = asked()
    assert b"".join(answer.keys(bytes((octet,)), now=NOW) for octet in ALL) == b""
    assert (answer.cursor_shape, answer.modes, answer.synchronizes) == (5, FOUND, True)


@pytest.mark.parametrize(
    ("answered", "expected"),
    [
        (b"\x1b[?1007;0$y", (None, {})),
        (b"\x1b[?1007;1$y", (None, {1007: True})),
        (b"\x1b[?1007;2$y", (None, {1007: False})),
        (b"\x1b[?1007;4$y", (None, {})),
        (b"\x1bP1$r q\x1b\\", (None, {})),
        (b"\x1bP1$r0 q\x1b\\", (0, {})),
        (b"\x1bP1$r6 q\x1b\\", (6, {})),
        (b"\x1bP1$r7 q\x1b\\", (None, {})),
        (b"\x1bP0$r\x1b\\", (None, {})),
        (b"\x1bP0$r q\x1b\\", (None, {})),
    ],
)
def test_only_an_answer_that_can_be_is_believed_and_any_is_taken_out(
    answered: bytes, expected: tuple[int | None, dict[int, bool]]
) -> None:
    answer = asked()
    assert answer.keys(answered, now=NOW) == b""
    assert (answer.cursor_shape, answer.modes) == expected


def test_a_terminal_that_knows_only_synchronized_updates_is_waited_for_no_longer() -> None:
    answer = asked()
    answer.keys(YES, now=NOW)
    assert not answer.awaited(now=NOW)
    assert answer.keys(b"\x1bP", now=NOW) == b"\x1bP"


def test_alt_shift_p_waits_for_no_longer_than_a_moment_and_only_at_first() -> None:
    answer = asked()
    assert answer.keys(b"\x1bP", now=NOW) == b""
    assert answer.next_deadline() == NOW + HOLD_ESCAPE_MS
    assert answer.keys(b"", now=NOW + HOLD_ESCAPE_MS) == b"\x1bP"
    assert answer.keys(b"\x1bP", now=NOW + ANSWER_PATIENCE_MS) == b"\x1bP"


def test_after_a_stop_what_may_have_changed_is_asked_again() -> None:
    answer = asked()
    answer.keys(ALL, now=NOW)
    assert answer.ask(now=NOW + 5000) == SHAPE_QUESTION + MODES_QUESTION
    assert answer.awaited(now=NOW + 5000) is True
    assert answer.keys(b"\x1bP1$r2 q\x1b\\x\x1b[?1007;2$y\x1b[?2004;1$y", now=NOW + 5001) == b"x"
    assert (answer.cursor_shape, answer.modes, answer.synchronizes) == (2, {1007: False, 2004: True}, True)
    assert not answer.awaited(now=NOW + 5001)


def test_a_terminal_that_did_not_answer_is_not_asked_again() -> None:
    answer = asked()
    assert answer.ask(now=NOW + 5000) == b""
    assert not answer.awaited(now=NOW + 5000)


def test_what_is_not_wanted_is_not_asked() -> None:
    assert TerminalAnswer().ask(now=NOW, shape=False) == MODES_QUESTION + SYNCHRONIZED_QUESTION
    assert TerminalAnswer().ask(now=NOW, state=False) == SYNCHRONIZED_QUESTION
    silent = TerminalAnswer()
    assert silent.ask(now=NOW, state=False, synchronized=False) == b""
    assert not silent.awaited(now=NOW)
    assert silent.keys(YES, now=NOW) == YES


def test_an_answer_to_what_was_not_asked_is_not_ours() -> None:
    assert asked().keys(b"\x1b[?69;1$y", now=NOW) == b"\x1b[?69;1$y"


def expecting(count: int = 1) -> TerminalAnswer:
    answer = TerminalAnswer()
    for _ in range(count):
        answer.expect_cursor(now=NOW)
    return answer


def test_a_report_of_the_cursor_is_no_key() -> None:
    answer = expecting()
    assert answer.keys(b"a\x1b[12;1Rb", now=NOW) == b"ab"
    assert answer.take_cursor_row() == 11
    assert answer.take_cursor_row() is None


def test_of_several_reports_the_last_one_counts() -> None:
    answer = expecting(2)
    assert answer.keys(b"\x1b[12;1R", now=NOW) == b""
    assert answer.take_cursor_row() is None
    assert answer.keys(b"\x1b[9;1R", now=NOW) == b""
    assert answer.take_cursor_row() == 8


def test_a_report_that_nobody_waits_for_is_a_key() -> None:
    assert TerminalAnswer().keys(b"\x1b[1;2R", now=NOW) == b"\x1b[1;2R"
    answer = expecting()
    assert answer.keys(b"\x1b[3;1R\x1b[1;2R", now=NOW) == b"\x1b[1;2R"


def test_a_report_may_come_in_two_reads() -> None:
    answer = expecting()
    assert answer.keys(b"x\x1b[1", now=NOW) == b"x"
    assert answer.keys(b"7;80R", now=NOW + 1) == b""
    assert answer.take_cursor_row() == 16


def test_the_escape_key_waits_for_a_report_only_while_one_is_due() -> None:
    answer = expecting()
    assert answer.keys(b"\x1b", now=NOW) == b""
    assert answer.keys(b"", now=NOW + HOLD_MS) == b"\x1b"
    assert answer.keys(b"\x1b", now=NOW + ANSWER_PATIENCE_MS) == b"\x1b"
