"""What one renderer is told: what is new to it, once, in order."""

from __future__ import annotations

import pytest

from mosh_client.ipc.messages import Abilities, Exit, Frame, Link, Notice, Progress, ServerNotices, Statistics
from mosh_client.network.renderer_ledger import (
    ACKNOWLEDGED_REFRESH_MS,
    HEARD_REFRESH_MS,
    HEARD_WORTH_TELLING_MS,
    STATISTICS_INTERVAL_MS,
    Facts,
    RendererLedger,
)
from mosh_common.terminal.cells import blank_snapshot

NOW = 5_000_000
LINK = Link(last_heard=NOW, last_acknowledged=NOW, send_interval=20, port=60001)
QUIET = Facts(None, Progress(0), Notice("", False), ServerNotices(()), Abilities(False), LINK, over=False)
STATISTICS = Statistics(100, 0, 0, NOW, 1, 1, "")
SCREEN = blank_snapshot(8, 2)


def kinds(ledger: RendererLedger, facts: Facts, *, now: int = NOW) -> list[type]:
    return [type(message) for message in ledger.news(facts, lambda: STATISTICS, now=now)]


@pytest.fixture
def ledger() -> RendererLedger:
    """A renderer that was told of the link, and has been quiet since."""
    ledger = RendererLedger()
    assert kinds(ledger, QUIET) == [Link]
    return ledger


def test_everything_is_told_once_and_the_frame_first(ledger: RendererLedger) -> None:
    everything = QUIET._replace(
        snapshot=SCREEN,
        progress=Progress(1),
        notice=Notice("x", True),
        server_notices=ServerNotices(("y",)),
        abilities=Abilities(True),
        link=LINK._replace(port=60002),
        over=True,
    )
    assert kinds(ledger, everything) == [Frame, Progress, Notice, ServerNotices, Abilities, Link, Exit]
    assert kinds(ledger, everything) == []


def test_a_notice_is_taken_away_only_where_one_was_told(ledger: RendererLedger) -> None:
    assert kinds(ledger, QUIET) == []
    assert kinds(ledger, QUIET._replace(notice=Notice("x", True))) == [Notice]
    assert kinds(ledger, QUIET) == [Notice]


def test_a_link_that_is_only_newer_waits_until_it_must_be_told(ledger: RendererLedger) -> None:
    newer = LINK._replace(last_heard=NOW + HEARD_WORTH_TELLING_MS - 1)
    due = NOW + HEARD_REFRESH_MS
    assert ledger.next_deadline(LINK) is None
    assert ledger.next_deadline(newer) == due
    assert kinds(ledger, QUIET._replace(link=newer), now=due - 1) == []
    assert kinds(ledger, QUIET._replace(link=newer), now=due) == [Link]


def test_the_older_of_both_times_says_when(ledger: RendererLedger) -> None:
    told = LINK._replace(last_acknowledged=NOW + HEARD_REFRESH_MS - ACKNOWLEDGED_REFRESH_MS - 1)
    assert kinds(ledger, QUIET._replace(link=told._replace(port=1))) == [Link]
    assert ledger.next_deadline(told._replace(port=1, last_heard=NOW + 1)) == NOW + HEARD_REFRESH_MS - 1


def test_a_link_that_is_much_newer_goes_along_with_any_turn(ledger: RendererLedger) -> None:
    newer = LINK._replace(last_heard=NOW + HEARD_WORTH_TELLING_MS)
    assert kinds(ledger, QUIET._replace(link=newer)) == [Link]


def test_a_link_that_is_otherwise_is_due_at_once(ledger: RendererLedger) -> None:
    assert ledger.next_deadline(LINK._replace(send_interval=21)) == 0


def test_statistics_are_looked_at_once_a_second_while_they_are_watched(ledger: RendererLedger) -> None:
    assert kinds(ledger, QUIET) == []
    ledger.watch(True, now=NOW)
    assert kinds(ledger, QUIET) == [Statistics]
    due = NOW + STATISTICS_INTERVAL_MS
    assert ledger.next_deadline(LINK) == due
    assert ledger.news(QUIET, lambda: pytest.fail("looked at too soon"), now=due - 1) == []
    assert ledger.news(QUIET, lambda: STATISTICS, now=due) == []
    assert ledger.news(QUIET, lambda: STATISTICS._replace(sent_octets=2), now=due + STATISTICS_INTERVAL_MS) != []
    ledger.watch(False, now=NOW)
    assert ledger.next_deadline(LINK) is None


def test_a_clipboard_that_another_renderer_was_told_is_not_told_again() -> None:
    ledger = RendererLedger(clipboard="c;YWJj")
    [frame] = ledger.news(QUIET._replace(snapshot=SCREEN._replace(clipboard="c;YWJj")), lambda: STATISTICS, now=NOW)[:1]
    assert isinstance(frame, Frame)
    assert (frame.clipboard, ledger.clipboard) == (None, "c;YWJj")
