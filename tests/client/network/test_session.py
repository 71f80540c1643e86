"""The network process's policy, against a real server's transport in simulated time."""

from __future__ import annotations

import errno
import itertools
from typing import Any, TypeAlias

import pytest
from tests.support.simulation import Conditions
from tests.support.world import KEY, BareServer, OurClient, Pair, entropy

from mosh_client.ipc.control import BY_SIGNAL, BY_USER, Report
from mosh_client.ipc.frames import FrameDecoder
from mosh_client.ipc.messages import (
    Exit,
    Frame,
    Hello,
    Input,
    Link,
    Notice,
    Progress,
    Quit,
    Resize,
    ServerNotices,
    Statistics,
    Watch,
)
from mosh_client.network.reception import SERVERS_FAULT, UNREACHABLE, UNUSABLE_TIMEOUT_MS
from mosh_client.network.renderer_ledger import STATISTICS_INTERVAL_MS
from mosh_client.network.session import Session
from mosh_client.renderer.drawing.notice import NoticeBoard
from mosh_common.address import Address
from mosh_common.protocol import BLOCK_LIMIT, PROTOCOL_VERSION, SHUTDOWN_NUMBER
from mosh_common.silence import CONNECT_TIMEOUT_MS, HEARTBEAT_LATE_MS
from mosh_common.sync.events import PeerShutdown, ShutdownDone
from mosh_common.sync.path.endpoint import Endpoint
from mosh_common.sync.states import screen_state
from mosh_common.sync.states.screen_state import ServerScreen
from mosh_common.terminal.cells import Snapshot, cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff import diff as display
from mosh_common.wire import hostdiff
from mosh_common.wire.extensions import Features
from mosh_common.wire.fragment import Fragment
from mosh_common.wire.instruction import Instruction

DELAY_MS = 30


MessageType: TypeAlias = type  # in World, `type` is what types


class World(Pair):
    """A client's session with its renderer's ears, and a server's transport, with a network that can be cut."""

    def __init__(self, columns: int = 20, lines: int = 4) -> None:
        self.client = OurClient(columns=columns, lines=lines, entropy=entropy("client"))
        self.server = BareServer(columns=columns, lines=lines, entropy=entropy("server"))
        super().__init__(self.client, self.server, conditions=Conditions(delay=DELAY_MS))
        self.session, self.log, self.messages = self.client.session, self.client.log, self.client.messages
        self.emulator, self.server_events = self.server.emulator, self.server.seen
        self.echo_ack = 0
        self.program = ""  # what the server says that it is
        self.notices: tuple[hostdiff.Notice, ...] = ()  # what it tells the user

    # --- what a test does

    def show(self, output: str) -> None:
        self.emulator.feed(output.encode())
        self._update_server()

    def echo(self) -> None:
        """Acknowledge the echo of all input that the server got."""
        self.echo_ack = self.server.received.number
        self._update_server()

    def type(self, batch: int, data: bytes) -> None:
        self.session.receive_message(Input(batch, data), now=self.now)

    @property
    def cut(self) -> bool:
        """Whether the network carries nothing."""
        return not self.connected

    @cut.setter
    def cut(self, cut: bool) -> None:
        self.connected = not cut

    @property
    def renderer_reads(self) -> bool:
        return self.client.renderer_reads

    @renderer_reads.setter
    def renderer_reads(self, reads: bool) -> None:
        self.client.renderer_reads = reads

    # --- what it asks

    @property
    def over(self) -> bool:
        return self.client.left

    @property
    def keys(self) -> bytes:
        """What the server got."""
        return self.server.given

    @property
    def size(self) -> tuple[int, int] | None:
        return self.server.size

    def told(self, kind: MessageType) -> list[Any]:
        return [message for message in self.messages if isinstance(message, kind)]

    def screen(self) -> Snapshot:
        """What a renderer that was there from the start has."""
        decoder = FrameDecoder()
        return [decoder.apply(frame) for frame in self.told(Frame)][-1]

    def _update_server(self) -> None:
        ours = (Features(()), self.program, self.notices, None, None, None)
        screen = ServerScreen(self.emulator.snapshot(), self.echo_ack, ours)
        self.server.set_local_state(screen, now=self.now)


