"""Installs mosh.pyz on the machine that this runs on, or takes it away: sent as it stands to a Python ≥ 3.11 there.

    python3 -I -S -c 'exec(… the first octets of standard input, which are this file …)' TOKEN PYTHON

So it imports nothing but the standard library, and knows nothing of ssh. On standard output each answer is a line of
its own: "mosh-py:TOKEN ", which no noise of a start-up file can know, and JSON. The first tells what is there; then one
request is read, a line of JSON, and behind it the archive (docs/adr/0091-a-server-brought-by-ssh.md).

Whatever ends this program in between leaves what was installed as it was: files come to be under hidden names, and
take their places by rename. The next run removes such names.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import io
import json
import marshal
import os
import re
import shutil
import subprocess  # nosec B404  # the archive is tried out before it is used
import sys
import tempfile
import zipfile
from importlib import util
from typing import Final

VERSION_NAME: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
ARCHIVE: Final = "mosh.pyz"
DIGESTS: Final = "sha256"  # beside the archive: of what was sent, and of what became of it here
NEW: Final = ".new"
UNFINISHED: Final = ".mosh.pyz."
UNFINISHED_LINK: Final = ".mosh-server."
LARGEST: Final = 16_000_000  # octets of an archive; ours has a tenth
PIECE: Final = 65_536
TRIAL_TIMEOUT_S: Final = 120
LONGEST_REQUEST: Final = 4096


class Refused(Exception):
    """Why nothing was changed: a word that the other side knows, and what it may tell beside."""

    def __init__(self, kind: str, detail: str = "") -> None:
        super().__init__(kind, detail)
        self.kind = kind
        self.detail = detail


class Places:
    """Where everything lies, and what is there."""

    def __init__(self, home: str) -> None:
        self.local = os.path.join(home, ".local")
        self.programs = os.path.join(self.local, "bin")
        self.link = os.path.join(self.programs, "mosh-server")
        self.data = os.path.join(self.local, "share", "mosh-py")

    def archive(self, version: str) -> str:
        """Return the path of that version's archive, be it there or not."""
        return os.path.join(self.data, version, ARCHIVE)

    def digests(self, version: str) -> str:
        """Return the path of what `sent_digest` reads of that version."""
        return os.path.join(self.data, version, DIGESTS)

    def versions(self) -> list[str]:
        """Return which versions have a folder, whole or not."""
        try:
            return sorted(filter(VERSION_NAME.fullmatch, os.listdir(self.data)))
        except OSError:
            return []

    def link_state(self) -> str:
        """Return "none", "ours", "folder" or "foreign"."""
        if os.path.islink(self.link):
            return "ours" if self.is_ours(os.readlink(self.link)) else "foreign"
        if not os.path.lexists(self.link):
            return "none"
        return "folder" if os.path.isdir(self.link) else "foreign"

    def is_ours(self, target: str) -> bool:
        """Whether what a link leads to is an archive of ours, be it there or not."""
        return target.startswith(self.data + os.sep) and os.path.basename(target) == ARCHIVE

    def current(self) -> str:
        """Return the version that the link leads to; empty for none."""
        if self.link_state() != "ours":
            return ""
        return os.path.basename(os.path.dirname(os.readlink(self.link)))

    def sent_digest(self, version: str) -> str:
        """Return the digest under which an archive was sent that is there undamaged; empty for none."""
        try:
            with open(self.digests(version), encoding="ascii") as file:
                sent, finished = file.read(PIECE).split()
            with open(self.archive(version), "rb") as archive:
                return sent if hashlib.file_digest(archive, "sha256").hexdigest() == finished else ""
        except (OSError, ValueError):
            return ""


def main() -> int:
    """Answer, and do what is asked for; return the exit code."""
    os.umask(os.umask(0o077) | 0o022)  # nobody else writes to what is run; what the user hides stays hidden
    try:
        home = os.path.expanduser("~")
        if not os.path.isabs(home) or not os.path.isdir(home):
            raise Refused("home", home)
        places = Places(home)
        say(**report(places))
        line = sys.stdin.buffer.readline(LONGEST_REQUEST)
        if not line:
            return 0  # nobody wants anything
        request = json.loads(line)
        with Lock(places, make=request["do"] == "install"):
            if request["do"] == "install":
                install(places, request)
            else:
                say(done=True, left=uninstall(places), place=places.data)
    except Refused as refused:
        return complain(refused.kind, refused.detail)
    except OSError as error:
        kind = {"ENOSPC": "full", "EDQUOT": "quota", "EFBIG": "quota"}.get(errno.errorcode.get(error.errno or 0, ""))
        where = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else ""
        return complain(kind or "system", f"{where}: {error.strerror}" if where else str(error.strerror or error))
    return 0


