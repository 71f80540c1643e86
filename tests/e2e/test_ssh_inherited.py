"""What a login and the user's shell hand on to our programs: locales, SSH_TTY, signals, limits; with a real sshd."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import OURS, PATIENCE_S, UPSTREAM, process, wait_until, with_any_client, write_launcher
from tests.support.sshd import LOGIN_OPTIONS, Sshd
from tests.support.user_terminal import UserTerminal, mosh_words

from mosh_common.io.inherited import FEWEST_FOR_CLIENT, FEWEST_FOR_SERVER

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = [pytest.mark.e2e, pytest.mark.requires_linux]

NEEDS_UPSTREAM = pytest.mark.requires_upstream("mosh-server")
LOCALE = ("LANG", "LC_", "charmap")
# sshd with a UTF-8 locale of its own would hide what becomes of the client's.
OTHERWISE = "LANG=C"


def session_says(user: User, sshd: Sshd, script: str, *options: str, ssh: str = "", server: str = "") -> list[str]:
    """Run `script` as a session's command and return the lines that it prints, with the session over."""
    said = user.home / "said"
    client = write_launcher(user.home / "client", ["env", "LC_ALL=C.UTF-8", *with_any_client().client])
    terminal = user.run(
        [
            *mosh_words(f"--client={client}", f"--ssh={ssh or sshd.ssh()}", *LOGIN_OPTIONS, *options),
            f"--server={server or user.server(OURS)}",
            "127.0.0.1",
            "--",
            *("sh", "-c", f"{{ {script}; }} >{shlex.quote(str(said))}.new; mv {shlex.quote(str(said))}.new {said}"),
        ]
    )
    assert terminal.wait_for_end() == 0, terminal.text()
    return said.read_text().splitlines()


def locale_of(lines: list[str]) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition("=") for line in lines) if name.startswith(LOCALE)}


SAYS_LOCALE = 'env; echo "charmap=$(locale charmap)"'


@pytest.mark.requires_program("locale")
@pytest.mark.parametrize(
    ("given", "session"),
    [
        ({"LANG": "xx_XX.UTF-8"}, {"LANG": "C.UTF-8"}),
        ({"LC_ALL": "C", "LC_TIME": "xx_XX.UTF-8"}, {"LANG": "C.UTF-8", "LC_CTYPE": "C.UTF-8"}),
    ],
    ids=str,
)
def test_no_locale_keeps_a_session_from_being_utf8(
    user: User, start_sshd: Callable[..., Sshd], given: dict[str, str], session: dict[str, str]
) -> None:
    sshd = start_sshd(settings="AcceptEnv LANG LC_*", environment=OTHERWISE)
    del user.environment["LANG"]
    user.environment |= given
    ssh = f"{sshd.ssh()} -o 'SendEnv LANG LC_*'"
    assert locale_of(session_says(user, sshd, SAYS_LOCALE, ssh=ssh)) == {**session, "charmap": "UTF-8"}


@pytest.mark.parametrize("given", [{"LANG": "xx_XX.UTF-8"}, {"LC_CTYPE": "C", "LC_TIME": "xx_XX"}, {}], ids=str)
def test_what_the_user_has_set_goes_out_and_nothing_else(
    user: User, start_sshd: Callable[..., Sshd], given: dict[str, str]
) -> None:
    """Of both ways: what ssh sends (SendEnv), and what the server is told (-l)."""
    sshd = start_sshd(settings="AcceptEnv LANG LC_*\n")
    told = user.home / "told"
    server = write_launcher(
        user.home / "server", ["sh", "-c", f'{{ env; printf "argument %s\\n" "$@"; }} >{told}; exit 7', "sh"]
    )
    del user.environment["LANG"]
    user.environment |= given
    ssh = f"{sshd.ssh()} -o 'SendEnv LANG LC_*'"
    client = write_launcher(user.home / "client", OURS.client)
    terminal = user.run(
        mosh_words(f"--client={client}", f"--server={server}", f"--ssh={ssh}", *LOGIN_OPTIONS, "127.0.0.1")
    )
    assert terminal.wait_for_end() != 0, terminal.text()
    lines = told.read_text().splitlines()
    arguments = [line.removeprefix("argument ") for line in lines if line.startswith("argument ")]
    offered = [arguments[at + 1] for at, word in enumerate(arguments) if word == "-l"]
    assert dict(each.split("=", 1) for each in offered) == given
    sent = locale_of(lines)
    del sent["LANG"]  # this sshd sets it itself
    assert sent == {name: value for name, value in given.items() if name != "LANG"}


