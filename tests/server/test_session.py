"""The server's policy, with a real client end and real terminals on both sides, in simulated time."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest
from tests.support.parts import notices_of
from tests.support.screens import canonical
from tests.support.simulation import Conditions
from tests.support.world import CLIENT_ADDRESS as HOME
from tests.support.world import BareClient, OurServer, Pair, entropy, lines_of

from mosh_common.address import Address
from mosh_common.protocol import BLOCK_LIMIT, ECHO_ACK_DELAY_MS
from mosh_common.silence import DETACH_AFTER_MS, FIRST_CONTACT_TIMEOUT_MS
from mosh_common.terminal.cells import Snapshot, cell_text
from mosh_common.terminal.payloads import LONGEST_CLIPBOARD
from mosh_common.wire.hostdiff import Notice, NoticeKind
from mosh_common.wire.size import SIDE_LIMIT, nearest_size
from mosh_common.wire.userdiff import Keys, Resize
from mosh_server.attendance import Timeouts
from mosh_server.ending import LAST_WORDS_MS, LAST_WORDS_SILENT_MS
from mosh_server.events import ClientHeard, ClientSilent, Event, Finished, OutputNotDigested, SetSize, StartShell
from mosh_server.input.translation import HOLD_MS
from mosh_server.output.display import SYNCHRONIZED_UPDATE_MS
from mosh_server.output.flood import GLANCE_INTERVAL_MS
from mosh_server.output.incidents import FAILURE_HOLDS_MS
from mosh_server.output.notices import PASSING_MS

TRAIN = Address("203.0.113.77", 41000)
ONE_WAY_MS = 20


EventType: TypeAlias = type[Event]  # in World, `type` is what types


class World(Pair):
    """Our server and a client's transport, with a link of 20 ms each way between them."""

    def __init__(self, *, timeouts: Timeouts | None = None) -> None:
        self.client = BareClient(entropy=entropy("client"))
        self.server = OurServer(timeouts=timeouts, entropy=entropy("server"))
        super().__init__(self.client, self.server, conditions=Conditions(delay=ONE_WAY_MS))
        self.session, self.emulator, self.events = self.server.session, self.server.emulator, self.server.events
        self.frames = self.client.frames
        self.typed = self.client.typed

    # --- what happens in the world

    def type(self, data: bytes) -> None:
        self.typed = self.typed.push_keys(data)
        self.client.set_local_state(self.typed, now=self.now)

    def resize(self, columns: int, lines: int) -> None:
        self.typed = self.typed.push_resize(columns, lines)
        self.client.set_local_state(self.typed, now=self.now)

    def print(self, data: bytes) -> None:
        self.session.receive_output(data, now=self.now)
        self.turn()

    def start(self) -> None:
        """Bring the client on; its first state starts the shell."""
        self.resize(80, 24)
        self.run(2000)
        self.events.clear()

    @property
    def address(self) -> Address:
        """Where the client is."""
        return self.client.address

    @address.setter
    def address(self, address: Address) -> None:
        self.client.address = address

    @property
    def pty_takes(self) -> int:
        """How many octets the application still reads."""
        return self.server.pty.takes

    @pty_takes.setter
    def pty_takes(self, octets: int) -> None:
        self.server.pty.takes = octets

    # --- what is to be seen

    @property
    def given(self) -> bytes:
        """What the application was given."""
        return self.server.pty.given

    @property
    def client_done(self) -> bool:
        return self.client.done

    @property
    def shown(self) -> Snapshot:
        return self.client.received.state.snapshot

    @property
    def first_row(self) -> str:
        return lines_of(self.shown)[0]

    def seen(self, kind: EventType) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def running() -> World:
    """A world in which the shell was started."""
    world = World()
    world.start()
    return world


# --- start ----------------------------------------------------------------------------------------------------------


def test_the_prompt_does_not_wait_for_what_is_said_before_it() -> None:
    world = World()
    world.resize(80, 24)
    world.run(2 * ONE_WAY_MS)  # the client knows by then what the server is
    world.print(b"$ ")
    world.run(3 * ONE_WAY_MS)
    assert lines_of(world.client.received.state.snapshot)[0].rstrip() == "$"


