"""Handlers that are changed while signals come: each signal is handled by one of the two, and none is between them.

What is between them Python complains of: with the signals not blocked, a process that sends one after the other made it
do so for one of some hundred changes.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from mosh_common.io.loop import Waiter
from mosh_common.io.signal_handlers import Handler, change_handlers

NUMBER = signal.SIGUSR1


@pytest.fixture
def handled(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Who handled the signals, of which one comes whenever a handler is about to be changed from now on."""
    names: list[str] = []
    change = signal.signal
    before = change(NUMBER, lambda _number, _frame: names.append("before"))

    def signal_comes(number: int, handler: Handler) -> Handler:
        signal.pthread_kill(threading.get_ident(), NUMBER)  # a worker of pytest's has other threads
        return change(number, handler)

    monkeypatch.setattr(signal, "signal", signal_comes)
    yield names
    change(NUMBER, before)


def test_a_signal_that_comes_meanwhile_is_for_the_new_handler(handled: list[str]) -> None:
    change_handlers({NUMBER: lambda _number, _frame: handled.append("after")})
    assert handled == ["after"]


def test_it_is_not_for_a_loop_that_ends(handled: list[str]) -> None:
    with Waiter((NUMBER,)) as waiter:
        assert waiter.wait(0).signals == {NUMBER}
        assert handled == []
    assert handled == ["before"]


def test_the_handlers_of_before_are_returned_and_the_mask_is_as_it_was() -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    before = signal.getsignal(NUMBER)
    assert change_handlers({NUMBER: signal.SIG_IGN}) == {NUMBER: before}
    assert change_handlers({NUMBER: before}) == {NUMBER: signal.SIG_IGN}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask


def test_a_handler_that_is_not_pythons_is_left() -> None:
    before = signal.getsignal(NUMBER)
    assert change_handlers({NUMBER: None}) == {}
    assert signal.getsignal(NUMBER) == before
