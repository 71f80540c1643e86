"""Waiter: descriptors, deadlines and signals in one wait."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from mosh_common.clock import now_ms
from mosh_common.io.loop import NOTHING_READY, Waiter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


def test_a_readable_descriptor_ends_the_wait(pipe: tuple[int, int]) -> None:
    read, write = pipe
    with Waiter() as waiter:
        waiter.watch(read)
        os.write(write, b"x")
        assert waiter.wait(None).readable == {read}


def test_a_deadline_in_the_past_only_looks(pipe: tuple[int, int]) -> None:
    with Waiter() as waiter:
        waiter.watch(pipe[0])
        assert waiter.wait(now_ms() - 5) == NOTHING_READY


def test_a_deadline_ends_the_wait() -> None:
    with Waiter() as waiter:
        deadline = now_ms() + 5
        assert waiter.wait(deadline) == NOTHING_READY
        assert now_ms() >= deadline


def test_a_signal_ends_the_wait_and_is_named() -> None:
    with Waiter([signal.SIGUSR2]) as waiter:
        os.kill(os.getpid(), signal.SIGUSR2)
        assert waiter.wait(now_ms() + 10_000).signals == {signal.SIGUSR2}


def test_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGUSR2)
    with Waiter([signal.SIGUSR2]):
        assert signal.getsignal(signal.SIGUSR2) is not before
    assert signal.getsignal(signal.SIGUSR2) == before


def test_writability_can_be_asked_for_and_given_up(pipe: tuple[int, int]) -> None:
    _, write = pipe
    with Waiter() as waiter:
        waiter.watch(write, read=False, write=True)
        assert waiter.wait(None).writable == {write}
        waiter.watch(write, read=False)
        assert waiter.wait(0) == NOTHING_READY
        waiter.forget(write)  # a second time: harmless
