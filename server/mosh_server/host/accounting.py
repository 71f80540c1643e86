"""What the system's books say about the session: utmp (who, w) and syslog.

Each book is a service, not a duty: where utempter or syslog is missing the session goes on without. Knows nothing
of the protocol; it is told when the client comes and goes.
"""

from __future__ import annotations

import os
import syslog
from collections.abc import Sequence
from typing import Final

# utempter's helper has the right to write utmp, so that this program needs none. Where distributions put it:
HELPERS: Final = (
    "/usr/lib/x86_64-linux-gnu/utempter/utempter",
    "/usr/lib/aarch64-linux-gnu/utempter/utempter",
    "/usr/lib/utempter/utempter",
    "/usr/lib64/utempter/utempter",
    "/usr/libexec/utempter/utempter",
)


class Utmp:
    """The entry of one pty in utmp, kept by the utempter helper (`add HOST`, `del`; the pty on its 0 and 1)."""

    __slots__ = ("_helper", "_master", "_running", "_written")

    def __init__(self, master: int, *, helpers: Sequence[str] = HELPERS) -> None:
        """Keep the entry of the pty whose master is `master`."""
        self._helper = next((path for path in helpers if os.access(path, os.X_OK)), None)
        self._master = master
        self._running: int | None = None  # the helper's pid until it was reaped
        self._written = False

    @property
    def has_helper(self) -> bool:
        """Whether the entry can be written at all."""
        return self._helper is not None

    def set_host(self, host: str) -> None:
        """Write (or replace) the entry: the session is this user's, from `host`."""
        self.remove()
        self._run("add", host)
        self._written = True

    def remove(self) -> None:
        """Mark the entry dead; harmless when there is none."""
        if self._written:
            self._run("del")
            self._written = False

    def wait(self) -> None:
        """Wait for the helper that was started last: its work needs the pty open."""
        if self._running is not None:
            try:
                os.waitpid(self._running, 0)
            except ChildProcessError:
                pass
            self._running = None

    def reap(self) -> None:
        """Forget the helper that was started last if it has ended; never waits."""
        if self._running is not None:
            try:
                ended, _status = os.waitpid(self._running, os.WNOHANG)
            except ChildProcessError:
                ended = self._running
            if ended:
                self._running = None

    def _run(self, *arguments: str) -> None:
        if self._helper is None:
            return
        self.wait()  # in order; two changes in one turn are rare
        try:
            self._running = os.posix_spawn(
                self._helper,
                [self._helper, *arguments],
                {"PATH": "/usr/bin:/bin"},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, self._master, 0),
                    (os.POSIX_SPAWN_DUP2, self._master, 1),
                ],
            )
        except OSError:
            self._helper = None


class Accounting:
    """The books of one session."""

    __slots__ = ("_pid", "_user", "_utmp")

    def __init__(self, *, user: str, pid: int) -> None:
        """Write the books of the session of `user` that process `pid` serves."""
        self._user = user
        self._pid = pid
        self._utmp: Utmp | None = None
        _open_log()

    def begin(self, master: int) -> None:
        """The shell was started on the pty with this master."""
        self._utmp = Utmp(master)
        self._utmp.set_host(f"mosh [{self._pid}]")
        self._log("session begin")

    @property
    def starts_setgid_helper(self) -> bool:
        """Whether this process will have to start a program that has more rights than it: utempter."""
        return self._utmp is not None and self._utmp.has_helper

    def connected(self, host: str) -> None:
        """The client is heard from this address: for the first time, again, or after it moved."""
        if self._utmp is not None:
            self._utmp.set_host(f"{host} via mosh [{self._pid}]")
        self._log(f"connection from {host}")

    def attached(self, host: str) -> None:
        """Another client has taken the session over, or taken it up again, from this address."""
        if self._utmp is not None:
            self._utmp.set_host(f"{host} via mosh [{self._pid}]")
        self._log(f"attached from {host}")

    def detached(self, *, asked: bool = False) -> None:
        """The client has fallen silent, or left as it `asked`."""
        if self._utmp is not None:
            self._utmp.set_host(f"mosh [{self._pid}]")
        self._log("detached" if asked else "connection lost")

    def reap(self) -> None:
        """A child has ended (SIGCHLD): if it is the helper, leave no dead process behind. Never waits."""
        if self._utmp is not None:
            self._utmp.reap()

    def end(self) -> None:
        """The session is over; call while the pty is still open."""
        if self._utmp is not None:
            self._utmp.remove()
            self._utmp.wait()
            self._utmp = None
        self._log("session end")

    def _log(self, what: str) -> None:
        syslog.syslog(syslog.LOG_INFO, f"user {self._user}: {what}")


def log_failure(user: str, reason: str) -> None:
    """Write down that a session of `user` could not go on: nobody is left at a terminal to be told."""
    _open_log()
    syslog.syslog(syslog.LOG_ERR, f"user {user}: {reason}")


def _open_log() -> None:
    syslog.openlog("mosh-server", syslog.LOG_PID, syslog.LOG_AUTH)