@pytest.fixture
def world() -> World:
    world = World()
    world.run(200)
    return world


def text(snapshot: Snapshot, row: int = 0) -> str:
    return "".join(cell_text(snapshot.rows[row], column) or " " for column in range(snapshot.columns)).rstrip()


def test_the_server_learns_the_size_first_and_then_the_keys() -> None:
    world = World(132, 40)
    world.run(100)
    assert world.size == (132, 40)
    world.type(1, b"ls\r")
    world.run(100)
    assert world.keys == b"ls\r"


def test_the_renderer_is_told_what_the_server_shows(world: World) -> None:
    world.show("hello")
    world.run(300)
    assert text(world.screen()) == "hello"
    known = len(world.told(Frame))
    world.show("\r\nworld")
    world.run(300)
    assert text(world.screen(), 1) == "world"
    assert [frame.whole for frame in world.told(Frame)[known:]] == [False]


def test_nothing_is_drawn_before_the_server_was_heard() -> None:
    world = World()
    world.cut = True
    world.run(1000)
    assert world.told(Frame) == []
    assert world.told(Link)[-1].last_heard is None


def test_a_renderer_that_does_not_read_gets_the_newest_frame_only(world: World) -> None:
    world.renderer_reads = False
    before = len(world.told(Frame))
    for number in range(10):
        world.show(f"\r{number}")
        world.run(300)
    world.renderer_reads = True
    world.run(1)
    assert len(world.told(Frame)) == before + 1
    assert text(world.screen()) == "9"


def test_a_batch_is_reported_when_it_is_echoed_and_not_before(world: World) -> None:
    world.messages.clear()
    world.type(1, b"a")
    world.run(200)
    assert not world.told(Progress)
    world.echo()
    world.run(300)
    assert world.told(Progress) == [Progress(1)]


def test_batches_behind_an_echo_are_not_echoed_yet(world: World) -> None:
    world.type(1, b"a")
    world.run(200)
    world.echo()
    world.type(2, b"b")
    world.type(3, b"c")
    world.run(400)
    assert world.told(Progress)[-1] == Progress(1)
    world.echo()
    world.run(400)
    assert world.told(Progress)[-1] == Progress(3)


def test_progress_never_goes_back(world: World) -> None:
    for batch in range(1, 30):
        world.type(batch, b"x")
        world.run(40)
        if batch % 3 == 0:
            world.echo()
    world.echo()
    world.run(1000)
    seen = world.told(Progress)
    assert seen[-1] == Progress(29)
    for before, after in itertools.pairwise(seen):
        assert all(old <= new for old, new in zip(before, after, strict=True))


def test_a_frame_comes_before_the_progress_that_belongs_to_it(world: World) -> None:
    world.type(1, b"a")
    world.run(200)
    world.messages.clear()
    world.show("a")
    world.echo()
    world.run(300)
    order = [type(message) for message in world.messages]
    echoed = next(
        index
        for index, message in enumerate(world.messages)
        if isinstance(message, Progress) and message.echo_acknowledged == 1
    )
    assert order.index(Frame) < echoed


def test_another_renderer_is_told_everything_and_counts_its_own_batches(world: World) -> None:
    world.show("hello")
    world.type(1, b"a")
    world.type(2, b"b")
    world.run(300)
    world.session.detach_renderer()
    world.run(100)
    world.messages.clear()
    world.session.attach_renderer(Hello(30, 5), now=world.now)
    world.type(1, b"c")
    world.run(300)
    world.echo()
    world.run(300)
    assert world.keys == b"abc"
    assert world.size == (30, 5)
    assert world.told(Frame)[0].whole
    assert text(world.screen()) == "hello"
    assert world.told(Progress)[-1] == Progress(1)


