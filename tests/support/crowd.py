"""Several clients of one session, in simulated time: world.py's server and clients, with a network of 20 ms.

    crowd = Crowd()
    first = crowd.join()
    second = crowd.join(crowd.offer(), columns=100)
    crowd.run(1000)
    assert first.done

A client that is in `away` is asleep. One that was shut down and has said so is gone.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection
from typing import NamedTuple

from tests.support.world import KEY, SERVER_ADDRESS, START, BareClient, OurServer, entropy

from mosh_common.address import Address
from mosh_common.wire.extensions import OUR_FEATURES
from mosh_common.wire.key import Key
from mosh_server.attendance import Timeouts

ONE_WAY_MS = 20


class Carried(NamedTuple):
    """A datagram that somebody sent."""

    at: int  # when, in ms of the simulated clock
    source: Address
    to: Address
    data: bytes


class Crowd:
    """The server, its clients and the network."""

    def __init__(
        self,
        *,
        timeouts: Timeouts | None = None,
        program: Callable[[bytes], bytes] | None = None,
        delay: int = ONE_WAY_MS,
    ) -> None:
        self.now = START
        self.server = OurServer(timeouts=timeouts, program=program, entropy=entropy("server"))
        self.session, self.pty, self.events = self.server.session, self.server.pty, self.server.events
        self.clients: list[BareClient] = []
        self.away: set[BareClient] = set()
        self.sent: list[Carried] = []
        self._delay = delay
        self._keys = itertools.count(1)
        self._flying: list[tuple[int, int, Carried]] = []
        self._order = itertools.count()

    # --- Who comes ----------------------------------------------------------------------------------------------

    def offer(self) -> Key:
        """Give out a new key."""
        key = Key(next(self._keys).to_bytes(16, "big"))
        self.session.clients.offer(key, socket=0, now=self.now)
        return key

    def join(
        self,
        key: Key = KEY,
        *,
        columns: int = 80,
        lines: int = 24,
        features: frozenset[int] | None = OUR_FEATURES,
    ) -> BareClient:
        """Let a client come with that key, from an address of its own; its first state says its window's size."""
        number = len(self.clients) + 1
        client = BareClient(
            columns=columns,
            lines=lines,
            features=features,
            key=key,
            address=Address(f"198.51.100.{number}", 40_000 + number),
            entropy=entropy(f"client {number}"),
            now=self.now,
        )
        client.push(client.typed.push_resize(columns, lines), now=self.now)
        self.clients.append(client)
        return client

    def start(self) -> BareClient:
        """Bring the first client on, and the shell."""
        client = self.join()
        self.run(2000)
        assert self.pty.size is not None
        self.events.clear()
        return client

    def attach(self, *, columns: int = 80, lines: int = 24, upstreams: bool = False) -> BareClient:
        """Let another client take over, and see the whole screen."""
        client = self.join(self.offer(), columns=columns, lines=lines, features=None if upstreams else OUR_FEATURES)
        self.run(500)
        assert self.server.client.transport.path.peer == client.address
        return client

    # --- What happens -------------------------------------------------------------------------------------------

    def run(self, milliseconds: int) -> None:
        """Let that much time pass, or less when the server has left."""
        end = self.now + milliseconds
        turns = 0
        self.turn()
        while self.now < end and not self.server.left:
            turns += 1
            assert turns < 1000 + milliseconds // 2, "a loop spins: something is always due and never done"
            due = [self._flying[0][0]] if self._flying else []
            wakes = [(one, min(at)) for one in self._awake() if (at := _known(one.wakes_at(now=self.now)))]
            self.now = min([end, *(max(at, self.now + 1) for at in (*due, *(at for _, at in wakes)))])
            self._serve([one for one, at in wakes if at <= self.now])

    def turn(self) -> None:
        """Let everybody do what is due now."""
        self._serve(self._awake())

    def _serve(self, due: Collection[OurServer | BareClient]) -> None:
        """Deliver what arrives now; then let those serve to whom it came, and those that are due, as real loops do."""
        woken = list(due)
        while self._flying and self._flying[0][0] <= self.now:
            carried = heapq.heappop(self._flying)[2]
            if carried.to == SERVER_ADDRESS:
                self.server.receive_datagram(carried.data, carried.source, now=self.now)
                woken.append(self.server)
            for client in self.clients:
                if client.address == carried.to and client not in self.away:
                    client.receive_datagram(carried.data, carried.source, now=self.now)
                    woken.append(client)
        for one in self._awake():
            for data, to in one.serve(now=self.now) if one in woken else ():
                carried = Carried(self.now, one.address, to, data)
                self.sent.append(carried)
                heapq.heappush(self._flying, (self.now + self._delay, next(self._order), carried))

    def _awake(self) -> list[OurServer | BareClient]:
        """Who does anything: a client that has said that it knows of its end is gone."""
        clients = [client for client in self.clients if not client._sender.shutdown_ack_sent]
        return [self.server, *[client for client in clients if client not in self.away]]

    def print(self, output: bytes) -> None:
        """Let the application write something."""
        self.session.receive_output(output, now=self.now)
        self.turn()

    def type(self, client: BareClient, keys: bytes) -> None:
        """Let a client's user type."""
        client.push(client.typed.push_keys(keys), now=self.now)
        self.turn()

    def ask(self, client: BareClient, feature: int, payload: bytes = b"") -> None:
        """Let a client ask for something."""
        client.push(client.typed.push_request(feature, payload), now=self.now)
        self.turn()


def _known(deadlines: list[int | None]) -> list[int]:
    return [at for at in deadlines if at is not None]
