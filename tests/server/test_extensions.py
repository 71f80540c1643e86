"""What the server says of ours, and to whom."""

from __future__ import annotations

import pytest
from tests.support.parts import notices_of, part_of

from mosh_common.sync.states.parts.table import INITIAL
from mosh_common.terminal.cells import blank_snapshot
from mosh_common.version import PROGRAM
from mosh_common.wire.extensions import ANNOUNCEMENT, FEATURES, NOTICE, OUR_FEATURES, Features
from mosh_common.wire.hostdiff import Notice
from mosh_common.wire.userdiff import Request
from mosh_server.extensions import Extensions

BLANK = blank_snapshot(20, 5)
NOTICES = (Notice(1, "it fails"),)
ASKED = 200


def named(*numbers: int, features: frozenset[int] = OUR_FEATURES) -> Extensions:
    extensions = Extensions(features=features)
    extensions.receive(Features(numbers), first=True, now=0)
    return extensions


def test_nothing_is_said_before_the_client_named_itself() -> None:
    extensions = Extensions()
    assert extensions.screen(BLANK, 0, notices=NOTICES).ours == INITIAL
    assert extensions.receive(Features((NOTICE,)), first=True, now=0)
    screen = extensions.screen(BLANK, 0, notices=NOTICES)
    assert part_of(screen, FEATURES) == Features(tuple(sorted(OUR_FEATURES)))
    assert part_of(screen, ANNOUNCEMENT) == ""
    assert notices_of(screen) == NOTICES


def test_who_has_no_feature_learns_what_the_server_has() -> None:
    screen = named().screen(BLANK, 0, notices=NOTICES)
    assert part_of(screen, FEATURES) == Features(tuple(sorted(OUR_FEATURES)))
    assert (part_of(screen, ANNOUNCEMENT), notices_of(screen)) == ("", ())


def test_what_did_not_change_is_the_same_object() -> None:
    extensions = named(*OUR_FEATURES)
    first, second = (extensions.screen(BLANK, number, notices=(Notice(1, "it fails"),)) for number in (1, 2))
    assert first.ours is second.ours
    assert part_of(first, ANNOUNCEMENT) == PROGRAM


@pytest.mark.parametrize("first", [True, False])
def test_a_client_names_itself_once_and_first(first: bool) -> None:
    extensions = named(NOTICE) if first else Extensions()
    before = extensions.common
    assert not extensions.receive(Features(tuple(OUR_FEATURES)), first=first, now=0)
    assert extensions.common == before
    assert extensions.dropped == 1


@pytest.mark.parametrize(
    ("client", "server", "handled"),
    [
        ({ASKED}, {ASKED}, True),
        ({ASKED}, set(), False),
        (set(), {ASKED}, False),
        ({ASKED, ASKED + 1}, {ASKED + 1}, False),
    ],
)
def test_a_request_is_handed_on_if_both_have_its_feature(client: set[int], server: set[int], handled: bool) -> None:
    taken: list[tuple[bytes, int]] = []
    extensions = Extensions(
        features=frozenset(server), handlers={ASKED: lambda payload, *, now: taken.append((payload, now))}
    )
    extensions.receive(Features(tuple(sorted(client))), first=True, now=0)
    extensions.receive(Request(ASKED, b"?"), first=True, now=7)
    assert taken == ([(b"?", 7)] if handled else [])
    assert extensions.dropped == (not handled)


def test_a_request_that_nobody_handles_is_counted() -> None:
    extensions = named(ASKED, features=frozenset({ASKED}))
    extensions.receive(Request(ASKED, b"?"), first=False, now=0)
    assert extensions.dropped == 1
