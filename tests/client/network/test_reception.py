"""Whether what the server sends can be shown, and what the user reads when it cannot."""

from __future__ import annotations

import pytest

from mosh_client.ipc.control import Report
from mosh_client.network.reception import OUR_FAULT, SERVERS_FAULT, UNUSABLE_TIMEOUT_MS, Reception
from mosh_common.sync.events import StateNotTaken
from mosh_common.terminal.cells import blank_snapshot
from mosh_common.wire.drop import DropReason

NOW = 5_000_000
BLANK, SCREEN = blank_snapshot(20, 4), blank_snapshot(20, 4)
OURS = StateNotTaken(DropReason.NOT_DIGESTED, "AttributeError at parser/stream.py:7")
THEIRS = StateNotTaken(DropReason.MALFORMED_DIFF, "no host message: s3cret")
OUR_WORDS = "cannot show what the server sends (AttributeError at parser/stream.py:7); please report this."
THEIR_WORDS = "cannot make sense of what the server sends (malformed diff); please report this."


@pytest.fixture
def reception() -> Reception:
    return Reception(BLANK)


def test_nothing_is_wrong_at_first(reception: Reception) -> None:
    assert (reception.words, reception.deadline(), reception.verdict(now=NOW)) == ("", None, None)


@pytest.mark.parametrize(
    ("event", "code", "words"), [(OURS, OUR_FAULT, OUR_WORDS), (THEIRS, SERVERS_FAULT, THEIR_WORDS)]
)
def test_a_session_that_never_showed_anything_ends_three_seconds_after_the_first_failure(
    reception: Reception, event: StateNotTaken, code: int, words: str
) -> None:
    reception.not_taken(event, now=NOW)
    reception.not_taken(event, now=NOW + 2000)
    assert reception.words == words
    assert reception.deadline() == NOW + UNUSABLE_TIMEOUT_MS
    assert reception.verdict(now=NOW + UNUSABLE_TIMEOUT_MS - 1) is None
    assert reception.verdict(now=NOW + UNUSABLE_TIMEOUT_MS) == Report(code, f"mosh-client: {words}")


def test_an_acknowledgement_that_shows_nothing_gives_no_more_time(reception: Reception) -> None:
    reception.not_taken(OURS, now=NOW)
    reception.taken(BLANK)
    assert (reception.words, reception.deadline()) == ("", None)
    reception.not_taken(OURS, now=NOW + 2500)
    assert reception.deadline() == NOW + UNUSABLE_TIMEOUT_MS


def test_once_something_was_shown_a_failure_is_only_said_as_long_as_it_holds(reception: Reception) -> None:
    reception.taken(SCREEN)
    reception.not_taken(OURS, now=NOW)
    assert reception.words == OUR_WORDS
    assert (reception.deadline(), reception.verdict(now=NOW + 10 * UNUSABLE_TIMEOUT_MS)) == (None, None)
    reception.taken(SCREEN)
    assert reception.words == ""
