"""What `make coverage` prints of a report, and that its floor is held."""

from __future__ import annotations

import tomllib

import pytest
from tests.covered import Count, by_package, package_of
from tests.support.programs import REPOSITORY


def file(lines: tuple[int, int], branches: tuple[int, int] = (0, 0)) -> dict[str, dict[str, int]]:
    """What coverage says of a file of which so many of so many were reached."""
    names = ("covered_lines", "num_statements", "covered_branches", "num_branches")
    return {"summary": dict(zip(names, (*lines, *branches), strict=True))}


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("server/mosh_server/cli.py", "server"),
        ("common/mosh_common/wire/key.py", "common/wire"),
        ("common/mosh_common/sync/states/parts/part.py", "common/sync"),
    ],
)
def test_a_module_counts_in_the_folder_below_its_program(path: str, package: str) -> None:
    assert package_of(path) == package


def test_lines_and_branches_count_alike() -> None:
    files = {
        "common/mosh_common/wire/key.py": file((3, 4), (1, 2)),
        "common/mosh_common/wire/size.py": file((4, 4)),
        "server/mosh_server/cli.py": file((0, 5)),
    }
    assert by_package(files) == {"common/wire": Count(8, 10), "server": Count(0, 5)}
    assert (Count(8, 10).percent, Count(0, 0).percent) == (80.0, 100.0)


def test_there_is_a_floor() -> None:
    settings = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["coverage"]
    assert settings["report"]["fail_under"] >= 74
