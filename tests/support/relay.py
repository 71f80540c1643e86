"""A UDP relay on loopback: a bad network between one client and one server, in a thread of the test.

It delays, loses, repeats and reorders datagrams by a seeded random generator (one per direction, so that what
happens to the n-th datagram of a direction does not depend on the other one), can be cut, and can give the client
another address in mid-session, as a NAT or a change of network does. Standard library only; knows nothing of mosh.

    with Relay(server_port, delay_ms=50, loss=0.2, seed=7) as relay:
        connect_client_to("127.0.0.1", relay.port)
        relay.change_source("127.0.0.2")
"""

from __future__ import annotations

import heapq
import random
import selectors
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, NamedTuple

_DATAGRAM_LIMIT = 65536  # more than any UDP datagram holds
_COMMAND_TIMEOUT_S = 60.0  # the relay's thread answers within microseconds; this only bounds a broken one


class Conditions(NamedTuple):
    """What the network does to each datagram, in both directions."""

    delay_ms: float = 0.0  # one way: the round trip is twice that
    jitter_ms: float = 0.0  # uniform extra delay in [0, jitter_ms]
    loss: float = 0.0  # probabilities from here on
    duplicate: float = 0.0
    reorder: float = 0.0  # held back by up to reorder_ms more, so that later ones overtake
    reorder_ms: float = 30.0
    longest: float = 65535  # octets of payload; longer datagrams vanish without a word
    down: bool = False  # a black-out: everything is lost
    deaf: bool = False  # everything from the client is lost; what the server sends comes through
    mute: bool = False  # the other way round


class Counters(NamedTuple):
    """Datagrams of one direction so far."""

    offered: int = 0
    delivered: int = 0  # copies included
    lost: int = 0
    duplicated: int = 0
    reordered: int = 0
    octets: int = 0  # payload octets offered


