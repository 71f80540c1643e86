"""Roots of Debian: made once with debootstrap, and copied for each check, so that none sees what another left.

Needs root. What is mounted is mounted in a mount namespace of one command, and all that the command starts lives in
its process namespace: whichever way it ends, nothing stays mounted and nothing goes on running.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Final

from tests.matrix import machine

ROOTS_VARIABLE: Final = "MOSH_MATRIX_ROOTS"
DEFAULT_ROOTS: Final = "/var/cache/mosh-py-matrix"
WITH_SECURITY: Final = frozenset({"bookworm", "trixie"})  # sid has no such archive
USER: Final = "tester"
USER_ID: Final = 1717  # of no user of the machine, we hope: the files of a copy belong to it
HOME: Final = Path("/home", USER)
TIMEOUT_S: Final = 3600.0  # of one command: the suite takes minutes
SSHD_TIMEOUT_S: Final = 60.0  # until it listens
_COPY: Final = ".copy-"
APT_GET: Final = ("apt-get", "-qq", "-y", "-o", "Dpkg::Use-Pty=0")

# Words before a command: what it mounts and starts is gone with it.
_ALONE: Final = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
# $1 is the root, the rest the command. Not `exec`: the shell stays, as the process 1 that takes in orphans.
_ENTER = """
set -e
root=$1; shift
mount --bind "$root" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount --rbind /dev "$root/dev"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
set +e
chroot "$root" "$@"
exit $?
"""
# Services are the checks' business, and a root that is thrown away may lose what a crash of the machine would lose.
_FILES: Final = {
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
    "etc/dpkg/dpkg.cfg.d/matrix": "force-unsafe-io\n",
    "etc/apt/apt.conf.d/90quick": 'Acquire::Languages "none";\n',
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n",
}
_ENVIRONMENT: Final = {
    "DEBIAN_FRONTEND": "noninteractive",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "SHELL": "/bin/bash",
    "TERM": "xterm-256color",
}


class CheckFailed(Exception):
    """Something in a root is not as it should be; `output` is what was printed about it."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = output


