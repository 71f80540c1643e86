"""docs/troubleshooting.md has every sentence with which our programs tell that something is wrong, and no other.

Sentences are found where they are made: in what is raised for the user, reported, put into the bar or printed. A value
in one is a hole, which any words fill.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.programs import REPOSITORY
from tests.support.syntax import nodes

pytestmark = pytest.mark.once

PAGE = REPOSITORY / "docs" / "troubleshooting.md"
FOLDERS = [REPOSITORY / name for name in ("bootstrap", "client", "common", "server")]

# What makes a sentence for the user, by the name that is called.
CALLS = {
    *("UsageError", "EnvironmentFailure", "Dropped"),  # raised
    *("Report", "Notice", "hold", "say", "_say"),  # the client's last words, the bars, the session's screen
    "write",  # to standard error
    *("complaints.append", "_complain", "_tell_once"),  # the server's
    "fault",  # of mosh --doctor
    *("terminal.show", "how.tell"),  # where the user of `mosh` sits
}
LAST_NAMES = {name.rpartition(".")[2] for name in CALLS}
_CALLED = re.compile(rf"\b(?:{'|'.join(LAST_NAMES)})\s*\(")  # no other module can say anything, but of RESULTS
RESULTS = {
    "attempts.py",
    "reception.py",
    "notice.py",
    "parting.py",
    "greeting.py",
}  # where functions return sentences, and constants are some

# What is made like a sentence of trouble and needs no explanation, with the reason.
BEGINNING = "the beginning of any other"
NOT_TROUBLE = {
    "bootstrap/mosh_bootstrap/options.py": {"--fake-proxy needs a host and a port.": "an option for ourselves alone"},
    "client/mosh_client/cli.py": {"mosh-client: {}\n": BEGINNING},
    "client/mosh_client/network/process.py": {"mosh-client: {}": BEGINNING},
    "client/mosh_client/network/reception.py": {"mosh-client: {}": BEGINNING},
    "client/mosh_client/launcher/launcher.py": {"mosh-client: {}": BEGINNING},
    "common/mosh_common/wire/cipher.py": {
        "The Python package cryptography is not installed.": "the other way is tried then",
        "The OpenSSL of the Python package cryptography lacks AES-OCB.": "the same",
    },
    "common/mosh_common/examination.py": {"AES-OCB does not decrypt what it has encrypted.": "a line of --doctor"},
}
# Where UsageError and Dropped are about a contract between our own modules: a user who reads one has found a fault.
CONTRACTS = (
    *("common/mosh_common/wire/", "common/mosh_common/sync/", "client/mosh_client/ipc/"),
    "client/mosh_client/network/extensions.py",
)


class Sentence(NamedTuple):
    """What our programs say, "{}" for each hole."""

    text: str
    file: str
    line: int
    said_by: str  # the function that is called; "" = a module of `RESULTS`

    @property
    def is_for_users(self) -> bool:
        return not (self.file.startswith(CONTRACTS) and self.said_by in ("UsageError", "Dropped"))

    @property
    def pattern(self) -> re.Pattern[str]:
        """What matches its first paragraph on the page, with words for the holes."""
        return _pattern(self.text)


@cache  # more of them than `re` remembers, and each is looked for hundreds of times
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile("[^\n]+?".join(map(re.escape, _one_line(text).split("{}"))))


def _one_line(text: str) -> str:
    """Return the first paragraph in one line, with one kind of quotes; a list or a usage text may follow."""
    return re.sub(r"\s+", " ", re.split(r"\n\n|\n\{\}", text)[0]).strip().replace("`", "'")


def _template(node: ast.expr) -> str | None:
    """Return the text of a string expression, "{}" for what is put in; None where it is none."""
    if isinstance(node, ast.Constant):
        value = node.value.decode(errors="replace") if isinstance(node.value, bytes) else node.value
        return value if isinstance(value, str) else None
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) or "{}" if isinstance(part, ast.Constant) else "{}" for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod):
        left = _template(node.left)
        if left is None:
            return None
        return left.replace("%s", "{}") if isinstance(node.op, ast.Mod) else left + (_template(node.right) or "{}")
    if isinstance(node, ast.Subscript | ast.Attribute):
        return _template(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _template(node.func.value)  # "…".encode()
    return None


def _said(tree: ast.Module, *, results: bool) -> Iterator[tuple[str, int, str]]:
    for node in nodes(tree):
        called = ""
        if isinstance(node, ast.Call):
            last = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if last not in LAST_NAMES:
                continue
            called = ast.unparse(node.func)
            names = {called, called.rpartition(".")[2]}
            given = [*node.args, *(keyword.value for keyword in node.keywords)] if names & CALLS else []
        elif isinstance(node, ast.Return | ast.Assign) and results and node.value is not None:
            given = [node.value]
        else:
            continue
        for each in given:
            text = _template(each)
            if text is not None and " " in text.strip() and re.search("[a-z]{2}", text):
                yield text, node.lineno, called


@cache
def sentences() -> tuple[Sentence, ...]:
    found = []
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*.py")):
            name, source = str(path.relative_to(REPOSITORY)), path.read_text(encoding="utf-8")
            if path.name not in RESULTS and not _CALLED.search(source):
                continue
            for text, line, called in _said(ast.parse(source), results=path.name in RESULTS):
                if text not in NOT_TROUBLE.get(name, {}):
                    found.append(Sentence(text, name, line, called))
    wrapper = (REPOSITORY / "bootstrap" / "mosh").read_text(encoding="utf-8")
    for match in re.finditer(r'fail "([^"]+)"', wrapper):
        text = re.sub(r"\$\{[^}]*\}|\$\w+", "{}", match[1])
        found.append(Sentence(text, "bootstrap/mosh", wrapper.count("\n", 0, match.start()) + 1, "fail"))
    return tuple(found)


def named_on_the_page() -> list[str]:
    """Return the sentences that the page explains: between ** and one or two `, whatever backquotes are within."""
    found = re.findall(r"\*\*`(.+?)`\*\*", PAGE.read_text(encoding="utf-8"))
    return [_one_line(text.strip("`")) for text in found]


def test_every_sentence_is_explained() -> None:
    page = "\n".join(named_on_the_page())
    missing = [each for each in sentences() if each.is_for_users and not each.pattern.search(page)]
    assert not missing, "\n" + "\n".join(f"{each.file}:{each.line}: {each.text!r}" for each in missing)


@pytest.mark.parametrize("named", named_on_the_page())
def test_what_is_explained_is_said(named: str) -> None:
    assert any(each.pattern.search(named) for each in sentences()), "nobody says this any more"


@pytest.mark.parametrize(("file", "text"), [(file, text) for file, texts in NOT_TROUBLE.items() for text in texts])
def test_each_exception_is_still_said(file: str, text: str) -> None:
    tree = ast.parse((REPOSITORY / file).read_text(encoding="utf-8"))
    assert text in {said for said, _line, _called in _said(tree, results=Path(file).name in RESULTS)}
