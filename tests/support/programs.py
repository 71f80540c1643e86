"""The programs under test, ours and upstream's, and the processes that a test starts with them.

Everything started here is ended by process id, never by name, and only after a look whether that id still belongs
to the process that was started. Knows nothing of terminals (tmux.py) or of the network between (relay.py).
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from tests.support import forked, forkserver

REPOSITORY = Path(__file__).resolve().parents[2]
# Words that run a mosh.pyz, "/usr/bin/python3 -IS build/mosh.pyz": its programs are ours then, not this checkout's.
ARCHIVE = shlex.split(os.environ.get("MOSH_TEST_ARCHIVE", ""))
SOURCE_FOLDERS = forkserver.FOLDERS

PATIENCE_S = 20.0  # bound of every wait for a condition: generous, the machine may be busy
_POLL_INTERVAL_S = 0.02
_LONGEST_POLL_INTERVAL_S = 0.1
_POLL_SHARE = 0.1  # of the time that was waited: what took a second may be seen a tenth of one later
_END_PATIENCE_S = 3.0  # after SIGTERM, before SIGKILL

_CONNECT_LINE = re.compile(rb"^MOSH CONNECT (\d+) ([A-Za-z0-9+/]{22})\r?$", re.MULTILINE)
_DETACHED_NOTICE = re.compile(rb"\[mosh-server detached, pid = (\d+)\]")

Result = TypeVar("Result")


class Programs(NamedTuple):
    """How one implementation's three programs are called."""

    name: str
    client: tuple[str, ...]  # the words that its own arguments follow, as of the others
    server: tuple[str, ...]
    wrapper: tuple[str, ...]


def _module(name: str) -> tuple[str, ...]:
    if ARCHIVE:
        return (*ARCHIVE, {"mosh_bootstrap": "mosh"}.get(name, name.replace("_", "-")))
    return ("/usr/bin/env", f"PYTHONPATH={os.pathsep.join(SOURCE_FOLDERS)}", sys.executable, "-m", name)


OURS = Programs("ours", _module("mosh_client"), _module("mosh_server"), _module("mosh_bootstrap"))
UPSTREAM_FOLDER = "/usr/bin"  # Debian's package mosh; ours has the same place, and cannot be there at the same time
UPSTREAM = Programs("upstream", *((f"{UPSTREAM_FOLDER}/{name}",) for name in ("mosh-client", "mosh-server", "mosh")))
# "mosh-server (mosh 1.4.0) [build mosh 1.4.0]", "mosh 1.4.0 [build mosh 1.4.0]"; ours say "(mosh-py 0.1.0, …)".
_UPSTREAM_VERSION = re.compile(r"(mosh-(client|server) \(mosh \d[^)]*\)|mosh \d\S*) \[build ")


class Pair(NamedTuple):
    """Whose client talks to whose server."""

    client: Programs
    server: Programs

    def __str__(self) -> str:
        return f"{self.client.name}-client-{self.server.name}-server"


ALL_PAIRS = tuple(Pair(client, server) for server in (UPSTREAM, OURS) for client in (UPSTREAM, OURS))
OUR_PAIR = Pair(OURS, OURS)


def missing_programs(names: Iterable[str]) -> list[str]:
    """Return those of `names` that this machine lacks, in PATH and in the folders for administrators."""
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/local/sbin", "/usr/sbin", "/sbin"])
    return [name for name in names if shutil.which(name, path=path) is None]


