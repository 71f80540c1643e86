"""`make matrix`: everything where its users have it: `python3 -m tests.matrix [--only CHECK,…] [--fresh] [ROOT…]`.

Needs root and debootstrap, and no package of Python's index. A root is a distribution; each is made once, below
MOSH_MATRIX_ROOTS, and copied for each check. Packages come from this machine's mirror, or from MOSH_MATRIX_MIRROR.
Ends with a table; the exit status is 1 if anything in it failed. Logs: build/matrix/.
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

from tests.matrix import checks, machine
from tests.matrix.root import DEFAULT_ROOTS, ROOTS_VARIABLE, Base, CheckFailed, Root

WAYS = ("pip", "install", "zipapp", "brought", "peers")
# The oldest Python that a distribution has beside the oldest dependencies; the newest is in "fresh" of sid.
MATRIX = {
    "bookworm": ("fresh", "own", "deb", *WAYS, "readme", "oldest", "newest"),
    "trixie": ("fresh", "own", "deb", *WAYS, "readme"),
    "sid": ("fresh", "own", "deb", *WAYS),
}
LOGS = checks.REPOSITORY / "build" / "matrix"
TAIL_LINES = 60


class Row(NamedTuple):
    """A line of the table."""

    root: str
    check: str
    good: bool
    counts: tuple[int, int, int]
    seconds: float
    note: str

    def __str__(self) -> str:
        verdict = "ok" if self.good else "FAILED"
        counts = "{:6} {:6} {:7}".format(*self.counts)
        return f"{self.root:9} {self.check:7} {verdict:7} {counts} {self.seconds:7.0f}  {self.note}"


HEADING = f"{'root':9} {'check':7} {'':7} {'passed':>6} {'failed':>6} {'skipped':>7} {'seconds':>7}"


def run_check(base: Base, name: str, *, tests: str, log: IO[bytes]) -> Row:
    """Run one check; whatever becomes of it is a row."""
    start = time.monotonic()
    try:
        outcome = checks.CHECKS[name](functools.partial(Root, base, log=log, environment=os.environ), tests)
        good, counts, note = not outcome.failed, outcome[:3], outcome.note
    except CheckFailed as failure:
        log.write(f"\n{failure}\n{failure.output}".encode())
        good, counts, note = False, (0, 0, 0), str(failure)
    return Row(base.suite, name, good, counts, time.monotonic() - start, note)


def run(wanted: dict[str, tuple[str, ...]], *, tests: str, folder: Path, fresh: bool) -> list[Row]:
    """Run the checks of each root; print each row as it comes, and the end of the log of what failed."""
    LOGS.mkdir(parents=True, exist_ok=True)
    mirrors = machine.mirrors(machine.machine_sources(), os.environ)
    rows: list[Row] = []
    for suite, names in wanted.items():
        base = Base(suite, folder=folder, mirrors=mirrors)
        with (LOGS / f"{suite}.log").open("w+b") as log:
            start = time.monotonic()
            try:
                base.make(log, fresh=fresh)
            except CheckFailed as failure:
                rows.append(Row(suite, "root", False, (0, 0, 0), time.monotonic() - start, str(failure)))
                report(rows[-1], Path(log.name))
                continue
            print(f"{suite}: root ready after {time.monotonic() - start:.0f} s", flush=True)
        for name in names:
            with (LOGS / f"{suite}-{name}.log").open("w+b") as log:
                rows.append(run_check(base, name, tests=tests, log=log))
            report(rows[-1], Path(log.name))
    return rows


def report(row: Row, log: Path) -> None:
    """Say what came out."""
    if not row.good:
        print("\n".join(log.read_text(errors="replace").splitlines()[-TAIL_LINES:]))
        print(f"(all of it: {log})")
    print(row, flush=True)


def why_not() -> str:
    """Return why this machine can make no roots; empty when it can."""
    if os.geteuid() != 0:
        return "make matrix needs root: it makes roots of Debian and enters them (sudo make matrix)"
    missing = [name for name in ("debootstrap", "unshare", "chroot", "ip", "apt-config") if shutil.which(name) is None]
    return f"make matrix needs {', '.join(missing)}; on Debian: apt install debootstrap iproute2" if missing else ""


def main(arguments: Sequence[str]) -> int:
    """Run what was asked for; return the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.matrix", description="The checks in roots of Debian.")
    parser.add_argument("--only", default=",".join(checks.CHECKS), help="checks, with commas between")
    parser.add_argument("--tests", default="", help="which tests of the suite, with blanks between; all when not given")
    parser.add_argument("--fresh", action="store_true", help="make the roots again")
    parser.add_argument("roots", nargs="*", metavar="ROOT", help=f"of {', '.join(MATRIX)}; all when none is named")
    given = parser.parse_args(arguments)
    only = given.only.split(",")
    unknown = [*set(given.roots) - MATRIX.keys(), *set(only) - checks.CHECKS.keys()]
    if unknown:
        parser.error(f"no such root or check: {', '.join(unknown)}")
    reason = why_not()
    if reason:
        print(reason, file=sys.stderr)
        return 2
    wanted = {root: tuple(name for name in MATRIX[root] if name in only) for root in given.roots or MATRIX}
    folder = Path(os.environ.get(ROOTS_VARIABLE, DEFAULT_ROOTS))
    rows = run(wanted, tests=given.tests, folder=folder, fresh=given.fresh)
    print("", HEADING, *rows, sep="\n")
    return int(not rows or not all(row.good for row in rows))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))  # with the copies deleted
    sys.exit(main(sys.argv[1:]))
