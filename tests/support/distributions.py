"""Building what is handed out, from copies of this source; the tools of packaging/ as they are called by make."""

from __future__ import annotations

import importlib.metadata
import os
import runpy
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Collection
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.support.programs import REPOSITORY

FOLDER = REPOSITORY / "packaging"
SOME_TIME = 1_700_000_000  # 2023-11-14T22:13:20Z
# Each in a process of its own, as whoever builds does it; setuptools is loaded once. How small a source distribution is
# makes no difference here, and much of the time.
_BUILD = """
import functools, gzip, os, sys, setuptools.build_meta as backend
gzip.GzipFile.__init__ = functools.partialmethod(gzip.GzipFile.__init__, compresslevel=1)
for kind in sys.argv[2:]:
    child = os.fork()
    if not child:
        getattr(backend, "build_" + kind)(sys.argv[1])
        sys.exit()
    if os.waitpid(child, 0)[1]:
        sys.exit(1)
"""
_NOT_SOURCE = shutil.ignore_patterns(
    *(".git", ".venv*", "build", "dist", "__pycache__", "*.egg-info"),
    *(".hypothesis", ".mypy_cache", ".pytest_cache", ".ruff_cache"),
)


def _setuptools() -> int:
    try:
        return int(importlib.metadata.version("setuptools").partition(".")[0])
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return 0


needs_setuptools = pytest.mark.skipif(
    _setuptools() < 77, reason="setuptools 77 or later, which knows licences as expressions, is not installed"
)


def tool(name: str) -> SimpleNamespace:
    """Return what packaging/NAME.py defines."""
    sys.path.insert(0, str(FOLDER))
    try:
        return SimpleNamespace(**runpy.run_path(str(FOLDER / f"{name}.py")))
    finally:
        sys.path.remove(str(FOLDER))
        sys.modules.pop("source", None)


def copy_of_source(target: Path, *, tests: bool = True) -> Path:
    """Copy this source as a download of it would be, without git, nothing built, perhaps without our tests."""

    def ignored(folder: str, names: list[str]) -> set[str]:
        return _NOT_SOURCE(folder, names) | ({"tests"} if not tests and Path(folder) == REPOSITORY else set())

    shutil.copytree(REPOSITORY, target, symlinks=True, ignore=ignored)
    return target


def unpacked(archive: Path, target: Path) -> Path:
    """Unpack a source distribution into `target`; return the folder that all is in."""
    with tarfile.open(archive) as content:
        if hasattr(tarfile, "data_filter"):  # which takes longer than the rest, and this one we have made
            content.extractall(target, filter="fully_trusted")
        else:
            content.extractall(target)
    [folder] = target.iterdir()
    return folder


def spoil(source: Path, *, but: Collection[str] = ()) -> None:
    """Change what of the files' circumstances must not matter: modes to what a umask of 077 leaves, and times.

    `but` of these files at its top the time stays.
    """
    for path in source.rglob("*"):
        if path.is_file():
            path.chmod(path.stat().st_mode & 0o700)
            if str(path.relative_to(source)) not in but:
                os.utime(path, (SOME_TIME + 999, SOME_TIME + 999))


def build(kinds: Collection[str], source: Path, target: Path, *, umask: int = 0o022, **environ: str) -> None:
    """Build each of `kinds`, "sdist" or "wheel", of `source` into `target`, without the network."""
    target.mkdir(parents=True, exist_ok=True)
    inherited = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, str(target), *kinds],
        cwd=source,
        env={**inherited, **environ},
        umask=umask,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
