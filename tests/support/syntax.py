"""Walks over syntax trees of our sources, for tests that read all of them: what ast has takes more than the parser."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

# A statement of ours has its line to itself (`ruff format`).
_IMPORT = re.compile(r"^([ \t]*)((?:from|import)\b[^\n(]*(?:\([^)]*\))?)", re.MULTILINE)
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield `tree` and all below it as ast.walk does, in another order and without contexts and operators."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for name in node._fields:
            value = getattr(node, name, None)
            if type(value) is list:
                waiting += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST) and value._fields:
                waiting.append(value)


def blocks(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements, handlers and cases within `node`: functions, classes and imports are nowhere else."""
    for name in _BLOCKS:
        value = getattr(node, name, ())
        if type(value) is list:  # of a lambda and of `a if b else c` it is an expression
            yield from value


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements below `tree`."""
    waiting = list(blocks(tree))
    while waiting:
        node = waiting.pop()
        yield node
        waiting += blocks(node)


def imports(source: str) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the import statements of a module, wherever they are, perhaps those of texts, without parsing the rest."""
    try:
        trees = [ast.parse(match[2]) for match in _IMPORT.finditer(source)]
    except SyntaxError:  # prose, or more than a pattern knows
        trees = [ast.parse(source)]
    for tree in trees:
        for node in statements(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node


def imports_in_blocks(source: str) -> bool:
    """Whether there may be an import statement that is not the module's own."""
    return any(match[1] for match in _IMPORT.finditer(source))
