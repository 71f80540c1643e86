"""The script that pip installs as each of our programs: it finds the Python that has the packages, wherever pip put
them, and that one hears nothing of the user's variables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.programs import REPOSITORY, SOURCE_FOLDERS

pytestmark = pytest.mark.system

SCRIPT = REPOSITORY / "packaging" / "program.sh"
PROGRAMS = {"mosh": "mosh_bootstrap", "mosh-client": "mosh_client", "mosh-server": "mosh_server"}
VERSION = f"python{sys.version_info.major}.{sys.version_info.minor}"


def put_scripts(folder: Path) -> None:
    folder.mkdir(parents=True)
    for name, package in PROGRAMS.items():
        (folder / name).write_text(SCRIPT.read_text().replace("@PACKAGE@", package))  # as setup.py does
        (folder / name).chmod(0o755)


def put_packages(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for source in SOURCE_FOLDERS:
        [package] = [path for path in Path(source).iterdir() if path.name.startswith("mosh_") and path.is_dir()]
        (folder / package.name).symlink_to(package)


def python_called(path: Path, script: str = f'exec {sys.executable} "$@"') -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A PATH with what the script needs beside a Python."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("readlink", "sh"):
        (folder / name).symlink_to(str(shutil.which(name)))
    return folder


def run(
    program: Path, path: Path | str, directory: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(program), "--help"],
        env={"PATH": str(path), "LANG": "C.UTF-8", **more},
        cwd=directory,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_runs(program: Path, path: Path | str, directory: Path | None = None, **more: str) -> None:
    done = run(program, path, directory, **more)
    assert (done.stdout.split(" ")[:2], done.returncode) == (["Usage:", program.name], 0), done.stderr
    assert done.stderr == ""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """The programs in what looks like a virtual environment, whose Python is a script that asks for this one."""
    folder = tmp_path / "virtual environment"
    put_scripts(folder / "bin")
    (folder / "pyvenv.cfg").write_text("")
    put_packages(folder / "lib")
    # As a real one: the packages are on its path without any variable, and the options come first.
    python_called(
        folder / "bin/python3",
        f"export SITE='{folder}/lib'\n"
        f'[ "$1 $2 $3" = "-E -P -c" ] || exit 99\ncode=$4; shift 4; exec {sys.executable} -E -P -c '
        f'"import os, sys; sys.path.insert(0, os.environ[\'SITE\']); $code" "$@"',
    )
    return folder


@pytest.mark.parametrize("program", PROGRAMS)
def test_in_a_virtual_environment_its_own_python_is_taken_through_links_too(
    program: str, environment: Path, tools: Path, tmp_path: Path
) -> None:
    links = tmp_path / "bin"
    links.mkdir()
    (links / program).symlink_to(Path("..") / environment.name / "bin" / program)
    python_called(tools / "python3", "echo the wrong one >&2; exit 1")
    assert_runs(environment / "bin" / program, tools)
    assert_runs(links / program, tools)


def test_what_the_user_says_to_python_is_not_heard(environment: Path, tools: Path, tmp_path: Path) -> None:
    (tmp_path / "enum.py").write_text("raise RuntimeError('a module of another Python')\n")
    variables: dict[str, Any] = dict.fromkeys(
        ("PYTHONINSPECT", "PYTHONVERBOSE", "PYTHONOPTIMIZE", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"), "1"
    )
    for program in PROGRAMS:
        assert_runs(
            environment / "bin" / program,
            tools,
            PYTHONHOME="/nowhere",
            PYTHONPATH=str(tmp_path),
            PYTHONHASHSEED="not a number",
            PYTHONWARNINGS="error",
            **variables,
        )


@pytest.mark.parametrize("packages", [f"lib/{VERSION}/site-packages", f"lib/{VERSION}/dist-packages"])
@pytest.mark.parametrize("beside", [True, False], ids=["its Python beside it", "its Python in PATH"])
def test_elsewhere_the_folder_of_the_packages_tells_the_python(
    packages: str, beside: bool, tmp_path: Path, tools: Path
) -> None:
    home = tmp_path / "home"
    put_scripts(home / "bin")
    put_packages(home / packages)
    (home / "lib/python3.9/site-packages").mkdir(parents=True)
    python_called((home / "bin" if beside else tools) / VERSION)
    python_called(tools / "python3", "echo the wrong one >&2; exit 1")
    for program in PROGRAMS:
        assert_runs(home / "bin" / program, tools)


def test_of_two_pythons_the_newer_one_that_is_there_is_taken(tmp_path: Path, tools: Path) -> None:
    put_scripts(tmp_path / "bin")
    for version in ("python3.11", "python3.12", "python3.13"):
        (tmp_path / f"lib/{version}/site-packages/mosh_bootstrap").mkdir(parents=True)
        (tmp_path / f"lib/{version}/site-packages/mosh_bootstrap/cli.py").write_text("")
    for version in ("python3.11", "python3.12"):
        python_called(tools / version, f"echo {version}")
    assert run(tmp_path / "bin/mosh", tools).stdout == "python3.12\n"


def test_packages_beside_the_folder_of_the_scripts_are_found(tmp_path: Path, tools: Path) -> None:
    put_scripts(tmp_path / "target/bin")
    put_packages(tmp_path / "target")
    python_called(tools / "python3")
    for program in PROGRAMS:
        assert_runs(tmp_path / "target/bin" / program, tools)


def test_nothing_of_the_current_directory_is_run_by_an_installed_script(tmp_path: Path, tools: Path) -> None:
    baits = tmp_path / "anybody's"
    for name in ("python3", VERSION, "readlink", "bin/python3", f"bin/{VERSION}"):
        python_called(baits / name, "echo bait >&2; exit 1")
    put_packages(baits)
    (baits / "os.py").write_text("raise SystemExit('bait')\n")
    home = tmp_path / "home"
    put_scripts(home / "bin")
    put_packages(home / f"lib/{VERSION}/site-packages")
    python_called(tools / VERSION)
    for path in (f":{tools}", f".:bin:{tools}", f"{tools}:"):
        assert_runs(home / "bin/mosh", path, baits)
    (tools / VERSION).unlink()
    done = run(home / "bin/mosh", f".:bin:{tools}", baits)
    assert done.returncode == 127
    assert done.stderr.startswith("mosh: needs Python 3.11 or later, and found no Python at all")


def test_the_session_gets_the_variables_as_they_are(environment: Path, tools: Path) -> None:
    """Shown with what the last program of the chain would be: the Python that is run has them in its environment."""
    python_called(environment / "bin/python3", 'echo "$PYTHONPATH $PYTHONHOME $PYTHONHASHSEED"')
    done = run(environment / "bin/mosh-server", tools, PYTHONPATH="/x", PYTHONHOME="/y", PYTHONHASHSEED="7")
    assert done.stdout == "/x /y 7\n"


INSTALLED = Path(sys.executable).parent / "mosh"


@pytest.mark.skipif(
    not INSTALLED.exists() or not INSTALLED.read_bytes().startswith(b"#!/bin/sh"),
    reason="this checkout is not installed beside this Python, or was before there were such scripts",
)
def test_the_checkout_s_own_installation_is_not_reached_by_them() -> None:
    folder = INSTALLED.parent
    for program in PROGRAMS:
        assert_runs(folder / program, os.environ["PATH"], PYTHONHOME="/nowhere", PYTHONPATH="/nowhere")
