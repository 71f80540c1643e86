"""Our server, run as its user would run it, with upstream's client in a pty."""

from __future__ import annotations

import hashlib
import itertools
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pexpect
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from tests.bad_input.rig import sabotaged
from tests.support.programs import (
    OURS,
    UPSTREAM,
    Programs,
    RunningServer,
    clean_environment,
    descendants,
    start_server,
    wait_until,
)
from tests.support.screens import programs
from tests.support.upstream_client import UserTerminal, drawn
from tests.support.user_terminal import end_child, started

from mosh_common.terminal.cells import cell_text
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.history.history import History

pytestmark = [
    pytest.mark.system,
    pytest.mark.interop,
    pytest.mark.requires_upstream("mosh-client"),
]
SHELL = ("/bin/bash", "--noprofile", "--norc")
SCREENS = int(os.environ.get("FUZZ_EXAMPLES", "300"))  # random ones, each drawn from the one before


class Visit:
    """One server of ours and one upstream client, whose terminal can be looked at."""

    def __init__(
        self,
        home: Path,
        command: tuple[str, ...],
        *,
        programs: Programs = OURS,
        columns: int = 100,
        lines: int = 30,
        **environment: str,
    ) -> None:
        self.server: RunningServer = start_server(
            programs, command, environment=clean_environment(home, PS1="ready> ", **environment), directory=home
        )
        self._terminal = UserTerminal(columns, lines)
        self._everything = b""
        words = [UPSTREAM.client[0], "127.0.0.1", str(self.server.port)]
        environ = clean_environment(home, MOSH_KEY=self.server.key, MOSH_PREDICTION_DISPLAY="never")
        self.client = started(words, environ, (lines, columns), None)

    @property
    def text(self) -> str:
        """What the client's terminal shows."""
        screen = self._terminal.snapshot()
        return "\n".join(
            "".join(cell_text(row, column) or " " for column in range(screen.columns)).rstrip() for row in screen.rows
        )

    def type(self, text: str | bytes) -> None:
        octets = text.encode() if isinstance(text, str) else text
        while octets:  # reading between writes, or the client's output would fill its pty and stop it
            octets = octets[self.client.send(octets[:2000]) :]
            self._look()

    def resize(self, columns: int, lines: int) -> None:
        self.client.setwinsize(lines, columns)
        self._terminal.resize(columns, lines)

    def wait_for(self, *texts: str) -> None:
        def seen() -> bool:
            self._look()
            return all(text in self.text for text in texts)

        wait_until(seen, lambda: f"no {texts} on the screen:\n{self.text}")

    def wait_until_all_is(self, text: str) -> None:
        """Wait until the terminal shows this, and nothing else: a new size and what is typed come one by one."""

        def is_all() -> bool:
            self._look()
            return self.text == text

        wait_until(is_all, lambda: f"not {text!r}, but:\n{self.text}")

    def wait_for_end(self) -> None:
        """Wait until the client has ended and the server's process is gone."""

        def ended() -> bool:
            self._look()
            return not self.client.isalive()

        wait_until(ended, lambda: f"the client stays; its screen:\n{self.text}")
        self._look()  # what it drew between the two looks
        wait_until(lambda: not self.server.process.alive, "the server's process stays")

    @property
    def said_goodbye(self) -> bool:
        self._look()
        return b"mosh is exiting" in self._everything

    def close(self) -> None:
        end_child(self.client)
        self.server.end()

    def _look(self) -> None:
        while True:
            try:
                output = self.client.read_nonblocking(65536, timeout=0)
            except (pexpect.TIMEOUT, pexpect.EOF):
                return
            self._everything += output
            self._terminal.feed(output)


@pytest.fixture
def visit(tmp_path: Path) -> Iterator[Callable[..., Visit]]:
    """Start visits that are over after the test, however far it came."""
    visits: list[Visit] = []

    def start(*command: str, **settings: Any) -> Visit:
        visits.append(Visit(tmp_path, command or SHELL, **settings))
        return visits[-1]

    yield start
    for each in visits:
        each.close()


