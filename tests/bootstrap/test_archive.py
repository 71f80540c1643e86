"""The archive that an installation makes of itself, however it is installed."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.support.programs import REPOSITORY

from mosh_bootstrap import archive

MODULES = {
    f"{package}/{path.relative_to(folder / package).as_posix()}"
    for package, folder in {name: REPOSITORY / name.removeprefix("mosh_") for name in archive.PACKAGES}.items()
    for path in (folder / package).rglob("*.py")
}
SCRIPT = (REPOSITORY / "bootstrap/mosh").read_text()
# Says what an archive of what runs there would be made of, and what the whole is like.
ASK = (
    "import hashlib; from mosh_bootstrap import archive; script, members = archive.of_this_installation();"
    " print(hashlib.sha256(archive.pack(archive.with_python(script, '/a/python'), members)).hexdigest())"
)


def digest_of(*folders: str | Path) -> str:
    """Return what ASK says where the packages are in `folders`, before all others."""
    words = [sys.executable, "-c", f"import sys; sys.path[:0] = {list(map(str, folders))!r}; {ASK}"]
    return subprocess.run(words, cwd="/", capture_output=True, text=True, check=True).stdout


def test_it_holds_all_modules_and_our_licence() -> None:
    script, members = archive.of_this_installation()
    assert script == SCRIPT
    assert set(members) >= MODULES
    assert {name.split("/")[0] for name in members} == {
        *("__main__.py", "LICENSES", *archive.PACKAGES, *archive.VENDORED),
    }
    assert members["LICENSES/mosh-py/LICENSE"] == (REPOSITORY / "LICENSE").read_bytes()


def test_the_same_members_make_the_same_octets_in_any_order() -> None:
    members = {"b": b"2", "a": b"1"}
    octets = archive.pack(SCRIPT, members)
    assert octets == archive.pack(SCRIPT, dict(reversed(members.items())))
    assert octets.startswith(b"#!/bin/sh\n")
    assert b"\narchive='yes' " in octets
    with zipfile.ZipFile(io.BytesIO(octets)) as packed:
        assert {name: packed.read(name) for name in packed.namelist()} == members


def test_a_python_is_written_into_the_script_instead_of_another() -> None:
    script = archive.with_python(archive.with_python(SCRIPT, "/usr/bin/python3"), "/opt/python@3.12/bin/python3")
    assert script.count("installed_python='") == SCRIPT.count("installed_python='")
    assert "\ninstalled_python='/opt/python@3.12/bin/python3'\n" in script


@pytest.mark.parametrize("name", ["python3", "", "/usr/bin/py'thon", "/usr/bin/$(id)", "/a b/python3", "/usr/bin/p\n"])
def test_a_python_with_an_odd_name_is_not_written_into_the_script(name: str) -> None:
    assert archive.with_python(SCRIPT, name) == SCRIPT


@pytest.mark.system
def test_an_archive_makes_the_same_archive_of_itself(tmp_path: Path) -> None:
    script, members = archive.of_this_installation()
    path = tmp_path / "mosh.pyz"
    octets = archive.pack(archive.with_python(script, "/other/python"), members | {"py399/small.pyc": b"byte code"})
    path.write_bytes(octets)
    folders = [REPOSITORY / name for name in ("bootstrap", "client", "common", "server")]
    assert digest_of(path) == digest_of(*folders)


@pytest.mark.system
@pytest.mark.requires_program("make")
def test_make_install_brings_what_an_archive_begins_with(tmp_path: Path) -> None:
    words = ["make", "install", f"PREFIX={tmp_path}", "COMPILE=no", f"PYTHON={sys.executable}"]
    subprocess.run(words, cwd=REPOSITORY, capture_output=True, check=True)
    folders = [REPOSITORY / name for name in ("bootstrap", "client", "common", "server")]
    assert digest_of(tmp_path / "lib/mosh-py") == digest_of(*folders)
