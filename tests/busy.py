"""`make busy`: the tests that start processes, many times over, several runs at once: which fails on a busy machine?

    python -m tests.busy --runs 20 --at-once 4 [--frozen 10] [pytest's words]

What fails once in twenty runs fails in somebody's CI, and now and then it is the product: docs/testing.md says what to
do. What each run printed stays in build/busy/.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
FOLDER = REPOSITORY / "build" / "busy"
# Builds and the long session: no matter of who runs beside them.
LEFT_OUT = ("tests/packaging", "tests/soak")
WORKERS = 4  # of each run

_COUNTS = re.compile(r"^\d+ (?:passed|failed|skipped|error).* in [\d.]+s.*$", re.MULTILINE)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+::.*?)(?: - |$)", re.MULTILINE)


def failures(printed: str) -> list[str]:
    """Return the tests of which pytest's summary says that they failed."""
    return _FAILED.findall(printed)


def counts(printed: str) -> str:
    """Return the line in which pytest counts; "no end" of a run that did not come to its end."""
    found = _COUNTS.findall(printed)
    return found[-1] if found else "no end"


def run(number: int, words: Sequence[str], *, frozen: int = 0) -> tuple[int, str]:
    """Run the tests once; return pytest's exit code and what it printed, which `build/busy/NUMBER.log` keeps.

    `frozen`: how many of its processes are to stand still at any time.
    """
    log = FOLDER / f"{number}.log"
    with tempfile.TemporaryDirectory(prefix="busy-") as folder, log.open("w") as printed:
        command = [
            *((sys.executable, "-m", "tests.freezer", "--at-once", str(frozen)) if frozen else ()),
            *(sys.executable, "-m", "pytest", "-q", "-m", "system", "-n", str(WORKERS), "--dist", "loadfile"),
            *(f"--ignore={path}" for path in LEFT_OUT),
            f"--basetemp={folder}/t",
            *words,
        ]
        code = subprocess.run(
            command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed, check=False
        ).returncode
    said = log.read_text(errors="replace")
    print(f"run {number}: {counts(said)}; load {os.getloadavg()[0]:.0f}", flush=True)
    return code, said


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all of it; return 1 if any test failed, or a run did not come to its end."""
    parser = argparse.ArgumentParser(prog="python -m tests.busy", description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=20, help="how often; by default 20")
    parser.add_argument("--at-once", type=int, default=4, help="how many of them at the same time; by default 4")
    parser.add_argument("--frozen", type=int, default=0, help="how many processes stand still: tests/freezer.py")
    options, words = parser.parse_known_args(arguments)
    FOLDER.mkdir(parents=True, exist_ok=True)
    for log in FOLDER.glob("*.log"):
        log.unlink()
    with ThreadPoolExecutor(options.at_once) as executor:
        ended = list(executor.map(lambda number: run(number, words, frozen=options.frozen), range(1, options.runs + 1)))
    for test, count in Counter(test for _, said in ended for test in failures(said)).most_common():
        print(f"{count} of {options.runs}: {test}")
    return int(any(code for code, _ in ended))


if __name__ == "__main__":
    sys.exit(main())
