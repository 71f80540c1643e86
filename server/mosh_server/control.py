"""What the session's user can do with it from outside: ask about it, take it over, end it.

Called by the loop, between turns. Knows nothing of who asks, and how.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from mosh_common.errors import EnvironmentFailure
from mosh_common.protocol import KEY_OCTETS
from mosh_common.terminal.cells import Snapshot
from mosh_common.wire.key import Key
from mosh_server.session import Session
from mosh_server.sockets import Sockets

if TYPE_CHECKING:
    from mosh_server.output.guarded_history import GuardedHistory


class Offer(NamedTuple):
    """Where and with which key a client can take the session over, for a minute. The key is a secret."""

    port: int
    key: Key


class Facts(NamedTuple):
    """A session at one moment. The title is a stranger's: any characters may be in it."""

    columns: int
    lines: int
    title: str
    attached: bool
    peer: str | None  # numeric address of the client that is, or was last, attached
    since_ms: int  # for how long it has been attached, or detached
    heard_ms_ago: int | None  # any client; None = never
    waiting: int  # offers that nobody took yet


class Control:
    """One session, to be asked and told."""

    __slots__ = ("_entropy", "_session", "_sockets")

    def __init__(self, session: Session, sockets: Sockets, *, entropy: Callable[[int], bytes]) -> None:
        """`entropy(n)` returns n octets of the system's, for keys."""
        self._session = session
        self._sockets = sockets
        self._entropy = entropy

    def attach(self, *, address: str | None, ports: tuple[int, int] | None, everywhere: bool, now: int) -> Offer:
        """Give out a new key. Whoever is attached notices nothing before somebody comes with it.

        The arguments are those of `UdpSocket.bind_server`; its own socket is shared where it will do. Raises
        EnvironmentFailure when the session is ending, or there is no such port.
        """
        if self._session.ending or self._session.finished:
            raise EnvironmentFailure("This session is ending: start a new one.")
        socket = self._sockets.choose(address, ports, everywhere=everywhere)
        key = Key.generate(self._entropy(KEY_OCTETS))
        self._session.clients.offer(key, socket=socket, now=now)
        return Offer(self._sockets.port(socket), key)

    def end(self, *, now: int) -> None:
        """End the session; a client that is attached is told."""
        self._session.terminate(reason="ended by its user", now=now)

    def facts(self, *, now: int) -> Facts:
        """Return how it is. Changes nothing."""
        screen, clients = self.snapshot(), self._session.clients
        attendance = clients.attendance
        heard = attendance.last_datagram_at
        return Facts(
            columns=screen.columns,
            lines=screen.lines,
            title=screen.title,
            attached=attendance.host is not None,
            peer=attendance.last_host,
            since_ms=now - attendance.since,
            heard_ms_ago=None if heard is None else now - heard,
            waiting=clients.waiting,
        )

    def snapshot(self) -> Snapshot:
        """Return the screen, as far as what the programs wrote is executed."""
        return self._session.terminal.display.screen()

    def history(self) -> GuardedHistory | None:
        """Return what scrolled off the screen, as of now; None if that is not kept."""
        self.snapshot()
        return self._session.terminal.emulator.history
