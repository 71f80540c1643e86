"""Running ssh (or, with --local, the server itself) and carrying the dialogue between it and the user.

With a terminal, ssh runs under a pty of its own (pexpect), so that every question it asks reaches the user and every
answer reaches it; this module answers nothing itself. Without one, ssh gets none either, and asks nobody.

The thin loop: what the octets mean is `dialogue.py`'s business, what an ending means `diagnosis.py`'s.
"""

from __future__ import annotations

import os
import signal
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.keyboard import Keyboard
from mosh_bootstrap.sanitizer import Sanitizer
from mosh_bootstrap.terminal import Terminal
from mosh_common.clock import now_ms
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.fds import read_available
from mosh_common.io.loop import Waiter

if TYPE_CHECKING:
    from pexpect.pty_spawn import spawn as PtySpawn

# Once the server has said that it is up, or nobody can say anything any more, the program should end by itself within
# milliseconds. A connection that stays open for another reason (a forwarded port in use) must not keep the user waiting
# for ever; a server that is slow to detach must not be hung up on.
_END_GRACE_MS: Final = 5000
_KILL_GRACE_S: Final = 1.0  # between SIGHUP and SIGKILL, for a program that we give up on

_NOT_FOUND_EXIT: Final = 127  # what shells say for these two
_NOT_EXECUTABLE_EXIT: Final = 126


class Ended(NamedTuple):
    """How a program ended."""

    exit_code: int | None  # None: by a signal, or not at all
    signal: int | None  # the number; None: it exited, or we gave up waiting


class _Program(NamedTuple):
    """A running program, as the loop sees it."""

    fd: int  # its output; under a pty also its input
    ended: Callable[[], Ended | None]  # asks, never waits
    resize: Callable[[int, int], None]  # lines, columns


def run_with_terminal(
    words: Sequence[str], dialogue: Dialogue, *, terminal: Terminal, environ: Mapping[str, str]
) -> Ended:
    """Run ssh under a pty until it ends, or said MOSH CONNECT and had time to end.

    Raises EnvironmentFailure when it cannot be started, KeyboardInterrupt, or SystemExit on SIGTERM and SIGHUP; the
    terminal is as it was found in every case.
    """
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

    with _waiter() as waiter:
        try:
            child = pexpect.spawn(
                words[0],
                list(words[1:]),
                env=dict(environ),
                dimensions=terminal.size(),
                preexec_fn=prepare,
                timeout=None,
            )
        except (OSError, pexpect.ExceptionPexpect) as error:
            raise _cannot_run(words[0], error) from None

        def ended() -> Ended | None:
            return None if child.isalive() else Ended(child.exitstatus, child.signalstatus)

        program = _Program(child.child_fd, ended, child.setwinsize)
        try:
            with Keyboard(terminal, program.fd) as keyboard:
                return _converse(program, dialogue, waiter=waiter, show=terminal.show, keyboard=keyboard)
        finally:
            _close(child)


def run_without_terminal(
    words: Sequence[str], dialogue: Dialogue, *, environ: Mapping[str, str], show: Callable[[bytes], None]
) -> Ended:
    """Run a program that has nobody to ask until it ends, or said MOSH CONNECT and had time to end.

    What it prints and is not for us goes to `show`. Raises as `run_with_terminal` does.
    """
    with _waiter() as waiter:
        read_end, write_end = os.pipe()
        try:
            pid = os.posix_spawnp(
                words[0],
                list(words),
                environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, write_end, 1),
                    (os.POSIX_SPAWN_DUP2, write_end, 2),
                ],
                setsigdef=[signal.SIGPIPE],
            )
        except OSError as error:
            os.close(read_end)
            raise _cannot_run(words[0], error) from None
        finally:
            os.close(write_end)
        child = _Child(pid)
        program = _Program(read_end, child.ended, lambda _lines, _columns: None)
        try:
            return _converse(program, dialogue, waiter=waiter, show=show, keyboard=None)
        finally:
            os.close(read_end)
            child.end()


def _converse(
    program: _Program,
    dialogue: Dialogue,
    *,
    waiter: Waiter,
    show: Callable[[bytes], None],
    keyboard: Keyboard | None,
) -> Ended:
    """Carry octets both ways until the program ends, or need not be waited for any longer."""
    # SECURITY: a host must not command or ask the user's terminal.
    # test_a_host_cannot_command_the_terminal_while_ssh_talks
    sanitizer = Sanitizer()
    try:
        return _carry(program, dialogue, sanitizer, waiter=waiter, show=show, keyboard=keyboard)
    finally:
        show(sanitizer.finish())


def _carry(
    program: _Program,
    dialogue: Dialogue,
    sanitizer: Sanitizer,
    *,
    waiter: Waiter,
    show: Callable[[bytes], None],
    keyboard: Keyboard | None,
) -> Ended:
    os.set_blocking(program.fd, False)
    waiter.watch(program.fd)
    deadline: int | None = None
    while True:
        ready = waiter.wait(deadline)
        for number in ready.signals & {signal.SIGTERM, signal.SIGHUP}:
            raise SystemExit(128 + number)
        if keyboard is not None and signal.SIGWINCH in ready.signals:
            program.resize(*keyboard.terminal.size())
        # Asked before reading: all that a program said before its end is there to be read after it.
        ended = program.ended()
        output, at_end = _read(program.fd, everything=ended is not None)
        text = sanitizer.receive(dialogue.receive(output))
        if ended is not None:
            text += sanitizer.receive(dialogue.finish())
            if dialogue.connect is None and dialogue.in_mid_line:
                text += b"\r\n"  # why there is no session is not to stand behind a prompt
        if keyboard is not None:
            # Before showing: the terminal must be raw when a question stands on it.
            keyboard.listen(dialogue.may_be_asking and ended is None, waiter)
        if text:
            show(text)
        if keyboard is not None:
            keyboard.carry(ready)
        if ended is not None:
            return ended
        if at_end:
            waiter.forget(program.fd)
        if deadline is None and (at_end or dialogue.connect is not None):
            deadline = now_ms() + _END_GRACE_MS
        elif deadline is not None and now_ms() >= deadline:
            return Ended(None, None)


def _read(fd: int, *, everything: bool) -> tuple[bytes, bool]:
    """Return what waits on `fd`, one read of it or all, and whether that was the end."""
    data = b""
    while True:
        chunk = read_available(fd)
        if not chunk or not everything:
            return data + (chunk or b""), chunk is None
        data += chunk


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
    if not child.isalive():
        child.ptyproc.delayafterclose = 0  # type: ignore[attr-defined]  # seconds, slept even if nothing is left to end
    try:
        child.close(force=True)
    # pexpect's own class, imported only where it is used.
    except Exception:  # nosec B110  # ssh defies SIGKILL: nothing else to do
        pass


def _waiter() -> Waiter:
    return Waiter((signal.SIGCHLD, signal.SIGWINCH, signal.SIGTERM, signal.SIGHUP))


def _reset_signals() -> None:
    """Undo what Python changes and exec would pass on."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)


def _cannot_run(command: str, error: Exception) -> EnvironmentFailure:
    if isinstance(error, FileNotFoundError):
        return EnvironmentFailure(f"Cannot find {command!r}.", exit_code=_NOT_FOUND_EXIT)
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return EnvironmentFailure(f"Cannot run {command!r}: {reason}.", exit_code=_NOT_EXECUTABLE_EXIT)
