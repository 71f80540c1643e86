"""The process that leads the session: the shell, or the command that was asked for, on a pty of its own.

The only module that forks for the session. Knows nothing of the network and of what the octets mean.
"""

from __future__ import annotations

import os
import resource
import signal as signals
import termios
from collections.abc import Mapping, Sequence
from typing import Final

from mosh_common.errors import EnvironmentFailure
from mosh_common.io.fds import close_all_except
from mosh_server.host.environment import on_terminal

_IUTF8: Final = getattr(termios, "IUTF8", 0x4000)  # the same number on Linux, macOS and FreeBSD
_NOT_FOUND_STATUS: Final = 127  # what shells answer when a program cannot be run …
_SIGNALLED: Final = 128  # … and, with the signal's number added, when it was ended by one

# Python ignores or catches these; programs expect to be born with the system's own behaviour.
_RESET_SIGNALS: Final = (
    signals.SIGHUP, signals.SIGINT, signals.SIGQUIT, signals.SIGPIPE, signals.SIGTERM, signals.SIGUSR1, signals.SIGUSR2,
    signals.SIGCHLD, signals.SIGTSTP, signals.SIGTTIN, signals.SIGTTOU, signals.SIGALRM, signals.SIGXFSZ,
)  # fmt: skip


class Shell:
    """The process, and the master of its pty as far as the size and the hang-up are concerned."""

    __slots__ = ("_exit_status", "_master", "pid")

    def __init__(self, master: int, pid: int) -> None:
        """Take over a descriptor of the master and the child `pid`; use `spawn`."""
        self._master = master
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
    ) -> tuple[Shell, int]:
        """Start `command`, or `shell` as a login shell when it is empty, in HOME on a new pty of that size.

        Return it and a second descriptor of the master, which is the caller's to read, write and close.
        `core_limit` (soft, hard) is given back to the programs: the server itself forbids core dumps.

        Raises EnvironmentFailure when there is no pty or no process to be had. A command that cannot be run says so
        on its pty, where the user sees it, and ends with status 127.
        """
        opened: list[int] = []
        try:
            opened += os.openpty()
            opened.append(os.dup(opened[0]))
        except OSError as error:
            _close(opened)
            raise EnvironmentFailure(f"Cannot open a pty: {error.strerror}.") from error
        master, slave, handed_over = opened
        try:
            _prepare(slave, columns, lines)
            pid = os.fork()
        except OSError as error:
            _close(opened)
            raise EnvironmentFailure(f"Cannot start the session on a pty: {error.strerror}.") from error
        if not pid:
            _become(  # nosec B604  # `shell` is a path here, not subprocess's flag
                command, shell=shell, environment=environment, slave=slave, core_limit=core_limit
            )
        os.close(slave)
        return cls(master, pid), handed_over

    def fileno(self) -> int:
        """Return the master's descriptor, for the utmp helper."""
        return self._master

    def resize(self, columns: int, lines: int, *, signal: bool = False) -> None:
        """Tell the programs the new size (SIGWINCH goes to the foreground ones); harmless when hung up.

        With `signal` they are told even if it is the one that they have.
        """
        try:
            if signal and termios.tcgetwinsize(self._master) == (lines, columns):
                self._signal_size(columns, lines)
            termios.tcsetwinsize(self._master, (lines, columns))
        except (OSError, termios.error):
            pass

    def _signal_size(self, columns: int, lines: int) -> None:
        """Send SIGWINCH for a size that did not change. Raises OSError, termios.error."""
        group = os.tcgetpgrp(self._master)
        try:
            if group > 1:
                os.killpg(group, signals.SIGWINCH)
        except PermissionError:  # another user's, such as sudo's: the system may, which does when the size changes
            termios.tcsetwinsize(self._master, (lines - 1 or 2, columns))

    def exit_status(self) -> int | None:
        """Return how the process ended, 0 to 255 and 128 + n for signal n, or None: it has not. Reaps, never waits."""
        if self._exit_status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:  # reaped by another: how it ended will not be known
                return None
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._exit_status = code if code >= 0 else _SIGNALLED - code
        return self._exit_status

    def close(self) -> None:
        """Close the master; harmless when that was done.

        That hangs up whatever still runs there, once the descriptor that was handed over is closed, too.
        """
        if self._master >= 0:
            os.close(self._master)
            self._master = -1


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)


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
        signals.set_wakeup_fd(-1)  # the server's loop listens there
        os.login_tty(slave)
        environment = on_terminal(environment, lambda: os.ttyname(0))
        close_all_except(set())  # SECURITY: the session's socket is not for the shell; tested in test_pty
        for number in _RESET_SIGNALS:
            signals.signal(number, signals.SIG_DFL)
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
