"""The source distribution: all of the source, the same whoever packs it, and enough to make everything without git."""

from __future__ import annotations

import subprocess
import tarfile
from pathlib import Path

import pytest
from tests.support.distributions import SOME_TIME, build, copy_of_source, needs_setuptools, spoil
from tests.support.programs import REPOSITORY

pytestmark = [pytest.mark.system, needs_setuptools]


@pytest.fixture(scope="module")
def source_of_it(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpacked(sdist, tmp_path_factory.mktemp("unpacked"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sdist")
    return build("sdist", copy_of_source(folder / "source"), folder / "out", SOURCE_DATE_EPOCH=str(SOME_TIME))


def unpacked(archive: Path, target: Path) -> Path:
    with tarfile.open(archive) as content:
        content.extractall(target, filter="data") if hasattr(tarfile, "data_filter") else content.extractall(target)
    [folder] = target.iterdir()
    return folder


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


def test_another_place_time_and_umask_give_the_same(sdist: Path, tmp_path: Path) -> None:
    source = copy_of_source(tmp_path / "else where")
    spoil(source)
    other = build("sdist", source, tmp_path / "out", umask=0o077, SOURCE_DATE_EPOCH=str(SOME_TIME))
    assert other.name == sdist.name
    assert other.read_bytes() == sdist.read_bytes()


def test_what_is_unpacked_gives_the_same_again_without_being_told_the_time(
    sdist: Path, source_of_it: Path, tmp_path: Path
) -> None:
    assert build("sdist", source_of_it, tmp_path).read_bytes() == sdist.read_bytes()


def test_the_wheel_made_from_it_is_the_wheel_of_the_source(source_of_it: Path, tmp_path: Path) -> None:
    from_sdist = build("wheel", source_of_it, tmp_path / "one")
    source = copy_of_source(tmp_path / "source", without=("docs", "tests"))
    from_source = build("wheel", source, tmp_path / "two", SOURCE_DATE_EPOCH=str(SOME_TIME))
    assert from_sdist.read_bytes() == from_source.read_bytes()
