"""kill -9 of each process: the session goes on, or ends with the stated message, and nothing of it is left.

The table "When a process dies" in docs/processes.md is this file's.
"""

from __future__ import annotations

import re
import signal
import time

import pytest
from tests.support.client_session import ClientSession, Idleness, wait_for_none_left
from tests.support.programs import OUR_PAIR, Process, process, wait_until
from tests.support.terminal_session import OUTER_PROMPT, PROMPT, MoshSession
from tests.support.tmux import Tmux
from tests.support.user_terminal import modes_left_on

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux, pytest.mark.requires_program("bash")]

REPLACED_WITHIN_S = 1.0


def said(session: ClientSession) -> str:
    """What the terminal shows, on one line: it breaks long sentences."""
    return session.terminal.said()


def assert_server_waits_and_can_be_ended(session: ClientSession, shell: Process) -> None:
    """Server and shell outlive a client that could not say that it leaves; SIGTERM ends both."""
    assert session.server.process.alive
    assert shell.alive
    session.server.process.signal(signal.SIGTERM)
    wait_for_none_left([session.server.process, shell])
    session.wait_for_no_remains()


# --- the launcher


def test_of_a_killed_client_nothing_is_left_and_the_session_can_be_taken_back(session: ClientSession) -> None:
    shell, members = session.shell, session.client_members()
    session.launcher.signal(signal.SIGKILL)
    assert session.terminal.wait_for_end() == -signal.SIGKILL
    wait_for_none_left(members)  # it led its terminal's session: the system has hung the terminal up
    assert_server_waits_and_can_be_ended(session, shell)


@pytest.mark.requires_program("tmux")
def test_the_shell_that_started_a_killed_launcher_has_its_terminal_back(tmux: Tmux) -> None:
    with MoshSession(OUR_PAIR, tmux, outer_shell=True) as session:
        session.mosh.wait_for(PROMPT.rstrip())
        family = [member for member in session.client_family() if member.name != "(gone)"]
        launcher = next(member for member in family if "mosh_client" in member.name)
        of_the_client = [member for member in family if "mosh_client" in member.name]
        assert len(of_the_client) == 3
        launcher.signal(signal.SIGKILL)
        wait_for_none_left(of_the_client)
        session.mosh.wait_for(OUTER_PROMPT.rstrip())
        wait_until(lambda: not session.mosh.flag("alternate_on"), "the alternate screen is still shown")
        assert {mode for mode, on in modes_left_on(session.mosh.recording()).items() if on} <= {7, 25, 2004}  # bash's
        assert session.server.process.alive  # for who takes the session back
        session.mosh.type("echo $((40+2)) again")
        session.mosh.wait_for("echo $((40+2)) again")  # echoed
        session.mosh.press("Enter")
        session.mosh.wait_for("42 again")


# --- the network process


def test_the_end_of_the_network_process_ends_the_client_with_a_reason(session: ClientSession) -> None:
    shell = session.shell
    session.network.signal(signal.SIGKILL)
    assert session.terminal.wait_for_end() == 1
    assert "mosh-client: the network process ended unexpectedly; the session is lost." in said(session)
    session.assert_terminal_restored()
    wait_for_none_left(session.client_members())
    assert_server_waits_and_can_be_ended(session, shell)


def test_a_client_that_is_killed_as_a_whole_leaves_the_server_waiting(session: ClientSession) -> None:
    shell = session.shell
    client = session.client_members()
    assert len(client) == 3
    for member in client:
        member.signal(signal.SIGSTOP)  # so that none notices the end of another
    for member in client:
        member.signal(signal.SIGKILL)
    wait_for_none_left(client)
    assert_server_waits_and_can_be_ended(session, shell)


# --- the renderer