def test_another_renderer_does_not_set_an_old_clipboard_again(world: World) -> None:
    world.show("\x1b]52;c;YWJj\x07")
    world.run(300)
    assert [each.clipboard for each in world.told(Frame) if each.clipboard] == ["c;YWJj"]
    world.session.detach_renderer()
    world.run(100)
    world.messages.clear()
    world.session.attach_renderer(Hello(30, 5), now=world.now)
    world.run(300)
    assert [each.clipboard for each in world.told(Frame)] == [None] * len(world.told(Frame))
    world.session.detach_renderer()
    world.show("\x1b]52;c;ZGVm\x07")  # set while nobody could be told
    world.run(300)
    world.session.attach_renderer(Hello(20, 4), now=world.now)
    world.run(300)
    assert world.told(Frame)[-1].clipboard == "c;ZGVm"


def test_an_idle_session_wakes_the_renderer_rarely(world: World) -> None:
    world.run(10_000)
    world.messages.clear()
    world.run(60_000)
    assert {type(message) for message in world.messages} == {Link}
    assert len(world.messages) <= 60_000 // 4000  # the server speaks every 3 s


def test_an_idle_session_shows_no_bar(world: World) -> None:
    notices = NoticeBoard(quit_hint="", now=world.now)
    for _ in range(600):
        world.run(100)
        for link in world.told(Link):
            notices.set_link(link)
        world.messages.clear()
        deadline = notices.next_deadline(now=world.now)
        assert notices.text(now=world.now) == ""
        assert deadline is not None
        assert deadline > world.now


def test_a_renderer_that_is_full_sets_no_deadline(world: World) -> None:
    world.run(10_000)
    world.renderer_reads = False
    world.run(20_000)
    deadline = world.session.next_deadline(now=world.now, renderer_ready=False)
    assert deadline is not None
    assert deadline > world.now


def test_the_renderer_knows_of_silence_before_it_has_to_show_it(world: World) -> None:
    world.run(20_000)
    world.cut = True
    world.run(6000)
    heard = world.session._transport.contact.last_heard  # the fact itself, not what was told of it
    assert world.told(Link)[-1].last_heard == heard


def test_no_answer_within_15_seconds_ends_it_with_the_firewall_hint() -> None:
    world = World()
    world.cut = True
    world.run(CONNECT_TIMEOUT_MS - 1)
    outcome = world.session.outcome
    assert outcome is None
    world.run(1)
    outcome = world.session.outcome
    assert outcome is not None
    assert outcome.code == UNREACHABLE
    assert outcome.message.startswith("mosh did not make a successful connection to 192.0.2.1:60001.")
    assert "60001 is not firewalled" in outcome.message


def test_a_resize_reaches_the_server_once(world: World) -> None:
    world.session.receive_message(Resize(50, 10), now=world.now)
    sent = world.session._stream.position
    world.session.receive_message(Resize(50, 10), now=world.now)
    world.run(200)
    assert world.size == (50, 10)
    assert world.session._stream.position == sent


def test_quitting_tells_the_server_and_then_the_renderer(world: World) -> None:
    world.session.receive_message(Quit(by_user=True), now=world.now)
    world.run(1000)
    assert world.session.outcome == BY_USER
    assert any(isinstance(event, PeerShutdown) for event in world.server_events)
    assert isinstance(world.messages[-1], Exit) or isinstance(world.session.messages_to_send(now=world.now)[-1], Exit)


def test_a_second_quit_does_not_wait_for_the_server(world: World) -> None:
    world.cut = True
    world.session.receive_message(Quit(by_user=True), now=world.now)
    world.run(100)
    assert world.session.outcome is None
    world.session.receive_message(Quit(by_user=True), now=world.now)
    assert world.session.outcome == BY_USER


def test_a_signal_and_the_hang_up_that_follows_still_wait_for_the_server(world: World) -> None:
    world.session.terminate(now=world.now)
    world.session.receive_message(Quit(by_user=False), now=world.now)
    world.session.terminate(now=world.now)
    assert world.session.outcome is None
    world.run(1000)
    assert any(isinstance(event, PeerShutdown) for event in world.server_events)
    assert world.session.outcome == BY_SIGNAL


@pytest.mark.parametrize(("first", "outcome"), [(True, BY_USER), (False, BY_SIGNAL)])
def test_who_wanted_to_leave_first_is_who_ended_it(world: World, first: bool, outcome: Report) -> None:
    world.session.receive_message(Quit(by_user=first), now=world.now)
    world.session.receive_message(Quit(by_user=not first), now=world.now)
    assert world.session.outcome == outcome


