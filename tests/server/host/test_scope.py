"""A server outlives the login where logind would end it, with stand-ins for busctl and systemd-run.

The stand-ins write down how they were called; what the real ones do no test machine of ours can show: it would have to
be booted by systemd.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.programs import SOURCE_FOLDERS, process

from mosh_server.host import scope

pytestmark = [pytest.mark.system, pytest.mark.requires_linux]

# The server with another root for the system's files, as the stand-ins have made it.
SERVER = """\
import os, sys
from mosh_server import cli
from mosh_server.host import scope
from mosh_server.host.helper import Helper
root = os.environ["TEST_ROOT"]
ask_logind, keep_from_logout = scope.ask_logind, scope.keep_from_logout
scope.ask_logind = lambda environ: ask_logind(environ, root=root)
scope.keep_from_logout = lambda question, environ: keep_from_logout(question, environ, root=root)
# A busy machine is not one on which nobody answers.
for function in (Helper.answer, scope.start_in_scope):
    function.__kwdefaults__["patience_s"] = 60.0
sys.exit(cli.main())
"""
USER = scope.user_name()
PATIENCE_S = 60


class Machine:
    """A machine whose logind says what the test wants, and a user who logs in there."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.programs = folder / "bin"
        self.home = folder / "home"
        self.calls = folder / "calls"
        for made in (self.root / "run/systemd/system", self.root / "proc/self", self.programs, self.home):
            made.mkdir(parents=True)
        self.set_cgroup("0::/user.slice/user-1000.slice/session-3.scope")
        self.script = folder / "server.py"
        self.script.write_text(SERVER)
        self.servers: list[int] = []
        self.set_logind("b true")
        self.set_runner('while [ "${1#--}" != "$1" ]; do shift; done; INVOCATION_ID=7 exec "$@"')

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>{shlex.quote(str(self.calls))}\n{text}\n')
        path.chmod(0o755)

    def set_logind(self, *lines: str) -> None:
        """What busctl answers."""
        self.program("busctl", "\n".join(f"echo {shlex.quote(line)}" for line in lines))

    def set_runner(self, text: str) -> None:
        """What systemd-run does."""
        self.program("systemd-run", text)

    def set_cgroup(self, text: str) -> None:
        (self.root / "proc/self/cgroup").write_text(f"{text}\n")

    def linger(self) -> None:
        folder = self.root / "var/lib/systemd/linger"
        folder.mkdir(parents=True)
        (folder / USER).touch()

    def start(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `mosh-server new` there."""
        done = subprocess.run(
            [sys.executable, "-P", str(self.script), "new", "-i", "127.0.0.1", "-p", "0", *words],
            env={
                "PATH": f"{self.programs}:{os.environ['PATH']}",
                "PYTHONPATH": os.pathsep.join(SOURCE_FOLDERS),
                "TEST_ROOT": str(self.root),
                "HOME": str(self.home),
                "LANG": "C.UTF-8",
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        self.servers += [int(pid) for pid in re.findall(r"detached, pid = (\d+)", done.stderr)]
        return done

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    somewhere = Machine(tmp_path)
    yield somewhere
    for pid in somewhere.servers:
        try:
            process(pid).end()
        except AssertionError:
            pass  # it has ended by itself


def assert_one_session(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("MOSH CONNECT ") == 1
    assert done.stderr.count("detached, pid = ") == 1


ASKED = (
    "busctl get-property org.freedesktop.login1 /org/freedesktop/login1 org.freedesktop.login1.Manager"
    " KillUserProcesses KillExcludeUsers KillOnlyUsers"
)
KEPT = "type `loginctl enable-linger` there once"


def test_where_logind_ends_nothing_it_is_asked_once_and_that_is_all(machine: Machine) -> None:
    machine.set_logind("b false", 'as 1 "root"', "as 0")
    done = machine.start()
    assert_one_session(done)
    assert machine.called() == [ASKED]
    assert "enable-linger" not in done.stderr


def test_where_logind_ends_what_is_left_the_server_runs_in_a_scope(machine: Machine) -> None:
    machine.linger()
    done = machine.start("--", "true", "it's  here")
    assert_one_session(done)
    asked, ran = machine.called()
    assert asked == ASKED
    assert ran.startswith("systemd-run --user --scope --quiet ")
    assert ran.endswith(f"{machine.script} new -i 127.0.0.1 -p 0 -- true it's  here")
    assert done.stderr.startswith("\nmosh-server (mosh-py ")  # not a word more than elsewhere


def test_who_does_not_linger_is_told_once_on_each_machine(machine: Machine) -> None:
    first, second = machine.start(), machine.start()
    assert_one_session(first)
    assert_one_session(second)
    assert first.stderr.startswith(f"mosh-server: {os.uname().nodename} ends what its users have started")
    assert KEPT in first.stderr.partition("\n")[0]
    assert KEPT not in second.stderr
    assert len([call for call in machine.called() if call.startswith("systemd-run")]) == 2
    [told] = (machine.home / ".local/state/mosh-server").iterdir()
    assert told.name == f"told-of-logout.{os.uname().nodename}"


def test_who_cannot_keep_a_note_of_it_is_told_each_time(machine: Machine) -> None:
    (machine.home / ".local").touch()
    assert KEPT in machine.start().stderr
    assert KEPT in machine.start().stderr


@pytest.mark.parametrize(
    "runner",
    ["echo 'Failed to connect to bus: No medium found' >&2; exit 1", "kill -9 $$", "", None],
    ids=["no manager", "killed", "no program", "not installed"],
)
def test_without_a_manager_the_session_starts_all_the_same(machine: Machine, runner: str | None) -> None:
    machine.linger()
    if runner is None:
        (machine.programs / "systemd-run").unlink()
        # The machine that tests may have one.
        machine.script.write_text(f"import os; os.environ['PATH'] = {str(machine.programs)!r}\n{SERVER}")
    elif not runner:
        (machine.programs / "systemd-run").write_text("")  # executable, but in no format that the system knows
    else:
        machine.set_runner(runner)
    done = machine.start()
    assert_one_session(done)
    assert (
        f"`systemd-run --user --scope` fails there; ask its administrator for KillExcludeUsers={USER}." in done.stderr
    )
    assert "Failed to connect" not in done.stderr


def test_a_manager_that_does_not_answer_is_not_waited_for(machine: Machine) -> None:
    machine.linger()
    machine.set_runner("exec sleep 600")
    machine.script.write_text(
        SERVER.replace("sys.exit", "scope.start_in_scope.__kwdefaults__['patience_s'] = 0.2\nsys.exit")
    )
    assert_one_session(machine.start())


def test_a_runner_that_hands_on_no_descriptors_starts_one_server_too(machine: Machine) -> None:
    machine.linger()
    machine.set_runner(
        'while [ "${1#--}" != "$1" ]; do shift; done\n'
        f'exec {sys.executable} -c "import os, sys; os.closerange(3, 99); os.execv(sys.argv[1], sys.argv[1:])" "$@"'
    )
    done = machine.start()
    assert done.returncode == 0
    assert done.stdout.count("MOSH CONNECT ") == 1
    assert len([call for call in machine.called() if call.startswith("busctl")]) == 1


def test_a_server_that_fails_in_its_scope_is_not_started_twice(machine: Machine) -> None:
    machine.linger()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as holder:
        holder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        holder.bind(("::", 0))
        done = machine.start("-i", "::", "-p", str(holder.getsockname()[1]))
    assert done.returncode == 1
    assert done.stderr.count("Cannot bind UDP port") == 1
    assert done.stdout == ""


def test_the_session_finds_nothing_of_it_in_its_environment(machine: Machine) -> None:
    machine.linger()
    machine.script.write_text(
        SERVER.replace("sys.exit(cli.main())", "")
        + "from mosh_server import process\n"
        + "process.run = lambda **given: print(sorted(given['environment'])) or 0\n"
        + "from mosh_server.host import detach\n"
        + "detach.detach = lambda: 0\ndetach.let_go = lambda **_kept: None\n"
        + "sys.exit(cli.main())\n"
    )
    done = machine.start()
    assert done.returncode == 0, done.stderr
    assert "'HOME'" in done.stdout
    assert scope.MARK not in done.stdout
    assert "INVOCATION_ID" not in done.stdout


@pytest.mark.parametrize(
    "cgroup",
    [
        "0::/user.slice/user-1000.slice/user@1000.service/app.slice/run-r7.scope",
        "0::/system.slice/ssh.service",
    ],
)
def test_a_server_that_is_part_of_no_login_asks_nobody(machine: Machine, cgroup: str) -> None:
    machine.set_cgroup(cgroup)
    assert_one_session(machine.start())
    assert machine.called() == []


def test_a_machine_that_systemd_has_not_booted_is_not_asked(machine: Machine) -> None:
    (machine.root / "run/systemd/system").rmdir()
    assert_one_session(machine.start())
    assert machine.called() == []


@pytest.mark.parametrize(
    ("answer", "user", "ends"),
    [
        ("b true\n", "ada", True),
        ("b true\n", "root", True),
        ("b false\n", "ada", False),
        ("", "ada", False),
        ('b true\nas 1 "root"\nas 0\n', "ada", True),
        ('b true\nas 1 "root"\nas 0\n', "root", False),
        ("b true\nas 0\nas 0\n", "root", False),  # logind spares root where nobody is named
        ('b true\nas 2 "root" "ada"\nas 0\n', "ada", False),
        ('b true\nas 1 "root"\nas 1 "bob"\n', "ada", False),
        ('b false\nas 1 "root"\nas 1 "ada"\n', "ada", True),
        ('b true\nas 1 "ada"\nas 1 "ada"\n', "ada", False),
        ("Failed to get property\n", "ada", False),
    ],
)
def test_whom_logind_ends_is_understood(answer: str, user: str, ends: bool) -> None:
    assert scope.ends_with_login(answer, user) is ends


def test_a_mark_that_makes_no_sense_is_taken_away() -> None:
    for mark in ("", "x", "1", "999999,999999"):
        environ = {scope.MARK: mark, "HOME": "/"}
        assert scope.is_in_scope(environ)
        assert environ == {"HOME": "/"}
    assert not scope.is_in_scope({"HOME": "/"})
