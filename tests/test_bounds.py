"""The table of bounds in docs/security.md names constants and tests that exist; docs/limits.md has their numbers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mosh_client.network.sockets import ADDRESSES_LIMIT
from mosh_client.renderer.drawing.bells import MOST_BELLS
from mosh_client.renderer.pager.selection import LONGEST_COPY_OCTETS
from mosh_client.renderer.prediction.engine import JOURNAL_LIMIT, PASTE_ABOVE_OCTETS
from mosh_common.terminal.cells import LINKS_LIMIT_OCTETS
from mosh_common.terminal.parser.strings import MAX_STRING
from mosh_common.terminal.payloads import LONGEST_CLIPBOARD, LONGEST_LINK, LONGEST_TITLE
from mosh_common.wire.size import CELLS_LIMIT, SIDE_LIMIT
from mosh_server.input.queue import LIMIT_OCTETS
from mosh_server.keyring import EARLIER_LIMIT
from mosh_server.loop import LEFT_BEHIND_OCTETS

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


@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("{} keys under way", JOURNAL_LIMIT),
        ("{} octets at once", PASTE_ABOVE_OCTETS),
        ("kept up to {} MiB", LIMIT_OCTETS >> 20),
        ("copies {} characters at most", LONGEST_COPY_OCTETS),
        ("{} KiB of base64", LONGEST_CLIPBOARD >> 10),
        ("a string {};", MAX_STRING),
        ("A title has {} characters", LONGEST_TITLE),
        ("Hyperlinks: {} characters each", LONGEST_LINK),
        ("{} MiB on both screens", LINKS_LIMIT_OCTETS >> 20),
        ("sides of {} and", SIDE_LIMIT),
        ("2^{} cells", CELLS_LIMIT.bit_length() - 1),
        ("{} KiB are shown", LEFT_BEHIND_OCTETS >> 10),
        ("{} bells a second", MOST_BELLS),
        ("the last {} are told", EARLIER_LIMIT),
        ("began with {} at most", ADDRESSES_LIMIT + 1),
    ],
)
def test_the_limits_have_the_numbers_of_the_code(words: str, number: int) -> None:
    text = (ROOT / "docs/limits.md").read_text().replace(",", "")
    assert words.format(number) in text
