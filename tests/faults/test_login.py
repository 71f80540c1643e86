"""ssh dying, or hanging for ever, in each phase of a login; how it ends is its own doing (exit code, signal).

ssh is a script here that plays the phases and then runs the server as the real one does, on this machine. What real
ssh does when its connection dies is in tests/e2e/test_ssh_failures.py.
"""

from __future__ import annotations

import os
import shlex
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.client_session import LONGEST_REMAINS_S, wait_for_none_left
from tests.support.programs import (
    OURS,
    PATIENCE_S,
    Process,
    clean_environment,
    process,
    wait_until,
    write_launcher,
)
from tests.support.sshd import processes_with
from tests.support.user_terminal import UserTerminal, mosh_words, source_environment

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux]

PROMPT = "ready> "
ASKING = 'printf "user@host\'s password: "'
ASKED = f"stty -echo; {ASKING}; read -r password; stty echo; echo"
LOGGED_IN = f"{ASKED}; echo 'Welcome to the host.'"
# What ssh has done when it dies: nothing, asked, logged in, passed on a part of the server's answer.
PHASES = {
    "before any output": ":",
    "at the password": ASKING,
    "after the password": LOGGED_IN,
    "within the answer": f"{LOGGED_IN}; printf 'MOSH CONNECT 60001 AAAAAAA'",
}
ENDINGS = {"exit code 0": "exit 0", "exit code 1": "exit 1", "exit code 255": "exit 255", "signal 9": "kill -9 $$"}
EXIT_CODES = {"exit code 0": 1, "exit code 1": 1, "exit code 255": 255, "signal 9": 137}
LOOK = "if nothing above says why, see whether 'ssh 127.0.0.1 echo yes' says yes."
SENTENCES = {
    "exit code 0": f"mosh: 'mosh-server' did not start: ssh ended with exit code 0 and no MOSH CONNECT line; {LOOK}",
    "exit code 1": f"mosh: 'mosh-server' did not start: ssh ended with exit code 1 and no MOSH CONNECT line; {LOOK}",
    "exit code 255": "mosh: ssh could not log in to 127.0.0.1; its message is above.",
    "signal 9": "mosh: ssh was ended by signal 9 before the server had started.",
}


