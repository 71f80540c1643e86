"""`mosh --list`, `--attach`, `--session` and `--end` as a whole, with an ssh that answers as a server would."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from tests.bootstrap.test_session_answer import OLDER, SESSION, UPSTREAMS_USAGE
from tests.support.user_terminal import mosh_words

if TYPE_CHECKING:
    from tests.bootstrap.conftest import Bench

pytestmark = pytest.mark.system

WORK, OTHER = SESSION, SESSION | {"id": 4712, "name": None, "line": "$ top", "state": "attached"}
ATTACHED = {"id": 4711, "name": "work"}


def answering(bench: Bench, *cases: tuple[str, str, Any, bool], code: int = 0) -> list[str]:
    """An ssh: for each (words of its command, verb, value, whether a key follows) what it prints."""
    branches = []
    for number, (asked, verb, value, key) in enumerate(cases):
        file = bench.folder / f"answer{number}"
        file.write_text(f"MOSH SESSION 1 {verb} {json.dumps(value)}\n")
        said = (
            f"cat {shlex.quote(str(file))}; {bench.server_answers if key else 'echo; echo Connection to host closed.'}"
        )
        branches.append(f'*"{asked}"*) {said};;')
    log = shlex.quote(str(bench.folder / "asked"))
    return [f'case "$*" in *-G*) exit 1;; esac; echo "$*" >>{log}; case "$*" in {" ".join(branches)} esac; exit {code}']


def asked(bench: Bench) -> list[str]:
    """What the server was asked, in order."""
    lines = (bench.folder / "asked").read_text().splitlines()
    return [line.partition("mosh-server ")[2] for line in lines]


def test_a_list_is_a_table_on_standard_output(bench: Bench) -> None:
    ssh = answering(bench, ("session list --json", "LIST", [WORK, OTHER], False))
    done = bench.without_terminal(bench.mosh(*ssh, options=("--list",)))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == [
        "ID    NAME  SIZE   STATE",
        "4711  work  80x24  detached for 1 h, was at 192.0.2.7",
    ]
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_list_for_programs_is_json(bench: Bench) -> None:
    sessions = [WORK | {"title": "\x1b[31m漢", "further": 1}]
    ssh = answering(bench, ("session list --json", "LIST", sessions, False))
    done = bench.without_terminal(bench.mosh(*ssh, options=("--list", "--json")))
    assert done.stdout.isascii()
    assert done.stdout.replace("\n", "").isprintable()
    assert json.loads(done.stdout) == sessions


def test_no_sessions_is_said_and_no_failure(bench: Bench) -> None:
    ssh = answering(bench, ("session list --json", "LIST", [], False))
    done = bench.without_terminal(bench.mosh(*ssh, options=("--list",)))
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "mosh: There are no sessions on user@host.\n"


def test_a_session_is_ended(bench: Bench) -> None:
    ssh = answering(bench, ("session end work", "END", {"ended": [4711]}, False))
    done = bench.without_terminal(bench.mosh(*ssh, options=("--end=work",)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "Ended 4711.\n", "")


def test_a_refusal_is_told_with_the_servers_code(bench: Bench) -> None:
    refusal = {"code": 10, "why": "There is no session 7.\x1b[2J"}
    ssh = answering(bench, ("session end 7", "REFUSED", refusal, False), code=10)
    done = bench.without_terminal(bench.mosh(*ssh, options=("--end=7",)))
    assert (done.returncode, done.stdout) == (10, "")
    assert done.stderr == "mosh: The server on user@host says: There is no session 7.?[2J\n"


@pytest.mark.parametrize(
    ("option", "words", "verb", "value"),
    [
        ("--attach=4711", "session attach 4711 -s", "ATTACH", ATTACHED),
        ("--attach", "session attach --only -s", "ATTACH", ATTACHED),
        ("--session=work", "session create work new", "CREATE", ATTACHED | {"new": True}),
    ],
)
def test_a_session_is_attached_to(bench: Bench, option: str, words: str, verb: str, value: Any) -> None:
    ssh = answering(bench, (words, verb, value, True))
    done = bench.without_terminal(bench.mosh(*ssh, options=(option,)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert f"MOSH_KEY={bench.key}" in bench.client_saw()
    assert len(asked(bench)) == 1


def test_of_several_one_is_chosen_on_the_terminal(bench: Bench) -> None:
    ssh = answering(
        bench,
        ("attach --only", "CHOICE", [WORK, OTHER], False),
        ("attach 4712", "ATTACH", {"id": 4712, "name": None}, True),
    )
    terminal = bench.terminal(bench.mosh(*ssh, options=("--attach",)))
    terminal.wait_for("Take back which one? [1-2; q leaves]")
    assert "1)  4711  work  80x24  detached for 1 h" in terminal.text()
    assert "        $ top" in terminal.text()
    terminal.child.send(b"7\r")
    terminal.wait_until(lambda: terminal.text().count("which one?") == 2, "the question again")
    terminal.child.send(b"2\r")
    assert terminal.wait_for_end() == 0
    assert [line.split(" -s")[0] for line in asked(bench)] == ["session attach --only", "session attach 4712"]
    assert f"MOSH_KEY={bench.key}" in bench.client_saw()


@pytest.mark.parametrize("keys", [b"q\r", b"\x04"])
def test_none_may_be_chosen(bench: Bench, keys: bytes) -> None:
    ssh = answering(bench, ("attach --only", "CHOICE", [WORK, OTHER], False), code=11)
    terminal = bench.terminal(bench.mosh(*ssh, options=("--attach",)))
    terminal.wait_for("q leaves]")
    terminal.child.send(keys)
    assert terminal.wait_for_end() == 11
    assert "mosh: No session was chosen; " in terminal.text()
    assert not bench.client_log.exists()


def test_without_a_terminal_nobody_is_asked(bench: Bench) -> None:
    ssh = answering(bench, ("attach --only", "CHOICE", [WORK, OTHER], False), code=11)
    done = bench.without_terminal(bench.mosh(*ssh, options=("--attach",)))
    assert done.returncode == 11
    assert done.stderr == (
        "mosh: Not just one session on user@host is detached; name one with --attach=ID, of 4711 (work), 4712;"
        " --list shows more of them.\n"
    )


@pytest.mark.parametrize("usage", [UPSTREAMS_USAGE, OLDER])
@pytest.mark.parametrize("option", ["--list", "--attach", "--attach=7", "--end=7", "--session=work"])
def test_a_server_that_knows_no_sessions_is_said_to_be_one(bench: Bench, option: str, usage: bytes) -> None:
    (bench.folder / "usage").write_bytes(usage)
    done = bench.without_terminal(bench.mosh(f"cat {bench.folder}/usage >&2; exit 1", options=(option,)))
    assert done.returncode == 14
    assert done.stdout == ""
    assert done.stderr == (
        "mosh: 'mosh-server' on user@host knows no sessions that can be taken back; that takes mosh-py's, as new"
        " as this one.\n"
    )


@pytest.mark.parametrize("option", ["--list", "--attach", "--session=work"])
def test_a_session_that_nobody_asked_for_is_not_connected_to(bench: Bench, option: str) -> None:
    done = bench.without_terminal(bench.mosh(bench.server_answers, options=(option,)))
    assert done.returncode == 14
    assert bench.key not in done.stdout + done.stderr
    assert not bench.client_log.exists()


@pytest.mark.parametrize(
    ("option", "verb", "value"),
    [("--list", "END", {"ended": [7]}), ("--attach=7", "CHOICE", [WORK]), ("--end=7", "LIST", [WORK])],
)
def test_an_answer_to_another_question_is_not_believed(bench: Bench, option: str, verb: str, value: Any) -> None:
    ssh = answering(bench, ("session", verb, value, False))
    done = bench.without_terminal(bench.mosh(*ssh, options=(option,)))
    assert done.returncode == 1
    assert done.stderr == "mosh: 'mosh-server' on user@host gave an answer about its sessions that makes no sense.\n"


def test_no_answer_is_said(bench: Bench) -> None:
    done = bench.without_terminal(bench.mosh("exit 0", options=("--list",)))
    assert done.returncode == 1
    assert done.stderr == "mosh: 'mosh-server' on user@host did not answer the question for its sessions.\n"


def test_a_login_that_fails_is_told_as_ever(bench: Bench) -> None:
    done = bench.without_terminal(bench.mosh("echo nope >&2; exit 255", options=("--list",)))
    assert done.returncode == 255
    assert done.stderr.endswith("mosh: ssh could not log in to user@host; its message is above.\n")


def test_the_client_learns_how_to_come_back(bench: Bench) -> None:
    done = bench.without_terminal(bench.mosh(bench.server_answers, options=("-p", "60001"), client=bench.client))
    assert (done.returncode, done.stderr) == (0, "")
    [back] = re.findall(r"^MOSH_WAY_BACK=(.*)$", bench.client_saw(), re.MULTILINE)
    assert shlex.split(back) == [
        f"--ssh={shlex.quote(str(bench.folder / 'ssh'))}", f"--client={bench.client}", "--port=60001", "user@host",
    ]  # fmt: skip


def test_a_shell_that_completes_gets_ids_and_names_and_nothing_else(bench: Bench) -> None:
    evil = WORK | {"id": 9, "name": None, "title": "a\tb\nc\x1b"}
    ssh = answering(bench, ("session list --json", "LIST", [WORK, OTHER, evil], False))
    done = bench.without_terminal(bench.mosh(*ssh, options=("--complete-sessions",)))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "work\tdetached vim\n4711\tdetached vim\n4712\tattached vim\n9\tdetached a?b?c?\n"


@pytest.mark.parametrize("ssh", ["echo nope >&2; exit 255", "echo 'MOSH SESSION 1 LIST x'", "exit 0"])
def test_a_shell_that_completes_gets_nothing_where_there_is_nothing(bench: Bench, ssh: str) -> None:
    done = bench.without_terminal(bench.mosh(ssh, options=("--complete-sessions",)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_nobody_is_asked_anything_for_a_completion(bench: Bench) -> None:
    ssh = f'echo "$*" >{bench.folder}/words; [ -t 0 ] || echo none >>{bench.folder}/words'
    terminal = bench.terminal(bench.mosh(ssh, options=("--complete-sessions",)))
    assert terminal.wait_for_end() == 0
    words, terminal_of_ssh = (bench.folder / "words").read_text().splitlines()
    assert "-o BatchMode=yes" in words
    assert terminal_of_ssh == "none"


def test_all_of_it_works_without_ssh(bench: Bench) -> None:
    [script] = answering(bench, ("list", "LIST", [WORK], False), ("attach --only", "ATTACH", ATTACHED, True))
    server = bench.script("server", script)
    listed = bench.without_terminal(mosh_words("--local", f"--server={server}", "--list"))
    assert listed.stdout.startswith("ID    NAME  SIZE   STATE\n4711  work")
    done = bench.without_terminal(mosh_words("--local", f"--server={server}", f"--client={bench.client}", "--attach"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "argument 127.0.0.1\n" in bench.client_saw()
