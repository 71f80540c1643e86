"""A workbench for `mosh` as a whole: ssh and client are small scripts, the terminal is a real pty."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import forked
from tests.support.programs import clean_environment
from tests.support.user_terminal import UserTerminal, mosh_words, source_environment

from mosh_common.connect_words import format_connect
from mosh_common.wire.key import Key

KEY = Key.generate(bytes(range(16))).text
SERVER_ANSWERS = f"printf '\\r\\nMOSH IP 192.0.2.1\\r\\n\\r\\n{format_connect(60001, Key.parse(KEY))}\\r\\n'"


_LONGEST_S = 60  # that `mosh` may run without a terminal


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
        terminal = UserTerminal(words, environment=self.environment)
        self._terminals.append(terminal)
        return terminal

    def without_terminal(self, words: list[str]) -> subprocess.CompletedProcess[str]:
        """Run `words` as cron would."""
        return forked.run(words, env=self.environment, text=True, start_new_session=True, timeout=_LONGEST_S)

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
