"""What a mutant changes, in words that stay true when others are added or lines move; and those that need no test.

explained.toml has mutants that behave as the original does, or differ where nothing depends on it. One is named by its
function and by the lines that it takes away and puts there.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

EXPLAINED: Final = Path(__file__).with_name("explained.toml")
# "mosh_common.wire.key.xǁKeyǁparse__mutmut_7", "mosh_common.wire.size.x_nearest_size__mutmut_2"
_NAME: Final = re.compile(r"(?P<module>[\w.]+)\.x(_|ǁ(?P<owner>\w+)ǁ)(?P<function>\w+)__mutmut_\d+")


class Change(NamedTuple):
    """What a mutant changes."""

    function: str  # mosh_common.wire.key.Key.parse
    removed: str  # lines without their indentation, with a line feed between
    added: str


def function_of(name: str) -> str:
    """Return the function that a mutant of that name is one of."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"no name of a mutant: {name!r}")
    owner = found["owner"]
    return ".".join((found["module"], *((owner,) if owner else ()), found["function"]))


def change(name: str, difference: str) -> Change:
    """Return the change of a mutant from its name and a unified diff."""
    lines = [line for line in difference.splitlines() if not line.startswith(("---", "+++"))]
    removed, added = ("\n".join(line[1:].strip() for line in lines if line.startswith(sign)) for sign in "-+")
    return Change(function_of(name), removed, added)


def explained(path: Path = EXPLAINED) -> dict[Change, str]:
    """Return the changes that need no test, and why. Raises ValueError for one that is there twice or has no reason."""
    found: dict[Change, str] = {}
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", []):
        key = Change(entry["function"], entry["removed"].strip(), entry["added"].strip())
        if key in found or not entry["why"].strip():
            raise ValueError(f"twice, or without a reason: {key}")
        found[key] = entry["why"]
    return found


def as_entries(changes: Iterable[Change]) -> str:
    """Return the changes as explained.toml would have them, but for the reasons."""
    return "\n".join(
        f"[[mutant]]\nfunction = {_quoted(each.function)}\nremoved = {_quoted(each.removed)}\n"
        f'added = {_quoted(each.added)}\nwhy = ""\n'
        for each in changes
    )


def _quoted(text: str) -> str:
    if "'" in text or "\n" in text:
        return f"'''\n{text}'''"
    return f"'{text}'"
