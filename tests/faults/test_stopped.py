"""SIGSTOP of each process for some seconds, then SIGCONT: the session goes on as if nothing had been.

Several sessions are stopped at the same time, since it takes as long as it takes; what failed is told by process.
"""

from __future__ import annotations

import os
import random
import signal
import string
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.support.client_session import ClientSession, Idleness, is_stopped
from tests.support.programs import Process, wait_until
from tests.support.terminal_session import PROMPT

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux, pytest.mark.requires_program("bash")]

STOPPED_S = 3.0  # more than a late turn by which a process knows that the machine slept
PROCESSES: dict[str, Callable[[ClientSession], Process]] = {
    "launcher": lambda session: session.launcher,
    "network process": lambda session: session.network,
    "renderer": lambda session: session.renderer,
    "server": lambda session: session.server.process,
    "shell": lambda session: session.shell,
}


def test_no_key_is_lost_or_doubled_and_nobody_spins_while_one_process_is_stopped(tmp_path: Path) -> None:
    problems: dict[str, str] = {}
    with ExitStack() as ended_at_exit:
        sessions: dict[str, ClientSession] = {}
        for who in PROCESSES:
            folder = tmp_path / who.replace(" ", "-")
            folder.mkdir()
            sessions[who] = ended_at_exit.enter_context(ClientSession(folder, prediction="never"))

        def each(step: Callable[[str], object]) -> None:
            """Do a step with every session that is still well, so that one fault hides no other."""
            for who in sessions:
                if who not in problems:
                    try:
                        step(who)
                    except AssertionError as error:
                        problems[who] = str(error)

        stopped: dict[str, Process] = {}
        idleness: dict[str, Idleness] = {}

        def stop(who: str) -> None:
            session = sessions[who]
            stopped[who] = PROCESSES[who](session)
            stopped[who].signal(signal.SIGSTOP)
            wait_until(lambda: is_stopped(stopped[who]), "it did not stop")
            for key in f"echo {string.ascii_lowercase}":
                session.terminal.type(key)

        def look(who: str) -> None:
            idleness[who] = Idleness(member for member in sessions[who].members() if member != stopped[who])

        def go_on(who: str) -> None:
            idleness[who].assert_none_spins()
            stopped[who].signal(signal.SIGCONT)
            sessions[who].terminal.type(f"{string.digits}\r")

        def expect(who: str) -> None:
            typed = string.ascii_lowercase + string.digits
            wanted = f"{PROMPT}echo {typed}\n{typed}\n{PROMPT.rstrip()}"
            terminal = sessions[who].terminal
            terminal.wait_until(lambda: terminal.text() == wanted, f"the screen is not\n{wanted}")
            sessions[who].wait_for_answer("again")

        def leave(who: str) -> None:
            sessions[who].enter("exit")
            assert sessions[who].terminal.wait_for_end() == 0
            sessions[who].assert_terminal_restored()
            sessions[who].wait_for_no_remains()

        each(stop)
        time.sleep(STOPPED_S / 2)  # what was typed is work, not spinning
        each(look)
        time.sleep(STOPPED_S / 2)
        each(go_on)
        each(expect)
        each(leave)
    assert not problems, "\n".join(f"{who} stopped: {problem}" for who, problem in problems.items())


def test_a_program_that_does_not_read_keeps_nobody_busy_and_gets_all_that_was_typed(tmp_path: Path) -> None:
    script = 'stty raw -echo; echo $$ >"$HOME/shell.pid"; echo ready; exec cat >"$HOME/typed"'
    with ClientSession(tmp_path, command=["/bin/sh", "-c", script]) as session:
        session.terminal.wait_for("ready")
        session.members()
        program = session.shell
        program.signal(signal.SIGSTOP)
        wait_until(lambda: is_stopped(program), "it did not stop")
        typed = "".join(random.Random(7).choices(string.ascii_letters, k=30_000))  # a pty holds 4 KiB
        for at in range(0, len(typed), 1000):
            session.terminal.type(typed[at : at + 1000])
            wait_until(lambda: session.terminal.unread_keys() == 0, "the renderer does not read")
        wait_until_idle(session)  # as all of it comes to the server: that is work, not spinning
        program.signal(signal.SIGCONT)
        received = session.home / "typed"
        wait_until(received.exists, "the program did not come to open it")  # it may have been stopped before
        wait_until(lambda: len(received.read_text()) >= len(typed), lambda: f"{len(received.read_text())} octets came")
        assert received.read_text() == typed
        program.signal(signal.SIGKILL)
        assert session.terminal.wait_for_end() == 128 + signal.SIGKILL
        session.wait_for_no_remains()


def wait_until_idle(session: ClientSession) -> None:
    """Wait until none of the session's processes is busy for a while."""
    busy = ""

    def idle() -> bool:
        nonlocal busy
        idleness = Idleness(session.members())
        time.sleep(STOPPED_S / 2)
        try:
            idleness.assert_none_spins()
        except AssertionError as error:
            busy = str(error)
            return False
        return True

    wait_until(idle, lambda: busy)


def test_a_flood_that_nobody_draws_keeps_no_process_of_the_client_busy(session: ClientSession) -> None:
    session.enter("yes flood")
    session.terminal.wait_for("flood\nflood\nflood")
    renderer = session.renderer
    renderer.signal(signal.SIGSTOP)
    wait_until(lambda: is_stopped(renderer), "it did not stop")
    session.terminal.type("\x03")  # nobody reads it yet
    idleness = Idleness([session.launcher])
    time.sleep(STOPPED_S / 2)
    idleness.assert_none_spins()
    renderer.signal(signal.SIGCONT)
    session.terminal.wait_for("^C")
    session.wait_for_answer("dry")


def test_a_stop_of_the_job_gives_the_terminal_back_and_goes_on_where_it_was(session: ClientSession) -> None:
    session.wait_for_answer("before")
    terminal = session.terminal
    terminal.wait_until(lambda: terminal.text().endswith(f"\nbefore\n{PROMPT.rstrip()}"), "no prompt follows")
    screen = terminal.text()
    group = os.getpgid(session.launcher.pid)
    renderer = session.renderer
    for _ in range(2):
        os.killpg(group, signal.SIGTSTP)
        wait_until(lambda: is_stopped(renderer) and is_stopped(session.launcher), "the job did not stop")
        session.terminal.wait_for("[mosh is suspended.]")
        session.assert_terminal_restored()
        idleness = Idleness(session.members())
        time.sleep(STOPPED_S / 2)
        idleness.assert_none_spins()
        os.killpg(group, signal.SIGCONT)
        session.terminal.wait_until(lambda: session.terminal.text() == screen, "the screen did not come back")
        assert not session.terminal.echoes
    session.wait_for_answer("after")
