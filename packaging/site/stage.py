"""Lays out the pages of the site: docs/ and the pages of the top folder, with links that hold there.

`python packaging/site/stage.py` writes build/site-pages. Exits with 1 where a link leads nowhere. The project has no
public address, so a link to what is no page becomes its text.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

TOP: Final = Path(__file__).resolve().parents[2]
PAGES: Final = TOP / "build" / "site-pages"
# Pages of the top folder, and what they are called on the site.
FROM_TOP: Final = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
}
# The menu: caption and pages, in the order in which somebody may want them. Every page but the first is in it.
MENU: Final[dict[str, Sequence[str]]] = {
    "Use it": (
        "guide",
        "sessions",
        "scrollback",
        "coming-from-mosh",
        "troubleshooting",
        "faq",
        "limits",
        "security",
        "changelog",
    ),
    "Change it": (
        *("contributing", "README", "howto", "processes", "wire", "terminal", "prediction", "ipc", "door"),
        *("testing", "performance", "porting", "pictures/README", "reporting", "adr/README"),
    ),
}
# What stands in code is no link: it is found first. Both may go on in the next line.
_CODE_OR_LINK: Final = re.compile(
    r"(?P<code>(?<!`)(?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`))"
    r"|(?P<picture>!?)\[(?P<words>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<target>[^()\s]+)\)",
    re.DOTALL,
)
_FENCE: Final = re.compile(r"^( *)(```|~~~)")


def place_of(file: Path) -> str | None:
    """Return where on the site a file of the checkout is, None if it is not there."""
    try:
        inside = file.relative_to(TOP)
    except ValueError:
        return None
    if inside.parts[:1] == ("docs",):
        return inside.relative_to("docs").as_posix()
    return FROM_TOP.get(inside.as_posix())


def rewritten(text: str, source: Path, place: str, wrong: list[str]) -> str:
    """Return a page's text with links for where it stands on the site; `wrong` is told of those that lead nowhere."""

    def link(found: re.Match[str]) -> str:
        if found["code"]:
            return found.group()
        target = found["target"]
        if re.match(r"[a-z]+:", target) or target.startswith("#"):
            return found.group()
        path, _, anchor = target.partition("#")
        file = (source.parent / path).resolve()
        if not file.exists():
            wrong.append(f"{source.relative_to(TOP)}: {target}")
            return found.group()
        if file.is_dir() and (file / "README.md").is_file():
            file /= "README.md"
        there = place_of(file)
        if there is None:
            return found["words"]  # a file of the sources
        up = "../" * place.count("/")
        return f"{found['picture']}[{found['words']}]({up}{there}{'#' + anchor if anchor else ''})"

    blocks = [block if is_code else _CODE_OR_LINK.sub(link, block) for block, is_code in _blocks(text)]
    return "\n".join(blocks) + "\n"


def _blocks(text: str) -> Iterator[tuple[str, bool]]:
    """Yield what of a page is read as one: a paragraph, or a row of a table; and whether it is a line of code."""
    paragraph: list[str] = []
    fenced = False
    for line in text.splitlines():
        is_fence = _FENCE.match(line) is not None
        if paragraph and (is_fence or not line.strip() or line.startswith("|")):
            yield "\n".join(paragraph), False
            paragraph = []
        if is_fence or fenced or not line.strip():
            yield line, True
            fenced ^= is_fence
        elif line.startswith("|"):
            yield line, False
        else:
            paragraph.append(line)
    if paragraph:
        yield "\n".join(paragraph), False


def menu(lists: dict[str, Sequence[str]]) -> str:
    """Return what lists pages, by captions, for Sphinx; it warns of one that is not there, or in no list."""
    blocks = []
    for caption, names in lists.items():
        entries = "\n".join(names)
        blocks.append(f"```{{toctree}}\n:hidden:\n:caption: {caption}\n:maxdepth: 1\n\n{entries}\n```\n")
    return "\n" + "\n".join(blocks)


def main() -> int:
    """Lay them out; return the exit status."""
    shutil.rmtree(PAGES, ignore_errors=True)
    wrong: list[str] = []
    pages: set[str] = set()
    for source in [*sorted((TOP / "docs").rglob("*")), *(TOP / name for name in FROM_TOP)]:
        place = place_of(source)
        if place is None or not source.is_file():
            continue
        target = PAGES / place
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".md":
            target.write_text(rewritten(source.read_text(), source, place, wrong))
            pages.add(place.removesuffix(".md"))
        elif source.suffix == ".svg":  # other files beside the pictures are what they were made of
            shutil.copyfile(source, target)
    decisions = sorted([page.removeprefix("adr/") for page in pages if re.match(r"adr/\d", page)])
    menus: dict[str, dict[str, Sequence[str]]] = {"index.md": MENU, "adr/README.md": {"Decisions": decisions}}
    for page, lists in menus.items():
        with (PAGES / page).open("a") as file:
            file.write(menu(lists))
    for each in wrong:
        print(f"A link that leads nowhere: {each}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