def test_a_session_from_the_first_prompt_to_the_exit(visit: Callable[..., Visit]) -> None:
    session = visit()
    session.wait_for("ready>")
    session.type("stty size; echo $TERM ${SSH_TTY-none} $PWD; echo hel''lo\r")
    session.wait_for("30 100", "xterm-256color none", "hello")
    session.type("exit\r")
    session.wait_for_end()
    assert session.said_goodbye


def test_a_new_size_reaches_the_shell_and_the_screen(visit: Callable[..., Visit]) -> None:
    session = visit()
    session.wait_for("ready>")
    session.resize(132, 43)
    # Keys may overtake the signal that tells the client of its new size.
    session.type("until [ \"$(stty size)\" = '43 132' ]; do sleep 0.02; done; echo a new si''ze\r")
    session.wait_for("a new size")


def test_a_smaller_window_keeps_the_prompt(visit: Callable[..., Visit]) -> None:
    program = "stty raw -echo; seq -s '\r\n' 1 30; printf '\rprompt> '; exec cat"
    session = visit("sh", "-c", program, columns=40, lines=12)
    session.wait_for("30", "prompt>")
    session.resize(40, 4)
    session.type("here")
    session.wait_until_all_is("28\n29\n30\nprompt> here")
    session.resize(30, 6)
    session.type("!")
    session.wait_until_all_is("26\n27\n28\n29\n30\nprompt> here!")  # what the smaller window had pushed is back


def test_a_paste_of_sixty_kilobytes_arrives_whole(visit: Callable[..., Visit]) -> None:
    paste = bytes(33 + index * 7 % 90 for index in range(60_000))
    session = visit("sh", "-c", f"stty raw -echo; printf ready; head -c {len(paste)} | md5sum; sleep 60")
    session.wait_for("ready")
    session.type(paste)
    session.wait_for(hashlib.md5(paste).hexdigest())


def test_arrows_come_in_the_form_that_the_application_asked_for(visit: Callable[..., Visit]) -> None:
    session = visit("cat", "-v")
    session.type(b"\x1bOA\x1bOB\x1bOH\x1bOF-\r")
    session.wait_for("^[[A^[[B^[[H^[[F-")
    session.close()
    session = visit("sh", "-c", "printf '\\033[?1hready'; exec cat -v")
    session.wait_for("ready")
    session.type(b"\x1bOA\x1bOB\x1bOH\x1bOF-\r")
    session.wait_for("^[OA^[OB^[OH^[OF-")


