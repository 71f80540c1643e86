"""tests/support/forked_workers.py: workers that are forked are what xdist's own would be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import REPOSITORY

pytestmark = [pytest.mark.system, pytest.mark.requires_linux]

_ABOUT_ITSELF = """
import json, os, random, signal
collected_in = os.getpid()

def test_itself(worker_id, tmp_path):
    about = {
        "collected in": collected_in,
        "parent": os.getppid(),
        "process": os.getpid(),
        "told": os.environ["PYTEST_XDIST_WORKER"],
        "temporary": str(tmp_path),
        "what it prints": os.fstat(1).st_ino,
        "random": random.random(),
    }
    with open(worker_id, "w") as file:
        json.dump(about, file)

def test_failing():
    print("printed by", os.environ["PYTEST_XDIST_WORKER"])
    shown = ["a value"]
    assert shown == []

def test_killed():
    os.kill(os.getpid(), signal.SIGKILL)

def test_after_it(): pass
"""


def _pytest(folder: Path, test: str, *options: str) -> str:
    """Run a suite of one file with two workers, and return what is said of it."""
    (folder / "test_it.py").write_text(test)
    plugins = ("-p", "xdist.plugin", "-p", "tests.support.forked_workers")
    # In CI, as these two say, pytest's summary has whole sentences once more.
    ours = ("PYTEST", "COVERAGE", "CI", "BUILD_NUMBER")
    others = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "--rootdir=.", *plugins, "-n2", *options, "test_it.py"],
        env={**others, "PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not run.stderr
    return run.stdout


def test_what_was_collected_once_each_worker_runs_as_its_own(tmp_path: Path) -> None:
    said = _pytest(tmp_path, _ABOUT_ITSELF, "--dist=each")
    first, second = (json.loads((tmp_path / name).read_text()) for name in ("gw0", "gw1"))
    assert [key for key in first if first[key] == second[key]] == ["collected in", "parent"]
    assert first["parent"] == first["collected in"]
    assert (first["told"], second["told"]) == ("gw0", "gw1")
    assert ("popen-gw0" in first["temporary"], "popen-gw1" in second["temporary"]) == (True, True)
    assert "\nE       AssertionError: assert ['a value'] == []\n" in said
    assert (said.count("printed by gw0\n"), said.count("printed by gw1\n")) == (1, 1)
    # Which is killed is reported and replaced.
    assert said.count("crashed while running 'test_it.py::test_killed'\n") == 2
    assert "4 failed, 4 passed" in said


def test_what_cannot_be_collected_is_said_as_ever(tmp_path: Path) -> None:
    said = _pytest(tmp_path, "import nothing_of_this_name")
    assert "No module named 'nothing_of_this_name'" in said
    assert "1 error" in said
