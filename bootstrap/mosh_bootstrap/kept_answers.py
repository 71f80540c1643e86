"""What the user wants of hosts without a server from now on: a file of one line a host, to be read and edited."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

_FOLDER: Final = "mosh-py"
_FILE: Final = "no-server"
_ANSWERS: Final = ("ssh", "fail")
_OCTETS_LIMIT: Final = 65536
_LINES_LIMIT: Final = 500  # the newest stay
_LINE_LIMIT: Final = 512  # characters; no host has as many


class KeptAnswers:
    """The file below XDG_STATE_HOME; nothing in it where that is not ours alone to write."""

    def __init__(self, path: str) -> None:
        """Be the answers in the file `path`; `of` knows where it is."""
        self.path = path

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> KeptAnswers:
        """Return those of the user whose environment this is."""
        state = environ.get("XDG_STATE_HOME", "")
        if not os.path.isabs(state):
            state = os.path.join(environ.get("HOME", "") or os.path.expanduser("~"), ".local", "state")
        return cls(os.path.join(state, _FOLDER, _FILE))

    def get(self, host: str) -> str | None:
        """Return `ssh` or `fail`; None for a host of which nothing is kept."""
        found = None
        for line in self._lines():
            name, _blank, answer = line.rpartition(" ")
            if name == host and answer in _ANSWERS:
                found = answer
        return found

    def keep(self, host: str, answer: str) -> str:
        """Keep it; return why that failed, empty when it did not."""
        folder, new = os.path.dirname(self.path), f"{self.path}.{os.getpid()}"
        others = [line for line in self._lines() if line.rpartition(" ")[0] != host]
        text = "".join([f"{line}\n" for line in [*others, f"{host} {answer}"][-_LINES_LIMIT:]])
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with open(fd, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write(text)
            os.replace(new, self.path)
        except OSError as error:
            with suppress(OSError):
                os.unlink(new)
            return error.strerror or str(error)
        return ""

    def _lines(self) -> list[str]:
        """Return the lines of the file; none where somebody else may have written it."""
        try:
            # Without waiting: it may be a pipe.
            fd = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return []
        with open(fd, "rb") as file:
            status = os.fstat(fd)
            # SECURITY: an answer decides whether what is typed goes on without a question.
            # test_answers_that_others_may_have_written_are_not_believed
            if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or status.st_mode & 0o022:
                return []
            lines = file.read(_OCTETS_LIMIT).decode(errors="surrogateescape").splitlines()
        return [line for line in lines if len(line) <= _LINE_LIMIT]
