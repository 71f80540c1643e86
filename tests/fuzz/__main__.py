"""Runs every fuzz target for a while, each with new examples: `python -m tests.fuzz [SECONDS [BEGINNING]]`.

60 seconds when not given; of BEGINNING only targets whose names begin so.

One target more is what of the suite is tried with a share of its examples, or for a share of the time: here in full.
Two targets at a time. Ends with 1 and the report of the first that found something.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

EXAMPLES = 1500  # of each test in one run: a few seconds, so that the time is kept
AT_ONCE = 2


class Target(NamedTuple):
    """What is fuzzed by one pytest after the other."""

    name: str
    files: list[Path]


def targets() -> list[Target]:
    """Return all; what takes longest comes first."""
    tests = Path(__file__).resolve().parents[1]
    in_part = re.compile(r"^@given\(|@tried_with\(|\bIN_FULL\b", re.MULTILINE)
    properties = [path for path in sorted(tests.rglob("test_*.py")) if in_part.search(path.read_text())]
    fuzzed = sorted((tests / "fuzz").glob("fuzz_*.py"))
    return [Target("properties", properties), *(Target(path.stem, [path]) for path in fuzzed)]


def fuzz(target: Target, seconds: float) -> tuple[Target, int, str]:
    """Run `target` again and again; return it, how often, and what it found ("" = nothing)."""
    end = time.monotonic() + seconds
    runs = 0
    while time.monotonic() < end:
        seed = random.SystemRandom().randrange(1 << 32)
        quick = [
            "-q",
            "-m",
            "hypothesis or in_part",
            "-p",
            "no:cacheprovider",
            "--timeout=0",
            f"--hypothesis-seed={seed}",
        ]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", *quick, *map(str, target.files)],
            env=os.environ | {"FUZZ_EXAMPLES": str(EXAMPLES)},
            capture_output=True,
            text=True,
            check=False,
        )
        runs += 1
        if done.returncode:
            return target, runs, done.stdout + done.stderr
    return target, runs, ""


def main() -> int:
    """Fuzz everything; return the exit status."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    beginning = sys.argv[2] if len(sys.argv) > 2 else ""
    chosen = [target for target in targets() if target.name.startswith(beginning)]
    status = 0
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for target, runs, found in pool.map(lambda target: fuzz(target, seconds), chosen):
            print(f"{target.name:24} {runs:4} runs of {EXAMPLES} examples a test  {'FOUND' if found else 'nothing'}")
            if found:
                print(found)
                status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
