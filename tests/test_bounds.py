"""The table of bounds in docs/security.md names constants and tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = [ROOT / name for name in ("common/mosh_common", "client/mosh_client", "server")]

SECTION = (ROOT / "docs/security.md").read_text().partition("## Bounds")[2].partition("\n## ")[0]
ROWS = [line.strip("| ").split(" | ") for line in SECTION.splitlines() if line.startswith("| ")][1:]


def test_the_table_is_found() -> None:
    assert len(ROWS) >= 20
    assert all(len(row) == 4 for row in ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_bound_has_a_constant_and_a_test(row: list[str]) -> None:
    words = re.findall("`([^`]+)`", row[2])
    files = [word for word in words if word.endswith(".py")]
    sources = [
        path.read_text() for file in files for package in PACKAGES for path in [package / file] if path.is_file()
    ]
    assert len(sources) == len(files) > 0
    for constant in set(words) - set(files):
        assert any(re.search(rf"^(?:def )?{constant}\b", source, re.MULTILINE) for source in sources), constant
    tests = re.findall("`([^`]+)`", row[3])
    assert tests
    for test in tests:
        file, _, name = test.partition("::")
        assert f"\ndef {name}(" in (ROOT / "tests" / file).read_text(), test
