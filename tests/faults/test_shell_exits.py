"""The shell exiting in each phase: the session ends, with the last screen, however the network was at that moment."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from tests.support.client_session import LONGEST_REMAINS_S, ClientSession, Idleness, wait_for_none_left
from tests.support.programs import wait_until

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux, pytest.mark.requires_program("bash")]

# Without an alternate screen the last frame stays to be seen.
LAST_FRAME_STAYS = {"MOSH_NO_TERM_INIT": "1"}


def assert_ended_with(session: ClientSession, *words: str, status: int = 0) -> None:
    """The client ends in good order as the shell did, the last frame shows `words`, and nothing is left."""
    assert session.terminal.wait_for_end() == status
    for word in (*words, "[mosh: session of "):
        assert word.replace("\n", "\r\n").encode() in session.terminal.output
    assert session.terminal.settings() == session.terminal.settings_before
    session.wait_for_no_remains()


def test_a_command_that_ends_at_once_is_shown(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo last words"]
    with ClientSession(tmp_path, command=command, environment=LAST_FRAME_STAYS) as session:
        assert_ended_with(session, "last words")


def test_a_command_that_ended_before_the_client_heard_anything_is_shown(tmp_path: Path) -> None:
    # What the server says is lost from its first datagram on: the client does not know whether there is one.
    command = ["/bin/sh", "-c", 'echo last words; touch "$HOME/over"']
    with ClientSession(tmp_path, command=command, environment=LAST_FRAME_STAYS, mute=True) as session:
        wait_until((session.home / "over").exists, "the command was not started")
        wait_for_none_left([member for member in session.server.family() if member != session.server.process])
        session.terminal.wait_for("mosh: Nothing received from server on UDP port")
        assert session.server.process.alive
        session.relay.mend()
        assert_ended_with(session, "last words")


def test_a_command_that_is_missing_is_named(tmp_path: Path) -> None:
    with ClientSession(tmp_path, command=["/nowhere/shell"], environment=LAST_FRAME_STAYS) as session:
        assert_ended_with(session, "cannot run /nowhere/shell: No such file or directory", status=127)


def test_after_a_flood_the_last_screen_is_seen(tmp_path: Path) -> None:
    with ClientSession(tmp_path, environment=LAST_FRAME_STAYS) as session:
        session.terminal.patience_s = LONGEST_REMAINS_S  # half a second of work for a machine that does nothing else
        session.enter("seq 1 300000; exit")
        assert_ended_with(session)
        assert "299999\n300000\n" in session.terminal.text()  # in however many frames they came


def test_a_shell_that_dies_in_the_middle_of_a_flood_ends_it(session: ClientSession) -> None:
    session.enter("yes flood")
    session.terminal.wait_for("flood\nflood\nflood")
    family = session.members()
    session.shell.signal(signal.SIGKILL)
    assert session.terminal.wait_for_end() == 128 + signal.SIGKILL
    session.assert_terminal_restored()
    wait_for_none_left(family)


def test_during_an_outage_the_last_screen_and_the_end_wait_for_the_client(tmp_path: Path) -> None:
    with ClientSession(tmp_path, environment=LAST_FRAME_STAYS) as session:
        shell = session.shell
        session.enter("echo $BASHPID >at; until [ -e cut ]; do sleep 0.1; done; echo last words; exit")
        wait_until((session.home / "at").exists, "the shell does not run it")
        session.relay.black_out()
        (session.home / "cut").touch()
        wait_for_none_left([shell])
        session.terminal.wait_for("mosh: Last contact ")  # nothing came of it yet
        assert "last words\n" not in session.terminal.text()
        idleness = Idleness([*session.client_members(), session.server.process])
        time.sleep(2)
        idleness.assert_none_spins()
        session.relay.black_out(False)
        assert_ended_with(session, "last words")
        assert "Last contact" not in session.terminal.text()  # the notice went before the end