def complain(kind: str, detail: str) -> int:
    """Say why nothing was changed; return the exit code."""
    try:
        say(refused=kind, detail=detail)
    except OSError:  # nobody is there any more
        pass
    return 1


def say(**answer: object) -> None:
    """Print an answer."""
    line = f"\nmosh-py:{sys.argv[1]} {json.dumps(answer)}\n".encode()
    while line:
        line = line[os.write(1, line) :]


def report(places: Places) -> dict[str, object]:
    """Return what is there, before anybody has asked for something."""
    state = places.link_state()
    current = places.current()
    there = places.data
    while not os.path.isdir(there):
        there = os.path.dirname(there)
    found = shutil.which("mosh-server") or ""
    return {
        "python": sys.argv[2],
        "link": state,
        "leads_to": os.readlink(places.link) if os.path.islink(places.link) else "",
        "path": places.link,
        "place": places.data,
        "version": current,
        "sha256": places.sent_digest(current) if current else "",
        "versions": places.versions(),
        "running": running(places),
        "found": found,  # what a login finds that names no path
        "noexec": bool(os.statvfs(there).f_flag & getattr(os, "ST_NOEXEC", 0)),
    }


def running(places: Places) -> list[str] | None:
    """Return the versions that processes run on this machine; None where that cannot be known."""
    beginning, end = os.fsencode(places.data) + b"/", f"/{ARCHIVE}".encode()
    versions: set[str] = set()
    for command in command_lines():
        if command is None:
            return None
        for rest in command.split(beginning)[1:]:
            version, found, _ = rest.partition(end)
            if found and b"/" not in version:
                versions.add(os.fsdecode(version))
    return sorted(versions)


def command_lines() -> list[bytes | None]:
    """Return those of all processes that may be seen; one is None where they cannot be had."""
    if os.path.isdir("/proc/self"):
        found: list[bytes | None] = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{entry}/cmdline", "rb") as file:
                    found.append(file.read(PIECE))
            except OSError:  # it has ended, or is another user's
                continue
        return found
    try:
        words = ["ps", "-A", "-ww", "-o", "args="]
        listed = subprocess.run(words, capture_output=True, check=True)  # nosec B603  # where it is differs
    except (OSError, subprocess.CalledProcessError):
        return [None]
    return [listed.stdout]


