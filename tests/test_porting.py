"""docs/porting.md names modules that exist, and each that asks which system it runs on or reads what only Linux has."""

from __future__ import annotations

import re

import pytest
from tests.support.programs import REPOSITORY

pytestmark = pytest.mark.once

PACKAGES = {
    "bootstrap": REPOSITORY / "bootstrap/mosh_bootstrap",
    "client": REPOSITORY / "client/mosh_client",
    "common": REPOSITORY / "common/mosh_common",
    "server": REPOSITORY / "server/mosh_server",
}
SYSTEM_SPECIFIC = re.compile(r"\bsys\.platform\b|\"/proc/|\bimport (ctypes|fcntl|resource)\b")
# Says for others what this machine is; nothing becomes of it.
NAMED_BY_OTHERS = {"client: confinement/system_calls", "client: confinement/libc"}


def modules_named() -> list[str]:
    """Return the modules in the first column of the tables, each with its package."""
    named = []
    for row in re.findall(r"^\| (`\w+: [^|]+) \|", (REPOSITORY / "docs/porting.md").read_text(), re.MULTILINE):
        first, *more = re.findall("`([^`]+)`", row)
        package = first.partition(": ")[0]
        named += [first, *(f"{package}: {name}" for name in more)]
    return named


@pytest.mark.parametrize("name", sorted(set(modules_named())))
def test_what_is_named_exists(name: str) -> None:
    package, _, module = name.partition(": ")
    assert (PACKAGES[package] / f"{module}.py").is_file() or (PACKAGES[package] / module).is_dir()


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_what_depends_on_the_system_is_named(package: str) -> None:
    specific = {
        f"{package}: {path.relative_to(PACKAGES[package]).with_suffix('')}"
        for path in PACKAGES[package].rglob("*.py")
        if SYSTEM_SPECIFIC.search(path.read_text(encoding="utf-8"))
    }
    assert specific - NAMED_BY_OTHERS <= set(modules_named())
