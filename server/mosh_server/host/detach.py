"""Leaving the ssh session: another process goes on in the background, with nothing in hand that keeps sshd waiting.

Knows nothing of what that process does.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from typing import Final

from mosh_common.errors import EnvironmentFailure
from mosh_common.io.fds import close_all_except

STANDARD_DESCRIPTORS: Final = (0, 1, 2)


def ensure_standard_descriptors() -> None:
    """Open those of 0, 1, 2 that are closed on /dev/null, so that no socket ever lands on one of them."""
    for fd in STANDARD_DESCRIPTORS:
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number is `fd`


def detach() -> int:
    """Return 0 in a new process of a session of its own, and that process's pid in the calling one.

    Forks twice: the new process is no session leader, so no terminal that it opens can become its own. The caller
    should tell the user the pid and exit. Raises EnvironmentFailure when the system refuses a process.
    """
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()  # or what is buffered would be written by each process
    try:
        read_end, write_end = os.pipe()
        between = os.fork()
    except OSError as error:
        raise EnvironmentFailure(f"Cannot start a process in the background: {error.strerror}.") from error
    if between:
        os.close(write_end)
        text = os.read(read_end, 32)
        os.close(read_end)
        os.waitpid(between, 0)
        if not text:
            raise EnvironmentFailure("Cannot start a process in the background.")
        return int(text)
    status = 1
    try:
        os.setsid()
        detached = os.fork()
        if not detached:
            os.close(read_end)
            os.close(write_end)
            return 0
        os.write(write_end, b"%d" % detached)
        status = 0
    except OSError:
        pass  # the caller sees an empty pipe and says so
    os._exit(status)


def outlive_login() -> None:
    """Take no notice of the end of the login session and of its terminal."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def let_go(*, keep: set[int], verbose: bool) -> None:
    """Survive the login session, and close every inherited descriptor but `keep`.

    Standard input, output and error become /dev/null, unless `verbose`: then they stay, and sshd stays with them.
    """
    outlive_login()
    if not verbose:
        null = os.open(os.devnull, os.O_RDWR)
        for fd in STANDARD_DESCRIPTORS:
            os.dup2(null, fd)
    close_all_except(keep)


def forbid_core_dumps(*, for_good: bool = False) -> tuple[int, int]:
    """Let this process write no core dump, which would hold the key; return the old limit for the user's programs.

    `for_good`: neither this process nor one that it starts can have another limit again.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0 if for_good else hard))
    return soft, hard
