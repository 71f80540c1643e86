"""Whether the client is there, and how long one that is not is waited for.

Asks the transport when the client was heard; decides nothing of what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mosh_common.sync.transport import Transport
from mosh_server.events import ClientHeard, ClientSilent, Event


class Timeouts(NamedTuple):
    """How long a silent client is waited for; None = forever (network), or not at all (signal)."""

    network_ms: int | None = None  # MOSH_SERVER_NETWORK_TMOUT
    signal_ms: int | None = None  # MOSH_SERVER_SIGNAL_TMOUT: younger silence makes SIGUSR1 be ignored

    @classmethod
    def from_seconds(cls, *, network: int, signal: int) -> Timeouts:
        """Return the timeouts of that many seconds; 0 = not set."""
        return cls(network * 1000 or None, signal * 1000 or None)


class Attendance:
    """The client's coming and going."""

    __slots__ = ("_host", "_report", "_timeouts", "_transport")

    def __init__(self, transport: Transport[Any, Any], timeouts: Timeouts, *, report: Callable[[Event], None]) -> None:
        """Begin with nobody there; `report` is told who comes and goes."""
        self._transport = transport
        self._timeouts = timeouts
        self._report = report
        self._host: str | None = None  # what the last ClientHeard said; None while detached

    def watch(self, *, now: int) -> None:
        """Report a client that came, moved or fell silent."""
        peer = self._transport.path.peer
        host = peer.host if peer is not None and self._transport.contact.attached(now=now) else None
        if host != self._host:
            self._host = host
            self._report(ClientSilent() if host is None else ClientHeard(host))

    def next_deadline(self) -> int | None:
        """Return when a client that stays silent counts as detached."""
        return None if self._host is None else self._transport.contact.detaches_at

    def given_up_at(self) -> int | None:
        """Return when the patience with a client that was never heard, or is silent now, ends."""
        return self._transport.contact.given_up_at(patience_ms=self._timeouts.network_ms)

    def spared_by_signal(self, *, now: int) -> bool:
        """Return whether the client was heard within the signal timeout."""
        limit = self._timeouts.signal_ms
        heard = self._transport.contact.last_heard
        return limit is not None and heard is not None and now - heard < limit
