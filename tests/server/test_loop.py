"""The loop around a session and a host: what it reads and when, and what it asks of whom.

Neither the session nor the host is a real one, the pty is.
"""

from __future__ import annotations

import os
import select
import signal
import socket as sockets
import tty
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.loop import Ready, Waiter
from mosh_common.io.udp import UdpSocket
from mosh_server import loop
from mosh_server.events import (
    ClientAttached,
    ClientDetached,
    ClientHeard,
    ClientSilent,
    Event,
    Finished,
    SetSize,
    StartShell,
)
from mosh_server.host.host import Host
from mosh_server.loop import LEFT_BEHIND_OCTETS, Door, Loop
from mosh_server.output.flood import (
    ANSWER_OCTETS,
    LONG_BATCH_OCTETS,
    LONG_FLOOD_MS,
    MORE_FOLLOWS_OCTETS,
    REST_LIMIT_MS,
    Flood,
)
from mosh_server.sockets import Sockets

pytestmark = pytest.mark.system

FOREVER_MS = 60_000


class Recorder:
    """A session that writes down what it is given, and wants nothing."""

    def __init__(self) -> None:
        self.taken = b""  # not digested yet
        self.output = b""
        self.typed = b""  # not given to the programs yet
        self.portion = 1 << 20  # octets
        self.work: Callable[[], object] = lambda: None  # what a portion costs
        self.datagrams: list[bytes] = []
        self.decided: list[Event] = []  # and not performed yet
        self.ended: list[str] = []  # what ended
        self.finished = self.failed = self.ending = False
        self.deadline_in = FOREVER_MS  # from now

    def next_deadline(self, *, now: int) -> int:
        return now if self.decided else now + self.deadline_in

    def take_output(self, data: bytes, *, now: int) -> None:
        self.taken += data

    def digesting(self, *, now: int) -> bool:
        return bool(self.taken)

    def digest_output(self, *, now: int) -> None:
        self.output, self.taken = self.output + self.taken[: self.portion], self.taken[self.portion :]
        self.work()

    def receive_datagram(self, data: bytes, source: object, *, now: int, congestion: bool) -> None:
        self.datagrams.append(data)

    def receive_output(self, data: bytes, *, now: int) -> None:
        self.output += data

    def pty_closed(self, *, status: int, now: int) -> None:
        self.ended.append(f"the shell, {status}")

    def terminate(self, *, now: int) -> None:
        self.ended.append("by a signal")
        self.ending = True

    def events(self, *, now: int) -> list[Event]:
        decided, self.decided = self.decided, []
        return decided

    def input_to_write(self) -> bytes:
        return self.typed

    def input_written(self, count: int, *, now: int) -> None:
        self.typed = self.typed[count:]

    def datagrams_to_send(self, *, now: int) -> list[object]:
        return []


def has_come(descriptor: int) -> bool:
    """Wait until there is something to read: what was written to a pty or sent, the kernel carries in its own time."""
    return bool(select.select([descriptor], [], [], FOREVER_MS / 1000)[0])


class FakeHost(Host):
    """A host of plain values: it writes down what is asked of it, and has a pty without a shell."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []
        self.refusal: str | None = None  # why no shell is started
        self.pty: int | None = None  # the descriptor that was handed over
        self.program: int | None = None  # the other side of it
        self.status: int | None = None  # how the shell ended

    def greeting(self) -> bytes:
        return b"Welcome.\r\n"

    def start_shell(self, columns: int, lines: int) -> int:
        self.asked.append(("start_shell", columns, lines))
        if self.refusal is not None:
            raise EnvironmentFailure(self.refusal)
        self.pty, self.program = os.openpty()
        return self.pty

    def set_size(self, columns: int, lines: int, *, signal: bool) -> None:
        self.asked.append(("set_size", columns, lines, *(("signal",) if signal else ())))

    def children_changed(self) -> int | None:
        return self.status

    def end_shell(self) -> None:
        self.asked.append(("end_shell",))
        assert self.pty is not None
        with pytest.raises(OSError, match="Bad file descriptor"):  # or hanging up here would hang nothing up
            os.fstat(self.pty)
        self.pty = None

    def client_heard(self, address: str) -> None:
        self.asked.append(("client_heard", address))

    def client_silent(self) -> None:
        self.asked.append(("client_silent",))

    def client_attached(self, address: str) -> None:
        self.asked.append(("client_attached", address))

    def client_detached(self) -> None:
        self.asked.append(("client_detached",))

    def failed(self, reason: str) -> None:
        self.asked.append(("failed", reason))

    def end_program(self) -> None:
        """Close the programs' side, as their end does."""
        if self.program is not None:
            os.close(self.program)
            self.program = None

    def close(self) -> None:
        self.end_program()
        if self.pty is not None:
            os.close(self.pty)