@cache
def why_not_upstream(name: str, folder: str = UPSTREAM_FOLDER) -> str:
    """Return why the program of that name in `folder` is not upstream's; "" if it is. Asks it for its version."""
    path = f"{folder}/{name}"
    try:
        done = subprocess.run(
            [path, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE_S, check=False
        )
    except FileNotFoundError:
        return f"{path} is not there"
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{path} does not run: {error}"
    version = (done.stdout + done.stderr).decode(errors="replace").partition("\n")[0]
    return "" if _UPSTREAM_VERSION.match(version) else f"{path} is not upstream's: {version!r}"


def with_any_client() -> Programs:
    """Our server, and the client that takes least: for tests of what comes before a client, or of the server alone.

    Upstream's takes 20 ms of processor time, ours 400. For one that --client names, `mosh` does the same with both.
    """
    return OURS if why_not_upstream("mosh-client") else OURS._replace(name="any-client", client=UPSTREAM.client)


def clean_environment(home: Path, **extra: str) -> dict[str, str]:
    """Return the environment of a user with the home `home`, and nothing of the tests' own."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "LOGNAME": os.environ.get("LOGNAME", "root"),
        "PATH": os.environ.get("PATH", os.defpath),
        "SHELL": "/bin/bash",
        "TERM": "xterm-256color",
        **extra,
    }


def write_launcher(path: Path, command: Sequence[str]) -> Path:
    """Write an executable file `path` that runs `command` with whatever arguments it gets."""
    quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)
    path.write_text(f'#!/bin/sh\nexec {quoted} "$@"\n')
    path.chmod(0o755)
    return path


# --- waiting


def wait_until(
    condition: Callable[[], Result | None], what: str | Callable[[], str], *, timeout_s: float = PATIENCE_S
) -> Result:
    """Poll `condition` until it is true and return what it returned; fail the test with `what` otherwise.

    A look may be a program of its own, so there are fewer of them the longer it takes.
    """
    began = time.monotonic()
    while True:
        result = condition()
        if result:
            return result
        waited = time.monotonic() - began
        if waited > timeout_s:
            raise AssertionError(f"after {timeout_s:.0f} s: {what() if callable(what) else what}")
        time.sleep(min(max(_POLL_INTERVAL_S, waited * _POLL_SHARE), _LONGEST_POLL_INTERVAL_S))


# --- processes


class Process(NamedTuple):
    """A process that cannot be mistaken for a later one with the same id."""

    pid: int
    started: str  # start time in clock ticks since boot, /proc/PID/stat field 22

    @property
    def alive(self) -> bool:
        """Whether it still runs; one that only waits to be reaped does not."""
        fields = _stat_fields(self.pid)
        return fields is not None and fields[19] == self.started and fields[0] not in ("Z", "X")

    @property
    def name(self) -> str:
        """Its command line, for messages."""
        try:
            words = Path(f"/proc/{self.pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            return "(gone)"
        return " ".join(word.decode(errors="replace") for word in words if word)

    @property
    def parent(self) -> int:
        """The process id of its parent; 0 if it has ended."""
        fields = _stat_fields(self.pid)
        return int(fields[1]) if fields is not None and self.alive else 0

    def signal(self, number: int) -> None:
        """Send it a signal, if it still runs."""
        if self.alive:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def end(self) -> None:
        """End it, kindly first."""
        self.signal(signal.SIGTERM)
        deadline = time.monotonic() + _END_PATIENCE_S
        while self.alive and time.monotonic() < deadline:
            time.sleep(_POLL_INTERVAL_S)
        self.signal(signal.SIGKILL)


def process(pid: int) -> Process:
    """Return the running process `pid`; fails when there is none."""
    fields = _stat_fields(pid)
    if fields is None:
        raise AssertionError(f"no process {pid}")
    return Process(pid, fields[19])


def descendants(pid: int) -> list[Process]:
    """Return the children of `pid`, their children and so on; not the ones that left the family by detaching."""
    children_of = _children if os.path.exists(f"/proc/self/task/{os.getpid()}/children") else _searched_children()
    found: list[Process] = []
    generation = [pid]
    while generation:
        pids = [child for parent in generation for child in children_of(parent)]
        members = [Process(pid, fields[19]) for pid in pids if (fields := _stat_fields(pid)) is not None]
        found += members
        generation = [member.pid for member in members]
    return found


def _children(pid: int) -> list[int]:
    """The children of a process, as Linux tells them: a look at each process of a busy machine took 15 ms."""
    found: list[int] = []
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            found += map(int, _content(f"/proc/{pid}/task/{thread}/children").split())
    except OSError:  # it has ended
        pass
    return found


def _searched_children() -> Callable[[int], list[int]]:
    """What `_children` is where the kernel was built without it (CONFIG_PROC_CHILDREN), as things are now."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit() and (fields := _stat_fields(int(entry))) is not None:
            children.setdefault(int(fields[1]), []).append(int(entry))
    return lambda pid: children.get(pid, [])


def _content(path: str) -> bytes:
    """All of a file of /proc. Raises OSError."""
    with open(path, "rb", buffering=0) as file:
        return file.readall()


def _stat_fields(pid: int) -> list[str] | None:
    """Return /proc/PID/stat from the state (field 3) on: the name before it may hold anything."""
    try:
        text = _content(f"/proc/{pid}/stat")
    except OSError:
        return None
    return text.rpartition(b")")[2].decode().split()


def bound_udp_ports() -> set[int]:
    """Return the local UDP ports that are in use on this machine, of both families."""
    ports: set[int] = set()
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        ports.update(int(line.split()[1].rpartition(":")[2], 16) for line in lines)
    return ports


# --- a server


class RunningServer(NamedTuple):
    """A mosh-server that has detached and waits for its client."""

    port: int
    key: str
    process: Process
    notices: bytes  # what it wrote to stderr before it detached

    def family(self) -> list[Process]:
        """Return the server's processes and those of the session within."""
        return [self.process, *descendants(self.process.pid)]

    def end(self) -> None:
        """End it and what runs within it, however far the test came."""
        family = self.family()
        self.process.end()
        for member in family:
            member.signal(signal.SIGKILL)


def start_server(
    programs: Programs,
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: Path,
    options: Sequence[str] = (),
    for_real: bool = False,
) -> RunningServer:
    """Run `mosh-server new` for `command` and return it once it has detached. `for_real`: not by a fork (forked.py).

    That the call returns at all shows that the detached server let go of stdout and stderr, as sshd needs it.
    """
    argv = [
        *programs.server,
        *("new", "-i", "127.0.0.1", "-c", "256", "-l", "LANG=C.UTF-8"),
        *options,
        "--",
        *command,
    ]
    done = forked.run(argv, for_real=for_real, env=dict(environment), cwd=directory, timeout=PATIENCE_S)
    connect = _CONNECT_LINE.search(done.stdout)
    detached = _DETACHED_NOTICE.search(done.stderr)
    if done.returncode or connect is None or detached is None:
        raise AssertionError(
            f"{programs.name} mosh-server exited with {done.returncode};"
            f" stdout {done.stdout!r}, stderr {done.stderr.decode(errors='replace')}"
        )
    pid = int(detached.group(1))
    return RunningServer(int(connect.group(1)), connect.group(2).decode(), process(pid), done.stderr)
