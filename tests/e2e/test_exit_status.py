"""How `mosh` and `mosh-client` end: the table of docs/processes.md, with real sessions."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.support.client_session import ClientSession, comm, is_stopped, wait_for_none_left
from tests.support.programs import OURS, clean_environment, process, wait_until, write_launcher
from tests.support.terminal_session import PROMPT
from tests.support.user_terminal import UserTerminal, mosh_words, source_environment

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux, pytest.mark.requires_program("bash")]

ENDED = re.compile(r"\[mosh: session of \d+ s ended\]")
FROM_OUTSIDE = 255
LEAVE = b"\x1b[?1049l"  # the alternate screen; pyte has none, and so shows both


def left_behind(terminal: UserTerminal) -> list[str]:
    """The lines that stand on the user's own screen when all is over, without renditions."""
    entered, left, behind = bytes(terminal.output).rpartition(LEAVE)
    assert entered.count(b"\x1b[?1049h") == (entered + left).count(LEAVE)
    assert re.search(rb"\x1b(?!\[[0-9;]*m|\[23;0;0t)", behind) is None  # rmcup may bring the title back
    return re.sub(rb"\x1b\[[0-9;]*[mt]", b"", behind).decode().replace("\r", "").rstrip("\n").split("\n")


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (["false"], 1),
        (["sh", "-c", "exit 42"], 42),
        (["sh", "-c", "kill -9 $$"], 137),
        (["/nowhere/program"], 127),
        (["sh", "-c", "exec <&- >&- 2>&-; exec sleep 1000"], 129),  # it goes on, and is hung up
        (["sh", "-c", "exec <&- >&- 2>&-; exit 4"], 4),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, list) else str(given),
)
def test_a_command_ends_the_client_as_it_ended_itself(tmp_path: Path, command: Sequence[str], status: int) -> None:
    with ClientSession(tmp_path, command=command) as session:
        assert session.terminal.wait_for_end() == status
        assert ENDED.search(session.terminal.text())
        session.wait_for_no_remains()


def test_a_shell_ends_the_client_as_it_ended_itself(tmp_path: Path) -> None:
    with ClientSession(tmp_path) as session:
        session.enter("exit 3")
        assert session.terminal.wait_for_end() == 3
        [line] = left_behind(session.terminal)  # of a shell, no screen is left behind
        assert ENDED.fullmatch(line)
        session.assert_terminal_restored()


def test_the_escape_key_ends_it_with_zero(tmp_path: Path) -> None:
    with ClientSession(tmp_path) as session:
        session.terminal.type("\x1e.")
        assert session.terminal.wait_for_end() == 0
        assert ENDED.search(session.terminal.text())
        session.wait_for_no_remains()


def test_a_signal_to_the_client_ends_it_with_255(tmp_path: Path) -> None:
    with ClientSession(tmp_path) as session:
        session.launcher.signal(signal.SIGTERM)
        assert session.terminal.wait_for_end() == FROM_OUTSIDE
        assert ENDED.search(session.terminal.text())
        session.wait_for_no_remains()


def test_a_signal_to_the_server_ends_the_client_with_255_and_a_sentence(tmp_path: Path) -> None:
    with ClientSession(tmp_path) as session:
        session.server.process.signal(signal.SIGTERM)
        assert session.terminal.wait_for_end() == FROM_OUTSIDE
        assert "the session was ended on the server" in session.terminal.text()
        session.wait_for_no_remains()


# --- Jobs in the background -----------------------------------------------------------------------------------------


def test_a_job_that_keeps_the_terminal_keeps_no_session(tmp_path: Path) -> None:
    with ClientSession(tmp_path) as session:
        session.enter("sleep 1000 & echo $! >job; exit 7")
        try:
            assert session.terminal.wait_for_end() == 7
            session.wait_for_no_remains()
        finally:
            os.kill(int((session.home / "job").read_text()), signal.SIGKILL)  # it lives on, as under ssh


def test_what_a_job_had_still_written_is_shown(tmp_path: Path) -> None:
    job = "(echo from the job; touch there; exec sleep 1000) &"
    command = ["sh", "-c", f"{job} until [ -e there ]; do sleep 0.05; done; echo last words; exit 7"]
    with ClientSession(tmp_path, command=command, environment={"MOSH_KEEP_LAST_SCREEN": "yes"}) as session:
        assert session.terminal.wait_for_end() == 7
        assert left_behind(session.terminal)[:2] == ["from the job", "last words"]


def test_a_job_that_floods_keeps_no_session(tmp_path: Path) -> None:
    command = ["sh", "-c", "trap '' HUP; yes flood & sleep 0.2; exit 7"]
    with ClientSession(tmp_path, command=command) as session:
        assert session.terminal.wait_for_end() == 7
        session.wait_for_no_remains()  # yes writes to what was hung up


