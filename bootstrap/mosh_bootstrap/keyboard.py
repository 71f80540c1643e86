"""The user's keys while ssh talks: on their way to ssh's pty, or kept for the session.

Until ssh has shown something it has asked nothing: keys pressed before are meant for the session, and stay in the
terminal, where the client will find them, or are kept once ssh may ask. From then on they go to ssh's pty, since no
guess is safe of what is a question. What nobody has read there when the session begins was no answer: it is taken back,
as the session's first keys. So it is as soon as ssh has its pty in raw mode and does not read: then the session is on
its way, whose keys `ssh -n` never reads, and Ctrl-C there would be an octet like any other.

Keeps nothing of what it carries: some of it is passwords.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import termios
from contextlib import ExitStack
from types import TracebackType
from typing import Final

from mosh_bootstrap.terminal import Attributes, Terminal
from mosh_common.clock import now_ms
from mosh_common.io.fds import read_available, write_available
from mosh_common.io.loop import Ready, Waiter
from mosh_common.io.signal_handlers import change_handlers

_TIOCGPTN: Final = 0x80045430  # Linux: the number of a master's pty; not in Python's termios
# In raw mode a program that wants keys (a menu of a ProxyCommand) takes them at once; ssh takes none.
_UNREAD_MS: Final = 200
_SIGNAL_KEYS: Final = ((termios.VINTR, signal.SIGINT), (termios.VQUIT, signal.SIGQUIT))
_SIGNAL_MS: Final = 2000  # within which an end is taken for that of a signal


class Keyboard:
    """Carries keys from `terminal` to the pty whose master is `pty_fd`, while it is told to listen."""

    def __init__(self, terminal: Terminal, pty_fd: int, *, input_fd: int | None = None) -> None:
        """Be the keys of `terminal`. `input_fd`: the master of another pty, which is ssh's standard input."""
        self.terminal = terminal
        self.kept = b""  # the session's first keys

        self._pty_fd = pty_fd
        self._input_fd = pty_fd if input_fd is None else input_fd
        self._raw = ExitStack()  # undoes the terminal's raw mode
        self._listening = False
        self._unread_at: int | None = None  # what went to the pty and is not read by then, in raw mode nobody will read
        self._given = False  # something went to the pty since it was last seen to be empty
        self._secret_given = False  # … while it did not echo: the answer to a secret question, perhaps with a rest
        self._signal: tuple[int, int] | None = None  # that a key in the pty has sent to ssh, and when
        self._unheard = False  # the pty is in raw mode and nobody reads it: keys stay in the terminal

    def __enter__(self) -> Keyboard:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._raw.close()

    def listen(self, wanted: bool, waiter: Waiter) -> None:
        """Take the keys from now on, or leave them where they are and the terminal as it was found."""
        wanted = wanted and not (self._unheard and self.pty_is_raw())
        if wanted == self._listening:
            return
        self._listening = wanted
        if wanted:
            self._unheard = False
            self._raw.enter_context(self.terminal.raw())
            self._keep_typed_ahead()
            waiter.watch(self.terminal.input_fd)
        else:
            waiter.forget(self.terminal.input_fd)
            self._raw.close()

    def _keep_typed_ahead(self) -> None:
        """Keep what was typed before there was anything to answer, lest a question take it."""
        keys = b""
        while select.select([self.terminal.input_fd], [], [], 0)[0]:
            chunk = read_available(self.terminal.input_fd)
            if not chunk:
                break
            keys += chunk
        before = self.terminal.attributes
        if before[3] & termios.ICANON and before[0] & termios.ICRNL:
            keys = keys.replace(b"\n", b"\r")  # as it was typed
        self.kept += keys

    def next_deadline(self) -> int | None:
        """Return when to call `take_unread` (now_ms); None = never."""
        return self._unread_at

    def carry(self, ready: Ready) -> None:
        """Pass on the keys, if `ready` says that there are any. Raises SystemExit when the terminal was hung up."""
        if not self._listening or self.terminal.input_fd not in ready.readable:
            return
        keys = read_available(self.terminal.input_fd)
        if keys is None:
            raise SystemExit(128 + signal.SIGHUP)
        local_flags = _local_flags(self._pty_fd)
        suspend = self.terminal.key(termios.VSUSP)
        if suspend and suspend in keys and local_flags & termios.ISIG:
            keys = keys.replace(suspend, b"")
            self.suspend(whole_job=True)
        for place, number in _SIGNAL_KEYS:
            if (key := self.terminal.key(place)) and key in keys and local_flags & termios.ISIG:
                self._signal = (number, now_ms())
        secret = bool(local_flags & termios.ICANON) and not local_flags & termios.ECHO
        if self._secret_given and not secret:
            self._read_back()  # a rest of the answer: neither for what comes now nor for the session
        self._secret_given |= secret
        if keys:
            self._given = True
            self._unread_at = now_ms() + _UNREAD_MS
        write_available(self._pty_fd, keys)  # what a full pty does not take is lost, as with any keyboard

    def signal_just_sent(self) -> int | None:
        """Return the signal that a key has sent to ssh just now; with a handler of its own it exits with 255."""
        if self._signal is None or now_ms() - self._signal[1] > _SIGNAL_MS:
            return None
        return self._signal[0]

    def take_unread(self, waiter: Waiter) -> None:
        """Take back what nobody reads, if the pty is in raw mode, and do what keys that send signals ask for.

        Raises KeyboardInterrupt, SystemExit.
        """
        if self._unread_at is None or now_ms() < self._unread_at:
            return
        if not self.pty_is_raw():  # a question that waits for the end of its line, or an answer that was read
            self._unread_at = now_ms() + _UNREAD_MS
            return
        self._unread_at = None
        keys = self._read_back()
        if not keys:
            return
        self._unheard = True
        if self.terminal.attributes[3] & termios.ISIG:
            if (key := self.terminal.key(termios.VINTR)) and key in keys:
                raise KeyboardInterrupt
            if (key := self.terminal.key(termios.VQUIT)) and key in keys:
                raise SystemExit(128 + signal.SIGQUIT)
            if (key := self.terminal.key(termios.VSUSP)) and key in keys:
                keys = keys.replace(key, b"")
                self.suspend(whole_job=True)
        self.kept += keys
        self.listen(False, waiter)  # the terminal itself makes signals of such keys from now on

    def finish(self, waiter: Waiter) -> None:
        """The session begins: what nobody has read is its own."""
        self.listen(False, waiter)
        self._unread_at = None
        if self._given:
            self.kept += self._read_back()

    def suspend(self, *, whole_job: bool) -> None:
        """Stop, as Ctrl-Z does; ssh, in a session of its own, could not be continued by the user's shell.

        `whole_job`: the key has to be done for the others of the process group, too.
        """
        if signal.getsignal(signal.SIGTSTP) is signal.SIG_IGN:
            return  # whoever started us cannot continue a job
        self._raw.close()
        # By the signal itself, which does nothing to a job that no shell could continue.
        before = change_handlers({signal.SIGTSTP: signal.SIG_DFL})
        os.kill(0 if whole_job else os.getpid(), signal.SIGTSTP)
        change_handlers(before)
        self.resume()  # here again after `fg`

    def resume(self) -> None:
        """Take the terminal again after a stop."""
        if self._listening:
            self._raw.close()
            self._raw.enter_context(self.terminal.raw())
        os.kill(os.getpid(), signal.SIGWINCH)  # the window may have another size by now

    def pty_is_raw(self) -> bool:
        """Whether ssh's pty hands keys on at once: with a pty for the server, ssh is logged in then."""
        return not _local_flags(self._input_fd) & termios.ICANON

    def _read_back(self) -> bytes:
        """Return what went to the pty and was read by nobody; b"" for what was typed for a secret question."""
        secret, self._secret_given, self._given = self._secret_given, False, False
        try:
            fd = os.open(_other_side(self._pty_fd), os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:  # ssh has ended, or this system does not tell
            return b""
        try:
            if secret:
                # SECURITY: no part of a password is ever typed into the session.
                # test_the_rest_of_a_secret_answer_is_not_for_the_session
                termios.tcflush(fd, termios.TCIFLUSH)
                return b""
            return _read_all(fd)
        except termios.error:
            return b""
        finally:
            os.close(fd)


def _local_flags(pty_fd: int) -> int:
    """Return the local flags of a pty, 0 when it is gone; a master answers for its other side."""
    try:
        flags: int = termios.tcgetattr(pty_fd)[3]
    except termios.error:
        return 0
    return flags


def _read_all(fd: int) -> bytes:
    """Return what waits on a pty's side `fd`, unfinished lines too, as it was typed."""
    before = termios.tcgetattr(fd)
    lines = bool(before[3] & termios.ICANON)
    if lines:
        attributes: Attributes = [*before[:3], before[3] & ~termios.ICANON, *before[4:6], list(before[6])]
        attributes[6][termios.VMIN], attributes[6][termios.VTIME] = 0, 0
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    keys = b""
    while chunk := read_available(fd):
        keys += chunk
    if lines:
        termios.tcsetattr(fd, termios.TCSANOW, before)
    return keys.replace(b"\n", b"\r") if lines and before[0] & termios.ICRNL else keys


def _other_side(master_fd: int) -> str:
    """Return the name of the side of a pty that a program has. Raises OSError where the system does not tell."""
    if sys.version_info >= (3, 13):
        return os.ptsname(master_fd)
    number = fcntl.ioctl(master_fd, _TIOCGPTN, bytes(4))
    return f"/dev/pts/{int.from_bytes(number, sys.byteorder)}"
