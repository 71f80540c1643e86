"""The socket of an ssh that takes further channels of its connection: where it lies, what is said to it.

The two requests are of OpenSSH's PROTOCOL.mux: a process that says them by itself costs none of ssh's starts. Must not
know what the channels are for.
"""

from __future__ import annotations

import fcntl
import os
import stat
import struct
from collections.abc import Iterable, Mapping
from shlex import quote
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

_PREFIX: Final = "mosh-ssh-"
_SOCKET: Final = "s"
_SHELL: Final = "sh"
_SHELL_SCRIPT: Final = """#!/bin/sh
trap '' HUP
(: >/dev/tty) 2>/dev/null && exec 2>/dev/tty
SHELL={program}
export SHELL
exec "$SHELL" "$@"
"""
_NOEXEC: Final = getattr(os, "ST_NOEXEC", 0)  # Linux; elsewhere nothing tells, and ssh will
_NAME_OCTETS: Final = 8  # of the folder, at random
# ssh adds 17 octets for the name under which it makes the socket; macOS has 104 for all of it, with a zero.
_LONGEST_PATH: Final = 104 - 1 - 17
_TIMEOUT_S: Final = 1.0  # a master whose queue is full would keep us waiting
_SWEPT_AT_ONCE: Final = 64  # folders of earlier logins

# A packet: its length, then numbers, all of 32 bits, the largest octet first.
_NUMBER: Final = struct.Struct(">I")
_HELLO: Final = (1, 4)  # MUX_MSG_HELLO, the version
_TERMINATE: Final = 0x10000005  # MUX_C_TERMINATE: end at once, with all channels
_STOP_LISTENING: Final = 0x10000009  # MUX_C_STOP_LISTENING: take no further ones, and end with the last
_REQUEST: Final = 0  # the number of our only request
_ANSWERS_OCTETS: Final = 24  # its hello, and MUX_S_OK; who terminates says nothing more


class Folder:
    """A folder of ours alone with a master's socket in it; locked as long as this process has it."""

    def __init__(self, path: str, lock: int) -> None:
        """Take over a folder and its descriptor; `make` makes one."""
        self.path = path
        self.place = os.path.dirname(path)
        self.socket = os.path.join(path, _SOCKET)
        self.shell = ""  # a program that stands for the user's shell
        self._lock = lock

    @classmethod
    def make(cls, environ: Mapping[str, str]) -> Folder | None:
        """Make one; None where no place is safe or short enough."""
        for place in _places(environ):
            path = os.path.join(place, _PREFIX + os.urandom(_NAME_OCTETS).hex())
            if len(os.fsencode(os.path.join(path, _SOCKET))) > _LONGEST_PATH:
                continue
            try:
                os.mkdir(path, 0o700)  # refused where anything is there, be it a link
                folder = cls(path, os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))
            except OSError:
                continue
            try:
                fcntl.flock(folder._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:  # a file system without locks
                folder.remove()
                continue
            return folder
        return None

    def add_shell(self, shell: str) -> bool:
        """Put into it a program that becomes `shell`, for ssh's SHELL while it is a master; whether that can be.

        ssh takes standard error away from the proxies of a master that persists: here they say at the terminal why they
        fail, as ever. And they outlive the ssh that began, and with it their terminal, as the master does.
        """
        path = os.path.join(self.path, _SHELL)
        script = _SHELL_SCRIPT.format(program=quote(shell))
        try:
            if os.statvfs(self.path).f_flag & _NOEXEC:
                return False
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o700)
            try:
                if os.write(fd, os.fsencode(script)) != len(os.fsencode(script)):
                    return False
            finally:
                os.close(fd)
        except OSError:  # a full disk
            return False
        self.shell = path
        return True

    def remove(self) -> None:
        """Take it away; harmless when that is done."""
        _remove(self.path)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def sweep(place: str) -> None:
    """Take away what logins have left in `place` that were killed: only ours, and only where no master listens."""
    try:
        with os.scandir(place) as entries:
            found = [entry.path for entry in entries if entry.name.startswith(_PREFIX)]
    except OSError:
        return
    for path in found[:_SWEPT_AT_ONCE]:
        _sweep_one(path)