class Base:
    """The root of one distribution that is only ever copied."""

    def __init__(self, suite: str, *, folder: Path, mirrors: machine.Mirrors) -> None:
        self.suite = suite
        self.path = folder / suite
        self._mirrors = mirrors

    def make(self, log: IO[bytes], *, fresh: bool) -> None:
        """Make it where it is not there yet, or in any case with `fresh`. Half of one is never taken for one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with locked(self.path.parent):  # another run may want the same root
            if fresh and self.path.exists():
                shutil.rmtree(self.path)
            if not self.path.exists():
                self._make(log)

    def _make(self, log: IO[bytes]) -> None:
        part = self.path.with_name(f"{self.suite}.part")
        if part.exists():
            shutil.rmtree(part)
        part.mkdir()
        words = [*_ALONE, "--mount-proc", "debootstrap", "--variant=minbase", self.suite, str(part), self._mirrors.main]
        if subprocess.run(words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode:
            raise CheckFailed(f"debootstrap {self.suite} from {self._mirrors.main}")
        for name, text in _FILES.items():
            (part / name).write_text(text)
        (part / "usr/sbin/policy-rc.d").chmod(0o755)
        sources = [f"deb {self._mirrors.main} {self.suite} main"]
        if self._mirrors.security and self.suite in WITH_SECURITY:
            sources.append(f"deb {self._mirrors.security} {self.suite}-security main")
        (part / "etc/apt/sources.list").write_text("\n".join(sources) + "\n")
        user = ["--uid", str(USER_ID), "--create-home", "--home-dir", str(HOME), "--shell", "/bin/bash", USER]
        enter(part, ["useradd", *user], log=log)
        copy_settings(part, os.environ)
        bring_up_to_date(part, log)
        part.rename(self.path)


class Root:
    """A copy of a base, with this machine's settings of the moment and up to date; gone at the end of the `with`."""

    def __init__(self, base: Base, *, log: IO[bytes], environment: Mapping[str, str]) -> None:
        folder = base.path.parent
        with locked(folder):
            delete_copies_of_the_dead(folder)
            self.path = Path(tempfile.mkdtemp(prefix=f"{base.suite}{_COPY}", dir=folder))
            self._hold = hold(self.path)
        self._base = base
        self._log = log
        self._environment = environment

    def __enter__(self) -> Root:
        try:
            subprocess.run(["cp", "-a", "--reflink=auto", f"{self._base.path}/.", str(self.path)], check=True)
            copy_settings(self.path, self._environment)
            bring_up_to_date(self.path, self._log)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Delete the copy."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._hold)

    def inside(self, path: Path | str) -> Path:
        """Where a path of the root is on this machine."""
        return self.path / str(path).lstrip("/")

    def install(self, *packages: str, recommended: bool = False) -> None:
        """Install packages of the distribution, or .deb files by a path with a slash."""
        options = [] if recommended else ["--no-install-recommends"]
        self.run([*APT_GET, *options, "install", *packages])

    def known(self, packages: Sequence[str]) -> list[str]:
        """Return those of the packages that the distribution has."""
        return sorted(set(packages) & set(self.run(["apt-cache", "pkgnames"]).split()))

    def run(self, words: Sequence[str], *, network: bool = True) -> str:
        """Run a command as root; return what it printed. Without `network` it has a loopback interface of its own."""
        return enter(self.path, words, log=self._log, network=network)

    def run_as_user(self, words: Sequence[str], *, directory: Path = HOME, within: Sequence[str] | None = None) -> str:
        """Run a command as the ordinary user; return what it printed. `within`: words that enter another network."""
        settings = machine.settings_for_programs(self._environment)
        return enter(self.path, [*as_user(directory), *words], log=self._log, settings=settings, within=within or ())

    @contextlib.contextmanager
    def sshd(self, within: Sequence[str]) -> Iterator[None]:
        """Let Debian's sshd, as Debian configures it, listen in the network that the words `within` enter."""
        said = self.inside("run/sshd.pid")
        said.unlink(missing_ok=True)
        script = "mkdir -p /run/sshd && exec /usr/sbin/sshd -D"
        process = subprocess.Popen(
            [*within, *_ALONE, "--", "sh", "-c", _ENTER, "sh", str(self.path), "sh", "-c", script],
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        try:
            give_up = time.monotonic() + SSHD_TIMEOUT_S
            while not said.exists():  # it writes its number once it listens
                if process.poll() is not None or time.monotonic() > give_up:
                    raise CheckFailed("sshd does not listen")
                time.sleep(0.05)
            yield
        finally:
            process.kill()  # and with it, the process 1 of its namespace, all that it started
            process.wait()


# --- several runs at a time, and runs that were killed


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let no other run make roots or begin copies in `folder` meanwhile; waits for one that does."""
    with (folder / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def hold(copy: Path) -> int:
    """Say that a copy is in use until the returned descriptor is closed; raises BlockingIOError if somebody does."""
    descriptor = os.open(copy, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise
    return descriptor


def delete_copies_of_the_dead(folder: Path) -> None:
    """Delete the copies that nobody holds: their runs were killed."""
    for copy in folder.glob(f"*{_COPY}*"):
        with contextlib.suppress(BlockingIOError):
            os.close(hold(copy))
            shutil.rmtree(copy)


# --- commands


def as_user(directory: Path = HOME) -> list[str]:
    """Return the words that run a command within a root as the ordinary user, in `directory`."""
    become = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--init-groups"]
    variables = [f"HOME={HOME}", f"USER={USER}", f"LOGNAME={USER}", "PATH=/usr/local/bin:/usr/bin:/bin"]
    return [*become, "env", f"--chdir={directory}", *variables]


def enter(
    root: Path,
    words: Sequence[str],
    *,
    log: IO[bytes],
    settings: Mapping[str, str] = MappingProxyType({}),
    network: bool = True,
    within: Sequence[str] = (),
) -> str:
    """Run a command as root within `root`; return what it printed, which is in the log too.

    Without `network` it has a loopback interface of its own; `within` are words that enter another network.

    Raises CheckFailed when it fails or lasts longer than TIMEOUT_S.
    """
    log.write(f"\n$ {' '.join(words)}\n".encode())
    log.flush()
    start = log.tell()
    loopback = [] if network else ["--net"]
    command = [*_ALONE, *loopback, "--", "sh", "-c"]
    script = ("" if network else "ip link set lo up\n") + _ENTER
    try:
        # Into the file: a pipe would stay open as long as anybody whom the command left behind holds it.
        status = subprocess.run(
            [*within, *command, script, "sh", str(root), *words],
            env=_ENVIRONMENT | dict(settings),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            timeout=TIMEOUT_S,
            check=False,
        ).returncode
        why = f"exit status {status}" if status else ""
    except subprocess.TimeoutExpired:
        why = f"not done after {TIMEOUT_S:.0f} s"
    log.seek(start)
    printed = log.read().decode(errors="replace")
    if why:
        raise CheckFailed(f"{' '.join(words[-4:])}: {why}", printed)
    return printed


def bring_up_to_date(root: Path, log: IO[bytes]) -> None:
    """Give a root the distribution's packages of today."""
    enter(root, [*APT_GET, "update"], log=log)
    enter(root, [*APT_GET, "dist-upgrade"], log=log)


def copy_settings(root: Path, environment: Mapping[str, str]) -> None:
    """Give a root the ways of this machine to Debian's packages and to Python's."""
    (root / "etc/apt/apt.conf.d/91machine").write_text(machine.machine_apt_settings())
    for source, place in machine.what_to_copy(environment).items():
        own = place.parts[0] == "~"
        target = root / str(HOME.joinpath(*place.parts[1:]) if own else place).lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # a symbolic link would lead out of the root
        shutil.copyfile(source, target)
        for path in (target, *target.parents) if own else ():
            if path == root / str(HOME).lstrip("/"):
                break
            os.chown(path, USER_ID, USER_ID)
