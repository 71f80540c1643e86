"""Tries to do what a confined process should not be able to do, so that what is said of it is what is the case.

Each attempt raises OSError when it is refused, and changes nothing when it is not.
"""

from __future__ import annotations

import errno
import mmap
import os
import resource
import socket
import sys
from collections.abc import Callable
from typing import Final, NamedTuple

from mosh_client.confinement import libc
from mosh_client.confinement.limits import DESCRIPTORS, MEMORY_OCTETS
from mosh_client.confinement.processes import Process

_PR_GET_DUMPABLE: Final = 3
_PR_GET_NO_NEW_PRIVS: Final = 39
_PTRACE_PEEKDATA: Final = 2
_TIOCSTI: Final = 0x5412


class Proof(NamedTuple):
    """Something that is given up, and an attempt at it."""

    what: str
    attempt: Callable[[], None]

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


def type_into_terminal() -> None:
    """Put a character into the input of a terminal that is none."""
    _unless(errno.EBADF, lambda: libc.call("ioctl", -1, _TIOCSTI, b"x"))


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
)
_ALONE: Final = (
    Proof("opening files", open_file),
    Proof("changing files", change_files),
    Proof("starting processes", fork),
    Proof("signals to other processes", signal_parent),
    Proof("typing into the terminal", type_into_terminal),
)
