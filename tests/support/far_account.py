"""An account on a host that has a Python and nothing else, reached by no ssh: a home, and what runs commands in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from mosh_bootstrap.installation import User


class FarAccount:
    """`words` is what mosh_bootstrap.installation takes; the home is a folder of the test's own."""

    def __init__(self, folder: Path, **variables: str) -> None:
        """`variables`: more of the environment there, and other values."""
        self.home = folder / "home"
        self.home.mkdir()
        self.environment = {"HOME": str(self.home), "PATH": "/usr/bin:/bin", "MOSH_PYTHON": sys.executable, **variables}
        self.around = "exec"  # what the account does with a command: a piece of sh before "sh -c COMMAND"
        self.runner: list[str] = []  # words that run a command instead of that

    def words(self, command: str) -> list[str]:
        variables = [f"{name}={value}" for name, value in self.environment.items()]
        runner = self.runner or ["sh", "-c", f'cd "$HOME"; {self.around} sh -c "$0"']
        return ["/usr/bin/env", "-i", *variables, *runner, command]

    @property
    def link(self) -> Path:
        return self.home / ".local/bin/mosh-server"

    @property
    def data(self) -> Path:
        return self.home / ".local/share/mosh-py"

    def files(self) -> list[str]:
        """All that is in the home, folders too."""
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*"))


class Answers(User):
    """A user who gives these answers, and remembers what was said."""

    def __init__(self, *answers: bool, at_terminal: bool = True, yes: bool = False) -> None:
        super().__init__(yes=yes)
        self.answers = list(answers)
        self.at_terminal = at_terminal
        self.asked: list[str] = []
        self.told: list[str] = []
        self.shown = b""
        self.drawn: list[tuple[int, int]] = []

    def tell(self, text: str) -> None:
        self.told.append(text)

    def show(self, data: bytes) -> None:
        self.shown += data

    def can_be_asked(self) -> bool:
        return self.at_terminal

    def is_asked(self, question: str) -> bool:
        self.asked.append(question)
        return self.answers.pop(0)

    def progress(self, done: int, total: int) -> None:
        self.drawn.append((done, total))


def own_environment() -> Mapping[str, str]:
    """What the words are run with here."""
    return dict(os.environ)


@cache
def _noise() -> bytes:
    return os.urandom(100_000)


def small_archive(version: str, *lines: str) -> tuple[str, dict[str, bytes]]:
    """Return script and members of an archive that runs `lines`; without any it says that it is that mosh-server.

    The same in a whole run, and not to be compressed.
    """
    words: Sequence[str] = lines or (f"echo 'mosh-server (mosh-py {version}, small)'",)
    script = "\n".join(["#!/bin/sh", "installed_python='@PYTHON@'", "archive='@ARCHIVE@'", *words, "exit 0", ""])
    return script, {"__main__.py": b"", "small.py": b"SMALL = 1\n", "octets": b"\xfe" * 100_000 + _noise()}
