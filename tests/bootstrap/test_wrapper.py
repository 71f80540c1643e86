"""The shell script that starts our programs: it finds Python and the packages, or says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from tests.support.programs import REPOSITORY

from mosh_bootstrap.program import own_program, path_program

pytestmark = pytest.mark.system

WRAPPER = REPOSITORY / "bootstrap" / "mosh"
PROGRAMS = ("mosh", "mosh-client", "mosh-server")
# Where it matters that they begin at all: --help, for --version loads the cipher, which is most of a start.


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


OLD_PYTHON = f"""exec {sys.executable} -E -c '
import sys, runpy
sys.version_info = (3, 9, 2, "final", 0)
sys.version = "3.9.2 (old)"
sys.argv = [word for word in sys.argv[1:] if word != "-E"]
runpy.run_path(sys.argv[0], run_name="__main__")
' "$@"
"""


def test_in_a_checkout_it_runs_mosh(tools: Path) -> None:
    python_called(tools, "python3")
    done = run([str(WRAPPER), "--version"], path=tools)
    assert done.stdout.startswith("mosh (mosh-py ")
    assert done.returncode == 0


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all of our packages and nothing else."""
    folder = tmp_path_factory.mktemp("installation") / "lib dir"
    for part in ("bootstrap/mosh_bootstrap", "client/mosh_client", "common/mosh_common", "server/mosh_server"):
        shutil.copytree(REPOSITORY / part, folder / Path(part).name)
    return folder


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_installation_runs_each_program_by_its_name_and_through_links(
    program: str, library: Path, tmp_path: Path
) -> None:
    binaries, links = tmp_path / "bin", tmp_path / "links"
    for folder in (binaries, links):
        folder.mkdir()
    installed = binaries / program
    installed.write_text(WRAPPER.read_text().replace("@LIBDIR@", str(library)))
    installed.chmod(0o755)
    (links / program).symlink_to(Path("..") / "bin" / program)
    for path in (installed, links / program):
        done = run([str(path), "--help"], directory=Path("/"), MOSH_PYTHON=sys.executable)
        assert done.stdout.startswith(f"Usage: {program} "), done.stderr
        assert done.returncode == 0