@pytest.mark.interop
@NEEDS_UPSTREAM
def test_what_upstreams_server_wants_is_told_with_what_helps(user: User, start_sshd: Callable[..., Sshd]) -> None:
    sshd = start_sshd(environment=OTHERWISE)
    user.environment |= {"LANG": "C"}
    client = write_launcher(user.home / "client", OURS.client)
    words = mosh_words(f"--client={client}", f"--ssh={sshd.ssh()}", *LOGIN_OPTIONS)
    server = UPSTREAM.server[0]
    terminal = user.run([*words, f"--server={server}", "127.0.0.1"])
    assert terminal.wait_for_end() != 0
    said = terminal.output.decode()
    assert said.index("mosh-server needs a UTF-8 native locale to run.") < said.index(
        f"name one with --server='env LC_ALL=C.UTF-8 {server}'."
    )
    # And that does help.
    mark = f"{user.mark.split('=')[0]}={user.home}"
    terminal = user.run(
        [*words, f"--server=env LC_ALL=C.UTF-8 {mark} {server}", "127.0.0.1", "--", "sh", "-c", "echo it is up; read _"]
    )
    terminal.wait_for("it is up")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0


def test_the_session_s_terminal_is_what_ssh_tty_names(user: User, sshd: Sshd) -> None:
    before, own = session_says(user, sshd, 'echo "$SSH_TTY"; tty')
    assert before == own


def test_a_local_session_has_not_come_by_ssh(user: User) -> None:
    said = user.home / "said"
    client = write_launcher(user.home / "client", with_any_client().client)
    terminal = user.run(
        [
            *mosh_words(f"--client={client}", f"--server={user.server(OURS)}", "--local", "127.0.0.1"),
            *("--", "sh", "-c", f'echo "tty ${{SSH_TTY-unset}}" >{said}'),
        ]
    )
    assert terminal.wait_for_end() == 0, terminal.text()
    assert said.read_text() == "tty unset\n"


# --- signals and limits

# Runs its arguments with signals ignored or blocked, or with a limit, as whoever starts our programs may.
WITH = """\
import os, resource, signal, sys
exec(sys.argv[1])
os.execvp(sys.argv[2], sys.argv[2:])
"""
HARM = (
    "[signal.signal(n, signal.SIG_IGN) for n in (signal.SIGCHLD, signal.SIGHUP, signal.SIGPIPE, signal.SIGTERM)];"
    "signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())"
)
LIBRARY_S_OWN = 0
if sys.platform == "linux":
    LIBRARY_S_OWN = sum(1 << number - 1 for number in range(32, signal.SIGRTMIN))


def harmed_words(harm: str, *words: str) -> list[str]:
    return [sys.executable, "-c", WITH, harm, *words]


def limited_to(number: int) -> str:
    return f"resource.setrlimit(resource.RLIMIT_NOFILE, ({number}, {number}))"


