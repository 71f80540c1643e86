"""A whole session in one process and in simulated time: from the user's keys to the application's pty and back.

    Seat (View, terminal) ⇄ client's Session ⇄ network ⇄ server's Session ⇄ emulator, pty

    world = World(conditions=Conditions(delay=40, loss=0.3))
    world.type("ls\\r")
    world.run(500)
    world.print(b"README")
    world.run(500)
    assert world.terminal.lines[0] == "README"

Everything is real but for the network, the application, the clock, which only `run` moves, and chance, which comes
from a seed. Nothing sleeps. Parts can be left out: either end can be a bare transport (`BareClient`, `BareServer`), a
client need have no seat, and a `Seat` stands by itself.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Collection, Mapping
from typing import Any, NamedTuple, Protocol

from tests.support.simulation import Conditions

from mosh_client.ipc.messages import Hello, ToRenderer
from mosh_client.network.extensions import Extensions as ClientExtensions
from mosh_client.network.session import Session as ClientSession
from mosh_client.renderer.view import View
from mosh_client.settings import read_settings
from mosh_client.terminal.tty import TITLE_AGAIN
from mosh_common.address import Address
from mosh_common.sync.events import Event as SyncEvent
from mosh_common.sync.events import NewRemoteState, PeerShutdown
from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.terminal.cells import Snapshot, cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.dialect import XTERM, Dialect
from mosh_common.wire.datagram import unseal
from mosh_common.wire.extensions import OUR_FEATURES
from mosh_common.wire.fragment import Assembler, Fragment
from mosh_common.wire.instruction import Instruction
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb
from mosh_common.wire.userdiff import Keys, Resize
from mosh_server.attachment import Attaching, Attachment
from mosh_server.attendance import Timeouts
from mosh_server.clients import Identity
from mosh_server.events import Event, SetSize, StartShell
from mosh_server.extensions import Extensions as ServerExtensions
from mosh_server.history import HistorySource
from mosh_server.output.flood import Flood
from mosh_server.session import Session

KEY = Key(bytes(range(16)))
SERVER_ADDRESS = Address("192.0.2.1", 60001)
CLIENT_ADDRESS = Address("198.51.100.7", 40000)
START = 1_000_000  # any clock reading

Datagrams = list[tuple[bytes, Any]]


def lines_of(snapshot: Snapshot) -> list[str]:
    """Return what the rows of a screen say, without blanks at their ends."""
    return [
        "".join(cell_text(row, column) or " " for column in range(snapshot.columns)).rstrip() for row in snapshot.rows
    ]


class Seat:
    """Where the user sits: the renderer's core and the terminal that it draws on."""

    def __init__(
        self,
        *,
        columns: int = 80,
        lines: int = 24,
        environment: Mapping[str, str] | None = None,
        dialect: Dialect = XTERM,
        now: int = START,
    ) -> None:
        self.view = View(
            settings=read_settings(dict(environment or {})),
            dialect=dialect,
            columns=columns,
            lines=lines,
            now=now,
            title_again=TITLE_AGAIN,
        )
        self.terminal = Emulator(columns, lines)  # the user's, which executes what the view draws

    def draw(self, *, now: int) -> bytes:
        """Let the view draw on the terminal; return what it wrote."""
        octets = self.view.draw(now=now)
        self.terminal.feed(octets)
        return octets

    @property
    def lines(self) -> list[str]:
        """What the terminal's rows say."""
        return lines_of(self.terminal.snapshot())


class End(Protocol):
    """One end of a session, with what its process's loop would do."""

    address: Address

    def receive_datagram(self, data: bytes, source: Any, *, now: int, congestion: bool = False) -> object:
        """Take a datagram."""
        ...

    def serve(self, *, now: int) -> Datagrams:
        """Do everything that is due; return what is to be sent, and where."""
        ...

    def wakes_at(self, *, now: int) -> list[int | None]:
        """Return when something is due."""
        ...

    @property
    def left(self) -> bool:
        """Whether its process has ended."""
        ...


