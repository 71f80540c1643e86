"""Running ssh (or, with --local, the server itself) and carrying the dialogue between it and the user.

With a terminal, ssh runs under a pty of its own (pexpect), so that every question it asks reaches the user and every
answer reaches it; this module answers nothing itself. Without one, ssh gets none either, and asks nobody.

What is said meanwhile is `conversation.py`'s business, what an ending means `diagnosis.py`'s.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

from mosh_bootstrap.conversation import RUNNING, Conversation, Ended, Program
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.keyboard import Keyboard
from mosh_bootstrap.progress import SILENT, Progress
from mosh_bootstrap.terminal import Terminal
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.loop import Waiter
from mosh_common.io.spawn import spawn_for_output

if TYPE_CHECKING:
    from pexpect.pty_spawn import spawn as PtySpawn

# For what is left of a login once the client has started: a server that is slow to detach must not be hung up on, and
# ssh is to end by itself. Where it stays for another reason (a forwarded port in use), nobody has asked for that.
_HOLD_S: Final = 10
_HANGUP_GRACE_S: Final = 0.1  # for ssh to end by SIGHUP, before pexpect begins with stronger means
_KILL_GRACE_S: Final = 1.0  # between SIGHUP and SIGKILL, for a program that we give up on

_NOT_FOUND_EXIT: Final = 127  # what shells say for these two
_NOT_EXECUTABLE_EXIT: Final = 126


def run_with_terminal(
    words: Sequence[str],
    dialogue: Dialogue,
    *,
    terminal: Terminal,
    environ: Mapping[str, str],
    progress: Progress = SILENT,
    leave_early: bool = False,
    leave: Callable[[], None] = lambda: None,
    idle_input: bool = False,
) -> Ended:
    """Run ssh under a pty until it ends, or the server is up and needs it no longer; `dialogue.typed` is the session's.

    `leave_early`: this process becomes one that reaps `dialogue.left_behind`, so nothing is waited for; `leave` is what
    is to be done beside that. `idle_input`: its standard input is another pty, at which nobody types.

    Raises EnvironmentFailure when it cannot be started, KeyboardInterrupt, or SystemExit on SIGTERM, SIGQUIT and
    SIGHUP; the terminal is as it was found in every case.
    """
    with _waiter(signal.SIGTSTP, signal.SIGCONT) as waiter, _IdleInput.made(terminal, idle_input) as idle:
        child = _start_under_pty(words, terminal=terminal, environ=environ, idle=idle)

        def ended() -> Ended | None:
            return None if child.isalive() else Ended(child.exitstatus, child.signalstatus)

        def resize(lines: int, columns: int) -> None:
            if idle is not None:
                idle.resize(lines, columns)  # before ssh hears of it by the other one
            child.setwinsize(lines, columns)

        progress.reached("ssh started")
        program = Program(child.child_fd, ended, resize)
        try:
            with Keyboard(terminal, program.fd, input_fd=None if idle is None else idle.fd) as keyboard:
                how = Conversation(
                    program,
                    dialogue,
                    progress,
                    waiter=waiter,
                    show=terminal.show,
                    keyboard=keyboard,
                    leave_early=leave_early,
                ).run()
            dialogue.typed = keyboard.kept
            if leave_early and dialogue.connect is not None and how == RUNNING:
                _hold_child(child, dialogue, leave)
            return how
        finally:
            if not dialogue.left_behind:
                _close(child)


def _hold_child(child: PtySpawn[Any], dialogue: Dialogue, leave: Callable[[], None]) -> None:
    """Leave ssh under its pty to a process that holds it, as `_hold_login` does."""
    process: Any = child.ptyproc  # type: ignore[attr-defined]  # pexpect's types do not tell of it
    _hold_login(child.child_fd, process.pid, dialogue, leave)
    process.closed = True  # not to be hung up on when its variables go
    process.fileobj.close()


class _IdleInput:
    """A pty like the user's terminal, at which nobody types."""

    def __init__(self, terminal: Terminal) -> None:
        """Make it; its far side waits for `become_input`."""
        self.fd, self._far_side = os.openpty()
        termios.tcsetattr(self._far_side, termios.TCSANOW, terminal.attributes)
        self._path = os.ttyname(self._far_side)
        self.resize(*terminal.size())

    @classmethod
    @contextmanager
    def made(cls, terminal: Terminal, wanted: bool) -> Iterator[_IdleInput | None]:
        """Make one, if it is wanted, and hang up in the end."""
        idle = cls(terminal) if wanted else None
        try:
            yield idle
        finally:
            if idle is not None:
                idle.close()

    def resize(self, lines: int, columns: int) -> None:
        """Give it this size."""
        termios.tcsetwinsize(self.fd, (lines, columns))

    def become_input(self) -> None:
        """Make it this process's standard input."""
        fd = os.open(self._path, os.O_RDWR | os.O_NOCTTY)
        os.dup2(fd, 0)
        os.close(fd)

    def close(self) -> None:
        """Hang up."""
        for fd in (self.fd, self._far_side):
            os.close(fd)


