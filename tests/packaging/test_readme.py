"""Pages as a reader takes them: of every block it is said whether it is run; every link leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.matrix.blocks import REPOSITORY, SCENES, Block, blocks_of, blocks_of_scene, pages
from tests.matrix.installs import run_time_packages
from tests.matrix.pages import follow
from tests.matrix.root import CheckFailed

pytestmark = pytest.mark.once

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


def test_make_install_is_preceded_by_the_packages_that_ours_depends_on() -> None:
    commands = "\n".join(block.text for block in blocks_of_scene("make"))
    assert set(re.findall(r"python3-\w+", commands)) == set(run_time_packages())


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


class RecordingRoot:
    """Stands in for a root of Debian: remembers what is typed, and has one answer for every session."""

    def __init__(self, folder: Path, answer: str) -> None:
        self.folder, self.answer = folder, answer
        self.typed: list[str] = []
        self.sessions: list[str] = []

    def install(self, *packages: str) -> None:
        self.typed.append(f"install {' '.join(packages)}")

    def inside(self, place: str) -> Path:
        (self.folder / place).parent.mkdir(parents=True, exist_ok=True)
        return self.folder / place

    def run_as_user(self, words: Sequence[str], *, directory: Path) -> str:
        self.typed.append(words[-1])
        return ""

    def run(self, words: Sequence[str], *, network: bool) -> str:
        self.sessions.append(words[-2])
        return self.answer


def test_the_blocks_are_typed_in_their_order_and_a_session_is_had(tmp_path: Path) -> None:
    root = RecordingRoot(tmp_path, "far away\r\n")
    assert follow(root, "pip", source=tmp_path) == len(blocks_of_scene("pip"))
    assert root.typed == [
        "install sudo python3 python3-venv make",
        *(block.text for block in blocks_of_scene("pip")),
    ]
    assert root.sessions == ["~/.mosh-py/bin/mosh --local 127.0.0.1 -- echo far away"]


def test_a_session_that_shows_nothing_fails_the_check(tmp_path: Path) -> None:
    with pytest.raises(CheckFailed, match="pip: the session does not show"):
        follow(RecordingRoot(tmp_path, ""), "pip", source=tmp_path)