class OurClient:
    """The client's session, and perhaps a seat; without one `messages` is all that a renderer would hear."""

    def __init__(
        self,
        *,
        seat: Seat | None = None,
        columns: int = 80,
        lines: int = 24,
        extensions: ClientExtensions | None = None,
        key: Key = KEY,
        address: Address = CLIENT_ADDRESS,
        entropy: Callable[[int], bytes],
        now: int = START,
    ) -> None:
        self.address = address
        self.seat = seat
        self.log: list[str] = []
        self.messages: list[ToRenderer] = []  # what the renderer was told
        self.renderer_reads = True
        if seat is not None:  # its view says so itself
            [hello] = seat.view.messages_to_send()
            assert hello == Hello(columns, lines)
        self.session = ClientSession(
            Hello(columns, lines),
            key=key,
            peer=SERVER_ADDRESS,
            ip=SERVER_ADDRESS.host,
            entropy=entropy,
            now=now,
            log=self.log.append,
            extensions=extensions,
        )

    def receive_datagram(self, data: bytes, source: Any, *, now: int, congestion: bool = False) -> None:
        """See End."""
        self.session.receive_datagram(data, source, now=now, congestion=congestion)

    def serve(self, *, now: int) -> Datagrams:
        """See End."""
        if self.seat is not None:
            for message in self.seat.view.messages_to_send():
                self.session.receive_message(message, now=now)
        datagrams = self.session.datagrams_to_send(now=now)
        for _ in datagrams:
            self.session.report_sent(0, now=now)
        self.session.digest_events(now=now)
        if self.renderer_reads:
            for told in self.session.messages_to_send(now=now):
                self.messages.append(told)
                if self.seat is not None:
                    self.seat.view.receive_message(told, now=now)
        if self.seat is not None:
            self.seat.draw(now=now)
        return datagrams

    def wakes_at(self, *, now: int) -> list[int | None]:
        """See End."""
        session = self.session.next_deadline(now=now, renderer_ready=self.renderer_reads)
        return [session, self.seat.view.next_deadline(now=now) if self.seat is not None else None]

    @property
    def left(self) -> bool:
        """See End."""
        return self.session.outcome is not None


class BareClient(Transport[UserStream, ClientScreen]):
    """A client's transport, whose user is the test. It names `features`, or nothing, as upstream's."""

    def __init__(
        self,
        *,
        columns: int = 80,
        lines: int = 24,
        features: frozenset[int] | None = OUR_FEATURES,
        key: Key = KEY,
        address: Address = CLIENT_ADDRESS,
        entropy: Callable[[int], bytes],
        now: int = START,
    ) -> None:
        super().__init__(
            key=key,
            is_server=False,
            local=UserStream(),
            remote=ClientScreen.blank(columns, lines),
            entropy=entropy,
            now=now,
            peer=SERVER_ADDRESS,
        )
        self.address = address
        self.typed = UserStream() if features is None else UserStream().push_features(features)
        self.frames: list[tuple[int, ClientScreen]] = []  # what it showed, and when
        self.done = False  # the server ended the session
        self.left = False  # the test's user never goes

    def push(self, typed: UserStream, *, now: int) -> None:
        """Let the input be `typed`."""
        self.typed = typed
        self.set_local_state(typed, now=now)

    def serve(self, *, now: int) -> Datagrams:
        """See End."""
        for event in self.events():
            if isinstance(event, NewRemoteState):
                self.frames.append((now, event.state))
            elif isinstance(event, PeerShutdown):
                self.done = True
        return self.datagrams_to_send(now=now)

    def wakes_at(self, *, now: int) -> list[int | None]:
        """See End."""
        return [self.next_deadline(now=now)]


class Pty:
    """Where the server's input ends: an application that only `program` makes answer."""

    def __init__(self, program: Callable[[bytes], bytes] | None) -> None:
        self.program = program  # from what it is given to what it prints
        self.size: tuple[int, int] | None = None  # of its window; None before it was started
        self.given = b""  # everything that it was given
        self.takes = 1 << 30  # octets that it still reads


