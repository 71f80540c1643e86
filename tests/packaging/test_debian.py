"""The Debian packages: what they say of each other, and, where Debian's tools are, what is in them."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.support.distributions import copy_of_source
from tests.support.programs import REPOSITORY

from mosh_common.version import MOSH_COMPATIBLE, VERSION

pytestmark = pytest.mark.once

DEBIAN: Final = REPOSITORY / "packaging" / "debian"
SCRIPTS: Final = ("server-alone", "session", "session-with-upstream")

# Which package has which program; all three start with launch.py.
WHERE: Final = {
    "/usr/bin/mosh": "mosh-py",
    "/usr/bin/mosh-client": "mosh-py-client",
    "/usr/bin/mosh-server": "mosh-py-server",
    "/usr/lib/mosh-py/mosh_bootstrap/cli.py": "mosh-py",
    "/usr/lib/mosh-py/mosh_bootstrap/launch.py": "mosh-py-common",
    "/usr/lib/mosh-py/mosh_client/cli.py": "mosh-py-client",
    "/usr/lib/mosh-py/mosh_common/version.py": "mosh-py-common",
    "/usr/lib/mosh-py/mosh_server/cli.py": "mosh-py-server",
    "/usr/share/man/man1/mosh.1.gz": "mosh-py",
    "/usr/share/man/man1/mosh-client.1.gz": "mosh-py-client",
    "/usr/share/man/man1/mosh-server.1.gz": "mosh-py-server",
    "/usr/share/bash-completion/completions/mosh": "mosh-py",
    "/usr/share/fish/vendor_completions.d/mosh.fish": "mosh-py",
    "/usr/share/zsh/vendor-completions/_mosh": "mosh-py",
    "/etc/ufw/applications.d/mosh-py": "mosh-py-server",
    "/usr/lib/firewalld/services/mosh-py.xml": "mosh-py-server",
}


def packages() -> dict[str, dict[str, list[str]]]:
    """The relations of each binary package, by its name and the field's."""
    text = re.sub(r"^#.*\n", "", (DEBIAN / "control").read_text(), flags=re.MULTILINE)
    found = {}
    for stanza in text.split("\n\n")[1:]:
        fields = dict(re.findall(r"^([A-Za-z-]+):(.*(?:\n .*)*)", stanza, re.MULTILINE))
        found[fields["Package"].strip()] = {
            name: [item.strip() for item in value.split(",")] for name, value in fields.items() if name != "Description"
        }
    return found


def test_the_package_is_of_this_version() -> None:
    assert re.match(rf"mosh-py \({re.escape(VERSION)}-\d+\) ", (DEBIAN / "changelog").read_text())


def test_only_the_wrapper_is_mosh_and_nothing_of_ours_conflicts_with_it() -> None:
    ours = packages()
    assert [name for name, fields in ours.items() if "Provides" in fields] == ["mosh-py"]
    assert ours["mosh-py"]["Provides"] == [f"mosh (= {MOSH_COMPATIBLE})"]
    for name in ("mosh-py-client", "mosh-py-server"):
        assert ours[name]["Conflicts"] == [f"mosh (<< {MOSH_COMPATIBLE})", f"mosh (>> {MOSH_COMPATIBLE})"]
        assert set(ours[name]["Conflicts"]) < set(ours[name]["Replaces"])


def test_what_took_files_of_the_single_package_says_so() -> None:
    ours = packages()
    before = "mosh-py (<< 0.1.0-1~)"  # whose version was 0.1.0
    assert all(
        before in ours[name]["Breaks"] and before in ours[name]["Replaces"] for name in ours.keys() - {"mosh-py"}
    )


def test_parts_are_of_one_build() -> None:
    for fields in packages().values():
        among_us = [item for item in fields["Depends"] if item.startswith("mosh-py")]
        assert all(item.endswith(" (= ${binary:Version})") for item in among_us)


def test_a_server_needs_nothing_of_the_clients() -> None:
    ours = packages()
    needed, waiting = set[str](), ["mosh-py-server"]
    while waiting:
        names = {item.split()[0] for item in ours.get(waiting.pop(), {}).get("Depends", [])}
        waiting += names - needed
        needed |= names
    assert {"mosh-py-common", "python3-cryptography", "python3-pyte"} <= needed
    assert not needed & {"mosh-py", "mosh-py-client", "python3-msgpack", "python3-pexpect"}


def test_every_autopkgtest_is_there_and_can_be_run() -> None:
    declared = re.findall(r"^Tests: (\S+)$", (DEBIAN / "tests" / "control").read_text(), re.MULTILINE)
    assert sorted(declared) == list(SCRIPTS)
    assert all(os.access(DEBIAN / "tests" / name, os.X_OK) for name in SCRIPTS)


# --- where they can be built


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where `make deb` in a copy of this source leaves the packages; tests/matrix/checks.py compares two builds."""
    source = copy_of_source(tmp_path_factory.mktemp("one") / "mosh-py", tests=False)
    # How small it is makes no difference here, and half of the time: dpkg-deb(1).
    compression = {"DPKG_DEB_COMPRESSOR_LEVEL": "0", "DPKG_DEB_THREADS_MAX": "1"}
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(source.parent), **compression}
    with (source.parent / "log").open("w+") as log:
        done = subprocess.run(
            ["make", "deb"], cwd=source, env=environment, umask=0o022, stdout=log, stderr=log, check=False
        )
        log.seek(0)
        assert done.returncode == 0, log.read()
    return source / "build" / "deb"


def contents(package: Path) -> Iterator[str]:
    """The paths of a package's files; folders are not among them."""
    done = subprocess.run(["dpkg-deb", "--fsys-tarfile", str(package)], capture_output=True, check=True)
    listed = subprocess.run(["tar", "--list"], input=done.stdout, capture_output=True, check=True)
    for line in listed.stdout.decode().splitlines():
        if not line.endswith("/"):
            yield line.removeprefix(".")


@pytest.mark.system
@pytest.mark.requires_program("dpkg-buildpackage", "dh", "dh_python3")
def test_each_file_is_in_one_package_and_nothing_that_does_not_belong(built: Path) -> None:
    owners = [(path, package.name.partition("_")[0]) for package in built.glob("*.deb") for path in contents(package)]
    assert len({name for _, name in owners}) == 4
    assert len({path for path, _ in owners}) == len(owners)
    assert {path: name for path, name in owners if path in WHERE} == WHERE
    others = re.compile(r"\.(sh|proto|pyi|pyc|typed)$|/(LICENSE|__pycache__)")
    assert [path for path, _ in owners if others.search(path)] == []


@pytest.mark.system
@pytest.mark.requires_program("dpkg-buildpackage", "dh", "dh_python3", "lintian")
def test_lintian_finds_nothing(built: Path) -> None:
    [changes] = built.glob("*.changes")
    # Of the packages it is overridden, with the reason; of a .changes nothing can be.
    words = [
        "lintian",
        "--allow-root",
        "--suppress-tags",
        "bogus-mail-host",
        "--display-info",
        "--pedantic",
        str(changes),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