def test_the_shell_starts_when_the_client_is_there_with_the_client_s_size(world: World) -> None:
    world.run(500)
    assert world.seen(StartShell) == []
    world.resize(100, 40)
    world.run(100)
    assert world.seen(StartShell) == [StartShell(100, 40)]
    world.resize(90, 30)
    world.run(5000)
    assert len(world.seen(StartShell)) == 1


def test_keys_that_come_with_the_first_size_are_not_lost(world: World) -> None:
    world.resize(100, 40)
    world.type(b"early")
    world.run(200)
    assert world.seen(StartShell) == [StartShell(100, 40)]
    assert world.given == b"early"


def test_a_server_that_nobody_reaches_leaves_after_a_minute(world: World) -> None:
    world.connected = False
    world.run(FIRST_CONTACT_TIMEOUT_MS - 1)
    finished = world.session.finished
    world.run(1)
    assert (finished, world.session.finished) == (False, True)
    assert len(world.seen(Finished)) == 1


def test_datagrams_of_strangers_are_no_contact(world: World) -> None:
    world.connected = False
    world.session.receive_datagram(b"x" * 100, TRAIN, now=world.now)
    world.run(FIRST_CONTACT_TIMEOUT_MS)
    assert world.session.finished
    assert world.seen(ClientHeard) == []


# --- input ----------------------------------------------------------------------------------------------------------


def test_keys_reach_the_application_in_order_and_once(running: World) -> None:
    for letter in b"hello":
        running.type(bytes([letter]))
        running.run(7)
    running.run(3000)
    assert running.given == b"hello"


@pytest.mark.parametrize("window", [(SIDE_LIMIT + 1, 24), (80, SIDE_LIMIT + 1), (2000, 2000), (65535, 65535)])
def test_a_window_past_the_bound_is_one_size_for_the_programs_the_screen_and_the_client(
    running: World, window: tuple[int, int]
) -> None:
    # Another client may have any window; ours has cut its own.
    running.typed = running.typed._with((Resize(*window), Keys(b"typed")))
    running.client.set_local_state(running.typed, now=running.now)
    running.run(1000)
    size = nearest_size(*window)
    assert [event for event in running.events if isinstance(event, SetSize)] == [SetSize(*size)]
    for screen in (running.emulator.snapshot(), running.shown):
        assert (screen.columns, screen.lines) == size
    assert running.given == b"typed"


def test_of_consecutive_resizes_only_the_last_is_applied(running: World) -> None:
    running.resize(90, 30)
    running.resize(91, 31)
    running.resize(92, 32)
    running.run(1000)
    assert running.seen(SetSize) == [SetSize(92, 32)]
    assert (running.shown.columns, running.shown.lines) == (92, 32)


def test_arrows_take_the_form_that_the_application_asked_for(running: World) -> None:
    running.type(b"\x1bOA")
    running.run(500)
    running.print(b"\x1b[?1h")
    running.type(b"\x1bOA")
    running.run(500)
    assert running.given == b"\x1b[A\x1bOA"


def test_a_lone_alt_o_is_given_to_the_application_in_time(running: World) -> None:
    running.type(b"\x1bO")
    running.run(ONE_WAY_MS + 10 + HOLD_MS + 5)
    assert running.given == b"\x1bO"


def test_a_paste_into_an_application_that_reads_slowly_arrives_whole(running: World) -> None:
    paste = bytes(range(32, 127)) * 700
    running.pty_takes = 100
    running.type(paste)
    running.run(1000)
    assert running.given == paste[:100]
    running.pty_takes = 1 << 30
    running.run(3000)
    assert running.given == paste


def test_frames_go_on_while_the_application_takes_no_input(running: World) -> None:
    running.pty_takes = 0
    running.type(b"x" * 5000)
    running.run(500)
    running.print(b"still here")
    running.run(500)
    assert running.first_row == "still here"


def test_the_terminal_s_answers_go_to_the_application(running: World) -> None:
    running.print(b"\x1b[c\x1b[5n")
    assert running.given.startswith(b"\x1b[?")
    assert running.given.endswith(b"\x1b[0n")


def test_an_application_that_asks_without_listening_costs_no_memory(running: World) -> None:
    running.pty_takes = 0
    for _ in range(50):
        running.print(b"\x1b[5n" * 1000)  # with answers of 200,000 octets
    assert len(running.session.input_to_write()) < 100_000


# --- the screen -----------------------------------------------------------------------------------------------------


