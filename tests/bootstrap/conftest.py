"""A workbench for `mosh` as a whole: ssh and client are small scripts, the terminal is a real pty."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
import termios
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.forkserver import ForkServer
from tests.support.programs import ARCHIVE, SOURCE_FOLDERS, clean_environment
from tests.support.user_terminal import UserTerminal, child_of, mosh_words, source_environment

from mosh_common.connect_words import format_connect
from mosh_common.wire.key import Key

if TYPE_CHECKING:
    import pexpect

KEY = Key.generate(bytes(range(16))).text
SERVER_ANSWERS = f"printf '\\r\\nMOSH IP 192.0.2.1\\r\\n\\r\\n{format_connect(60001, Key.parse(KEY))}\\r\\n'"


_LONGEST_S = 60  # that `mosh` may run without a terminal

# What starts `mosh` here; made when the first asks, and one for each worker.
_FORK_SERVER: list[ForkServer] = []


@pytest.fixture(scope="session", autouse=True)
def _end_of_the_fork_server() -> Iterator[None]:
    yield
    while _FORK_SERVER:
        _FORK_SERVER.pop().close()


def _fork_server() -> ForkServer:
    if not _FORK_SERVER:
        _FORK_SERVER.append(ForkServer(SOURCE_FOLDERS))
    return _FORK_SERVER[0]


def _can_be_forked(words: list[str], environment: Mapping[str, str]) -> bool:
    """Whether `words` are those of `mosh`, and nothing in the environment is heard by Python before it runs."""
    named = {name: value for name, value in environment.items() if name.startswith("PYTHON")}
    encoding = environment.get("LC_ALL") or environment.get("LC_CTYPE") or environment.get("LANG")
    is_mosh = not ARCHIVE and words[: len(mosh_words())] == mosh_words()
    return is_mosh and sys.platform == "linux" and encoding == "C.UTF-8" and named == source_environment()


def _ends_in_time(pid: int) -> bool:
    """Wait for the end of a forked `mosh`, not too long; only Linux forks them here."""
    if sys.platform == "linux":
        with os.fdopen(os.pidfd_open(pid)) as process:
            return bool(select.select([process], [], [], _LONGEST_S)[0])
    raise NotImplementedError(sys.platform)


def _forked(
    words: Sequence[str], environment: Mapping[str, str], size: tuple[int, int], _directory: str | None
) -> pexpect.spawn[bytes]:
    """`mosh` of the fork server in a pty, as `started` has others."""
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, size)
    pid = _fork_server().start(words[len(mosh_words()) :], environment, [slave, slave, slave], terminal=True)
    os.close(slave)
    return child_of(pid, master)


class Bench:
    """Scripts in a folder of the test's own, and `mosh` run with them."""

    key = KEY
    server_answers = SERVER_ANSWERS  # a line of shell: what ssh prints when all is well

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = clean_environment(folder) | source_environment() | {"MOSH_KEY": "left over from elsewhere"}
        self.client_log = folder / "client.log"
        self.client = self.script(
            "client",
            f'{{ printf "argument %s\\n" "$@"; env; stty -g </dev/tty; }} >{self.client_log}.new 2>&1',
            f"mv {self.client_log}.new {self.client_log}",
        )
        self._terminals: list[UserTerminal] = []

    def script(self, name: str, *lines: str) -> Path:
        """Write an executable script; returns its path."""
        path = self.folder / name
        path.write_text("#!/bin/sh\n" + "\n".join(lines) + "\n")
        path.chmod(0o755)
        return path

    def mosh(self, *ssh_lines: str, options: tuple[str, ...] = (), client: Path | None = None) -> list[str]:
        """The command line of `mosh` with an ssh that consists of `ssh_lines`."""
        ssh = self.script("ssh", *ssh_lines)
        return mosh_words(f"--client={client or self.client}", f"--ssh={shlex.quote(str(ssh))}", *options, "user@host")

    def terminal(self, words: list[str]) -> UserTerminal:
        """Run `words` in a terminal."""
        start = _forked if _can_be_forked(words, self.environment) else None
        terminal = UserTerminal(words, environment=self.environment, start=start)
        self._terminals.append(terminal)
        return terminal

    def without_terminal(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        """Run `words` as cron would."""
        if _can_be_forked(words, self.environment):
            return self._forked_without_terminal(words)
        return subprocess.run(
            words,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=_LONGEST_S,
            check=False,
        )

    def _forked_without_terminal(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        with (
            open(os.devnull) as nothing,
            open(self.folder / ".output", "w+b") as output,
            open(self.folder / ".errors", "w+b") as errors,
        ):
            descriptors = [each.fileno() for each in (nothing, output, errors)]
            pid = _fork_server().start(words[len(mosh_words()) :], self.environment, descriptors, terminal=False)
            has_ended = _ends_in_time(pid)
            if not has_ended:
                os.kill(pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
            assert has_ended, f"{words} still ran after {_LONGEST_S} s"
            said = []
            for each in (output, errors):
                each.seek(0)
                said.append(each.read().decode())
        return subprocess.CompletedProcess(words, code, *said)

    def client_saw(self) -> str:
        """What the client wrote down: its arguments, its environment, the terminal's settings."""
        return self.client_log.read_text()

    def fifo(self, name: str) -> Path:
        """A named pipe, by which test and script wait for each other."""
        path = self.folder / name
        os.mkfifo(path)
        return path

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    workbench = Bench(tmp_path)
    yield workbench
    workbench.close()
