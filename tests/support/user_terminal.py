"""A terminal that a user sits at: a pty, a program in it, and a screen that shows what would be seen."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import shutil
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pexpect
import pyte
from ptyprocess import PtyProcess
from tests.support import forked
from tests.support.programs import ARCHIVE, OURS, PATIENCE_S, SOURCE_FOLDERS

_TIOCGPTN = 0x80045430  # Linux: which pty a master belongs to; not in Python's termios

# Starts words in an environment, in a pty of that many lines and columns, in a folder or in this one.
Start = Callable[[Sequence[str], Mapping[str, str], tuple[int, int], str | None], "pexpect.spawn[bytes]"]


class UserTerminal:
    """`words` in a pty of `size` (lines, columns)."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str],
        size: tuple[int, int] = (24, 80),
        directory: str | None = None,
        start: Start | None = None,
    ) -> None:
        self.output = bytearray()  # all that came, as it came
        self.patience_s = PATIENCE_S  # of every wait
        self._shown: str | None = None  # what the screen shows, once that was asked for
        self._screen = pyte.Screen(size[1], size[0])
        self._stream = pyte.ByteStream(self._screen)
        self.child = (start or started)(words, environment, size, directory)
        self.child.delaybeforesend = None
        self.settings_before = _settings_of_a_new_terminal()  # as the program found them, and may have changed by now

    @property
    def pid(self) -> int:
        """The id of the program's process."""
        assert self.child.pid is not None
        return self.child.pid

    def text(self) -> str:
        """What the screen shows, without blanks at the ends of lines."""
        if self._shown is None:
            self._shown = shown_text(self._screen)
        return self._shown

    def said(self) -> str:
        """What the screen shows in one line: what the terminal broke at its edge, between words or in one, is whole."""
        return in_one_line(self.text(), self._screen.columns)

    def settings(self) -> list[Any]:
        """The terminal's settings, as tcgetattr gives them."""
        return termios.tcgetattr(self.child.child_fd)  # a master answers for its other side

    @property
    def echoes(self) -> bool:
        """Whether keys appear on this terminal by the system's doing."""
        return bool(self.settings()[3] & termios.ECHO)

    def unread_keys(self) -> int:
        """How many octets were typed that nobody has read yet."""
        number = fcntl.ioctl(self.child.child_fd, _TIOCGPTN, bytes(4))
        slave = os.open(f"/dev/pts/{int.from_bytes(number, sys.byteorder)}", os.O_RDONLY | os.O_NOCTTY)
        try:
            return int.from_bytes(fcntl.ioctl(slave, termios.FIONREAD, bytes(4)), sys.byteorder)
        finally:
            os.close(slave)

    def blank(self) -> None:
        """Forget what the screen shows: only what is drawn from now on is seen."""
        self._screen.reset()
        self._shown = None

    def wait_for(self, wanted: str) -> None:
        """Read until the screen shows `wanted`; fail the test when it does not come."""
        self._read_until(lambda: wanted in self.text(), f"{wanted!r} did not come")

    def wait_until(self, condition: Any, what: str) -> None:
        """Read until `condition()`; fail the test with `what` when it does not come true."""
        self._read_until(condition, what)

    def wait_for_end(self) -> int:
        """Read to the end of the program; return its exit code, or minus the signal that ended it."""
        self._read_until(lambda: not self.child.isalive(), "it did not end")
        while self._read():
            pass
        code, number = self.child.exitstatus, self.child.signalstatus
        return code if code is not None else -int(number or 0)

    def type(self, text: str) -> None:
        """Press these keys."""
        self.child.send(text.encode())

    def resize(self, lines: int, columns: int) -> None:
        """Give the window another size."""
        self._screen.resize(lines, columns)
        self._shown = None
        self.child.setwinsize(lines, columns)

    def hang_up(self) -> None:
        """Let the terminal go away, as when its window is closed."""
        self.child.ptyproc.fileobj.close()  # type: ignore[attr-defined]  # pexpect's types do not have it

    def close(self) -> None:
        """End the program, if it still runs."""
        end_child(self.child)

    def __enter__(self) -> UserTerminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_until(self, condition: Any, what: str) -> None:
        give_up = time.monotonic() + self.patience_s
        while not condition():
            self._read()
            if condition():
                return
            if time.monotonic() > give_up or (not self.child.isalive() and not self._read()):
                if condition():  # it ended between the two looks
                    return
                tail = bytes(self.output[-1500:])
                raise AssertionError(f"{what}; the screen:\n{self.text()}\nthe end of the output: {tail!r}")

    def _read(self) -> bool:
        """Read what there is, waiting a moment for it; False when there was nothing."""
        try:
            data: bytes = self.child.read_nonblocking(65536, timeout=0.05)
        except (pexpect.TIMEOUT, pexpect.EOF):
            return False
        self.output += data
        self._stream.feed(data)
        self._shown = None
        return True