class OurServer:
    """The server's session with an emulator and a pty."""

    def __init__(
        self,
        *,
        timeouts: Timeouts | None = None,
        extensions: ServerExtensions | None = None,
        program: Callable[[bytes], bytes] | None = None,
        history: HistorySource | None = None,
        entropy: Callable[[int], bytes],
        now: int = START,
    ) -> None:
        self.address = SERVER_ADDRESS
        self.emulator = Emulator(80, 24)
        self.pty = Pty(program)
        self.events: list[Event] = []  # everything that it decided
        self.unix_time = 1_800_000_000
        first = [extensions] if extensions is not None else []
        flood = Flood(now=now)
        self.session = Session(
            key=KEY,
            attaching=Attaching(
                entropy=entropy,
                interaction=flood.interaction,
                extensions=lambda: first.pop() if first else ServerExtensions(),
            ),
            emulator=self.emulator,
            history=history,
            flood=flood,
            timeouts=timeouts or Timeouts(),
            identity=Identity("4711", lambda: self.unix_time),
            now=now,
        )

    @property
    def client(self) -> Attachment:
        """The client that types."""
        assert self.session.clients.typing is not None
        return self.session.clients.typing

    def receive_datagram(self, data: bytes, source: Any, *, now: int, congestion: bool = False) -> None:
        """See End."""
        self.session.receive_datagram(data, source, now=now, congestion=congestion)

    def serve(self, *, now: int) -> Datagrams:
        """See End."""
        self._perform(now=now)
        answer = self._give(now=now)
        if answer:
            self.session.receive_output(answer, now=now)
            self._perform(now=now)
        return [(outgoing.data, outgoing.to) for outgoing in self.session.datagrams_to_send(now=now)]

    def wakes_at(self, *, now: int) -> list[int | None]:
        """See End."""
        return [self.session.next_deadline(now=now)]

    @property
    def left(self) -> bool:
        """See End."""
        return self.session.finished

    def _perform(self, *, now: int) -> None:
        for event in self.session.events(now=now):
            self.events.append(event)
            if isinstance(event, StartShell | SetSize):
                self.pty.size = (event.columns, event.lines)

    def _give(self, *, now: int) -> bytes:
        waiting, pty = self.session.input_to_write(), self.pty
        if not waiting or not pty.takes:
            return b""
        taken = bytes(waiting[: pty.takes])
        pty.takes -= len(taken)
        pty.given += taken
        self.session.input_written(len(taken), now=now)
        return pty.program(taken) if pty.program is not None else b""


class BareServer(Transport[ServerScreen, UserStream]):
    """A server's transport, which shows what the test says, and keeps what it is given."""

    def __init__(
        self, *, columns: int = 80, lines: int = 24, entropy: Callable[[int], bytes], now: int = START
    ) -> None:
        self.emulator = Emulator(columns, lines)
        super().__init__(
            key=KEY,
            is_server=True,
            local=ServerScreen(self.emulator.snapshot()),
            remote=UserStream(),
            entropy=entropy,
            now=now,
        )
        self.address = SERVER_ADDRESS
        self.seen: list[SyncEvent] = []  # what its transport reported
        self.given = b""
        self.size: tuple[int, int] | None = None
        self.left = False  # the test's server never goes
        self._input = UserStream()

    def serve(self, *, now: int) -> Datagrams:
        """See End."""
        for event in self.events():
            self.seen.append(event)
            if isinstance(event, NewRemoteState):
                self._take_input(event.state)
        return self.datagrams_to_send(now=now)

    def wakes_at(self, *, now: int) -> list[int | None]:
        """See End."""
        return [self.next_deadline(now=now)]

    def _take_input(self, state: UserStream) -> None:
        for event in state.events_since(self._input):
            if isinstance(event, Keys):
                self.given += event.data
            elif isinstance(event, Resize):
                self.size = (event.columns, event.lines)
        self._input = state


class Sent(NamedTuple):
    """A datagram that an end sent, whether it arrived or not."""

    at: int  # when, in ms of the simulated clock
    to_client: bool
    data: bytes


