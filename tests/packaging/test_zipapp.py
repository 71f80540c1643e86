"""mosh.pyz: one file that any Python runs, from anywhere, with nothing else; and that is built the same everywhere."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.programs import REPOSITORY
from tests.support.user_terminal import UserTerminal

from mosh_bootstrap.program import own_program
from mosh_common.version import VERSION

pytestmark = pytest.mark.system

BUILDER: dict[str, Any] = runpy.run_path(str(REPOSITORY / "packaging" / "zipapp" / "build.py"))
PROGRAMS = ("mosh", "mosh-client", "mosh-server")
NOTHING_ELSE = (sys.executable, "-IS")  # no package at all, not even this environment's
BUILT_OF = ("bootstrap/mosh", *BUILDER["PARTS"], "packaging/requirements.txt", "packaging/zipapp", "LICENSE")


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the wheels that go into it; skips where there is no way to them."""
    folder = REPOSITORY / "build" / "wheels"
    if not os.access(REPOSITORY, os.W_OK):
        folder = tmp_path_factory.mktemp("wheels")
    try:
        BUILDER["fetch_wheels"](BUILDER["pinned"](REPOSITORY / "packaging" / "requirements.txt"), folder)
    except subprocess.CalledProcessError:
        pytest.skip("the package index cannot be reached, and the wheels are not in build/wheels")
    return folder


def build(folder: Path, wheels: Path, *, repository: Path = REPOSITORY, umask: int = 0o022) -> Path:
    """Build it there, with byte code for this Python."""
    output = folder / "mosh.pyz"
    words = [sys.executable, str(repository / "packaging/zipapp/build.py"), f"--output={output}", f"--wheels={wheels}"]
    subprocess.run(words, cwd=folder, umask=umask, capture_output=True, check=True)
    return output


@pytest.fixture(scope="module")
def archive(wheels: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("archive"), wheels)


