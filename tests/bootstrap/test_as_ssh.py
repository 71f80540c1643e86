"""`mosh --as-ssh`: what goes to ssh gets there untouched and at once, and a login becomes a session."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import REPOSITORY
from tests.support.user_terminal import UserTerminal, mosh_words

from mosh_bootstrap.as_ssh import find_ssh

if TYPE_CHECKING:
    from tests.bootstrap.conftest import Bench

pytestmark = pytest.mark.system

SCRIPTS = ("bootstrap/mosh", "packaging/program.sh")
# What any script of a shell does to it.
SHELLS_OWN = {"_", "PWD", "OLDPWD", "SHLVL"}
SETTINGS = "hostname host.example\nport 22\nescapechar ~\n"


@pytest.fixture(autouse=True)
def ssh(bench: Bench) -> Path:
    """An ssh, first in PATH, that answers -G, writes down how it was called, and starts a server if asked for one."""
    folder = bench.folder / "bin"
    folder.mkdir()
    bench.environment["PATH"] = f"{folder}:{bench.environment['PATH']}"
    path = folder / "ssh"
    path.write_text(
        f"""#!{sys.executable} -IS
import json, os, sys
with open({str(bench.folder / "called")!r}, "a") as file:
    print(json.dumps([sys.argv[1:], dict(os.environ)]), file=file)
if "-G" in sys.argv[1:2]:
    sys.stdout.write(open({str(bench.folder / "settings")!r}).read())
elif "--" in sys.argv:
    os.execv("/bin/sh", ["sh", {str(bench.folder / "server")!r}])
else:
    sys.stdout.buffer.write(b"out" + (sys.stdin.buffer.read() if not os.isatty(0) else b""))
    sys.stdout.flush()
    sys.stderr.write("err")
    sys.exit(42)