class Login:
    """`mosh` in a terminal, with a script for ssh."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.environment = clean_environment(home) | source_environment() | {"PS1": PROMPT}
        self.terminal: UserTerminal | None = None
        # ssh and what it starts carry this in their environment; mosh and client do not.
        self.mark = f"MOSH_TEST_MARK={home}"

    def start(self, *lines: str) -> UserTerminal:
        """Run `mosh` with an ssh of these `lines`; the last argument is what the real one would run remotely."""
        script = self.home / "script"
        here = shlex.quote(str(self.home))
        script.write_text(
            f"echo $$ >{here}/pid.new\nmv {here}/pid.new {here}/pid\nfor remote; do :; done\n" + "\n".join(lines) + "\n"
        )
        # By env, so that the script itself carries the mark.
        marked = ["/usr/bin/env", self.mark, "MOSH_SERVER_NETWORK_TMOUT=60", "/bin/sh", str(script)]
        ssh = write_launcher(self.home / "ssh", marked)
        words = mosh_words(
            f"--ssh={shlex.quote(str(ssh))}",
            "--experimental-remote-ip=local",
            *("127.0.0.1", "--", "sh", "-i"),
        )
        self.terminal = UserTerminal(words, environment=self.environment)
        return self.terminal

    def server(self) -> str:
        """A line of shell that runs the server as asked for, in place of `mosh-server`."""
        return f'eval "{shlex.join(OURS.server)} ${{remote#mosh-server}}"'

    def ssh(self) -> Process:
        """The script, once it runs."""
        pid = self.home / "pid"
        wait_until(pid.exists, "ssh was not started")
        return process(int(pid.read_text()))

    def left_running(self) -> list[Process]:
        """What ssh started, wherever it has detached to."""
        return processes_with(self.mark)

    def close(self) -> None:
        if self.terminal is not None:
            self.terminal.close()
        for left in self.left_running():
            left.signal(signal.SIGKILL)


@pytest.fixture
def login(tmp_path: Path) -> Iterator[Login]:
    with_script = Login(tmp_path)
    yield with_script
    with_script.close()


def wait_for_nothing_left(login: Login) -> None:
    wait_until(
        lambda: not login.left_running(),
        lambda: f"still there: {[left.name for left in login.left_running()]}",
        timeout_s=LONGEST_REMAINS_S,
    )


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("phase", PHASES)
def test_the_end_of_ssh_has_one_sentence_in_every_phase(login: Login, phase: str, ending: str) -> None:
    terminal = login.start(PHASES[phase], ENDINGS[ending])
    if "password" in PHASES[phase] and phase != "at the password":
        terminal.wait_for("password:")
        terminal.type("secret\r")
    assert terminal.wait_for_end() == EXIT_CODES[ending]
    lines = terminal.text().splitlines()
    begin = next((number for number, line in enumerate(lines) if line.startswith("mosh: ")), None)
    assert begin is not None, f"no sentence of its own: {lines}"
    sentence = "".join(line.ljust(80) for line in lines[begin:]).rstrip()  # the terminal breaks long lines
    if phase == "within the answer":
        how = "was ended by" if ending == "signal 9" else "ended with"
        assert (
            sentence == f"mosh: ssh {how} {ending} in the middle of the server's MOSH CONNECT line; please try again."
        )
    else:
        assert sentence == SENTENCES[ending]
    assert "secret" not in terminal.text()
    assert terminal.settings() == terminal.settings_before
    wait_for_nothing_left(login)


@pytest.mark.parametrize("ending", ["exit 0", "exit 1", "exit 255", "kill -9 $$"])
def test_once_the_server_has_answered_it_does_not_matter_how_ssh_ends(login: Login, ending: str) -> None:
    terminal = login.start(login.server(), ending)
    terminal.wait_for(PROMPT.rstrip())
    terminal.type("exit\r")
    assert terminal.wait_for_end() == 0
    wait_for_nothing_left(login)


def test_an_ssh_that_hangs_after_the_answer_is_ended_and_the_session_begins(login: Login) -> None:
    terminal = login.start(login.server(), "while :; do sleep 1000; done")
    terminal.patience_s = LONGEST_REMAINS_S  # it is waited for first, for ten seconds
    ssh = login.ssh()
    terminal.wait_for(PROMPT.rstrip())
    wait_for_none_left([ssh])
    terminal.type("exit\r")
    assert terminal.wait_for_end() == 0
    wait_for_nothing_left(login)


@pytest.mark.parametrize("leave", ["ctrl-c", "SIGTERM", "SIGHUP", "SIGKILL", "hang-up"])
@pytest.mark.parametrize("phase", PHASES)
def test_an_ssh_that_hangs_for_ever_can_be_left_in_every_phase(login: Login, phase: str, leave: str) -> None:
    terminal = login.start(PHASES[phase], f"touch {shlex.quote(str(login.home / 'hangs'))}", "exec sleep 1000")
    ssh = login.ssh()
    if "read" in PHASES[phase]:
        terminal.wait_for("password:")
        terminal.type("secret\r")
    wait_until((login.home / "hangs").exists, "ssh did not come so far")
    if phase == "at the password":
        terminal.wait_for("password:")
    mosh = process(terminal.pid)
    started = time.monotonic()
    if leave == "ctrl-c":
        terminal.type("\x03")
    elif leave == "hang-up":
        terminal.hang_up()
    else:
        os.kill(mosh.pid, getattr(signal, leave))
    wait_for_none_left([mosh, ssh])
    assert time.monotonic() - started < PATIENCE_S
    if leave not in ("hang-up", "SIGKILL"):
        assert terminal.wait_for_end() in (130, 143, 129)
        assert terminal.settings() == terminal.settings_before
        assert "Traceback" not in terminal.text()
    wait_for_nothing_left(login)


def test_an_ssh_that_heeds_no_signal_is_ended_all_the_same(login: Login) -> None:
    terminal = login.start("trap '' HUP INT TERM", ASKING, "while :; do sleep 0.1; done")
    ssh = login.ssh()
    terminal.wait_for("password:")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.wait_for_end() == 143
    wait_for_none_left([ssh])
    assert terminal.settings() == terminal.settings_before
    wait_for_nothing_left(login)