class Pair:
    """Any two ends and the network between them."""

    def __init__(self, client: End, server: End, *, conditions: Conditions | None = None, seed: int = 0) -> None:
        self.now = START
        self.ends = (client, server)
        self.conditions = conditions or Conditions()
        self.connected = True  # whether the network carries anything
        self.sent: list[Sent] = []
        self._random = random.Random(f"network {seed}")
        self._flying: list[tuple[int, int, bytes, Address, End, bool]] = []
        self._order = itertools.count()
        self._free_at = {client.address: float(START), server.address: float(START)}  # when each end's line is

    def run(self, milliseconds: int) -> None:
        """Let that much time pass, or less when it is over."""
        end = self.now + milliseconds
        turns = 0
        self.turn()
        while self.now < end and not self.over:
            turns += 1
            assert turns < 1000 + milliseconds // 2, "a loop spins: something is always due and never done"
            due = [self._flying[0][0]] if self._flying else []
            wakes = [
                [] if one.left else [at for at in one.wakes_at(now=self.now) if at is not None] for one in self.ends
            ]
            self.now = min([end, *(max(at, self.now + 1) for at in itertools.chain(due, *wakes))])
            self._serve([one for one, at in zip(self.ends, wakes, strict=True) if at and min(at) <= self.now])

    @property
    def over(self) -> bool:
        """Whether nobody is left."""
        return all(one.left for one in self.ends)

    def run_until(self, condition: Callable[[], bool], *, patience: int) -> None:
        """Let time pass until `condition` holds; fail when it does not within `patience` ms."""
        end = self.now + patience
        while not condition():
            assert self.now < end, f"not within {patience} ms"
            self.run(min(10, end - self.now))

    def turn(self) -> None:
        """Let everybody do what is due now."""
        self._serve(self.ends)

    def _serve(self, due: Collection[End]) -> None:
        """Deliver what arrives now; then let those serve to whom it came, and those that are due, as real loops do."""
        woken = list(due)
        while self._flying and self._flying[0][0] <= self.now:
            _, _, data, source, to, marked = heapq.heappop(self._flying)
            if not to.left:
                to.receive_datagram(data, source, now=self.now, congestion=marked)
                woken.append(to)
        client, server = self.ends
        for one, other in ((server, client), (client, server)):
            for data, to in () if one.left or one not in woken else one.serve(now=self.now):
                self.sent.append(Sent(self.now, one is server, data))
                if self.connected and to == other.address:
                    self._carry(data, one.address, other)

    def instructions(self, *, to_client: bool) -> list[Instruction]:
        """Return what was sent in one direction so far."""
        assembler, cipher = Assembler(), Ocb(KEY)
        encoded = [
            assembler.add(Fragment.decode(unseal(cipher, each.data, to_client=to_client).payload))
            for each in self.sent
            if each.to_client is to_client
        ]
        return [Instruction.decode(each) for each in encoded if each is not None]

    def _carry(self, data: bytes, source: Address, to: End) -> None:
        conditions, chance = self.conditions, self._random
        for _ in range(conditions.times + (chance.random() < conditions.duplicate)):
            lost = chance.random() < conditions.loss or len(data) > conditions.longest
            at = self.now + conditions.delay + chance.randint(0, conditions.jitter)
            if chance.random() < conditions.reorder:
                at += chance.randint(0, conditions.reorder_by)
            marked = chance.random() < conditions.congestion
            if conditions.rate:
                free_at = max(self._free_at.get(source, 0.0), self.now) + len(data) / conditions.rate
                self._free_at[source] = free_at
                at += round(free_at - self.now)
            if not lost:
                heapq.heappush(self._flying, (at, next(self._order), data, source, to, marked))


class World(Pair):
    """Everything, from the user's keyboard to the application."""

    def __init__(
        self,
        *,
        conditions: Conditions | None = None,
        seed: int = 0,
        columns: int = 80,
        lines: int = 24,
        environment: Mapping[str, str] | None = None,
        timeouts: Timeouts | None = None,
        program: Callable[[bytes], bytes] | None = None,
        client_extensions: ClientExtensions | None = None,
        server_extensions: ServerExtensions | None = None,
    ) -> None:
        self.seat = Seat(columns=columns, lines=lines, environment=environment)
        self.client = OurClient(
            seat=self.seat,
            columns=columns,
            lines=lines,
            extensions=client_extensions,
            entropy=entropy("client", seed),
        )
        self.server = OurServer(
            timeouts=timeouts, extensions=server_extensions, program=program, entropy=entropy("server", seed)
        )
        super().__init__(self.client, self.server, conditions=conditions, seed=seed)

    @property
    def terminal(self) -> Seat:
        """What the user looks at."""
        return self.seat

    @property
    def pty(self) -> Pty:
        """What the application has."""
        return self.server.pty

    def type(self, text: str | bytes) -> None:
        """Type on the keyboard."""
        self.seat.view.receive_keys(text.encode() if isinstance(text, str) else text, now=self.now)
        self.turn()

    def resize(self, columns: int, lines: int) -> None:
        """Give the user's window another size."""
        self.seat.terminal.resize(columns, lines)
        self.seat.view.resize(columns, lines)
        self.turn()

    def print(self, output: bytes) -> None:
        """Let the application write something."""
        self.server.session.receive_output(output, now=self.now)
        self.turn()


def entropy(whose: str, seed: int = 0) -> Callable[[int], bytes]:
    """Return a source of octets that are random, and the same in every run."""
    return random.Random(f"{whose} {seed}").randbytes
