"""What the bar says, and when that changes."""

from __future__ import annotations

from typing import Any

import pytest

from mosh_client.ipc.messages import Link, Notice
from mosh_client.renderer.drawing.notice import BAR_STYLE, NoticeBoard, lay_bars
from mosh_common.terminal.cells import Style, blank_snapshot

START = 5_000_000
HINT = " [To quit: Ctrl-^ .]"


def board(**link: int | None) -> NoticeBoard:
    notices = NoticeBoard(quit_hint=HINT, now=START)
    facts: dict[str, Any] = {
        "last_heard": START,
        "last_acknowledged": START,
        "send_interval": 20,
        "port": 60001,
        **link,
    }
    notices.set_link(Link(**facts))
    return notices


def changes(notices: NoticeBoard, *, until: int) -> list[tuple[int, str]]:
    """Follow the deadlines and return each new text with its time after the start."""
    seen = [(0, notices.text(now=START))]
    now = START
    while True:
        deadline = notices.next_deadline(now=now)
        if deadline is None or deadline > START + until:
            return seen
        assert deadline > now
        now = deadline
        if notices.text(now=now) != seen[-1][1]:
            seen.append((now - START, notices.text(now=now)))


def test_a_connection_that_takes_longer_is_explained() -> None:
    text = f"mosh: Nothing received from server on UDP port 60001.{HINT}"
    assert changes(board(last_heard=None, last_acknowledged=None), until=20_000) == [(0, ""), (250, text)]


def test_silence_is_counted_in_seconds_and_after_a_minute_every_third() -> None:
    seen = changes(board(), until=67_000)
    assert seen[:3] == [
        (0, ""),
        (6500, f"mosh: Last contact 6 seconds ago.{HINT}"),
        (7000, f"mosh: Last contact 7 seconds ago.{HINT}"),
    ]
    assert seen[-5:] == [
        (58_000, f"mosh: Last contact 58 seconds ago.{HINT}"),
        (59_000, f"mosh: Last contact 59 seconds ago.{HINT}"),
        (60_000, f"mosh: Last contact 1:00 ago.{HINT}"),
        (63_000, f"mosh: Last contact 1:03 ago.{HINT}"),
        (66_000, f"mosh: Last contact 1:06 ago.{HINT}"),
    ]


def test_a_server_that_speaks_but_does_not_hear_us_is_told_apart() -> None:
    notices = board(last_heard=START + 9000)
    assert changes(notices, until=12_000) == [
        (0, ""),
        (10_000, f"mosh: Last reply 10 seconds ago.{HINT}"),
        (11_000, f"mosh: Last reply 11 seconds ago.{HINT}"),
        (12_000, f"mosh: Last reply 12 seconds ago.{HINT}"),
    ]


@pytest.mark.parametrize(
    ("silent_ms", "shown"),
    [(59_999, "59 seconds"), (60_000, "1:00"), (3_599_000, "59:57"), (3_600_000, "1:00:00"), (90_061_000, "25:01:00")],
)
def test_durations_are_shown_as_people_write_them(silent_ms: int, shown: str) -> None:
    assert board().text(now=START + silent_ms) == f"mosh: Last contact {shown} ago.{HINT}"


def test_being_heard_again_takes_the_bar_away() -> None:
    notices = board()
    now = START + 20_000
    assert notices.text(now=now)
    notices.set_link(Link(now, now, 20, 60001))
    assert notices.text(now=now) == ""


def test_a_passing_notice_goes_by_itself_and_a_lasting_one_when_taken_away() -> None:
    notices = board()
    notices.set_notice(Notice("hello", False), now=START)
    assert changes(notices, until=5000) == [(0, "mosh: hello"), (1000, "")]
    notices.set_notice(Notice("hello", True), now=START)
    assert changes(notices, until=5000) == [(0, "mosh: hello")]
    notices.set_notice(Notice("", False), now=START)
    assert notices.text(now=START) == ""


def test_a_network_error_during_silence_shows_both() -> None:
    notices = board()
    notices.set_notice(Notice("Cannot send: Network is unreachable.", True), now=START)
    assert (
        notices.text(now=START + 7000)
        == f"mosh: Cannot send: Network is unreachable. (last contact 7 seconds ago.){HINT}"
    )


def test_the_escape_keys_help_comes_before_everything() -> None:
    notices = board()
    notices.set_help("Commands: …")
    assert notices.text(now=START + 60_000) == "Commands: …"


def test_the_bar_covers_row_0_and_hides_the_cursor_there_only() -> None:
    screen = blank_snapshot(10, 3)
    covered = lay_bars(screen, ["mosh: hello, world"])
    text, letters, wrapped, clusters = covered.rows[0]
    assert (text, wrapped, clusters) == ("mosh: hell", False, {})
    assert {covered.palette.styles[ord(letter)] for letter in letters} == {BAR_STYLE}
    assert covered.rows[1:] == screen.rows[1:]
    assert not covered.modes.cursor_visible
    assert lay_bars(screen._replace(cursor_row=1), ["x"]).modes.cursor_visible


def test_a_bar_holds_only_characters_one_column_wide() -> None:
    assert lay_bars(blank_snapshot(6, 1), ["a漢e\u0301é"]).rows[0][0] == "a?e?é "
    assert lay_bars(blank_snapshot(6, 1), ["a\u1160b"]).rows[0][0] == "a?b   "  # no mark to Python; joins all the same


def test_a_full_palette_makes_the_bar_plain() -> None:
    screen = blank_snapshot(4, 1)
    while not screen.palette.full:
        screen.palette.letter(Style(fg=len(screen.palette.styles)))
    assert lay_bars(screen, ["abcd"]).rows[0][:2] == ("abcd", "\x00" * 4)