"""
    )
    path.chmod(0o755)
    (bench.folder / "settings").write_text(SETTINGS)
    bench.script("server", bench.server_answers)
    return path


def calls(bench: Bench) -> list[tuple[list[str], dict[str, str]]]:
    """How ssh was called, but for what it was asked."""
    said = [json.loads(line) for line in (bench.folder / "called").read_text().splitlines()]
    return [(words, environ) for words, environ in said if words[:1] != ["-G"]]


def program(bench: Bench, script: str, name: str = "mosh") -> str:
    """One of the scripts that start our programs, as it is installed."""
    path = bench.folder / name
    path.write_text((REPOSITORY / script).read_text())
    path.chmod(0o755)
    return str(path)


def as_ssh(bench: Bench, *words: str, before: tuple[str, ...] = ()) -> UserTerminal:
    return bench.terminal(mosh_words(f"--client={bench.client}", *before, "--as-ssh", *words))


def assert_left_to_ssh(bench: Bench, terminal: UserTerminal, *words: str) -> None:
    assert terminal.wait_for_end() == 42, terminal.text()
    assert terminal.text() == "outerr"
    [(given, environ)] = calls(bench)
    assert given == list(words)
    assert {name: environ.get(name) for name in bench.environment} == bench.environment


# --- without a terminal


@pytest.mark.parametrize("way", [*SCRIPTS, "python"])
@pytest.mark.parametrize("words", [["-t", "host", "a  b", "", "*", "é\n"], []])
def test_without_a_terminal_ssh_gets_everything_as_it_came(way: str, words: list[str], bench: Bench) -> None:
    words_of_mosh = mosh_words() if way == "python" else [program(bench, way)]
    bench.environment |= {"MOSH_KEY": "not ours", "LC_ALL": "C", "TERM": "dumb", "XDG_CONFIG_HOME": "/dev/null"}
    done = subprocess.run(
        [*words_of_mosh, "--as-ssh", *words],
        env=bench.environment,
        input=b"in\0\xff",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (42, b"outin\0\xff", b"err")
    [(given, environ)] = calls(bench)
    assert given == words
    assert {name: value for name, value in environ.items() if name not in SHELLS_OWN} == {
        name: value for name, value in bench.environment.items() if name not in SHELLS_OWN
    }


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize(("standard", "goes"), [(0, "stdin"), (1, "stdout")])
def test_one_of_two_terminals_is_none(script: str, standard: int, goes: str, bench: Bench) -> None:
    """As in `ssh host | tee`: the other is a terminal."""
    mosh = program(bench, script)
    log = bench.folder / "log"
    elsewhere = f"<{os.devnull}" if standard == 0 else f">{log}"
    terminal = bench.terminal(["/bin/sh", "-c", f'exec "$0" --as-ssh host {elsewhere}', mosh])
    if goes == "stdin":
        assert_left_to_ssh(bench, terminal, "host")
    else:
        terminal.type("\x04")
        assert terminal.wait_for_end() == 42
        assert (terminal.text(), log.read_text()) == ("err", "out")


@pytest.mark.parametrize("script", SCRIPTS)
def test_no_python_is_needed_without_a_terminal(script: str, bench: Bench) -> None:
    mosh = program(bench, script)
    tools = bench.folder / "tools"
    tools.mkdir()
    (tools / "ssh").write_text("#!/bin/sh\necho ssh $*\n")
    (tools / "ssh").chmod(0o755)
    bench.environment["PATH"] = str(tools)
    assert bench.without_terminal([mosh, "--as-ssh", "-N", "host"]).stdout == "ssh -N host\n"


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("shell", ["/bin/sh", "bash"])
def test_a_script_called_ssh_that_calls_us_is_not_called_again(
    script: str, shell: str, bench: Bench, ssh: Path
) -> None:
    mosh = program(bench, script)
    caller = bench.folder / "first"
    caller.mkdir()
    stand_in = caller / "ssh"
    stand_in.write_text(f'#!/bin/sh\n# mine\nexec {shell} {mosh} --as-ssh "$@"')
    stand_in.chmod(0o755)
    bench.environment["PATH"] = f"{caller}:{bench.environment['PATH']}"
    assert bench.without_terminal([str(stand_in), "host"]).returncode == 42
    assert find_ssh(bench.environment) == str(ssh)
    [(given, _)] = calls(bench)
    assert given == ["host"]


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_ssh_of_the_current_directory_is_not_run(script: str, bench: Bench) -> None:
    mosh = program(bench, script)
    bait = bench.script("ssh", "echo bait")
    bench.environment["PATH"] = f":.:{bench.environment['PATH']}"
    done = subprocess.run(
        [mosh, "--as-ssh", "host"],
        cwd=bait.parent,
        env=bench.environment,
        input="",
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.stdout == "out"
    assert find_ssh({"PATH": ":.:bin"}) is None


def test_the_other_programs_know_no_such_option(bench: Bench) -> None:
    for script in SCRIPTS:
        server = program(bench, script, "mosh-server")
        assert bench.without_terminal([server, "--as-ssh", "host"]).returncode != 42
    assert not (bench.folder / "called").exists()


def test_no_ssh_at_all_is_said(bench: Bench) -> None:
    bench.environment["PATH"] = str(bench.folder)
    done = bench.without_terminal(mosh_words("--as-ssh", "host"))
    assert done.returncode == 127
    assert done.stderr == "mosh: Cannot find 'ssh'; install OpenSSH's client, or name another with --ssh.\n"


# --- on a terminal


@pytest.mark.parametrize(
    "words",
    [
        *(["host", "ls", "-l"], ["-fN", "host"], ["-L", "8080:a:80", "host"], ["host", "-W", "a:1"], ["-V"]),
        *(["--no-such-option"], ["host;ls"], ["-t", "a b", "ls"]),
    ],
)
def test_what_is_no_login_is_left_to_ssh(words: list[str], bench: Bench) -> None:
    assert_left_to_ssh(bench, as_ssh(bench, *words), *words)


@pytest.mark.parametrize("setting", ["forwardagent yes", "localforward 1 [a]:2", "sessiontype none", "stdinnull yes"])
def test_a_host_that_asks_for_more_than_a_session_is_left_to_ssh(setting: str, bench: Bench) -> None:
    (bench.folder / "settings").write_text(f"{SETTINGS}{setting}\n")
    assert_left_to_ssh(bench, as_ssh(bench, "-v", "host"), "-v", "host")


def test_what_ssh_itself_does_not_understand_is_left_to_it(bench: Bench) -> None:
    (bench.folder / "settings").write_text("Bad configuration option\n")
    assert_left_to_ssh(bench, as_ssh(bench, "host"), "host")


@pytest.mark.parametrize("kind", ["dumb", "", "no-such-terminal"])
def test_a_terminal_that_no_session_can_be_drawn_on_is_left_to_ssh(kind: str, bench: Bench) -> None:
    bench.environment["TERM"] = kind
    assert_left_to_ssh(bench, as_ssh(bench, "host"), "host")


def test_a_login_becomes_a_session(bench: Bench) -> None:
    terminal = as_ssh(bench, "-p", "2222", "-4", "me@host", "-i", "a key")
    assert terminal.wait_for_end() == 0, terminal.text()
    [(words, _)] = calls(bench)
    assert words[:5] == ["-p", "2222", "-4", "-i", "a key"]
    assert "--" in words
    assert words[words.index("--") - 1] == "me@host"
    assert any("'--family=inet'" in word for word in words)
    assert words[-1].startswith("mosh-server new ")
    saw = bench.client_saw()
    assert "argument 192.0.2.1\nargument 60001\n" in saw
    assert "MOSH_SSH_ESCAPE_KEY=~\n" in saw
    assert f"MOSH_KEY={bench.key}\n" in saw


def test_ssh_is_asked_once_what_applies(bench: Bench) -> None:
    assert as_ssh(bench, "host").wait_for_end() == 0
    said = [json.loads(line)[0] for line in (bench.folder / "called").read_text().splitlines()]
    assert [words[:1] == ["-G"] for words in said] == [True, False]


@pytest.mark.parametrize("setting", ["", "forwardagent yes\n"])
def test_signals_that_whoever_starts_us_ignores_do_no_harm(setting: str, bench: Bench) -> None:
    (bench.folder / "settings").write_text(SETTINGS + setting)
    ignoring = (
        "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    )
    words = [sys.executable, "-c", ignoring, *mosh_words(f"--client={bench.client}", "--as-ssh", "host")]
    terminal = bench.terminal(words)
    assert terminal.wait_for_end() == (42 if setting else 0), terminal.text()


def test_a_command_with_a_terminal_goes_to_the_login_shell_as_one_string(bench: Bench) -> None:
    terminal = as_ssh(bench, "-t", "host", "cd /tmp;", "exec vi")
    assert terminal.wait_for_end() == 0, terminal.text()
    [(words, _)] = calls(bench)
    assert "-t" not in words
    server, *command = words[-1].split(" -- ")
    assert server.startswith("mosh-server new ")
    shown = subprocess.run(
        ["/bin/sh", "-c", " -- ".join(command)],
        env={"SHELL": "/bin/echo", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "-c cd /tmp; exec vi\n"


def test_another_escape_key_of_ssh_and_none(bench: Bench) -> None:
    bench.environment["MOSH_SSH_ESCAPE_KEY"] = "left over"
    for said, told in (("\\^]", "MOSH_SSH_ESCAPE_KEY=\x1d\n"), ("none", "")):
        (bench.folder / "settings").write_text(SETTINGS.replace("~", said))
        assert as_ssh(bench, "host").wait_for_end() == 0
        assert told in bench.client_saw()
        assert bool(told) == ("MOSH_SSH_ESCAPE_KEY" in bench.client_saw())


def test_an_own_ssh_is_for_all_of_it(bench: Bench) -> None:
    own = bench.script("my-ssh", 'printf "<%s>" "$@"', "exit 42")
    terminal = as_ssh(bench, "-N", "host", before=(f"--ssh={own} -x",))
    assert terminal.wait_for_end() == 42
    assert terminal.text() == "<-x><-N><host>"


# --- a host without a server, and the user's own choices


@pytest.mark.parametrize(
    ("code", "because"),
    [(127, "has no mosh-server"), (1, "has no mosh-server that starts"), (0, "has no mosh-server that starts")],
)
def test_a_host_that_starts_no_server_gets_plain_ssh(code: int, because: str, bench: Bench) -> None:
    bench.script("server", "echo what the host says", f"exit {code}")
    terminal = as_ssh(bench, "-v", "host")
    assert terminal.wait_for_end() == 42, terminal.text()
    shown = terminal.said()
    assert "what the host says" in shown
    assert f"mosh: host {because}; going on with plain ssh by another login." in shown
    assert [words for words, _ in calls(bench)][-1] == ["-v", "-t", "host"]


def test_a_host_that_lets_nobody_in_is_not_asked_again(bench: Bench) -> None:
    bench.script("server", "echo Permission denied", "exit 255")
    terminal = as_ssh(bench, "host")
    assert terminal.wait_for_end() == 255
    assert len(calls(bench)) == 1


def config(bench: Bench, *lines: str) -> Path:
    folder = bench.folder / "config" / "mosh-py"
    folder.mkdir(parents=True)
    bench.environment["XDG_CONFIG_HOME"] = str(folder.parent)
    path = folder / "config"
    path.write_text("".join([f"{line}\n" for line in lines]))
    path.chmod(0o600)
    return path


def test_the_user_s_file_says_for_which_hosts(bench: Bench) -> None:
    config(bench, "Host plain", "StandIn ssh", "Host mine", "StandIn mosh", "Predict never")
    (bench.folder / "settings").write_text(f"{SETTINGS}forwardagent yes\n")
    assert as_ssh(bench, "mine").wait_for_end() == 0
    assert "MOSH_PREDICTION_DISPLAY=never\n" in bench.client_saw()
    (bench.folder / "called").unlink()
    assert_left_to_ssh(bench, as_ssh(bench, "-A", "mine"), "-A", "mine")
    (bench.folder / "called").unlink()
    (bench.folder / "settings").write_text(SETTINGS)
    assert_left_to_ssh(bench, as_ssh(bench, "plain"), "plain")
    (bench.folder / "called").unlink()
    assert as_ssh(bench, "plain", before=("--stand-in=mosh",)).wait_for_end() == 0


def test_of_the_file_only_sessions_are_told(bench: Bench) -> None:
    path = config(bench, "Nonsense yes", "Ssh /nowhere/ssh")
    assert bench.without_terminal(mosh_words("--as-ssh", "host")).stderr == "err"
    (bench.folder / "called").unlink()
    (bench.folder / "settings").write_text(f"{SETTINGS}forwardagent yes\n")
    assert_left_to_ssh(bench, as_ssh(bench, "host"), "host")
    (bench.folder / "settings").write_text(SETTINGS)
    terminal = as_ssh(bench, "host")
    assert terminal.wait_for_end() == 0, terminal.text()
    assert terminal.said().count(f"{path}, line 1: no option is called 'Nonsense'") == 1


def test_a_session_without_as_ssh_hears_the_file_too(bench: Bench, ssh: Path) -> None:
    config(bench, "Host host", f"Ssh {ssh} -p 7", "Init no", f"Client {bench.client}")
    terminal = bench.terminal(mosh_words("host"))
    assert terminal.wait_for_end() == 0, terminal.text()
    [(words, _)] = calls(bench)
    assert words[:2] == ["-p", "7"]
    assert "MOSH_NO_TERM_INIT=1\n" in bench.client_saw()


def test_what_applies_is_printed_and_nobody_is_asked(bench: Bench) -> None:
    config(bench, "Host host", "Predict NEVER", "Host *", "Port 60007")
    done = bench.without_terminal(mosh_words("-G", "me@host", "--port=60009"))
    assert done.returncode == 0
    assert done.stdout.startswith("Host host\n")
    assert {"predict never", "port 60009", "init yes", "ssh ssh"} <= set(done.stdout.splitlines())
    assert not (bench.folder / "called").exists()


def test_what_is_printed_has_the_octets_that_were_given(bench: Bench) -> None:
    words: list[str | bytes] = [*mosh_words("-G", "host"), b"--server=\xff\xc3\xa9 x"]
    done = subprocess.run(words, env=bench.environment, capture_output=True, timeout=60, check=True)
    assert b"\nserver \xff\xc3\xa9 x\n" in done.stdout


def test_a_file_that_makes_no_sense_ends_it(bench: Bench) -> None:
    path = config(bench, "", "predict sometimes")
    done = bench.without_terminal(mosh_words("host"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"mosh: {path}, line 2: --predict must be one of")
    path.chmod(0o622)
    done = bench.without_terminal(mosh_words("host"))
    assert done.stderr.startswith(f"mosh: Others may write {path}")
    assert bench.without_terminal(mosh_words("--version")).returncode == 0


def test_without_a_file_nothing_of_it_is_loaded(bench: Bench) -> None:
    words = [sys.executable, "-P", "-X", "importtime", "-m", "mosh_bootstrap", "--local", f"--client={bench.client}"]
    bench.script("server", bench.server_answers)
    said = bench.without_terminal([*words, f"--server={bench.folder / 'server'}"]).stderr
    assert "mosh_bootstrap.options" in said
    assert not {"mosh_bootstrap.config_file", "mosh_bootstrap.as_ssh", "mosh_bootstrap.ssh_line"} & set(said.split())


def test_the_file_lies_at_home_where_no_other_place_is_named(bench: Bench) -> None:
    path = config(bench, "predict never")
    (bench.folder / ".config").symlink_to(path.parent.parent)
    for place in ("", "relative"):
        bench.environment["XDG_CONFIG_HOME"] = place
        assert "predict never\n" in bench.without_terminal(mosh_words("-G", "host")).stdout
