"""What pyproject.toml asks for is what the packages ask for, and what is tested as the oldest."""

from __future__ import annotations

import re
import tomllib
from typing import Final

from packaging.requirements import Requirement
from packaging.version import Version
from tests.support.programs import REPOSITORY

PROJECT: Final = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


def floors() -> dict[str, Version]:
    """The oldest version of each dependency, and of Python; fails for a requirement that is more than a lower bound."""
    found = {"python3": lower_bound(PROJECT["requires-python"])}
    for text in PROJECT["dependencies"]:
        requirement = Requirement(text)
        assert requirement.marker is None
        assert not requirement.extras
        found[requirement.name] = lower_bound(str(requirement.specifier))
    return found


def lower_bound(specifier: str) -> Version:
    match = re.fullmatch(r">=([0-9.]+)", specifier)
    assert match is not None, specifier
    return Version(match[1])


def test_the_debian_package_asks_for_the_same_versions() -> None:
    control = (REPOSITORY / "packaging" / "debian" / "control").read_text()
    fields = re.findall(r"^Depends:(.*?)^\S", control, re.MULTILINE | re.DOTALL)
    items = [item.strip() for field in fields for item in field.split(",")]
    foreign = [item for item in items if "${" not in item]
    pairs = [re.fullmatch(r"(?:python3-)?(\S+) \(>= ([0-9.]+)\)", item) for item in foreign]
    asked = {pair[1]: Version(pair[2]) for pair in pairs if pair is not None}
    assert len(asked) == len(pairs)  # each by one package of ours
    assert asked == floors()


def test_the_rpm_package_asks_for_the_same_versions() -> None:
    spec = (REPOSITORY / "packaging" / "rpm" / "mosh-py.spec").read_text()
    lines = re.findall(r"^Requires: +(python.*)$", spec, re.MULTILINE)
    pairs = [re.fullmatch(r"(?:python3dist\((\S+)\)|(python3)) >= ([0-9.]+)", line) for line in lines]
    assert None not in pairs, lines
    assert {pair[1] or pair[2]: Version(pair[3]) for pair in pairs if pair is not None} == floors()


def test_the_build_asks_for_the_same_python() -> None:
    control = (REPOSITORY / "packaging" / "debian" / "control").read_text()
    spec = (REPOSITORY / "packaging" / "rpm" / "mosh-py.spec").read_text()
    python = floors()["python3"]
    assert f"python3 (>= {python})" in control.partition("\n\n")[0]
    assert f"python3-devel >= {python}" in spec


def test_what_is_tested_as_the_oldest_is_the_oldest_that_is_declared() -> None:
    lines = (REPOSITORY / "packaging" / "oldest.txt").read_text().splitlines()
    pins = dict(line.split("==") for line in lines if line and not line.startswith("#"))
    declared = floors()
    del declared["python3"]
    assert {name: Version(version) for name, version in pins.items()} == declared
