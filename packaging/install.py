"""`make install` and `make uninstall`: what goes where, in one table, for the whole or for a part of it.

    python3 install.py install|uninstall PART… NAME=VALUE…

PART is "docs" or a key of PACKAGES, NAME a folder of Folders, or DESTDIR, COMPILE, RUN_PYTHON; the Makefile says what
each means. Needs Python 3.11 and no package. The byte code is this Python's, is never held against its source again,
and names the files as they will be called, so that two builds are the same wherever they were made.
"""

from __future__ import annotations

import compileall
import os
import py_compile
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from source import ROOT, filled

PACKAGES: Final = {
    "common": "common/mosh_common",
    "client": "client/mosh_client",
    "server": "server/mosh_server",
    "mosh": "bootstrap/mosh_bootstrap",
}
PROGRAMS: Final = {"client": "mosh-client", "server": "mosh-server", "mosh": "mosh"}
# All three programs start with it, so it belongs to what they share: bootstrap/mosh
LAUNCHER: Final = "bootstrap/mosh_bootstrap/launch.py"

# Folders that are everybody's: an uninstallation leaves them, though they may be empty.
_COMMON_PREFIXES: Final = ("/usr", "/usr/local")
_COMMON_BELOW: Final = ("bin", "lib", "share", "share/man")


class Folders(NamedTuple):
    """Where things go, as absolute paths on the machine that is installed to. An empty one: not at all."""

    PREFIX: str
    BINDIR: str
    LIBDIR: str  # our packages; nobody else's Python finds them there
    MANDIR: str
    DOCDIR: str
    BASHDIR: str
    ZSHDIR: str
    FISHDIR: str
    UFWDIR: str
    FIREWALLDDIR: str


class Item(NamedTuple):
    """One file of an installation."""

    source: Path
    target: str
    how: str  # "copy", "page": fill in date and version, "program": fill in where the packages are, make executable


def items(part: str, folders: Folders) -> Iterator[Item]:
    """Yield the files of a part, without byte code."""
    if part == "docs":
        for name in ("README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE"):
            yield Item(ROOT / name, f"{folders.DOCDIR}/{name}", "copy")
        for path in sorted((ROOT / "docs").rglob("*")):
            if path.suffix in (".md", ".svg"):
                yield Item(path, f"{folders.DOCDIR}/{path.relative_to(ROOT)}", "copy")
        return
    package = ROOT / PACKAGES[part]
    launcher = ROOT / LAUNCHER
    modules = [path for path in sorted(package.rglob("*.py")) if path != launcher]
    if part == "common":
        modules.append(launcher)
    for path in modules:
        yield Item(path, f"{folders.LIBDIR}/{'/'.join(path.relative_to(ROOT).parts[1:])}", "copy")
    if part == "mosh":  # an archive begins with it: archive.py
        yield Item(ROOT / "bootstrap/mosh", f"{folders.LIBDIR}/mosh_bootstrap/mosh.script", "copy")
    if part in PROGRAMS:
        name = PROGRAMS[part]
        yield Item(ROOT / "bootstrap/mosh", f"{folders.BINDIR}/{name}", "program")
        yield Item(ROOT / f"man/{name}.1", f"{folders.MANDIR}/{name}.1", "page")
    yield from _beside(part, folders)


def _beside(part: str, folders: Folders) -> Iterator[Item]:
    """Yield what shells and firewalls read."""
    found = []
    if part == "mosh":
        completions = ROOT / "packaging/completions"
        found += [
            (completions / "mosh.bash", folders.BASHDIR, "mosh"),
            (completions / "_mosh", folders.ZSHDIR, "_mosh"),
            (completions / "mosh.fish", folders.FISHDIR, "mosh.fish"),
        ]
    elif part == "server":
        # Not "mosh": that is upstream's profile and firewalld's own service.
        found += [
            (ROOT / "packaging/ufw/mosh", folders.UFWDIR, "mosh-py"),
            (ROOT / "packaging/firewalld/mosh-py.xml", folders.FIREWALLDDIR, "mosh-py.xml"),
        ]
    for source, folder, name in found:
        if folder:
            yield Item(source, f"{folder}/{name}", "copy")


