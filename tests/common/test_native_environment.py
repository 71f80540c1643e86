"""The locale variables are passed on as the user has set them, whatever Python makes of them for itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.support.programs import SOURCE_FOLDERS

from mosh_common.native_environment import native_environment


@pytest.fixture
def initial(tmp_path: Path) -> Path:
    """The environment block of a process that was given no locale."""
    path = tmp_path / "environ"
    path.write_bytes(b"PATH=/bin\0")
    return path


def test_what_python_added_to_the_environment_is_taken_out_again(initial: Path) -> None:
    environ = {"LC_CTYPE": "C.UTF-8", "PATH": "/bin"}
    assert native_environment(environ, initial=str(initial)) == {"PATH": "/bin"}
    assert native_environment(environ, initial="/no/such/file") == {"PATH": "/bin"}


@pytest.mark.parametrize("given", ["C", "xx_XX.UTF-8", "C.UTF-8"])
def test_what_stood_in_its_place_is_put_back(initial: Path, given: str) -> None:
    initial.write_bytes(f"LANG=C\0LC_CTYPE={given}\0PATH=/bin\0".encode())
    environ = {"LANG": "C", "LC_CTYPE": "C.UTF-8", "PATH": "/bin"}
    assert native_environment(environ, initial=str(initial)) == environ | {"LC_CTYPE": given}


@pytest.mark.parametrize(
    "environ",
    [
        {"LC_CTYPE": "de_DE.UTF-8"},
        {"LC_CTYPE": "C.UTF-8", "LC_ALL": "C"},
    ],
)
def test_what_is_not_python_s_is_left_alone(initial: Path, environ: dict[str, str]) -> None:
    assert native_environment(environ, initial=str(initial)) == environ


def test_where_the_system_does_not_tell_a_locale_beside_it_speaks_for_the_user() -> None:
    environ = {"LC_CTYPE": "C.UTF-8", "LANG": "de_DE.UTF-8"}
    assert native_environment(environ, initial="/no/such/file") == environ


@pytest.mark.system
@pytest.mark.requires_linux
@pytest.mark.parametrize(
    "given",
    [
        {},
        {"LANG": "xx_XX.UTF-8"},
        {"LANG": "C"},
        {"LC_CTYPE": "C"},
        {"LC_CTYPE": "POSIX", "LC_TIME": "C"},
        {"LC_CTYPE": "xx_XX.UTF-8"},
        {"LC_CTYPE": "C.UTF-8", "LANG": "C"},
        {"LC_ALL": "", "LC_CTYPE": ""},
        {"LC_ALL": "C"},
    ],
    ids=str,
)
def test_a_real_python_passes_on_what_it_was_given(given: dict[str, str]) -> None:
    program = (
        "import os; from mosh_common.native_environment import native_environment as n;"
        "print(sorted((k, v) for k, v in n(os.environ).items() if k.startswith(('LC_', 'LANG'))))"
    )
    done = subprocess.run(
        [sys.executable, "-P", "-c", program],
        env={"PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS), **given},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(sorted(given.items()))


@pytest.mark.system
def test_it_imports_nothing_that_a_start_has_not_imported_already() -> None:
    program = (
        "import sys, __future__; before = set(sys.modules); sys.path.insert(0, sys.argv[1]);"
        "import mosh_common.native_environment; print(sorted(set(sys.modules) - before))"
    )
    common = next(folder for folder in SOURCE_FOLDERS if folder.endswith("common"))
    done = subprocess.run([sys.executable, "-I", "-c", program, common], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['mosh_common', 'mosh_common.native_environment']"