class World:
    """A loop between a recorder and a fake host, turned by the test."""

    def __init__(self, door: Door | None = None) -> None:
        self.session = Recorder()
        self.host = FakeHost()
        self.flood = Flood(now=now_ms())
        self.socket = UdpSocket.bind_server("127.0.0.1", (0, 0))
        self.logged: list[str] = []
        session: Any = self.session
        self.loop = Loop(
            sockets=Sockets(self.socket),
            session=session,
            flood=self.flood,
            host=self.host,
            door=door,
            log=self.logged.append,
        )
        self.waiter = Waiter(())
        self.loop.begin(self.waiter)

    @property
    def program(self) -> int:
        """Where the programs write, and read."""
        assert self.host.program is not None
        return self.host.program

    def turn(self, *decided: Event) -> None:
        """Let the loop turn once, and perform that."""
        self.session.decided += decided
        self.loop.turn(self.waiter)

    def turn_with(self, number: int) -> None:
        """Let the loop turn once, with nothing but that signal."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(self.waiter, "wait", lambda *_, **__: Ready(frozenset(), frozenset(), frozenset({number})))
            self.turn()

    def send(self, datagram: bytes) -> None:
        with sockets.socket(sockets.AF_INET, sockets.SOCK_DGRAM) as client:
            client.sendto(datagram, ("127.0.0.1", self.socket.port))

    def rest_until(self, at: int) -> None:
        """Let a long flood have a rest until then."""
        self.flood.read(LONG_BATCH_OCTETS, began_at=at - LONG_FLOOD_MS - REST_LIMIT_MS, ended_at=at - REST_LIMIT_MS)
        assert self.flood.rests_until == at

    def close(self) -> None:
        self.waiter.close()
        self.socket.close()
        self.host.close()


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    yield made
    made.close()


@pytest.fixture
def running(world: World) -> World:
    """A world in which the shell was started."""
    world.turn(StartShell(80, 24))
    world.session.output = b""
    world.host.asked.clear()
    return world


# --- What is read, and when -----------------------------------------------------------------------------------------


def test_output_is_read_at_once(running: World) -> None:
    os.write(running.program, b"hello")
    running.turn()
    assert running.session.output == b"hello"
    assert running.flood.rests_until == 0


def test_output_is_left_alone_during_the_rest(running: World) -> None:
    os.write(running.program, b"hello")
    running.rest_until(now_ms() + FOREVER_MS)
    running.session.deadline_in = 0
    running.turn()
    running.turn()
    assert running.session.output == b""


def test_the_end_of_a_rest_needs_nothing_else_to_happen(running: World) -> None:
    os.write(running.program, b"hello")
    running.rest_until(now_ms() + 20)
    running.turn()
    if not running.session.output:  # else the rest was over before the turn began
        running.turn()
    assert running.session.output == b"hello"


def test_a_datagram_ends_the_rest(running: World) -> None:
    os.write(running.program, b"hello")
    running.rest_until(now_ms() + FOREVER_MS)
    running.send(b"a key")
    running.turn()
    assert running.session.datagrams == [b"a key"]
    running.turn()
    assert running.session.output == b"hello"


def test_a_long_reading_goes_on_until_a_datagram_comes(running: World) -> None:
    def enough(piece: bytes, total: int) -> bool:
        running.flood.read(0, began_at=0, ended_at=0)  # the next reading begins
        return running.loop._is_enough(piece, total)

    assert not enough(b"x", MORE_FOLLOWS_OCTETS - 1)
    assert enough(b"", MORE_FOLLOWS_OCTETS - 1)
    assert not enough(b"x" * 1000, MORE_FOLLOWS_OCTETS)
    assert enough(b"", MORE_FOLLOWS_OCTETS)  # nor did anything follow in a moment
    os.write(running.program, b"more")
    assert running.host.pty is not None
    assert has_come(running.host.pty)
    assert not enough(b"", MORE_FOLLOWS_OCTETS)
    running.send(b"a key")
    assert has_come(running.socket.fileno())
    assert enough(b"x" * 1000, MORE_FOLLOWS_OCTETS)
    assert not enough(b"x", MORE_FOLLOWS_OCTETS - 1)  # what is short is read to its end


def test_the_second_write_of_an_answer_is_read_in_the_same_turn(running: World) -> None:
    def answer_once_more() -> None:
        if running.session.output == b"first ":
            os.write(running.program, b"second")
            assert running.host.pty is not None
            assert has_come(running.host.pty)

    os.write(running.program, b"first ")
    running.session.work = answer_once_more
    running.turn()
    assert running.session.output == b"first second"


def test_what_follows_something_long_has_its_own_turn(running: World) -> None:
    first = b"x" * (ANSWER_OCTETS + 1)
    tty.setraw(running.program)
    os.set_blocking(running.program, False)
    written = 0
    while written < len(first):  # a pty takes no more than it has room for
        written += os.write(running.program, first[written:])
    running.session.work = lambda: os.write(running.program, b"second")
    running.turn()
    assert running.session.output == first


def test_keys_go_to_the_programs_before_output_is_digested(running: World) -> None:
    tty.setraw(running.program)
    os.write(running.program, b"output")
    assert running.host.pty is not None
    assert has_come(running.host.pty)  # the pty takes keys at once, and the turn does not wait for both
    running.session.typed = b"key"
    seen: list[bytes] = []
    running.session.work = lambda: seen.append(os.read(running.program, 100))
    running.turn()
    assert seen == [b"key"]
    assert running.session.typed == b""


# --- What is asked of the host ----------------------------------------------------------------------------------------


def test_the_shell_starts_below_the_greeting_on_a_pty_of_its_own(world: World) -> None:
    world.turn(StartShell(91, 33))
    assert world.host.asked == [("start_shell", 91, 33)]
    assert world.session.output == b"Welcome.\r\n"
    assert world.logged == ["StartShell(columns=91, lines=33)"]
    os.write(world.program, b"$ ")
    world.turn()
    assert world.session.output == b"Welcome.\r\n$ "


def test_a_shell_that_cannot_be_started_is_told_on_the_screen(world: World) -> None:
    world.host.refusal = "Cannot open a pty: none left."
    world.turn(StartShell(80, 24))
    assert world.session.output == b"Welcome.\r\nmosh-server: Cannot open a pty: none left.\r\n"
    assert world.session.ended == ["the shell, 255"]


def test_what_the_session_decides_the_host_does(running: World) -> None:
    running.turn(SetSize(90, 30), ClientHeard("192.0.2.1"), ClientSilent(), Finished("the client left"))
    assert running.host.asked == [("set_size", 90, 30), ("client_heard", "192.0.2.1"), ("client_silent",)]
    running.host.asked.clear()
    running.turn(SetSize(90, 30, signal=True), ClientAttached("192.0.2.2"), ClientDetached())
    assert running.host.asked == [
        ("set_size", 90, 30, "signal"),
        ("client_attached", "192.0.2.2"),
        ("client_detached",),
    ]


def test_only_an_end_that_is_a_fault_is_written_down(running: World) -> None:
    running.session.failed = True
    running.turn(Finished("the session's key is used up"))
    assert running.host.asked == [("failed", "the session's key is used up")]


def test_when_the_shell_ends_its_last_output_is_taken_and_the_books_are_closed(running: World) -> None:
    os.write(running.program, b"logout")
    running.host.end_program()
    running.host.status = 3
    running.turn()
    if not running.session.ended:  # else both were seen in one turn
        running.turn()
    assert running.session.output == b"logout"
    assert running.session.ended == ["the shell, 3"]
    assert running.host.asked == [("end_shell",)]


def test_how_the_shell_ended_is_waited_for_when_its_terminal_is_closed_first(running: World) -> None:
    running.host.end_program()
    running.turn()
    assert running.host.asked == []  # hung up now, it would end of that
    assert running.session.ended == []
    running.host.status = 3
    for _ in range(2):
        running.turn_with(signal.SIGCHLD)
        assert running.session.ended == ["the shell, 3"]
        assert running.host.asked == [("end_shell",)]


def test_a_program_that_closed_its_terminal_and_goes_on_counts_as_hung_up(
    running: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "STATUS_PATIENCE_MS", 20)
    running.host.end_program()
    running.turn()
    running.turn()  # nothing else has to happen
    assert running.host.asked == [("end_shell",)]
    assert running.session.ended == [f"the shell, {128 + signal.SIGHUP}"]


def test_a_signal_does_not_wait_to_know_how_the_shell_ended(running: World) -> None:
    running.host.end_program()
    running.turn()
    running.turn_with(signal.SIGTERM)
    assert running.host.asked == [("end_shell",)]
    assert running.session.ended == ["by a signal"]


def test_a_shell_that_leaves_a_job_with_the_terminal_ends_the_session(running: World) -> None:
    os.write(running.program, b"logout")
    running.host.status = 0
    running.turn_with(signal.SIGCHLD)
    assert running.session.output + running.session.taken == b"logout"
    assert running.session.ended == ["the shell, 0"]
    assert running.host.asked == [("end_shell",)]
    with pytest.raises(OSError, match="Input/output error"):
        os.write(running.program, b"of nobody's interest")


def test_the_end_of_another_child_is_none_of_the_session(running: World) -> None:
    running.turn_with(signal.SIGCHLD)
    os.write(running.program, b"$ ")
    running.turn()
    assert running.session.output == b"$ "
    assert running.session.ended == []


def test_what_was_written_before_the_end_is_read_during_a_rest_and_behind_what_is_not_digested(running: World) -> None:
    running.session.taken = b"first, "
    running.session.portion = 3
    os.write(running.program, b"last")
    running.rest_until(now_ms() + FOREVER_MS)
    running.host.status = 0
    running.turn_with(signal.SIGCHLD)
    running.session.portion = 1 << 20
    running.session.deadline_in = 0  # as of a session that is digesting
    running.turn()
    assert running.session.output == b"first, last"


def test_of_a_job_that_floods_no_more_is_read_than_the_shell_can_have_left(running: World) -> None:
    flooding = os.fork()
    if not flooding:
        try:
            while True:
                os.write(running.program, b"flood\n" * 1000)
        finally:
            os._exit(0)
    running.host.end_program()  # the job has it
    running.session.portion = 0  # nothing of it is digested here
    running.host.status = 0
    try:
        running.loop._children_changed(running.waiter, now=now_ms())
        assert running.session.ended == ["the shell, 0"]
        assert len(running.session.taken) <= LEFT_BEHIND_OCTETS + 4096  # the last piece may go beyond
    finally:
        os.kill(flooding, signal.SIGKILL)
        os.waitpid(flooding, 0)


def test_a_signal_hangs_the_shell_up_at_once(running: World) -> None:
    running.turn_with(signal.SIGTERM)
    assert running.session.ended == ["by a signal"]
    assert running.host.asked == [("end_shell",)]
    running.host.status = 128 + signal.SIGHUP
    running.turn_with(signal.SIGCHLD)
    assert running.session.ended == ["by a signal"]


def test_a_loop_that_fails_ends_the_shell(running: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: int) -> int:
        raise LookupError

    monkeypatch.setattr(running.session, "next_deadline", fail)
    with pytest.raises(LookupError):
        running.loop.run()
    assert running.host.asked == [("end_shell",)]


# --- The door ---------------------------------------------------------------------------------------------------------


class FakeDoor(Door):
    """A door with one visitor at a time, who is answered once and let go."""

    def __init__(self) -> None:
        self.inside, self.outside = sockets.socketpair()
        self.wants_to_write = False
        self.turns: list[tuple[bool, bool]] = []  # what was ready
        self.deadline: int | None = None
        self.closed = False

    def descriptors(self) -> list[tuple[int, bool, bool]]:
        return [(self.inside.fileno(), True, self.wants_to_write)]

    def turn(self, readable: frozenset[int], writable: frozenset[int], *, now: int) -> None:
        self.turns.append((self.inside.fileno() in readable, self.inside.fileno() in writable))
        self.deadline = None
        if readable:
            self.inside.recv(100)
            # The next visitor has the same descriptor, as a rule.
            self.close()
            self.inside, self.outside = sockets.socketpair()
            self.closed = False

    def next_deadline(self) -> int | None:
        return self.deadline

    def close(self) -> None:
        self.closed = True
        self.inside.close()
        self.outside.close()


@pytest.fixture
def door() -> Iterator[FakeDoor]:
    made = FakeDoor()
    yield made
    made.close()


@pytest.fixture
def guarded(door: FakeDoor) -> Iterator[World]:
    """A world with that door."""
    made = World(door)
    yield made
    made.close()


def test_visitors_are_served_one_after_another_whatever_number_they_have(guarded: World, door: FakeDoor) -> None:
    for _ in range(5):
        door.outside.send(b"list")
        guarded.turn()
    assert door.turns == [(True, False)] * 5


def test_a_door_that_nobody_knocks_at_is_left_alone(guarded: World, door: FakeDoor) -> None:
    guarded.send(b"datagram")
    guarded.turn()
    assert guarded.session.datagrams == [b"datagram"]
    assert door.turns == []


def test_a_door_has_its_deadlines(guarded: World, door: FakeDoor) -> None:
    door.deadline = now_ms()
    guarded.turn()
    assert door.turns == [(False, False)]


def test_a_door_is_waited_for_as_it_says(guarded: World, door: FakeDoor) -> None:
    door.wants_to_write = True
    door.deadline = now_ms()
    guarded.turn()
    guarded.turn()
    assert door.turns == [(False, False), (False, True)]


def test_with_the_session_its_door_is_closed(guarded: World, door: FakeDoor) -> None:
    guarded.session.finished = True
    guarded.waiter.close()
    guarded.loop.run()
    assert door.closed
    guarded.waiter = Waiter(())
