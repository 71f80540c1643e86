"""Unit tests and tests that use the system are told apart, and no test can be on the wrong side unnoticed."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.support.system_use import FOLDERS

HERE = Path(__file__).parent


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


def test_the_mark_is_on_whatever_is_in_the_folders(request: pytest.FixtureRequest) -> None:
    assert all(list((HERE / folder).glob("test_*.py")) for folder in FOLDERS)
    marked = {item.path.parent.name for item in request.session.items if item.get_closest_marker("system")}
    present = {item.path.relative_to(HERE).parts[0] for item in request.session.items}
    assert present & set(FOLDERS) <= marked