def test_what_the_programs_write_is_shown(running: World) -> None:
    running.print(b"hello")
    running.run(200)
    assert running.first_row == "hello"


def test_a_flood_is_looked_at_now_and_then_and_at_its_end(running: World, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []
    snapshot = running.emulator.snapshot

    def look(**how: Any) -> Snapshot:
        looks.append(running.now)
        return snapshot(**how)

    monkeypatch.setattr(running.emulator, "snapshot", look)
    for number in range(100):
        running.print(b"line\r\n" * 500 + b"\x1b[H\x1b[Jread %d" % number)
        running.run(1)
    assert len(looks) <= 100 // GLANCE_INTERVAL_MS + 2
    running.run(200)
    assert running.first_row == "read 99"


def test_what_ctrl_c_leaves_of_a_flood_is_shown_a_way_later(running: World) -> None:
    flood = b"line\r\n" * 5000
    for _ in range(5):
        running.print(flood)
        running.run(7)
    running.type(b"\x03")
    for _ in range(ONE_WAY_MS // 7 + 1):
        running.print(flood)
        running.run(7)
    assert running.given == b"\x03"
    running.print(b"line\r\n" * 500 + b"^C\r\n\x1b[H\x1b[J$ ")
    running.run(ONE_WAY_MS + 2)
    assert running.first_row == "$"


def test_the_end_of_a_flood_that_a_signal_cuts_is_shown(running: World) -> None:
    for number in range(3):
        running.print(b"line\r\n" * 500 + b"\x1b[H\x1b[Jread %d" % number)
    running.session.terminate(now=running.now)
    running.run(500)
    assert running.first_row == "read 2"


def test_input_is_echo_acknowledged_when_the_application_had_time_to_answer(running: World) -> None:
    before = running.client.received.state.echo_ack
    running.type(b"x")
    running.run(ONE_WAY_MS + 10)
    number = running.client.sent.number
    assert running.given == b"x"
    running.run(ECHO_ACK_DELAY_MS)
    assert running.client.received.state.echo_ack == before
    running.run(ONE_WAY_MS + 100)
    assert running.client.received.state.echo_ack == number


def test_input_that_the_application_did_not_take_is_not_echo_acknowledged(running: World) -> None:
    before = running.client.received.state.echo_ack
    running.pty_takes = 2
    running.type(b"xyz")
    running.run(5000)
    assert running.client.received.state.echo_ack == before
    running.pty_takes = 1
    running.run(5000)
    assert running.client.received.state.echo_ack > before


def test_a_synchronized_update_is_shown_when_it_is_complete(running: World) -> None:
    running.print(b"old")
    running.run(300)
    running.print(b"\x1b[?2026h\r\x1b[Knew")
    running.run(SYNCHRONIZED_UPDATE_MS - 20)
    running.print(b"er\x1b[?2026l")
    running.run(300)
    assert [row for row in rows_shown(running) if row] == ["old", "newer"]


def test_an_update_that_is_not_completed_is_shown_after_150_ms(running: World) -> None:
    running.print(b"\x1b[?2026hhalf")
    running.run(SYNCHRONIZED_UPDATE_MS - 1)
    assert running.session.next_deadline(now=running.now) == running.now + 1
    running.run(100)
    assert running.first_row == "half"
    running.print(b"\rmore")
    running.run(100)
    assert running.first_row == "more"


def test_no_echo_ack_comes_with_an_older_screen(running: World) -> None:
    """Within an update the answer to a key may be drawn but not shown: the client must not judge by what it sees."""
    before = running.client.received.state.echo_ack
    running.type(b"x")
    running.run(ONE_WAY_MS + 10)
    running.print(b"\x1b[?2026hx")
    running.run(ECHO_ACK_DELAY_MS + ONE_WAY_MS + 20)
    assert running.client.received.state.echo_ack == before
    running.print(b"\x1b[?2026l")
    running.run(200)
    assert running.first_row == "x"
    assert running.client.received.state.echo_ack > before


def test_of_updates_that_overlap_the_reads_each_complete_one_counts(running: World) -> None:
    """A batch that ends one update and begins the next holds a complete screen."""
    running.print(b"\x1b[?2026h0")
    for number in range(1, 30):
        running.print(b"\x1b[?2026l\x1b[?2026h\r%d" % number)
        running.run(30)
    shown = [row for row in rows_shown(running) if row]
    assert len(shown) > 15
    assert shown == [str(number) for number in range(int(shown[0]), int(shown[0]) + len(shown))]


def test_a_resize_ends_an_update_of_the_old_size(running: World) -> None:
    running.print(b"\x1b[?2026habc")
    running.resize(90, 30)
    running.run(SYNCHRONIZED_UPDATE_MS - 20)
    assert running.shown.columns == 90


def rows_shown(world: World) -> list[str]:
    """The first rows that the client saw, one after the other."""
    texts: list[str] = []
    for _, state in world.frames:
        row = state.snapshot.rows[0]
        text = "".join(cell_text(row, column) or " " for column in range(state.snapshot.columns)).rstrip()
        if not texts or texts[-1] != text:
            texts.append(text)
    return texts


# --- the client comes and goes --------------------------------------------------------------------------------------


def test_the_client_is_reported_when_it_comes_falls_silent_and_comes_back(world: World) -> None:
    world.start()
    world.connected = False
    world.run(DETACH_AFTER_MS + 5000)
    assert world.events == [ClientSilent()]
    world.connected = True
    world.run(20_000)
    assert world.events == [ClientSilent(), ClientHeard(HOME[0])]


def test_a_client_that_moves_is_reported_with_its_new_host(running: World) -> None:
    running.address = TRAIN
    running.run(5000)
    assert running.events == [ClientHeard(TRAIN[0])]


def test_a_new_port_of_the_same_host_is_no_news(running: World) -> None:
    running.address = HOME._replace(port=HOME.port + 1)
    running.run(5000)
    assert running.events == []


def test_output_during_an_absence_is_shown_afterwards(running: World) -> None:
    running.connected = False
    running.run(DETACH_AFTER_MS + 5000)
    running.print(b"meanwhile")
    running.run(5000)
    running.connected = True
    running.run(20_000)
    assert running.first_row == "meanwhile"


# --- the end --------------------------------------------------------------------------------------------------------


def test_the_last_words_of_a_shell_reach_the_client_before_the_end(running: World) -> None:
    running.session.receive_output(b"logout", now=running.now)
    running.session.pty_closed(status=0, now=running.now)
    running.run(1000)
    assert running.client_done
    assert running.first_row == "logout"
    assert running.session.finished
    assert not running.session.failed


def test_an_update_that_the_shell_left_incomplete_is_shown_at_the_end(running: World) -> None:
    running.session.receive_output(b"\x1b[?2026hlast", now=running.now)
    running.session.pty_closed(status=0, now=running.now)
    running.run(1000)
    assert running.first_row == "last"


def test_a_client_that_leaves_is_answered_and_the_session_ends(running: World) -> None:
    running.client.start_shutdown(now=running.now)
    running.run(1000)
    assert running.session.finished
    assert running.seen(Finished) == [Finished("the client left")]


def test_sigterm_ends_the_session_and_the_client_hears_of_it(running: World) -> None:
    running.session.terminate(now=running.now)
    running.run(1000)
    assert running.client_done
    assert running.session.finished


def test_sigterm_waits_neither_for_output_to_be_digested_nor_for_the_frame_that_would_show_it(running: World) -> None:
    running.print(b"first\r\n")
    running.run(1000)
    flood = b"".join(b"\x1b[%d;1H%s" % (row, bytes([64 + row]) * 80) for row in range(1, 24)) * 10
    running.session.take_output(flood, now=running.now)
    assert running.session.digesting(now=running.now)
    running.session.terminate(now=running.now)
    assert not running.session.digesting(now=running.now)
    running.run(1000)
    assert running.client_done
    assert running.session.finished
    assert running.first_row == "first"


def test_sigterm_right_after_something_was_printed_still_shows_it(running: World) -> None:
    running.print(b"going down")
    running.session.terminate(now=running.now)
    running.run(1000)
    assert running.client_done
    assert running.first_row == "going down"


def test_sigterm_ends_the_session_of_a_client_that_does_not_answer_within_ten_seconds(running: World) -> None:
    running.connected = False
    running.session.terminate(now=running.now)
    running.run(10_100)
    assert running.session.finished


def test_sigterm_ends_a_session_without_a_client_at_once(world: World) -> None:
    world.session.terminate(now=world.now)
    world.run(0)
    assert world.session.finished


def test_sigterm_ends_a_detached_session_at_once(running: World) -> None:
    running.connected = False
    running.run(DETACH_AFTER_MS + 100)
    running.session.terminate(now=running.now)
    running.run(0)
    assert running.session.finished


def test_sigusr1_without_a_timeout_ends_the_session(running: World) -> None:
    running.session.terminate_if_silent(now=running.now)
    running.run(1000)
    assert running.session.finished


def test_sigusr1_spares_a_client_that_was_heard_lately() -> None:
    world = World(timeouts=Timeouts(signal_ms=30_000))
    world.start()
    world.session.terminate_if_silent(now=world.now)
    world.run(1000)
    assert not world.session.finished
    world.connected = False
    world.run(31_000)
    world.session.terminate_if_silent(now=world.now)
    world.run(11_000)
    assert world.session.finished


def test_the_network_timeout_ends_a_session_whose_client_stays_away() -> None:
    world = World(timeouts=Timeouts(network_ms=120_000))
    world.start()
    world.run(200_000)
    assert not world.session.finished
    world.connected = False
    world.run(110_000)
    assert not world.session.finished
    world.run(15_000)
    assert world.session.finished


def test_without_a_network_timeout_a_silent_client_is_waited_for(running: World) -> None:
    running.connected = False
    running.run(3_600_000)
    assert not running.session.finished


def test_a_silent_session_without_output_sleeps(running: World) -> None:
    running.connected = False
    running.run(DETACH_AFTER_MS + 1000)
    assert running.session.next_deadline(now=running.now) is None


def test_asking_for_the_deadline_changes_nothing(running: World) -> None:
    running.type(b"x")
    running.run(25)
    first = running.session.next_deadline(now=running.now)
    assert running.session.next_deadline(now=running.now) == first


def test_a_timeout_of_no_seconds_is_none() -> None:
    assert Timeouts.from_seconds(network=0, signal=7) == Timeouts(network_ms=None, signal_ms=7000)
    assert Timeouts.from_seconds(network=5, signal=0) == Timeouts(network_ms=5000, signal_ms=None)


# --- last words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("silent_for", [6_000, DETACH_AFTER_MS + 1000])
def test_a_client_that_comes_back_hours_later_gets_the_last_screen_and_the_end(running: World, silent_for: int) -> None:
    running.connected = False
    running.run(silent_for)
    running.print(b"last words")
    running.session.pty_closed(status=0, now=running.now)
    running.run(2 * 3_600_000)
    assert not running.session.finished
    running.connected = True
    running.run(4000)
    assert running.first_row == "last words"
    assert running.client_done
    assert running.session.finished


def test_a_client_that_stays_away_is_given_a_day(running: World) -> None:
    running.connected = False
    running.run(6_000)
    running.session.pty_closed(status=0, now=running.now)
    running.run(600_000)
    running.now += LAST_WORDS_SILENT_MS - 1_200_000  # asleep; what is sent in hours is tried above
    running.run(600_000 - 1)
    assert not running.session.finished
    running.run(100)
    assert running.session.finished


def test_a_client_that_was_there_a_moment_ago_is_given_ten_minutes(running: World) -> None:
    running.run(500)
    running.connected = False
    running.session.pty_closed(status=0, now=running.now)
    running.run(LAST_WORDS_MS - 1)
    assert not running.session.finished
    running.run(100)
    assert running.session.finished


def test_last_words_are_kept_no_longer_than_the_network_timeout() -> None:
    world = World(timeouts=Timeouts(network_ms=60_000))
    world.start()
    world.connected = False
    world.run(20_000)
    world.session.pty_closed(status=0, now=world.now)
    world.run(30_000)
    assert not world.session.finished
    world.run(15_000)
    assert world.session.finished


@pytest.mark.parametrize("silent_for", [6_000, DETACH_AFTER_MS + 1000])
def test_a_signal_ends_the_wait_of_last_words(running: World, silent_for: int) -> None:
    running.connected = False
    running.run(silent_for)
    running.session.pty_closed(status=0, now=running.now)
    running.run(100)
    running.session.terminate(now=running.now)
    running.run(10_100)
    assert running.session.finished


def test_waiting_with_last_words_costs_no_packets_once_the_client_counts_as_detached(running: World) -> None:
    running.connected = False
    running.run(6_000)
    running.session.pty_closed(status=0, now=running.now)
    running.run(DETACH_AFTER_MS)
    before = running.server.client.transport.counters.sent
    running.run(3_600_000)
    assert running.server.client.transport.counters.sent == before


# --- What the client is told of the server itself


def test_a_failing_emulator_is_told_to_the_client_until_output_is_digested_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.start()

    def fail(_: bytes) -> None:
        raise LookupError("s3cret")

    with monkeypatch.context() as broken:
        broken.setattr(world.emulator, "digest", fail)
        world.print(b"s3cret")
        world.run(500)
    [notice] = notices_of(world.client.received.state)
    assert notice.kind == NoticeKind.OUTPUT_NOT_DIGESTED
    assert notice.text.startswith("cannot digest what the programs print (LookupError at server/test_session.py:")
    assert notice.text.endswith("); please report this.")
    assert len(world.seen(OutputNotDigested)) == 1
    world.print(b"x")  # digested, but so soon after that the screen may still be wrong
    world.run(2 * FAILURE_HOLDS_MS)
    assert notices_of(world.client.received.state) == (notice,)
    world.print(b"y")
    world.run(500)
    assert notices_of(world.client.received.state) == ()


@pytest.mark.parametrize(("length", "size"), [(LONGEST_CLIPBOARD + 4, 12), (100_000, 75), (400_000, 300)])
def test_the_user_is_told_of_a_clipboard_that_is_too_long(world: World, length: int, size: int) -> None:
    world.start()
    world.print(b"\x1b]52;c;YWJj\x07")
    world.run(500)
    world.print(b"\x1b]52;c;" + b"A" * length + b"\x07after")
    world.run(500)
    notice = Notice(2, f"a program's clipboard of {size} kB was not set; 12 fit.")
    assert notices_of(world.client.received.state) == (notice,)
    assert world.client.received.state.snapshot.clipboard == "c;YWJj"
    world.run(PASSING_MS)
    assert notices_of(world.client.received.state) == ()
    world.print(b"\x1b]52;c;ZGVm\x07")
    world.run(500)
    assert notices_of(world.client.received.state) == ()
    assert world.client.received.state.snapshot.clipboard == "c;ZGVm"


def test_a_notice_that_passes_is_taken_away_although_nothing_else_happens(world: World) -> None:
    world.start()
    world.session.terminal.notices.say(NoticeKind.CLIPBOARD_NOT_SET, "too long", now=world.now)
    world.print(b"x")
    world.run(500)
    assert notices_of(world.client.received.state) == (Notice(2, "too long"),)
    world.run(PASSING_MS)
    assert notices_of(world.client.received.state) == ()


# --- Screens that one frame cannot carry


def test_a_screen_of_many_long_links_comes_whole_although_no_instruction_could_hold_it(world: World) -> None:
    world.start()
    world.resize(100, 45)  # 9 MB of links; an instruction holds 8
    world.run(1000)
    before = len(world.frames)
    links = [f"\x1b]8;;http://{number}/".ljust(2040, "x") + "\a" for number in range(400)]
    world.print("".join(f"{links[cell % 400]}x" for cell in range(100 * 45)).encode() + b"\x1b]8;;\a\x1b[Hend")
    world.run(10_000)
    assert canonical(world.shown) == canonical(world.emulator.snapshot())
    assert len(world.frames) - before > 2


def test_a_session_goes_on_whatever_number_of_links_a_program_prints(world: World) -> None:
    world.start()
    world.resize(100, 100)
    world.run(1000)
    for start in range(0, 5000, 500):
        links = [f"\x1b]8;;http://{number}/".ljust(2040, "x") + "\ax" for number in range(start, start + 500)]
        world.print("".join(links).encode())
        world.run(50)
    world.run(10_000)
    assert canonical(world.shown) == canonical(world.emulator.snapshot())
    world.print(b"\x1b[H\x1b[2J\x1b]8;;\aend")
    world.run(2000)
    assert canonical(world.shown) == canonical(world.emulator.snapshot())


# --- ends that are nobody's wish


def test_a_key_that_has_encrypted_all_that_it_may_ends_the_session_as_a_fault(running: World) -> None:
    running.server.client.transport._endpoint._cipher.blocks_sealed = BLOCK_LIMIT
    running.print(b"more")
    running.run(1000)
    assert running.seen(Finished) == [Finished("the session's key is used up")]
    assert running.session.failed
    assert "more" not in running.first_row
