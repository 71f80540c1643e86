"""utmp's helper is called as utempter wants it, in order, with the pty as its standard input."""

from __future__ import annotations

import os
import syslog
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.programs import wait_until

from mosh_server.host import accounting
from mosh_server.host.accounting import Accounting, Utmp

pytestmark = pytest.mark.system

HELPER = """#!/bin/sh
echo "$* $(readlink /proc/$$/fd/0) $(readlink /proc/$$/fd/1)" >>"$(dirname "$0")/calls"
"""


@pytest.fixture
def pty_master() -> Iterator[int]:
    master, slave = os.openpty()
    yield master
    os.close(master)
    os.close(slave)


@pytest.fixture
def helper(tmp_path: Path) -> Path:
    """A stand-in for utempter that writes down how it was called."""
    path = tmp_path / "utempter"
    path.write_text(HELPER)
    path.chmod(0o755)
    return path


def calls(helper: Path) -> list[str]:
    return (helper.parent / "calls").read_text().splitlines()


def test_the_entry_follows_the_client(pty_master: int, helper: Path) -> None:
    utmp = Utmp(pty_master, helpers=["/no/such/helper", str(helper)])
    utmp.set_host("mosh [7]")
    utmp.set_host("192.0.2.1 via mosh [7]")
    utmp.remove()
    utmp.wait()
    on_the_pty = "/dev/ptmx /dev/ptmx"
    assert [call.replace("/dev/pts/ptmx", "/dev/ptmx") for call in calls(helper)] == [
        f"add mosh [7] {on_the_pty}",
        f"del {on_the_pty}",
        f"add 192.0.2.1 via mosh [7] {on_the_pty}",
        f"del {on_the_pty}",
    ]


def test_an_entry_is_removed_once(pty_master: int, helper: Path) -> None:
    utmp = Utmp(pty_master, helpers=[str(helper)])
    utmp.remove()
    utmp.set_host("h")
    utmp.remove()
    utmp.remove()
    utmp.wait()
    assert [call.split()[0] for call in calls(helper)] == ["add", "del"]


def test_a_machine_without_the_helper_has_sessions_all_the_same(pty_master: int) -> None:
    utmp = Utmp(pty_master, helpers=["/no/such/helper"])
    utmp.set_host("h")
    utmp.remove()
    utmp.wait()


def test_a_helper_that_cannot_be_run_is_not_tried_again(pty_master: int, tmp_path: Path) -> None:
    broken = tmp_path / "utempter"
    broken.write_text("")  # executable, but in no format that the system knows
    broken.chmod(0o755)
    utmp = Utmp(pty_master, helpers=[str(broken)])
    utmp.set_host("h")
    utmp.remove()
    utmp.wait()


def is_defunct(pid: int) -> bool:
    """Whether the process has ended and waits to be reaped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.requires_linux
def test_a_helper_that_has_ended_is_reaped_and_one_that_runs_not_waited_for(
    pty_master: int, helper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = helper.parent
    helper.write_text(
        f"#!/bin/sh\necho $$ >{folder}/pid.new; mv {folder}/pid.new {folder}/pid\n"
        f"until [ -e {folder}/go ]; do sleep 0.02; done\n"
    )
    monkeypatch.setattr(accounting.Utmp.__init__, "__kwdefaults__", {"helpers": [str(helper)]})
    books = Accounting(user="ada", pid=7)
    books.reap()  # nothing was started
    books.begin(pty_master)
    pid = int(
        wait_until(lambda: (folder / "pid").read_text() if (folder / "pid").exists() else "", "the helper is not there")
    )
    books.reap()
    assert not is_defunct(pid)
    (folder / "go").touch()
    wait_until(lambda: is_defunct(pid), "the helper has not ended")
    books.reap()
    assert not Path(f"/proc/{pid}").exists()
    books.reap()
    books.end()


def test_each_coming_and_going_has_its_line_and_its_entry(
    pty_master: int, helper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[str] = []
    monkeypatch.setattr(syslog, "syslog", lambda _priority, line: lines.append(line))
    books = Accounting(user="ann", pid=7)
    books._utmp = Utmp(pty_master, helpers=[str(helper)])
    books.connected("192.0.2.1")
    books.attached("192.0.2.2")
    books.detached(asked=True)
    books.attached("192.0.2.1")
    books.detached()
    books.end()
    assert lines == [
        "user ann: connection from 192.0.2.1",
        "user ann: attached from 192.0.2.2",
        "user ann: detached",
        "user ann: attached from 192.0.2.1",
        "user ann: connection lost",
        "user ann: session end",
    ]
    added = [call.partition(" /")[0] for call in calls(helper) if call.startswith("add")]
    assert added == [
        "add 192.0.2.1 via mosh [7]",
        "add 192.0.2.2 via mosh [7]",
        "add mosh [7]",
        "add 192.0.2.1 via mosh [7]",
        "add mosh [7]",
    ]
