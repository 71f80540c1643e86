"""What runs in a session, as /proc says."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mosh_server.door.programs import PROGRAMS_LIMIT, Running, name_of, running


def process(proc: Path, pid: int, name: bytes, *, session: int, group: int, foreground: int) -> None:
    (proc / str(pid)).mkdir(exist_ok=True)
    line = b"%d (%s) S 1 %d %d 34816 %d 4194560 1 2 3\n" % (pid, name, group, session, foreground)
    (proc / str(pid) / "stat").write_bytes(line)


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "self").mkdir()
    (tmp_path / "meminfo").touch()
    process(tmp_path, 10, b"bash", session=10, group=10, foreground=12)
    (tmp_path / "10" / "cwd").symlink_to("/srv/work")
    process(tmp_path, 11, b"sleep", session=10, group=11, foreground=12)
    process(tmp_path, 12, b"make", session=10, group=12, foreground=12)
    process(tmp_path, 13, b"a) S 1 2 3 (b", session=10, group=12, foreground=12)
    process(tmp_path, 20, b"fish", session=20, group=20, foreground=20)
    process(tmp_path, 30, b"sshd", session=30, group=30, foreground=-1)
    (tmp_path / "40").mkdir()
    return tmp_path


def test_what_is_in_the_foreground_comes_first_and_the_shell_not_at_all(proc: Path) -> None:
    assert running({10, 20, 50}, proc=str(proc)) == {
        10: Running("/srv/work", ("make", "a) S 1 2 3 (b", "sleep")),
        20: Running(None, ()),
        50: Running(None, ()),
    }


def test_so_many_are_told_and_no_more(proc: Path) -> None:
    for pid in range(100, 100 + PROGRAMS_LIMIT):
        process(proc, pid, b"x", session=20, group=20, foreground=20)
    assert len(running({20}, proc=str(proc))[20].programs or ()) == PROGRAMS_LIMIT
    process(proc, 99, b"y", session=20, group=20, foreground=20)
    told = running({20}, proc=str(proc))[20].programs
    assert told is not None
    assert told == ("y", *"x" * (PROGRAMS_LIMIT - 1))


def test_without_proc_nothing_is_known(tmp_path: Path) -> None:
    assert running({10}, proc=str(tmp_path)) == {}
    assert name_of(10, proc=str(tmp_path)) is None


def test_a_process_has_a_name(proc: Path) -> None:
    assert name_of(11, proc=str(proc)) == "sleep"


@pytest.mark.requires_linux
def test_this_process_is_found() -> None:
    assert running({os.getsid(0)})[os.getsid(0)].programs is not None
    assert name_of(os.getpid())
