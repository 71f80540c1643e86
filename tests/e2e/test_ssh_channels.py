"""A host without a server in its PATH: one login for the search, the shell in its place, and nothing left of any."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.test_login_shells import Account
from tests.e2e.test_ssh_config import jump_lines, ssh_with
from tests.support.client_session import comm
from tests.support.programs import (
    OURS,
    Process,
    descendants,
    missing_programs,
    process,
    wait_until,
    write_launcher,
)
from tests.support.sshd import LOGIN_OPTIONS, PASSPHRASE, Sshd, free_port
from tests.support.user_terminal import UserTerminal, mosh_words

if TYPE_CHECKING:
    from tests.e2e.conftest import User


pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux]

NEEDS_PTY = pytest.mark.skipif(os.getuid() != 0, reason="only root's sshd may give a pty away")
QUESTION = "with plain [s]sh, or [q]uit?"  # what is before it may be on the line before
AUTHENTICATED = "Accepted publickey"
# What the far end needs beside a shell to search.
TOOLS = ("bash", "env", "sh", "sleep", "stty", "tr")
SAYS = ("--", "sh", "-c", "echo the shell is up; read _; exit 7")


class Host:
    """A machine whose PATH has no server, with a home of its own; its user logs in from another one."""

    def __init__(self, user: User, folder: Path, start_sshd: Callable[..., Sshd]) -> None:
        self.user = user
        self.home = folder / "far"
        self.tools = folder / "tools"
        self.home.mkdir()
        self.tools.mkdir()
        for tool in TOOLS:
            (self.tools / tool).symlink_to(str(shutil.which(tool)))
        self._start_sshd = start_sshd
        self.sshd: Sshd
        # A short name: the path of a socket has a limit.
        self.runtime = Path(tempfile.mkdtemp(prefix="mr-", dir="/tmp"))
        user.environment["XDG_RUNTIME_DIR"] = str(self.runtime)
        user.environment.pop("XDG_STATE_HOME", None)

    def start(self, settings: str = "", *, environment: str = "") -> Sshd:
        """Start its sshd. `environment`: what it sets, else a PATH without a server and the home of this host."""
        environment = environment or f"PATH={self.tools} HOME={self.home} LANG=C.UTF-8"
        self.sshd = self._start_sshd(settings=f"SetEnv {environment}\n{settings}")
        return self.sshd

    def install(self, place: str = ".local/bin") -> None:
        path = self.home / place / "mosh-server"
        path.parent.mkdir(parents=True)
        mark = f"{self.user.mark.split('=')[0]}={self.user.home}"
        write_launcher(path, ["/usr/bin/env", mark, *OURS.server])

    def mosh(self, *arguments: str, ssh: str = "") -> UserTerminal:
        words = mosh_words(f"--ssh={ssh or self.sshd.ssh()}", *LOGIN_OPTIONS, *arguments)
        return self.user.run(words)

    def logins(self) -> int:
        return self.sshd.log().count(AUTHENTICATED)

    def masters(self) -> list[Process]:
        """The processes that have to do with sockets of ours."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError, AssertionError):  # it ended while we looked
                    words = (entry / "cmdline").read_bytes()
                    if os.fsencode(self.runtime) in words and words.startswith(b"ssh"):
                        found.append(process(int(entry.name)))
        return found

    def master(self, *others: Process) -> Process:
        """The only process that has, beside these; one that is about to end is waited for."""
        found: list[Process] = []

        def alone() -> bool:
            found[:] = [each for each in self.masters() if each not in others]
            return len(found) == 1

        wait_until(alone, lambda: f"not one master: {[each.name for each in found]}")
        return found[0]

    def assert_nothing_left(self) -> None:
        wait_until(
            lambda: not os.listdir(self.runtime) and not self.masters() and not self.sshd.connections(),
            lambda: f"left: {os.listdir(self.runtime)}, {self.masters()}, {self.sshd.connections()}",
        )

    def close(self) -> None:
        for master in self.masters():
            master.end()
        shutil.rmtree(self.runtime)


@pytest.fixture
def host(user: User, tmp_path: Path, start_sshd: Callable[..., Sshd]) -> Iterator[Host]:
    far = Host(user, tmp_path, start_sshd)
    yield far
    far.close()


def wait_for_question(terminal: UserTerminal) -> None:
    terminal.wait_until(lambda: QUESTION in terminal.said(), "nobody is asked")


def answer(terminal: UserTerminal, key: str) -> None:
    wait_for_question(terminal)
    terminal.type(f"{key}\r")


