"""The RPM packages: what they say of each other, and, where rpmbuild is, what is in them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

import pytest
from tests.support.distributions import copy_of_source
from tests.support.programs import REPOSITORY

from mosh_common.version import MOSH_COMPATIBLE, VERSION

pytestmark = pytest.mark.once

RPM: Final = REPOSITORY / "packaging" / "rpm"
SPEC: Final = RPM / "mosh-py.spec"

# What packages of Fedora define, by hand: redhat-rpm-config, python3-rpm-macros, firewalld-filesystem.
BY_HAND: Final = {
    "__python3": "/usr/bin/python3",
    "firewalld_reload": "test -f /usr/bin/firewall-cmd && firewall-cmd --reload --quiet || :",
    "_binary_payload": "w1.gzdio",  # how small they are makes no difference here, and much of the time
    "__os_install_post": "bash /usr/lib/rpm/brp-compress",  # which is no sh, whatever it says
}

WHERE: Final = {
    "/usr/bin/mosh": "mosh-py",
    "/usr/bin/mosh-client": "mosh-py-client",
    "/usr/bin/mosh-server": "mosh-py-server",
    "/usr/lib/firewalld/services/mosh-py.xml": "mosh-py-server",
    "/usr/lib/mosh-py/mosh_bootstrap/cli.py": "mosh-py",
    "/usr/lib/mosh-py/mosh_bootstrap/launch.py": "mosh-py-common",
    "/usr/lib/mosh-py/mosh_client/cli.py": "mosh-py-client",
    "/usr/lib/mosh-py/mosh_common/version.py": "mosh-py-common",
    "/usr/lib/mosh-py/mosh_server/cli.py": "mosh-py-server",
    "/usr/share/bash-completion/completions/mosh": "mosh-py",
    "/usr/share/man/man1/mosh.1.gz": "mosh-py",
    "/usr/share/man/man1/mosh-client.1.gz": "mosh-py-client",
    "/usr/share/man/man1/mosh-server.1.gz": "mosh-py-server",
    "/usr/share/fish/vendor_completions.d/mosh.fish": "mosh-py",
    "/usr/share/zsh/site-functions/_mosh": "mosh-py",
}


def test_the_package_is_of_this_version() -> None:
    text = SPEC.read_text()
    assert re.search(rf"^Version: +{re.escape(VERSION)}$", text, re.MULTILINE)
    release = re.search(r"^Release: +(\d+)%", text, re.MULTILINE)
    assert release is not None
    assert re.search(rf"^%changelog\n\* .* - {re.escape(VERSION)}-{release[1]}$", text, re.MULTILINE)


def test_only_the_wrapper_is_mosh_and_nothing_of_ours_conflicts_with_it() -> None:
    parts = re.split(r"^%package ", SPEC.read_text(), flags=re.MULTILINE)
    stated = {
        part.split()[0]: re.findall(r"^(Provides|Conflicts): +(mosh\b.*)$", part, re.MULTILINE) for part in parts[1:]
    }
    provided = f"{MOSH_COMPATIBLE}-0"
    others = [("Conflicts", f"mosh < {provided}"), ("Conflicts", f"mosh > {provided}")]
    assert stated == {"client": others, "server": others, "common": []}
    assert f"\nProvides:       mosh = {provided}\n" in parts[0]


# --- where they can be built

# As far as it matters here.
FEDORAS_MOSH: Final = """\
Name: mosh
Version: 1.4.0
Release: 5
Summary: Mobile shell
License: GPL-3.0-or-later
BuildArch: noarch
%description
None.
%files
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the packages are, built from an archive of this source."""
    folder = tmp_path_factory.mktemp("rpm")
    name = f"mosh_py-{VERSION}"
    copy_of_source(folder / name, tests=False)
    with tarfile.open(folder / f"{name}.tar.gz", "w:gz", compresslevel=1) as archive:
        archive.add(folder / name, arcname=name)
    shutil.rmtree(folder / name)
    # Of what it must be built with, no package is in the database that it looks at.
    rpmbuild(folder, "-tb", "--nodeps", str(folder / f"{name}.tar.gz"))
    (folder / "mosh.spec").write_text(FEDORAS_MOSH)
    rpmbuild(folder, "-bb", str(folder / "mosh.spec"))
    return folder / "RPMS" / "noarch"


def rpmbuild(folder: Path, *words: str) -> None:
    macros = BY_HAND | {"_topdir": str(folder), "_dbpath": str(folder / "db")}
    defined = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    words = ("rpmbuild", *defined, *words)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def asked(package: Path, *words: str) -> list[str]:
    done = subprocess.run(["rpm", "-qp", *words, str(package)], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.system
@pytest.mark.requires_program("rpmbuild")
def test_each_file_is_in_one_package_and_nothing_that_does_not_belong(built: Path) -> None:
    lists = {re.sub(r"-[\d.]+-.*", "", path.name): asked(path, "--list") for path in built.glob("mosh-py-*.rpm")}
    assert sorted(lists) == ["mosh-py", "mosh-py-client", "mosh-py-common", "mosh-py-server"]
    for place, name in WHERE.items():
        assert [package for package, files in lists.items() if place in files] == [name]
    files = [place for places in lists.values() for place in places if "." in place.rpartition("/")[2]]
    assert len(set(files)) == len(files)
    assert [place for place in files if re.search(r"\.(sh|proto|pyi|typed)$", place)] == []


@pytest.mark.system
@pytest.mark.requires_program("rpmbuild")
def test_all_four_can_be_installed_together_and_none_that_has_a_program_beside_mosh(
    built: Path, tmp_path: Path
) -> None:
    root = ["rpm", "--root", str(tmp_path)]
    subprocess.run([*root, "--initdb"], check=True, capture_output=True)

    def complaints(*packages: Path) -> str:
        words = [*root, "--install", "--test", *map(str, packages)]
        return subprocess.run(words, capture_output=True, text=True, check=False).stderr

    ours = sorted(built.glob("mosh-py-*.rpm"))
    [mosh] = built.glob("mosh-1.4.0-*.rpm")
    assert " conflicts with " not in complaints(*ours)
    assert "mosh-py" not in re.sub(r"needed by \S+", "", complaints(*ours))  # of each other, they lack nothing
    for package in ours:
        has_program = "common" not in package.name
        assert (" conflicts with " in complaints(package, mosh)) == has_program


@pytest.mark.system
@pytest.mark.requires_program("rpmbuild")
def test_rpmlint_finds_nothing(built: Path) -> None:
    rpmlint = shutil.which("rpmlint") or shutil.which("rpmlint", path=str(Path(sys.executable).parent))
    if rpmlint is None:
        pytest.skip("not installed here: rpmlint")
    words = [rpmlint, "--strict", "--config", str(RPM / "rpmlint.toml"), str(SPEC)]
    done = subprocess.run([*words, *map(str, built.glob("mosh-py-*.rpm"))], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
