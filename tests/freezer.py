"""Runs a command while some of its processes, chosen at random again and again, stand still for a moment.

    python -m tests.freezer [--at-once 10] [--longest 0.6] COMMAND …

A busy machine does that to any process, at any point; here it happens some fifty times a second, so an order of events
that is seen once in ten thousand runs is seen in one. The processes are those of a cgroup that is made for it, so those
are among them that have left their parents. Nobody is told: unlike a process that has SIGSTOP, a frozen one has not
stopped for its parent or its shell. Takes root and a mounted cgroup2.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

SHORTEST_S: Final = 0.01
PAUSE_S: Final = 0.05  # between one process and the next, at most
# For sshd an interrupted system call ends the connection; who begins takes an X server that stands still for none.
NEVER: Final = frozenset({"sshd", "Xvfb"})
# pytest and its workers, by words of their command lines: while they stand still nothing is looked at.
OBSERVERS: Final = (b"pytest", b"exec(eval(sys.stdin")
OBSERVERS_SHARE: Final = 0.3
# Those that were started last are what a test is about; the others wait for the end of the run, most of them.
YOUNGEST: Final = 30
YOUNGEST_SHARE: Final = 0.7


def cgroup2() -> Path | None:
    """Return where cgroups of version 2 are mounted; None where they are not."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split(" ")
        if kind == "cgroup2":
            return Path(where)
    return None


def own_group() -> str:
    """Return the path of this process's cgroup of version 2, below the place where they are mounted."""
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::/"):
            return line.removeprefix("0::/")
    return ""


def duration_s(chance: float, longest_s: float) -> float:
    """Return how long to stand still for a `chance` of 0…1: as often in each decade."""
    return SHORTEST_S * math.exp(chance * math.log(longest_s / SHORTEST_S))


class Freezer:
    """A cgroup, and threads that freeze one of its processes each."""

    def __init__(self, root: Path, *, at_once: int, longest_s: float) -> None:
        self._folder = root / f"freezer-{os.getpid()}"
        self._home = root / own_group()
        self._longest_s = longest_s
        self._pids = int(Path("/proc/sys/kernel/pid_max").read_text())
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._freeze, args=(number,)) for number in range(at_once)]
        self.count = 0

    def __enter__(self) -> Freezer:
        self._folder.mkdir()
        for number, thread in enumerate(self._threads):
            (self._folder / f"{number}").mkdir()
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        for number in range(len(self._threads)):
            (self._folder / f"{number}").rmdir()
        _move_all(self._folder, self._home)  # who is left of the command runs on, where it came from
        self._folder.rmdir()

    def enter(self) -> None:
        """Move the calling process here, and with it all that it will start."""
        (self._folder / "cgroup.procs").write_text(f"{os.getpid()}")

    def _freeze(self, number: int) -> None:
        """Until it is over, freeze a process, one at a time, in a cgroup of its own."""
        chance = random.Random()
        here = self._folder / f"{number}"
        while not self._over.is_set():
            pid = self._choice(chance)
            if pid is not None and _moved(pid, here):
                (here / "cgroup.freeze").write_text("1")
                time.sleep(duration_s(chance.random(), self._longest_s))
                (here / "cgroup.freeze").write_text("0")
                _move_all(here, self._folder)
                self.count += 1
            time.sleep(chance.random() * PAUSE_S)

    def _choice(self, chance: random.Random) -> int | None:
        pids = [int(pid) for pid in (self._folder / "cgroup.procs").read_text().split()]
        if chance.random() < YOUNGEST_SHARE:
            last = int(Path("/proc/loadavg").read_text().split()[-1])
            pids = sorted(pids, key=lambda pid: (last - pid) % self._pids)[:YOUNGEST]  # the system begins again at 1
        pid = chance.choice(pids or [0])
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
            words = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:  # it has ended
            return None
        observes = any(word in words for word in OBSERVERS)
        return None if name in NEVER or (observes and chance.random() > OBSERVERS_SHARE) else pid


def _moved(pid: int, group: Path) -> bool:
    try:
        (group / "cgroup.procs").write_text(f"{pid}")
    except OSError:  # it has ended
        return False
    return True


def _move_all(group: Path, to: Path) -> None:
    """Move all processes of a cgroup; one that starts another meanwhile has that moved, too."""
    while pids := (group / "cgroup.procs").read_text().split():
        for pid in pids:
            _moved(int(pid), to)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code, or 2 where processes cannot be frozen."""
    parser = argparse.ArgumentParser(prog="python -m tests.freezer", description=__doc__.partition("\n")[0])
    parser.add_argument("--at-once", type=int, default=10, help="how many processes at the same time; by default 10")
    parser.add_argument("--longest", type=float, default=0.6, metavar="S", help="for how long at most; by default 0.6")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args(arguments)
    root = cgroup2()
    if root is None or not os.access(root, os.W_OK):
        print("tests.freezer: processes are frozen by a cgroup2, by root; there is none here", file=sys.stderr)
        return 2
    with Freezer(root, at_once=options.at_once, longest_s=options.longest) as freezer:
        code = subprocess.run(options.command, preexec_fn=freezer.enter, check=False).returncode
    print(f"{freezer.count} times a process stood still", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main())