@pytest.fixture
def linked(archive: Path, tmp_path: Path) -> Path:
    """A folder with links to it, by the names of the programs."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    for name in PROGRAMS:
        (folder / name).symlink_to(archive)
    return folder


def said(*words: str | Path, directory: Path | None = None, **variables: str) -> str:
    """What a program says, on a machine whose only Python is this one without any package."""
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", **variables}
    done = subprocess.run(
        words, env=environment, cwd=directory, capture_output=True, text=True, timeout=60, check=False
    )
    return done.stdout + done.stderr


def test_it_is_small_and_has_all_modules_and_licences_and_nothing_compiled_for_one_machine(archive: Path) -> None:
    assert archive.stat().st_size < BUILDER["LARGEST_WITH_BYTE_CODE"]
    with zipfile.ZipFile(archive) as contents:
        names = set(contents.namelist())
        assert contents.testzip() is None
        without_byte_code = sum(
            info.compress_size for info in contents.infolist() if not info.filename.endswith(".pyc")
        )
    assert without_byte_code < BUILDER["LARGEST"]
    ours = {
        path.relative_to(REPOSITORY / Path(part).parent).as_posix()
        for part in BUILDER["PARTS"]
        for path in (REPOSITORY / part).rglob("*.py")
    }
    assert ours < names
    folder = f"py{sys.version_info[0]}{sys.version_info[1]}"
    sources = {name for name in names if name.endswith(".py")} - {"__main__.py"}
    assert {name for name in names if name.endswith(".pyc")} == {f"{folder}/{name}c" for name in sources}
    rest = {name for name in names if not name.endswith((".py", ".pyc"))}
    assert {name.split("/")[1] for name in rest} == {"mosh-py", *BUILDER["VENDORED"]}
    assert all(name.startswith("LICENSES/") for name in rest)


def test_two_builds_in_different_folders_at_different_times_are_the_same(
    archive: Path, wheels: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "another folder" / "mosh-py"
    for name in BUILT_OF:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if (REPOSITORY / name).is_dir():
            shutil.copytree(REPOSITORY / name, copy / name, copy_function=shutil.copyfile)  # with the time of now
        else:
            shutil.copyfile(REPOSITORY / name, copy / name)
    again = build(tmp_path, wheels, repository=copy, umask=0o077)
    assert again.read_bytes() == archive.read_bytes()
    assert again.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("program", PROGRAMS)
def test_each_program_is_run_by_its_link_or_by_the_first_argument(program: str, archive: Path, linked: Path) -> None:
    ways: list[tuple[str | Path, ...]] = [
        (linked / program, "--help"),
        ("sh", linked / program, "--help"),
        (*NOTHING_ELSE, linked / program, "--help"),
        (archive, program, "--help"),
        ("sh", archive, program, "--help"),
        (*NOTHING_ELSE, archive, program, "--help"),
        (archive, f"/any/where/{program}", "--help"),
    ]
    for words in ways:
        output = said(*words, MOSH_PYTHON=sys.executable)
        assert output.startswith(f"Usage: {program} "), (words, output)


def test_without_a_name_it_is_mosh(archive: Path, tmp_path: Path) -> None:
    shutil.copy(archive, tmp_path / "any-name")
    for words in ((archive,), (tmp_path / "any-name",), ("sh", archive), (*NOTHING_ELSE, archive)):
        assert said(*words, "--help", MOSH_PYTHON=sys.executable).startswith("Usage: mosh ")
        assert "Cannot find the client '/nowhere'" in said(*words, "--client=/nowhere", "a", MOSH_PYTHON=sys.executable)


def test_a_host_that_is_called_like_a_program_is_a_host(linked: Path) -> None:
    words = (linked / "mosh", "mosh-server", "--client=/nowhere")
    assert "Cannot find the client '/nowhere'" in said(*words, MOSH_PYTHON=sys.executable)


def test_a_copy_of_a_programs_name_is_that_program(archive: Path, tmp_path: Path) -> None:
    for program in PROGRAMS:
        shutil.copy(archive, tmp_path / program)
        for words in ((tmp_path / program,), (*NOTHING_ELSE, tmp_path / program)):
            assert said(*words, "--help", MOSH_PYTHON=sys.executable).startswith(f"Usage: {program} ")
    # mosh starts the others from itself by their names.
    assert said(*NOTHING_ELSE, tmp_path / "mosh", "mosh-client", "--help").startswith("Usage: mosh-client ")


def test_a_relative_path_and_any_directory_will_do(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "mosh_common.py").write_text("raise SystemExit('bait')\n")
    relative = os.path.relpath(archive, tmp_path)
    for words in ((relative,), ("sh", relative), (*NOTHING_ELSE, relative)):
        output = said(*words, "mosh-client", "--help", directory=tmp_path, MOSH_PYTHON=sys.executable)
        assert output.startswith("Usage: mosh-client ")
    baits = {"PYTHONPATH": str(tmp_path), "MOSH_PYTHON": sys.executable}
    assert said(archive, "--help", directory=tmp_path, **baits).startswith("Usage: mosh ")


def test_its_cipher_needs_no_package(archive: Path) -> None:
    for program in PROGRAMS:
        output = said(*NOTHING_ELSE, archive, program, "--version")
        if "Cipher: none. " in output:
            pytest.skip(output)
        assert " through ctypes\n" in output


def test_pyte_has_our_widths(archive: Path) -> None:
    ask = (
        f"import sys; sys.path.insert(0, {str(archive)!r}); import mosh_common.terminal.emulator;"
        " from pyte.screens import wcwidth; print(wcwidth('漢'))"
    )
    assert said(*NOTHING_ELSE, "-c", ask) == "2\n"


def test_other_pythons_run_the_sources(archive: Path, tmp_path: Path) -> None:
    folder = f"py{sys.version_info[0]}{sys.version_info[1]}/"
    with zipfile.ZipFile(archive) as whole, zipfile.ZipFile(tmp_path / "mosh.pyz", "w") as sources:
        for name in whole.namelist():
            if not name.startswith(folder):
                sources.writestr(name, whole.read(name))
    for program in PROGRAMS:
        assert said(*NOTHING_ELSE, tmp_path / "mosh.pyz", program, "--help").startswith(f"Usage: {program} ")


def test_the_programs_of_an_archive_start_each_other_whatever_lies_beside_it(archive: Path, tmp_path: Path) -> None:
    shutil.copy(archive, tmp_path / "mosh.pyz")
    (tmp_path / "mosh-client").write_text("#!/bin/sh\necho bait\n")
    (tmp_path / "mosh-client").chmod(0o755)
    assert own_program("mosh-client", "mosh_client", own_path=f"{tmp_path}/mosh") == [f"{tmp_path}/mosh-client"]
    ask = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'mosh.pyz')!r}); from mosh_bootstrap.program import *;"
        f"print(own_program('mosh-client', 'mosh_client', own_path={str(tmp_path / 'mosh.pyz')!r}), proxy_program())"
    )
    words = [sys.executable, "-E", "-s", "-P", str(tmp_path / "mosh.pyz"), "mosh-client"]
    proxy = [sys.executable, "-I", "-S", str(tmp_path / "mosh.pyz"), "mosh"]
    assert said(sys.executable, "-I", "-c", ask) == f"{words} {proxy}\n"


def test_it_brings_itself_to_a_host(archive: Path, tmp_path: Path) -> None:
    """Though what runs of it is byte code, and what is sent are sources."""
    there, ssh = tmp_path / "there", tmp_path / "ssh"
    there.mkdir()
    ssh.write_text(
        f'#!/bin/sh\nfor word; do [ "$word" = -G ] && exit 255; done\n'
        f'cd "{there}"; exec env HOME="{there}" MOSH_PYTHON="{sys.executable}" sh -c "$word"\n'
    )
    ssh.chmod(0o755)
    word = said(*NOTHING_ELSE, archive, "mosh", f"--ssh={ssh}", "--install-server", "--yes", "host", HOME=str(tmp_path))
    assert f"mosh-server {VERSION} is on host now.\n" in word
    assert said(there / ".local/bin/mosh-server", "--version").startswith(f"mosh-server (mosh-py {VERSION}")


@pytest.fixture
def session(archive: Path, tmp_path: Path) -> Iterator[UserTerminal]:
    """A session with both ends from a read-only copy, of a user whose folders cannot be written to."""
    home = tmp_path / "home"
    home.mkdir(mode=0o555)
    copy = shutil.copy(archive, tmp_path / "mosh.pyz")
    os.chmod(copy, 0o444)
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "TERM": "xterm", "HOME": str(home), "SHELL": "/bin/sh"}
    words = [*NOTHING_ELSE, str(copy), "--local", "127.0.0.1", "--", "sh", "-c", "read line; echo got $line; read line"]
    terminal = UserTerminal(words, environment=environment | {"TMPDIR": str(home), "PS1": "$ "})
    yield terminal
    terminal.close()


@pytest.mark.requires_linux
def test_a_session_runs_from_it_and_nothing_else(session: UserTerminal, tmp_path: Path) -> None:
    session.type("words\r")
    session.wait_for("got words")
    session.type("\r")
    assert session.wait_for_end() == 0
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".py", ".pyc", ".so")]