def _settings_of_a_new_terminal() -> list[Any]:
    master, slave = os.openpty()
    try:
        return termios.tcgetattr(slave)
    finally:
        os.close(slave)
        os.close(master)


def started(
    words: Sequence[str], environment: Mapping[str, str], size: tuple[int, int], directory: str | None
) -> pexpect.spawn[bytes]:
    """A fork of what has loaded the program, where that is the same (forked.py)."""
    program = forked.program_of(words, environment)
    if program is None:
        return started_for_real(words, environment, size, directory)
    return child_of(*forked.in_terminal(program, size, directory))


def started_with_log(log: Path) -> Start:
    """`started`, but what the program says on standard error is written at the end of a file."""

    def start(
        words: Sequence[str], environment: Mapping[str, str], size: tuple[int, int], directory: str | None
    ) -> pexpect.spawn[bytes]:
        program = forked.program_of(words, environment)
        if program is None:
            words = ["/bin/sh", "-c", f'exec "$@" 2>>{shlex.quote(str(log))}', "sh", *words]
            return started_for_real(words, environment, size, directory)
        with log.open("ab") as errors:
            return child_of(*forked.in_terminal(program, size, directory, errors.fileno()))

    return start


def started_for_real(
    words: Sequence[str], environment: Mapping[str, str], size: tuple[int, int], directory: str | None
) -> pexpect.spawn[bytes]:
    """What pexpect.spawn makes, without a fork: copying a process with all tests in it took 15 ms."""
    program = shutil.which(words[0], path=environment.get("PATH"))
    assert program is not None, f"no program {words[0]}"
    # env(1) becomes what it runs: the pid is the program's.
    arguments = ["/usr/bin/env", "-C", directory, program, *words[1:]] if directory else [program, *words[1:]]
    master, slave = os.openpty()
    try:
        termios.tcsetwinsize(slave, size)
        pid = os.posix_spawn(
            arguments[0],
            arguments,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.ttyname(slave), os.O_RDWR, 0),  # as a leader: it is its own terminal then
                (os.POSIX_SPAWN_DUP2, 0, 1),
                (os.POSIX_SPAWN_DUP2, 0, 2),
            ],
            setsid=True,
        )
    except NotImplementedError:  # no setsid to be had when starting
        os.close(master)
        return pexpect.spawn(
            words[0], list(words[1:]), env=dict(environment), dimensions=size, timeout=None, cwd=directory
        )
    except BaseException:
        os.close(master)
        raise
    finally:
        os.close(slave)
    return child_of(pid, master)


def child_of(pid: int, master: int) -> pexpect.spawn[bytes]:
    """What pexpect makes of a child of ours, and the master of the pty that it is in."""
    child: pexpect.spawn[bytes] = pexpect.spawn(None, timeout=None)  # type: ignore[arg-type]  # pexpect's own way
    child.ptyproc = PtyProcess(pid, master)  # type: ignore[attr-defined]  # its types do not have it
    child.pid, child.child_fd = pid, master
    child.terminated = child.closed = False
    return child


def end_child(child: pexpect.spawn[Any]) -> None:
    """End it, if it still runs, and close its terminal. pexpect gives up on one that is killed and busy for 0.1 s."""
    try:
        child.close(force=True)
    except pexpect.ExceptionPexpect:
        child.wait()


def shown_text(screen: pyte.Screen) -> str:
    """The rows of a pyte screen, without blanks at the ends of lines.

    pyte's own `display` fails where a wide character was overwritten in part: terminals erase its other half, pyte
    leaves a cell that holds no character at all.
    """
    columns = range(screen.columns)
    rows = ("".join([row[x].data for x in columns]) for row in map(screen.buffer.__getitem__, range(screen.lines)))
    return "\n".join(row.rstrip() for row in rows).rstrip()


def in_one_line(text: str, columns: int) -> str:
    """The rows of `shown_text`, joined: a row that does not reach the edge ended there, or broke at a blank."""
    return "".join(row if len(row) == columns else f"{row} " for row in text.split("\n")).rstrip()


def mosh_words(*arguments: str) -> list[str]:
    """The command line of this checkout's `mosh`, for an environment with `source_environment`."""
    return [*(OURS.wrapper if ARCHIVE else (sys.executable, "-P", "-m", "mosh_bootstrap")), *arguments]


def source_environment() -> dict[str, str]:
    """The variable that lets any Python find this checkout's packages, unless those of an archive are tested."""
    return {} if ARCHIVE else {"PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS)}


def modes_left_on(output: bytes) -> dict[int, bool]:
    """The private modes (`CSI ? n h` and `l`) that a program has switched, and whether it left them on."""
    state: dict[int, bool] = {}
    for match in re.finditer(rb"\x1b\[\?([0-9;]+)([hl])", output):
        state |= {int(word): match[2] == b"h" for word in match[1].split(b";") if word}
    return state
