"""The loop of the network process, where it is more than plumbing."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from mosh_client.ipc.control import Report
from mosh_client.network import process
from mosh_common.address import Address
from mosh_common.io.loop import Ready
from mosh_common.wire.key import Key

pytestmark = pytest.mark.system

NOTHING = Ready(frozenset(), frozenset(), frozenset())


@pytest.mark.parametrize("asleep_ms", [10, 6000])
@pytest.mark.parametrize("where", ["waiting", "in a turn"])
def test_a_machine_that_sleeps_is_noticed_wherever_the_loop_was(
    monkeypatch: pytest.MonkeyPatch, where: str, asleep_ms: int
) -> None:
    clock = SimpleNamespace(now=50_000)
    noticed: list[int] = []

    class Waiter:
        def __init__(self, _signals: object) -> None: ...
        def __enter__(self) -> Waiter:
            return self

        def __exit__(self, *_: object) -> None: ...
        def watch(self, *_: object, **__: object) -> None: ...
        def wait(self, deadline: int | None, *, now: int) -> Ready:
            clock.now = max(now, deadline or 0) + (asleep_ms if where == "waiting" else 0)
            return NOTHING

    control, other = socket.socketpair()
    with control, other:
        loop: Any = process._NetworkProcess(
            control, key=Key(bytes(16)), peer=Address("127.0.0.1", 9), ip="127.0.0.1", verbose=0
        )
        turns = 0

        def turn(*_: object, **__: object) -> None:
            nonlocal turns
            turns += 1
            if turns == 1 and where == "in a turn":
                clock.now += asleep_ms
            loop._session.outcome = Report(0, "") if turns == 2 else None

        loop._session, loop._confined = SimpleNamespace(outcome=None), True
        monkeypatch.setattr(process, "now_ms", lambda: clock.now)
        monkeypatch.setattr(process, "Waiter", Waiter)
        monkeypatch.setattr(process, "close_all_except", lambda _kept: None)
        monkeypatch.setattr(process, "PathWatch", lambda *_, **__: SimpleNamespace(fileno=None))
        monkeypatch.setattr(loop, "_next_deadline", lambda *, now: now + 3000)
        monkeypatch.setattr(loop, "_turn", turn)
        monkeypatch.setattr(loop, "_say_goodbye", lambda *_: None)
        monkeypatch.setattr(loop, "_start_afresh", lambda *, now: noticed.append(now))
        try:
            assert loop.run() == Report(0, "")
        finally:
            loop._sockets.close()
    assert bool(noticed) is (asleep_ms == 6000)