def test_a_server_that_tells_of_its_own_failure_is_shown_like_any_other(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    words, switches = sabotaged("server", tmp_path / "switches")
    session = visit("sh", "-c", "stty -echo -icanon; printf ready; exec cat", programs=OURS._replace(server=words))
    session.wait_for("ready")
    switches.set(screen_fails=1)
    session.type("\x1b]0;title\a")
    # What is read together with it is lost with it.
    wait_until(lambda: switches.get("screen_failed"), "the screen did not fail")
    session.type(" goes")
    session.wait_for("ready goes")
    switches.set(screen_fails=0)
    session.type(" on")
    session.wait_for("ready goes on")
    assert "cannot digest" not in session.text


def test_questions_to_the_terminal_are_answered(visit: Callable[..., Visit]) -> None:
    session = visit("sh", "-c", "stty raw -echo; printf '\\033[6n'; head -c 6 | cat -v; sleep 60")
    session.wait_for("^[[1;1R")


def test_a_flood_can_be_stopped(visit: Callable[..., Visit]) -> None:
    session = visit()
    session.wait_for("ready>")
    session.type("yes\r")
    session.wait_for("y\ny\ny")
    session.type("\x03")
    session.type("clear; echo st''ill\r")
    session.wait_for("still")


def test_a_command_that_cannot_be_run_tells_why_before_the_end(visit: Callable[..., Visit]) -> None:
    session = visit("/no/such/program")
    session.wait_for_end()
    assert b"cannot run /no/such/program" in session._everything


def test_a_signal_ends_the_session_and_the_client_hears_of_it(visit: Callable[..., Visit]) -> None:
    session = visit()
    session.wait_for("ready>")
    session.server.process.signal(signal.SIGTERM)
    session.wait_for_end()
    assert session.said_goodbye


def test_sigusr1_ends_the_session_unless_the_client_was_heard_lately(visit: Callable[..., Visit]) -> None:
    session = visit(MOSH_SERVER_SIGNAL_TMOUT="1000")
    session.wait_for("ready>")
    session.server.process.signal(signal.SIGUSR1)
    session.type("echo al''ive\r")
    session.wait_for("alive")
    session.close()
    session = visit()
    session.wait_for("ready>")
    session.server.process.signal(signal.SIGUSR1)
    session.wait_for_end()


def test_the_user_is_told_when_there_is_no_pty_to_be_had(visit: Callable[..., Visit]) -> None:
    code = (
        "import os, sys\n"
        "def last_one(opened=os.openpty()):\n"  # for the look before the port is announced
        "    os.openpty = none_left\n"
        "    return opened\n"
        "def none_left(): raise OSError(28, 'No space left on device')\n"
        "os.openpty = last_one\n"
        "from mosh_server.cli import main\n"
        "sys.exit(main())\n"
    )
    session = visit(programs=OURS._replace(server=(*OURS.server[:3], "-c", code)))
    session.wait_for_end()
    assert b"Cannot open a pty: No space left on device." in session._everything


def test_a_client_that_quits_takes_the_session_with_it(visit: Callable[..., Visit]) -> None:
    session = visit("sh", "-c", "echo $$ >shell; echo ready; exec sleep 600")
    session.wait_for("ready")
    session.type(b"\x1e.")
    session.wait_for_end()


def test_the_key_is_in_nobody_s_environment_or_arguments(visit: Callable[..., Visit]) -> None:
    session = visit()
    session.wait_for("ready>")
    session.type("env | grep -c MOSH_KEY\r")
    session.wait_for("\n0\n")
    members = [session.server.process, *descendants(session.server.process.pid)]
    looked_at = 0
    for path in (Path(f"/proc/{member.pid}/{name}") for member in members for name in ("cmdline", "environ")):
        try:
            contents = path.read_bytes()
        except OSError:
            continue  # a helper that has ended meanwhile
        assert session.server.key.encode() not in contents
        looked_at += 1
    assert looked_at >= (
        4 if os.getuid() == 0 else 3
    )  # of the server and the shell; the server's environment is closed


def test_setuid_programs_work_in_the_session(visit: Callable[..., Visit]) -> None:
    session = visit()
    session.wait_for("ready>")
    session.type("grep -c 'NoNewPrivs:.0' /proc/self/status\r")
    session.wait_for("\n1\n")


def test_the_server_holds_its_socket_and_its_pty_and_nothing_that_it_was_given(visit: Callable[..., Visit]) -> None:
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    try:
        session = visit()
        session.wait_for("ready>")
        folder = f"/proc/{session.server.process.pid}/fd"
        if os.getuid() != 0:  # to its own user the server is closed
            with pytest.raises(PermissionError):
                os.listdir(folder)
            return
        held = {}
        for fd in os.listdir(folder):
            with suppress(FileNotFoundError):  # it was held for a moment
                held[fd] = os.readlink(f"{folder}/{fd}")
        assert [held[fd] for fd in ("0", "1", "2")] == ["/dev/null"] * 3
        sockets = sum(target.startswith("socket:") for target in held.values())
        assert 1 <= sockets <= 3, "of UDP, and the door's two at most"
        assert os.readlink(f"/proc/self/fd/{write_end}") not in held.values()
    finally:
        os.close(read_end)
        os.close(write_end)


def test_a_server_on_a_mapped_or_ipv6_address_serves_too(tmp_path: Path) -> None:
    done = subprocess.run(
        [*OURS.server, "new", "-i", "::1", "-p", "0", "--", "true"],
        env=clean_environment(tmp_path),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    _mosh, _connect, port, key = done.stdout.split()
    client = pexpect.spawn(
        UPSTREAM.client[0], ["::1", port], env=clean_environment(tmp_path, MOSH_KEY=key), dimensions=(24, 80)
    )
    try:
        client.expect("mosh is exiting", timeout=20)
    finally:
        end_child(client)


def test_a_login_shell_is_greeted(tmp_path: Path, visit: Callable[..., Visit]) -> None:
    """Of the message of the day nothing can be said here; a session left behind must be named."""
    runtime = tmp_path / "run"
    runtime.mkdir()
    settings = {"XDG_RUNTIME_DIR": str(runtime), "SHELL": "/bin/sh"}
    start = visit("sh", "-c", "echo ready; exec cat", **settings)
    start.wait_for("ready")
    entry = runtime / "mosh-py" / str(start.server.process.pid)
    entry.write_bytes(b"detached\n")  # as its server writes after 40 s of silence
    done = subprocess.run(
        [*OURS.server, "new", "-i", "127.0.0.1"],
        env=clean_environment(tmp_path, **settings),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    _mosh, _connect, port, key = done.stdout.split()
    client = pexpect.spawn(
        UPSTREAM.client[0], ["127.0.0.1", port], env=clean_environment(tmp_path, MOSH_KEY=key), dimensions=(24, 100)
    )
    try:
        client.expect(rf"detached Mosh session on this server \(mosh \[{start.server.process.pid}\]\)", timeout=20)
        client.send(b"exit\r")
        client.expect("mosh is exiting", timeout=20)
    finally:
        end_child(client)


def test_upstream_s_client_shows_any_screen_of_ours_through_resizes_too(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    pipe = tmp_path / "output"
    os.mkfifo(pipe)
    session = visit("sh", "-c", f"stty raw -echo; exec cat {pipe}", columns=37, lines=11)
    application = os.open(pipe, os.O_WRONLY)
    expected = Emulator(37, 11, history=History())  # from which a higher window has rows back
    numbers = itertools.count()

    def shows(output: str) -> None:
        """Write `output`, then wait until the client has come to its end."""
        mark = f"#{next(numbers)}"
        octets = f"{output}\x1b]2;{mark}\x07".encode()
        os.write(application, octets)
        expected.feed(octets)

        def seen() -> bool:
            session._look()
            return session._terminal.snapshot().title.endswith(mark)

        wait_until(seen, lambda: f"{mark} was not shown")

    shows("")
    tty = os.open(os.readlink(f"/proc/{descendants(session.server.process.pid)[0].pid}/fd/1"), os.O_RDWR | os.O_NOCTTY)

    @settings(max_examples=SCREENS, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(program=programs, size=st.one_of(*[st.none()] * 5, st.tuples(st.integers(10, 50), st.integers(4, 16))))
    def check(program: str, size: tuple[int, int] | None) -> None:
        if size is not None and size != (expected.screen.columns, expected.screen.lines):
            session.resize(*size)
            expected.resize(*size)
            # The server resizes its screen first, then the pty.
            wait_until(lambda: os.get_terminal_size(tty) == size, "the pty's size stays")
        shows(program)
        wanted = drawn(expected.snapshot())

        def right() -> bool:
            session._look()
            return drawn(session._terminal.snapshot()) == wanted

        def wrong() -> str:
            shown = zip(drawn(session._terminal.snapshot()), wanted, strict=True)
            return f"after {program!r}: " + "; ".join(
                f"{ours} is not {theirs}" for ours, theirs in shown if ours != theirs
            )

        wait_until(right, wrong)  # the title comes at the front of its frame

    try:
        check()
    finally:
        os.close(application)
        os.close(tty)