def test_jobs_that_need_no_terminal_live_on_and_those_in_the_foreground_are_hung_up(tmp_path: Path) -> None:
    with ClientSession(tmp_path) as session:
        session.enter("nohup sleep 1001 >nohup.out & echo $! >nohup; setsid sh -c 'echo $$ >setsid; exec sleep 1002' &")
        session.enter("sh -c 'echo $$ >foreground; exec sleep 1003'")
        names = ("nohup", "setsid", "foreground")
        wait_until(lambda: all((session.home / name).exists() for name in names), "the jobs were not started")
        nohup, of_its_own, foreground = [
            process(int(wait_until((session.home / name).read_text, name))) for name in names
        ]
        # Their numbers are written before they have become what they are to be.
        wait_until(lambda: {comm(each) for each in (nohup, of_its_own, foreground)} == {"sleep"}, "they do not sleep")
        session.shell.signal(signal.SIGKILL)
        assert session.terminal.wait_for_end() == 128 + signal.SIGKILL
        wait_for_none_left([foreground])
        try:
            assert nohup.alive
            assert of_its_own.alive
        finally:
            nohup.signal(signal.SIGKILL)
            of_its_own.signal(signal.SIGKILL)


# --- mosh itself, and the last screen -------------------------------------------------------------------------------


def run_mosh(home: Path, *arguments: str) -> UserTerminal:
    """Run `mosh --local` with those arguments."""
    server = write_launcher(home / "server", OURS.server)
    client = write_launcher(home / "client", OURS.client)
    return UserTerminal(
        mosh_words("--local", f"--server={server}", f"--client={client}", *arguments),
        environment=clean_environment(home) | source_environment(),
        directory=str(home),
    )


def test_mosh_ends_as_the_command_did_and_leaves_its_last_screen(tmp_path: Path) -> None:
    script = "printf '\\033[31mred\\033[m and plain\\n\\nlast\\n'; exit 42"
    with run_mosh(tmp_path, "127.0.0.1", "sh", "-c", script) as terminal:
        assert terminal.wait_for_end() == 42
        *lines, last = left_behind(terminal)
        assert lines == ["red and plain", "", "last"]
        assert ENDED.fullmatch(last)
        assert re.search(rb"\x1b\[(0;)?31mred\x1b\[0?m and plain", bytes(terminal.output).rpartition(LEAVE)[2])


def test_who_does_not_want_the_last_screen_has_none(tmp_path: Path) -> None:
    with run_mosh(tmp_path, "--no-keep-last-screen", "127.0.0.1", "echo", "last words") as terminal:
        assert terminal.wait_for_end() == 0
        [line] = left_behind(terminal)
        assert ENDED.fullmatch(line)


def test_without_the_alternate_screen_nothing_is_printed_twice(tmp_path: Path) -> None:
    with run_mosh(tmp_path, "--no-init", "127.0.0.1", "echo", "last words") as terminal:
        assert terminal.wait_for_end() == 0
        assert bytes(terminal.output).count(b"last words") == 1


def test_of_a_login_shell_it_is_printed_when_that_is_asked_for(tmp_path: Path) -> None:
    with ClientSession(tmp_path, environment={"MOSH_KEEP_LAST_SCREEN": "yes"}) as session:
        session.enter("echo seen''twice; exit")
        assert session.terminal.wait_for_end() == 0
        assert left_behind(session.terminal)[:2] == [f"{PROMPT}echo seen''twice; exit", "seentwice"]


def test_it_is_printed_when_the_user_leaves_too_but_not_when_the_session_is_suspended(tmp_path: Path) -> None:
    command = ["sh", "-c", "echo so far; sleep 1000"]
    with ClientSession(tmp_path, command=command, environment={"MOSH_KEEP_LAST_SCREEN": "yes"}) as session:
        session.terminal.wait_for("so far")
        session.terminal.type("\x1e\x1a")
        session.terminal.wait_for("[mosh is suspended.]")
        assert left_behind(session.terminal) == ["[mosh is suspended.]"]
        # What stops after it was told to go on stays so.
        wait_until(lambda: is_stopped(session.renderer) and is_stopped(session.launcher), "it did not stop")
        for member in session.client_members():
            member.signal(signal.SIGCONT)
        session.terminal.wait_until(lambda: not session.terminal.echoes, "it was not resumed")
        session.terminal.type("\x1e.")
        assert session.terminal.wait_for_end() == 0
        assert left_behind(session.terminal)[0] == "so far"
