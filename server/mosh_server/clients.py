"""Who is at a session's terminal: one client that types and sees, offered keys, and earlier clients.

Whose first authentic datagram came last types. Decides nothing of what is typed and shown, nor when the session ends.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mosh_common.address import Address
from mosh_common.sync.states.parts.parting import Parting, PartingKind
from mosh_common.wire.key import Key
from mosh_server.attachment import Attaching, Attachment
from mosh_server.attendance import Attendance
from mosh_server.keyring import KeyRing, Offer, Outgoing
from mosh_server.terminal import Terminal


class Identity(NamedTuple):
    """What a client that parts from the session is told of it."""

    id: str
    unix_time: Callable[[], float]  # seconds


class Clients:
    """The clients of one session."""

    __slots__ = ("_attaching", "_identity", "_keys", "_parts", "_terminal", "attendance", "typing")

    def __init__(self, terminal: Terminal, *, attaching: Attaching, identity: Identity, attendance: Attendance) -> None:
        """Begin with nobody there; `attendance` is told who comes and goes."""
        self._terminal = terminal
        self._attaching = attaching
        self._identity = identity
        self._keys = KeyRing()
        self._parts: dict[int, Any] = {}  # of the host state, what is not of one client
        self.attendance = attendance
        self.typing: Attachment | None = None  # None: nobody came yet, or the last one has detached

    # --- Who comes and goes -------------------------------------------------------------------------------------

    def offer(self, key: Key, *, socket: int, now: int) -> None:
        """Let whoever sends the first authentic datagram under `key`, which is new, take the session over.

        For a minute, on the socket of that number; nobody is told before.
        """
        self._keys.offer(key, socket=socket, now=now)

    @property
    def waiting(self) -> int:
        """How many offers nobody took yet."""
        return self._keys.waiting

    @property
    def expected_until(self) -> int | None:
        """Until when somebody may take an offer; None when there is none."""
        return self._keys.offers_until

    def receive_datagram(
        self, data: bytes, source: Address, *, accepting: bool, now: int, congestion: bool = False
    ) -> Offer | None:
        """Digest a datagram of whomever; `accepting`: it may take the session over.

        Then the offer is returned that it takes. Deal with what the client before has said, and `take_over`.
        """
        typing = self.typing
        # First, so that what is typed costs one decryption.
        if typing is not None and typing.transport.receive_datagram(data, source, now=now, congestion=congestion):
            return None
        if self._keys.empty:
            return None
        offer = self._keys.take_offer(data, now=now) if accepting else None
        if offer is None:
            self._keys.receive_datagram(data, source, now=now, congestion=congestion)
        return offer

    def take_over(self, offer: Offer, data: bytes, source: Address, *, now: int, congestion: bool = False) -> None:
        """Let the client that took `offer` with that datagram be the one that types."""
        self._part(PartingKind.TAKEN_OVER, source.plain_host, now=now)
        terminal = self._terminal
        typing = self._attaching.attachment(
            offer.key,
            terminal.display.shown,
            has_history=terminal.history is not None,
            socket=offer.socket,
            now=now,
        )
        for number, value in self._parts.items():
            typing.extensions.set_value(number, value)
        self.typing = typing
        self.attendance.attach(typing.transport, now=now)
        typing.transport.receive_datagram(data, source, now=now, congestion=congestion)

    def detach(self, *, now: int) -> None:
        """Let the client that types go, as it asked."""
        self._part(PartingKind.DETACHED, self._identity.id, now=now)
        self.attendance.detach(now=now)

    # --- What they are told -------------------------------------------------------------------------------------

    def set_part(self, number: int, value: object) -> bool:
        """Let a part of the host state have that value, for who is and will be here; return whether it is news."""
        self._parts[number] = value
        return self.typing is not None and self.typing.extensions.set_value(number, value)

    def given(self, *, now: int) -> None:
        """Note which states of the client's input the programs have taken whole."""
        numbers = self._terminal.input.complete_states()
        if self.typing is not None:
            self.typing.echo_ack.give(numbers, now=now)

    def datagrams_to_send(self, *, now: int) -> list[Outgoing]:
        """Return the datagrams that are due."""
        typing = self.typing
        if typing is None:
            return self._keys.datagrams_to_send(now=now)
        sending = [Outgoing(data, to, typing) for data, to in typing.transport.datagrams_to_send(now=now)]
        return sending + self._keys.datagrams_to_send(now=now)

    def next_deadlines(self, *, now: int) -> list[int | None]:
        """Return when something is due of any of them. Changes nothing."""
        deadlines = [self._keys.next_deadline(), self.attendance.next_deadline()]
        if self.typing is not None:
            deadlines += self.typing.next_deadlines(self._terminal, now=now)
        return deadlines

    def sockets(self) -> set[int]:
        """Return the numbers of the sockets that somebody is, or may be, reached by."""
        return self._keys.sockets() | (set() if self.typing is None else {self.typing.socket})

    # --- Private ------------------------------------------------------------------------------------------------

    def _part(self, kind: PartingKind, text: str, *, now: int) -> None:
        """Read no more of the client that types, if there is one, and tell it so.

        What had been received of what it typed is still written; what had not come is not asked for again.
        """
        typing = self.typing
        if typing is not None:
            typing.stop_typing(self._terminal)
            self._keys.retire(typing, Parting(kind, int(self._identity.unix_time()), text), now=now)
            self.typing = None
