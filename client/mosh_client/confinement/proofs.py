"""Tries to do what a confined process should not be able to do, so that what is said of it is what is the case.

Each attempt raises OSError when it is refused, and changes nothing when it is not, unless it says so. One that stands
for several raises only when all are refused: they are made with what can never be done, a descriptor of -1 for example.
"""

from __future__ import annotations

import errno
import mmap
import os
import resource
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from mosh_client.confinement import libc
from mosh_client.confinement.limits import DESCRIPTORS, MEMORY_OCTETS
from mosh_client.confinement.mechanisms import Process

_PR_GET_DUMPABLE: Final = 3
_PR_GET_NO_NEW_PRIVS: Final = 39
_PTRACE_PEEKDATA: Final = 2
_F_SETFL: Final = 4
_O_ASYNC: Final = 0o20000
_OWNING_COMMANDS: Final = (8, 10, 15)  # F_SETOWN F_SETSIG F_SETOWN_EX
_OWNING_REQUESTS: Final = (0x8901, 0x8902, 0x5452)  # FIOSETOWN SIOCSPGRP FIOASYNC
_TYPING_REQUESTS: Final = (0x5412, 0x541C)  # TIOCSTI TIOCLINUX
# TIOCSPGRP TIOCSCTTY TIOCNOTTY TIOCSIG TIOCEXCL TIOCSETD
_TERMINAL_REQUESTS: Final = (0x5410, 0x540E, 0x5422, 0x40045436, 0x540C, 0x5423)
_NO_SUCH: Final = 99  # as a kind of process, or a command


class Proof(NamedTuple):
    """Something that is given up, and an attempt at it."""

    what: str
    attempt: Callable[[], None]
    apart: bool = False  # it does change the process where it is not refused: only for one that is of no other use

    def refusal(self) -> str:
        """Return with what words the attempt is refused; empty when it can be done, or cannot be tried here."""
        try:
            self.attempt()
        except OSError as error:
            return "" if error.errno == errno.ENOSYS else error.strerror or str(error)
        return ""


def proofs_of(process: Process, mechanism: str) -> tuple[Proof, ...]:
    """Return what shows that the mechanism of that name works in `process`."""
    if mechanism != "seccomp":
        return _BY_MECHANISM[mechanism]
    found: tuple[Proof, ...] = _OUTSIDE
    if process is not Process.LAUNCHER:
        found += _ALONE
    if process is not Process.NETWORK:
        found += (Proof("datagrams", datagram_socket),)
    return found


def open_file() -> None:
    """Open a file that everybody may read."""
    os.close(os.open(os.devnull, os.O_RDONLY))


def change_files() -> None:
    """Remove a directory; that it does not exist is told only to who may."""
    _unless(errno.ENOENT, lambda: os.rmdir(""))


def start_program() -> None:
    """Start a program; that it does not exist is told only to who may."""

    def attempt() -> None:
        os.execv("", ["nothing"])  # nosec B607  # there is no such program

    _unless(errno.ENOENT, attempt)


def fork() -> None:
    """Start another process."""
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)


def stream_socket() -> None:
    """Make a socket for connections."""
    socket.socket(socket.AF_INET, socket.SOCK_STREAM).close()


def local_socket() -> None:
    """Make a socket for other processes of this machine."""
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).close()


def datagram_socket() -> None:
    """Make a socket for datagrams."""
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def trace() -> None:
    """Read the memory of a process that is traced; this one is not."""
    _unless(errno.ESRCH, lambda: libc.call("ptrace", _PTRACE_PEEKDATA, os.getpid(), 0, 0))


def read_other_memory() -> None:
    """Read nothing of the memory of a process."""
    libc.call("process_vm_readv", os.getpid(), None, 0, None, 0, 0)


def signal_parent() -> None:
    """Send the parent no signal, which only asks whether it could be done."""
    os.kill(os.getppid(), 0)


def signal_by_descriptor() -> None:
    """Make a descriptor that is none send signals to another process."""
    parent = os.getppid()
    _all(
        *(_on_no_descriptor("fcntl", command, parent) for command in _OWNING_COMMANDS),
        _on_no_descriptor("fcntl", _F_SETFL, _O_ASYNC),
        *(_on_no_descriptor("ioctl", request, b"\1\0\0\0") for request in _OWNING_REQUESTS),
    )


def enter_group() -> None:
    """Enter a process group that cannot be."""
    _unless(errno.EINVAL, lambda: os.setpgid(0, -1))


def leave_session() -> None:
    """Make a session of its own."""
    os.setsid()


def type_into_terminal() -> None:
    """Put a character into the input of a terminal that is none."""
    _all(*(_on_no_descriptor("ioctl", request, b"\3x") for request in _TYPING_REQUESTS))


