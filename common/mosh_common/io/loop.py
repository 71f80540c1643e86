"""Waiting: for descriptors, signals and a deadline at once.

Holds no policy. Each process's loop calls `wait` and then feeds what is ready to its session. Signals arrive through
Python's wake-up descriptor, so they interrupt a wait and are handled between turns, never inside one.
"""

from __future__ import annotations

import os
import selectors
import signal
from collections.abc import Iterable
from types import TracebackType
from typing import Final, NamedTuple

from mosh_common.clock import now_ms
from mosh_common.io.signal_handlers import change_handlers

_LONGEST_WAIT_MS: Final = 86_400_000  # epoll's timeout is 31 bits of milliseconds; a day is far below


class Ready(NamedTuple):
    """What a wait ended with; all three may be empty (the deadline came)."""

    readable: frozenset[int]  # descriptors, also those with an error or a hang-up: reading tells which
    writable: frozenset[int]
    signals: frozenset[int]


NOTHING_READY: Final = Ready(frozenset(), frozenset(), frozenset())


class Waiter:
    """A selector that also wakes up for signals. Only in the main thread (Python delivers signals there)."""

    def __init__(self, signals: Iterable[int] = ()) -> None:
        """Catch `signals` from now until `close`."""
        self._selector = selectors.DefaultSelector()
        self._watched: dict[int, int] = {}  # descriptor to event mask
        self._wakeup_read, self._wakeup_write = os.pipe()
        for fd in (self._wakeup_read, self._wakeup_write):
            os.set_blocking(fd, False)
        self._selector.register(self._wakeup_read, selectors.EVENT_READ)
        self._old_wakeup = signal.set_wakeup_fd(self._wakeup_write, warn_on_full_buffer=False)
        self._old_handlers = change_handlers(dict.fromkeys(signals, _leave_it_to_the_wakeup_descriptor))

    def __enter__(self) -> Waiter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def watch(self, fd: int, *, read: bool = True, write: bool = False) -> None:
        """Wait for these events of `fd` from now on; neither means not at all. Cheap when nothing changes."""
        mask = (selectors.EVENT_READ if read else 0) | (selectors.EVENT_WRITE if write else 0)
        known = self._watched.get(fd, 0)
        if mask == known:
            return
        if not mask:
            self._selector.unregister(fd)
            del self._watched[fd]
            return
        if known:
            self._selector.modify(fd, mask)
        else:
            self._selector.register(fd, mask)
        self._watched[fd] = mask

    def forget(self, fd: int) -> None:
        """Stop waiting for `fd`; call before closing it. Harmless when it is not watched."""
        if self._watched.pop(fd, 0):
            self._selector.unregister(fd)

    def wait(self, deadline: int | None, *, now: int | None = None) -> Ready:
        """Wait until something is ready or the clock (`now_ms`) reaches `deadline`; None = no deadline.

        A deadline in the past only looks. `now`: what the caller read last; read here when not given.
        """
        timeout: float | None = None
        if deadline is not None:
            remaining = deadline - (now_ms() if now is None else now)
            timeout = min(max(remaining, 0), _LONGEST_WAIT_MS) / 1000
        readable: list[int] = []
        writable: list[int] = []
        signals: frozenset[int] = frozenset()
        for key, events in self._selector.select(timeout):
            if key.fd == self._wakeup_read:
                signals = self._drain_signals()
                continue
            if events & selectors.EVENT_READ:
                readable.append(key.fd)
            if events & selectors.EVENT_WRITE:
                writable.append(key.fd)
        return Ready(frozenset(readable), frozenset(writable), signals)

    def close(self) -> None:
        """Restore the signal handlers and close the descriptors made here."""
        change_handlers(self._old_handlers)
        self._old_handlers.clear()
        signal.set_wakeup_fd(self._old_wakeup)
        self._selector.close()
        os.close(self._wakeup_read)
        os.close(self._wakeup_write)

    def _drain_signals(self) -> frozenset[int]:
        seen: set[int] = set()
        while True:
            try:
                octets = os.read(self._wakeup_read, 4096)
            except BlockingIOError:
                break
            seen.update(octets)
            if len(octets) < 4096:
                break
        return frozenset(seen)


def _leave_it_to_the_wakeup_descriptor(_number: int, _frame: object) -> None:
    """A handler must exist for the signal to reach the wake-up descriptor; it has nothing to do."""
