"""What is kept of a host without a server is a line of a file that only its user may have written."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from mosh_bootstrap.kept_answers import KeptAnswers


def answers(folder: Path) -> KeptAnswers:
    return KeptAnswers.of({"XDG_STATE_HOME": str(folder), "HOME": "/nowhere"})


def test_nothing_is_kept_at_first(tmp_path: Path) -> None:
    assert answers(tmp_path).get("host") is None
    assert os.listdir(tmp_path) == []


def test_an_answer_is_kept_for_its_host_alone_and_the_last_one_counts(tmp_path: Path) -> None:
    assert answers(tmp_path).keep("me@host", "ssh") == ""
    assert answers(tmp_path).keep("other", "fail") == ""
    assert [answers(tmp_path).get(host) for host in ("me@host", "host", "other")] == ["ssh", None, "fail"]
    answers(tmp_path).keep("me@host", "fail")
    assert Path(answers(tmp_path).path).read_text() == "other fail\nme@host fail\n"
    assert stat.S_IMODE(os.stat(answers(tmp_path).path).st_mode) == 0o600
    assert os.listdir(tmp_path / "mosh-py") == ["no-server"]


def test_it_is_below_the_home_where_nothing_else_is_said() -> None:
    for state in ("", "relative"):
        path = KeptAnswers.of({"XDG_STATE_HOME": state, "HOME": "/home/me"}).path
        assert path == "/home/me/.local/state/mosh-py/no-server"


@pytest.mark.parametrize(
    "text", ["", "\n\n", "host", "host install", "host ssh more", "\udcff ssh\n\x00 ssh", "x" * 10**6]
)
def test_lines_that_say_nothing_are_passed_over_and_kept(tmp_path: Path, text: str) -> None:
    path = Path(answers(tmp_path).path)
    path.parent.mkdir()
    path.write_text(text, errors="surrogateescape")
    path.chmod(0o600)
    assert answers(tmp_path).get("host") is None
    assert answers(tmp_path).keep("host", "ssh") == ""
    assert answers(tmp_path).get("host") == "ssh"


def test_answers_that_others_may_have_written_are_not_believed(tmp_path: Path) -> None:
    answers(tmp_path).keep("host", "ssh")
    path = Path(answers(tmp_path).path)
    path.chmod(0o620)
    assert answers(tmp_path).get("host") is None
    path.chmod(0o600)
    assert answers(tmp_path).get("host") == "ssh"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert answers(tmp_path).get("host") is None
    path.unlink()
    os.mkfifo(path, mode=0o600)
    assert answers(tmp_path).get("host") is None  # and nobody waits


def test_the_file_does_not_grow_for_ever(tmp_path: Path) -> None:
    path = Path(answers(tmp_path).path)
    path.parent.mkdir()
    path.write_text("".join(f"host{number} ssh\n" for number in range(600)))
    path.chmod(0o600)
    answers(tmp_path).keep("newest", "ssh")
    lines = path.read_text().splitlines()
    assert (len(lines), lines[-1], lines[-2]) == (500, "newest ssh", "host599 ssh")


def test_why_an_answer_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "mosh-py").write_text("")
    assert answers(tmp_path).keep("host", "ssh") != ""
    assert (tmp_path / "mosh-py").read_text() == ""