def test_a_terminal_that_is_gone_is_no_wish_of_the_user(world: World) -> None:
    world.session.receive_message(Quit(by_user=False), now=world.now)
    world.run(1000)
    assert world.session.outcome == BY_SIGNAL


def test_quitting_a_server_that_was_silent_for_long_is_brief(world: World) -> None:
    world.cut = True
    world.run(60_000)
    asked = world.now
    world.session.receive_message(Quit(by_user=True), now=world.now)
    world.run(20_000)
    assert world.session.outcome == BY_USER
    assert world.now - asked <= 2000


def test_quitting_a_server_that_has_just_gone_ends_within_its_patience(world: World) -> None:
    world.cut = True
    asked = world.now
    world.session.receive_message(Quit(by_user=True), now=world.now)
    world.run(30_000)
    assert world.session.outcome == BY_USER
    assert world.now - asked <= 10_500


def test_a_launcher_that_died_leaves_no_orphan_behind(world: World) -> None:
    world.cut = True
    asked = world.now
    world.session.orphaned(now=world.now)
    world.run(30_000)
    assert world.session.outcome is not None
    assert world.now - asked <= 3000


def test_keys_typed_after_quitting_are_not_sent(world: World) -> None:
    world.session.receive_message(Quit(by_user=True), now=world.now)
    world.type(1, b"rm -rf /\r")
    world.run(1000)
    assert world.keys == b""


def test_the_servers_end_ends_the_session_with_its_last_screen(world: World) -> None:
    world.show("logout")
    world.server.start_shutdown(now=world.now)
    world.run(2000)
    assert world.session.outcome == Report(0, "", over=True)  # it says nothing of ours, so not how its program ended
    world.messages += world.session.messages_to_send(now=world.now)
    assert isinstance(world.messages[-1], Exit)
    assert text(world.screen()) == "logout"
    world.server.datagrams_to_send(now=world.now)
    assert not any(isinstance(event, ShutdownDone) and not event.acknowledged for event in world.server_events)


def test_a_network_error_is_told_until_a_datagram_gets_out(world: World) -> None:
    world.messages.clear()
    world.session.report_sent(errno.ENETUNREACH, now=world.now)
    world.run(1)
    assert [(notice.text, notice.lasting) for notice in world.told(Notice)] == [
        ("Cannot send: Network is unreachable.", True)
    ]
    world.type(1, b"x")
    world.run(100)
    assert world.told(Notice)[-1].text == ""


@pytest.mark.parametrize("failure", [errno.EMSGSIZE, errno.EAGAIN, errno.ENOBUFS])
def test_failures_that_cure_themselves_are_not_told(world: World, failure: int) -> None:
    world.messages.clear()
    world.session.report_sent(failure, now=world.now)
    world.run(1)
    assert world.told(Notice) == []


def test_another_port_is_tried_when_nothing_is_acknowledged(world: World) -> None:
    world.cut = True
    world.run(5000)
    assert not world.session.port_hop_due(now=world.now)
    world.run(10_000)
    assert world.session.port_hop_due(now=world.now)
    world.session.port_hopped(now=world.now)
    assert not world.session.port_hop_due(now=world.now)


def test_statistics_are_sent_only_while_they_are_watched(world: World) -> None:
    world.run(30_000)
    assert world.told(Statistics) == []
    world.session.receive_message(Watch(True), now=world.now)
    world.run(1)
    assert len(world.told(Statistics)) == 1
    world.run(10 * STATISTICS_INTERVAL_MS)
    assert 3 <= len(world.told(Statistics)) <= 11  # at least one for each heartbeat, at most one a second
    world.session.receive_message(Watch(False), now=world.now)
    world.messages.clear()
    world.run(30_000)
    assert world.told(Statistics) == []


