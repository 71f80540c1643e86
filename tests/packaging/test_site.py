"""The pages of `make docs`: every document is in the menu, and links lead to pages of the site or are none."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

TOP = Path(__file__).parents[2]
sys.path.insert(0, str(TOP / "packaging" / "site"))

import conf  # noqa: E402  # it is no package
import stage  # noqa: E402  # the same


def test_every_page_is_in_the_menu_once() -> None:
    pages = {place.removesuffix(".md") for file in (TOP / "docs").rglob("*.md") if (place := stage.place_of(file))}
    listed = [page for pages in stage.MENU.values() for page in pages]
    assert sorted(listed) == sorted(set(listed))
    top = {name.removesuffix(".md") for name in stage.FROM_TOP.values()} - {"index"}
    assert set(listed) == top | {page for page in pages if not re.match(r"adr/\d", page)}


def test_an_option_keeps_its_two_hyphens() -> None:
    assert not set("dDi") & set(conf.smartquotes_action)  # those that make dashes of hyphens


@pytest.mark.parametrize(
    ("line", "there"),
    [
        (
            "see [the guide](guide.md) and [its part](guide.md#install)",
            "see [the guide](guide.md) and [its part](guide.md#install)",
        ),
        ("[what](../README.md#install), [adr](adr/)", "[what](index.md#install), [adr](adr/README.md)"),
        ("[the code](../server/mosh_server/cli.py)", "the code"),
        ("[that](https://mosh.org) and [here](#here)", "[that](https://mosh.org) and [here](#here)"),
        ("`[no](link.md)` stays", "`[no](link.md)` stays"),
        ("`[no](link.md)` stays, [one](../README.md) is", "`[no](link.md)` stays, [one](index.md) is"),
        ("``a`[no](../README.md)`` stays", "``a`[no](../README.md)`` stays"),
        ("see [the\nfirst page](../README.md#install)", "see [the\nfirst page](index.md#install)"),
        ("> see [the\n> first page](../README.md)", "> see [the\n> first page](index.md)"),
        ("[the\ncode](../server/mosh_server/cli.py)", "the\ncode"),
        ("`[no\nlink](../README.md)` stays", "`[no\nlink](../README.md)` stays"),
        ("one ` alone\n\n[there](../README.md) `", "one ` alone\n\n[there](index.md) `"),
        ("| a ` | b |\n| [c](../README.md) | ` |", "| a ` | b |\n| [c](index.md) | ` |"),
        ("```\n[no\nlink](../README.md)\n```", "```\n[no\nlink](../README.md)\n```"),
    ],
)
def test_links_hold_where_the_page_stands(line: str, there: str) -> None:
    wrong: list[str] = []
    assert stage.rewritten(line, TOP / "docs" / "faq.md", "faq.md", wrong) == f"{there}\n"
    assert wrong == []


def test_a_link_of_a_deeper_page_goes_up() -> None:
    page = TOP / "docs" / "adr" / "0001-rows-as-strings.md"
    assert stage.rewritten("[wire](../wire.md)", page, "adr/0001-rows-as-strings.md", []) == "[wire](../wire.md)\n"


def test_a_link_that_leads_nowhere_is_told_of() -> None:
    wrong: list[str] = []
    stage.rewritten("[gone](gone.md) and [broken\noff](off.md)", TOP / "docs" / "faq.md", "faq.md", wrong)
    assert wrong == ["docs/faq.md: gone.md", "docs/faq.md: off.md"]


def test_no_link_of_the_documents_leads_nowhere() -> None:
    wrong: list[str] = []
    for file in [*(TOP / "docs").rglob("*.md"), *(TOP / name for name in stage.FROM_TOP)]:
        place = stage.place_of(file)
        assert place is not None
        stage.rewritten(file.read_text(), file, place, wrong)
    assert wrong == []
