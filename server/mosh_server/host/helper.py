"""Programs of the system that the server asks something: started at once, heard when their answer is needed.

Knows nothing of what they are asked. A program that is not there, fails or does not answer in time has said nothing.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Mapping, Sequence
from typing import Final

ANSWER_S: Final = 1.0  # for an answer, which takes milliseconds: the start of a session waits for it
ANSWER_OCTETS: Final = 65536  # of it at most; a long list of locales is a fifth of that


def find_program(name: str, environ: Mapping[str, str]) -> str | None:
    """Return where PATH finds the program; None when it does not."""
    for folder in environ.get("PATH", os.defpath).split(os.pathsep):
        # SECURITY: any other entry would mean the current directory, which may be anybody's.
        # test_nothing_of_the_current_directory_is_asked
        path = os.path.join(folder, name)
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None


class Helper:
    """A program that runs, or has ended, and whose answer was not fetched yet."""

    __slots__ = ("_output", "_pid")

    def __init__(self, pid: int, output: int) -> None:
        """Take over the child `pid` and the descriptor of its standard output; use `start`."""
        self._pid = pid
        self._output = output

    @classmethod
    def start(cls, words: Sequence[str], *, environ: Mapping[str, str] | None = None) -> Helper | None:
        """Start the program of PATH that `words` begin with; None when that cannot be."""
        environ = os.environ if environ is None else environ
        path = find_program(words[0], environ)
        if path is None:
            return None
        try:
            read_end, write_end = os.pipe()
        except OSError:
            return None
        try:
            pid = os.posix_spawn(
                path,
                list(words),
                environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, write_end, 1),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
                setsigdef=[signal.SIGPIPE],
            )
        except OSError:
            os.close(read_end)
            return None
        finally:
            os.close(write_end)
        return cls(pid, read_end)

    def answer(self, *, patience_s: float = ANSWER_S) -> str:
        """Wait for its end and return what it said; "" if it fails or takes longer. Call once."""
        deadline = time.monotonic() + patience_s
        said = b""
        ended = False
        while not ended and len(said) < ANSWER_OCTETS:
            if not select.select([self._output], [], [], max(deadline - time.monotonic(), 0))[0]:
                break
            piece = os.read(self._output, ANSWER_OCTETS - len(said))
            said += piece
            ended = not piece
        os.close(self._output)
        if not ended:
            os.kill(self._pid, signal.SIGKILL)
        status = os.waitpid(self._pid, 0)[1]  # who has closed its output ends, or was ended
        return said.decode(errors="replace") if not status else ""
