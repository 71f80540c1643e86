"""What others left behind for our programs: ignored and blocked signals, a limit of descriptors."""

from __future__ import annotations

import os
import resource
import signal
from collections.abc import Callable, Iterator

import pytest

from mosh_common.errors import EnvironmentFailure
from mosh_common.io import inherited

pytestmark = pytest.mark.system


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Signals of the process that tests."""
    mask, handler = signal.pthread_sigmask(signal.SIG_BLOCK, ()), signal.getsignal(signal.SIGCHLD)
    yield
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    signal.signal(signal.SIGCHLD, handler)


def test_the_end_of_a_child_is_told_though_it_was_to_be_ignored() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    inherited.expect_signals()
    pid = os.fork()
    if not pid:
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7


def test_no_signal_stays_blocked() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1})
    inherited.expect_signals()
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == set()


def test_a_handler_of_one_s_own_is_left_alone() -> None:
    def handle(_number: int, _frame: object) -> None:
        """Nothing to do."""

    signal.signal(signal.SIGCHLD, handle)
    inherited.expect_signals()
    assert signal.getsignal(signal.SIGCHLD) is handle


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """A function that allows so many open files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda allowed: resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_too_few_descriptors_are_named_as_the_reason(limit: Callable[[int], None]) -> None:
    limit(20)
    inherited.require_descriptors(20)
    with pytest.raises(
        EnvironmentFailure, match=r"\(ulimit -n 20\); allow at least 21, for example with ulimit -n 256"
    ):
        inherited.require_descriptors(21)