def test_the_whole_way_works_whatever_was_done_to_signals(user: User, sshd: Sshd) -> None:
    """Both ends are started with all of it; the session's programs have none of it."""
    server = write_launcher(user.home / "server", harmed_words(HARM, *OURS.server))
    client = write_launcher(user.home / "client", OURS.client)
    words = mosh_words(f"--client={client}", f"--ssh={sshd.ssh()}", *LOGIN_OPTIONS)
    marked = f"{user.mark.split('=')[0]}={user.home} {server}"
    script = "grep -E 'Sig(Blk|Ign)' /proc/self/status; echo it is up; read line; echo got $line"
    terminal = user.run(harmed_words(HARM, *words, f"--server={marked}", "127.0.0.1", "--", "sh", "-c", script))
    terminal.wait_for("it is up")
    blocked, ignored = (int(mask, 16) for mask in re.findall(r"Sig\w+:\s*(\w+)", terminal.text()))
    # Those below signal.SIGRTMIN are the C library's own: it ignores them in what `make`, for one, starts.
    assert (blocked & ~LIBRARY_S_OWN, ignored & ~LIBRARY_S_OWN) == (0, 0)
    terminal.child.setwinsize(20, 60)  # SIGWINCH
    terminal.type("a line\r")
    assert terminal.wait_for_end() == 0, terminal.text()
    assert "Traceback" not in terminal.text()
    wait_until(lambda: not user.left_running(), "the server has not ended")


def test_the_server_starts_and_ends_whatever_was_done_to_signals(user: User) -> None:
    words = harmed_words(HARM, *OURS.server, "new", "-i", "127.0.0.1", "-p", "0")
    done = subprocess.run(
        words,
        env=user.environment | {user.mark.split("=")[0]: str(user.home)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("MOSH CONNECT ")
    assert "Traceback" not in done.stderr
    # An ordinary user cannot see that it is this test's: it keeps its environment to itself.
    server = process(int(re.findall(r"detached, pid = (\d+)", done.stderr)[0]))
    assert server.alive
    server.signal(signal.SIGTERM)
    wait_until(lambda: not server.alive, "SIGTERM does not end it")


def test_a_session_works_at_the_fewest_descriptors(user: User, sshd: Sshd) -> None:
    server = f"ulimit -n {FEWEST_FOR_SERVER}; {user.server(OURS)}"
    words = mosh_words(f"--ssh={sshd.ssh()}", *LOGIN_OPTIONS, f"--server={server}")
    client = write_launcher(user.home / "client", OURS.client)
    terminal = user.run(
        harmed_words(
            limited_to(FEWEST_FOR_CLIENT),
            *words,
            f"--client={client}",
            "127.0.0.1",
            "--",
            "sh",
            "-c",
            "echo limit $(ulimit -n); read _",
        )
    )
    terminal.wait_for(f"limit {FEWEST_FOR_SERVER}")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0, terminal.text()


@pytest.mark.parametrize("program", ["mosh", "mosh-client", "mosh-server"])
def test_too_few_descriptors_are_given_as_the_reason(user: User, program: str, tmp_path: Path) -> None:
    words = {
        "mosh": mosh_words("--local", f"--client={write_launcher(tmp_path / 'client', OURS.client)}", "127.0.0.1"),
        "mosh-client": [*OURS.client, "127.0.0.1", "60001"],
        "mosh-server": [*OURS.server, "new", "-i", "127.0.0.1"],
    }[program]
    user.environment["MOSH_KEY"] = "zzzzzzzzzzzzzzzzzzzzzg"
    terminal: UserTerminal = user.run(harmed_words(limited_to(8), *words))
    assert terminal.wait_for_end() == 1, terminal.text()
    said = terminal.said()
    assert said.startswith(f"{program}: Too few open files are allowed (ulimit -n 8); allow at least ")


@pytest.mark.parametrize("given", [{"LC_ALL": "C"}, {"LC_ALL": "xx_XX.UTF-8"}], ids=str)
def test_the_client_needs_no_locale(user: User, sshd: Sshd, given: dict[str, str]) -> None:
    del user.environment["LANG"]
    user.environment |= given
    client = write_launcher(user.home / "client", OURS.client)
    words = mosh_words(f"--client={client}", f"--server={user.server(OURS)}", f"--ssh={sshd.ssh()}", *LOGIN_OPTIONS)
    terminal = user.run(
        [
            *words,
            "127.0.0.1",
            "--",
            "sh",
            "-c",
            "printf 'gr\\303\\274n \\342\\202\\254\\n'; read x; echo got $x; read _",
        ]
    )
    terminal.wait_for("grün €")
    terminal.type("žluť\r")
    terminal.wait_for("got žluť")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0, terminal.text()
