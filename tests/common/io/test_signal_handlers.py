"""Handlers that are changed while signals come: each is handled by one of the two, and Python complains of none."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from mosh_common.io.loop import Waiter
from mosh_common.io.signal_handlers import change_handlers

# Sends that signal to that process as fast as it can, until it is ended.
SENDER = "import os, sys\nwhile True: os.kill(int(sys.argv[1]), int(sys.argv[2]))"
CHANGES = 400


@pytest.fixture
def signals_come() -> Iterator[None]:
    """As they do when children end, of which there is no end here."""
    words = [sys.executable, "-IS", "-c", SENDER, str(os.getpid()), str(int(signal.SIGWINCH))]
    seen: list[int] = []
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as sender:
        came = change_handlers({signal.SIGWINCH: lambda _number, _frame: seen.append(1)})
        try:
            while not seen:
                pass
            yield
        finally:
            sender.kill()
            sender.wait()
            change_handlers(came)


@pytest.mark.system
@pytest.mark.usefixtures("signals_come")
def test_python_complains_of_no_signal_that_came_just_before(monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    before = signal.getsignal(signal.SIGWINCH)
    for _ in range(CHANGES):
        change_handlers({signal.SIGWINCH: signal.SIG_DFL})
        change_handlers({signal.SIGWINCH: before})
    assert complaints == []


@pytest.mark.system
@pytest.mark.usefixtures("signals_come")
def test_nor_does_it_where_a_loop_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    complaints: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", complaints.append)
    before = change_handlers({signal.SIGWINCH: signal.SIG_DFL})
    for _ in range(CHANGES // 4):
        with Waiter((signal.SIGWINCH,)):
            pass
    change_handlers(before)
    assert complaints == []


def test_the_handlers_of_before_are_returned_and_the_mask_is_as_it_was() -> None:
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    before = signal.getsignal(signal.SIGUSR1)
    assert change_handlers({signal.SIGUSR1: signal.SIG_IGN}) == {signal.SIGUSR1: before}
    assert change_handlers({signal.SIGUSR1: before}) == {signal.SIGUSR1: signal.SIG_IGN}
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == mask


def test_a_handler_that_is_not_pythons_is_left() -> None:
    before = signal.getsignal(signal.SIGUSR1)
    assert change_handlers({signal.SIGUSR1: None}) == {}
    assert signal.getsignal(signal.SIGUSR1) == before
