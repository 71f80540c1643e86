"""The import layers of the project hold for every module, as its syntax tree says."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = {
    "mosh_bootstrap": ROOT / "bootstrap",
    "mosh_client": ROOT / "client",
    "mosh_common": ROOT / "common",
    "mosh_server": ROOT / "server",
}

# What each layer may import of this project, by module prefix. The longest matching key rules.
BASE = {"mosh_common.errors", "mosh_common.clock", "mosh_common.protocol", "mosh_common.version"}
ALLOWED: dict[str, set[str]] = {
    "mosh_common.errors": set(),
    "mosh_common.clock": set(),
    "mosh_common.version": set(),
    "mosh_common.protocol": {"mosh_common.errors"},
    "mosh_common.connect_line": BASE | {"mosh_common.wire"},
    "mosh_common.wire": BASE | {"mosh_common.wire"},
    "mosh_common.terminal": BASE | {"mosh_common.wire", "mosh_common.terminal"},
    "mosh_common.sync": BASE | {"mosh_common.wire", "mosh_common.terminal", "mosh_common.sync"},
    "mosh_common.io": BASE | {"mosh_common.io"},
    "mosh_common": {"mosh_common"},
    "mosh_bootstrap": {"mosh_bootstrap", "mosh_common"},
    "mosh_client": {"mosh_client", "mosh_common"},
    "mosh_server": {"mosh_server", "mosh_common"},
}

# The core does no input or output and reads no clock.
CORE = ("mosh_common.protocol", "mosh_common.wire", "mosh_common.terminal", "mosh_common.sync")
FORBIDDEN_IN_CORE = {
    "asyncio", "fcntl", "multiprocessing", "os", "pty", "random", "secrets", "select", "selectors", "signal",
    "socket", "subprocess", "termios", "threading", "time", "tty",
}  # fmt: skip


def modules() -> dict[str, Path]:
    """Every module of the project by its dotted name; generated protobuf code is protoc's business."""
    found = {}
    for package, folder in FOLDERS.items():
        for path in (folder / package).rglob("*.py"):
            parts = path.relative_to(folder).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            if not path.name.endswith("_pb2.py"):
                found[name] = path
    return found


def imports_of(path: Path, name: str) -> set[str]:
    """Dotted names that the module imports anywhere, also inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name} uses a relative import"
            assert node.module is not None
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def within(name: str, prefixes: set[str]) -> bool:
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def layer_of(name: str) -> str:
    return max((key for key in ALLOWED if within(name, {key})), key=len)


@pytest.mark.parametrize("name", sorted(modules()))
def test_a_module_imports_only_lower_layers(name: str) -> None:
    ours = {imported for imported in imports_of(modules()[name], name) if within(imported, set(FOLDERS))}
    allowed = ALLOWED[layer_of(name)]
    # `from mosh_common import protocol` names the package and the module: the module is what counts.
    bare = {imported for imported in ours if imported == "mosh_common" or imported in FOLDERS}
    wrong = {imported for imported in ours - bare if not within(imported, allowed)}
    assert not wrong, f"{name} ({layer_of(name)}) must not import {sorted(wrong)}"


@pytest.mark.parametrize("name", sorted(name for name in modules() if within(name, set(CORE))))
def test_the_core_does_no_input_or_output(name: str) -> None:
    roots = {imported.split(".")[0] for imported in imports_of(modules()[name], name)}
    assert not roots & FORBIDDEN_IN_CORE, f"{name} imports {sorted(roots & FORBIDDEN_IN_CORE)}"


def test_importing_a_forbidden_layer_would_be_noticed(tmp_path: Path) -> None:
    source = tmp_path / "x.py"
    source.write_text("def f():\n    from mosh_client.ipc import framing\n")
    assert "mosh_client.ipc" in imports_of(source, "mosh_server.x")
    assert not within("mosh_client.ipc", ALLOWED[layer_of("mosh_server.x")])
