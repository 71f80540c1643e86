"""What the server tells the user of itself."""

from __future__ import annotations

import pytest

from mosh_common.wire.hostdiff import NOTICE_LIMIT, Notice, NoticeKind
from mosh_server.output.notices import PASSING_MS, Notices

FAILS, CLIPBOARD = NoticeKind.OUTPUT_NOT_DIGESTED, NoticeKind.CLIPBOARD_NOT_SET
NOW = 1_000_000


@pytest.fixture
def notices() -> Notices:
    return Notices()


def test_nothing_is_said_at_first(notices: Notices) -> None:
    assert notices.current == ()
    assert notices.next_deadline() is None


def test_what_holds_is_said_by_kind_until_it_is_dropped(notices: Notices) -> None:
    notices.hold(CLIPBOARD, "too long")
    notices.hold(FAILS, "it fails")
    notices.hold(FAILS, "it fails again")
    both = notices.current
    assert both == (Notice(1, "it fails again"), Notice(2, "too long"))
    assert not notices.expire(now=NOW + 10 * PASSING_MS)
    notices.drop(FAILS)
    notices.drop(FAILS)
    assert notices.current == (Notice(2, "too long"),)


def test_what_passes_goes_by_itself(notices: Notices) -> None:
    notices.say(CLIPBOARD, "too long", now=NOW)
    notices.say(CLIPBOARD, "too long again", now=NOW + 1)
    assert notices.next_deadline() == NOW + 1 + PASSING_MS
    assert not notices.expire(now=NOW + PASSING_MS)
    assert notices.expire(now=NOW + 1 + PASSING_MS)
    assert notices.current == ()
    assert notices.next_deadline() is None


def test_what_holds_after_it_was_to_pass_stays(notices: Notices) -> None:
    notices.say(FAILS, "once", now=NOW)
    notices.hold(FAILS, "always")
    assert notices.next_deadline() is None
    assert not notices.expire(now=NOW + PASSING_MS)


def test_what_is_said_is_what_the_client_will_have(notices: Notices) -> None:
    notices.hold(FAILS, "\x1b" + "x" * NOTICE_LIMIT)
    assert notices.current == (Notice(1, "?" + "x" * (NOTICE_LIMIT - 1)),)