def test_statistics_tell_how_the_connection_is(world: World) -> None:
    world.run(10_000)
    world.session.receive_message(Watch(True), now=world.now)
    world.run(1)
    [first] = world.told(Statistics)
    assert first.round_trip == 2 * DELAY_MS
    assert (first.lost_incoming, first.lost_outgoing, first.peer) == (0, 0, "")
    assert world.now - 3100 <= first.last_heard <= world.now
    world.type(1, b"a")
    world.run(5000)
    last = world.told(Statistics)[-1]
    assert last.sent_octets > first.sent_octets
    assert last.received_octets > first.received_octets
    assert last.last_heard > first.last_heard


def test_a_server_that_says_what_it_is_is_named(world: World) -> None:
    world.program = "mosh-py 9"
    world.show("hello")
    world.run(1000)
    world.session.receive_message(Watch(True), now=world.now)
    world.run(1)
    assert world.told(Statistics)[-1].peer == "mosh-py 9"


def test_an_outage_is_watched_without_news(world: World) -> None:
    world.session.receive_message(Watch(True), now=world.now)
    world.run(5000)
    world.cut = True
    world.run(100)
    world.messages.clear()
    world.run(20_000)
    assert len({each.last_heard for each in world.told(Statistics)}) == 1
    assert world.told(Statistics)[-1].sent_octets > world.told(Statistics)[0].sent_octets


def test_another_renderer_is_sent_no_statistics_that_it_did_not_ask_for(world: World) -> None:
    world.session.receive_message(Watch(True), now=world.now)
    world.session.detach_renderer()
    world.session.receive_message(Watch(True), now=world.now)  # the last words of the one that is gone
    world.session.attach_renderer(Hello(20, 4), now=world.now)
    world.messages.clear()
    world.run(5000)
    assert world.told(Statistics) == []


# --- What the server tells the user


def test_what_the_server_tells_the_user_reaches_the_renderer_and_goes_again(world: World) -> None:
    world.notices = (hostdiff.Notice(1, "it fails"), hostdiff.Notice(2, "too long"))
    world.show("hello")
    world.run(1000)
    world.notices = world.notices[1:]
    world.show("")
    world.run(1000)
    assert world.told(ServerNotices) == [ServerNotices(("it fails", "too long")), ServerNotices(("too long",))]


def test_a_renderer_in_place_of_another_is_told_what_still_holds(world: World) -> None:
    world.notices = (hostdiff.Notice(2, "too long"),)
    world.show("hello")
    world.run(1000)
    world.session.detach_renderer()
    world.session.attach_renderer(Hello(20, 4), now=world.now)
    world.messages.clear()
    world.run(100)
    assert world.told(ServerNotices) == [ServerNotices(("too long",))]


# --- What cannot be shown


def broken(*_: object, **__: Any) -> None:
    raise AttributeError("s3cret")


