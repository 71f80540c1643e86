"""The command `mosh`, ours and upstream's, with the other implementation's client and server, through a real sshd."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.support.parameters import parameter
from tests.support.programs import (
    OURS,
    UPSTREAM,
    Process,
    Programs,
    clean_environment,
    descendants,
    process,
    wait_until,
    write_launcher,
)
from tests.support.sshd import LOGIN_OPTIONS, Sshd
from tests.support.terminal_session import CLIENT_TERMINAL, PROMPT, furnish, shell_of
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash", "sshd", "ssh", "ssh-keygen"),
]


ODD = "it's 100% $HOME \\ ! ~\t*"  # what each wrapper must get through its own quoting


class Mixture(NamedTuple):
    wrapper: Programs
    client: Programs
    server: Programs

    def __str__(self) -> str:
        return f"{self.wrapper.name}-mosh-{self.client.name}-client-{self.server.name}-server"


MIXTURES = [
    Mixture(UPSTREAM, UPSTREAM, UPSTREAM),
    Mixture(UPSTREAM, OURS, OURS),
    Mixture(UPSTREAM, UPSTREAM, OURS),
    Mixture(OURS, UPSTREAM, UPSTREAM),
    Mixture(OURS, OURS, UPSTREAM),
    Mixture(OURS, OURS, OURS),
]


@pytest.fixture(scope="module")
def sshd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    server = Sshd(tmp_path_factory.mktemp("sshd"))
    yield server
    server.close()


@pytest.mark.parametrize(
    "mixture",
    [parameter(each, mosh=each.wrapper, mosh_client=each.client, mosh_server=each.server) for each in MIXTURES],
)
def test_the_wrapper_logs_in_and_hands_over(mixture: Mixture, sshd: Sshd, tmux: Tmux, tmp_path: Path) -> None:
    home = tmp_path / "home"
    furnish(home)
    client = write_launcher(tmp_path / "client", mixture.client.client)
    server = write_launcher(tmp_path / "server", mixture.server.server)
    family: list[Process] = []
    pane = tmux.open_pane(
        [
            *mixture.wrapper.wrapper,
            *LOGIN_OPTIONS,
            *(f"--ssh={sshd.ssh()}", f"--client={client}", f"--server={server}", "127.0.0.1", "--"),
            *("env", f"HOME={home}", f"ODD={ODD}", "bash", "--noprofile", "--rcfile", str(home / "bashrc"), "-i"),
        ],
        environment=clean_environment(home, TERM=CLIENT_TERMINAL),
        directory=home,
    )
    try:
        pane.wait_for(PROMPT.rstrip())
        shell = shell_of(home)
        family = [process(shell.parent), shell, *descendants(pane.pid)]
        pane.type("echo $TERM-$((40+2))-$LANG")
        pane.press("Enter")
        pane.wait_for("xterm-256color-42-C.UTF-8")
        pane.type('printf "[%q]" "$ODD"')
        pane.press("Enter")
        pane.wait_for(r"[$'it\'s 100% $HOME \\ ! ~\t*']")
        wait_until(lambda: not sshd.connections(), "the ssh connection is still there")
        pane.type("exit")
        pane.press("Enter")
        assert pane.wait_for_end() == 0
        assert pane.left_the_tty_as_it_was
        wait_until(
            lambda: not any(member.alive for member in family),
            lambda: "still there: " + shlex.join(member.name for member in family if member.alive),
        )
    finally:
        for member in [*family, *descendants(pane.pid)]:
            member.end()