def _start_under_pty(
    words: Sequence[str], *, terminal: Terminal, environ: Mapping[str, str], idle: _IdleInput | None
) -> PtySpawn[Any]:
    """Start ssh under a pty that is like the user's terminal. Raises EnvironmentFailure."""
    try:
        import pexpect  # 15 ms that only this path has to spend
    except ModuleNotFoundError as error:
        raise EnvironmentFailure(
            f"{sys.executable} lacks the package {error.name}; install it, or name another Python in MOSH_PYTHON.",
            exit_code=_NOT_FOUND_EXIT,
        ) from None

    if pexpect.which(words[0], env=dict(environ)) is None:
        raise EnvironmentFailure(
            f"Cannot find {words[0]!r}; install OpenSSH's client, or name another with --ssh.",
            exit_code=_NOT_FOUND_EXIT,
        )

    def prepare() -> None:
        _reset_signals()
        termios.tcsetattr(0, termios.TCSANOW, terminal.attributes)  # the user's own erase and kill characters
        if idle is not None:
            idle.become_input()

    try:
        return pexpect.spawn(
            words[0],
            list(words[1:]),
            env=dict(environ),
            dimensions=terminal.size(),
            preexec_fn=prepare,
            timeout=None,
        )
    except (OSError, pexpect.ExceptionPexpect) as error:
        raise _cannot_run(words[0], error) from None


def run_without_terminal(
    words: Sequence[str],
    dialogue: Dialogue,
    *,
    environ: Mapping[str, str],
    show: Callable[[bytes], None],
    progress: Progress = SILENT,
    leave_early: bool = False,
) -> Ended:
    """Run a program that has nobody to ask until it ends, or the server is up and needs it no longer.

    What it prints and is not for us goes to `show`. Raises as `run_with_terminal` does.
    """
    with _waiter() as waiter:
        try:
            pid, read_end = spawn_for_output(words, environ, errors=True)
        except (OSError, ValueError) as error:
            raise _cannot_run(words[0], error) from None
        progress.reached(f"{os.path.basename(words[0])} started")
        child = _Child(pid)
        program = Program(read_end, child.ended, lambda _lines, _columns: None)
        try:
            how = Conversation(
                program, dialogue, progress, waiter=waiter, show=show, keyboard=None, leave_early=leave_early
            ).run()
            if leave_early and dialogue.connect is not None and how == RUNNING:
                _hold_login(program.fd, pid, dialogue, lambda: None)
            return how
        finally:
            os.close(read_end)
            if not dialogue.left_behind:
                child.end()


def _hold_login(fd: int, pid: int, dialogue: Dialogue, leave: Callable[[], None]) -> None:
    """Leave the program `pid`, whose output is at `fd`, to a process that reads on until its end, and then hangs up.

    Both are noted in `dialogue.left_behind`, for whoever this process becomes. That process calls `leave` first.
    """
    holder = os.fork()
    if holder:
        dialogue.left_behind = (pid, holder)
        return
    try:
        os.setsid()
        os.chdir("/")
        os.set_blocking(fd, True)
        os.dup2(fd, 0)
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (1, 2):
            os.dup2(null, standard)
        _reset_signals()
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_HOLD_S)  # which exec does not take off
        leave()
        # SECURITY: another program, since this one's memory has the key.
        os.execv("/bin/sh", ["sh", "-c", "exec cat"])
    finally:
        os._exit(1)


class _Child:
    """A process started without pexpect."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended: Ended | None = None

    def ended(self) -> Ended | None:
        """Return how it ended, None while it runs."""
        if self._ended is None:
            pid, status = os.waitpid(self._pid, os.WNOHANG)
            if pid:
                code = os.waitstatus_to_exitcode(status)
                self._ended = Ended(code, None) if code >= 0 else Ended(None, -code)
        return self._ended

    def end(self) -> None:
        """Make sure that it has ended: by SIGHUP, else by SIGKILL."""
        if self.ended() is not None:
            return
        os.kill(self._pid, signal.SIGHUP)
        give_up = time.monotonic() + _KILL_GRACE_S
        while self.ended() is None:
            if time.monotonic() >= give_up:
                os.kill(self._pid, signal.SIGKILL)
                os.waitpid(self._pid, 0)
                return
            time.sleep(0.01)


def _close(child: PtySpawn[Any]) -> None:
    """Close the pty, which hangs up on ssh if it still runs, and make sure that it has ended."""
    if child.isalive() and child.pid is not None:
        with suppress(OSError):
            os.killpg(child.pid, signal.SIGTERM)  # its proxies, too, which may not heed the other
        child.kill(signal.SIGHUP)
        give_up = time.monotonic() + _HANGUP_GRACE_S
        while child.isalive() and time.monotonic() < give_up:
            time.sleep(0.002)
    child.ptyproc.delayafterclose = 0  # type: ignore[attr-defined]  # seconds, slept even if nothing is left to end
    try:
        child.close(force=True)
    # pexpect's own class, imported only where it is used.
    except Exception:  # nosec B110  # ssh defies SIGKILL: nothing else to do
        pass


def _waiter(*more: int) -> Waiter:
    # Those of keys only where whoever started us has not switched them off.
    keys = [number for number in (signal.SIGQUIT, *more) if signal.getsignal(number) is not signal.SIG_IGN]
    return Waiter((signal.SIGCHLD, signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP, *keys))


def _reset_signals() -> None:
    """Undo what Python changes and exec would pass on."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def _cannot_run(command: str, error: Exception) -> EnvironmentFailure:
    if isinstance(error, FileNotFoundError):
        return EnvironmentFailure(f"Cannot find {command!r}.", exit_code=_NOT_FOUND_EXIT)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return EnvironmentFailure(f"Cannot run {command!r}: {reason}.", exit_code=_NOT_EXECUTABLE_EXIT)
