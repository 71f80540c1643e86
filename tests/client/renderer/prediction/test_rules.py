"""The code of the prediction engine quotes docs/prediction.md: each quotation stands there, each rule is quoted."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = next(folder for folder in Path(__file__).resolve().parents if (folder / "pyproject.toml").exists())
RENDERER = ROOT / "client/mosh_client/renderer"

PAGE = (ROOT / "docs/prediction.md").read_text()
RULES = PAGE[PAGE.index("## Keys") : PAGE.index("## Batches")]


def plain(text: str) -> str:
    """Without marks and line ends."""
    return " ".join(re.sub(r"[*`]", "", text).split())


def rules() -> list[str]:
    """Each sentence, or part of one at a semicolon, of the page's rules; of a table's rows each cell."""
    blocks: list[str] = []
    for block in re.split(r"\n(?=\n|- |\|)", RULES):
        if block.startswith("|"):
            cells = [cell.strip() for cell in block.strip("|").split(" | ")]
            blocks += [] if set(cells[0]) <= set("-|") or cells[-1] in ("rule", "what follows") else cells[1:]
        elif not block.strip().startswith("#"):
            blocks.append(block.strip().removeprefix("- "))
        elif "\n" in block.strip():
            blocks.append(block.strip().partition("\n")[2])
    return [rule.rstrip(".:;") for block in blocks for rule in re.split(r"(?<=[.;])\s", plain(block)) if len(rule) > 12]


def quotations() -> dict[str, str]:
    """What is quoted in comments that begin with a quotation mark, and in which file."""
    found: dict[str, str] = {}
    for path in sorted(RENDERER.rglob("*.py")):
        comments: list[str] = []
        last_line = 0
        for token in tokenize.generate_tokens(io.StringIO(path.read_text()).readline):
            if token.type == tokenize.COMMENT:
                text = token.string.removeprefix("#").strip()
                if token.start[0] == last_line + 1 and not token.line[: token.start[1]].strip():
                    comments[-1] += " " + text
                else:
                    comments.append(text)
                last_line = token.start[0]
        for comment in comments:
            if comment.startswith('"'):
                found |= dict.fromkeys(
                    [each.rstrip(".") for each in re.findall('"([^"]+ [^"]+)"', plain(comment))], path.name
                )
    return found


QUOTATIONS = quotations()


@pytest.mark.parametrize("quotation", QUOTATIONS)
def test_a_quotation_stands_on_the_page(quotation: str) -> None:
    assert quotation in plain(RULES), QUOTATIONS[quotation]


@pytest.mark.parametrize("rule", rules())
def test_a_rule_is_quoted_where_it_is_fulfilled(rule: str) -> None:
    assert any(quotation in rule or rule in quotation for quotation in QUOTATIONS)


def test_the_rules_are_found() -> None:
    assert len(rules()) > 50
