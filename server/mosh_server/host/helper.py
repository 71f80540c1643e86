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

from mosh_common.io.spawn import spawn_for_output

ANSWER_S: Final = 1.0  # for an answer, which takes milliseconds: the start of a session waits for it
_LOOK_S: Final = 0.001  # between two looks whether a program that has said all has ended; the first mostly tells
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
            return cls(*spawn_for_output([path, *words[1:]], environ))
        except OSError:
            return None

    def answer(self, *, patience_s: float = ANSWER_S) -> str:
        """Wait for its end and return what it said; "" if it fails or takes longer. Call once."""
        deadline = time.monotonic() + patience_s
        said = b""
        while len(said) < ANSWER_OCTETS and readable(self._output, deadline - time.monotonic()):
            piece = os.read(self._output, ANSWER_OCTETS - len(said))
            if not piece:
                break
            said += piece
        os.close(self._output)
        return said.decode(errors="replace") if self._end(deadline) == 0 else ""

    def _end(self, deadline: float) -> int:
        """Wait for the program, which has nothing more to say; end it at the deadline. Return its exit status."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        while not pid and time.monotonic() < deadline:
            time.sleep(_LOOK_S)
            pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            os.kill(self._pid, signal.SIGKILL)
            _pid, status = os.waitpid(self._pid, 0)
        return status


def readable(descriptor: int, patience_s: float) -> bool:
    """Wait until there is something to read, or the end of it; return whether that came in time."""
    poll = select.poll()  # not select(2), for whose sets a number can be too high
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(patience_s, 0) * 1000))
