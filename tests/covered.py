"""`make coverage` has this print what coverage measured, a line for each package: `python -m tests.covered [FILE]`.

FILE is what `coverage json` wrote. Lines and branches count alike, as in coverage's own totals. With `--missing` each
module follows with the lines that no test reached.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, NamedTuple

REPORT = Path("build/coverage/coverage.json")


class Count(NamedTuple):
    """Lines and branches: those that were reached, and how many there are."""

    reached: int
    there_are: int

    @property
    def percent(self) -> float:
        """What part was reached; of nothing, all."""
        return 100 * self.reached / self.there_are if self.there_are else 100.0

    def __str__(self) -> str:
        return f"{self.percent:5.1f} % of {self.there_are:5}"


def package_of(path: str) -> str:
    """Return the row that a module belongs to: `common/wire`, `client/renderer`, or `server` for what is at its top."""
    folder, _, *below = PurePath(path).parts
    return "/".join((folder, *below[:-1][:1]))


def by_package(files: Mapping[str, Mapping[str, Any]]) -> dict[str, Count]:
    """Return the sums of each package, in order of name, from coverage's `files`."""
    sums: dict[str, Count] = defaultdict(lambda: Count(0, 0))
    for path, file in sorted(files.items()):
        row, before = package_of(path), sums[package_of(path)]
        sums[row] = Count(*(old + new for old, new in zip(before, _count(file["summary"]), strict=True)))
    return dict(sums)


def _count(summary: Mapping[str, int]) -> Count:
    return Count(
        summary["covered_lines"] + summary["covered_branches"], summary["num_statements"] + summary["num_branches"]
    )


def main() -> None:
    """Print the table; with --missing, what each module lacks."""
    words = [word for word in sys.argv[1:] if word != "--missing"]
    report = json.loads(Path(words[0] if words else REPORT).read_text(encoding="utf-8"))
    for package, count in by_package(report["files"]).items():
        print(f"{package:24} {count}")
    print(f"{'all':24} {_count(report['totals'])}")
    if "--missing" in sys.argv:
        for path, file in sorted(report["files"].items()):
            if file["missing_lines"] or file["missing_branches"]:
                print(f"{path} {_count(file['summary'])}: lines {file['missing_lines']}, {file['missing_branches']}")


if __name__ == "__main__":
    main()
