"""Detaching: ssh lets go, and nothing that was inherited stays reachable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.support.programs import wait_until

pytestmark = pytest.mark.system

ROOT = Path(__file__).resolve().parents[3]

# What the detached process says about itself, into the file named by its argument.
_REPORT = """
import json, os, resource, signal, sys
from mosh_server.host import detach
detach.ensure_standard_descriptors()
kept, other = os.pipe()
os.set_inheritable(other, True)
pid = detach.detach()
if pid:
    print(pid)
    sys.exit(0)
detach.let_go(keep={kept}, verbose="-v" in sys.argv)
old = detach.forbid_core_dumps()
fds = {}
for fd in os.listdir("/proc/self/fd"):
    if os.path.exists(f"/proc/self/fd/{fd}"):  # not the listing's own, which is closed by now
        fds[fd] = os.readlink(f"/proc/self/fd/{fd}")
facts = {
    "pid": os.getpid(), "leader": os.getsid(0) == os.getpid(), "session": os.getsid(0), "parent": os.getppid(),
    "fds": fds,
    "kept": kept, "hup": signal.getsignal(signal.SIGHUP) == signal.SIG_IGN,
    "pipe": signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN,
    "core": resource.getrlimit(resource.RLIMIT_CORE)[0], "old_core": old,
}
with open(sys.argv[1] + ".new", "w") as file:
    json.dump(facts, file)
os.rename(sys.argv[1] + ".new", sys.argv[1])
"""


def report(tmp_path: Path, *arguments: str, before: str = "") -> tuple[dict[str, Any], str]:
    """Run the above; return what the detached process found and what the calling one printed."""
    result = tmp_path / "report"
    outcome = subprocess.run(
        [sys.executable, "-c", before + _REPORT, str(result), *arguments],
        env={"PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in ("common", "server"))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    # Reading to the end of its output does not wait for the detached process: it closed its copies.
    if "-v" not in arguments:
        wait_until(result.exists, "the detached process has found nothing")
    return json.loads(result.read_text()), outcome.stdout


def test_the_caller_learns_the_pid_of_the_detached_process(tmp_path: Path) -> None:
    facts, printed = report(tmp_path)
    assert int(printed) == facts["pid"]


def test_the_detached_process_is_in_a_session_of_its_own_without_leading_it(tmp_path: Path) -> None:
    facts, _ = report(tmp_path)
    assert facts["session"] != os.getsid(0)
    assert not facts["leader"]


def test_only_dev_null_and_what_was_to_be_kept_stay_open(tmp_path: Path) -> None:
    facts, _ = report(tmp_path)
    kept = str(facts["kept"])
    assert {fd: facts["fds"][fd] for fd in ("0", "1", "2")} == dict.fromkeys(("0", "1", "2"), "/dev/null")
    assert facts["fds"][kept].startswith("pipe:")
    assert set(facts["fds"]) == {"0", "1", "2", kept}


def test_verbose_keeps_the_standard_descriptors(tmp_path: Path) -> None:
    facts, _ = report(tmp_path, "-v")
    assert facts["fds"]["1"].startswith("pipe:")
    assert set(facts["fds"]) == {"0", "1", "2", str(facts["kept"])}


def test_the_end_of_the_login_session_is_survived(tmp_path: Path) -> None:
    facts, _ = report(tmp_path)
    assert facts["hup"]
    assert facts["pipe"]


def test_no_core_dump_can_hold_the_key(tmp_path: Path) -> None:
    facts, _ = report(tmp_path)
    assert facts["core"] == 0


def test_closed_standard_descriptors_are_never_given_to_something_else(tmp_path: Path) -> None:
    facts, _ = report(tmp_path, before="import os; os.close(0)\n")
    assert facts["fds"]["0"] == "/dev/null"
    assert facts["kept"] > 2
