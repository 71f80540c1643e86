"""The pages for users lead where they say: to files and headings that are there; each is linked from the index."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.support.programs import REPOSITORY

DOCS = REPOSITORY / "docs"
PAGES = [DOCS / f"{name}.md" for name in ("guide", "coming-from-mosh", "troubleshooting", "faq")]
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)")


def anchors(page: Path) -> set[str]:
    """Return what headings are called in links, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_link_leads_somewhere(page: Path) -> None:
    links = LINK.findall(re.sub(r"\s+", " ", page.read_text(encoding="utf-8")))
    assert links
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_index_has_each_page(page: Path) -> None:
    assert f"({page.name})" in (DOCS / "README.md").read_text(encoding="utf-8")