def direct_terminal() -> None:
    """Make a terminal that is none another group's, or another process's, and have it send signals."""
    _all(*(_on_no_descriptor("ioctl", request, bytes(4)) for request in _TERMINAL_REQUESTS))


def slow_others() -> None:
    """Change the priority and the processors of what is no process."""
    _all(
        partial(_unless, errno.EINVAL, partial(os.setpriority, _NO_SUCH, 0, 0)),
        partial(_unless, errno.EINVAL, partial(_linux_call, "sched_setscheduler", -1, 0, bytes(4))),
        partial(_unless, errno.ESRCH, partial(_linux_call, "sched_setaffinity", -1, 8, b"\xff" * 8)),
    )


def change_queues() -> None:
    """Remove a queue, semaphores and memory that are none."""
    calls = ("msgctl", "semctl", "shmctl")
    _all(*(partial(_unless, errno.EINVAL, partial(_linux_call, call, -1, _NO_SUCH, 0, 0)) for call in calls))


def be_traced() -> None:
    """Be a process that others of the user may look into."""
    if sys.platform.startswith("linux") and libc.call("prctl", _PR_GET_DUMPABLE, 0, 0, 0, 0) == 0:
        raise PermissionError(errno.EPERM, "not dumpable")


def gain_rights() -> None:
    """Be a process that setuid programs give rights to."""
    if sys.platform.startswith("linux") and libc.call("prctl", _PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1:
        raise PermissionError(errno.EPERM, "no_new_privs")


def dump_core() -> None:
    """Be a process that leaves a core dump."""
    if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0:
        raise PermissionError(errno.EPERM, "limit 0")


def take_memory() -> None:
    """Ask for more memory than a session needs, without using it."""
    flags = mmap.MAP_PRIVATE | getattr(mmap, "MAP_NORESERVE", 0)
    mmap.mmap(-1, 2 * MEMORY_OCTETS, flags=flags | mmap.MAP_ANONYMOUS).close()


def take_descriptors() -> None:
    """Ask for more descriptors than a session needs."""
    taken: list[int] = []
    try:
        for _ in range(DESCRIPTORS):
            taken.append(os.dup(2))  # noqa: PERF401  # those taken before a failure are to be closed
    finally:
        for fd in taken:
            os.close(fd)


def _on_no_descriptor(name: str, what: int, argument: int | bytes) -> Callable[[], None]:
    """Return an attempt at fcntl(2) or ioctl(2)."""
    return partial(_unless, errno.EBADF, partial(libc.call, name, -1, what, argument))


def _linux_call(name: str, *arguments: object) -> None:
    """Call what some other systems end a process for (SIGSYS)."""
    if sys.platform.startswith("linux"):
        libc.call(name, *arguments)
    else:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))


def _all(*attempts: Callable[[], None]) -> None:
    """Make attempts until one is not refused; what the system does not have is not counted."""
    refusal: OSError | None = None
    for attempt in attempts:
        try:
            attempt()
        except OSError as error:
            if error.errno != errno.ENOSYS:
                refusal = error
        else:
            return
    if refusal is not None:
        raise refusal


def _unless(expected: int, attempt: Callable[[], object]) -> None:
    """Make an attempt that always fails; with errno `expected` it was not refused."""
    try:
        attempt()
    except OSError as error:
        if error.errno != expected:
            raise


_BY_MECHANISM: Final = {
    "core dumps": (Proof("core dumps", dump_core),),
    "memory limit": (Proof("memory without bound", take_memory),),
    "being traced": (Proof("being traced", be_traced),),
    "new privileges": (Proof("new privileges", gain_rights),),
    "landlock": (Proof("opening files", open_file),),
    "other limits": (Proof("descriptors without bound", take_descriptors),),
}
# By seccomp: of every process, and of those that start no other.
_OUTSIDE: Final = (
    Proof("starting programs", start_program),
    Proof("connections", stream_socket),
    Proof("local sockets", local_socket),
    Proof("tracing other processes", trace),
    Proof("reading their memory", read_other_memory),
    Proof("changing their priority", slow_others),
    Proof("changing their queues and semaphores", change_queues),
)
_ALONE: Final = (
    Proof("opening files", open_file),
    Proof("changing files", change_files),
    Proof("starting processes", fork),
    Proof("signals to other processes", signal_parent),
    Proof("signals by descriptors", signal_by_descriptor),
    Proof("entering process groups", enter_group),
    Proof("leaving the session", leave_session, apart=True),
    Proof("typing into the terminal", type_into_terminal),
    Proof("directing the terminal to others", direct_terminal),
)
