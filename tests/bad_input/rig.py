"""Real processes that are given bad input, the other end of the wire in the test, and how the processes are after it.

"Unharmed" means: a key that is typed is still echoed, no process has more descriptors than before, and none uses the
processor when nothing happens.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.bad_input.saboteur import Switches
from tests.support import forked
from tests.support.programs import (
    OURS,
    PATIENCE_S,
    SOURCE_FOLDERS,
    Process,
    Result,
    clean_environment,
    descendants,
    process,
    wait_until,
)
from tests.support.user_terminal import UserTerminal, started_with_log

from mosh_common.address import Address
from mosh_common.clock import now_ms
from mosh_common.sync.events import NewRemoteState
from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.terminal.cells import Snapshot, cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.drop import DropReason
from mosh_common.wire.extensions import OUR_FEATURES
from mosh_common.wire.instruction import Instruction
from mosh_common.wire.key import Key
from mosh_common.wire.userdiff import Keys, Resize

COLUMNS, LINES = 80, 24
KEY_TEXT = "zzzzzzzzzzzzzzzzzzzzzg"
SABOTEUR = forked.SABOTEUR
_PYTHON = ("/usr/bin/env", f"PYTHONPATH={os.pathsep.join(SOURCE_FOLDERS)}", sys.executable)
_IDLE_WINDOW_S = 0.5  # for each row; time enough for 50 ticks
_IDLE_SHARE = 0.05
_LONGEST_END_S = 60  # some end only after a second's work
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_CONNECT_LINE = re.compile(rb"MOSH CONNECT (\d+) ([A-Za-z0-9+/]{22})")
_DETACHED = re.compile(r"detached, pid = (\d+)\]")
_tokens = itertools.count(1)


def text_of(screen: Snapshot) -> str:
    """What a screen shows, a line wrapped by the terminal joined to the next."""
    return "".join(
        "".join(cell_text(row, column) or " " for column in range(screen.columns)).rstrip() + ("" if row[2] else "\n")
        for row in screen.rows
    )


# --- How processes are


def descriptors(member: Process) -> Counter[str] | None:
    """The kinds of a process's descriptors and how many of each; None where the system does not let us look."""
    found: Counter[str] = Counter()
    try:
        for name in os.listdir(f"/proc/{member.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found[os.readlink(f"/proc/{member.pid}/fd/{name}").split(":")[0]] += 1
    except PermissionError:  # to their own user the processes are closed
        return None
    return found


def processor_time_s(member: Process) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{member.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def is_asleep(member: Process) -> bool:
    """Whether a process waits for something to happen."""
    return Path(f"/proc/{member.pid}/stat").read_text().rpartition(")")[2].split()[0] == "S"


def assert_idle(members: Sequence[Process], turn: Callable[[], None]) -> None:
    """Fail unless all processes come to rest: below 5 % of a processor over a while in which nothing happens."""
    shares: list[float] = []
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        before = [processor_time_s(member) for member in members]
        began = time.monotonic()
        while time.monotonic() - began < _IDLE_WINDOW_S:
            turn()
        took = time.monotonic() - began
        shares = [(processor_time_s(member) - was) / took for member, was in zip(members, before, strict=True)]
        if all(share < _IDLE_SHARE for share in shares):
            return
    busy = [f"{member.name[-60:]}: {share:.0%}" for member, share in zip(members, shares, strict=True)]
    raise AssertionError(f"they do not rest: {busy}")


def turn_for(seconds: float, turn: Callable[[], None]) -> None:
    """Take turns for so long."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        turn()


class Patient:
    """Processes under test, and the two things that the tests do with them."""

    def __init__(self, members: Sequence[Process]) -> None:
        self.members = members

    def turn(self) -> None:
        """Let the other end of the wire, or the terminal, have a moment."""
        time.sleep(0.02)

    def wait_for_echo(self) -> None:
        """Type something new and wait for its echo."""
        raise NotImplementedError

    def wait_until(
        self, condition: Callable[[], Result | None], what: str | Callable[[], str], *, timeout_s: float = PATIENCE_S
    ) -> Result:
        """Take turns until `condition` holds."""

        def holds() -> Result | None:
            self.turn()
            return condition()

        return wait_until(holds, what, timeout_s=timeout_s)

    @contextlib.contextmanager
    def stays_unharmed(self) -> Iterator[None]:
        """Afterwards a key is echoed, the descriptors are those of before, and nothing uses the processor."""
        self.wait_for_echo()
        # One that sleeps has done what it had to: it holds nothing for a moment only.
        self.wait_until(lambda: all(map(is_asleep, self.members)), "they do not come to rest")
        before = [descriptors(member) for member in self.members]
        yield
        self.wait_for_echo()
        assert all(member.alive for member in self.members)
        assert_idle(self.members, self.turn)
        after: list[Counter[str] | None] = []

        def as_before() -> bool:
            after[:] = [descriptors(member) for member in self.members]
            return after == before

        self.wait_until(as_before, lambda: f"descriptors {before} became {after}")


# --- The wire


class WireEnd(Patient):
    """The other end of the wire, in the test's own process, through which any datagram can be sent."""

    def __init__(
        self, transport: Transport[Any, Any], sock: socket.socket, key: Key, members: Sequence[Process]
    ) -> None:
        super().__init__(members)
        self.transport = transport
        self.socket = sock
        self.key = key
        self.sent: list[bytes] = []
        self.received: list[bytes] = []
        self.target: Address | None = None  # where the program under test is

    def turn(self) -> None:
        """Wait a moment for something to come, then do what is due."""
        if select.select([self.socket], [], [], 0.02)[0]:
            for _ in range(64):
                try:
                    data, source = self.socket.recvfrom(65536)
                except OSError:
                    break
                self.received.append(data)
                self.target = Address(*source)
                self.transport.receive_datagram(data, self.target, now=now_ms())
        for event in self.transport.events():
            self.take(event)
        for data, destination in self.transport.datagrams_to_send(now=now_ms()):
            self.sent.append(data)
            with contextlib.suppress(OSError):
                self.socket.sendto(data, destination.socket_address)

    def take(self, event: Any) -> None:
        """Do what an event asks for."""

    def settle(self) -> None:
        """Wait until the program under test has all that was to be said."""
        transport = self.transport
        self.wait_until(
            lambda: self.sent and transport.sent.acknowledged_state == transport.sent.state == transport.local_state(),
            "not all was acknowledged",
        )

    def say(self, datagram: bytes) -> None:
        """Send these octets as they are."""
        assert self.target is not None
        self.socket.sendto(datagram, self.target.socket_address)

    def seal(self, payload: bytes) -> bytes:
        """Return the next datagram of this end, with any payload."""
        return self.transport._endpoint.seal(payload, now=now_ms())

    def instruct(self, **fields: Any) -> None:
        """Send an instruction that differs from an ordinary one in `fields`."""
        held = self.transport.sent.acknowledged_number
        instruction = Instruction(held, self.transport.sent.number + 1, self.transport.received.number, held)._replace(
            **fields
        )
        for fragment in self.transport._fragmenter.split(instruction.encode(), 1000):
            self.say(self.seal(fragment.encode()))

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


class WireClient(WireEnd):
    """A client for a real server whose session echoes what is typed."""

    def __init__(self, port: int, key_text: str, members: Sequence[Process]) -> None:
        key = Key.parse(key_text)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        transport: Transport[UserStream, ClientScreen] = Transport(
            key=key,
            is_server=False,
            local=UserStream(),
            remote=ClientScreen.blank(COLUMNS, LINES),
            entropy=os.urandom,
            now=now_ms(),
            peer=Address("127.0.0.1", port),
        )
        super().__init__(transport, sock, key, members)
        self.target = Address("127.0.0.1", port)
        self.over = False  # the server ended the session
        self._push(self.transport.local_state().push_features(OUR_FEATURES).push_resize(COLUMNS, LINES))

    def take(self, event: Any) -> None:
        if not isinstance(event, NewRemoteState):
            self.over = self.over or "Shutdown" in type(event).__name__

    def type(self, text: str) -> None:
        """Type on the keyboard."""
        self._push(self.transport.local_state().push_keys(text.encode()))

    @property
    def text(self) -> str:
        """What the server's screen shows."""
        return text_of(self.transport.received.state.snapshot)

    def wait_for(self, text: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until the screen shows `text`."""
        self.wait_until(
            lambda: text in self.text, lambda: f"no {text!r} on the screen:\n{self.text}", timeout_s=timeout_s
        )

    def wait_for_echo(self) -> None:
        token = f"<{next(_tokens)}>"
        self.type(token)
        self.wait_for(token)

    def _push(self, stream: UserStream) -> None:
        self.transport.set_local_state(stream, now=now_ms())


class WireServer(WireEnd):
    """A server that echoes what is typed, for a real client."""

    def __init__(self, key_text: str = KEY_TEXT) -> None:
        key = Key.parse(key_text)
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.setblocking(False)
        self.emulator = Emulator(COLUMNS, LINES)
        transport: Transport[ServerScreen, UserStream] = Transport(
            key=key,
            is_server=True,
            local=ServerScreen(self.emulator.snapshot()),
            remote=UserStream(),
            entropy=os.urandom,
            now=now_ms(),
        )
        super().__init__(transport, sock, key, ())
        self.port: int = sock.getsockname()[1]
        self.sizes: list[tuple[int, int]] = []  # that the client had
        self.keys = b""  # that were typed
        self._input = UserStream()

    def take(self, event: Any) -> None:
        if isinstance(event, NewRemoteState):
            for each in event.state.events_since(self._input):
                if isinstance(each, Keys):
                    self.keys += each.data
                    self.emulator.feed(each.data)
                elif isinstance(each, Resize):
                    self.sizes.append((each.columns, each.lines))
                    self.emulator.resize(each.columns, each.lines)
            self._input = event.state
            if event.changed:
                self._show(event.number)

    def print(self, output: str) -> None:
        """Let the program in the session write something."""
        self.emulator.feed(output.encode())
        self._show(self.transport.local_state().echo_ack)

    def _show(self, echo_ack: int) -> None:
        self.transport.set_local_state(ServerScreen(self.emulator.snapshot(), echo_ack), now=now_ms())


class RealClient(Patient):
    """A real client in a terminal, and (when the test is its server) that server."""

    def __init__(
        self,
        port: int,
        key_text: str,
        home: Path,
        *,
        wire: WireServer | None = None,
        words: Sequence[str] = OURS.client,
        log: Path | None = None,
        **environment: str,
    ) -> None:
        super().__init__(())
        self.wire = wire
        self.log = log or home / "client.log"
        self.terminal = UserTerminal(
            [*words, "-v", "127.0.0.1", str(port)],
            environment=clean_environment(
                home, **{"MOSH_KEY": key_text, "MOSH_PREDICTION_DISPLAY": "never", **environment}
            ),
            size=(LINES, COLUMNS),
            start=started_with_log(self.log),
        )

    def turn(self) -> None:
        if self.wire is not None:
            self.wire.turn()
        self.terminal._read()

    @property
    def text(self) -> str:
        """What the terminal shows, lines joined."""
        return self.terminal.text()

    def wait_for(self, text: str, *, timeout_s: float = PATIENCE_S) -> None:
        """Wait until the terminal shows `text`."""
        self.wait_until(
            lambda: text in self.text, lambda: f"no {text!r} on the screen:\n{self.text}", timeout_s=timeout_s
        )

    def wait_for_echo(self) -> None:
        if not self.members:  # until the renderer has taken the terminal, that echoes by itself
            self.wait_until(lambda: not self.terminal.echoes, "the terminal is not taken")
        token = f"<{next(_tokens)}>"
        self.terminal.type(token)
        self.wait_until(lambda: token in self.terminal.said(), lambda: f"no {token!r} on the screen:\n{self.text}")
        if not self.members:
            self.members = [self.member(name) for name in ("mosh-client", "mosh-network", "mosh-renderer")]

    def member(self, name: str) -> Process:
        """Return the process of that name."""

        def find() -> Process | None:
            for each in [process(self.terminal.pid), *descendants(self.terminal.pid)]:
                with contextlib.suppress(OSError):
                    if Path(f"/proc/{each.pid}/comm").read_text().strip() == name and each.alive:
                        return each
            return None

        return self.wait_until(find, f"no process {name}")

    def wait_for_end(self) -> int:
        """Wait for the end of the program; return its exit code."""
        self.wait_until(
            lambda: not self.terminal.child.isalive(),
            lambda: f"it does not end:\n{self.text}",
            timeout_s=_LONGEST_END_S,
        )
        return self.terminal.wait_for_end()

    def dropped(self, reason: DropReason) -> int:
        """How many datagrams the log says were dropped for that reason."""
        return dropped_in(self.log, reason)

    def close(self) -> None:
        """End it."""
        self.terminal.close()
        if self.wire is not None:
            self.wire.close()


@contextlib.contextmanager
def client_of_the_test(home: Path, *, words: Sequence[str] = OURS.client, **environment: Any) -> Iterator[RealClient]:
    """A real client whose server is the test: `client.wire`."""
    wire = WireServer()
    client = RealClient(wire.port, KEY_TEXT, home, wire=wire, words=words, **environment)
    try:
        yield client
    finally:
        client.close()


# --- A server


class LoggedServer:
    """A real server started with -v -v, and its log."""

    def __init__(
        self,
        home: Path,
        command: Sequence[str] = ("cat",),
        *,
        words: Sequence[str] = OURS.server,
        log: int | None = None,
        preexec: Callable[[], None] | None = None,
        **environment: str,
    ) -> None:
        """Start it. `log`: a descriptor for it; who gives one has to find out `process`, too."""
        self.log = home / "server.log"
        argv = [*words, "new", "-v", "-v", "-i", "127.0.0.1", "-l", "LANG=C.UTF-8", "--", *command]
        with contextlib.ExitStack() as stack:
            stderr = log if log is not None else stack.enter_context(open(self.log, "ab"))
            self._starting = forked.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=clean_environment(home, **{"MOSH_SERVER_NETWORK_TMOUT": "120", **environment}),
                cwd=home,
                preexec_fn=preexec,
            )
        assert self._starting.stdout is not None
        found = None
        for line in self._starting.stdout:
            found = _CONNECT_LINE.search(line)
            if found:
                break
        assert found, f"no MOSH CONNECT; exit code {self._starting.wait()}; log: {_read(self.log)}"
        assert self._starting.wait(PATIENCE_S) == 0
        self._starting.stdout.close()  # the server's own stays open, at the end of a pipe that nobody reads
        self.port, self.key = int(found[1]), found[2].decode()
        notice = _DETACHED.search(_read(self.log))
        self.process = process(int(notice[1])) if notice else None

    def dropped(self, reason: DropReason) -> int:
        """How many datagrams the log says were dropped for that reason."""
        return dropped_in(self.log, reason)

    def connect(self) -> WireClient:
        """Return a client in the test."""
        return WireClient(self.port, self.key, [] if self.process is None else [self.process])

    def close(self) -> None:
        """End it and what runs in it; not kindly, as nobody is left to acknowledge its last words."""
        if self.process is not None:
            for member in (self.process, *descendants(self.process.pid)):
                member.signal(signal.SIGKILL)


def sabotaged(program: str, switches: Path) -> tuple[tuple[str, ...], Switches]:
    """Return the command line of a program of ours that fails on demand, and the switches."""
    return (*_PYTHON, SABOTEUR, str(switches), program), Switches(str(switches))


def dropped_in(log: Path, reason: DropReason) -> int:
    """How many datagrams a log says were dropped for that reason."""
    return _read(log).count(f"dropped ({reason.value})")


def read_log(log: Path) -> str:
    """Return a log."""
    return _read(log)


def environment_of(home: Path, **extra: str) -> Mapping[str, str]:
    """Return the environment of a program of ours that is run by hand."""
    return clean_environment(home, PYTHONPATH=os.pathsep.join(SOURCE_FOLDERS), **extra)


def _read(log: Path) -> str:
    try:
        return log.read_text(errors="replace")
    except OSError:
        return ""
