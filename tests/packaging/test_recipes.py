"""The recipes for systems that we do not have: read by their own parsers, of this version, and marked as untried."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
import yaml
from packaging.requirements import Requirement
from tests.support.programs import REPOSITORY

from mosh_common.version import MOSH_COMPATIBLE, VERSION

pytestmark = pytest.mark.once

RECIPES: Final = REPOSITORY / "packaging" / "recipes"
PROJECT: Final = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

# What reads a recipe, as its first line says; found in PATH or beside this Python.
READERS: Final = {
    "PKGBUILD": (["bash", "-n"], ["shellcheck"]),
    "APKBUILD": (["sh", "-n"], ["shellcheck"]),
    "mosh-py.rb": (["ruby", "-c"],),
    "mosh-py.nix": (["nix-instantiate", "--parse"],),
    "Containerfile": (["hadolint"],),
    "recipe.yaml": (),  # by a test of its own
}
CASES: Final = [(name, words) for name, readers in READERS.items() for words in readers]


def test_every_recipe_is_known_and_says_first_what_it_was_not() -> None:
    assert {path.name for path in RECIPES.iterdir()} == READERS.keys()
    for name, readers in READERS.items():
        first, *_ = (RECIPES / name).read_text().splitlines()
        assert first.startswith(("# untried: never built with ", "# built with makepkg on Debian"))
        assert all(" ".join(words) in first for words in readers)


@pytest.mark.system
@pytest.mark.parametrize(("name", "words"), CASES, ids=[f"{name} {words[0]}" for name, words in CASES])
def test_its_own_parser_reads_it(name: str, words: list[str], tmp_path: Path) -> None:
    program = shutil.which(words[0]) or shutil.which(words[0], path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip(f"not installed here: {words[0]}")
    done = subprocess.run(
        [program, *words[1:], str(RECIPES / name)],
        # Nix wants a store even to read a file.
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(tmp_path),
            "NIX_STATE_DIR": str(tmp_path),
            "NIX_STORE_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["PKGBUILD", "APKBUILD", "mosh-py.rb", "mosh-py.nix"])
def test_it_is_of_this_version(name: str) -> None:
    versions = re.findall(r"\b(?:pkgver|version)\s*=?\s*\"?(\d[\d.]*)", (RECIPES / name).read_text())
    assert versions == [VERSION]


def test_the_recipe_for_conda_is_of_this_version_and_asks_for_the_same() -> None:
    recipe = yaml.safe_load((RECIPES / "recipe.yaml").read_text())
    assert recipe["package"] == {"name": PROJECT["name"], "version": VERSION}
    assert recipe["about"]["license"] == PROJECT["license"]
    asked = dict(each.partition(" >=")[::2] for each in recipe["requirements"]["run"])
    wanted = {each.name: str(each.specifier).removeprefix(">=") for each in map(Requirement, PROJECT["dependencies"])}
    wanted["msgpack-python"] = wanted.pop("msgpack")  # as conda calls it
    assert asked == {**wanted, "python": PROJECT["requires-python"].removeprefix(">="), "openssh": ""}


@pytest.mark.parametrize(("name", "prefix"), [("PKGBUILD", "python-"), ("APKBUILD", "py3-")])
def test_it_asks_for_the_versions_that_the_project_asks_for(name: str, prefix: str) -> None:
    text = (RECIPES / name).read_text()
    asked = dict(re.findall(rf"\b{prefix}([a-z]+)>=([0-9.]+)", text))
    wanted = [Requirement(each) for each in PROJECT["dependencies"]]
    assert asked == {each.name: str(each.specifier).removeprefix(">=") for each in wanted}
    python = re.search(r"\bpython3?>=([0-9.]+)", text)
    assert python is not None
    assert f">={python[1]}" == PROJECT["requires-python"]
    assert f"mosh={MOSH_COMPATIBLE}" in text


def test_the_nix_expression_has_every_dependency() -> None:
    text = (RECIPES / "mosh-py.nix").read_text().partition("  dependencies = [")[2].partition("]")[0]
    asked = re.findall(r"python3Packages\.([a-z]+)", text)
    assert sorted(asked) == sorted(Requirement(each).name for each in PROJECT["dependencies"])