def test_a_killed_renderer_is_replaced_within_a_second_with_the_full_screen(session: ClientSession) -> None:
    session.enter("clear; printf 'line %d of the screen\\n' 1 2 3 4 5 6 7 8 9")
    before = "".join(f"line {number} of the screen\n" for number in range(1, 10)) + PROMPT.rstrip()
    session.terminal.wait_until(lambda: session.terminal.text() == before, "the screen is not as expected")
    network, took_s = session.network, []
    for _ in range(3):  # the best counts: what else runs on the machine is not ours
        killed = session.renderer
        begin = len(session.terminal.output)
        started = time.monotonic()
        killed.signal(signal.SIGKILL)
        session.terminal.blank()  # what is seen from here on was drawn from here on
        session.terminal.wait_until(
            lambda: session.terminal.text() == before,
            "the screen did not come back",
        )
        took_s.append(time.monotonic() - started)
        assert killed not in session.renderers()
        assert b"line 1 of the screen" in session.terminal.output[begin:]
        assert not session.terminal.echoes
        assert session.network == network
    assert min(took_s) < REPLACED_WITHIN_S, took_s
    session.wait_for_answer("typing")
    session.enter("exit")
    assert session.terminal.wait_for_end() == 0
    kept, given_back = (len(re.findall(rb"\x1b\[%d;0(;0)?t" % which, session.terminal.output)) for which in (22, 23))
    assert kept == given_back > 3, "the terminal's stack of titles is not as it was"
    session.assert_terminal_restored()
    session.wait_for_no_remains()


def test_between_two_renderers_the_terminal_stays_raw(session: ClientSession) -> None:
    # Ctrl-C and Enter that are typed then are for the session: a terminal with its own settings would end the session
    # with the one and change the other.
    killed = session.renderer
    killed.signal(signal.SIGKILL)
    echoed = False

    def replaced() -> bool:
        nonlocal echoed
        echoed = echoed or session.terminal.echoes
        return session.renderers() not in ([], [killed])

    while not replaced():
        pass
    session.terminal.type("\x03")
    session.terminal.wait_until(lambda: echoed or "^C" in session.terminal.text(), "Ctrl-C did not reach the shell")
    assert not echoed
    session.wait_for_answer("alive")


def test_keys_that_a_killed_renderer_had_taken_are_not_lost(session: ClientSession) -> None:
    session.network.signal(signal.SIGSTOP)  # they wait between the two
    session.terminal.type("echo not lo''st\r")
    killed = session.renderer
    wait_until(lambda: session.terminal.unread_keys() == 0, "the renderer does not read")
    wait_until(lambda: asleep(killed), "the renderer is still busy")
    killed.signal(signal.SIGKILL)
    wait_until(lambda: session.renderers() not in ([], [killed]), "no other renderer")
    session.network.signal(signal.SIGCONT)
    session.terminal.wait_for("\nnot lost")


# --- server and shell


def test_of_a_killed_server_the_user_is_told_and_can_leave(session: ClientSession) -> None:
    shell = session.shell
    idleness = Idleness(session.client_members())  # of all the time until the notice: a short one says nothing
    session.server.process.signal(signal.SIGKILL)
    wait_for_none_left([session.server.process, shell])  # the shell's terminal has hung up
    session.terminal.wait_for("mosh: Last contact ")
    idleness.assert_none_spins()
    session.terminal.type("\x1e.")
    assert session.terminal.wait_for_end() == 0
    assert "[mosh: session of " in said(session)
    session.assert_terminal_restored()
    session.wait_for_no_remains()


@pytest.mark.parametrize("left", ["", "nohup sleep 1000 & echo $! >left; "], ids=["alone", "with a background job"])
def test_a_killed_shell_ends_the_session(session: ClientSession, left: str) -> None:
    session.enter(f"{left}echo rea''dy")
    session.terminal.wait_for("\nready")
    background = [process(int((session.home / "left").read_text()))] if left else []
    family = session.members()
    session.shell.signal(signal.SIGKILL)
    try:
        assert session.terminal.wait_for_end() == 128 + signal.SIGKILL
        assert "[mosh: session of " in said(session)
        session.assert_terminal_restored()
        wait_for_none_left(set(family) - set(background))
        assert all(member.alive for member in background)  # the user's own, who wanted it to go on
    finally:
        for member in background:
            member.signal(signal.SIGKILL)


def asleep(member: Process) -> bool:
    """Whether it waits for something to happen."""
    with open(f"/proc/{member.pid}/stat") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "S"
