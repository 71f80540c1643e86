"""Whoever lets a line off a check says which check, and why."""

from __future__ import annotations

import re
import tokenize
from pathlib import Path

import pytest
from tests.support.programs import REPOSITORY

FOLDERS = ("bootstrap", "client", "common", "server", "tests")
FILES = sorted(file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*.py") if "pb" not in file.parts)

EXCEPTION = re.compile(r"#\s*(type:\s*ignore|noqa|nosec)", re.IGNORECASE)
REASONED = re.compile(r"# (type: ignore\[[a-z-]+(, [a-z-]+)*\]|noqa: [A-Z]+\d+|nosec B\d+)  # \S.*")


def unreasoned(comment: str) -> bool:
    return EXCEPTION.search(comment) is not None and REASONED.fullmatch(comment) is None


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_every_exception_to_a_check_names_it_and_has_a_reason(file: Path) -> None:
    with tokenize.open(file) as text:
        comments = [token for token in tokenize.generate_tokens(text.readline) if token.type == tokenize.COMMENT]
    assert [f"line {each.start[0]}: {each.string}" for each in comments if unreasoned(each.string)] == []


@pytest.mark.parametrize(
    "comment",
    [
        "# noqa",
        "# noqa: E501",
        "# type: ignore",
        "# type:ignore[misc]",
        "# nosec",
        "# nosec B104",
        "# Note  # noqa: E1",
    ],
)
def test_a_bare_exception_is_found(comment: str) -> None:
    assert unreasoned(comment)


def test_a_reasoned_exception_passes() -> None:
    assert not unreasoned("# type: ignore[arg-type, misc]  # what the stubs lack")
