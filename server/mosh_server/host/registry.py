"""Which sessions this user has on this machine, and which of them no client is heard from.

Each server of ours keeps a locked file in the user's runtime directory: the lock says that it lives, the contents say
whether it is detached. Upstream's servers are found in utmp. Knows nothing of the protocol.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import struct
from collections.abc import Mapping
from typing import Final

UTMP_PATHS: Final = ("/run/utmp", "/var/run/utmp")
_DETACHED: Final = b"detached\n"
_ATTACHED: Final = b"attached\n"

# glibc's struct utmp on Linux, 384 octets: short type, 2 padding, int pid, char line[32], id[4], user[32], host[256], …
_UTMP_ENTRY: Final = struct.Struct("<h2xi32s4s32s256s52x")
_USER_PROCESS: Final = 7
_MOST_UTMP_OCTETS: Final = 4 << 20  # ten thousand sessions; a bigger file is not read to the end

_DETACHED_HOST: Final = re.compile(rb"mosh \[(\d{1,10})\]\Z")  # what upstream writes while no client is heard


class Registry:
    """This server's own entry, and a look at those of the others."""

    __slots__ = ("_directory", "_file", "_path")

    def __init__(self, directory: str | None) -> None:
        """Use `directory` (see `directory_for`); None = keep no entry and see none."""
        self._directory = directory
        self._path: str | None = None
        self._file: int | None = None

    def enter(self, pid: int) -> None:
        """Make and lock the entry of process `pid`: a session whose client is there."""
        if self._directory is None:
            return
        path = os.path.join(self._directory, str(pid))
        try:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        except OSError:
            return  # the warning to later sessions is all that is lost
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            return
        self._path, self._file = path, fd
        self.set_detached(False)

    def set_detached(self, detached: bool) -> None:
        """Say whether the client is silent."""
        if self._file is not None:
            try:
                os.pwrite(self._file, _DETACHED if detached else _ATTACHED, 0)
            except OSError:
                pass  # e.g. the disk is full: the warning to later sessions is all that is lost

    def leave(self) -> None:
        """Remove the entry; harmless when there is none."""
        if self._file is not None and self._path is not None:
            _unlink(self._path)
            os.close(self._file)
            self._file = None

    def detached_pids(self) -> set[int]:
        """Return the processes of the other entries that live and are detached; sweep out those of dead ones."""
        if self._directory is None:
            return set()
        try:
            names = [name for name in os.listdir(self._directory) if name.isascii() and name.isdigit()]
        except OSError:
            return set()
        return {int(name) for name in names if self._is_detached(os.path.join(self._directory, name))}

    def _is_detached(self, path: str) -> bool:
        if path == self._path:
            return False
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            return os.pread(fd, len(_DETACHED), 0) == _DETACHED
        else:
            _unlink(path)  # nobody holds it: its server died without leaving
            return False
        finally:
            os.close(fd)


def directory_for(environ: Mapping[str, str], *, uid: int) -> str | None:
    """Return the directory of the user's entries, made if need be; None when there is no safe place for it.

    Never one in /tmp, where others could be first.
    """
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/user/{uid}"
    if os.path.isdir(runtime):
        path = os.path.join(runtime, "mosh-server")
        if _is_own_directory(path, uid):
            return path
    return state_directory(environ, uid=uid)


def state_directory(environ: Mapping[str, str], *, uid: int) -> str | None:
    """Return the directory of what outlives a login, made if need be; None when there is no safe place for it."""
    state = environ.get("XDG_STATE_HOME") or os.path.join(environ.get("HOME", ""), ".local", "state")
    path = os.path.join(state, "mosh-server")
    return path if os.path.isabs(state) and _is_own_directory(path, uid) else None


def _is_own_directory(path: str, uid: int) -> bool:
    """Return whether `path`, made if need be, is a directory of this user's that is closed to others."""
    try:
        os.makedirs(os.path.dirname(path), 0o700, exist_ok=True)
        os.mkdir(path, 0o700)
    except FileExistsError:
        pass
    except OSError:
        return False
    # SECURITY: only a real directory, ours alone, will do. Tested in test_registry.
    try:
        found = os.lstat(path)
    except OSError:  # what should be a directory above it is a file
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == uid and not found.st_mode & 0o077


def detached_in_utmp(contents: bytes, *, user: str) -> set[int]:
    """Return the pids of upstream's servers that utmp lists for `user` as having no client."""
    found: set[int] = set()
    usable = len(contents) - len(contents) % _UTMP_ENTRY.size
    for kind, _pid, _line, _id, name, host in _UTMP_ENTRY.iter_unpack(contents[:usable]):
        if kind == _USER_PROCESS and name.rstrip(b"\0") == user.encode(errors="replace"):
            match = _DETACHED_HOST.match(host.rstrip(b"\0"))
            if match:
                found.add(int(match[1]))
    return found


def read_utmp() -> bytes:
    """Return the contents of utmp, b"" where there is none."""
    for path in UTMP_PATHS:
        try:
            with open(path, "rb") as file:
                return file.read(_MOST_UTMP_OCTETS)
        except OSError:
            continue
    return b""


def is_alive(pid: int) -> bool:
    """Return whether the process exists: an entry in utmp can outlive it."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except OSError:
        pass  # swept by another server first
