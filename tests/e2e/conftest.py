"""A user at a terminal, and an sshd to log in to; both the test's own."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.support.programs import Process, Programs, clean_environment, write_launcher
from tests.support.sshd import LOGIN_OPTIONS, Sshd, missing_for_sshd, processes_with
from tests.support.user_terminal import UserTerminal, mosh_words, source_environment


class User:
    """Somebody who runs `mosh`; whatever that leaves running is ended with the test."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = clean_environment(home) | source_environment()
        # The server and all that runs in it carry this in their environment, wherever they detach to.
        self.mark = f"MOSH_TEST_MARK={home}"
        self.terminal: UserTerminal | None = None

    def mosh(
        self, sshd: Sshd, *arguments: str, programs: Programs, ssh: str = "", wrapper: list[str] | None = None
    ) -> UserTerminal:
        """Run `mosh` with these programs and `arguments` (options, host, command). `ssh`: as --ssh takes it."""
        client = write_launcher(self.home / "client", programs.client)
        words = [
            *(wrapper or mosh_words()),
            f"--client={client}",
            f"--server={self.server(programs)}",
            f"--ssh={ssh or sshd.ssh()}",
            *LOGIN_OPTIONS,
            *arguments,
        ]
        return self.run(words)

    def server(self, programs: Programs) -> str:
        """The value of --server that runs the server of `programs`, marked."""
        return f"{shlex.quote(self.mark.split('=')[0])}={shlex.quote(str(self.home))} {shlex.join(programs.server)}"

    def run(self, words: list[str]) -> UserTerminal:
        self.terminal = UserTerminal(words, environment=self.environment)
        return self.terminal

    def left_running(self) -> list[Process]:
        """The servers of this user, and what runs within them."""
        return processes_with(self.mark)

    def close(self) -> None:
        if self.terminal is not None:
            self.terminal.close()
        for process in self.left_running():
            process.end()


@pytest.fixture
def user(tmp_path: Path) -> Iterator[User]:
    somebody = User(tmp_path)
    yield somebody
    somebody.close()


@pytest.fixture
def start_sshd(tmp_path: Path) -> Iterator[Callable[..., Sshd]]:
    """A function that starts an Sshd with settings of the test's own."""
    started: list[Sshd] = []

    def start(**arguments: str) -> Sshd:
        started.append(Sshd(tmp_path / f"sshd{len(started)}", **arguments))
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(scope="session")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """An sshd without particulars, shared by the tests of this worker."""
    server = Sshd(tmp_path_factory.mktemp("shared-sshd") / "sshd")
    yield server
    server.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what logs in where that cannot be done, and say why."""
    missing = missing_for_sshd()
    for item in items:
        if missing and item.path.name.startswith("test_ssh_"):
            item.add_marker(pytest.mark.skip(reason=f"needs {', '.join(missing)}"))
