"""What the user types, interrupts and reads while a real ssh talks to a real sshd, with our own client behind it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import OURS, descendants, wait_until
from tests.support.sshd import LOGIN_OPTIONS, PASSPHRASE, Sshd
from tests.support.user_terminal import UserTerminal, mosh_words

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = pytest.mark.e2e

SHELL = ("--", "sh", "-c", 'echo the session is up; read line; echo "got <$line>"; read _')


def mosh(user: User, sshd: Sshd, *arguments: str, ssh: str = "", server: str = "") -> UserTerminal:
    """`mosh` with its own client, which knows what it is handed over."""
    words = (f"--server={server or user.server(OURS)}", f"--ssh={ssh or sshd.ssh()}", *LOGIN_OPTIONS, "127.0.0.1")
    return user.run(mosh_words(*words, *arguments))


def test_what_is_typed_behind_a_banner_is_for_the_session(
    user: User, start_sshd: Callable[..., Sshd], tmp_path: Path
) -> None:
    (tmp_path / "banner").write_text("Authorised users only.\n")
    terminal = mosh(user, start_sshd(settings=f"Banner {tmp_path / 'banner'}"), *SHELL)
    terminal.wait_for("Authorised users only.")
    terminal.type("typed ahead\r")
    terminal.wait_for("got <typed ahead>")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0


def test_a_passphrase_is_for_ssh_alone_and_nothing_of_the_login_is_left_beside_the_session(
    user: User, sshd: Sshd
) -> None:
    terminal = mosh(user, sshd, *SHELL, ssh=sshd.ssh(key=sshd.locked_key))
    terminal.wait_for("Enter passphrase for key")
    terminal.type(f"{PASSPHRASE}\r")
    terminal.wait_for("the session is up")
    # The client's two processes, and no third that ran, or waits to be reaped.
    wait_until(lambda: len(descendants(terminal.pid)) == 2, lambda: str(descendants(terminal.pid)))
    terminal.type("mine\r")
    terminal.wait_for("got <mine>")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0
    assert PASSPHRASE.encode() not in terminal.output


@pytest.mark.parametrize("detaches", [True, False], ids=["as ever", "and says nothing of it"])
def test_an_ssh_that_stays_behind_the_server_s_line_is_not_waited_for(
    user: User, sshd: Sshd, detaches: bool, tmp_path: Path
) -> None:
    stays = tmp_path / "stays"
    quiet = "" if detaches else " 2>/dev/null"
    stays.write_text(f'#!/bin/sh\n{shlex.join(OURS.server)} "$@"{quiet}\ntouch {tmp_path}/behind\nexec sleep 1000\n')
    stays.chmod(0o755)
    terminal = mosh(user, sshd, *SHELL, server=f"{user.server(OURS).partition(' ')[0]} {stays}")
    terminal.wait_for("the session is up")
    wait_until((tmp_path / "behind").exists, "nothing stays behind")
    terminal.type("\r\r")
    assert terminal.wait_for_end() == 0


@pytest.mark.parametrize(("key", "code"), [("\x03", 130), ("\x1c", 131)], ids=["Ctrl-C", "Ctrl-backslash"])
def test_a_start_that_hangs_on_the_other_side_can_be_given_up(user: User, sshd: Sshd, key: str, code: int) -> None:
    terminal = mosh(user, sshd, server=f"{user.server(OURS).partition(' ')[0]} sh -c 'echo mounting; sleep 1000' x")
    terminal.wait_for("mounting")
    terminal.type(key)
    assert terminal.wait_for_end() == code
    assert terminal.settings() == terminal.settings_before
    if not LOGIN_OPTIONS:  # what hung there had a terminal, and is hung up on
        wait_until(lambda: not user.left_running(), lambda: str(user.left_running()))


def test_with_v_the_client_tells_its_stages_when_the_session_is_over(user: User, sshd: Sshd) -> None:
    terminal = mosh(user, sshd, "-v", *SHELL)
    terminal.wait_for("the session is up")
    terminal.type("\r\r")
    assert terminal.wait_for_end() == 0
    told = re.findall(rb"mosh: +(\d+) ms  ([^\r\n]*)", bytes(terminal.output))
    assert [stage for _at, stage in told[-2:]] == [b"first answer over UDP", b"first screen"]
    assert [int(at) for at, _stage in told] == sorted(int(at) for at, _stage in told)
