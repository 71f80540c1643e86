"""Whoever lets a line off a check says which check, and why."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest
from tests.support.programs import REPOSITORY

pytestmark = pytest.mark.once

FOLDERS = ("bootstrap", "client", "common", "server", "tests")
FILES = sorted(file for folder in FOLDERS for file in (REPOSITORY / folder).rglob("*.py") if "pb" not in file.parts)

EXCEPTION = re.compile(r"#\s*(type:\s*ignore|noqa|nosec)", re.IGNORECASE)
REASONED = re.compile(r"# (type: ignore\[[a-z-]+(, [a-z-]+)*\]|noqa: [A-Z]+\d+|nosec B\d+)  # \S.*")


def unreasoned(comment: str) -> bool:
    return EXCEPTION.search(comment) is not None and REASONED.fullmatch(comment) is None


def unreasoned_of(file: Path) -> list[str]:
    """Where comments of a file let a line off, and should not."""
    text = file.read_text(encoding="utf-8")
    if not EXCEPTION.search(text):  # as of nearly all: cutting into tokens takes a hundred times as long as this
        return []
    tokens = tokenize.generate_tokens(io.StringIO(text).readline)
    return [
        f"line {token.start[0]}: {token.string}"
        for token in tokens
        if token.type == tokenize.COMMENT and unreasoned(token.string)
    ]


# One test, not one for each file: each of xdist's workers collects all, and each is reported.
def test_every_exception_to_a_check_names_it_and_has_a_reason() -> None:
    assert {str(file): found for file in FILES if (found := unreasoned_of(file))} == {}


def test_an_exception_is_found_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text('text = "# noqa"\n\nnumber = f()  # noqa\n')
    assert unreasoned_of(tmp_path / "a.py") == ["line 3: # noqa"]


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
