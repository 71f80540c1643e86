"""What the user's PYTHON… variables say never reaches the Python that runs us, and always reaches the session."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import SOURCE_FOLDERS

from mosh_common.isolation import concerns_us

PACKAGES = {"mosh_bootstrap": "mosh", "mosh_client": "mosh-client", "mosh_server": "mosh-server"}
OURS = os.pathsep.join(SOURCE_FOLDERS)


@pytest.mark.parametrize(
    ("variables", "concerned"),
    [
        ({}, False),
        ({"HOME": "/x", "MOSH_PYTHON": "/x"}, False),
        ({"PYTHONPATH": OURS}, False),
        ({"PYTHONPATH": ""}, False),
        ({"PYTHONPATH": f"/elsewhere:{OURS}"}, True),
        ({"PYTHONINSPECT": "1"}, True),
        ({"PYTHONHASHSEED": "0"}, True),
        ({"PYTHON_VERSION": "3.12.1"}, False),  # of a container's image
    ],
)
def test_only_what_changes_how_python_runs_us_costs_another_start(variables: dict[str, str], concerned: bool) -> None:
    assert concerns_us(variables) is concerned


def help_of(words: list[str], variables: dict[str, str]) -> str:
    """Return what Python, started with these words and --help, says when nothing goes wrong."""
    # -S: what is in site-packages may itself need a module that was replaced, before anything of ours is reached.
    done = subprocess.run(
        [sys.executable, "-S", *words, "--help"],
        env={"PATH": os.environ["PATH"], **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.system
@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_that_is_run_by_hand_does_not_hear_what_is_for_another_python(package: str, tmp_path: Path) -> None:
    (tmp_path / "enum.py").write_text("raise RuntimeError('a module of another Python')\n")
    variables = {
        "PYTHONPATH": f"{tmp_path}:{OURS}",
        **dict.fromkeys(("PYTHONINSPECT", "PYTHONOPTIMIZE", "PYTHONSAFEPATH", "PYTHONUNBUFFERED"), "1"),
        "PYTHONWARNINGS": "error",
    }
    assert help_of(["-m", package], variables).startswith("Usage: mosh")


@pytest.mark.system
def test_the_file_that_runs_each_program_does_not_hear_it_either(tmp_path: Path) -> None:
    (tmp_path / "typing.py").write_text("raise RuntimeError('a module of another Python')\n")
    launcher = Path(SOURCE_FOLDERS[0]) / "mosh_bootstrap" / "launch.py"
    variables = {"PYTHONPATH": str(tmp_path), "PYTHONINSPECT": "1"}
    assert help_of([str(launcher), "mosh"], variables).startswith("Usage: mosh")


@pytest.mark.system
def test_what_was_given_to_python_besides_goes_on(tmp_path: Path) -> None:
    copy = tmp_path / "with:colon"
    for folder in SOURCE_FOLDERS[:3]:
        [package] = [path for path in Path(folder).iterdir() if path.name.startswith("mosh_") and path.is_dir()]
        shutil.copytree(package, copy / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-S", "-m", "mosh_bootstrap", "--port=no number", "--", "host"],
        env={"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0"},
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == "mosh: The port must be PORT or PORT:PORT2 in decimal, not 'no number'.\n"
