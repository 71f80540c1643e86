"""How the checks in roots read what they see: a check that cannot fail would be none."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.matrix import __main__ as matrix
from tests.matrix import installs
from tests.matrix.checks import (
    CHECKS,
    OURS,
    REPOSITORY,
    bring_source_to,
    read_closing_line,
    run_suite,
)
from tests.matrix.leftovers import left_behind, listing
from tests.matrix.root import CheckFailed
from tests.matrix.session import words_of
from tests.support.tmux import Look, parse_capture


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("2961 passed, 45 skipped in 301.22s (0:05:01)", (2961, 0, 45)),
        ("3 failed, 2961 passed, 45 skipped, 2 warnings, 1 error in 9.10s", (2961, 4, 45)),
        ("=== 2 errors, 7 passed, 1 deselected in 1.00s ===", (7, 2, 0)),
        ("5 passed in 0.31s", (5, 0, 0)),
    ],
)
def test_pytests_closing_line_is_counted(line: str, counts: tuple[int, int, int]) -> None:
    assert read_closing_line(f"SKIPPED [1] 3 passed in the past\n{line}\nmake: *** [test] Error 1\n")[:3] == counts


@pytest.mark.parametrize("output", ["", "Killed\n", "no tests ran in 0.01s\n", "9 skipped in 0.10s\n"])
def test_a_suite_that_did_not_run_has_not_passed(output: str) -> None:
    with pytest.raises(CheckFailed):
        read_closing_line(output)


def test_the_packages_are_those_of_the_control_file() -> None:
    assert set(installs.run_time_packages()) == {
        *("python3-cryptography", "python3-msgpack", "python3-pexpect", "python3-pyte")
    }


def test_ours_are_those_of_the_control_file() -> None:
    control = (REPOSITORY / "packaging" / "debian" / "control").read_text()
    assert set(re.findall(r"^Package: (\S+)$", control, re.MULTILINE)) == OURS


def test_what_comes_goes_or_changes_is_left_behind_but_bookkeeping_is_not(tmp_path: Path) -> None:
    for name in ("usr/lib/mosh-py", "etc", "var/lib/dpkg", "var/log", "run/sshd"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "etc/services").write_text("x")
    (tmp_path / "etc/hosts").write_text("x")
    before = listing(tmp_path)
    assert left_behind(before, listing(tmp_path)) == []
    (tmp_path / "usr/lib/mosh-py/__pycache__").mkdir()
    (tmp_path / "etc/services").write_text("y")
    (tmp_path / "etc/hosts").unlink()
    (tmp_path / "tmp").symlink_to("/nowhere")
    (tmp_path / "var/lib/dpkg/status").write_text("x")
    (tmp_path / "var/log/dpkg.log").write_text("x")
    (tmp_path / "run/sshd.pid").write_text("x")
    assert left_behind(before, listing(tmp_path)) == [
        *("changed: /etc/services", "gone: /etc/hosts", "new: /tmp", "new: /usr/lib/mosh-py/__pycache__")
    ]


def test_a_word_has_a_colour_only_if_all_of_it_has() -> None:
    [row] = parse_capture("\x1b[31mred\x1b[39m  pa\x1b[31mrt\x1b[39m \x1b[1;44mbold\n")
    assert words_of(row) == {"red": Look(fg="1"), "bold": Look(bg="4", flags=frozenset({"bold"}))}


def test_every_check_is_in_the_matrix_and_every_root_builds_the_package() -> None:
    assert {check for checks in matrix.MATRIX.values() for check in checks} == CHECKS.keys()
    assert all("deb" in checks for checks in matrix.MATRIX.values())


def test_what_pip_and_pipx_keep_is_no_trace_of_ours_and_what_is_ours_is_one() -> None:
    kept = ["/home/tester/.cache/pip/http/1", "/home/tester/.local/share/pipx/shared/bin", "/home/tester/.local/bin"]
    ours = [
        *("/home/tester/.local/share/pipx/venvs/mosh-py/bin", "/home/tester/.local/bin/mosh"),
        *("/home/tester/.local/state/mosh-py", "/usr/share/man/man1/mosh.1"),
    ]
    assert [place for place in kept + ours if not installs.is_bookkeeping(place)] == ours


def test_the_source_that_a_root_gets_is_what_a_download_would_be(tmp_path: Path) -> None:
    bring_source_to(tmp_path / "source")
    top = {path.name for path in (tmp_path / "source").iterdir()}
    assert {"Makefile", "README.md", "packaging", "tests"} <= top
    assert not top & {".git", ".venv", "build"}


@pytest.mark.parametrize("arguments", [["--only", "fresh,debs"], ["woody"]])
def test_a_name_that_is_no_root_or_check_is_refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        matrix.main(arguments)
    assert end.value.code == 2
    assert f"no such root or check: {arguments[-1].split(',')[-1]}" in capsys.readouterr().err


def test_without_root_it_says_so_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert matrix.main(["--only", "deb", "bookworm"]) == 2
    assert capsys.readouterr().err == f"{matrix.why_not()}\n"


@pytest.mark.system
def test_it_needs_nothing_that_python_does_not_bring() -> None:
    """CI and a new machine run it before anything is installed."""
    words = [sys.executable, "-I", "-S", "-c", "import sys; sys.path.insert(0, '.'); import tests.matrix.__main__"]
    done = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


class RootWhere:
    """A root where the suite prints `output` and ends with an exit status other than 0."""

    def __init__(self, output: str) -> None:
        self._output = output

    def run_as_user(self, words: list[str], *, directory: Path) -> str:
        if "pytest" in words:
            raise CheckFailed("exit status 3", self._output)
        return "python 3"


def test_a_suite_that_fails_without_a_failed_test_has_not_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.matrix.checks.bring_source", lambda _root: None)
    words = ["python3", "-m", "pytest"]
    failed = RootWhere("1 failed, 7 passed in 1.00s\n")
    assert run_suite(failed, words, python="python3")[:3] == (7, 1, 0)  # type: ignore[arg-type]  # stands in for a Root
    with pytest.raises(CheckFailed, match="exit status 3"):
        run_suite(RootWhere("7 passed in 1.00s\n"), words, python="python3")  # type: ignore[arg-type]  # stands in for a Root
