"""README and docs/ as a reader takes them: of every block it is said whether it is run; every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.matrix.blocks import REPOSITORY, SCENES, Block, blocks_of, blocks_of_scene, pages

EVERY_BLOCK = [block for page in pages() for block in blocks_of(page)]
_LINK = re.compile(r"\]\((?!https?://)([^)\s#]*)(?:#([^)\s]*))?\)")
_MAKE = re.compile(r"^(?:sudo )?make ([a-z][a-z-]*)", re.MULTILINE)


@pytest.mark.parametrize("block", [block for block in EVERY_BLOCK if block.needs_mark], ids=str)
def test_of_every_block_it_is_said_whether_it_is_run(block: Block) -> None:
    assert block.kind, f"{block}: above it should stand one of the comments that tests/matrix/blocks.py explains"
    if block.kind == "run":
        assert block.words in SCENES


@pytest.mark.parametrize("scene", SCENES)
def test_every_way_of_installing_is_on_a_page(scene: str) -> None:
    assert blocks_of_scene(scene)


@pytest.mark.parametrize("block", [block for block in EVERY_BLOCK if block.kind in ("run", "elsewhere")], ids=str)
def test_what_is_to_be_made_can_be_made(block: Block) -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert set(_MAKE.findall(block.text)) <= set(targets)


def anchors(page: Path) -> set[str]:
    """Return what of a page can be linked to, as GitHub names it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for place, anchor in _LINK.findall(page.read_text()):
        target = (page.parent / place) if place else page
        assert target.exists(), f"{page.name} links to {place}, which is not there"
        assert not anchor or anchor in anchors(target), f"{page.name} links to {place}#{anchor}"


def read_blocks(folder: Path, text: str) -> list[tuple[int, str, str, str]]:
    page = folder / "page.md"
    page.write_text(text)
    return [(block.line, block.text, block.kind, block.words) for block in blocks_of(page)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("words\n\n    true\n    false\n\nwords\n", [(3, "true\nfalse", "", "")]),
        ("<!-- run: pip -->\n```sh\ntrue\n```\n", [(2, "true", "run", "pip")]),
        ("<!-- elsewhere: no sea here -->\n\n    row\n", [(3, "row", "elsewhere", "no sea here")]),
        ("<!-- no commands -->\n```\nx\n\n    y\n```\n", [(2, "x\n\n    y", "no commands", "")]),
        ("<!-- run: pip -->\nwords\n```sh\ntrue\n```\n", [(3, "true", "", "")]),
        ("<!-- elsewhere: -->\n```sh\ntrue\n```\n", [(2, "true", "", "")]),
        ("- item\n\n    of the item\n\nwords\n\n    true\n", [(7, "true", "", "")]),
        ("words\n    that go on\n", []),
        ("```sh\none\n```\n\n```sh\ntwo\n```\n", [(1, "one", "", ""), (5, "two", "", "")]),
    ],
)
def test_blocks_are_found_with_what_is_said_of_them(
    tmp_path: Path, text: str, expected: list[tuple[int, str, str, str]]
) -> None:
    assert read_blocks(tmp_path, text) == expected


def test_only_blocks_of_another_language_need_no_mark(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```python\nx = 1\n```\n\n```\nls\n```\n\n```console\n$ ls\n```\n")
    assert [block.needs_mark for block in blocks_of(page)] == [False, True, True]
