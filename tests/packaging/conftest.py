"""The distributions of this source, built once in a run, and again where all that must not matter differs."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.distributions import SOME_TIME, build, copy_of_source, spoil, tool, unpacked
from tests.support.made_once import made_once


class Distributions(NamedTuple):
    """The files that a build has left."""

    sdist: Path
    whole: Path  # the wheel of everything
    server: Path  # the wheel of the server alone


def _in(folder: Path) -> Distributions:
    [sdist] = folder.glob("*.tar.gz")
    [whole] = folder.glob("mosh_py-*.whl")
    [server] = folder.glob("mosh_py_server-*.whl")
    return Distributions(sdist, whole, server)


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Of a copy of this source, at SOME_TIME."""

    def make(folder: Path) -> None:
        source, server = copy_of_source(folder / "source"), folder / "server"
        tool("release").stage_server(server)
        build(("sdist", "wheel"), source, folder / "out", SOURCE_DATE_EPOCH=str(SOME_TIME))
        build(("wheel",), server, folder / "out", SOURCE_DATE_EPOCH=str(SOME_TIME))

    return _in(made_once(tmp_path_factory, "distributions", make) / "out")


@pytest.fixture(scope="session")
def built_again(distributions: Distributions, tmp_path_factory: pytest.TempPathFactory) -> Distributions:
    """Of what is in the source distribution, elsewhere, with other times and modes, over what an older build has left.

    Nobody says which time it is: it stands in the archive, as that of pyproject.toml. The server's is told, for no
    archive has its source.
    """

    def make(folder: Path) -> None:
        source, server = unpacked(distributions.sdist, folder / "else where"), folder / "another server"
        tool("release").stage_server(server)
        for tree in (source, server):
            left = tree / "build/lib/mosh_common"
            left.mkdir(parents=True)
            (left / "gone.py").write_text("")
            spoil(tree, but=("pyproject.toml",) if tree == source else ())
        build(("sdist", "wheel"), source, folder / "out", umask=0o077)
        build(("wheel",), server, folder / "out", umask=0o077, SOURCE_DATE_EPOCH=str(SOME_TIME))

    return _in(made_once(tmp_path_factory, "distributions-again", make) / "out")
