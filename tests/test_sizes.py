"""No class, function or file of the product grows beyond what a reader holds in mind.

A file has at most MOST_LINES lines; a function as many as a screen shows, its docstring included; a class so many
methods, and so many attributes: what its methods set on `self` and the fields that it declares. Generated code is not
ours to shape.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest
from tests.support.programs import REPOSITORY
from tests.support.syntax import blocks, nodes

pytestmark = pytest.mark.once

MOST = {"lines of a file": 400, "lines": 50, "methods": 25, "attributes": 20}

# What may be larger, and why; whoever makes one smaller takes it out.
EXCEPTIONS: dict[str, str] = {
    "bootstrap/mosh_bootstrap/options.py: Options: attributes": "one for each option of the command line",
}

FILES = sorted(
    path
    for folder in ("bootstrap", "client", "common", "server")
    for path in (REPOSITORY / folder).rglob("*.py")
    if not path.name.endswith("_pb2.py")
)


def sizes(source: str) -> Iterator[tuple[str, int]]:
    """Yield what of a module is measured, by its name and kind, with its size."""
    yield "lines of a file", source.count("\n")
    yield from _sizes_within(ast.parse(source), ())


def _sizes_within(node: ast.AST, names: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    for child in blocks(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            name = ".".join((*names, child.name))
            yield f"{name}: lines", (child.end_lineno or child.lineno) - child.lineno + 1
            yield from _sizes_within(child, (*names, child.name))
        elif isinstance(child, ast.ClassDef):
            name = ".".join((*names, child.name))
            yield f"{name}: methods", sum(isinstance(member, ast.FunctionDef) for member in child.body)
            yield f"{name}: attributes", len(_attributes(child))
            yield from _sizes_within(child, (*names, child.name))
        else:
            yield from _sizes_within(child, names)


def _attributes(node: ast.ClassDef) -> set[str]:
    declared = {
        member.target.id
        for member in node.body
        if isinstance(member, ast.AnnAssign) and isinstance(member.target, ast.Name)
    }
    return declared | {
        each.attr
        for each in nodes(node)
        if isinstance(each, ast.Attribute)
        and isinstance(each.ctx, ast.Store)
        and isinstance(each.value, ast.Name)
        and each.value.id == "self"
    }


def too_large(source: str) -> dict[str, int]:
    """Return what of a module is larger than it may be."""
    return {what: size for what, size in sizes(source) if size > MOST[what.rpartition(": ")[2]]}


def test_only_the_exceptions_are_larger() -> None:
    found = {
        f"{path.relative_to(REPOSITORY)}: {what}": size
        for path in FILES
        for what, size in too_large(path.read_text(encoding="utf-8")).items()
    }
    assert {what: size for what, size in found.items() if what not in EXCEPTIONS} == {}
    assert EXCEPTIONS.keys() - found.keys() == set(), "no longer exceptions: take them out"


def test_what_is_counted_is_what_is_there() -> None:
    source = (
        "class A:\n"
        "    field: int\n"
        "    def f(self):\n"
        "        self.x = self.y = self.field\n"
        "        other.z = 1\n"
        "    def g(self): ...\n"
    )
    assert dict(sizes(source)) == {
        "lines of a file": 6,
        "A: methods": 2,
        "A: attributes": 3,
        "A.f: lines": 3,
        "A.g: lines": 1,
    }


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("\n" * 401, "lines of a file"),
        ("def f():\n" + "    pass\n" * 50, "f: lines"),
        ("class A:\n" + "".join(f"    def f{n}(self): ...\n" for n in range(26)), "A: methods"),
        ("class A:\n" + "".join(f"    a{n}: int\n" for n in range(21)), "A: attributes"),
    ],
)
def test_one_too_many_is_found(source: str, what: str) -> None:
    assert set(too_large(source)) == {what}
    without_one = source[: source.rstrip("\n").rfind("\n") + 1] if source.strip() else source[:-1]
    assert not too_large(without_one)
