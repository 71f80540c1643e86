"""Cursor keys reach the application in the form that it asked for."""

from __future__ import annotations

import pytest

from mosh_server.input.translation import HOLD_MS, CursorKeyTranslation


def typed(*reads: bytes, application: bool = False) -> bytes:
    """What the application gets for these reads, the last hold run out."""
    translation = CursorKeyTranslation()
    given = b"".join(translation.translate(read, application_cursor_keys=application, now=0) for read in reads)
    return given + translation.flush(now=HOLD_MS)


@pytest.mark.parametrize("letter", [b"A", b"B", b"C", b"D", b"H", b"F"])
def test_arrows_home_and_end_become_csi_for_an_application_in_normal_mode(letter: bytes) -> None:
    assert typed(b"\x1bO" + letter) == b"\x1b[" + letter
    assert typed(b"\x1b", b"O", letter) == b"\x1b[" + letter


@pytest.mark.parametrize("letter", [b"A", b"H", b"F"])
def test_they_stay_as_they_are_in_application_cursor_mode(letter: bytes) -> None:
    assert typed(b"\x1bO" + letter, application=True) == b"\x1bO" + letter


def test_other_ss3_keys_stay_as_they_are() -> None:
    assert typed(b"\x1bOP\x1bOE\x1bOG\x1bOM") == b"\x1bOP\x1bOE\x1bOG\x1bOM"


def test_arrows_within_other_input_are_found() -> None:
    assert typed(b"ab\x1bOAcd\x1bOO\x1bOD") == b"ab\x1b[Acd\x1bOO\x1b[D"


def test_an_arrow_split_at_any_place_is_the_same_arrow() -> None:
    whole = b"x\x1bOAy\x1bOBO\x1bOO\x1bOC\x1b\x1bOD\x1bOH\x1bO\x1bOFz"
    expected = typed(whole)
    for first in range(len(whole) + 1):
        for second in range(first, len(whole) + 1):
            assert typed(whole[:first], whole[first:second], whole[second:]) == expected


def test_octet_by_octet_is_the_same_in_both_modes() -> None:
    whole = b"\x1bOA\x1bOx\x1b\x1bOBOA\x1bOHOF"
    for application in (False, True):
        octets = [bytes([octet]) for octet in whole]
        assert typed(*octets, application=application) == typed(whole, application=application)


def test_the_escape_key_is_never_held_back() -> None:
    translation = CursorKeyTranslation()
    assert translation.translate(b"\x1b", application_cursor_keys=False, now=0) == b"\x1b"
    assert translation.next_deadline() is None


def test_a_lone_escape_o_is_passed_on_when_its_time_has_come() -> None:
    translation = CursorKeyTranslation()
    assert translation.translate(b"\x1bO", application_cursor_keys=False, now=1000) == b"\x1b"
    assert translation.next_deadline() == 1000 + HOLD_MS
    assert translation.flush(now=1000 + HOLD_MS - 1) == b""
    assert translation.flush(now=1000 + HOLD_MS) == b"O"
    assert translation.next_deadline() is None
    assert translation.translate(b"A", application_cursor_keys=False, now=1100) == b"A"


def test_a_held_o_is_given_out_with_what_follows_it() -> None:
    translation = CursorKeyTranslation()
    translation.translate(b"\x1bO", application_cursor_keys=False, now=0)
    assert translation.translate(b"x", application_cursor_keys=False, now=1) == b"Ox"
    assert translation.next_deadline() is None


def test_an_application_that_switches_between_the_octets_gets_the_form_it_asked_for_last() -> None:
    translation = CursorKeyTranslation()
    translation.translate(b"\x1bO", application_cursor_keys=False, now=0)
    assert translation.translate(b"A", application_cursor_keys=True, now=1) == b"OA"


def test_an_empty_read_changes_nothing() -> None:
    translation = CursorKeyTranslation()
    translation.translate(b"\x1bO", application_cursor_keys=False, now=0)
    assert translation.translate(b"", application_cursor_keys=False, now=1) == b""
    assert translation.next_deadline() == HOLD_MS