def use_shell(terminal: UserTerminal) -> None:
    """It is there, and its exit code comes back."""
    terminal.wait_for("the shell is up")
    # Not Enter's CR: without a pty there (an sshd that is not root's) nobody makes a line feed of it, nor does the tty
    # here as long as ssh has not heard that there is none.
    terminal.type("\n")
    assert terminal.wait_for_end() == 7, terminal.text()


def use_session(host: Host, terminal: UserTerminal) -> None:
    """It is there, with nothing of the login beside it, and its exit code comes back."""
    terminal.wait_for("the shell is up")
    host.assert_nothing_left()
    terminal.type("\r")
    assert terminal.wait_for_end() == 7, terminal.text()


# --- what happens, and after how many logins


@pytest.mark.parametrize("settings", ["", "MaxSessions 1"])
def test_plain_ssh_goes_over_the_login_that_is_there(host: Host, settings: str) -> None:
    host.start(settings)
    terminal = host.mosh("127.0.0.1", *SAYS)
    answer(terminal, "s")
    use_shell(terminal)
    assert "mosh: 127.0.0.1 has no mosh-server; going on with plain ssh." in terminal.text()
    host.assert_nothing_left()
    assert host.logins() == 1
    assert terminal.settings() == terminal.settings_before


@pytest.mark.parametrize(("settings", "mode"), [("", "proxy"), ("MaxSessions 1", "remote")])
def test_a_server_that_path_does_not_lead_to_is_found_by_the_same_login(host: Host, settings: str, mode: str) -> None:
    host.start(settings)
    host.install()
    use_session(host, host.mosh(f"--experimental-remote-ip={mode}", "127.0.0.1", *SAYS))
    assert host.logins() == 1


def test_who_wants_the_server_there_gets_it_and_a_session_by_the_same_login(host: Host) -> None:
    (host.tools / "readlink").symlink_to(str(shutil.which("readlink")))
    python = host.tools / "python3"
    python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S "$@"\n')  # without any package
    python.chmod(0o755)
    host.start(environment=f"PATH={host.tools} HOME={host.home} LANG=C.UTF-8 {host.user.mark}")
    terminal = host.mosh("127.0.0.1", *SAYS)
    answer(terminal, "i")
    terminal.wait_until(lambda: "the shell is up" in terminal.text() or not terminal.child.isalive(), "no session")
    if "cannot encrypt" in terminal.text():
        pytest.skip("this Python has no AES-OCB without packages")
    use_session(host, terminal)
    assert host.logins() == 1
    terminal = host.mosh("127.0.0.1", *SAYS)
    use_session(host, terminal)
    assert QUESTION not in terminal.text()
    assert host.logins() == 2


def test_who_quits_gets_a_shells_code_for_it(host: Host) -> None:
    host.start()
    terminal = host.mosh("127.0.0.1")
    answer(terminal, "what?")
    terminal.wait_until(lambda: terminal.text().count("[q]uit?") == 2, "it is not asked again")
    terminal.type("q\r")
    assert terminal.wait_for_end() == 127
    host.assert_nothing_left()


def test_an_answer_in_a_capital_is_kept_for_the_host(host: Host) -> None:
    host.start()
    kept = host.user.home / ".local/state/mosh-py/no-server"
    terminal = host.mosh("127.0.0.1", *SAYS)
    answer(terminal, "S")
    terminal.wait_for("To be asked again, delete the line of 127.0.0.1 in")
    use_shell(terminal)
    assert kept.read_text() == "127.0.0.1 ssh\n"
    terminal = host.mosh("127.0.0.1", *SAYS)
    use_shell(terminal)
    assert QUESTION not in terminal.text()
    host.assert_nothing_left()


@pytest.mark.parametrize(("fallback", "code"), [("ssh", 7), ("fail", 127)])
def test_what_to_do_can_be_said_beforehand(host: Host, fallback: str, code: int) -> None:
    host.start()
    terminal = host.mosh(f"--fallback={fallback}", "127.0.0.1", "--", "sh", "-c", "exit 7")
    assert terminal.wait_for_end() == code, terminal.text()
    assert ("was not found on 127.0.0.1; install mosh there" in terminal.text()) == (fallback == "fail")
    assert QUESTION not in terminal.text()
    host.assert_nothing_left()
    assert host.logins() == 1


