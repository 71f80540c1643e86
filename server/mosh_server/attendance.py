"""Whether a client is there, and how long one that is not is waited for.

Asks its transport when it was heard; decides nothing of what follows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from mosh_common.sync.path.contact import Contact
from mosh_common.sync.transport import Transport
from mosh_server.events import ClientAttached, ClientDetached, ClientHeard, ClientSilent, Event


class Timeouts(NamedTuple):
    """How long a silent client is waited for; None = forever (network), or not at all (signal)."""

    network_ms: int | None = None  # MOSH_SERVER_NETWORK_TMOUT
    signal_ms: int | None = None  # MOSH_SERVER_SIGNAL_TMOUT: younger silence makes SIGUSR1 be ignored

    @classmethod
    def from_seconds(cls, *, network: int, signal: int) -> Timeouts:
        """Return the timeouts of that many seconds; 0 = not set."""
        return cls(network * 1000 or None, signal * 1000 or None)


class Attendance:
    """The coming and going of clients, of which one at a time is here."""

    __slots__ = ("_before", "_host", "_news", "_report", "_timeouts", "_transport", "last_host", "since")

    def __init__(self, timeouts: Timeouts, *, report: Callable[[Event], None], now: int) -> None:
        """Begin with nobody there; `report` is told who comes and goes."""
        self._timeouts = timeouts
        self._report = report
        self._transport: Transport[Any, Any] | None = None  # of the client that is here, or silent
        self._before = Contact(began_at=now)  # when any client before it was heard
        self._news: type[ClientHeard] | type[ClientAttached] | None = None  # as what it is to be reported
        self._host: str | None = None  # as reported last; None while detached
        self.last_host: str | None = None  # where a client is, or was last; None = there was none
        self.since = now  # when it became attached or detached

    def attach(self, transport: Transport[Any, Any], *, now: int) -> None:
        """A client has come, in place of any other."""
        first = self._transport is None and self._before.last_datagram_at is None
        self._leave_behind()
        self._transport = transport
        self._news = ClientHeard if first else ClientAttached
        self.since = now

    def detach(self, *, now: int) -> None:
        """The client has left as it asked."""
        self._leave_behind()
        self._transport = None
        self._host = None
        self.since = now
        self._report(ClientDetached())

    def watch(self, *, now: int) -> None:
        """Report a client that came, moved or fell silent."""
        transport = self._transport
        if transport is None:
            return
        peer = transport.path.peer
        host = peer.plain_host if peer is not None and transport.contact.attached(now=now) else None
        if self._news is not None and host is not None:
            self._report(self._news(host))
            self._news, self._host, self.last_host = None, host, host
        elif host != self._host:
            if host is None or self._host is None:
                self.since = now
            self._host = host
            self.last_host = host or self.last_host
            self._report(ClientSilent() if host is None else ClientHeard(host))

    @property
    def host(self) -> str | None:
        """Where the client is; None while detached."""
        return self._host

    @property
    def last_datagram_at(self) -> int | None:
        """When any client was heard last; None = never."""
        heard = None if self._transport is None else self._transport.contact.last_datagram_at
        return self._before.last_datagram_at if heard is None else heard

    def next_deadline(self) -> int | None:
        """Return when a client that stays silent counts as detached."""
        return None if self._host is None or self._transport is None else self._transport.contact.detaches_at

    def given_up_at(self, *, offers_until: int | None = None) -> int | None:
        """Return when the patience ends, if no client was ever heard, or none is now.

        Not while somebody is expected, which is until `offers_until`.
        """
        at = self._heard().given_up_at(patience_ms=self._timeouts.network_ms)
        return at if at is None or offers_until is None else max(at, offers_until)

    def spared_by_signal(self, *, now: int) -> bool:
        """Return whether a client was heard within the signal timeout."""
        limit = self._timeouts.signal_ms
        heard = self._heard().last_heard
        return limit is not None and heard is not None and now - heard < limit

    def _heard(self) -> Contact:
        """Return what is known of the client whose state came last."""
        transport = self._transport
        return self._before if transport is None or transport.contact.last_heard is None else transport.contact

    def _leave_behind(self) -> None:
        if self._transport is None:
            return
        contact, before = self._transport.contact, self._before
        before.last_datagram_at = (
            before.last_datagram_at if contact.last_datagram_at is None else contact.last_datagram_at
        )
        before.last_heard = before.last_heard if contact.last_heard is None else contact.last_heard
