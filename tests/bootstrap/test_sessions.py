"""What is asked of the sessions of a host: command lines, and the words for the server there."""

from __future__ import annotations

import shlex

import pytest

from mosh_bootstrap.command import remote_command, server_arguments
from mosh_bootstrap.options import Options, parse_options
from mosh_bootstrap.sessions import way_back
from mosh_common.errors import UsageError


def parsed(*words: str, **environ: str) -> Options:
    return parse_options(words, environ)


def words(*given: str) -> list[str]:
    return server_arguments(parsed(*given), {"LANG": "C.UTF-8"}, colors=8)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["--list", "host"], "session list --json"),
        (["--list", "--json", "host"], "session list --json"),
        (["host", "--end=4711"], "session end 4711"),
        (["--end", "work", "host"], "session end work"),
        (["--attach", "host"], "session attach --only -s"),
        (["--attach=4711", "host"], "session attach 4711 -s"),
        (["host", "--attach=my.work"], "session attach my.work -s"),
        (["-p", "60001:60010", "--attach", "host"], "session attach --only -s -p 60001:60010"),
        (["--bind-server=any", "--attach=7", "host"], "session attach 7"),
        (["--bind-server=192.0.2.1", "--attach=7", "host"], "session attach 7 -i 192.0.2.1"),
        (["--session=work", "host"], "session create work new -c 8 -s -l LANG=C.UTF-8"),
        (
            ["--session", "work", "host", "--", "vim", "a b"],
            "session create work new -c 8 -s -l LANG=C.UTF-8 -- vim 'a b'",
        ),
        (["--local", "--attach"], "session attach --only -i 127.0.0.1"),
        (["--local", "--list"], "session list --json"),
    ],
)
def test_each_wish_is_at_least_three_words_of_the_server(given: list[str], expected: str) -> None:
    assert words(*given) == shlex.split(expected)
    assert len(words(*given)) >= 3


@pytest.mark.parametrize("mode", ["proxy", "remote"])
def test_the_remote_shell_gets_the_words_in_its_command(mode: str) -> None:
    options = parsed(f"--experimental-remote-ip={mode}", "--session=work", "host", "ls", "-l")
    assert remote_command(options, {}, colors=8).startswith("mosh-server session create work new -c 8 -s -- ls -l")


def test_a_list_needs_no_address() -> None:
    options = parsed("--experimental-remote-ip=remote", "--list", "host")
    assert remote_command(options, {}, colors=8) == "mosh-server session list --json"


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (["--list", "--attach", "host"], "--list and --attach are two things to do; give one of them."),
        (["--attach=7", "--session=x", "host"], "--attach and --session are two things to do; give one of them."),
        (["--attach=7", "host", "ls"], "--attach takes no command; what runs in a session was said when it began."),
        (["--list", "host", "ls"], "--list takes no command; what runs in a session was said when it began."),
        (["--json", "host"], "--json goes with --list or --doctor."),
        (["--list=x", "host"], "The option --list takes no value, but got 'x'."),
        (["--attach"], "Which host?"),
        (["--list"], "Which host?"),
        *[
            ([f"--{verb}={which}", "host"], f"--{verb} needs the id or the name of a session")
            for verb in ("attach", "end")
            for which in ("-x", "a b", "a;b", "0", "01", "9" * 11, "x" * 65, "é", "$HOME")
        ],
        *[
            ([f"--session={name}", "host"], "--session needs a name of at most 64 letters")
            for name in ("-x", "a b", "12", "x" * 65, "é", "../x", "a\n")
        ],
    ],
)
def test_what_cannot_be_meant_is_refused_in_a_sentence(given: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as refused:
        parsed(*given)
    assert str(refused.value).startswith(sentence)


def test_only_a_session_that_is_named_can_be_ended() -> None:
    with pytest.raises(UsageError, match="--end needs the id or the name of a session"):
        parsed("--end=--only", "host")


@pytest.mark.parametrize("option", ["--attach=", "--session=", "--end="])
def test_an_empty_value_is_refused(option: str) -> None:
    with pytest.raises(UsageError, match=option[:-1]):
        parsed(option, "host")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["me@host"], "me@host"),
        (["--attach=4711", "me@host"], "me@host"),
        (["--session=work", "me@host", "--", "vim"], "me@host"),
        (["--ssh=ssh -p 2222", "-p", "60001", "host"], "'--ssh=ssh -p 2222' --port=60001 host"),
        (["-4", "--no-ssh-pty", "-a", "host"], "--no-ssh-pty --family=inet --predict=always host"),
        (["--local"], "--local"),
        (["--local", "localhost"], "--local localhost"),
        (["--server=$HOME/bin/mosh-server", "h"], "'--server=$HOME/bin/mosh-server' h"),
    ],
)
def test_the_way_back_is_what_leads_to_the_host(given: list[str], expected: str) -> None:
    back = way_back(parsed(*given), parsed("--help"))
    assert shlex.split(back) == shlex.split(expected)
    again = parsed("--attach=1", *shlex.split(back))._replace(attach="")
    assert again == parsed(*given)._replace(attach="", session="", command=())


def test_what_the_environment_asks_for_is_not_on_the_way_back() -> None:
    environ = {"MOSH_PREDICTION_DISPLAY": "always"}
    assert way_back(parse_options(["host"], environ), parse_options(["--help"], environ)) == "host"
