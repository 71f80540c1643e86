"""The answer to a typed character goes out at once; bursts of output are collected."""

from __future__ import annotations

import pytest

from mosh_common.protocol import COLLECTION_DELAY_SERVER_MS
from mosh_common.sync.pacing import Link, Pacing, Situation
from mosh_server.frame_pacing import ANSWER_DELAY_MS, ANSWER_OCTETS, ANSWER_WITHIN_MS, TYPED_OCTETS, FramePacing

NOW = 100_000


def situation(*, changed_at: int | None = NOW, last_sent_at: int = NOW - 1000) -> Situation:
    return Situation(
        link=Link(send_interval=20, rto=100, last_heard=NOW),
        last_sent_at=last_sent_at,
        changed_at=changed_at,
        assumed_is_current=False,
        acknowledged_is_current=False,
        doubted_at=None,
    )


def delay(pacing: FramePacing, **changes: int) -> int:
    """How long after the change the frame goes out."""
    at = pacing.next_send(situation(**changes), now=NOW).at
    assert at is not None
    return at - NOW


def after(typed: bytes, *printed: int, late: int = 0) -> FramePacing:
    pacing = FramePacing()
    pacing.typed(typed, now=NOW - late)
    for octets in printed:
        pacing.printed(octets, now=NOW)
    return pacing


@pytest.mark.parametrize("typed", [b"a", "ß".encode(), b"\x7f", b"\x08", b"x" * TYPED_OCTETS])
def test_the_answer_to_a_typed_character_goes_out_at_once(typed):
    assert delay(after(typed, 1)) == ANSWER_DELAY_MS


@pytest.mark.parametrize("typed", [b"\r", b"\x1b[A", b"\x03", b"ls\r", b"x" * (TYPED_OCTETS + 1)])
def test_what_brings_about_more_is_collected(typed):
    assert delay(after(typed, 1)) == COLLECTION_DELAY_SERVER_MS


def test_output_that_nobody_typed_for_is_collected():
    pacing = FramePacing()
    pacing.printed(1, now=NOW)
    assert delay(pacing) == COLLECTION_DELAY_SERVER_MS


def test_much_output_is_no_answer_to_a_character():
    assert delay(after(b"a", ANSWER_OCTETS)) == ANSWER_DELAY_MS
    assert delay(after(b"a", ANSWER_OCTETS + 1)) == COLLECTION_DELAY_SERVER_MS
    assert delay(after(b"a", ANSWER_OCTETS + 1, 1)) == COLLECTION_DELAY_SERVER_MS


def test_late_output_is_no_answer():
    assert delay(after(b"a", 1, late=ANSWER_WITHIN_MS)) == ANSWER_DELAY_MS
    assert delay(after(b"a", 1, late=ANSWER_WITHIN_MS + 1)) == COLLECTION_DELAY_SERVER_MS


def test_the_send_interval_is_kept():
    assert delay(after(b"a", 1), last_sent_at=NOW - 5) == 15


def test_without_a_change_upstream_s_rules_hold():
    unchanged = situation(changed_at=None)
    answering = after(b"a", 1)
    plain = Pacing(collection_delay_ms=COLLECTION_DELAY_SERVER_MS)
    assert answering.next_send(unchanged, now=NOW) == plain.next_send(unchanged, now=NOW)
