"""The directories in which a user's sessions on this machine are found: private, opened once, and named from within.

docs/door.md says which, and what lies there. Knows nothing of what the files mean.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from zlib import crc32

FOLDER: Final = "mosh-py"
OLD_FOLDER: Final = "mosh-server"  # of servers from before there were doors; and where it is noted what a user was told
MACHINE_ID: Final = "/etc/machine-id"
_MOST_NAMES: Final = 4096  # of a directory's files; whoever has more has made them
_MOST_OCTETS: Final = 32  # of a file's contents: a number, or a word
_TRIES: Final = 8  # to lock a file that others sweep out meanwhile

_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# Not blocking: a FIFO of that name, which nobody reads, would hold the opener for ever.
_OPEN_FILE: Final = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Place:
    """One of the directories, open. Its path is not used again, so nobody can put another in its place."""

    __slots__ = ("descriptor", "path")

    def __init__(self, descriptor: int, path: str) -> None:
        """Take over the open directory; use `opened`."""
        self.descriptor = descriptor
        self.path = path  # for messages

    @classmethod
    def opened(cls, parent: str, *names: str, uid: int, make: bool = True) -> Place | None:
        """Open the directory `names` below `parent`, made if need be; None if it is not the user's alone."""
        try:
            if make:
                os.makedirs(parent, 0o700, exist_ok=True)
            descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError:
            return None
        for name in names:
            inner = _private_folder(name, within=descriptor, uid=uid, make=make)
            os.close(descriptor)
            if inner is None:
                return None
            descriptor = inner
        return cls(descriptor, os.path.join(parent, *names))

    def names(self) -> list[str]:
        """Return the names of its files; none where that cannot be read."""
        try:
            return os.listdir(self.descriptor)[:_MOST_NAMES]
        except OSError:
            return []

    def lock(self, name: str) -> int | None:
        """Make the file and lock it; return its descriptor, None when another process holds it.

        Raises OSError when there is no such file to be had, or no locks.
        """
        for _ in range(_TRIES):
            file = os.open(name, os.O_RDWR | os.O_CREAT | _OPEN_FILE, 0o600, dir_fd=self.descriptor)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                return None
            except OSError:
                os.close(file)
                raise
            if self.holds(name, file):
                return file
            os.close(file)  # swept out between the two calls: the lock is that of a file without a name
        return None

    def holds(self, name: str, file: int) -> bool:
        """Return whether the open `file` is the one of that name."""
        try:
            named = os.stat(name, dir_fd=self.descriptor, follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(named, os.fstat(file))

    def is_locked(self, name: str) -> bool | None:
        """Return whether a process holds the lock of the file; None when there is no such file."""
        try:
            file = os.open(name, os.O_RDONLY | _OPEN_FILE, dir_fd=self.descriptor)
        except OSError:
            return None
        try:
            # Shared, so that two that look at the same time do not take each other for its holder.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return None
        else:
            return False
        finally:
            os.close(file)

    def sweep(self, name: str, *others: str) -> None:
        """Remove the file, and `others` that go with it, unless a process holds its lock."""
        try:
            file = os.open(name, os.O_RDONLY | _OPEN_FILE, dir_fd=self.descriptor)
        except OSError:
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if self.holds(name, file):  # then nobody else may remove it, or make another, before it is unlocked
                for each in (*others, name):
                    self.remove(each)
        except OSError:
            pass  # another sweeps, or has just taken it
        finally:
            os.close(file)

    def contents(self, name: str) -> bytes:
        """Return what is in the file, b"" when there is no such file."""
        try:
            file = os.open(name, os.O_RDONLY | _OPEN_FILE, dir_fd=self.descriptor)
        except OSError:
            return b""
        try:
            return os.read(file, _MOST_OCTETS)
        except OSError:
            return b""
        finally:
            os.close(file)

    def remove(self, name: str) -> None:
        """Remove the file; harmless when there is none."""
        try:
            os.unlink(name, dir_fd=self.descriptor)
        except OSError:
            pass  # swept out by another first, or a file system that takes no changes

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Be in the directory: a socket's path is of 108 octets at most (104 elsewhere), and this makes it short.

        The process has one thread, and is back afterwards, or else in /. Raises OSError when it cannot be entered.
        """
        try:
            before = os.open(".", getattr(os, "O_PATH", os.O_RDONLY) | os.O_CLOEXEC)
        except OSError:  # one that may not be read, where there is no O_PATH
            before = os.open("/", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fchdir(self.descriptor)
            yield
        finally:
            os.fchdir(before)
            os.close(before)

    def close(self) -> None:
        """Close the directory; no other method may be called afterwards."""
        os.close(self.descriptor)


def places_of(environ: Mapping[str, str], *, uid: int) -> list[Place]:
    """Return the user's directories, each made if need be; a name is locked in their order.

    What outlives a login comes first. Never one in /tmp, where others could be first.
    """
    found: list[Place | None] = []
    state = state_parent(environ)
    if state is not None:
        found.append(Place.opened(state, FOLDER, machine(), uid=uid))
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}"
    if os.path.isabs(runtime) and os.path.isdir(runtime):
        found.append(Place.opened(runtime, FOLDER, uid=uid))
    return [place for place in found if place is not None]


def old_places_of(environ: Mapping[str, str], *, uid: int) -> list[Place]:
    """Return the directories of servers from before there were doors, as far as there are some: with entries alone.

    To be read until 0.3.
    """
    parents = (environ.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}", state_parent(environ))
    found = [Place.opened(parent, OLD_FOLDER, uid=uid, make=False) for parent in parents if parent is not None]
    return [place for place in found if place is not None]


def state_directory(environ: Mapping[str, str], *, uid: int) -> str | None:
    """Return the directory of what a user is to know for ever, made if need be; None when there is no safe place."""
    parent = state_parent(environ)
    place = None if parent is None else Place.opened(parent, OLD_FOLDER, uid=uid)
    if place is None:
        return None
    place.close()
    return place.path


def state_parent(environ: Mapping[str, str]) -> str | None:
    """Return where the user keeps what outlives a login; None when nothing says so."""
    state = environ.get("XDG_STATE_HOME") or os.path.join(environ.get("HOME", ""), ".local", "state")
    return state if os.path.isabs(state) else None


def machine(*, machine_id: str = MACHINE_ID) -> str:
    """Return the name of this machine's part of a directory that many may share.

    Of the id only 64 of its 128 bits come out: it is confidential, as machine-id(5) has it, and a file server need not
    be told. (A CRC of each half, which is here already: hashlib would cost the session's start some 5 ms.)
    """
    try:
        with open(machine_id, "rb") as file:
            identity = file.read(64).strip()
    except OSError:
        identity = b""
    if identity:
        half = len(identity) // 2
        return f"{crc32(identity[:half]):08x}{crc32(identity[half:]):08x}"
    name = "".join(
        char if char.isascii() and (char.isalnum() or char in "-_.") else "_" for char in os.uname().nodename
    )
    return name.lstrip(".") or "unnamed"


def _private_folder(name: str, *, within: int, uid: int, make: bool) -> int | None:
    """Open the directory `name`, made if need be; None unless it is a real one of this user's, closed to others."""
    try:
        if make:
            os.mkdir(name, 0o700, dir_fd=within)
    except OSError:
        pass  # it is there, or opening it says why not
    try:
        descriptor = os.open(name, _OPEN_FOLDER, dir_fd=within)
    except OSError:
        return None
    # SECURITY: only a real directory, ours alone, will do. Tested in test_places.
    found = os.fstat(descriptor)
    if stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077:
        return descriptor
    os.close(descriptor)
    return None
