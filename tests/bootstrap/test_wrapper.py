"""The shell script that starts our programs: it finds Python and the packages, or says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.support.programs import REPOSITORY

WRAPPER = REPOSITORY / "bootstrap" / "mosh"
PROGRAMS = ("mosh", "mosh-client", "mosh-server")


def run(
    words: list[str], *, path: Path | None = None, directory: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run `words` with nothing in PATH but what `path` holds (the usual when None), and `more` variables."""
    environ = {"PATH": os.environ["PATH"] if path is None else str(path), "LANG": "C.UTF-8", **more}
    return subprocess.run(words, env=environ, cwd=directory, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH of the test's own, with what the wrapper needs beside a Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("readlink", "sh"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


def python_called(folder: Path, name: str, script: str = f'exec {sys.executable} "$@"') -> None:
    """Put a Python called `name` into `folder`: this one, or a script that behaves like another."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


OLD_PYTHON = f"""exec {sys.executable} -c '
import sys, runpy
sys.version_info = (3, 9, 2, "final", 0)
sys.version = "3.9.2 (old)"
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
' "$@"
"""


def test_in_a_checkout_it_runs_mosh(tools: Path) -> None:
    python_called(tools, "python3")
    done = run([str(WRAPPER), "--version"], path=tools)
    assert done.stdout.startswith("mosh (mosh-py ")
    assert done.returncode == 0


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_installation_runs_each_program_by_its_name_and_through_links(program: str, tmp_path: Path) -> None:
    library, binaries, links = tmp_path / "lib dir", tmp_path / "bin", tmp_path / "links"
    for folder in (binaries, links):
        folder.mkdir()
    for part in ("bootstrap/mosh_bootstrap", "client/mosh_client", "common/mosh_common", "server/mosh_server"):
        shutil.copytree(REPOSITORY / part, library / Path(part).name)
    installed = binaries / program
    installed.write_text(WRAPPER.read_text().replace("@LIBDIR@", str(library)))
    installed.chmod(0o755)
    (links / program).symlink_to(Path("..") / "bin" / program)
    for path in (installed, links / program):
        done = run([str(path), "--version"], directory=Path("/"), MOSH_PYTHON=sys.executable)
        assert done.stdout.startswith(f"{program} "), done.stderr
        assert done.returncode == 0


def test_the_current_directory_is_not_searched_for_modules(tmp_path: Path, tools: Path) -> None:
    python_called(tools, "python3")
    for name in ("mosh_bootstrap", "mosh_common", "os", "options", "contextlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('code from the current directory was run')\n")
    done = run([str(WRAPPER), "--version"], path=tools, directory=tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_python_that_the_user_names_is_taken(tools: Path) -> None:
    python_called(tools, "python3", "echo the wrong one; exit 1")
    python_called(tools, "my-python")
    assert run([str(WRAPPER), "--version"], path=tools, MOSH_PYTHON="my-python").stdout.startswith("mosh ")


def test_a_newer_python_is_found_behind_an_old_one(tools: Path) -> None:
    python_called(tools, "python3", OLD_PYTHON)
    python_called(tools, "python3.12")
    assert run([str(WRAPPER), "--version"], path=tools).stdout.startswith("mosh ")


def test_an_old_python_alone_is_not_enough_and_is_named(tools: Path) -> None:
    python_called(tools, "python3", OLD_PYTHON)
    done = run([str(WRAPPER), "--version"], path=tools)
    assert done.returncode == 127
    assert done.stderr == (
        "mosh: needs Python 3.11 or later, and this is 3.9.2; install it, or name one in MOSH_PYTHON\n"
    )


def test_an_old_python_that_the_user_named_is_refused(tools: Path) -> None:
    python_called(tools, "old", OLD_PYTHON)
    python_called(tools, "python3.12")
    done = run([str(WRAPPER)], path=tools, MOSH_PYTHON="old")
    assert done.returncode == 127
    assert "3.9.2" in done.stderr


def test_no_python_at_all_is_said(tools: Path) -> None:
    done = run([str(WRAPPER)], path=tools)
    assert done.returncode == 127
    assert "found no Python at all" in done.stderr


def test_a_named_python_that_does_not_exist_is_said(tools: Path) -> None:
    done = run([str(WRAPPER)], path=tools, MOSH_PYTHON="/nowhere/python")
    assert done.returncode == 127
    assert "/nowhere/python, which cannot be run" in done.stderr


def test_packages_that_are_missing_are_said(tmp_path: Path) -> None:
    alone = tmp_path / "mosh"
    shutil.copy(WRAPPER, alone)
    done = run([str(alone)])
    assert done.returncode == 127
    assert "cannot find my packages" in done.stderr


def test_a_dependency_that_is_missing_is_named(tmp_path: Path) -> None:
    library = tmp_path / "lib"
    shutil.copytree(REPOSITORY / "bootstrap" / "mosh_bootstrap", library / "mosh_bootstrap")
    (library / "mosh_common").mkdir()
    (library / "mosh_client").mkdir()
    (library / "mosh_client" / "__init__.py").write_text("")
    (library / "mosh_client" / "cli.py").write_text("import no_such_dependency\n")
    launcher = str(library / "mosh_bootstrap" / "launch.py")
    done = run([sys.executable, launcher, "/usr/bin/mosh-client"])
    assert done.returncode == 127
    assert "lacks the package no_such_dependency" in done.stderr
    done = run([sys.executable, "-S", launcher, "mosh-server", "--version"])  # -S: not this checkout's server either
    assert done.returncode == 127
    assert "cannot find the package mosh_server" in done.stderr


def test_an_archive_beside_the_wrapper_is_found_and_runs_by_itself(tmp_path: Path) -> None:
    archive = tmp_path / "mosh.pyz"
    with zipfile.ZipFile(archive, "w") as contents:
        contents.write(REPOSITORY / "bootstrap/mosh_bootstrap/launch.py", "__main__.py")
        for folder in ("bootstrap/mosh_bootstrap", "common/mosh_common"):
            for path in (REPOSITORY / folder).rglob("*.py"):
                contents.write(path, path.relative_to((REPOSITORY / folder).parent))
    shutil.copy(WRAPPER, tmp_path / "mosh")
    expected = "mosh (mosh-py "
    assert run([str(tmp_path / "mosh"), "--version"], MOSH_PYTHON=sys.executable).stdout.startswith(expected)
    assert run([sys.executable, str(archive), "--version"]).stdout.startswith(expected)
