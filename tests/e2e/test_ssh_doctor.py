"""`mosh --doctor host` with a real sshd and real servers, over good and bad ways: one line where something is wrong."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.programs import OURS, UPSTREAM, Programs, wait_until, write_launcher
from tests.support.relay import Relay
from tests.support.sshd import LOGIN_OPTIONS, Sshd, free_port
from tests.support.user_terminal import UserTerminal, mosh_words

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = pytest.mark.e2e

HOST = "127.0.0.1"


class Diagnosis:
    """What `mosh --doctor --json` said."""

    def __init__(self, code: int, output: str, errors: str) -> None:
        assert "Traceback" not in errors
        self.errors = errors
        self.told: dict[str, Any] = json.loads(output)
        assert self.told["well"] == (code == 0)
        self.lines = {each["name"]: each["text"] for each in self.told["findings"]}
        self.wrong = {each["name"]: each["text"] for each in self.told["findings"] if not each["works"]}


def client(user: User) -> Path:
    """Our client, whose sandbox need not be tried each time."""
    path = user.home / "client"
    if path.exists():  # others may be reading it
        return path
    said = user.home / "said"
    said.write_text("Python packages: works\ncipher: works\nnetwork process: landlock: works\n")
    real = write_launcher(user.home / "real-client", OURS.client)
    path.write_text(f'#!/bin/sh\n[ "$1" = --doctor ] && exec cat {said}\nexec {real} "$@"\n')
    path.chmod(0o755)
    return path


def start(user: User, *words: str, ssh: str) -> subprocess.Popen[str]:
    """Begin to examine, as cron would: nobody is asked anything."""
    given = mosh_words("--doctor", "--json", f"--client={client(user)}", f"--ssh={ssh}", *LOGIN_OPTIONS, *words)
    return subprocess.Popen(
        given,
        env=user.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(doctor: subprocess.Popen[str]) -> Diagnosis:
    output, errors = doctor.communicate(timeout=60)
    return Diagnosis(doctor.returncode, output, errors)


def give_up(doctor: subprocess.Popen[str]) -> None:
    """End one that was not finished, because another failed."""
    doctor.kill()
    doctor.communicate()


def doctor(user: User, *words: str, ssh: str) -> Diagnosis:
    return finish(start(user, *words, ssh=ssh))


@pytest.mark.parametrize(
    "programs",
    [OURS, pytest.param(UPSTREAM, marks=pytest.mark.requires_upstream("mosh-server"))],
    ids=["ours", "upstream"],
)
def test_a_host_that_is_well(user: User, sshd: Sshd, programs: Programs) -> None:
    found = doctor(user, f"--server={user.server(programs)}", HOST, ssh=sshd.ssh())
    assert not found.wrong
    expected = "mosh-py " if programs is OURS else "mosh 1."
    assert found.lines["server"].startswith(expected)
    assert found.lines["name"] == HOST
    assert found.lines["ssh_config"].endswith(f"@{HOST} port {sshd.port}")
    assert found.lines["datagrams"] == "of 1252 octets get through, both ways"
    assert "clock" not in found.lines  # it is ours
    wait_until(lambda: not user.left_running(), "the session goes on")


def test_what_somebody_at_a_terminal_sees(user: User, sshd: Sshd) -> None:
    words = mosh_words("--doctor", f"--client={client(user)}", f"--server={user.server(OURS)}", f"--ssh={sshd.ssh()}")
    terminal = UserTerminal([*words, *LOGIN_OPTIONS, HOST], environment=user.environment, size=(24, 80))
    user.terminal = terminal
    terminal.wait_until(lambda: b"\x1b[c" in terminal.output, "the terminal is not asked")
    terminal.type("\x1b[?62c")
    assert terminal.wait_for_end() == 0, terminal.text()
    lines = terminal.text().splitlines()
    assert lines[-1] == f"All is well: sessions with {HOST} work."
    assert all(line.startswith(("✓ ", " " * 14)) for line in lines[:-1])  # the rest of a long line is below it
    assert terminal.settings() == terminal.settings_before


def test_a_key_that_is_not_authorized(user: User, sshd: Sshd) -> None:
    found = doctor(user, HOST, ssh=sshd.ssh(key=sshd.unknown_key))
    assert list(found.wrong) == ["login"]
    assert "ssh could not log in to 127.0.0.1" in found.wrong["login"]
    assert "Permission denied (publickey)" in found.errors


def test_a_server_that_is_not_installed(user: User, sshd: Sshd) -> None:
    found = doctor(user, "--server=/nowhere/mosh-server", HOST, ssh=sshd.ssh())
    assert list(found.wrong) == ["server"]
    assert "was not found on 127.0.0.1" in found.wrong["server"]


def test_a_program_that_is_no_server(user: User, sshd: Sshd) -> None:
    found = doctor(user, "--server=echo it is raining;", HOST, ssh=sshd.ssh())
    assert list(found.wrong) == ["server"]


def test_a_port_where_nobody_listens(user: User) -> None:
    found = doctor(user, HOST, ssh=f"ssh -F none -p {free_port()}")
    assert list(found.wrong) == ["login"]
    assert "Connection refused" in found.wrong["login"]


def test_a_name_that_nobody_knows(user: User) -> None:
    found = doctor(user, "no-such-host.invalid", ssh="ssh -F none")
    assert list(found.wrong) == ["name"]
    assert "Cannot find the address of 'no-such-host.invalid'" in found.wrong["name"]


def test_a_configuration_of_sshs_that_is_wrong(user: User, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Hots *\n")
    found = doctor(user, HOST, ssh=f"ssh -F {shlex.quote(str(config))}")
    assert list(found.wrong) == ["ssh_config"]


# What the network does to datagrams, which line is wrong, and what it says.
BAD_WAYS: dict[str, tuple[dict[str, float], str, str]] = {
    "blocked": ({"down": True}, "UDP", "Nothing came back from 127.0.0.1"),
    "narrow": (
        {"longest": 700},
        "datagrams",
        "long ones (of 1252 octets) are lost on the way there",
    ),  # on a busy machine there is no time for the way back
    "lossy": ({"loss": 0.35}, "loss", "of what is sent or answered is lost"),
}


def test_bad_ways(user: User, sshd: Sshd) -> None:
    """All at once, since each takes five seconds."""
    with contextlib.ExitStack() as stack:
        started = {}
        for name, (conditions, _line, _words) in BAD_WAYS.items():
            port = free_port()
            relay = stack.enter_context(Relay(port, seed=1))
            relay.set(**conditions)
            # The client is told of the relay in place of the server.
            server = user.home / f"server-{name}"
            server.write_text(f'#!/bin/sh\n{user.server(OURS)} "$@" | sed "s/CONNECT [0-9]*/CONNECT {relay.port}/"\n')
            server.chmod(0o755)
            started[name] = start(user, f"--server={server}", f"--port={port}", HOST, ssh=sshd.ssh())
            stack.callback(give_up, started[name])
        for name, examining in started.items():
            _conditions, line, words = BAD_WAYS[name]
            found = finish(examining)
            assert list(found.wrong) == [line], (name, found.told)
            assert words in found.wrong[line]
