"""The freezer has processes stand still, says how often, and leaves none so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.freezer import SHORTEST_S, cgroup2, duration_s
from tests.support.programs import REPOSITORY

# Waits for a millisecond again and again, until that took ten or more five times; leaves another behind, and fails.
STOOD_STILL = """
import subprocess, sys, time
times = 0
while times < 5:
    began = time.monotonic()
    time.sleep(0.001)
    times += time.monotonic() - began > 0.01
left = subprocess.Popen(["sleep", "60"], start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print("left", left.pid)
sys.exit(7)
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tests.freezer", "--at-once", "2", "--longest", "0.1", *command]
    return subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)


def test_short_and_long_ones_are_as_frequent() -> None:
    assert duration_s(0, 1.0) == SHORTEST_S
    assert duration_s(0.5, 1.0) == pytest.approx(0.1)
    assert duration_s(1, 1.0) == pytest.approx(1.0)


@pytest.mark.system
def test_processes_stand_still_and_all_run_on() -> None:
    root = cgroup2()
    if root is None or not os.access(root, os.W_OK):
        pytest.skip("only root may freeze processes, where a cgroup2 is mounted")
    done = run(sys.executable, "-c", STOOD_STILL)
    left, said, _ = done.stdout.split("\n")
    assert done.returncode == 7, done.stderr
    assert int(said.split()[0]) >= 5
    pid = left.split()[1]
    try:
        assert "freezer-" not in Path(f"/proc/{pid}/cgroup").read_text()
    finally:
        os.kill(int(pid), 9)


@pytest.mark.system
def test_who_may_not_is_told() -> None:
    root = cgroup2()
    if root is not None and os.access(root, os.W_OK):
        pytest.skip("this user may")
    done = run("true")
    assert done.returncode == 2
    assert "by root" in done.stderr
