"""What to do about a host without a server is asked where somebody sits; plain ssh is run as a shell would run it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from tests.support.programs import PATIENCE_S, clean_environment
from tests.support.user_terminal import UserTerminal, source_environment

from mosh_bootstrap import fallback
from mosh_bootstrap.channels import Channels
from mosh_bootstrap.conversation import Ended
from mosh_bootstrap.dialogue import Dialogue
from mosh_bootstrap.fallback import Choice, choose, instead
from mosh_bootstrap.login import Login
from mosh_bootstrap.options import Options, parse_options
from mosh_bootstrap.terminal import Terminal
from mosh_common.errors import EnvironmentFailure

pytestmark = pytest.mark.system

HOST = Options(host="me@host")


class Asked(Terminal):
    """A terminal at which each question is answered at once."""

    def __init__(self, *answers: str) -> None:
        self._master, self._slave = os.openpty()
        super().__init__(self._slave, self._slave)
        self.said = ""
        self._answers = list(answers)

    def show(self, data: bytes) -> None:
        self.said += data.decode()
        if self.said.endswith("? ") or data.endswith(b") "):
            os.write(self._master, self._answers.pop(0).encode())

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)


@pytest.fixture
def asked() -> Iterator[Callable[..., Asked]]:
    made: list[Asked] = []

    def make(*answers: str) -> Asked:
        made.append(Asked(*answers))
        return made[-1]

    yield make
    for terminal in made:
        terminal.close()


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(tmp_path), "PATH": os.defpath}


def test_without_a_terminal_it_is_a_failure(environ: dict[str, str]) -> None:
    assert choose(HOST, environ, None) == (Choice.FAIL, False)


@pytest.mark.parametrize(("word", "choice"), [("ssh", Choice.SSH), ("fail", Choice.FAIL)])
def test_what_was_said_beforehand_is_not_asked(environ: dict[str, str], word: str, choice: Choice) -> None:
    options = parse_options([f"--fallback={word}", "host"], {})
    assert choose(options, environ, None) == (choice, False)


@pytest.mark.parametrize(
    ("answers", "choice"),
    [
        (("s\n",), Choice.SSH),
        (("q\n",), Choice.FAIL),
        (("i\n",), Choice.INSTALL),
        (("\n", "yes\n", " s \n"), Choice.SSH),
        (("\x04",), Choice.FAIL),  # the end of input
    ],
)
def test_the_answer_is_what_was_typed(
    environ: dict[str, str], asked: Callable[..., Asked], answers: tuple[str, ...], choice: Choice
) -> None:
    terminal = asked(*answers)
    assert choose(HOST, environ, terminal) == (choice, True)
    assert terminal.said.count(
        "me@host has no mosh-server. [i]nstall it in ~/.local (nothing as root), go on with plain [s]sh, or [q]uit?"
    ) == len(answers)
    assert os.listdir(environ["XDG_STATE_HOME"]) == []


def test_what_was_typed_before_is_no_answer(environ: dict[str, str], asked: Callable[..., Asked]) -> None:
    terminal = asked("q\n")
    os.write(terminal._master, b"s\n")
    assert choose(HOST, environ, terminal) == (Choice.FAIL, True)


def test_a_capital_is_kept_and_where_is_said(environ: dict[str, str], asked: Callable[..., Asked]) -> None:
    first, second = asked("S\n"), asked()
    assert choose(HOST, environ, first) == (Choice.SSH, True)
    assert f"delete the line of me@host in {environ['XDG_STATE_HOME']}/mosh-py/no-server." in first.said
    assert choose(HOST, environ, second) == (Choice.SSH, False)
    assert second.said == ""
    assert choose(HOST, environ, None) == (Choice.FAIL, False)  # of a user who sits there


def test_an_installation_is_not_kept(environ: dict[str, str], asked: Callable[..., Asked]) -> None:
    assert choose(HOST, environ, asked("I\n")) == (Choice.INSTALL, True)
    assert os.listdir(environ["XDG_STATE_HOME"]) == []


def test_an_answer_that_cannot_be_kept_counts_all_the_same(
    environ: dict[str, str], asked: Callable[..., Asked]
) -> None:
    Path(environ["XDG_STATE_HOME"], "mosh-py").write_text("")
    terminal = asked("S\n")
    assert choose(HOST, environ, terminal) == (Choice.SSH, True)
    assert "mosh: The answer could not be kept in " in terminal.said


# --- what follows


def login(*, found_nowhere: bool, code: int = 127, again: Login | None = None) -> Login:
    dialogue = Dialogue("proxy")
    if found_nowhere:
        dialogue.receive(b"MOSH NO SERVER\r\n")
    channels = Channels(["true"], "me@host", config=None, folder=None)

    def search() -> Login:
        assert again is not None
        return again

    return Login(HOST, dialogue, Ended(code, None), "", False, channels, search, take_back=lambda _session: search())


def not_wanted(_channels: Channels) -> bool:
    return False


def at(terminal: Terminal | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Terminal, "of_this_process", lambda: terminal)


def test_after_an_installation_the_server_is_looked_for_again(
    environ: dict[str, str], asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(asked("i\n"), monkeypatch)
    again = login(found_nowhere=False, code=0)
    first = login(found_nowhere=True, again=again)
    channels: list[Channels] = []

    def install(over: Channels) -> bool:
        channels.append(over)
        return True

    assert instead(first, HOST, environ, install=install) is again
    assert channels == [first.channels]


def test_an_installation_that_was_not_wanted_after_all_is_the_end(
    environ: dict[str, str], asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(asked("i\n"), monkeypatch)
    assert instead(login(found_nowhere=True), HOST, environ, install=not_wanted) == 127


def test_a_login_that_failed_otherwise_is_not_asked_about(
    environ: dict[str, str], asked: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch
) -> None:
    at(asked(), monkeypatch)
    for failed in (login(found_nowhere=False, code=255), login(found_nowhere=False)):
        assert instead(failed, HOST, environ, install=not_wanted) is failed


def test_plain_ssh_gets_the_words_of_the_command(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    at(None, monkeypatch)
    ran: list[list[str]] = []

    def run(words: Sequence[str], _environ: object) -> int:
        ran.append(list(words))
        return 3

    monkeypatch.setattr(fallback, "_run", run)
    options = parse_options(["--fallback=ssh", "me@host", "--", "ls", "a b"], {})
    assert instead(login(found_nowhere=True), options, environ, install=not_wanted) == 3
    assert [word for word in ran[0] if word != "-t"] == ["true", "me@host", "--", "ls 'a b'"]


@pytest.mark.parametrize(
    ("script", "code"), [("exit 7", 7), ("kill -KILL $$", 128 + signal.SIGKILL), ("kill -INT $$", 128 + signal.SIGINT)]
)
def test_its_end_is_told_as_a_shell_tells_it(environ: dict[str, str], script: str, code: int) -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)]
    assert fallback._run(["sh", "-c", script], environ) == code
    assert before == [
        signal.getsignal(number) for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
    ]


@pytest.mark.parametrize(("name", "code"), [("/no/such/ssh", 127), ("/dev/null", 126)])
def test_what_cannot_be_run_is_a_sentence(environ: dict[str, str], name: str, code: int) -> None:
    with pytest.raises(EnvironmentFailure, match="Cannot run ") as caught:
        fallback._run([name], environ)
    assert caught.value.exit_code == code


# As the whole of a process, which has no thread beside it that a signal could reach.
RUN = "import os, sys; from mosh_bootstrap import fallback; sys.exit(fallback._run(sys.argv[1:], os.environ))"


def test_a_signal_to_us_is_for_ssh(tmp_path: Path) -> None:
    script = "trap 'exit 9' TERM; kill -TERM $PPID; while kill -0 $PPID; do sleep 0.05; done"
    done = subprocess.run(
        [sys.executable, "-P", "-c", RUN, "sh", "-c", script],
        env=clean_environment(tmp_path) | source_environment(),
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 9


def test_ssh_that_stops_stops_the_job_and_fg_goes_on(tmp_path: Path) -> None:
    script = tmp_path / "job"
    script.write_text(f"#!/bin/sh\nexec '{sys.executable}' -P -c '{RUN}' sh -c 'kill -STOP $$; exit 7'\n")
    script.chmod(0o755)
    environment = clean_environment(tmp_path) | source_environment()
    with UserTerminal(["bash", "--norc", "--noprofile", "-i"], environment=environment) as terminal:
        terminal.type(f"{script}\r")
        terminal.wait_for("Stopped")
        terminal.type("fg; echo code-$?\r")
        terminal.wait_for("code-7")
