"""The blocks of README, docs/ and other pages: which are commands, what is said of each, and in which root it is run.

Above each block stands what holds of it, as a comment that a reader of the page does not see:

    <!-- run: pipx -->                          its commands are run by `make matrix`, in a root as SCENES has it
    <!-- elsewhere: needs a second machine -->  it cannot be run there, and why
    <!-- no commands -->                        it shows something else

A fenced block that names a language other than the shell's needs no mark. Of the standard library alone, as all that
`make matrix` needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

REPOSITORY: Final = Path(__file__).resolve().parents[2]
SHELL_LANGUAGES: Final = ("", "sh", "bash", "console", "shell")

_FENCE = re.compile(r"(?P<indent> *)(?P<fence>```+|~~~+)(?P<language>[\w+-]*)")
_LIST_ITEM = re.compile(r"([-*+]|\d+[.)])\s")
_MARK = re.compile(r"<!-- (?:(?P<kind>run|elsewhere): (?P<words>\S.*?)|no commands) -->")


class Scene(NamedTuple):
    """A root of Debian and what a reader has in it who follows one way of the page."""

    packages: tuple[str, ...]  # beside what debootstrap's smallest Debian has, and sudo
    mosh: str  # how mosh is called afterwards, for the user's shell


NEEDED: Final = ("python3", "python3-venv", "make")
SCENES: Final = {
    "demo": Scene(NEEDED, ""),
    "debian": Scene((), "mosh"),
    "pip": Scene(NEEDED, "~/.mosh-py/bin/mosh"),
    "pipx": Scene((), "~/.local/bin/mosh"),
    "make": Scene((), "mosh"),
    "zipapp": Scene(NEEDED, "~/mosh.pyz"),
}


class Block(NamedTuple):
    """A block of a page."""

    page: Path
    line: int  # of its first line, from 1
    language: str
    text: str
    kind: str  # "run", "elsewhere", "no commands", or "" where nothing is said of it
    words: str  # the scene, or the reason

    @property
    def needs_mark(self) -> bool:
        """Whether it may be commands."""
        return self.language in SHELL_LANGUAGES

    def __str__(self) -> str:
        return f"{os.path.relpath(self.page, REPOSITORY)}:{self.line}"


def pages() -> list[Path]:
    """Return README, what is in docs/, and the pages beside these that have commands; decisions have none."""
    names = ("README", "CONTRIBUTING", "SECURITY", "packaging/server/README", "tests/screens/README")
    return [*(REPOSITORY / f"{name}.md" for name in names), *sorted((REPOSITORY / "docs").glob("*.md"))]


def blocks_of(page: Path) -> list[Block]:
    """Return the blocks of a page, in their order."""
    lines = page.read_text().splitlines()
    return [
        Block(page, first + 1, language, text, *_mark_above(lines, first)) for first, language, text in _blocks(lines)
    ]


def blocks_of_scene(name: str) -> list[Block]:
    """Return the blocks of all pages that are run in one scene, in their order."""
    return [block for page in pages() for block in blocks_of(page) if (block.kind, block.words) == ("run", name)]


def _blocks(lines: list[str]) -> Iterator[tuple[int, str, str]]:
    """Yield each block's first line (of the fence, where it has one), language and text."""
    number = 0
    in_list = False  # what is indented behind an item of a list belongs to it
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence:
            end = number + 1
            while end < len(lines) and not lines[end].strip().startswith(fence["fence"]):
                end += 1
            text = "\n".join(line.removeprefix(fence["indent"]) for line in lines[number + 1 : end])
            yield number, fence["language"], text
            number = end + 1
            continue
        if line and not line.startswith(" "):
            in_list = bool(_LIST_ITEM.match(line))
        elif line.startswith("    ") and not in_list and (number == 0 or not lines[number - 1].strip()):
            end = number
            while end < len(lines) and (lines[end].startswith("    ") or not lines[end].strip()):
                end += 1
            yield number, "", "\n".join(line[4:] for line in lines[number:end]).rstrip()
            number = end
            continue
        number += 1


def _mark_above(lines: list[str], first: int) -> tuple[str, str]:
    above = first - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    mark = _MARK.fullmatch(lines[above].strip()) if above >= 0 else None
    if mark is None:
        return "", ""
    return mark["kind"] or "no commands", mark["words"] or ""
