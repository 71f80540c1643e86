"""The server's screen as a synchronised object: diffs made on one side, executed on the other."""

from __future__ import annotations

import pytest

from mosh_common.errors import PeerError
from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.terminal.cells import Snapshot, blank_snapshot, cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.wire import hostdiff
from mosh_common.wire.hostdiff import Announcement, EchoAck, HostBytes, Notice, Resize


def shown(output: bytes, *, columns: int = 20, lines: int = 5, echo_ack: int = 0) -> ServerScreen:
    emulator = Emulator(columns, lines)
    emulator.feed(output)
    return ServerScreen(emulator.snapshot(), echo_ack)


def text(snapshot: Snapshot) -> list[str]:
    return [
        "".join(cell_text(row, column) or " " for column in range(snapshot.columns)).rstrip() for row in snapshot.rows
    ]


BLANK = ServerScreen(blank_snapshot(20, 5))


def test_a_diff_turns_the_clients_screen_into_the_servers() -> None:
    first, second = shown(b"one\r\ntwo"), shown(b"one\r\n\x1b[31mthree", echo_ack=4)
    client = ClientScreen.blank(20, 5).apply(first.diff_from(BLANK))
    assert text(client.snapshot)[:3] == ["one", "two", ""]
    client = client.apply(second.diff_from(first))
    assert diff(client.snapshot, second.snapshot) == b""
    assert client.echo_ack == 4


def test_the_parts_of_a_diff_come_in_upstreams_order() -> None:
    new = shown(b"x", columns=30, lines=6, echo_ack=9)
    events = hostdiff.decode(new.diff_from(BLANK))
    assert events[:2] == [EchoAck(9), Resize(30, 6)]
    assert isinstance(events[2], HostBytes)
    assert len(events) == 3


def test_an_echo_ack_alone_is_something_to_say() -> None:
    screen = shown(b"x")
    known = ServerScreen(screen.snapshot, 1)
    assert hostdiff.decode(ServerScreen(screen.snapshot, 2).diff_from(known)) == [EchoAck(2)]


def test_what_the_server_is_is_said_once_and_kept() -> None:
    named = ServerScreen(BLANK.snapshot, 0, "mosh-py 1")
    assert named != BLANK
    assert hostdiff.decode(named.diff_from(BLANK)) == [Announcement("mosh-py 1")]
    client = ClientScreen.blank(20, 5)
    assert client.program == ""
    client = client.apply(named.diff_from(BLANK))
    emulator = Emulator(20, 5)
    emulator.feed(b"x")
    later = ServerScreen(emulator.snapshot(), 3, "mosh-py 1")
    assert not [event for event in hostdiff.decode(later.diff_from(named)) if isinstance(event, Announcement)]
    assert client.apply(later.diff_from(named)).program == "mosh-py 1"


def test_what_the_server_tells_the_user_is_said_kept_changed_and_taken_away() -> None:
    told = ServerScreen(BLANK.snapshot, 0, "", (Notice(1, "it fails"), Notice(2, "too long")))
    assert told != BLANK
    assert not told.looks_like(BLANK)
    assert hostdiff.decode(told.diff_from(BLANK)) == list(told.notices)
    client = ClientScreen.blank(20, 5).apply(told.diff_from(BLANK))
    assert client.notices == told.notices
    emulator = Emulator(20, 5)
    emulator.feed(b"x")
    drawn = ServerScreen(emulator.snapshot(), 0, "", told.notices)
    assert client.apply(drawn.diff_from(told)).notices == told.notices
    changed = ServerScreen(BLANK.snapshot, 0, "", (Notice(2, "too long, too"),))
    assert hostdiff.decode(changed.diff_from(told)) == [Notice(1, ""), Notice(2, "too long, too")]
    assert client.apply(changed.diff_from(told)).notices == changed.notices
    assert client.apply(BLANK.diff_from(told)).notices == ()


def test_notices_reach_the_client_from_whichever_state_the_diff_starts() -> None:
    one = ServerScreen(BLANK.snapshot, 0, "", (Notice(1, "one"),))
    two = ServerScreen(BLANK.snapshot, 0, "", (Notice(2, "two"),))
    start = ClientScreen.blank(20, 5)
    assert start.apply(two.diff_from(BLANK)).notices == two.notices
    assert start.apply(one.diff_from(BLANK)).apply(two.diff_from(one)).notices == two.notices


