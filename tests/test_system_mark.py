"""Tests that use the system are told from those that do not, and none can be on the wrong side unnoticed."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable

import pytest
from tests.conftest import LONG_FIRST, MARKS_OF_FOLDERS
from tests.support.programs import REPOSITORY


def fork() -> None:
    if not os.fork():
        os._exit(0)


def take_a_port() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))


@pytest.mark.parametrize(
    "use",
    [
        lambda: subprocess.run(["true"], check=False),
        fork,
        lambda: os.posix_spawnp("true", ["true"], {}),
        os.openpty,
        take_a_port,
    ],
    ids=["a program", "a process", "a spawned program", "a pty", "a port"],
)
def test_a_test_without_the_mark_fails_when_it_uses_the_system(use: Callable[[], object]) -> None:
    with pytest.raises(pytest.fail.Exception, match=r"without pytest\.mark\.system"):
        use()


@pytest.mark.parametrize("folder", sorted({*MARKS_OF_FOLDERS, *LONG_FIRST}))
def test_the_folders_that_are_named_are_there(folder: str) -> None:
    assert list((REPOSITORY / "tests" / folder).glob("*_*.py"))
