"""Every regular expression of the product means the same on every Python that we support, and takes linear time.

CPython before 3.11.5 mismatches possessive groups whose contents give back what they took (docs/adr/0030-patterns.md);
what \\w, \\d and \\b mean for text, and which letters are the same but for their case, changes with Unicode's versions.
"""

from __future__ import annotations

import ast
import importlib
import re
import re._constants as sre  # type: ignore[import-not-found]  # the stubs have no private modules
import re._parser as sre_parser  # type: ignore[import-not-found]  # the stubs have no private modules
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from tests.support.programs import REPOSITORY
from tests.support.syntax import nodes

from mosh_common.terminal import width
from mosh_common.terminal.frame_diff import widths as display_widths

Pattern = re.Pattern[str] | re.Pattern[bytes]

PACKAGES: Final = {
    "bootstrap": "mosh_bootstrap",
    "client": "mosh_client",
    "common": "mosh_common",
    "server": "mosh_server",
}
# Where words are looked at as a person would, and no other program has to come to the same.
FOR_PEOPLE: Final = {"client/mosh_client/renderer/prediction/habits.py"}
FUNCTIONS: Final = {"compile", "search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn"}
USED: Final = re.compile(r"\bre\b")
# Functions that make a pattern from what they are given, and what they can make.
MADE: Final[dict[tuple[str, str], list[Pattern]]] = {
    ("mosh_common.terminal.width", "_all_runs"): [width._all_runs()],
    ("mosh_common.terminal.frame_diff.widths", "_patterns"): [
        pattern for strict in (False, True) for pattern in display_widths._patterns(strict) if pattern is not None
    ],
}


def modules() -> Iterator[tuple[str, Path]]:
    """Yield every module's name and file; not the generated ones, nor those that run when they are imported."""
    for folder, package in PACKAGES.items():
        for path in sorted((REPOSITORY / folder / package).rglob("*.py")):
            parts = path.relative_to(REPOSITORY / folder).with_suffix("").parts
            if "pb" not in parts and parts[-1] != "__main__":
                yield ".".join(parts).removesuffix(".__init__"), path


def patterns_of(name: str, path: Path) -> Iterator[tuple[str, Pattern]]:
    """Yield where a pattern is made and what it is, for each call of `re`; fails where that cannot be told."""
    text = path.read_text()
    if not USED.search(text):  # as most modules
        return
    tree = ast.parse(text)
    module: ModuleType | None = None
    making = {function for of_module, function in MADE if of_module == name}
    made = {
        node
        for function in (nodes(tree) if making else ())
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef) and function.name in making
        for node in nodes(function)
    }
    for node in nodes(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        if not (isinstance(node.func.value, ast.Name) and node.func.value.id == "re" and node.func.attr in FUNCTIONS):
            continue
        if node in made:
            continue
        module = module or importlib.import_module(name)
        flags = [keyword.value for keyword in node.keywords if keyword.arg == "flags"]
        if node.func.attr == "compile":
            flags += node.args[1:]
        words: list[Any] = [eval(ast.unparse(word), vars(module)) for word in [node.args[0], *flags]]
        yield f"{path.relative_to(REPOSITORY)}:{node.lineno}", re.compile(*words)


def all_patterns() -> Iterator[tuple[str, Pattern]]:
    """Yield where each pattern of the product is made and what it is."""
    for name, path in modules():
        yield from patterns_of(name, path)
    for (module, function), made in MADE.items():
        yield from ((f"{module}.{function}", pattern) for pattern in made)


def operations(parsed: Any, enclosing: tuple[Any, ...] = ()) -> Iterator[tuple[Any, Any, tuple[Any, ...]]]:
    """Yield each operation of a parsed pattern with its arguments and the unbounded repetitions around it."""
    for operation, arguments in parsed:
        yield operation, arguments, enclosing
        unbounded = operation in (sre.MAX_REPEAT, sre.MIN_REPEAT) and arguments[1] is sre.MAXREPEAT
        within = (*enclosing, arguments[2]) if unbounded else enclosing
        for part in subpatterns(arguments):
            yield from operations(part, within)


def subpatterns(arguments: Any) -> Iterator[Any]:
    """Yield the patterns among an operation's arguments."""
    if isinstance(arguments, sre_parser.SubPattern):
        yield arguments
    elif isinstance(arguments, tuple | list):
        for argument in arguments:
            yield from subpatterns(argument)


def faults(pattern: Pattern) -> list[str]:
    """Return what is wrong with a pattern."""
    found = []
    of_unicode = isinstance(pattern.pattern, str) and not pattern.flags & re.ASCII
    if of_unicode and pattern.flags & re.IGNORECASE:
        found.append("case by Unicode's tables")
    for operation, arguments, enclosing in operations(sre_parser.parse(pattern.pattern, pattern.flags)):
        if operation is sre.POSSESSIVE_REPEAT:
            found.append("possessive quantifier")
        if operation is sre.ATOMIC_GROUP:
            found.append("atomic group")
        if of_unicode and operation is sre.AT and arguments in (sre.AT_BOUNDARY, sre.AT_NON_BOUNDARY):
            found.append("word boundary by Unicode's tables")
        if of_unicode and operation is sre.IN:
            kinds = {value for kind, value in arguments if kind is sre.CATEGORY}
            if kinds - {sre.CATEGORY_SPACE, sre.CATEGORY_NOT_SPACE}:
                found.append("class by Unicode's tables")
        # (a*)* and the like: a text of n characters can be cut in 2^n ways. A fixed character that begins or ends each
        # round, as the ESC of a sequence does, leaves one way only.
        unbounded = operation in (sre.MAX_REPEAT, sre.MIN_REPEAT) and arguments[1] is sre.MAXREPEAT
        if unbounded and any(not is_delimited(body) for body in enclosing):
            found.append("unbounded repetition within another")
    return found


def is_delimited(body: Any) -> bool:
    """Return whether each round of a repetition begins or ends with one fixed character."""
    while len(body) == 1 and body[0][0] is sre.SUBPATTERN:
        body = body[0][1][3]
    return body[0][0] is sre.LITERAL or body[-1][0] is sre.LITERAL


def faults_of(place: str, pattern: Pattern) -> list[str]:
    """Return what is wrong with the pattern of that place; for people it may go by Unicode's tables."""
    by_tables = place.partition(":")[0] in FOR_PEOPLE
    return [fault for fault in faults(pattern) if not (by_tables and fault.endswith("Unicode's tables"))]


def test_each_pattern_means_the_same_everywhere_and_is_linear() -> None:
    found = list(all_patterns())  # here, not for parameters: each of xdist's workers would look for all of them
    assert len(found) > 30
    assert [f"{place}: {fault}" for place, pattern in found for fault in faults_of(place, pattern)] == []


@pytest.mark.parametrize(
    "text",
    ["a*+", "(?:ab?)++", "(?>ab)", "(?:a|b){2,3}+", r"\w", r"[\d]", r"a\b", "(?i)a", "(a*)*", "(?:x|a+)+"],
)
def test_what_would_be_wrong_is_found(text: str) -> None:
    assert faults(re.compile(text))


@pytest.mark.parametrize("text", ["a*b+", r"\s", "(?:\x1b[a-z]*)*", r"(?a)\d", "(?:a|b)*"])
def test_what_is_right_is_let_through(text: str) -> None:
    assert faults(re.compile(text)) == []
