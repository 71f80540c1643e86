"""The pty and the process in it: the shell, or the command that was asked for.

The only module that forks for the session. Knows nothing of the network and of what the octets mean; whoever holds a
`Pty` reads and writes without ever being blocked by it.
"""

from __future__ import annotations

import os
import resource
import select
import signal
import termios
import time
from collections.abc import Mapping, Sequence
from typing import Final

from mosh_common.errors import EnvironmentFailure
from mosh_common.io.fds import close_all_except, read_available, write_available
from mosh_server.output.flood import FLOOD_OCTETS, is_prompt

_IUTF8: Final = getattr(termios, "IUTF8", 0x4000)  # the same number on Linux, macOS and FreeBSD
_NOT_FOUND_STATUS: Final = 127  # what shells answer when a program cannot be run

_REFILL_MS: Final = 1  # it takes some 50 µs; a program that needs longer is no flood
_PROMPT_OCTETS: Final = 128  # what is longer and ends like a prompt is a piece of text cut anywhere
_FLOOD_BATCH_S: Final = 0.008  # as much of it as is digested at once

# Python ignores or catches these; programs expect to be born with the system's own behaviour.
_RESET_SIGNALS: Final = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGPIPE, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2,
    signal.SIGCHLD, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGALRM, signal.SIGXFSZ,
)  # fmt: skip


class Pty:
    """The master side of a pty, non-blocking, with the process that leads the session on the other side."""

    __slots__ = ("_exit_status", "_master", "_refill", "pid")

    def __init__(self, master: int, pid: int) -> None:
        """Take over the master's descriptor and the child `pid`; use `spawn`."""
        os.set_blocking(master, False)
        self._master = master
        self._refill = select.poll()
        self._refill.register(master, select.POLLIN)
        self._exit_status: int | None = None
        self.pid = pid

    @classmethod
    def spawn(
        cls,
        command: Sequence[str],
        *,
        shell: str,
        environment: Mapping[str, str],
        columns: int,
        lines: int,
        core_limit: tuple[int, int] | None = None,
    ) -> Pty:
        """Start `command`, or `shell` as a login shell when it is empty, in HOME on a new pty of that size.

        `core_limit` (soft, hard) is given back to the programs: the server itself forbids core dumps.

        Raises EnvironmentFailure when there is no pty or no process to be had. A command that cannot be run says so
        on its pty, where the user sees it, and ends with status 127.
        """
        try:
            master, slave = os.openpty()
        except OSError as error:
            raise EnvironmentFailure(f"Cannot open a pty: {error.strerror}.") from error
        try:
            _prepare(slave, columns, lines)
            pid = os.fork()
        except OSError as error:
            os.close(master)
            os.close(slave)
            raise EnvironmentFailure(f"Cannot start the session on a pty: {error.strerror}.") from error
        if not pid:
            _become(  # nosec B604  # `shell` is a path here, not subprocess's flag
                command, shell=shell, environment=environment, slave=slave, core_limit=core_limit
            )
        os.close(slave)
        return cls(master, pid)

    def fileno(self) -> int:
        """Return the master's descriptor, for a selector and for the utmp helper."""
        return self._master

    def yield_to(self, descriptor: int) -> None:
        """End a long `read` as soon as something can be read there."""
        self._refill.register(descriptor, select.POLLIN)

    def read(self, limit: int) -> tuple[bytes, bool]:
        """Return (what the programs wrote, up to about `limit`; whether the pty is still open).

        In a flood the pty is refilled faster than the loop turns, or even than it is read: then go on, but not for
        long, and no longer once a key may have come.
        """
        parts: list[bytes] = []
        total = 0
        deadline: float | None = None
        while total < limit:
            data = read_available(self._master)
            if data is None:
                return b"".join(parts), False
            if data:
                parts.append(data)
                total += len(data)
            if total < FLOOD_OCTETS:
                if data:
                    continue
                break
            if data and len(data) <= _PROMPT_OCTETS and is_prompt(data):
                break
            now = time.monotonic()
            if deadline is None:
                deadline = now + _FLOOD_BATCH_S
            if now >= deadline:
                break
            ready = self._refill.poll(0 if data else _REFILL_MS)
            if any(descriptor != self._master for descriptor, _ in ready) or not (data or ready):
                break
        return b"".join(parts), True

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Write what the pty takes now; return how many octets went. A hung-up pty takes everything."""
        written = write_available(self._master, data)
        return len(data) if written is None else written

    def resize(self, columns: int, lines: int) -> None:
        """Tell the programs the new size (SIGWINCH goes to the foreground ones); harmless when hung up."""
        try:
            termios.tcsetwinsize(self._master, (lines, columns))
        except (OSError, termios.error):
            pass

    def close(self) -> int | None:
        """Close the master, which hangs up whatever still runs there; return the leader's exit status if it ended."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1
        if self._exit_status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                return None
            if pid:
                self._exit_status = os.waitstatus_to_exitcode(status)
        return self._exit_status


def _prepare(slave: int, columns: int, lines: int) -> None:
    """Set the size, and that erasing in cooked mode takes whole UTF-8 characters."""
    try:
        attributes = termios.tcgetattr(slave)
        attributes[0] |= _IUTF8
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
        termios.tcsetwinsize(slave, (lines, columns))
    except termios.error as error:
        raise OSError(*error.args) from error


def _become(
    command: Sequence[str],
    *,
    shell: str,
    environment: Mapping[str, str],
    slave: int,
    core_limit: tuple[int, int] | None,
) -> None:
    """In the child: make the pty its terminal and become the program. Never returns."""
    try:
        signal.set_wakeup_fd(-1)  # the server's loop listens there
        os.login_tty(slave)
        close_all_except(set())  # SECURITY: the session's socket is not for the shell; tested in test_pty
        for number in _RESET_SIGNALS:
            signal.signal(number, signal.SIG_DFL)
        if core_limit is not None:
            resource.setrlimit(resource.RLIMIT_CORE, core_limit)
        try:
            os.chdir(environment.get("HOME", "/"))
        except OSError as error:
            _say(f"Could not change to the home directory: {error.strerror}\n")
        if command:
            os.execvpe(command[0], list(command), dict(environment))
        os.execve(shell, ["-" + os.path.basename(shell)], dict(environment))
    except OSError as error:
        _say(f"mosh-server: cannot run {command[0] if command else shell}: {error.strerror}\n")
    except BaseException as error:  # nothing may return into the server's own loop from here
        _say(f"mosh-server: cannot start the session: {error}\n")
    finally:
        os._exit(_NOT_FOUND_STATUS)


def _say(text: str) -> None:
    os.write(2, text.encode(errors="replace"))
