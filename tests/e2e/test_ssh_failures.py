"""Each way in which a login can fail ends with ssh's own words, one sentence of ours, and the terminal as it was."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import OURS, wait_until
from tests.support.sshd import LOGIN_OPTIONS, PASSPHRASE, Sshd, free_port
from tests.support.user_terminal import UserTerminal, mosh_words

from mosh_common.connect_words import format_connect
from mosh_common.wire.key import Key

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = pytest.mark.e2e


def assert_ends(terminal: UserTerminal, code: int, *sentences: str) -> None:
    """It ends with `code`, all `sentences` on the screen, no trace of Python, and the settings it began with."""
    assert terminal.wait_for_end() == code, terminal.text()
    said = terminal.said()
    for sentence in sentences:
        assert sentence in said
    assert "Traceback" not in said
    assert terminal.settings() == terminal.settings_before


def test_a_key_that_is_not_authorized(user: User, sshd: Sshd) -> None:
    terminal = user.mosh(sshd, "127.0.0.1", programs=OURS, ssh=sshd.ssh(key=sshd.unknown_key))
    assert_ends(terminal, 255, "Permission denied", "mosh: ssh could not log in to 127.0.0.1")


def test_a_server_that_is_not_installed(user: User, sshd: Sshd) -> None:
    terminal = user.run(mosh_words(*LOGIN_OPTIONS, f"--ssh={sshd.ssh()}", "--server=/nowhere/mosh-server", "127.0.0.1"))
    assert_ends(terminal, 127, "/nowhere/mosh-server", "was not found on 127.0.0.1; install mosh there")


def test_a_server_that_fails(user: User, sshd: Sshd) -> None:
    terminal = user.run(
        mosh_words(*LOGIN_OPTIONS, f"--ssh={sshd.ssh()}", "--server=echo it is raining; false", "127.0.0.1")
    )
    assert_ends(terminal, 1, "it is raining", "did not start: ssh ended with exit code 1")


def test_a_port_where_nobody_listens(user: User) -> None:
    terminal = user.run(mosh_words(f"--ssh=ssh -F none -p {free_port()}", "127.0.0.1"))
    assert_ends(terminal, 255, "mosh: Cannot connect to 127.0.0.1", "Connection refused")


def test_a_host_without_an_address_of_the_wanted_family(user: User, sshd: Sshd) -> None:
    terminal = user.run(mosh_words(*LOGIN_OPTIONS, f"--ssh={sshd.ssh()}", "-6", "127.0.0.1"))
    assert_ends(terminal, 255, "has no IPv6 address")


@pytest.fixture
def closing_port() -> Iterator[Callable[[bytes], int]]:
    """A function that opens a port where a connection gets these octets and is closed."""
    listeners: list[socket.socket] = []

    def listen(greeting: bytes) -> int:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def serve() -> None:
            connection, _address = listener.accept()
            with connection:
                connection.sendall(greeting)

        threading.Thread(target=serve, daemon=True).start()
        return int(listener.getsockname()[1])

    yield listen
    for listener in listeners:
        listener.close()


@pytest.mark.parametrize(
    "greeting",
    [b"", b"SSH-2.0-dying\r\n", b"HTTP/1.1 400 No\r\n\r\n"],
    ids=["before the greeting", "after the greeting", "not ssh"],
)
def test_a_server_that_closes_the_connection(user: User, closing_port: Callable[[bytes], int], greeting: bytes) -> None:
    terminal = user.run(mosh_words(f"--ssh=ssh -F none -p {closing_port(greeting)}", "127.0.0.1"))
    assert_ends(terminal, 255, "mosh: ssh could not log in")
    # What exactly ssh says depends on who is faster.
    assert re.search("(?i)closed|broken pipe|reset", terminal.text())


def test_sshd_dying_while_the_passphrase_is_typed(user: User, start_sshd: Callable[..., Sshd]) -> None:
    sshd = start_sshd()
    terminal = user.mosh(sshd, "127.0.0.1", programs=OURS, ssh=sshd.ssh(key=sshd.locked_key))
    terminal.wait_for("Enter passphrase for key")
    for connection in sshd.connections():
        connection.end()
    terminal.type(f"{PASSPHRASE}\r")
    assert terminal.wait_for_end() == 255, terminal.text()
    assert "mosh: ssh could not log in" in terminal.text()
    assert terminal.settings() == terminal.settings_before


def test_sshd_dying_before_the_server_has_answered(user: User, start_sshd: Callable[..., Sshd], tmp_path: Path) -> None:
    arrived = tmp_path / "arrived"
    sshd = start_sshd(settings=f"ForceCommand touch {shlex.quote(str(arrived))}; {user.mark} exec sleep 1000")
    terminal = user.mosh(sshd, "127.0.0.1", programs=OURS)
    wait_until(arrived.exists, "the login did not get through")
    for connection in sshd.connections():
        connection.end()
    assert_ends(terminal, 255, "mosh: ssh could not log in")


def test_ssh_killed_before_the_server_has_answered(user: User, start_sshd: Callable[..., Sshd], tmp_path: Path) -> None:
    sshd = start_sshd(settings=f"ForceCommand {user.mark} exec sleep 1000")
    pid_file = tmp_path / "pid"
    runner = tmp_path / "run-ssh"
    runner.write_text(f'#!/bin/sh\necho $$ >{shlex.quote(str(pid_file))}\nexec {sshd.ssh()} "$@"\n')
    runner.chmod(0o755)
    terminal = user.mosh(sshd, "127.0.0.1", programs=OURS, ssh=shlex.quote(str(runner)))
    wait_until(lambda: pid_file.exists() and pid_file.read_text(), "ssh did not start")
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    assert_ends(terminal, 128 + signal.SIGKILL, "mosh: ssh was ended by signal 9")


def test_a_server_that_dies_after_its_answer_is_the_clients_to_report(user: User, sshd: Sshd) -> None:
    # A port of ours that never answers: the client gives up by itself, or the user does.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        answer = format_connect(silent.getsockname()[1], Key.generate(bytes(range(16))))
        server = f"echo {answer} #"
        terminal = user.run(mosh_words(*LOGIN_OPTIONS, f"--ssh={sshd.ssh()}", f"--server={server}", "127.0.0.1"))
        terminal.wait_for("Nothing received from server")
        terminal.type("\x1e.")
        terminal.wait_for_end()