def test_without_a_terminal_nobody_is_asked_and_the_second_login_is_told(host: Host) -> None:
    host.start()
    done = subprocess.run(
        mosh_words("--client=true", f"--ssh={host.sshd.ssh()}", *LOGIN_OPTIONS, "127.0.0.1"),
        env=host.user.environment | {"TERM": "xterm"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 127, done.stderr
    said = done.stderr.splitlines()
    assert any("mosh-server on 127.0.0.1 in more places takes a second login" in line for line in said)
    assert said[-1].startswith("mosh: 'mosh-server' was not found on 127.0.0.1; install mosh there")
    assert host.logins() == 2
    host.assert_nothing_left()


def test_a_server_that_the_user_named_is_not_looked_for_elsewhere(host: Host) -> None:
    host.start()
    host.install()
    terminal = host.mosh("--server=no-such-server", "127.0.0.1")
    assert terminal.wait_for_end() == 127, terminal.text()
    assert QUESTION not in terminal.text()
    host.assert_nothing_left()


def test_a_script_in_sshs_place_takes_another_login_and_that_is_told(host: Host, tmp_path: Path) -> None:
    host.start()
    host.install()
    script = tmp_path / "my-ssh"
    script.write_text(f'#!/bin/sh\nexec {host.sshd.ssh()} "$@"\n')
    script.chmod(0o755)
    terminal = host.mosh("127.0.0.1", *SAYS, ssh=str(script))
    use_session(host, terminal)
    assert b"takes a second login, since the first one takes no further channel." in terminal.output
    assert host.logins() == 2


# --- how often somebody is asked


def test_a_passphrase_is_asked_for_once(host: Host) -> None:
    host.start()
    terminal = host.mosh("127.0.0.1", *SAYS, ssh=host.sshd.ssh(key=host.sshd.locked_key))
    terminal.wait_for("Enter passphrase for key")
    terminal.type(f"{PASSPHRASE}\r")
    answer(terminal, "s")
    use_shell(terminal)
    assert terminal.output.count(b"Enter passphrase") == 1
    assert PASSPHRASE.encode() not in terminal.output
    host.assert_nothing_left()


def takes_connections(path: Path) -> bool:
    """Whether somebody listens there: a socket's file is there a moment before."""
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path)) == 0


@pytest.mark.requires_program("ssh-agent", "ssh-add")
def test_a_key_that_must_be_confirmed_each_time_is_confirmed_once(host: Host) -> None:
    host.start()
    agent = host.runtime.with_name(host.runtime.name + "-agent")
    count = host.user.home / "confirmed"
    asks = host.user.home / "asks"
    asks.write_text(f"#!/bin/sh\necho yes >>{shlex.quote(str(count))}\n")
    asks.chmod(0o755)
    environment = host.user.environment | {"SSH_ASKPASS": str(asks), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(agent)], env=environment, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: takes_connections(agent), "the agent does not listen")
            subprocess.run(
                ["ssh-add", "-q", "-c", str(host.sshd.user_key)],
                env=environment | {"SSH_AUTH_SOCK": str(agent)},
                stdin=subprocess.DEVNULL,
                check=True,
            )
            ssh = host.sshd.ssh().replace("IdentityAgent=none", f"IdentityAgent={agent}")
            terminal = host.mosh("127.0.0.1", *SAYS, ssh=ssh)
            answer(terminal, "s")
            use_shell(terminal)
        finally:
            process.terminate()
    assert count.read_text() == "yes\n"
    host.assert_nothing_left()


def test_a_master_of_the_users_is_used_and_lives_on(host: Host, tmp_path: Path) -> None:
    host.start()
    path = host.runtime.with_name(host.runtime.name + "-master")
    words = [*shlex.split(host.sshd.ssh()), "-M", "-S", str(path), "-N", "127.0.0.1"]
    with subprocess.Popen(words, stdin=subprocess.DEVNULL) as master:
        try:
            wait_until(path.exists, "the master does not listen")
            terminal = host.mosh(
                "127.0.0.1", *SAYS, ssh=ssh_with(host.sshd, tmp_path / "ssh_config", f"ControlPath {path}")
            )
            answer(terminal, "s")
            use_shell(terminal)
            assert master.poll() is None
            assert os.listdir(host.runtime) == []
            assert host.logins() == 1
        finally:
            master.terminate()


def test_a_host_behind_another_one_takes_one_login_to_each(
    host: Host, start_sshd: Callable[..., Sshd], tmp_path: Path
) -> None:
    host.start()
    jump = start_sshd()
    lines = ("Host inner", "  HostName 127.0.0.1", "  ProxyJump jump", *jump_lines(jump))
    terminal = host.mosh("inner", *SAYS, ssh=ssh_with(host.sshd, tmp_path / "ssh_config", *lines))
    answer(terminal, "s")
    use_shell(terminal)
    assert (host.logins(), jump.log().count(AUTHENTICATED)) == (1, 1)
    host.assert_nothing_left()


