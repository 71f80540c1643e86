"""Sessions taken back through a real sshd: listed, left, attached to, taken over, named and ended."""

from __future__ import annotations

import json
import os
import re
import select
import shlex
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.programs import (
    OURS,
    UPSTREAM,
    Programs,
    clean_environment,
    missing_programs,
    process,
    wait_until,
    with_any_client,
    write_launcher,
)
from tests.support.sshd import LOGIN_OPTIONS, Sshd, processes_with
from tests.support.user_terminal import UserTerminal, modes_left_on, mosh_words, source_environment

from mosh_server.door.deeds import Deeds

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("sshd", "ssh", "ssh-keygen"),
]

NEEDS_UPSTREAMS_SERVER = pytest.mark.requires_upstream("mosh-server")
NEEDS_UPSTREAMS_CLIENT = pytest.mark.requires_upstream("mosh-client")
SHELL = ("--", "env", "PS1=ready> ", "sh", "-i")
PROMPT = "ready>"
DETACH = "\x1ed"


class Desk:
    """Somebody with several terminals, and an account whose sessions are nobody else's business."""

    def __init__(self, home: Path, sshd: Sshd) -> None:
        self.home = home
        self.environment = clean_environment(home) | source_environment()
        self._sshd = sshd
        self._terminals: list[UserTerminal] = []
        (home / "run").mkdir(mode=0o700)
        self._private = {"XDG_RUNTIME_DIR": f"{home}/run", "XDG_STATE_HOME": f"{home}/state"}

    def words(self, *arguments: str, programs: Programs = OURS, client: Programs = OURS) -> list[str]:
        """The command line of `mosh` for that account; `programs` has its server."""
        client_path = write_launcher(self.home / f"client-{client.name}", client.client)
        private = " ".join(
            [f"{name}={value}" for name, value in {"MOSH_TEST_MARK": self.home, **self._private}.items()]
        )
        return [
            *mosh_words(f"--client={client_path}", f"--ssh={self._sshd.ssh()}", *LOGIN_OPTIONS),
            f"--server=env {private} {' '.join(programs.server)}",
            *arguments,
        ]

    def mosh(
        self,
        *arguments: str,
        size: tuple[int, int] = (24, 80),
        programs: Programs = OURS,
        client: Programs = OURS,
    ) -> UserTerminal:
        """Run `mosh` in a terminal of its own."""
        words = self.words(*arguments, programs=programs, client=client)
        self._terminals.append(UserTerminal(words, environment=self.environment, size=size))
        return self._terminals[-1]

    def ask(self, *arguments: str, programs: Programs = OURS) -> subprocess.CompletedProcess[str]:
        """Run `mosh` without a terminal."""
        return subprocess.run(
            self.words(*arguments, "127.0.0.1", programs=programs),
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            start_new_session=True,
            timeout=60,
            check=False,
        )

    def sessions(self) -> list[dict[str, Any]]:
        """What `mosh-server list --json` would say there, without starting it: it is asked for again and again."""
        deeds = Deeds({**self.environment, **self._private}, uid=os.getuid())
        return [each.members() for each in deeds.listed()]

    def history(self, pid: int, *words: str) -> str:
        """What `mosh-server history` says there."""
        return subprocess.run(
            [*OURS.server, "history", str(pid), *words],
            env={**self.environment, **self._private},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    def race(self, name: str) -> subprocess.Popen[str]:
        """Start what `mosh --session` asks the account's server for."""
        return subprocess.Popen(
            [*OURS.server, "session", "create", name, "new", "-i", "127.0.0.1", "--", "sleep", "100"],
            env={**self.environment, **self._private, "MOSH_TEST_MARK": str(self.home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def only(self, state: str) -> dict[str, Any]:
        """The only session there is, once it is in that state."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            found[:] = self.sessions()
            return [each["state"] for each in found] == [state]

        wait_until(there, lambda: f"not one session, {state}: {found}")
        return found[0]

    def servers(self) -> list[int]:
        """The process ids of what runs for that account."""
        return [each.pid for each in processes_with(f"MOSH_TEST_MARK={self.home}")]

    def close(self) -> None:
        for terminal in self._terminals:
            terminal.close()
        for each in processes_with(f"MOSH_TEST_MARK={self.home}"):
            each.end()


@pytest.fixture
def desk(tmp_path: Path, sshd: Sshd) -> Iterator[Desk]:
    somebody = Desk(tmp_path, sshd)
    yield somebody
    somebody.close()


def begun(desk: Desk, *arguments: str, **particulars: Any) -> UserTerminal:
    """A session that has shown its prompt, and a word."""
    terminal = desk.mosh(*arguments, "127.0.0.1", *SHELL, **particulars)
    terminal.wait_for(PROMPT)
    terminal.type("echo over\\there\r")
    terminal.wait_for("overthere")
    return terminal


def kill(terminal: UserTerminal) -> None:
    """End the client with all its processes at once: as a machine does that goes away."""
    os.killpg(terminal.pid, signal.SIGKILL)
    terminal.wait_for_end()


def say(terminal: UserTerminal, command: str, wanted: str) -> None:
    # What is typed before there is a prompt is shown before it, and the answer behind it.
    terminal.wait_until(lambda: terminal.text().rstrip().rpartition("\n")[2].endswith(PROMPT), "no prompt")
    terminal.type(f"{command}\r")
    terminal.wait_for(wanted)


def assert_left_clean(terminal: UserTerminal) -> None:
    """Termios and modes as they were, without a full reset."""
    assert terminal.settings() == terminal.settings_before
    on = {mode for mode, left_on in modes_left_on(bytes(terminal.output)).items() if left_on}
    assert on <= {7, 25}  # wrapping and the cursor, which terminals have on
    assert not any(reset in terminal.output for reset in (b"\x1bc", b"\x1b[!p"))


def test_a_session_whose_client_was_killed_is_taken_back_at_another_size(desk: Desk) -> None:
    kill(begun(desk, client=with_any_client()))
    [session] = desk.sessions()
    terminal = desk.mosh(f"--attach={session['id']}", "127.0.0.1", size=(30, 100))
    terminal.wait_for("overthere")
    say(terminal, "stty size", "30 100")
    terminal.type("exit\r")
    assert terminal.wait_for_end() == 0
    wait_until(lambda: not desk.servers(), "the session did not end")


def test_a_session_is_left_and_taken_back(desk: Desk) -> None:
    terminal = begun(desk)
    terminal.type(DETACH)
    assert terminal.wait_for_end() == 0
    [told] = re.findall(r"\[mosh: detached after \d+ s; take it back with: mosh --attach=(\d+) ", terminal.said())
    assert_left_clean(terminal)
    session = desk.only("detached")
    assert session["id"] == int(told)
    again = desk.mosh("--attach", "127.0.0.1", client=with_any_client())
    again.wait_for("overthere")
    assert desk.only("attached")["id"] == session["id"]
    say(again, "expr 6 '*' 7", "\n42")


def test_what_scrolled_off_is_printed(desk: Desk) -> None:
    terminal = begun(desk, "--history=400,1M", client=with_any_client())
    say(terminal, "seq 1 3000; printf '\\033[32mgreen\\033[m\\n'; seq 1 50; echo all\\there", "allthere")
    pid = desk.only("attached")["id"]
    text = desk.history(pid)
    lines = text.splitlines()
    assert len(lines) == 400
    assert lines[: lines.index("green")] == [str(number) for number in range(3001 - lines.index("green"), 3001)]
    assert lines[lines.index("green") + 1 :][:20] == [str(number) for number in range(1, 21)]
    assert "\x1b[32mgreen\x1b[m\n" in desk.history(pid, "--ansi")


def test_the_client_that_had_it_says_who_has_it_now(desk: Desk) -> None:
    first = begun(desk)
    second = desk.mosh(f"--attach={desk.only('attached')['id']}", "127.0.0.1", client=with_any_client())
    second.wait_for("overthere")
    assert first.wait_for_end() == 79
    assert "[mosh: this session was taken over from 127.0.0.1 at 20" in first.said()
    assert_left_clean(first)
    say(second, "expr 6 '*' 7", "\n42")


def test_a_client_that_was_stopped_meanwhile_learns_it_when_it_goes_on(desk: Desk) -> None:
    first = begun(desk)
    os.killpg(first.pid, signal.SIGSTOP)
    second = desk.mosh(f"--attach={desk.sessions()[0]['id']}", "127.0.0.1", client=with_any_client())
    second.wait_for("overthere")
    os.killpg(first.pid, signal.SIGCONT)
    assert first.wait_for_end() == 79
    say(second, "expr 6 '*' 7", "\n42")


# A client whose datagrams lead nowhere: the last of its words, the port, is another one.
ELSEWHERE = 'n=$#; while [ $n -gt 1 ]; do set -- "$@" "$1"; shift; n=$((n-1)); done; shift; exec {} "$@" {}'


def test_who_cannot_be_reached_by_udp_takes_nothing_from_who_types(desk: Desk) -> None:
    first = begun(desk, client=with_any_client())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nowhere:
        nowhere.bind(("127.0.0.1", 0))
        script = ELSEWHERE.format(shlex.join(OURS.client), nowhere.getsockname()[1])
        blocked = OURS._replace(name="blocked", client=("sh", "-c", script, "sh"))
        second = desk.mosh(f"--attach={desk.only('attached')['id']}", "127.0.0.1", client=blocked)
        wait_until(lambda: select.select([nowhere], [], [], 0)[0], lambda: f"it sends nothing: {second.text()}")
        say(first, "expr 6 '*' 7", "\n42")
        second.wait_for(f"Nothing received from server on UDP port {nowhere.getsockname()[1]}")
        say(first, "expr 6 '*' 8", "\n48")
        assert desk.only("attached")["from"] == "127.0.0.1"


def test_what_one_asks_for_by_name_is_begun_once(desk: Desk) -> None:
    first = begun(desk, "--session=work")
    assert desk.only("attached")["name"] == "work"
    second = desk.mosh("--session=work", "127.0.0.1", client=with_any_client())
    second.wait_for("overthere")
    assert first.wait_for_end() == 79
    assert desk.only("attached")["name"] == "work"


def test_two_who_ask_for_a_name_at_the_same_moment_get_one_session(desk: Desk) -> None:
    terminals = [desk.mosh("--session=work", "127.0.0.1", *SHELL) for _ in range(2)]

    def one_has_it() -> bool:
        for terminal in terminals:
            terminal._read()
        return [terminal.child.isalive() for terminal in terminals].count(False) == 1

    wait_until(one_has_it, lambda: f"not just one has the session: {[terminal.text() for terminal in terminals]}")
    [taken] = [terminal for terminal in terminals if not terminal.child.isalive()]
    assert taken.wait_for_end() == 79
    [left] = [terminal for terminal in terminals if terminal is not taken]
    say(left, "expr 6 '*' 7", "\n42")
    assert desk.only("attached")["name"] == "work"


RACES = int(os.environ.get("MOSH_TEST_RACES", "4"))  # more of them by hand: each starts two servers


def test_whole_servers_that_race_for_a_name_come_to_one_session(desk: Desk) -> None:
    for number in range(RACES):
        racers = [desk.race(f"name-{number}") for _ in range(2)]
        answers = [racer.communicate(timeout=60)[0] for racer in racers]
        made = [json.loads(answer.split(" ", 4)[4].splitlines()[0])["new"] for answer in answers]
        assert sorted(made) == [False, True], answers
        keys = {answer.split("MOSH CONNECT ")[1].split()[1] for answer in answers}
        assert len(keys) == 2
        assert [each["name"] for each in desk.sessions()].count(f"name-{number}") == 1


def test_sessions_are_listed_and_ended_attached_or_not(desk: Desk) -> None:
    attached, detached = begun(desk, "--session=one"), begun(desk, "--session=two")
    detached.type(DETACH)
    assert detached.wait_for_end() == 0
    wait_until(lambda: sorted(each["state"] for each in desk.sessions()) == ["attached", "detached"], "not one of each")
    wanted = (r"\d+ +one +80x24 +attached for .* from 127\.0\.0\.1", r"\d+ +two +80x24 +detached for ")
    # A server that has no processor just now does not answer in time, and that is listed.
    listed = wait_until(
        lambda: [text for text in [desk.ask("--list").stdout] if all(re.search(pattern, text) for pattern in wanted)],
        "the list does not have both",
    )[0]
    assert max(map(len, listed.splitlines())) <= 80
    assert {each["name"] for each in json.loads(desk.ask("--list", "--json").stdout)} == {"one", "two"}
    assert re.fullmatch(r"Ended \d+\.\n", desk.ask("--end=two").stdout)
    assert re.fullmatch(r"Ended \d+\.\n", desk.ask("--end=one").stdout)
    assert attached.wait_for_end() == 255
    wait_until(lambda: not desk.servers(), "a session did not end")
    assert desk.sessions() == []
    gone = desk.ask("--end=one")
    assert (gone.returncode, gone.stdout) == (10, "")
    assert re.fullmatch(r"mosh: The server on 127\.0\.0\.1 says: .*\.\n", gone.stderr)


def test_a_server_that_died_is_not_listed(desk: Desk) -> None:
    begun(desk, client=with_any_client())
    process(desk.sessions()[0]["id"]).signal(signal.SIGKILL)
    wait_until(lambda: desk.sessions() == [], "it is still listed")


def test_which_of_several_is_asked_on_the_terminal(desk: Desk) -> None:
    for _ in range(2):
        terminal = begun(desk)
        terminal.type(DETACH)
        assert terminal.wait_for_end() == 0
    again = desk.mosh("--attach", "127.0.0.1", client=with_any_client())
    again.wait_for("Take back which one? [1-2; q leaves]")
    number = next(line[0] for line in again.text().splitlines() if line[1:2] == ")")
    again.type(f"{number}\r")
    again.wait_for(PROMPT)
    wait_until(lambda: sorted(each["state"] for each in desk.sessions()) == ["attached", "detached"], "none was taken")


@NEEDS_UPSTREAMS_SERVER
@pytest.mark.interop
@pytest.mark.parametrize("option", ["--list", "--session=work"])  # all words: tests/server/test_sessions.py
def test_upstreams_server_starts_nothing_and_one_sentence_says_so(desk: Desk, option: str) -> None:
    terminal = desk.mosh(option, "127.0.0.1", programs=UPSTREAM)
    assert terminal.wait_for_end() == 14
    assert re.fullmatch(r"mosh: '.*' on 127.0.0.1 knows no sessions [^.]* as new as this one\.", terminal.said())
    assert desk.servers() == []


@NEEDS_UPSTREAMS_CLIENT
@pytest.mark.interop
def test_upstreams_client_takes_a_session_back(desk: Desk) -> None:
    first = begun(desk)
    second = desk.mosh(f"--attach={desk.sessions()[0]['id']}", "127.0.0.1", client=UPSTREAM)
    second.wait_for("overthere")
    assert first.wait_for_end() == 79
    say(second, "expr 6 '*' 7", "\n42")
    second.type("exit\r")
    assert second.wait_for_end() == 0


@pytest.mark.skipif(bool(missing_programs(["vim.tiny"])), reason="vim.tiny is missing")
def test_a_full_screen_program_is_there_at_once_and_at_full_height(desk: Desk) -> None:
    first = begun(desk, client=with_any_client())
    first.type(f"cd {desk.home}; vim.tiny -u NONE text\r")
    first.wait_for("~\n~\n~")
    first.type("ihello from vim\x1b")
    first.wait_for("hello from vim")
    kill(first)
    second = desk.mosh(f"--attach={desk.sessions()[0]['id']}", "127.0.0.1", size=(40, 90))
    second.wait_until(lambda: second.text().count("\n~") >= 37, "vim did not take the whole height")
    second.wait_for("hello from vim")
    second.type("\x1b:wq\r")  # the first client's last key may have died with it
    second.wait_for(PROMPT)
    assert (desk.home / "text").read_text() == "hello from vim\n"


def test_a_session_is_taken_over_in_a_flood(desk: Desk) -> None:
    first = begun(desk)
    arrived, go = desk.home / "arrived", desk.home / "go"
    # Of the way to the server, the flood is only there for the end: until then it takes all of the machine.
    held = f"touch {arrived}; until [ -e {go} ]; do sleep 0.02; done; exec "
    late = OURS._replace(server=("sh", "-c", shlex.quote(f'{held}{shlex.join(OURS.server)} "$@"'), "sh"))
    second = desk.mosh(f"--attach={desk.sessions()[0]['id']}", "127.0.0.1", programs=late, client=with_any_client())
    wait_until(arrived.exists, lambda: f"the server was not asked: {second.text()}")
    first.type("yes over\\flow\r")
    first.wait_for("overflow\noverflow")
    go.touch()
    second.wait_for("overflow\noverflow")
    assert first.wait_for_end() == 79
    second.type("\x03")
    second.wait_for("^C\nready>")
    say(second, "expr 6 '*' 7", "\n42")