def test_a_client_that_can_show_nothing_says_so_and_leaves_the_session_alive(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(screen_state, "Emulator", broken)
    world.show("hello")
    world.run(2 * DELAY_MS + 1000)
    [notice] = world.told(Notice)
    assert notice.text.startswith("cannot show what the server sends (AttributeError at network/test_session.py:")
    assert all(link.last_heard is not None for link in world.told(Link)[1:])  # nothing says that nothing came
    world.run(UNUSABLE_TIMEOUT_MS)
    assert world.session.outcome == Report(70, f"mosh-client: {notice.text}")
    assert not [event for event in world.server_events if isinstance(event, PeerShutdown)]
    assert world.server.received.number != SHUTDOWN_NUMBER
    assert world.told(Exit)


def test_a_client_whose_emulator_fails_later_says_so_as_long_as_that_holds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.show("before")
    world.run(1000)
    with monkeypatch.context() as failing:
        failing.setattr(Emulator, "restore", broken)
        world.show(" bad")
        world.run(20_000)
        [notice] = world.told(Notice)
        assert notice.text.startswith("cannot show what the server sends (AttributeError at ")
        assert notice.lasting
        assert world.now - world.told(Link)[-1].last_heard < 6500  # no "Last contact": it is heard
    world.run(4000)
    assert world.told(Notice)[-1].text == ""
    assert world.session.outcome is None
    assert cell_text(world.screen().rows[0], 7) == "b"


def test_a_server_whose_words_make_no_sense_is_said_to_be_heard(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ServerScreen, "diff_from", lambda *_: b"\xff")
    world.show("hello")
    world.run(5000)
    assert world.session.outcome == Report(
        76, "mosh-client: cannot make sense of what the server sends (malformed diff); please report this."
    )


class NeverWhole:
    """Where fragments are collected of which some never come."""

    def add(self, _: object) -> None:
        return None


def test_a_server_of_whom_only_pieces_come_is_not_called_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    monkeypatch.setattr(world.session._transport, "_assembler", NeverWhole())
    world.show("hello")
    world.run(20_000)
    assert world.session.outcome is not None
    assert world.session.outcome.code == UNREACHABLE
    assert "answers on UDP port 60001, but nothing that it sent came whole" in world.session.outcome.message


def test_what_no_frame_holds_is_skipped_and_counted_and_the_frame_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = display.diff
    monkeypatch.setattr(display, "diff", lambda *screens: b"\x1b[1;1;4;20$t\x1b[c" + real(*screens))
    world.show("hello")
    world.run(1000)
    assert text(world.screen()) == "hello"
    assert world.told(Notice) == []
    assert any(line.endswith("skipped what no frame holds, 2 times so far") for line in world.log)
    world.show(" again")
    world.run(1000)
    assert any(line.endswith("skipped what no frame holds, 4 times so far") for line in world.log)


def test_every_address_is_tried_at_once_and_the_first_that_answers_is_kept() -> None:
    others = [Address("192.0.2.9", 60001), Address("2001:db8::1", 60001, 0, 0)]
    session = Session(
        Hello(columns=80, lines=24),
        key=KEY,
        peer=Address("192.0.2.1", 60001),
        ip="192.0.2.1",
        entropy=entropy("client"),
        now=1000,
        alternatives=others,
    )
    sent = session.datagrams_to_send(now=1000)
    assert [to.host for _data, to in sent] == ["192.0.2.1", "192.0.2.9", "2001:db8::1"]
    assert len({data for data, _to in sent}) == 1
    session.report_sent(errno.ENETUNREACH, now=1000, to=others[1])  # only tried: nothing that a user must know
    assert session._notice.text == ""
    session.report_sent(errno.ENETUNREACH, now=1000, to=session.peer)
    assert "Cannot send" in session._notice.text


# --- ends that are nobody's wish


def test_a_server_of_another_protocol_ends_it_and_both_versions_are_said(world: World) -> None:
    later = Instruction(0, 9, 0, 0, protocol_version=PROTOCOL_VERSION + 1).encode()
    server = Endpoint(key=KEY, is_server=True, now=world.now, peer=None)
    datagram = server.seal(Fragment(1 << 40, 0, True, later).encode(), now=world.now)
    world.session.receive_datagram(datagram, world.server.address, now=world.now, congestion=False)
    world.session.digest_events(now=world.now)
    outcome = world.session.outcome
    assert outcome is not None
    assert outcome.code == SERVERS_FAULT
    assert outcome.message == "mosh-client: the other side speaks version 3 of the mosh protocol, this one 2"


def test_a_key_that_has_encrypted_all_that_it_may_ends_the_session(world: World) -> None:
    world.session._transport._endpoint._cipher.blocks_sealed = BLOCK_LIMIT
    world.type(1, b"x")
    world.run(1000)
    outcome = world.session.outcome
    assert outcome is not None
    assert outcome.code == 1
    assert "this session's key has encrypted all that it safely can" in outcome.message
    assert world.keys == b""


@pytest.mark.parametrize(("silent_for", "tries"), [(0, False), (HEARTBEAT_LATE_MS + 1, True)])
def test_a_change_of_the_machines_network_is_a_try_at_a_server_that_is_late(
    world: World, silent_for: int, tries: bool
) -> None:
    world.run(5000)
    contact = world.session._transport.contact
    assert contact.last_datagram_at is not None
    contact.last_datagram_at = world.now - silent_for
    world.session.datagrams_to_send(now=world.now)
    world.session.path_stirred(now=world.now)
    assert bool(world.session.datagrams_to_send(now=world.now)) == tries
