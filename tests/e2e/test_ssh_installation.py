"""`mosh --install-server` by a real sshd onto an account that has nothing but a Python."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.far_account import Answers, own_environment, small_archive
from tests.support.programs import OURS, wait_until, write_launcher
from tests.support.sshd import LOGIN_OPTIONS, Sshd
from tests.support.user_terminal import UserTerminal, mosh_words

from mosh_bootstrap import archive, installation
from mosh_common.errors import EnvironmentFailure
from mosh_common.version import VERSION

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = [pytest.mark.e2e, pytest.mark.requires_program("sshd", "ssh", "ssh-keygen")]

SERVER = "~/.local/bin/mosh-server"


class Account:
    """The home of an account that the sshd logs in to, whoever runs it; its Python has no package."""

    def __init__(self, folder: Path, start_sshd: Callable[..., Sshd], mark: str) -> None:
        self.home = folder / "account"
        self.home.mkdir()
        python = folder / "python3"
        python.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -S "$@"\n')
        python.chmod(0o755)
        variables = [f"HOME={self.home}", "PATH=/usr/bin:/bin", f"MOSH_PYTHON={python}", mark, "LANG=C.UTF-8"]
        variables.append("SHELL=/bin/sh")
        forced = folder / "forced"
        forced.write_text(
            f'#!/bin/sh\ncd {shlex.quote(str(self.home))}\nexec env -i {shlex.join(variables)} TERM="$TERM" '
            'SSH_CONNECTION="$SSH_CONNECTION" sh -c "$SSH_ORIGINAL_COMMAND"\n'
        )
        forced.chmod(0o755)
        self.sshd = start_sshd(settings=f"ForceCommand {forced}")
        self.data = self.home / ".local/share/mosh-py"

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.home)) for path in self.home.rglob("*"))

    def server_says(self) -> str:
        words = [*shlex.split(self.sshd.ssh()), "127.0.0.1", f"{SERVER} --version"]
        return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def account(tmp_path: Path, start_sshd: Callable[..., Sshd], user: User) -> Account:
    return Account(tmp_path, start_sshd, user.mark)


def command(user: User, account: Account, *words: str) -> UserTerminal:
    return user.run(mosh_words(f"--ssh={account.sshd.ssh()}", *words, "127.0.0.1"))


def test_one_command_brings_a_server_that_serves_and_another_takes_all_of_it_away(user: User, account: Account) -> None:
    terminal = command(user, account, "--install-server")
    terminal.wait_until(lambda: "[y/N]" in terminal.text() or not terminal.child.isalive(), "no question")
    if "cannot encrypt" in terminal.text():
        pytest.skip("this Python has no AES-OCB without packages")
    assert account.files() == []
    terminal.type("y\r")
    assert terminal.wait_for_end() == 0, terminal.text()
    assert f"mosh-server {VERSION} is on 127.0.0.1 now." in terminal.text()
    assert "[##############################]" in terminal.text()
    assert account.server_says().startswith(f"mosh-server (mosh-py {VERSION}")

    terminal = command(user, account, "--install-server", "--yes")
    assert terminal.wait_for_end() == 0, terminal.text()
    assert f"127.0.0.1 has just this mosh-server {VERSION} already" in terminal.text()

    client = write_launcher(user.home / "client", OURS.client)
    options = (f"--client={client}", f"--server={SERVER}", f"--ssh={account.sshd.ssh()}", *LOGIN_OPTIONS)
    terminal = user.run(mosh_words(*options, "127.0.0.1", "--", "sh", "-c", "echo 'the session is up'; read _"))
    terminal.wait_for("the session is up")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0, terminal.text()

    wait_until(lambda: not user.left_running(), "the servers have not ended")
    terminal = command(user, account, "--uninstall-server", "--yes")
    assert terminal.wait_for_end() == 0, terminal.text()
    assert [name for name in account.files() if not name.startswith(".local/state") and name != ".local"] == []
    assert [path for path in account.home.rglob("*") if path.is_file()] == []


class KillsSsh(Answers):
    """Kills ssh as soon as a part of the archive has come."""

    def __init__(self, pid_file: Path) -> None:
        super().__init__(yes=True)
        self._pid_file = pid_file

    def progress(self, done: int, total: int) -> None:
        super().progress(done, total)
        if len(self.drawn) == 1:
            os.kill(int(self._pid_file.read_text()), 9)


def test_an_ssh_that_is_killed_leaves_the_old_version_working_and_the_next_attempt_leaves_nothing_of_it(
    account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # More than ssh lets be on the way (2 MiB) and the pipes hold.
    script, members = small_archive(VERSION)
    members["more"] = os.urandom(3_000_000)
    monkeypatch.setattr(archive, "of_this_installation", lambda: (script, members))
    pid_file = tmp_path / "pid"
    words = shlex.split(account.sshd.ssh())

    def through_ssh(remote: str) -> list[str]:
        return ["sh", "-c", 'echo $$ >"$0"; exec "$@"', str(pid_file), *words, "-T", "127.0.0.1", "--", remote]

    def install(user: Answers) -> None:
        installation.install(through_ssh, host="127.0.0.1", environ=own_environment(), user=user)

    install(Answers(yes=True))
    before = account.files()
    # As if it were another one: what is there is not what was sent.
    digests = account.data / VERSION / "sha256"
    digests.write_text("0 0\n")
    with pytest.raises(EnvironmentFailure, match="ended before all was done; please try again"):
        install(KillsSsh(pid_file))
    assert account.server_says().startswith(f"mosh-server (mosh-py {VERSION}")
    wait_until(lambda: not account.sshd.connections(), "what runs there has not ended")
    install(Answers(yes=True))
    assert account.files() == before
