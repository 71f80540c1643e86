"""An upgrade or a removal of the packages harms no session that runs: whoever has one notices nothing."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from tests.support.client_session import ClientSession
from tests.support.programs import Programs
from tests.support.whole_use import use

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux, pytest.mark.requires_program("bash")]

PACKAGES = ("mosh_bootstrap", "mosh_client", "mosh_common", "mosh_server")
NEEDED = (
    "cryptography",
    "_cffi_backend",
    "google",
    "msgpack",
    "pyte",
    "wcwidth",
)  # and what these need, by import name
# What the processes load in all, to find what of it is not Python's own.
EVERYTHING = ("mosh_client.network.process", "mosh_client.renderer.process", "mosh_server.process")
# The client's standard error goes into a file; with -v that has what its processes say.
LOGGED = ("/bin/sh", "-c", 'log=$1; shift; exec "$@" 2>"$log"', "sh")


def top_level() -> set[Path]:
    """Our packages and those that they need: the files and folders to be installed side by side."""
    for name in (*EVERYTHING, *PACKAGES):
        importlib.import_module(name)
    own = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "platstdlib")]
    found = set()
    for name in (*PACKAGES, *NEEDED):
        if (module := sys.modules.get(name)) is None:
            continue  # another version of them does without
        places = [module.__file__] if module.__file__ else list(module.__path__)
        for place in map(Path, places):
            top = place.parent if place.name == "__init__.py" else place
            assert not any(top.resolve().parent == folder for folder in own), f"{name} is Python's own"
            found.add(top)
    return found


def install(folder: Path) -> None:
    """Copy everything into `folder`, so that nothing else need be there but Python."""
    folder.mkdir()
    for source in top_level():
        if source.is_dir():
            shutil.copytree(source, folder / source.name, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.pyc"))
        else:
            shutil.copy(source, folder)


def replace(folder: Path) -> None:
    """Put files of an unusable version in place of all, as package managers do: new files, the old ones' names."""
    for path in [each for each in folder.rglob("*") if each.is_file()]:
        new = path.with_name(f"{path.name}.new")
        new.write_text('raise ImportError("this is another version")\n')
        new.replace(path)


def installed(client: Path, server: Path) -> Programs:
    """How the programs in these folders are called. Without site, Python finds no others."""

    def words(folder: Path, module: str, *options: str) -> tuple[str, ...]:
        return ("/usr/bin/env", f"PYTHONPATH={folder}", sys.executable, "-S", "-P", "-m", module, *options)

    return Programs("installed", words(client, "mosh_client", "-v"), words(server, "mosh_server"), ())


def test_a_session_outlives_the_files_that_it_was_started_from(tmp_path: Path) -> None:
    client, server, log = tmp_path / "client", tmp_path / "server", tmp_path / "log"
    install(client)
    install(server)
    within = (*LOGGED, str(log))
    with ClientSession(tmp_path, programs=installed(client, server), client_within=within) as session:
        session.wait_for_answer("begun")
        for folder in (client, server):
            replace(folder)
        use(session, "replaced")
        for folder in (client, server):
            shutil.rmtree(folder)
        use(session, "removed")
        session.enter("exit")
        assert session.terminal.wait_for_end() == 0
        assert "[mosh: session of " in session.terminal.text()
        session.assert_terminal_restored()
        session.wait_for_no_remains()
    said = log.read_text()
    assert said.count("renderer: given up: opening files") == 3, "not all renderers have said what they gave up"
    for trouble in ("Error", "Traceback", "another version"):
        assert trouble not in said, said


@pytest.mark.parametrize("how", ["replaced", "removed"])
def test_programs_that_start_then_are_the_new_ones_or_fail(tmp_path: Path, how: str) -> None:
    """That the folder is what they run from, and that an unusable one is not simply passed over."""
    folder = tmp_path / "folder"
    install(folder)
    words = [*installed(folder, folder).server, "--version"]
    assert subprocess.run(words, capture_output=True, check=False).returncode == 0
    if how == "replaced":
        replace(folder)
    else:
        shutil.rmtree(folder)
    assert subprocess.run(words, capture_output=True, check=False).returncode == 1
