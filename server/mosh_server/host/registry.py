"""Which sessions this user has on this machine, who has which name, and which of them no client is heard from.

Each server of ours keeps a locked file in each of the user's places: the lock says that it lives, the contents say
whether it is detached (docs/door.md). Upstream's servers are found in utmp. Knows nothing of the protocol.
"""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from mosh_server.host.places import Place

DOOR: Final = ".door"  # behind the process id: its socket
_NAMED: Final = "+"  # before a name: no process id begins with it
_LONGEST_NAME: Final = 64
_NAME_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
_LONGEST_PID: Final = 10

_TRIES: Final = 20
_LOOK_S: Final = 0.001

_DETACHED: Final = b"detached\n"
_ATTACHED: Final = b"attached\n"

UTMP_PATHS: Final = ("/run/utmp", "/var/run/utmp")
# glibc's struct utmp on Linux, 384 octets: short type, 2 padding, int pid, char line[32], id[4], user[32], host[256], …
_UTMP_ENTRY: Final = struct.Struct("<h2xi32s4s32s256s52x")
_USER_PROCESS: Final = 7
_MOST_UTMP_OCTETS: Final = 4 << 20  # ten thousand sessions; a bigger file is not read to the end

_DETACHED_HOST: Final = re.compile(rb"mosh \[(\d{1,10})\]\Z")  # what upstream writes while no client is heard


class Entry(NamedTuple):
    """A server that lives."""

    pid: int
    detached: bool
    places: tuple[Place, ...]  # where its entry is, and its door may be
    name: str | None = None


class Claim:
    """A name that is this process's, and that of whom it becomes by fork, until it ends or `leave`."""

    __slots__ = ("_files", "name")

    def __init__(self, name: str, files: Sequence[tuple[Place, int]]) -> None:
        """Take over the locked files; use `claim`."""
        self.name = name
        self._files = files

    @property
    def descriptors(self) -> set[int]:
        """What has to stay open."""
        return {number for place, file in self._files for number in (place.descriptor, file)}

    def give_to(self, pid: int) -> None:
        """Say which process serves the session of that name."""
        for _place, file in self._files:
            try:
                os.pwrite(file, b"%d\n" % pid, 0)
            except OSError:
                pass  # e.g. the disk is full: whoever looks asks the sessions themselves

    def leave(self) -> None:
        """Let others have the name; harmless when that was done."""
        for place, file in self._files:
            if place.holds(_NAMED + self.name, file):
                place.remove(_NAMED + self.name)
            os.close(file)
        self._files = ()


class Registry:
    """This server's own entries, and a look at those of the others."""

    __slots__ = ("_files", "_pid", "_places")

    def __init__(self, places: Iterable[Place]) -> None:
        """Keep entries in `places`; without any, keep none and see none."""
        self._places = list(places)
        self._files: dict[Place, int] = {}  # locked
        self._pid = 0  # none, before `enter`

    @property
    def entered(self) -> list[Place]:
        """Where there is an entry of this server's."""
        return list(self._files)

    def enter(self, pid: int) -> None:
        """Make and lock the entries of process `pid`: a session whose client is there."""
        self._pid = pid
        for place in self._places:
            file = _locked_entry(place, pid)
            if file is not None:
                self._files[place] = file
                _write(file, detached=False)

    def set_detached(self, detached: bool) -> None:
        """Say whether the client is silent."""
        for file in self._files.values():
            _write(file, detached=detached)

    def leave(self) -> None:
        """Remove the entries; harmless when there are none."""
        for place, file in self._files.items():
            if place.holds(str(self._pid), file):
                place.remove(f"{self._pid}{DOOR}")
                place.remove(str(self._pid))
            os.close(file)
        self._files.clear()

    def detached_pids(self) -> set[int]:
        """Return the processes of the other entries that live and are detached; sweep out those of dead ones."""
        return {entry.pid for entry in living(self._places) if entry.detached and entry.pid != self._pid}


def living(places: Sequence[Place]) -> list[Entry]:
    """Return the servers that have an entry in one of the places and live, in the order of their numbers.

    Sweeps out what dead ones have left.
    """
    found: dict[int, Entry] = {}
    named: dict[int, str] = {}
    for place in places:
        for name in place.names():
            if name.startswith(_NAMED) and is_name(name.removeprefix(_NAMED)):
                holder = _holder(place, name)
                if holder is None:
                    place.sweep(name)
                else:
                    named[holder] = name.removeprefix(_NAMED)
            elif _is_pid(name):
                if place.is_locked(name):
                    known = found.get(int(name), Entry(int(name), detached=False, places=()))
                    detached = known.detached or place.contents(name) == _DETACHED
                    found[known.pid] = known._replace(detached=detached, places=(*known.places, place))
                else:
                    place.sweep(name, name + DOOR)
    return [found[pid]._replace(name=named.get(pid)) for pid in sorted(found)]


def is_name(text: str) -> bool:
    """Return whether a session can have that name."""
    if not 0 < len(text) <= _LONGEST_NAME or not _NAME_CHARACTERS.issuperset(text):
        return False
    return not (text.startswith("-") or text.isdigit())


def claim(places: Sequence[Place], name: str) -> Claim | None:
    """Take the name for a session of this process's; None when another process has it.

    Of two at the same moment one gets it: each locks the files in the same order. Raises OSError when there is no
    place where that can be done.
    """
    taken: list[tuple[Place, int]] = []
    failure: OSError | None = None
    for place in places:
        try:
            file = place.lock(_NAMED + name)
        except OSError as error:
            failure = error
            continue
        if file is None:
            Claim(name, taken).leave()
            return None
        taken.append((place, file))
    if not taken:
        raise failure or FileNotFoundError("no directory")
    return Claim(name, taken)


def holder_of(places: Sequence[Place], name: str) -> int | None:
    """Return the process that has said that it serves the session of that name; None when none has."""
    holders = (_holder(place, _NAMED + name) for place in places)
    return next((holder for holder in holders if holder is not None), None)


def _holder(place: Place, file: str) -> int | None:
    """Return the process that a name's file tells, as long as the name is taken."""
    holder = place.contents(file).strip().decode("latin-1")
    return int(holder) if _is_pid(holder) and place.is_locked(file) else None


def _is_pid(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _LONGEST_PID and not text.startswith("0")


def _locked_entry(place: Place, pid: int) -> int | None:
    """Return the locked entry; None where there can be none: the session is not found there, but goes on."""
    for _ in range(_TRIES):
        try:
            file = place.lock(str(pid))
        except OSError:
            return None
        if file is not None:
            return file
        time.sleep(_LOOK_S)  # somebody looks just now whether it is locked
    return None


def _write(file: int, *, detached: bool) -> None:
    try:
        os.pwrite(file, _DETACHED if detached else _ATTACHED, 0)
    except OSError:
        pass  # e.g. the disk is full: the warning to later sessions is all that is lost


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
