"""The user's keys on their way to ssh's pty.

Until ssh has shown something it has asked nothing: keys pressed before are meant for the session, and stay in the
terminal, where the client will find them. Must not keep what it carries: some of it is passwords.
"""

from __future__ import annotations

import os
import signal
import termios
from contextlib import ExitStack
from types import TracebackType

from mosh_bootstrap.terminal import Terminal
from mosh_common.io.fds import read_available, write_available
from mosh_common.io.loop import Ready, Waiter


class Keyboard:
    """Carries keys from `terminal` to the pty whose master is `pty_fd`, while it is told to listen."""

    def __init__(self, terminal: Terminal, pty_fd: int) -> None:
        self.terminal = terminal
        self._pty_fd = pty_fd
        self._raw = ExitStack()  # undoes the terminal's raw mode
        self._listening = False

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._raw.close()

    def listen(self, wanted: bool, waiter: Waiter) -> None:
        """Take the keys from now on, or leave them where they are and the terminal as it was found."""
        if wanted == self._listening:
            return
        self._listening = wanted
        if wanted:
            self._raw.enter_context(self.terminal.raw())
            waiter.watch(self.terminal.input_fd)
        else:
            waiter.forget(self.terminal.input_fd)
            self._raw.close()

    def carry(self, ready: Ready) -> None:
        """Pass on the keys, if `ready` says that there are any."""
        if not self._listening or self.terminal.input_fd not in ready.readable:
            return
        keys = read_available(self.terminal.input_fd)
        if keys is None:
            raise SystemExit(128 + signal.SIGHUP)  # the terminal was hung up
        suspend = self.terminal.suspend_key
        if suspend and suspend in keys and self._signals_are_on():
            keys = keys.replace(suspend, b"")
            self._suspend()
        write_available(self._pty_fd, keys)  # what a full pty does not take is lost, as with any keyboard

    def _signals_are_on(self) -> bool:
        """Whether ssh's pty would turn Ctrl-Z into a signal; a master answers for its other side."""
        try:
            local_flags: int = termios.tcgetattr(self._pty_fd)[3]
        except termios.error:
            return False
        return bool(local_flags & termios.ISIG)

    def _suspend(self) -> None:
        """Stop this job, as Ctrl-Z does; ssh, in a session of its own, could not be continued by the user's shell."""
        self._raw.close()
        os.kill(0, signal.SIGTSTP)
        # Here again after `fg`.
        self._raw.enter_context(self.terminal.raw())
        os.kill(os.getpid(), signal.SIGWINCH)  # the window may have another size by now
