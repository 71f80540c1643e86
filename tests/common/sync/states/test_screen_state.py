"""The server's screen as a synchronised object: diffs made on one side, executed on the other."""

from __future__ import annotations

from functools import partial

import pytest
from tests.support.pb import mosh_pb2

from mosh_common.errors import PeerError
from mosh_common.sync.states import screen_state
from mosh_common.sync.states.parts.notices import NoticesPart
from mosh_common.sync.states.parts.table import INITIAL, OURS, index_of
from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.terminal.cells import Snapshot, blank_snapshot, cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.diff import diff
from mosh_common.terminal.frame_diff.portions import BESIDE_OCTETS, portion
from mosh_common.wire import extensions, hostdiff
from mosh_common.wire.extensions import Features
from mosh_common.wire.hostdiff import Announcement, EchoAck, HostBytes, Notice, PartDiff, Resize


def shown(output: bytes, *, columns: int = 20, lines: int = 5, echo_ack: int = 0) -> ServerScreen:
    emulator = Emulator(columns, lines)
    emulator.feed(output)
    return ServerScreen(emulator.snapshot(), echo_ack)


def text(snapshot: Snapshot) -> list[str]:
    return [
        "".join(cell_text(row, column) or " " for column in range(snapshot.columns)).rstrip() for row in snapshot.rows
    ]


BLANK = ServerScreen(blank_snapshot(20, 5))


def test_both_ends_begin_blank_and_without_an_echo() -> None:
    client, server = ClientScreen.blank(20, 5), ServerScreen(blank_snapshot(20, 5))
    assert (client.echo_ack, server.echo_ack) == (0, 0)
    assert (client.ours, client.snapshot.lines) == (INITIAL, 5)


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


def with_ours(screen: ServerScreen = BLANK, **values: object) -> ServerScreen:
    """That screen, and of our parts what is given by the last word of their names."""
    ours = tuple([values.get(type(part).__name__.removesuffix("Part").lower(), part.initial) for part in OURS])
    return ServerScreen(screen.snapshot, screen.echo_ack, ours)


def told(screen: ClientScreen | ServerScreen, number: int) -> object:
    return screen.ours[index_of(number, OURS)]


def test_what_is_not_said_of_ours_leaves_upstreams_octets() -> None:
    new = shown(b"x", echo_ack=3)
    instructions = mosh_pb2.HostMessage.FromString(new.diff_from(BLANK)).instruction
    assert [[field.number for field, _ in each.ListFields()] for each in instructions] == [[7], [2]]


def test_ours_follow_what_is_upstreams() -> None:
    new = with_ours(shown(b"x", echo_ack=3), features=Features((64,)), announcement="a", notices=(Notice(1, "b"),))
    kinds = [type(event) for event in hostdiff.decode(new.diff_from(BLANK))]
    assert kinds == [EchoAck, HostBytes, Features, Announcement, Notice]


def test_what_the_server_has_is_said_once_and_kept() -> None:
    named = with_ours(features=Features((64, 66)))
    assert hostdiff.decode(named.diff_from(BLANK)) == [Features((64, 66))]
    assert named.looks_like(BLANK)
    assert named != BLANK
    later = with_ours(shown(b"x"), features=Features((64, 66)))
    assert [type(event) for event in hostdiff.decode(later.diff_from(named))] == [HostBytes]
    client = ClientScreen.blank(20, 5)
    assert told(client, extensions.FEATURES) is None
    client = client.apply(named.diff_from(BLANK)).apply(later.diff_from(named))
    assert told(client, extensions.FEATURES) == Features((64, 66))


def test_an_empty_set_of_features_is_said_too() -> None:
    client = ClientScreen.blank(20, 5).apply(with_ours(features=Features(())).diff_from(BLANK))
    assert told(client, extensions.FEATURES) == Features(())


def test_what_the_server_is_is_said_once_and_kept() -> None:
    named = with_ours(announcement="mosh-py 1")
    assert named != BLANK
    assert hostdiff.decode(named.diff_from(BLANK)) == [Announcement("mosh-py 1")]
    client = ClientScreen.blank(20, 5)
    assert told(client, extensions.ANNOUNCEMENT) == ""
    client = client.apply(named.diff_from(BLANK))
    later = with_ours(shown(b"x", echo_ack=3), announcement="mosh-py 1")
    assert not [event for event in hostdiff.decode(later.diff_from(named)) if isinstance(event, Announcement)]
    assert told(client.apply(later.diff_from(named)), extensions.ANNOUNCEMENT) == "mosh-py 1"


