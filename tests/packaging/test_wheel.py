"""The wheels, of the whole and of the server alone: what is in them, and that the same source gives the same file."""

from __future__ import annotations

import email
import email.message
import importlib.util
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from tests.packaging.conftest import Distributions
from tests.support.distributions import needs_setuptools
from tests.support.programs import REPOSITORY

from mosh_bootstrap.handoff import find_client
from mosh_common.errors import EnvironmentFailure
from mosh_common.version import VERSION

pytestmark = [pytest.mark.system, needs_setuptools]

WHOLE = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
SERVER = tomllib.loads((REPOSITORY / "packaging/server/pyproject.toml").read_text())
ONLY_CLIENT = {"msgpack", "pexpect"}


@pytest.fixture
def whole(distributions: Distributions) -> Path:
    return distributions.whole


@pytest.fixture
def server(distributions: Distributions) -> Path:
    return distributions.server


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def metadata(wheel: Path) -> email.message.Message:
    [text] = [content for name, content in contents(wheel).items() if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(text)


def requirements(wheel: Path) -> set[str]:
    lines = metadata(wheel).get_all("Requires-Dist") or []
    return {re.split(r"[^A-Za-z0-9-]", line)[0] for line in lines if "extra ==" not in line}


def modules(*folders: str) -> set[str]:
    """Return the modules of those folders of the source, as a wheel names them."""
    return {
        str(path.relative_to(REPOSITORY / folder)) for folder in folders for path in (REPOSITORY / folder).rglob("*.py")
    }


def test_every_module_is_in_it_and_no_other(whole: Path, server: Path) -> None:
    for wheel, folders in ((whole, ("bootstrap", "client", "common", "server")), (server, ("common", "server"))):
        assert {name for name in contents(wheel) if name.endswith(".py")} == modules(*folders)


def test_beside_modules_it_has_what_type_checkers_read_and_what_an_archive_begins_with(whole: Path) -> None:
    others = {name for name in contents(whole) if name.startswith("mosh_") and not name.endswith(".py")}
    ours = {name for name in others if not name.startswith("mosh_py-")}
    packages = ("mosh_bootstrap", "mosh_client", "mosh_common", "mosh_server")
    assert {f"{package}/py.typed" for package in packages} <= ours
    assert {name for name in ours if not name.endswith(("/py.typed", ".pyi"))} == {"mosh_bootstrap/mosh.script"}
    assert contents(whole)["mosh_bootstrap/mosh.script"] == (REPOSITORY / "bootstrap/mosh").read_bytes()


def test_manual_pages_and_completions_are_where_pipx_and_shells_look(whole: Path, server: Path) -> None:
    def shared(wheel: Path) -> set[str]:
        return {name.partition(".data/data/share/")[2] for name in contents(wheel) if ".data/data/" in name}

    assert shared(whole) == {
        *("man/man1/mosh.1", "man/man1/mosh-client.1", "man/man1/mosh-server.1"),
        *("bash-completion/completions/mosh", "zsh/site-functions/_mosh", "fish/vendor_completions.d/mosh.fish"),
    }
    assert shared(server) == {"man/man1/mosh-server.1"}


def test_no_place_is_left_to_be_filled_in(whole: Path) -> None:
    pages = {name: text.decode() for name, text in contents(whole).items() if name.endswith(".1")}
    assert len(pages) == 3
    assert [name for name, text in pages.items() if re.search(r"@[A-Z]+@", text)] == []


def test_version_and_programs_are_said(whole: Path, server: Path) -> None:
    for wheel, programs in ((whole, {"mosh", "mosh-client", "mosh-server"}), (server, {"mosh-server"})):
        assert metadata(wheel)["Version"] == VERSION
        scripts = {
            name.partition("/scripts/")[2]: text for name, text in contents(wheel).items() if "/scripts/" in name
        }
        assert set(scripts) == programs
        script = (REPOSITORY / "packaging/program.sh").read_text()
        packages = {"mosh": "mosh_bootstrap", "mosh-client": "mosh_client", "mosh-server": "mosh_server"}
        assert {name: text.decode() for name, text in scripts.items()} == {
            name: script.replace("@PACKAGE@", packages[name]) for name in programs
        }
        assert not any(name.endswith("entry_points.txt") for name in contents(wheel))


def test_what_is_in_the_sdist_gives_the_same_elsewhere_whatever_time_umask_and_older_build(
    whole: Path, server: Path, built_again: Distributions
) -> None:
    for first, second in ((whole, built_again.whole), (server, built_again.server)):
        assert second.name == first.name
        assert second.read_bytes() == first.read_bytes()


# --- the server alone


def test_the_server_alone_asks_for_nothing_of_the_client(whole: Path, server: Path) -> None:
    assert requirements(server) == requirements(whole) - ONLY_CLIENT
    assert set(metadata(server).get_all("Requires-Dist") or []) < set(metadata(whole).get_all("Requires-Dist") or [])


@pytest.mark.parametrize("key", ["authors", "keywords", "license", "license-files", "requires-python"])
def test_what_both_say_of_themselves_is_the_same(key: str) -> None:
    assert SERVER["project"][key] == WHOLE["project"][key]


def test_what_both_hold_is_the_same(whole: Path, server: Path) -> None:
    alone, all_of_it = contents(server), contents(whole)
    assert {name: text for name, text in alone.items() if name.startswith(("mosh_common/", "mosh_server/"))} == {
        name: text for name, text in all_of_it.items() if name.startswith(("mosh_common/", "mosh_server/"))
    }


def test_every_module_of_the_server_alone_can_be_imported_without_the_clients_packages(
    server: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(server) as archive:
        archive.extractall(tmp_path)
    program = (
        "import sys, pkgutil, importlib, mosh_common, mosh_server\n"
        "sys.modules.update(dict.fromkeys(('msgpack', 'pexpect', 'ptyprocess', 'mosh_client', 'mosh_bootstrap')))\n"
        "for package in (mosh_common, mosh_server):\n"
        "    assert package.__file__.startswith(sys.argv[1]), package\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if not module.name.endswith('__main__'): importlib.import_module(module.name)\n"
    )
    words = [sys.executable, "-c", program, str(tmp_path)]
    done = subprocess.run(words, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_mosh_says_what_is_missing_before_anybody_types_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "msgpack", None)  # which find_spec() takes as: not installed
    with pytest.raises(EnvironmentFailure, match=r"lacks the package msgpack, which mosh-client needs; install it"):
        find_client("", own_path="mosh")


# --- what an index asks for


@pytest.mark.skipif(importlib.util.find_spec("twine") is None, reason="twine is not installed")
def test_twine_has_nothing_to_say(whole: Path, server: Path) -> None:
    words = [sys.executable, "-m", "twine", "check", "--strict", str(whole), str(server)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(
    importlib.util.find_spec("check_wheel_contents") is None, reason="check-wheel-contents is not installed"
)
def test_check_wheel_contents_has_nothing_to_say(whole: Path, server: Path) -> None:
    for wheel, folder in ((whole, REPOSITORY), (server, REPOSITORY / "packaging/server")):
        words = [sys.executable, "-m", "check_wheel_contents", str(wheel)]
        done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
