"""A session that is none behind a real door: what a test tells it to be."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.loop import NOTHING_READY, Waiter
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.key import Key
from mosh_server.door.history import Kept
from mosh_server.door.listener import About, Listener
from mosh_server.host.places import Place
from mosh_server.host.registry import Registry, claim

PATIENCE_MS = 20_000


class Offer(NamedTuple):
    """As the control's."""

    port: int
    key: Key


class Told(NamedTuple):
    """As the control's facts; a session of ten seconds that is attached."""

    columns: int = 80
    lines: int = 24
    title: str = "a title"
    attached: bool = True
    peer: str | None = "192.0.2.1"
    since_ms: int = 10_500
    heard_ms_ago: int | None = 1500


def screen(text: str, *, columns: int = 20, lines: int = 4) -> Snapshot:
    """Return what a terminal shows once a program has written that."""
    emulator = Emulator(columns, lines)
    emulator.feed(text.encode())
    return emulator.snapshot()


class FakeControl:
    """Keeps what it was asked for."""

    def __init__(self) -> None:
        self.told = Told()
        self.shown = screen("$ make\r\n")
        self.kept: Kept | None = None
        self.ended = False
        self.refuses = ""
        self.broken = False
        self.asked: list[tuple[str | None, tuple[int, int] | None, bool]] = []

    def attach(self, *, address: str | None, ports: tuple[int, int] | None, everywhere: bool, now: int) -> Offer:
        if self.refuses:
            raise EnvironmentFailure(self.refuses)
        self.asked.append((address, ports, everywhere))
        return Offer(60_000 + len(self.asked), Key.generate(os.urandom(16)))

    def end(self, *, now: int) -> None:
        self.ended = True

    def facts(self, *, now: int) -> Told:
        if self.broken:
            raise ZeroDivisionError("a fault")
        return self.told

    def snapshot(self) -> Snapshot:
        return self.shown

    def history(self) -> Kept | None:
        return self.kept


class Turns:
    """The turns of a loop that has nothing but a door."""

    def __init__(self, door: Listener, waiter: Waiter) -> None:
        self.door = door
        self._waiter = waiter
        self.count = 0

    def turn(self, *, now: int | None = None, longest_ms: int = PATIENCE_MS) -> bool:
        """Wait for the door, but not longer than that, and let it have its turn; return whether anything came."""
        watched = list(self.door.descriptors())
        for descriptor, read, write in watched:
            self._waiter.watch(descriptor, read=read, write=write)
        clock = now_ms()
        deadline = self.door.next_deadline() if now is None else None
        ready = self._waiter.wait(min(clock + longest_ms, deadline or clock + longest_ms), now=clock)
        for descriptor, _read, _write in watched:
            self._waiter.forget(descriptor)
        self.door.turn(ready.readable, ready.writable, now=now_ms() if now is None else now)
        self.count += 1
        return ready != NOTHING_READY


@contextmanager
def door_process(
    places: Sequence[Place],
    *,
    name: str | None = None,
    opens: bool = True,
    prepare: Callable[[FakeControl], object] = lambda _control: None,
) -> Iterator[int]:
    """Have a server's process that is nothing but an entry and its door, until it is ended; yields its number.

    `opens`: it has a door. `prepare` is called with its control, in that process.
    """
    told, telling = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.close(told)
            _serve(places, name, opens, prepare, telling)
        finally:
            os._exit(0)
    os.close(telling)
    try:
        assert os.read(told, 1) == b"r"
        yield pid
    finally:
        os.close(told)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(
    places: Sequence[Place],
    name: str | None,
    opens: bool,
    prepare: Callable[[FakeControl], object],
    telling: int,
) -> None:
    registry = Registry(places)
    registry.enter(os.getpid())
    if name is not None:
        taken = claim(places, name)
        assert taken is not None
        taken.give_to(os.getpid())
    control = FakeControl()
    prepare(control)
    about = About(name, "vi notes", int(time.time()) - 100, os.getpid)
    entered = registry.entered if opens else []
    door = Listener(entered, pid=os.getpid(), control=control, about=about, uid=os.getuid())
    os.write(telling, b"r")
    with Waiter() as waiter:
        turns = Turns(door, waiter)
        while not control.ended:
            turns.turn()
        registry.leave()
        turns.turn(longest_ms=0)