@pytest.mark.parametrize("status", [0, 1, 137, 255])
def test_how_the_program_ended_is_said_with_the_screen(status: int) -> None:
    first = shown(b"$ ")
    over = with_ours(shown(b"$ logout"), exitstatus=status)
    assert hostdiff.decode(over.diff_from(first))[-1] == PartDiff(extensions.EXIT_STATUS, bytes((status,)))
    client = ClientScreen.blank(20, 5).apply(first.diff_from(BLANK))
    assert told(client, extensions.EXIT_STATUS) is None
    client = client.apply(over.diff_from(first))
    assert told(client, extensions.EXIT_STATUS) == status
    assert text(client.snapshot)[0] == "$ logout"
    assert hostdiff.decode(with_ours(shown(b"$ x"), exitstatus=status).diff_from(over))[-1] != PartDiff(
        extensions.EXIT_STATUS, bytes((status,))
    )


def test_how_the_program_ended_alone_is_something_to_say_that_nobody_sees() -> None:
    over = with_ours(exitstatus=0)
    assert over != BLANK
    assert over.looks_like(BLANK)
    assert hostdiff.decode(over.diff_from(BLANK)) == [PartDiff(extensions.EXIT_STATUS, b"\x00")]


@pytest.mark.parametrize(("octets", "status"), [(b"", None), (b"\x07", 7), (b"\xffmore", 255)])
def test_of_how_the_program_ended_one_octet_counts(octets: bytes, status: int | None) -> None:
    diff = hostdiff.encode([PartDiff(extensions.EXIT_STATUS, octets)])
    assert told(ClientScreen.blank(20, 5).apply(diff), extensions.EXIT_STATUS) == status


def test_what_the_server_tells_the_user_is_said_kept_changed_and_taken_away() -> None:
    notices = (Notice(1, "it fails"), Notice(2, "too long"))
    first = with_ours(notices=notices)
    assert first != BLANK
    assert not first.looks_like(BLANK)
    assert hostdiff.decode(first.diff_from(BLANK)) == list(notices)
    client = ClientScreen.blank(20, 5).apply(first.diff_from(BLANK))
    assert told(client, extensions.NOTICE) == notices
    drawn = with_ours(shown(b"x"), notices=notices)
    assert told(client.apply(drawn.diff_from(first)), extensions.NOTICE) == notices
    changed = with_ours(notices=(Notice(2, "too long, too"),))
    assert hostdiff.decode(changed.diff_from(first)) == [Notice(1, ""), Notice(2, "too long, too")]
    assert told(client.apply(changed.diff_from(first)), extensions.NOTICE) == (Notice(2, "too long, too"),)
    assert told(client.apply(BLANK.diff_from(first)), extensions.NOTICE) == ()


def test_notices_reach_the_client_from_whichever_state_the_diff_starts() -> None:
    one = with_ours(notices=(Notice(1, "one"),))
    two = with_ours(notices=(Notice(2, "two"),))
    start = ClientScreen.blank(20, 5)
    both = (start.apply(two.diff_from(BLANK)), start.apply(one.diff_from(BLANK)).apply(two.diff_from(one)))
    assert [told(client, extensions.NOTICE) for client in both] == [(Notice(2, "two"),)] * 2


def test_a_part_that_nobody_knows_is_skipped() -> None:
    client = ClientScreen.blank(20, 5).apply(hostdiff.encode([PartDiff(4711, b"news"), HostBytes(b"x")]))
    assert text(client.snapshot)[0] == "x"
    assert client.ours == INITIAL


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
    emulator = Emulator(20, 5, frames=True)
    start = ClientScreen.begin_at(blank_snapshot(20, 5), emulator=emulator)
    start.apply(hostdiff.encode([HostBytes(b"\x1b[c\x1b[6n")]))
    assert emulator.replies() == b""


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


def test_the_echo_is_not_said_to_be_in_a_screen_that_one_frame_does_not_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = shown(b"x" * 100, echo_ack=9)
    assert screen.within_reach(BLANK) is screen
    monkeypatch.setattr(screen_state, "portion", partial(portion, limit=BESIDE_OCTETS + 1000))
    known = ServerScreen(BLANK.snapshot, 4)
    first = screen.within_reach(known)
    assert (first.echo_ack, first.ours) == (4, screen.ours)
    assert text(first.snapshot) == ["x" * 20, "x" * 20, "", "", ""]
    second = screen.within_reach(first)
    assert (second.echo_ack, text(second.snapshot)) == (4, ["x" * 20] * 4 + [""])
    assert screen.within_reach(second) is screen


def test_notices_that_say_the_same_look_alike() -> None:
    one, other = (with_ours(notices=(Notice(1, "".join(["a", "b"])),)) for _ in range(2))
    other = ServerScreen(one.snapshot, ours=other.ours)
    assert one.looks_like(other)
    assert not one.looks_like(with_ours(notices=(Notice(1, "c"),)))


def test_what_notices_weigh_is_the_most_that_their_characters_take() -> None:
    assert NoticesPart().weight((Notice(1, "ab"), Notice(2, "c"))) == 4 * 3