def test_the_current_directory_is_not_searched_for_modules(tmp_path: Path, tools: Path) -> None:
    python_called(tools, "python3")
    for name in ("mosh_bootstrap", "mosh_common", "os", "options", "contextlib"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('code from the current directory was run')\n")
    done = run([str(WRAPPER), "--help"], path=tools, directory=tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def baits(tmp_path: Path) -> Path:
    """A directory that somebody else has filled with what a careless start would run."""
    folder = tmp_path / "anybody's"
    for place in ("@LIBDIR@/mosh_bootstrap", "mosh_bootstrap", "/mosh_bootstrap", "bin"):
        (folder / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
    for launcher in folder.glob("**/mosh_bootstrap"):
        (launcher / "launch.py").write_text("raise SystemExit('bait')\n")
    (folder / "mosh.pyz").write_text("raise SystemExit('bait')\n")
    programs = ("@PYTHON@", "readlink", "python3", "python3.11", "python3.14", "mosh-client", "mosh-server")
    for name in (*programs, *(f"bin/{name}" for name in programs)):
        (folder / name).write_text("#!/bin/sh\necho bait >&2; exit 1\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.mark.parametrize("path", ["{tools}", ":{tools}", ".:bin:{tools}", "{tools}:", "bin::./bin:{tools}"])
@pytest.mark.parametrize("shell", [(), ("sh",), ("bash",)])
def test_nothing_of_the_current_directory_is_run(path: str, shell: tuple[str, ...], baits: Path, tools: Path) -> None:
    python_called(tools, "python3")
    if shell:
        shell = (str(shutil.which(shell[0])),)
    words = [*shell, str(WRAPPER), "--client=/nowhere/client", "host"]
    done = run(words, path=Path(path.format(tools=tools)), directory=baits)
    assert "bait" not in done.stderr
    assert "Cannot find the client '/nowhere/client'" in done.stderr


def test_no_help_of_the_current_directory_is_read(baits: Path, tools: Path) -> None:
    python_called(tools, "python3")
    done = run([str(WRAPPER), "--help"], path=Path(f".:bin:{tools}"), directory=baits)
    assert done.stderr == ""
    assert done.stdout.startswith("Usage: mosh ")


def test_an_old_python_takes_no_newer_one_from_here(baits: Path, tools: Path) -> None:
    python_called(tools, "python3", OLD_PYTHON)
    python_called(tools, "python3.12")
    done = run([str(WRAPPER), "--help"], path=Path(f":.:bin:{tools}"), directory=baits)
    assert done.stdout.startswith("Usage: mosh "), done.stderr


def test_a_client_or_server_of_the_current_directory_is_not_taken(baits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(baits)
    monkeypatch.setenv("PATH", ":.:bin")
    own = own_program("mosh-client", "mosh_client", own_path="mosh")
    assert own is not None
    assert own[0] == sys.executable
    assert own_program("mosh-client", "no_such_package", own_path="mosh") is None
    assert path_program("mosh-client") is None
    monkeypatch.setenv("PATH", f"bin:{baits}/bin")
    assert path_program("mosh-client") == f"{baits}/bin/mosh-client"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_that_is_given_the_file_by_its_bare_name_finds_its_packages(shell: str) -> None:
    words = [shell, "mosh", "--help"]
    assert run(words, directory=WRAPPER.parent, MOSH_PYTHON=sys.executable).stdout.startswith("Usage: mosh ")


@pytest.mark.parametrize(
    "folder", ["with spaces", "with\nnewline", "newline at the end\n", "-E", "a*b?[c]", "quo'te\"$x"]
)
def test_the_folder_that_it_lies_in_may_have_any_name(folder: str, tmp_path: Path) -> None:
    """As far as the packages: the rest, which takes most of a start, is that of any start."""
    place = tmp_path / folder
    for name in ("mosh_bootstrap", "mosh_common"):
        (place / name).mkdir(parents=True)
        (place / name / "__init__.py").touch()
    shutil.copy(WRAPPER.parent / "mosh_bootstrap/launch.py", place / "mosh_bootstrap")
    (place / "mosh_bootstrap" / "cli.py").write_text(
        "import sys, mosh_common\ndef main(): print(*mosh_common.__path__, *sys.argv, sep='|', end='|')\n"
    )
    shutil.copy(WRAPPER, place / "mosh")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "mosh").symlink_to(Path("..") / folder / "mosh")
    (tmp_path / "links" / "line\nend\n").symlink_to("mosh")
    (tmp_path / "links" / "to it").symlink_to("line\nend\n")
    for called in (f"{folder}/mosh", "links/mosh", "links/line\nend\n", "links/to it"):
        for words in ([called], ["sh", "--", called]):
            executable = str(tmp_path / called) if len(words) == 1 else None
            done = run([executable or words[0], *words[1:], "--help"], directory=tmp_path, MOSH_PYTHON=sys.executable)
            assert done.stdout.startswith(f"{place / 'mosh_common'}|"), done.stderr
            assert done.stdout.endswith(f"{called}|--help|")


def test_modules_for_another_python_do_not_reach_ours(tmp_path: Path, tools: Path) -> None:
    (tmp_path / "enum.py").write_text("raise RuntimeError('a module of another Python')\n")
    python_called(tools, "python3")
    python_called(tools, "old", OLD_PYTHON)
    python_called(tools, "python3.12")
    for python in ("", "python3", "old"):
        named: dict[str, Any] = {"MOSH_PYTHON": python} if python == "python3" else {}
        if python == "old":
            (tools / "old").rename(tools / "python3")
        done = run([str(WRAPPER), "--help"], path=tools, PYTHONPATH=str(tmp_path), **named)
        assert done.stdout.startswith("Usage: mosh "), done.stderr


@pytest.mark.requires_program("make")
def test_an_installation_needs_a_folder_with_a_root(tmp_path: Path) -> None:
    words = ["make", "install", "LIBDIR=lib", f"DESTDIR={tmp_path}"]
    done = subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "LIBDIR must be absolute" in done.stderr
    assert not any(tmp_path.iterdir())


def test_the_python_that_the_user_names_is_taken(tools: Path) -> None:
    python_called(tools, "python3", "echo the wrong one; exit 1")
    python_called(tools, "my-python")
    assert run([str(WRAPPER), "--help"], path=tools, MOSH_PYTHON="my-python").stdout.startswith("Usage: mosh ")


def test_a_newer_python_is_found_behind_an_old_one(tools: Path) -> None:
    python_called(tools, "python3", OLD_PYTHON)
    python_called(tools, "python3.12")
    assert run([str(WRAPPER), "--help"], path=tools).stdout.startswith("Usage: mosh ")


def test_an_old_python_alone_is_not_enough_and_is_named(tools: Path) -> None:
    python_called(tools, "python3", OLD_PYTHON)
    done = run([str(WRAPPER), "--help"], path=tools)
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
    expected = "Usage: mosh "
    assert run([str(tmp_path / "mosh"), "--help"], MOSH_PYTHON=sys.executable).stdout.startswith(expected)
    assert run([sys.executable, str(archive), "--help"]).stdout.startswith(expected)
