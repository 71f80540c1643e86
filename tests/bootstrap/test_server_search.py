"""A server that PATH does not lead to is found, from any login shell, and that there is none is known for certain."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from tests.support.login_shells import LOGIN_SHELLS, ODD_WORDS, SHELL_S, LoginShell
from tests.support.programs import clean_environment

from mosh_bootstrap import server_search
from mosh_bootstrap.command import remote_command
from mosh_bootstrap.conversation import Ended
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.options import Options

EACH_SHELL = pytest.mark.parametrize("shell", LOGIN_SHELLS, ids=lambda shell: shell.name)
SERVER = '#!/bin/sh\nprintf "%s\\0" "$0" "$@" >"$HOME/words"\n'
# What the command needs of a machine beside its shell.
TOOLS = ("sh", "tr")
OPTIONS = Options(host="host")
CONNECT = b"MOSH CONNECT 60001 AAECAwQFBgcICQoLDA0ODw\r\n"


class Account:
    """One with a home and a PATH of its own, in which there is no server."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        tools = folder / "tools"
        tools.mkdir()
        for tool in TOOLS:
            (tools / tool).symlink_to(f"/usr/bin/{tool}")
        self.environment = clean_environment(self.home) | {
            "PATH": str(tools),
            "SSH_CONNECTION": "192.0.2.9 1 10.0.0.1 22",
        }

    def has_server(self, place: str, *, mode: int = 0o755) -> Path:
        path = self.home / place / "mosh-server"
        path.parent.mkdir(parents=True)
        path.write_text(SERVER)
        path.chmod(mode)
        return path

    def run(self, shell: LoginShell, line: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [shell.name, "-c", line],
            executable=shell.found(),
            env=self.environment,
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=SHELL_S,
            check=False,
        )

    def words(self) -> list[str]:
        return os.fsdecode((self.home / "words").read_bytes()).split("\0")[:-1]


@pytest.fixture
def account(tmp_path: Path) -> Account:
    return Account(tmp_path)


def heard(done: subprocess.CompletedProcess[bytes]) -> tuple[Dialogue, Ended]:
    dialogue = Dialogue("remote")
    dialogue.receive(done.stdout)
    dialogue.finish()
    return dialogue, Ended(done.returncode, None)


@pytest.mark.system
@EACH_SHELL
def test_every_shell_becomes_the_server_with_all_its_words(account: Account, shell: LoginShell) -> None:
    server = account.has_server(".local/bin")
    options = OPTIONS._replace(command=ODD_WORDS)
    done = account.run(shell, server_search.command(options, {"LANG": "C.UTF-8"}, colors=256))
    assert (done.returncode, done.stdout) == (0, b"")
    assert account.words() == [str(server), "new", "-c", "256", "-s", "-l", "LANG=C.UTF-8", "--", *ODD_WORDS]


@pytest.mark.system
@EACH_SHELL
def test_every_shell_says_that_there_is_none(account: Account, shell: LoginShell) -> None:
    """First by its own words or code, then by our line."""
    dialogue, ended = heard(account.run(shell, remote_command(OPTIONS, {}, colors=8)))
    assert server_search.is_wanted(OPTIONS, dialogue, ended)
    assert not dialogue.no_server
    dialogue, ended = heard(account.run(shell, server_search.command(OPTIONS, {}, colors=8)))
    assert dialogue.no_server
    assert server_search.is_over(dialogue, ended)


@pytest.mark.system
@pytest.mark.parametrize("place", ["bin", ".nix-profile/bin", ".local/state/nix/profile/bin"])
def test_each_place_of_the_home_is_looked_at(account: Account, place: str) -> None:
    server = account.has_server(place)
    account.run(LOGIN_SHELLS[0], server_search.command(OPTIONS, {}, colors=8))
    assert account.words()[0] == str(server)


@pytest.mark.system
def test_what_cannot_be_run_is_passed_over(account: Account) -> None:
    account.has_server(".local/bin", mode=0o644)
    server = account.has_server("bin")
    (account.home / ".nix-profile/bin/mosh-server").mkdir(parents=True)
    account.run(LOGIN_SHELLS[0], server_search.command(OPTIONS, {}, colors=8))
    assert account.words()[0] == str(server)


@pytest.mark.system
def test_the_address_is_told_with_it_where_that_is_wanted(account: Account) -> None:
    account.has_server("bin").write_text(f"#!/bin/sh\necho {CONNECT.decode().strip()}\n")
    options = OPTIONS._replace(experimental_remote_ip="remote")
    dialogue, _ended = heard(account.run(LOGIN_SHELLS[0], server_search.command(options, {}, colors=8)))
    assert dialogue.ip == "10.0.0.1"
    assert dialogue.connect is not None
    (account.home / "bin/mosh-server").unlink()
    dialogue, _ended = heard(account.run(LOGIN_SHELLS[0], server_search.command(options, {}, colors=8)))
    assert dialogue.no_server


@pytest.mark.parametrize(
    ("options", "said", "ended", "wanted"),
    [
        (OPTIONS, b"", Ended(127, None), True),
        (OPTIONS, b"mosh-server: Command not found.\r\n", Ended(1, None), True),
        (OPTIONS, b"rc: cannot find `mosh-server'\r\n", Ended(1, None), True),
        (OPTIONS, b"anything\r\n", Ended(1, None), False),
        (OPTIONS, b"Permission denied (publickey).\r\n", Ended(255, None), False),
        (OPTIONS, b"", Ended(None, 9), False),
        (OPTIONS, CONNECT, Ended(127, None), False),
        (OPTIONS, b"MOSH CONNECT nonsense\r\n", Ended(127, None), False),
        (OPTIONS._replace(server="/opt/mosh-server"), b"", Ended(127, None), False),
    ],
)
def test_only_a_server_that_was_not_found_is_searched_for(
    options: Options, said: bytes, ended: Ended, wanted: bool
) -> None:
    dialogue = Dialogue("proxy")
    dialogue.receive(said)
    dialogue.finish()
    assert server_search.is_wanted(options, dialogue, ended) == wanted


@pytest.mark.parametrize(
    ("said", "shown", "found_none"),
    [
        (b"\nMOSH NO SERVER\r\n", b"", True),
        (b"welcome\r\nMOSH NO SERVER\r\r\nbye\r\n", b"welcome\r\nbye\r\n", True),
        (b"MOSH NO SERVERS\r\n", b"MOSH NO SERVERS\r\n", False),
    ],
)
def test_the_line_that_says_so_is_ours_alone(said: bytes, shown: bytes, found_none: bool) -> None:
    dialogue = Dialogue("proxy")
    assert dialogue.receive(said) + dialogue.finish() == shown
    assert dialogue.no_server == found_none