class Control:
    """A connection to a master. Without a word on it, it keeps the master from ending for want of channels."""

    def __init__(self, connection: socket.socket) -> None:
        """Take over a connection; `connect` makes one."""
        self._connection = connection
        self._heard = 0  # octets

    def is_open(self) -> bool:
        """Whether the master is still there."""
        self._connection.setblocking(False)
        try:
            while said := self._connection.recv(_ANSWERS_OCTETS):
                self._heard += len(said)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self._connection.settimeout(_TIMEOUT_S)
        return False

    def stop_listening(self) -> None:
        """Have the master end with the last of its channels, and take its socket away."""
        self._ask(_STOP_LISTENING)

    def terminate(self) -> None:
        """Have the master end now."""
        self._ask(_TERMINATE)

    def close(self) -> None:
        """End the connection."""
        self._connection.close()

    def _ask(self, request: int) -> None:
        """Say `request` and wait until it was heard: the end of the connection could overtake it."""
        try:
            self._connection.sendall(_packet(_HELLO) + _packet((request, _REQUEST)))
            while self._heard < _ANSWERS_OCTETS and (said := self._connection.recv(_ANSWERS_OCTETS)):
                self._heard += len(said)
        except OSError:  # it has gone, or does not answer: it ends by itself
            pass


def connect(path: str) -> Control | None:
    """Connect to the master that listens at `path`; None where none does."""
    import socket  # while ssh talks, or in another process: nobody waits for it

    connection = socket.socket(socket.AF_UNIX)
    try:
        if not stat.S_ISSOCK(os.stat(path).st_mode):
            raise FileNotFoundError(path)
        connection.settimeout(_TIMEOUT_S)
        connection.connect(path)
    except (OSError, ValueError):  # not there, nobody behind it, not ours to use, or no path
        connection.close()
        return None
    return Control(connection)


def listens(path: str) -> bool:
    """Whether a master listens at `path`."""
    control = connect(path) if path else None
    if control is not None:
        control.close()
    return control is not None


def _packet(numbers: Iterable[int]) -> bytes:
    body = b"".join(map(_NUMBER.pack, numbers))
    return _NUMBER.pack(len(body)) + body


def _places(environ: Mapping[str, str]) -> list[str]:
    """Return the folders in which ours may be: nobody else can put another in its place there."""
    found = []
    for place in (environ.get("XDG_RUNTIME_DIR", ""), environ.get("TMPDIR", ""), "/tmp"):  # nosec B108  # see below
        # In the path of a socket ssh replaces what begins with either of the two.
        if os.path.isabs(place) and not {"%", "$"} & set(place) and place not in found and _is_safe(place):
            found.append(place)
    return found


def _is_safe(place: str) -> bool:
    """Whether what we make in `place` stays ours."""
    try:
        status = os.stat(place)
    except OSError:
        return False
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in (0, os.geteuid()):
        return False
    # SECURITY: where others may write, they must not be able to rename what is ours.
    # test_a_place_where_others_could_put_theirs_is_not_used
    return not status.st_mode & 0o022 or bool(status.st_mode & stat.S_ISVTX)


def _sweep_one(path: str) -> None:
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if os.fstat(lock).st_uid != os.geteuid():
            return
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        control = connect(os.path.join(path, _SOCKET))
        if control is not None:
            control.close()
            return
        _remove(path)
    except OSError:  # a login is on its way
        pass
    finally:
        os.close(lock)


def _remove(path: str) -> None:
    try:
        for name in os.listdir(path):  # the socket, perhaps under the name that it had while ssh made it, and the shell
            os.unlink(os.path.join(path, name))
        os.rmdir(path)
    except OSError:  # not there any more
        pass