def test_equal_screens_have_nothing_to_say() -> None:
    screen = shown(b"x")
    assert screen == ServerScreen(screen.snapshot, 0)
    assert screen != ServerScreen(screen.snapshot, 1)
    assert screen != shown(b"y")
    assert shown(b"x").diff_from(shown(b"x")) == b""


def test_a_diff_is_executed_on_the_screen_that_it_starts_from_whatever_was_shown_since() -> None:
    one, two, three = shown(b"one"), shown(b"one\r\ntwo"), shown(b"one\r\nthree")
    start = ClientScreen.blank(20, 5).apply(one.diff_from(BLANK))
    newer = start.apply(two.diff_from(one))
    late = start.apply(three.diff_from(one))
    assert text(newer.snapshot)[:2] == ["one", "two"]
    assert text(late.snapshot)[:2] == ["one", "three"]
    assert text(newer.apply(three.diff_from(two)).snapshot)[:2] == ["one", "three"]


def test_an_echo_ack_leaves_the_very_screen() -> None:
    start = ClientScreen.blank(20, 5)
    after = start.apply(hostdiff.encode([EchoAck(3)]))
    assert after.snapshot is start.snapshot
    assert (after.echo_ack, after.weight) == (3, 0)


def test_a_diff_that_ends_within_a_sequence_does_not_spoil_the_next() -> None:
    start = ClientScreen.blank(20, 5)
    cut = start.apply(hostdiff.encode([HostBytes(b"a\x1b[3")]))
    assert text(cut.apply(hostdiff.encode([HostBytes(b"1mb")])).snapshot)[0] == "a1mb"


def test_margins_left_behind_do_not_spoil_the_next_diff() -> None:
    start = ClientScreen.blank(20, 5).apply(hostdiff.encode([HostBytes(b"\x1b[2;3rone\r\ntwo\r\nthree")]))
    assert text(start.apply(hostdiff.encode([HostBytes(b"\r\nfour")])).snapshot)[3] == "four"


def test_questions_in_a_diff_are_not_answered() -> None:
    start = ClientScreen.blank(20, 5)
    start.apply(hostdiff.encode([HostBytes(b"\x1b[c\x1b[6n")]))
    assert start._emulator.replies() == b""


def test_a_new_size_reaches_the_client() -> None:
    small, large = shown(b"x"), shown(b"x", columns=40, lines=10)
    client = ClientScreen.blank(20, 5).apply(small.diff_from(BLANK)).apply(large.diff_from(small))
    assert (client.snapshot.columns, client.snapshot.lines) == (40, 10)
    assert diff(client.snapshot, large.snapshot) == b""


@pytest.mark.parametrize("message", [b"\xff", hostdiff.encode([Resize(0, 5)])])
def test_a_malformed_diff_is_the_peers_fault_and_changes_nothing(message: bytes) -> None:
    start = ClientScreen.blank(20, 5)
    with pytest.raises(PeerError):
        start.apply(message)
    assert text(start.apply(shown(b"x").diff_from(BLANK)).snapshot)[0] == "x"


def test_a_screen_weighs_what_its_cells_may_cost() -> None:
    one = ClientScreen.blank(20, 5).apply(shown(b"x").diff_from(BLANK))
    large = ClientScreen.blank(200, 50).apply(shown(b"x", columns=200, lines=50).diff_from(BLANK))
    assert 0 < one.weight < large.weight


def test_what_no_frame_holds_is_counted_on_the_way_to_each_state() -> None:
    one = ClientScreen.blank(20, 5).apply(hostdiff.encode([HostBytes(b"a\x1b[c\x1b[6nb")]))
    assert (text(one.snapshot)[0], one.skipped) == ("ab", 2)
    assert one.apply(hostdiff.encode([EchoAck(1)])).skipped == 2
    assert one.apply(hostdiff.encode([HostBytes(b"\x1b[?1049h")])).skipped == 3
    assert one.apply(hostdiff.encode([HostBytes(b"x")])).skipped == 2


def test_a_palette_that_a_state_does_not_share_weighs_too() -> None:
    start = ClientScreen.blank(20, 5).apply(shown(b"x").diff_from(BLANK))
    colours = b"".join(b"\x1b[38;2;%d;%d;1mx\r" % (number >> 8, number & 255) for number in range(2000))
    diff = hostdiff.encode([HostBytes(colours)])
    another = start.apply(diff)
    assert another.snapshot.palette is not start.snapshot.palette
    assert another.weight > len(diff) + 8 * 20 * 5 + 100 * len(another.snapshot.palette.styles) - 1