def install(parts: Iterable[str], folders: Folders, destination: str, *, compiled: bool, run_python: str) -> None:
    """Install `parts` below `destination`, over an older installation if there is one."""
    for part in parts:
        wanted = list(items(part, folders))
        for item in wanted:
            _put(item, destination + item.target, folders, run_python)
        if part not in PACKAGES:
            continue
        package = f"{destination}{folders.LIBDIR}/{Path(PACKAGES[part]).name}"
        _remove_others(package, {destination + item.target for item in wanted} | {_launcher(folders, destination)})
        if compiled and not compileall.compile_dir(
            package,
            quiet=1,
            stripdir=destination or None,
            prependdir="/" if destination else None,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        ):
            raise SystemExit(f"Cannot compile {package} with {sys.executable}")


def uninstall(parts: Iterable[str], folders: Folders, destination: str) -> None:
    """Remove `parts`, with what Pythons have left beside them, and the folders that are empty then."""
    for part in parts:
        emptied = set()
        for item in items(part, folders):
            target = Path(destination + item.target)
            target.unlink(missing_ok=True)
            emptied.add(target.parent)
        if part in PACKAGES:
            package = Path(f"{destination}{folders.LIBDIR}/{Path(PACKAGES[part]).name}")
            _remove_others(str(package), {_launcher(folders, destination)} if part != "common" else set())
            emptied.add(package)
        for folder in sorted(emptied, key=lambda path: len(path.parts), reverse=True):
            _remove_empty(folder, folders, destination)


def _put(item: Item, target: str, folders: Folders, run_python: str) -> None:
    """Write a file whole or not at all: a session that runs may read the older one at this moment."""
    os.makedirs(os.path.dirname(target), exist_ok=True)
    new = f"{target}.new"
    if item.how == "copy":
        shutil.copyfile(item.source, new)
    else:
        text = item.source.read_text(encoding="utf-8")
        if item.how == "program":
            text = text.replace("@LIBDIR@", folders.LIBDIR)
            text = text.replace("@PYTHON@", run_python) if run_python else text
        else:
            text = filled(text)
        Path(new).write_text(text, encoding="utf-8")
    os.chmod(new, 0o755 if item.how == "program" else 0o644)
    os.replace(new, target)


def _launcher(folders: Folders, destination: str) -> str:
    return f"{destination}{folders.LIBDIR}/{'/'.join(Path(LAUNCHER).parts[1:])}"


def _remove_others(package: str, keep: set[str]) -> None:
    """Remove what is in `package` but `keep`: byte code, and modules of an older version."""
    for folder, _folders, names in os.walk(package, topdown=False):
        for name in names:
            if f"{folder}/{name}" not in keep:
                os.unlink(f"{folder}/{name}")
        if not os.listdir(folder):
            os.rmdir(folder)


def _remove_empty(folder: Path, folders: Folders, destination: str) -> None:
    """Remove `folder` and those above it, as far as they are empty and not everybody's."""
    stay = {destination or "/", *(f"{destination}/{name.split('/')[1]}" for name in folders if name)}  # /etc, /opt …
    if folders.PREFIX in _COMMON_PREFIXES or folders.PREFIX.endswith("/.local"):
        prefix = destination + folders.PREFIX
        stay |= {prefix, *(f"{prefix}/{name}" for name in _COMMON_BELOW)}
    else:
        stay.add(destination + os.path.dirname(folders.PREFIX))
    while str(folder) not in stay and folder != folder.parent:
        if folder.is_dir():
            if any(folder.iterdir()):
                return
            folder.rmdir()
        folder = folder.parent


def main(words: list[str]) -> int:
    """Do what the Makefile asks for."""
    if sys.version_info < (3, 11):  # noqa: UP036  # whoever builds may have an older one
        sys.stderr.write("mosh-py needs Python 3.11 or later; name one with: make PYTHON=/path/to/python3\n")
        return 1
    settings = dict(word.split("=", 1) for word in words if "=" in word)
    what, *parts = [word for word in words if "=" not in word]
    folders = Folders(**{name: settings.get(name, "").rstrip("/") for name in Folders._fields})
    for name, value in folders._asdict().items():
        if not value.startswith("/") and (value or name not in ("UFWDIR", "FIREWALLDDIR")):
            sys.stderr.write(f"{name} must be absolute, not {value}\n")
            return 1
    os.umask(0o022)
    destination = os.path.abspath(settings["DESTDIR"]) if settings.get("DESTDIR", "").rstrip("/") else ""
    if what == "uninstall":
        uninstall(parts, folders, destination)
    else:
        compiled = settings.get("COMPILE", "yes") == "yes"
        install(parts, folders, destination, compiled=compiled, run_python=settings.get("RUN_PYTHON", ""))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
