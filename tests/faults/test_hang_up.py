"""The terminal going away: the client leaves within seconds and tells the server; a server's own does not matter."""

from __future__ import annotations

import fcntl
import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from tests.support.client_session import ClientSession, Idleness, is_stopped, wait_for_none_left
from tests.support.programs import OURS, PATIENCE_S, clean_environment, wait_until
from tests.support.terminal_session import PROMPT, furnish
from tests.support.user_terminal import UserTerminal, source_environment

from mosh_common.connect_line import Connect, parse

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux, pytest.mark.requires_program("bash")]

GONE_WITHIN_S = 15.0  # the longest that a server that was heard a moment ago is waited for, and some


def assert_all_gone(session: ClientSession) -> None:
    """Nothing of the session is left, the server neither: it was told."""
    started = time.monotonic()
    session.wait_for_no_remains()
    assert time.monotonic() - started < GONE_WITHIN_S


def test_an_idle_session_ends_and_the_server_is_told(session: ClientSession) -> None:
    session.hang_up()
    assert_all_gone(session)


def test_in_the_middle_of_a_flood_that_nobody_reads_it_ends_as_well(session: ClientSession) -> None:
    session.enter("seq 1000000000")
    renderer = session.renderer
    # Not read here, the terminal is full soon: the renderer has octets that it cannot get rid of.
    wait_until(lambda: unread_output(session) > 1000, "nothing is drawn")
    assert renderer.alive
    session.hang_up()
    assert_all_gone(session)


def test_while_suspended_it_ends_as_well(session: ClientSession) -> None:
    session.terminal.type("\x1e\x1a")
    session.terminal.wait_for("[mosh is suspended.]")
    wait_until(lambda: is_stopped(session.renderer) and is_stopped(session.launcher), "it did not stop")
    session.hang_up()
    assert_all_gone(session)


def test_out_of_reach_of_the_server_the_client_leaves_all_the_same_and_does_not_spin(session: ClientSession) -> None:
    session.relay.black_out()
    client = session.client_members()
    idleness = Idleness(client)
    session.hang_up()
    started = time.monotonic()
    while all(member.alive for member in client) and time.monotonic() - started < 2:
        time.sleep(0.01)
        if idleness.elapsed > 1:  # it says goodbye several times, which is work but takes no more than a part of it
            idleness.assert_none_spins(most=0.5)
    wait_for_none_left(client)
    assert time.monotonic() - started < GONE_WITHIN_S
    assert session.server.process.alive


@pytest.mark.requires_program("setsid")
def test_where_no_signal_tells_of_it_reading_does(tmp_path: Path) -> None:
    with ClientSession(tmp_path, client_within=["setsid", "--wait"]) as session:  # it is not the client's terminal
        session.hang_up()
        assert_all_gone(session)


# Starts mosh-server, and lets it fork only when the terminal that it was started on has hung up.
SLOW_SERVER = """
import os, sys
fork = os.fork
def fork_once_hung_up():
    try:
        while os.read(0, 100):
            pass
    except OSError:
        pass
    return fork()
os.fork = fork_once_hung_up
from mosh_server.cli import main
sys.exit(main())
"""


def test_a_server_outlives_the_terminal_that_it_is_started_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    furnish(home)
    environment = {**clean_environment(home), **source_environment(), "MOSH_SERVER_NETWORK_TMOUT": "60"}
    master, slave = pty.openpty()
    starter = subprocess.Popen(
        [
            sys.executable,
            "-P",
            "-c",
            SLOW_SERVER,
            "new",
            "-i",
            "127.0.0.1",
            "--",
            "/bin/bash",
            "--rcfile",
            "bashrc",
            "-i",
        ],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment,
        cwd=home,
        preexec_fn=lambda: os.login_tty(0),
    )
    os.close(slave)
    said = b""
    while b"MOSH CONNECT" not in said or not said.endswith(b"\n"):
        said += os.read(master, 1000)
    connect = parse(next(line for line in said.decode().splitlines() if line.startswith("MOSH CONNECT")))
    assert isinstance(connect, Connect)
    os.close(master)  # the login is over before the server has detached
    starter.wait(PATIENCE_S)
    with UserTerminal(
        [*OURS.client, "127.0.0.1", str(connect.port)], environment={**environment, "MOSH_KEY": connect.key.text}
    ) as terminal:
        terminal.wait_for(PROMPT.rstrip())
        terminal.type("exit\r")
        assert terminal.wait_for_end() == 0


def unread_output(session: ClientSession) -> int:
    """How many octets that were written to the terminal wait to be read."""
    return int.from_bytes(fcntl.ioctl(session.terminal.child.child_fd, termios.FIONREAD, bytes(4)), sys.byteorder)
