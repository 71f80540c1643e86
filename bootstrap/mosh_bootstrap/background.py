"""What is found out by another process while this one has something else to do.

Not by a thread: ssh is forked meanwhile. Bounded in time and in octets; a child that says nothing in time is ended.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from mosh_common.clock import now_ms
from mosh_common.io.spawn import spawn_for_output

_CHUNK_OCTETS: Final = 65536


class Background:
    """A child process whose output is wanted later."""

    def __init__(self, pid: int, fd: int) -> None:
        """Take over a child and the end of its pipe; `run` and `compute` make them."""
        self.exit_code: int | None = None  # None: it has not ended by itself
        self._pid = pid
        self._fd = fd

    @classmethod
    def run(cls, words: Sequence[str], environ: Mapping[str, str], *, apart: bool = False) -> Background | None:
        """Start a program that can ask nobody and whose complaints nobody sees; None when it cannot be started.

        `apart`: what it starts cannot ask at the terminal either.
        """
        try:
            return cls(*spawn_for_output(words, environ, apart=apart))
        except (OSError, ValueError):  # not there, or no name of a program
            return None

    @classmethod
    def compute(cls, work: Callable[[], bytes]) -> Background | None:
        """Call `work` in a child; None when there can be none. What `work` raises means: no output."""
        read_end, write_end = os.pipe()
        try:
            pid = os.fork()
        except OSError:
            os.close(read_end)
            os.close(write_end)
            return None
        if pid == 0:
            code = 1
            try:
                os.write(write_end, work())
                code = 0
            finally:  # nothing of the parent's may be done here a second time
                os._exit(code)
        os.close(write_end)
        return cls(pid, read_end)

    def output(self, *, limit: int, timeout_ms: int) -> bytes | None:
        """Wait for the child's end; return what it said. None: too late, too much, or it failed (`exit_code`).

        Raises SystemExit on SIGTERM and SIGHUP.
        """
        from mosh_common.io.loop import Waiter  # not before the child runs

        said = b""
        deadline = now_ms() + timeout_ms
        try:
            with Waiter((signal.SIGTERM, signal.SIGHUP)) as waiter:
                waiter.watch(self._fd)
                while len(said) <= limit:
                    ready = waiter.wait(deadline)
                    for number in ready.signals:
                        raise SystemExit(128 + number)
                    if self._fd not in ready.readable:
                        return None
                    chunk = os.read(self._fd, _CHUNK_OCTETS)
                    if not chunk:
                        self.exit_code = self._reap(kill=False)
                        return said if self.exit_code == 0 else None
                    said += chunk
            return None
        finally:
            self.end()

    def end(self) -> None:
        """Make sure that it has ended; harmless when it has."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self._reap(kill=True)

    def _reap(self, *, kill: bool) -> int | None:
        """Take leave of the child; return its exit code, None where it was taken leave of already."""
        if not self._pid:
            return None
        if kill:
            os.kill(self._pid, signal.SIGKILL)  # not reaped yet: the number is still its own
        pid, self._pid = self._pid, 0
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