def test_why_a_jump_host_is_not_reached_is_still_said(host: Host, tmp_path: Path) -> None:
    host.start()
    lines = ("Host inner", f"  ProxyJump 127.0.0.1:{free_port()}")
    terminal = host.mosh("inner", ssh=ssh_with(host.sshd, tmp_path / "ssh_config", *lines))
    assert terminal.wait_for_end() == 255, terminal.text()
    assert "Connection refused" in terminal.text()
    host.assert_nothing_left()


def test_a_forced_command_is_not_mistaken_for_a_host_without_a_server(host: Host) -> None:
    host.start("ForceCommand echo only this; exit 127")
    terminal = host.mosh("127.0.0.1")
    assert terminal.wait_for_end() == 127, terminal.text()
    assert "was not found on 127.0.0.1; install mosh there" in terminal.text()
    assert QUESTION not in terminal.text()
    assert host.logins() == 1
    host.assert_nothing_left()


@pytest.fixture
def account(host: Host, tmp_path: Path) -> Iterator[Account]:
    """An account of this machine whose commands have the PATH of `host`."""
    if os.getuid() != 0:
        pytest.skip("only root may make an account")
    if missing := missing_programs(["useradd", "usermod", "userdel", "chpasswd"]):
        pytest.skip(f"not installed here: {', '.join(missing)}")
    key = tmp_path / "account_key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    made = Account(key)
    shutil.copytree(host.tools, made.home / "tools", symlinks=True)
    # Bash reads it for a command of ssh's, too; and dropbear takes no shell that is not in /etc/shells.
    made.use("/bin/bash", bashrc=f"PATH={made.home}/tools")
    yield made
    made.remove()


@pytest.mark.skipif(not Path("/etc/pam.d/sshd").exists(), reason="sshd has no PAM here, and so asks nothing itself")
def test_a_password_is_asked_for_once_by_keyboard_interactive(host: Host, account: Account) -> None:
    host.start("UsePAM yes\nKbdInteractiveAuthentication yes\nPubkeyAuthentication no", environment="LANG=C.UTF-8")
    subprocess.run(["chpasswd"], input=f"{account.name}:{PASSPHRASE}\n", text=True, check=True)
    ssh = host.sshd.ssh("-o", "PreferredAuthentications=keyboard-interactive")
    terminal = host.mosh(f"{account.name}@127.0.0.1", *SAYS, ssh=ssh)
    terminal.wait_for("Password:")
    terminal.type(f"{PASSPHRASE}\r")
    answer(terminal, "s")
    use_shell(terminal)
    assert terminal.output.count(b"Password:") == 1
    assert host.sshd.log().count("Accepted keyboard-interactive") == 1
    host.assert_nothing_left()


