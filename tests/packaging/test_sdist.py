"""The source distribution: all of the source, the same whoever packs it, and enough to make everything without git."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.packaging.conftest import Distributions
from tests.support.distributions import SOME_TIME, needs_setuptools
from tests.support.programs import REPOSITORY

pytestmark = [pytest.mark.system, needs_setuptools]


@pytest.fixture
def sdist(distributions: Distributions) -> Path:
    return distributions.sdist


def names(archive: Path) -> set[str]:
    """Return the files, without the folder that all are in."""
    with tarfile.open(archive) as content:
        return {member.name.partition("/")[2] for member in content if member.isfile()}


@pytest.mark.requires_program("git")
def test_it_holds_all_that_the_repository_holds(sdist: Path) -> None:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("this is no repository")
    listed = subprocess.run(
        ["git", "-c", "safe.directory=*", "ls-files"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    there = {name for name in listed.stdout.splitlines() if (REPOSITORY / name).is_file()}
    assert there - names(sdist) == set()


def test_it_holds_nothing_that_was_built(sdist: Path) -> None:
    assert not [name for name in names(sdist) if name.endswith((".pyc", ".whl", ".deb", ".pyz"))]


def test_it_does_not_tell_who_packed_it_when(sdist: Path) -> None:
    with tarfile.open(sdist) as content:
        members = content.getmembers()
    assert {(each.uid, each.gid, each.uname, each.gname, each.mtime) for each in members} == {
        (0, 0, "root", "root", SOME_TIME)
    }
    assert {each.mode for each in members} == {0o644, 0o755}
    assert sdist.read_bytes()[3:8] == b"\0" + SOME_TIME.to_bytes(4, "little")  # no file name; the time


def test_programs_are_executable_in_it(sdist: Path) -> None:
    with tarfile.open(sdist) as content:
        executable = {each.name.partition("/")[2] for each in content if each.isfile() and each.mode & 0o111}
    assert {"bootstrap/mosh", ".ci/run"} <= executable


def test_what_is_unpacked_elsewhere_gives_the_same_again_without_being_told_the_time(
    sdist: Path, built_again: Distributions
) -> None:
    assert built_again.sdist.name == sdist.name
    assert built_again.sdist.read_bytes() == sdist.read_bytes()