class _Direction:
    """The fate of the datagrams of one direction."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.counters = Counters()

    def fate(self, size: int, conditions: Conditions) -> tuple[list[float], Counters]:
        """Return the delay (ms) of each copy that is to arrive, none if the datagram is lost; and the new counters."""
        # Always the same draws, so that a datagram's fate does not depend on earlier conditions.
        lost, copied, held, hold, jitter, copy_jitter = (self.random.random() for _ in range(6))
        before = self.counters
        counters = before._replace(offered=before.offered + 1, octets=before.octets + size)
        delays: list[float] = []
        if conditions.down or lost < conditions.loss or size > conditions.longest:
            counters = counters._replace(lost=counters.lost + 1)
        else:
            delay = conditions.delay_ms + jitter * conditions.jitter_ms
            if held < conditions.reorder:
                delay += hold * conditions.reorder_ms
                counters = counters._replace(reordered=counters.reordered + 1)
            delays.append(delay)
            if copied < conditions.duplicate:
                delays.append(delay + copy_jitter * max(conditions.reorder_ms, conditions.jitter_ms))
                counters = counters._replace(duplicated=counters.duplicated + 1)
            counters = counters._replace(delivered=counters.delivered + len(delays))
        return delays, counters


class Relay:
    """Listens on `port`; what comes there goes on to the server, and the answers to the client's newest address."""

    def __init__(
        self,
        server_port: int,
        *,
        server_host: str = "127.0.0.1",
        listen_host: str = "127.0.0.1",
        port: int = 0,
        delay_ms: float = 0.0,
        jitter_ms: float = 0.0,
        loss: float = 0.0,
        duplicate: float = 0.0,
        reorder: float = 0.0,
        reorder_ms: float = 30.0,
        seed: int = 0,
        tap: Callable[[bool, bytes], None] = lambda _is_upward, _datagram: None,
    ) -> None:
        """`tap` is told of each datagram, by the relay's thread: whether the client sent it, and what it is."""
        self._server = (server_host, server_port)
        self._conditions = Conditions(delay_ms, jitter_ms, loss, duplicate, reorder, reorder_ms)
        self._upward = _Direction(f"up {seed}")  # client to server
        self._downward = _Direction(f"down {seed}")
        self._clients: list[tuple[str, int]] = []  # the client's addresses, oldest first; the last one is current
        self._waiting: list[tuple[float, int, bool, bytes]] = []  # heap of (due, order, is upward, datagram)
        self._order = 0
        self._tap = tap

        self._facing_client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._facing_client.bind((listen_host, port))
        self._facing_client.setblocking(False)
        self._facing_server = self._open_source("127.0.0.1")
        self.port: int = self._facing_client.getsockname()[1]

        self._selector = selectors.DefaultSelector()
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._commands: list[tuple[Callable[[], None], threading.Event]] = []
        self._lock = threading.Lock()
        self._ended = False
        self._thread: threading.Thread | None = None

    # --- life

    def start(self) -> Relay:
        """Begin to relay; `with` does it."""
        for reader in (self._facing_client, self._facing_server, self._wake_reader):
            self._selector.register(reader, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name=f"relay-{self.port}", daemon=True)
        self._thread.start()
        return self

    def close(self) -> None:
        """Stop and free the sockets. What is still under way is lost."""
        if self._thread is not None:
            self._do(self._end)
            self._thread.join(_COMMAND_TIMEOUT_S)
            self._thread = None
        for open_socket in (self._facing_client, self._facing_server, self._wake_reader, self._wake_writer):
            open_socket.close()
        self._selector.close()

    def __enter__(self) -> Relay:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- the network's weather

    @property
    def conditions(self) -> Conditions:
        """What holds for the datagrams that come next."""
        return self._conditions

    def set(self, **changes: Any) -> None:
        """Change conditions by name (`delay_ms`, `loss`, …); what is already under way keeps its fate."""
        self._conditions = self._conditions._replace(**changes)

    def mend(self) -> None:
        """Be a perfect network again."""
        self._conditions = Conditions()

    def black_out(self, down: bool = True) -> None:
        """Lose everything from now on, or (`down` false) no longer."""
        self._conditions = self._conditions._replace(down=down)

    def change_source(self, host: str = "127.0.0.1") -> tuple[str, int]:
        """Move the client to another address, as the server sees it: a new port on `host`, which must be local.

        The old address is dead at once: answers sent there are lost, like those to a forgotten NAT binding.
        Returns the new address. Raises OSError where the system lacks that local address.
        """
        fresh = self._open_source(host)

        def replace() -> None:
            self._selector.unregister(self._facing_server)
            self._facing_server.close()
            self._facing_server = fresh
            self._selector.register(fresh, selectors.EVENT_READ)

        self._do(replace)
        address: tuple[str, int] = fresh.getsockname()
        return address

    # --- what was seen

    @property
    def upward(self) -> Counters:
        """Datagrams from the client."""
        return self._upward.counters

    @property
    def downward(self) -> Counters:
        """Datagrams from the server."""
        return self._downward.counters

    @property
    def under_way(self) -> int:
        """How many datagrams wait for their time."""
        return len(self._waiting)

    @property
    def client_addresses(self) -> tuple[tuple[str, int], ...]:
        """Every address that the client sent from, in the order of their first datagram."""
        return tuple(dict.fromkeys(self._clients))

    @property
    def source(self) -> tuple[str, int]:
        """The address that the server sees."""
        address: tuple[str, int] = self._facing_server.getsockname()
        return address

    # --- the thread

    def _open_source(self, host: str) -> socket.socket:
        source = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            source.bind((host, 0))
        except OSError:
            source.close()
            raise
        source.setblocking(False)
        return source

    def _do(self, command: Callable[[], None]) -> None:
        """Have the relay's thread run `command` between two datagrams, and wait until it did."""
        if self._thread is None:
            command()
            return
        done = threading.Event()
        with self._lock:
            self._commands.append((command, done))
        self._wake_writer.send(b"!")
        if not done.wait(_COMMAND_TIMEOUT_S):
            raise RuntimeError("the relay's thread does not answer")

    def _end(self) -> None:
        self._ended = True

    def _run(self) -> None:
        while not self._ended:
            timeout = max(0.0, self._waiting[0][0] - time.monotonic()) if self._waiting else None
            for key, _ in self._selector.select(timeout):
                if key.fileobj is self._facing_client:
                    self._take(self._facing_client, is_upward=True)
                elif key.fileobj is self._facing_server:
                    self._take(self._facing_server, is_upward=False)
                else:
                    self._wake_reader.recv(4096)
            self._deliver_due()
            with self._lock:
                commands, self._commands = self._commands, []
            for command, done in commands:
                command()
                done.set()

    def _take(self, source: socket.socket, *, is_upward: bool) -> None:
        direction = self._upward if is_upward else self._downward
        while True:
            try:
                datagram, address = source.recvfrom(_DATAGRAM_LIMIT)
            except OSError:  # nothing more, or the far side's port is closed: a network does not say
                return
            if is_upward and (not self._clients or self._clients[-1] != address):
                self._clients.append(address)
            self._tap(is_upward, datagram)
            conditions = self._conditions
            if conditions.deaf if is_upward else conditions.mute:
                conditions = conditions._replace(down=True)
            delays_ms, counters = direction.fate(len(datagram), conditions)
            for delay_ms in delays_ms:
                self._order += 1
                due = time.monotonic() + delay_ms / 1000
                heapq.heappush(self._waiting, (due, self._order, is_upward, datagram))
            direction.counters = counters  # not before: whoever sees it counted sees it under way, too

    def _deliver_due(self) -> None:
        now = time.monotonic()
        while self._waiting and self._waiting[0][0] <= now:
            _, _, is_upward, datagram = heapq.heappop(self._waiting)
            try:
                if is_upward:
                    self._facing_server.sendto(datagram, self._server)
                elif self._clients:
                    self._facing_client.sendto(datagram, self._clients[-1])
            except OSError:  # nobody listens there any more: lost, as on a network
                continue
