"""How a session ends: why, whom it tells, and how long it waits to be heard.

Knows nothing of screens and ptys.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from mosh_common.protocol import SHUTDOWN_TIMEOUT_MS
from mosh_common.sync import events as sync
from mosh_common.sync.transport import Transport
from mosh_server.attendance import Timeouts
from mosh_server.events import Event, Finished

# The shell ended while the client could not be reached: it is told when it is back, within a day. When it was there a
# moment ago, it may have heard, said so and left, and only what it said was lost: that is not worth a day.
LAST_WORDS_SILENT_MS: Final = 86_400_000
LAST_WORDS_MS: Final = 600_000


class Ending:
    """Whether the session ends, or has ended; at first neither."""

    __slots__ = ("_report", "_timeouts", "_waits_until", "failed", "finished", "last_words", "reason")

    def __init__(self, timeouts: Timeouts, *, report: Callable[[Event], None]) -> None:
        """`report` is told when the session is over."""
        self._timeouts = timeouts
        self._report = report
        self._waits_until: int | None = None  # the shell ended, and somebody is expected who may be told until then
        self.last_words = False  # the shell ended, and whoever is silent or expected is waited for
        self.reason: str | None = None  # why shutdown was started
        self.finished = False  # no turn is needed any more
        self.failed = False  # it ended because of a fault, not because somebody wanted it to

    @property
    def begun(self) -> bool:
        """Whether anybody or anything wants the session to end."""
        return self.reason is not None

    @property
    def unasked(self) -> bool:
        """Whether it ends though the shell did not: what that prints is of no use any more."""
        return self.reason is not None and not self.last_words

    def take(self, event: sync.Event) -> None:
        """Take what the client's transport reports of an end."""
        if isinstance(event, sync.PeerShutdown):
            self.reason = self.reason or "the client left"
        elif isinstance(event, sync.ShutdownDone):
            self._finish(self.reason or "shut down")
        elif isinstance(event, sync.VersionMismatch):
            self._finish(event.message, failed=True)
        elif isinstance(event, sync.SessionExhausted):
            self._finish("the session's key is used up", failed=True)

    def shut_down(self, reason: str, transport: Transport[Any, Any] | None, *, as_sent: bool, now: int) -> None:
        """Tell the client that the session ends; leave at once when there is none, or it would not hear it.

        `as_sent`: what the screen became since it was sent last is not worth the time.
        """
        self.last_words = False
        self.reason = reason
        if transport is None or transport.path.peer is None or not transport.contact.attached(now=now):
            self._finish(reason)
        else:
            transport.start_shutdown(now=now, as_sent=as_sent)

    def leave_last_words(self, transport: Transport[Any, Any], *, now: int) -> None:
        """The shell ended: keep the last screen and the end for a client that cannot be reached now."""
        heard = transport.contact.last_datagram_at
        if self.unasked:
            return
        patience = LAST_WORDS_SILENT_MS if transport.contact.heartbeat_missed(now=now) else LAST_WORDS_MS
        if self._timeouts.network_ms is not None and heard is not None:
            patience = min(patience, max(heard + self._timeouts.network_ms - now, 0))
        self.reason = "the shell ended"
        self.last_words = True
        self._waits_until = None
        transport.start_shutdown(now=now, patience_ms=max(patience, SHUTDOWN_TIMEOUT_MS))

    def end_without_client(self, *, expected_until: int | None, now: int) -> None:
        """The shell ended, and nobody can be told yet: leave, unless somebody is expected until then."""
        if self.unasked:
            return
        self.reason = "the shell ended"
        self.last_words = True
        self._waits_until = now if expected_until is None else expected_until
        self.expire(now=now)

    def expire(self, *, now: int) -> None:
        """Leave when whoever was expected has not come."""
        if self._waits_until is not None and now >= self._waits_until:
            self._finish("the shell ended")

    def next_deadline(self) -> int | None:
        """Return when `expire` wants to be called; None = never."""
        return self._waits_until

    def _finish(self, reason: str, *, failed: bool = False) -> None:
        if not self.finished:
            self.finished = True
            self.failed = failed
            self._report(Finished(reason))
