"""What `make release` relies on: one version, one day for all, the changelog's stamp, sums, the bill of materials."""

from __future__ import annotations

import hashlib
import json
import os
import re
import tomllib
from pathlib import Path

import pytest
from tests.support.distributions import SOME_TIME, tool
from tests.support.programs import REPOSITORY

from mosh_common.version import VERSION

pytestmark = pytest.mark.once

RELEASE = tool("release")
SOURCE = tool("source")
PINS = (REPOSITORY / "packaging/requirements.txt").read_text()


def test_no_file_has_another_version() -> None:
    assert SOURCE.version() == VERSION
    assert RELEASE.disagreements() == []


def test_what_is_unreleased_becomes_the_release() -> None:
    changelog = "# Changelog\n\n## [Unreleased]\n\n### Added\n- x\n\n## [0.0.9] - 2026-01-01\n"
    stamped = RELEASE.stamp(changelog, "0.1.0", "2026-02-03")
    assert stamped == changelog.replace("## [Unreleased]", "## [0.1.0] - 2026-02-03")
    assert RELEASE.stamp(stamped, "0.1.0", "2026-02-04") == stamped


def test_a_changelog_without_news_is_not_stamped() -> None:
    with pytest.raises(SystemExit, match=r"no heading \[Unreleased\]"):
        RELEASE.stamp("# Changelog\n\n## [0.0.9] - 2026-01-01\n", "0.1.0", "2026-02-03")


def test_every_heading_of_the_changelog_is_a_release_with_its_day_or_the_next_one() -> None:
    headings = re.findall(r"^## .*$", (REPOSITORY / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings
    for heading in headings:
        assert re.fullmatch(r"## \[(Unreleased|\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d)\]?", heading), heading


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A source that is no repository, with a changelog that knows no release yet."""
    (tmp_path / "common/mosh_common").mkdir(parents=True)
    (tmp_path / "common/mosh_common/version.py").write_text('VERSION: Final = "1.2.3"\n')
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n## [1.2.2] - 2026-01-01\n")
    (tmp_path / "pyproject.toml").write_text("")
    os.utime(tmp_path / "pyproject.toml", (SOME_TIME, SOME_TIME))
    return tmp_path


def test_the_time_is_what_the_environment_says_else_the_release_else_the_sources(elsewhere: Path) -> None:
    assert SOURCE.epoch(elsewhere, {}) == SOME_TIME
    assert SOURCE.epoch(elsewhere, {"SOURCE_DATE_EPOCH": "17"}) == 17
    (elsewhere / "CHANGELOG.md").write_text("# Changelog\n\n## [1.2.3] - 1970-01-03\n")
    assert SOURCE.epoch(elsewhere, {}) == 2 * 86_400


def test_pages_are_filled_in(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    line = '.TH MOSH 1 "@DATE@" "mosh-py @VERSION@"\n'
    assert SOURCE.filled(line, elsewhere) == '.TH MOSH 1 "2023-11-14" "mosh-py 1.2.3"\n'


def test_the_sums_are_those_of_the_files(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"two")
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / "SHA256SUMS").write_text("old")
    sums = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in (("a", b"one"), ("b", b"two"))]
    assert RELEASE.checksums(tmp_path) == "".join(sums)


def test_the_bill_of_materials_has_every_pin_and_who_asks_for_it() -> None:
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", PINS, re.MULTILINE))
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    direct = [re.split("[>=]", text)[0] for text in project["dependencies"]]
    needs = {name: ["pycparser"] if name == "cffi" else [] for name in pinned}
    bill = json.loads(RELEASE.bill_of_materials(PINS, direct, needs, seconds=SOME_TIME))
    assert bill["metadata"]["component"]["version"] == VERSION
    assert {each["name"]: each["version"] for each in bill["components"]} == pinned
    asks = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    own = bill["metadata"]["component"]["bom-ref"]
    assert asks[own] == [f"pkg:pypi/{name}@{pinned[name]}" for name in sorted(direct)]
    assert asks[f"pkg:pypi/cffi@{pinned['cffi']}"] == [f"pkg:pypi/pycparser@{pinned['pycparser']}"]
    assert bill["metadata"]["timestamp"] == "2023-11-14T22:13:20Z"
