"""`make install` and `make uninstall`: what goes where, the same each time, and nothing left."""

from __future__ import annotations

import importlib.util
import marshal
import os
import re
import subprocess
import sys
from collections.abc import Set
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from tests.support.distributions import SOME_TIME
from tests.support.programs import REPOSITORY

from mosh_common.protocol import PORT_RANGE

pytestmark = [pytest.mark.system, pytest.mark.requires_program("make")]

PACKAGES = {
    "common": "common/mosh_common",
    "client": "client/mosh_client",
    "server": "server/mosh_server",
    "mosh": "bootstrap/mosh_bootstrap",
}
BESIDE = {
    *("bin/mosh", "bin/mosh-client", "bin/mosh-server"),
    *("share/man/man1/mosh.1", "share/man/man1/mosh-client.1", "share/man/man1/mosh-server.1"),
    "share/bash-completion/completions/mosh",
    "share/zsh/site-functions/_mosh",
    "share/fish/vendor_completions.d/mosh.fish",
    "lib/mosh-py/mosh_bootstrap/mosh.script",
}
FIREWALLS = {"/etc/ufw/applications.d/mosh-py", "/usr/lib/firewalld/services/mosh-py.xml"}


def make(*words: str) -> subprocess.CompletedProcess[str]:
    """Run make, and not as a part of the one that may run the tests."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(
        ["make", *words, f"PYTHON={sys.executable}"],
        cwd=REPOSITORY,
        env={**inherited, "SOURCE_DATE_EPOCH": str(SOME_TIME)},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )


def files(root: Path) -> dict[str, bytes]:
    """Return the files below `root` by their paths as seen from there."""
    return {"/" + str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A system that has been installed to as a package's build does it."""
    folder = tmp_path_factory.mktemp("root")
    make("install", f"DESTDIR={folder}", "PREFIX=/usr")
    return folder


def test_everything_that_belongs_is_there_and_nothing_else(root: Path) -> None:
    modules = {
        f"/usr/lib/mosh-py/{path.relative_to((REPOSITORY / package).parent)}"
        for package in PACKAGES.values()
        for path in (REPOSITORY / package).rglob("*.py")
    }
    found = set(files(root))
    documentation = {name for name in found if name.startswith("/usr/share/doc/mosh-py/")}
    compiled = {name for name in found if name.endswith(".pyc")}
    assert found - documentation - compiled == modules | {f"/usr/{name}" for name in BESIDE} | FIREWALLS
    assert {f"/usr/share/doc/mosh-py/{name}" for name in ("LICENSE", "README.md", "docs/security.md")} <= documentation


def test_only_the_programs_are_executable_and_all_can_be_read(root: Path) -> None:
    modes = {path: path.stat().st_mode & 0o777 for path in root.rglob("*")}
    assert set(modes.values()) == {0o644, 0o755}
    executable = {path.name for path, mode in modes.items() if path.is_file() and mode & 0o111}
    assert executable == {"mosh", "mosh-client", "mosh-server"}


def test_every_module_is_compiled_for_the_place_where_it_will_be(root: Path) -> None:
    modules = list((root / "usr/lib/mosh-py").rglob("*.py"))
    assert modules
    for path in modules:
        content = Path(importlib.util.cache_from_source(str(path))).read_bytes()
        assert int.from_bytes(content[4:8], "little") == 0b01, "not held against its source, which has a time"
        assert marshal.loads(content[16:]).co_filename == f"/{path.relative_to(root)}"


def test_another_place_and_time_give_the_same(root: Path, tmp_path: Path) -> None:
    make("install", f"DESTDIR={tmp_path}/with spaces/", "PREFIX=/usr")
    assert files(tmp_path / "with spaces") == files(root)


def test_the_parts_together_are_the_whole_and_share_nothing(root: Path, tmp_path: Path) -> None:
    parts = {}
    for part in ("common", "client", "server", "mosh", "docs"):
        make(f"install-{part}", f"DESTDIR={tmp_path / part}", "PREFIX=/usr", "COMPILE=no")
        parts[part] = set(files(tmp_path / part))
    assert set.union(*parts.values()) == {name for name in files(root) if not name.endswith(".pyc")}
    assert sum(map(len, parts.values())) == len(set.union(*parts.values()))
    assert parts["server"] >= {"/usr/bin/mosh-server", *FIREWALLS}
    assert "/usr/lib/mosh-py/mosh_bootstrap/launch.py" in parts["common"]


