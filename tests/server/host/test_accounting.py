"""utmp's helper is called as utempter wants it, in order, with the pty as its standard input."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mosh_server.host.accounting import Utmp

pytestmark = pytest.mark.system

HELPER = """#!/bin/sh
echo "$* $(readlink /proc/$$/fd/0) $(readlink /proc/$$/fd/1)" >>"$(dirname "$0")/calls"
"""


@pytest.fixture
def pty_master():
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


def test_the_entry_follows_the_client(pty_master, helper):
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


def test_an_entry_is_removed_once(pty_master, helper):
    utmp = Utmp(pty_master, helpers=[str(helper)])
    utmp.remove()
    utmp.set_host("h")
    utmp.remove()
    utmp.remove()
    utmp.wait()
    assert [call.split()[0] for call in calls(helper)] == ["add", "del"]


def test_a_machine_without_the_helper_has_sessions_all_the_same(pty_master):
    utmp = Utmp(pty_master, helpers=["/no/such/helper"])
    utmp.set_host("h")
    utmp.remove()
    utmp.wait()


def test_a_helper_that_cannot_be_run_is_not_tried_again(pty_master, tmp_path):
    broken = tmp_path / "utempter"
    broken.write_text("")  # executable, but in no format that the system knows
    broken.chmod(0o755)
    utmp = Utmp(pty_master, helpers=[str(broken)])
    utmp.set_host("h")
    utmp.remove()
    utmp.wait()