class Dropbear:
    """A dropbear that listens on a free port."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = (folder / "dropbear.log").open("wb")
        key = folder / "dropbear_key"
        subprocess.run(["dropbearkey", "-t", "ed25519", "-f", str(key)], check=True, capture_output=True)
        words = [
            str(shutil.which("dropbear", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")),
            "-F",
            "-E",
            "-r",
            str(key),
            "-p",
            f"127.0.0.1:{self.port}",
            "-P",
            "",
        ]
        self._process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stderr=self._log, stdout=self._log)
        # It says so once it listens.
        wait_until(lambda: "Not backgrounding" in self.log(), lambda: f"dropbear does not listen: {self.log()}")

    def log(self) -> str:
        # By its name: what moved in the file that dropbear has open would move for dropbear as well.
        return Path(self._log.name).read_text(errors="replace")

    def close(self) -> None:
        for connection in descendants(self._process.pid):
            connection.end()
        self._process.terminate()
        self._process.wait()
        self._log.close()


@pytest.fixture
def dropbear(tmp_path: Path) -> Iterator[Dropbear]:
    if missing := missing_programs(["dropbear", "dropbearkey"]):
        pytest.skip(f"not installed here: {', '.join(missing)} (Debian's package dropbear-bin)")
    server = Dropbear(tmp_path)
    yield server
    server.close()


def test_dropbear_takes_further_channels_too(host: Host, account: Account, dropbear: Dropbear, tmp_path: Path) -> None:
    host.start()
    (account.home / ".ssh").mkdir()
    shutil.copy(account.home / "authorized_keys", account.home / ".ssh")
    for path in (account.home / ".ssh", account.home / ".ssh/authorized_keys"):
        os.chown(path, account.uid, account.gid)
        path.chmod(0o700)
    words = [
        "ssh",
        "-F",
        "none",
        "-p",
        str(dropbear.port),
        "-i",
        str(tmp_path / "account_key"),
        "-o",
        "IdentityAgent=none",
    ]
    words += [
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        f"UserKnownHostsFile={tmp_path / 'known'}",
        "-o",
        "LogLevel=ERROR",
    ]
    terminal = host.mosh(f"{account.name}@127.0.0.1", *SAYS, ssh=shlex.join(words))
    answer(terminal, "s")
    use_shell(terminal)
    assert dropbear.log().count("Pubkey auth succeeded") == 1
    host.assert_nothing_left()


# --- the far end's terminal


@NEEDS_PTY
def test_the_far_end_has_the_users_terminal_through_a_master(host: Host) -> None:
    host.start()
    host.user.environment["MOSH_TEST"] = "yes"
    terminal = host.mosh("--server=stty -a;:", "--fallback=fail", "127.0.0.1")
    assert terminal.wait_for_end() != 0
    said = terminal.said()
    assert "rows 24; columns 80;" in said
    assert "intr = ^C; quit = ^\\; erase = ^?;" in said
    assert " icanon iexten echo " in said


# --- what is killed, and when


def ssh_of(terminal: UserTerminal) -> Process:
    """The ssh that `mosh` has started."""
    found: list[Process] = []

    def alone() -> bool:
        children = [each for each in descendants(terminal.pid) if each.parent == terminal.pid]
        found[:] = [each for each in children if comm(each) == "ssh"]
        return len(found) == 1

    wait_until(alone, lambda: f"not one ssh: {[each.name for each in found]}")
    return found[0]


def test_ssh_killed_while_it_asks(host: Host) -> None:
    host.start()
    terminal = host.mosh("127.0.0.1", ssh=host.sshd.ssh(key=host.sshd.locked_key))
    terminal.wait_for("Enter passphrase for key")
    ssh_of(terminal).signal(signal.SIGKILL)
    assert terminal.wait_for_end() == 128 + signal.SIGKILL, terminal.text()
    host.assert_nothing_left()


@pytest.mark.parametrize(("victim", "code"), [("ssh", 128 + signal.SIGKILL), ("master", 255)])
def test_ssh_killed_while_the_server_starts(host: Host, victim: str, code: int) -> None:
    arrived = host.home / "arrived"
    host.start(f"ForceCommand : >{shlex.quote(str(arrived))}; exec sleep 20")
    terminal = host.mosh("127.0.0.1")
    wait_until(arrived.exists, "the login did not get through")
    ssh = ssh_of(terminal)
    master = host.master(ssh)
    (ssh if victim == "ssh" else master).signal(signal.SIGKILL)
    assert terminal.wait_for_end() == code, terminal.text()
    host.assert_nothing_left()


@NEEDS_PTY  # without one such a login ends, but not a command that goes through a master
def test_the_master_killed_at_the_question_takes_another_login(host: Host) -> None:
    host.start()
    terminal = host.mosh("127.0.0.1", *SAYS)
    wait_for_question(terminal)
    master = host.master()
    master.signal(signal.SIGKILL)
    wait_until(lambda: not master.alive, "it did not end")
    terminal.type("s\r")
    use_shell(terminal)
    assert "going on with plain ssh by another login." in terminal.text()
    assert host.logins() == 2
    host.assert_nothing_left()


def test_ssh_killed_in_the_shell_ends_as_it_did(host: Host) -> None:
    host.start()
    terminal = host.mosh("--fallback=ssh", "127.0.0.1", *SAYS)
    terminal.wait_for("the shell is up")
    ssh_of(terminal).signal(signal.SIGKILL)
    assert terminal.wait_for_end() == 128 + signal.SIGKILL, terminal.text()
    host.assert_nothing_left()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_mosh_ended_at_the_question_leaves_nothing(host: Host, number: signal.Signals) -> None:
    host.start()
    terminal = host.mosh("127.0.0.1")
    wait_for_question(terminal)
    if number is signal.SIGINT:
        terminal.type("\x03")
    else:
        os.kill(terminal.pid, number)
    assert terminal.wait_for_end() == 128 + number, terminal.text()
    host.assert_nothing_left()


def test_what_a_killed_mosh_left_is_swept_by_the_next_login(host: Host) -> None:
    host.start()
    terminal = host.mosh("127.0.0.1")
    wait_for_question(terminal)
    os.kill(terminal.pid, signal.SIGKILL)
    terminal.wait_for_end()
    master = host.master()  # which would end by itself after half a minute
    master.signal(signal.SIGKILL)
    wait_until(lambda: not master.alive, "it did not end")
    [_left] = os.listdir(host.runtime)
    terminal = host.mosh("--fallback=fail", "127.0.0.1")
    assert terminal.wait_for_end() == 127
    host.assert_nothing_left()