class Lock:
    """Keeps a second run out, and removes in the end the folders that are empty.

    `make`: of an installation, which removes but what it has made itself.
    """

    def __init__(self, places: Places, *, make: bool) -> None:
        self._places = places
        self._fd = -1
        folders = (places.data, os.path.dirname(places.data), places.programs, places.local)
        self._may_go = [folder for folder in folders if not (make and os.path.isdir(folder))]
        if make:
            os.makedirs(places.data, exist_ok=True)
        if os.path.isdir(places.data):
            self._fd = os.open(places.data, os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> None:
        if self._fd < 0:
            return
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            raise Refused("busy") from None
        except OSError:  # a file system without locks
            pass
        sweep(self._places)

    def __exit__(self, *_how: object) -> None:
        for version in self._places.versions():
            remove_folder(os.path.join(self._places.data, version))
        for folder in self._may_go:
            remove_folder(folder)
        if self._fd >= 0:
            os.close(self._fd)


def sweep(places: Places) -> None:
    """Remove what runs left that were ended in between; whoever has the lock is alone."""
    for folder, beginning in ((places.data, UNFINISHED), (places.programs, UNFINISHED_LINK)):
        names = os.listdir(folder) if os.path.isdir(folder) else []
        for name in names:
            path = os.path.join(folder, name)
            if name.startswith(beginning) and (folder == places.data or _is_our_link(places, path)):
                os.unlink(path)


def _is_our_link(places: Places, path: str) -> bool:
    return os.path.islink(path) and places.is_ours(os.readlink(path))


def install(places: Places, request: dict[str, object]) -> None:
    """Take the archive, try it out, and put it and the link in their places. Raises Refused, OSError."""
    version, digest = str(request["version"]), str(request["sha256"])
    size = int(str(request["size"]))
    if not VERSION_NAME.fullmatch(version) or not 0 < size <= LARGEST:
        raise Refused("request")
    state = places.link_state()
    if state == "folder" or (state == "foreign" and not request.get("replace")):
        raise Refused("foreign", places.link)
    unfinished = receive(places, size, digest)
    new_link = os.path.join(places.programs, f"{UNFINISHED_LINK}{os.getpid()}")
    try:
        finished = with_byte_code(unfinished)
        try_out(unfinished, version)
        # First, what tells whether the link can change at all.
        os.makedirs(places.programs, exist_ok=True)
        os.symlink(places.archive(version), new_link)
        os.makedirs(os.path.dirname(places.archive(version)), exist_ok=True)
        with open(places.digests(version) + NEW, "w", encoding="ascii") as file:
            file.write(f"{digest} {finished}\n")
        os.replace(unfinished, places.archive(version))
        os.replace(places.digests(version) + NEW, places.digests(version))
        os.replace(new_link, places.link)
    finally:
        for left in (unfinished, new_link):
            if os.path.lexists(left):
                os.unlink(left)
    removed, kept = remove_old(places, version)
    say(done=True, removed=removed, kept=kept, found=shutil.which("mosh-server") or "")


def receive(places: Places, size: int, digest: str) -> str:
    """Write the archive (octets, SHA-256 in hexadecimal) under a hidden name; return where. Raises Refused, OSError."""
    stdin = sys.stdin.buffer
    assert isinstance(stdin, io.BufferedReader)
    handle, path = tempfile.mkstemp(prefix=UNFINISHED, dir=places.data)
    try:
        hashed = hashlib.sha256()
        with open(handle, "wb") as file:
            come = 0
            while come < size:
                piece = stdin.read1(min(PIECE, size - come))
                if not piece:
                    raise Refused("cut")
                hashed.update(piece)
                file.write(piece)
                come += len(piece)
                say(received=come)
            file.flush()
            os.fsync(handle)
        if hashed.hexdigest() != digest:
            raise Refused("damaged")
        os.chmod(path, 0o755)  # nosec B103  # a program, and no secret
    except BaseException:
        os.unlink(path)
        raise
    return path


def with_byte_code(path: str) -> str:
    """Add byte code for this Python to the archive, which would be compiled at each start; return its digest.

    As PEP 552 has it for files that are never held against their source.
    """
    folder = "py{}{}/".format(*sys.version_info[:2])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name in archive.namelist():
            if name.endswith(".py") and name != "__main__.py":
                source = archive.read(name)
                try:
                    code = marshal.dumps(compile(source, f"{ARCHIVE}/{name}", "exec", dont_inherit=True))
                except SyntaxError:  # of a package, for other Pythons than this one
                    continue
                kind = (1).to_bytes(4, "little")
                archive.writestr(f"{folder}{name}c", util.MAGIC_NUMBER + kind + util.source_hash(source) + code)
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def try_out(path: str, version: str) -> None:
    """Run the archive as logins will; raise Refused where it cannot be run, or has no cipher."""
    words = [path, "mosh-server", "--version"]
    try:
        done = subprocess.run(  # nosec B603  # it was sent by whom it is for, and checked
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=TRIAL_TIMEOUT_S,
            check=False,
        )
    except PermissionError:
        raise Refused("noexec", path) from None
    except subprocess.TimeoutExpired:
        raise Refused("broken", "it does not end") from None
    lines = done.stdout.decode(errors="replace").splitlines()
    if done.returncode or not lines or not lines[0].startswith(f"mosh-server (mosh-py {version}"):
        raise Refused("broken", lines[-1] if lines else f"it ended with {done.returncode}")
    for line in lines:
        if line.startswith("Cipher: none. "):
            raise Refused("cipher", line.removeprefix("Cipher: none. "))


def remove_old(places: Places, version: str) -> tuple[list[str], list[str]]:
    """Remove other versions that nobody runs; return which were removed, and which were kept."""
    busy = running(places)
    removed, kept = [], []
    for other in places.versions():
        if other == version:
            continue
        if busy is None or other in busy:
            kept.append(other)
        elif remove_version(places, other):
            removed.append(other)
    return removed, kept


def remove_version(places: Places, version: str) -> bool:
    """Remove a version's own files, and its folder if nothing else is in it; return whether that is gone."""
    for path in (places.archive(version), places.digests(version), places.digests(version) + NEW):
        if os.path.lexists(path):
            os.unlink(path)
    return remove_folder(os.path.join(places.data, version))


def uninstall(places: Places) -> list[str]:
    """Remove all that is ours; return what lies among it and is not."""
    if places.link_state() == "ours":
        os.unlink(places.link)
    for version in places.versions():
        remove_version(places, version)
    return sorted(os.listdir(places.data)) if os.path.isdir(places.data) else []


def remove_folder(path: str) -> bool:
    """Remove a folder, if there is nothing in it; return whether it is gone."""
    try:
        os.rmdir(path)
    except OSError:
        return not os.path.lexists(path)
    return True


if __name__ == "__main__":
    sys.exit(main())
