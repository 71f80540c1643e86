"""How long a peer that does not answer is told of the end."""

from __future__ import annotations

from mosh_common.protocol import SHUTDOWN_TIMEOUT_MS, SHUTDOWN_TRIES
from mosh_common.sync.shutdown import Shutdown

NOW = 1_000_000
DAY_MS = 86_400_000


def started(patience_ms: int) -> Shutdown:
    shutdown = Shutdown()
    shutdown.start(patience_ms=patience_ms, now=NOW)
    return shutdown


def try_often(shutdown: Shutdown) -> None:
    for _ in range(SHUTDOWN_TRIES):
        assert not shutdown.tries_used_up
        shutdown.tried()
    assert shutdown.tries_used_up


def test_before_it_starts_nothing_expires() -> None:
    shutdown = Shutdown()
    assert not shutdown.in_progress
    assert not shutdown.expired(now=NOW + DAY_MS)


def test_it_expires_with_its_time_or_its_tries() -> None:
    shutdown = started(SHUTDOWN_TIMEOUT_MS)
    assert not shutdown.expired(now=NOW + SHUTDOWN_TIMEOUT_MS - 1)
    assert shutdown.expired(now=NOW + SHUTDOWN_TIMEOUT_MS)
    try_often(shutdown)
    assert shutdown.expired(now=NOW)
    shutdown.peer_heard()
    assert shutdown.tries_used_up


def test_with_patience_a_peer_that_is_heard_again_is_told_again() -> None:
    shutdown = started(DAY_MS)
    try_often(shutdown)
    assert not shutdown.expired(now=NOW + DAY_MS - 1)
    shutdown.peer_heard()
    try_often(shutdown)


def test_started_again_it_becomes_less_patient_never_more() -> None:
    shutdown = started(DAY_MS)
    shutdown.start(patience_ms=SHUTDOWN_TIMEOUT_MS, now=NOW)
    shutdown.start(patience_ms=DAY_MS, now=NOW)
    assert shutdown.deadline == NOW + SHUTDOWN_TIMEOUT_MS
    try_often(shutdown)
    assert shutdown.expired(now=NOW)