def test_the_pages_have_their_date_and_version(root: Path) -> None:
    for name in ("mosh", "mosh-client", "mosh-server"):
        page = (root / f"usr/share/man/man1/{name}.1").read_text()
        assert not re.search(r"@[A-Z]+@", page)


class AtHome(NamedTuple):
    """An installation of a user's own, and what was below the user's home before anything of it was run."""

    prefix: Path
    files: Set[str]


@pytest.fixture(scope="module")
def at_home(tmp_path_factory: pytest.TempPathFactory) -> AtHome:
    """Without byte code, and for one Python."""
    home = tmp_path_factory.mktemp("home")
    make("install", f"PREFIX={home}/.local", "COMPILE=no", f"RUN_PYTHON={sys.executable}")
    return AtHome(home / ".local", files(home).keys())


def test_byte_code_can_be_left_out(at_home: AtHome) -> None:
    assert "/.local/lib/mosh-py/mosh_server/cli.py" in at_home.files
    assert not [name for name in at_home.files if name.endswith(".pyc")]


def test_it_runs_where_it_is_on_the_python_that_was_fixed(at_home: AtHome) -> None:
    for name in ("mosh", "mosh-client", "mosh-server"):
        program = at_home.prefix / "bin" / name
        assert f"installed_python='{sys.executable}'\n" in program.read_text()
        done = subprocess.run(
            [program, "--help"],
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout.startswith(f"Usage: {name} "), done.stderr


def test_below_a_home_no_firewall_is_told(at_home: AtHome) -> None:
    assert {"/".join(name.split("/")[:3]) for name in at_home.files} == {
        f"/.local/{name}" for name in ("bin", "lib", "share")
    }


@pytest.mark.parametrize("prefix", ["/usr", "/usr/local", "/opt/mosh", "/home/me/.local"])
def test_an_uninstallation_leaves_what_was_there_before(prefix: str, tmp_path: Path) -> None:
    (tmp_path / "usr/local/bin").mkdir(parents=True)
    (tmp_path / "usr/local/bin/other").write_text("")
    make("install", f"DESTDIR={tmp_path}", f"PREFIX={prefix}", "COMPILE=no")
    cache = tmp_path / f"{prefix[1:]}/lib/mosh-py/mosh_common/__pycache__"
    cache.mkdir()
    (cache / "errors.cpython-399.pyc").write_bytes(b"of another Python")
    make("uninstall", f"DESTDIR={tmp_path}", f"PREFIX={prefix}")
    assert set(files(tmp_path)) == {"/usr/local/bin/other"}
    # Of folders only those that are everybody's.
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_dir()}
    shared = (
        {f"{prefix[1:]}/{name}" for name in ("bin", "lib", "share", "share/man")} if prefix != "/opt/mosh" else set()
    )
    above = {str(folder) for folder in Path(prefix[1:]).parents} | {prefix[1:]} if shared else {"opt"}
    assert left <= {"usr", "usr/local", "usr/local/bin", "etc"} | shared | above


def test_a_module_that_a_newer_version_has_not_goes_with_the_older(tmp_path: Path) -> None:
    make("install-server", f"DESTDIR={tmp_path}", "COMPILE=no")
    folder = tmp_path / "usr/local/lib/mosh-py/mosh_server"
    (folder / "gone").mkdir()
    (folder / "gone" / "old.py").write_text("")
    make("install-server", f"DESTDIR={tmp_path}", "COMPILE=no")
    assert not (folder / "gone").exists()
    assert (folder / "cli.py").is_file()


@pytest.mark.parametrize(("target", "fetched"), [("demo", "/run-time.txt"), ("test", "'.[dev]'")])
def test_only_the_tests_fetch_developers_tools(target: str, fetched: str, tmp_path: Path) -> None:
    said = make("--dry-run", target, f"VENV={tmp_path}/.venv").stdout
    [line] = [line for line in said.splitlines() if "pip install" in line]
    assert line.endswith(fetched)


def test_firewalld_opens_the_ports_that_a_server_takes() -> None:
    service = ElementTree.parse(REPOSITORY / "packaging/firewalld/mosh-py.xml").getroot()
    [port] = service.findall("port")
    assert port.attrib == {"protocol": "udp", "port": "{}-{}".format(*PORT_RANGE)}
