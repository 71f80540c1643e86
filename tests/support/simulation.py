"""Client and server Transport with a bad network between them, in one process and in simulated time.

Nothing sleeps: the clock jumps to the next thing that happens. Every turn checks what holds for any loop around a
Transport: once it was served, its next deadline lies in the future (or the process would spin).
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from mosh_common.address import Address
from mosh_common.errors import PeerError
from mosh_common.sync.events import Event, NewRemoteState
from mosh_common.sync.states.user_stream import UserStream
from mosh_common.sync.transport import Transport
from mosh_common.wire.key import Key
from mosh_common.wire.userdiff import Keys, Resize

KEY = Key(bytes(range(16)))
SERVER_ADDRESS = Address("192.0.2.1", 60001)
CLIENT_ADDRESS = Address("198.51.100.7", 40000)
START = 1_000_000_007  # any clock reading


class Conditions(NamedTuple):
    """What the network does to each datagram, in both directions."""

    delay: int = 40  # ms, one way
    jitter: int = 0  # ms of uniform extra delay; reorders
    loss: float = 0.0
    duplicate: float = 0.0
    times: int = 1  # how often each datagram is carried
    reorder: float = 0.0  # share of datagrams that are held back …
    reorder_by: int = 0  # … by up to so many ms
    congestion: float = 0.0  # share that a router marks (ECN CE)
    longest: int = 65535  # octets; longer datagrams vanish
    rate: int = 0  # octets per ms that go in each direction, the others wait in a queue; 0 = any (world.py only)


class Text:
    """A toy of a screen, both roles: octets; the diff is what stays in front and what follows."""

    def __init__(self, value: bytes = b"") -> None:
        self.value = value
        self.weight = len(value)

    def diff_from(self, known: Text) -> bytes:
        if self.value == known.value:
            return b""
        same = 0
        for ours, theirs in zip(self.value, known.value, strict=False):
            if ours != theirs:
                break
            same += 1
        return b"%d:" % same + self.value[same:]

    def apply(self, diff: bytes) -> Text:
        same, colon, rest = diff.partition(b":")
        if not colon or not same.isdigit() or int(same) > len(self.value):
            raise PeerError(f"no text diff: {diff[:20]!r}")
        return Text(self.value[: int(same)] + rest)

    def looks_like(self, other: Text) -> bool:
        return self.value == other.value

    def within_reach(self, known: Text) -> Text:
        return self

    def trimmed(self, known: Text) -> Text:
        return self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Text) and self.value == other.value

    __hash__ = None  # type: ignore[assignment]  # what Python itself sets


class Side:
    """One Transport and what its process would keep."""

    def __init__(self, transport: Transport[Any, Any], address: Address) -> None:
        self.transport = transport
        self.address = address
        self.events: list[Event] = []
        self.sends: list[tuple[int, int]] = []  # when each datagram was sent, and its length

    def of_kind(self, kind: type) -> list[Any]:
        """Return the events of one kind so far."""
        return [event for event in self.events if isinstance(event, kind)]


class Session:
    """Client, server and the network between them."""

    def __init__(
        self,
        *,
        seed: int = 0,
        conditions: Conditions | None = None,
        server_state: Any = None,
        client_remote: Any = None,
        on_server_event: Callable[[Session, Event], None] | None = None,
    ) -> None:
        self.now = START
        self.random = random.Random(seed)
        self.conditions = conditions or Conditions()
        self.server = Side(
            Transport(
                key=KEY,
                is_server=True,
                local=server_state if server_state is not None else Text(),
                remote=UserStream(),
                entropy=self.random.randbytes,
                now=self.now,
            ),
            SERVER_ADDRESS,
        )
        self.client = Side(
            Transport(
                key=KEY,
                is_server=False,
                local=UserStream(),
                remote=client_remote if client_remote is not None else Text(),
                entropy=self.random.randbytes,
                now=self.now,
                peer=SERVER_ADDRESS,
            ),
            CLIENT_ADDRESS,
        )
        self.typed = UserStream()
        # What the server's application got: every key, in order; and the last size.
        self.server_input = UserStream()
        self.received_keys = b""
        self.received_size: tuple[int, int] | None = None
        self.on_server_event = on_server_event
        self.addresses_tried: list[Address] = []  # where the client sent something, in order
        self._flying: list[tuple[int, int, bytes, Address, Side, bool]] = []
        self._order = itertools.count()
        self._sides = (self.client, self.server)
        self._deadlines: dict[Side, int] = {}  # when each side that waits for a time is due

    # --- What a test does -----------------------------------------------------------------------------------------

    def type(self, data: bytes) -> None:
        """Type on the client's keyboard."""
        self.typed = self.client.transport.local_state().push_keys(data)
        self.client.transport.set_local_state(self.typed, now=self.now)

    def resize(self, columns: int, lines: int) -> None:
        """Resize the client's window."""
        self.typed = self.client.transport.local_state().push_resize(columns, lines)
        self.client.transport.set_local_state(self.typed, now=self.now)

    def show(self, state: Any) -> None:
        """Change what the server shows."""
        self.server.transport.set_local_state(state, now=self.now)

    def roam(self, address: Address) -> None:
        """Give the client another address."""
        self.client.address = address

    def run(self, milliseconds: int) -> None:
        """Let time pass."""
        self.run_until(lambda: False, patience=milliseconds, must_happen=False)

    def run_until(self, condition: Callable[[], bool], *, patience: int, must_happen: bool = True) -> None:
        """Let time pass until `condition` holds; fail when it does not within `patience` ms."""
        end = self.now + patience
        self._serve(self._sides)
        while not condition():
            upcoming = [self._flying[0][0]] if self._flying else []
            at = min([*upcoming, *self._deadlines.values()], default=end + 1)
            if at > end:
                self.now = end
                assert condition() or not must_happen, f"not within {patience} ms"
                return
            self.now = max(self.now, at)
            woken = [side for side, due in self._deadlines.items() if due <= self.now]
            while self._flying and self._flying[0][0] <= self.now:
                _, _, data, source, to, marked = heapq.heappop(self._flying)
                to.transport.receive_datagram(data, source, now=self.now, congestion=marked)
                woken.append(to)
            self._serve(woken)

    def deliver(self, data: bytes, source: Address, to: Side) -> None:
        """Put a datagram of any contents before one side."""
        to.transport.receive_datagram(data, source, now=self.now)
        self._serve(self._sides)

    # --- The loops and the network --------------------------------------------------------------------------------

    def _serve(self, woken: Collection[Side]) -> None:
        """Do what is due on these sides, to which something came or whose time it is, as real loops do."""
        for side, other in ((self.client, self.server), (self.server, self.client)):
            if side not in woken:
                continue
            self._drain(side)
            for data, address in side.transport.datagrams_to_send(now=self.now):
                side.sends.append((self.now, len(data)))
                if side is self.client:
                    self.addresses_tried.append(address)
                # The network carries what goes to an address that somebody has.
                if address == other.address:
                    self._carry(data, side.address, other)
            self._drain(side)
            deadline = side.transport.next_deadline(now=self.now)
            assert deadline is None or deadline > self.now, f"spins: {deadline - self.now}"
            self._deadlines.pop(side, None)
            if deadline is not None:
                self._deadlines[side] = deadline

    def _drain(self, side: Side) -> None:
        for event in side.transport.events():
            side.events.append(event)
            if side is self.server:
                if isinstance(event, NewRemoteState):
                    self._take_input(event.state)
                if self.on_server_event is not None:
                    self.on_server_event(self, event)

    def _take_input(self, state: UserStream) -> None:
        for event in state.events_since(self.server_input):
            if isinstance(event, Keys):
                self.received_keys += event.data
            elif isinstance(event, Resize):
                self.received_size = (event.columns, event.lines)
        self.server_input = state

    def _carry(self, data: bytes, source: Address, to: Side) -> None:
        conditions = self.conditions
        for _ in range(conditions.times + (self.random.random() < conditions.duplicate)):
            lost = self.random.random() < conditions.loss or len(data) > conditions.longest
            at = self.now + conditions.delay + self.random.randint(0, conditions.jitter)
            if self.random.random() < conditions.reorder:
                at += self.random.randint(0, conditions.reorder_by)
            marked = self.random.random() < conditions.congestion
            if not lost:
                heapq.heappush(self._flying, (at, next(self._order), data, source, to, marked))
