"""What is sent to the remote machine is the same words to every login shell, and plain wherever it can be."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.login_shells import LOGIN_SHELLS, ODD_WORDS, SHELL_S, LoginShell
from tests.support.programs import clean_environment

from mosh_bootstrap.command import remote_command
from mosh_bootstrap.login_shell import can_be_quoted, is_plain, quote, quote_command
from mosh_bootstrap.options import Options

SSH_CONNECTION = "192.0.2.9 40000 10.0.0.1 22"
LOCALE = {"LANG": "ca_ES.UTF-8@valencia", "LANGUAGE": "ca:es", "LC_TIME": ""}
EACH_SHELL = pytest.mark.parametrize("shell", LOGIN_SHELLS, ids=lambda shell: shell.name)
# What they say of a command that is not found is not what sh's family and fish say.
ELSEWHERE = {"sash", "csh", "tcsh", "rc", "Plan 9's rc", "elvish", "xonsh"}
SERVER = """#!/bin/sh
printf '%s\\n' "$@" >"$0.words"
echo "MOSH CONNECT 60001 $SSH_CONNECTION"
while [ "$1" != -- ]; do shift; done
shift
"$@" >"$0.output"
"""
# What people set in the files that a shell reads even for sshd's `-c`, and that changes how it reads words.
START_UP_FILES = {
    ".zshenv": "setopt rc_quotes csh_junkie_quotes csh_junkie_history extended_glob ksh_glob glob_subst sh_word_split "
    "magic_equal_subst null_glob interactive_comments ignore_braces",
    ".tcshrc": "set backslash_quote globstar histlit",
}


class Host:
    """A remote machine: a server that only notes its words, and runs its command at once."""

    def __init__(self, folder: Path) -> None:
        for name, text in START_UP_FILES.items():
            (folder / name).write_text(text + "\n")
        self.server = folder / "mosh-server"
        self.server.write_text(SERVER)
        self.server.chmod(0o755)
        self.environment = clean_environment(folder, SSH_CONNECTION=SSH_CONNECTION)

    def log_in(self, shell: LoginShell, line: str) -> subprocess.CompletedProcess[bytes]:
        """Run `line` as sshd does in an account with that shell."""
        return subprocess.run(
            [shell.name, "-c", line],
            executable=shell.found(),
            env=self.environment,
            cwd=self.server.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SHELL_S,
            check=False,
        )

    def words(self) -> list[str]:
        """The words that the server got."""
        return Path(f"{self.server}.words").read_text().splitlines()

    def output(self) -> list[str]:
        """What the command printed, up to each NUL."""
        return os.fsdecode(Path(f"{self.server}.output").read_bytes()).split("\0")[:-1]


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def line(host: Host, *command: str, mode: str = "proxy") -> str:
    options = Options(host="host", server=str(host.server), command=command, experimental_remote_ip=mode)
    return remote_command(options, LOCALE, colors=256)


@pytest.mark.system
@EACH_SHELL
def test_every_shell_hands_on_every_word(host: Host, shell: LoginShell) -> None:
    done = host.log_in(shell, line(host, "printf", "%s\\0", *ODD_WORDS))
    assert (done.returncode, done.stderr) == (0, b"")
    assert host.output() == list(ODD_WORDS)


@pytest.mark.system
@EACH_SHELL
def test_every_shell_hands_on_what_needs_no_decoding(host: Host, shell: LoginShell) -> None:
    words = [word for word in ODD_WORDS if can_be_quoted(word)]
    done = host.log_in(shell, line(host, "printf", "%s,", *words))
    assert (done.returncode, done.stderr) == (0, b"")
    assert Path(f"{host.server}.output").read_text() == "".join(f"{word}," for word in words)
    expected = ["new", "-c", "256", "-s", "-l", "LANG=ca_ES.UTF-8@valencia", "-l", "LANGUAGE=ca:es", "-l", "LC_TIME="]
    assert host.words() == [*expected, "--", "printf", "%s,", *words]


@pytest.mark.system
@EACH_SHELL
def test_every_shell_lets_sshd_tell_the_address_before_the_server_speaks(host: Host, shell: LoginShell) -> None:
    done = host.log_in(shell, line(host, "true", mode="remote"))
    assert done.returncode == 0
    expected = f"\nMOSH SSH_CONNECTION {SSH_CONNECTION}\nMOSH CONNECT 60001 {SSH_CONNECTION}\n"
    assert (done.stdout.decode(), done.stderr) == (expected, b"")


@pytest.mark.system
@EACH_SHELL
def test_no_shell_takes_a_server_that_is_missing_for_one_that_started(host: Host, shell: LoginShell) -> None:
    host.server.unlink()
    done = host.log_in(shell, line(host, mode="remote"))
    # Others have codes of their own, and sash has 0 behind a pipe.
    assert done.returncode == 127 or (shell.name in ELSEWHERE and done.returncode < 3)
    assert b"mosh-server" in done.stderr
    assert b"MOSH CONNECT" not in done.stdout


@pytest.mark.system
@pytest.mark.parametrize("fragment", ["false ;", "A=1", "mosh_test() { false; }; mosh_test"])
def test_a_server_that_says_nothing_has_failed(host: Host, fragment: str) -> None:
    options = Options(host="host", server=fragment, experimental_remote_ip="remote")
    done = host.log_in(LOGIN_SHELLS[0], remote_command(options, {}, colors=8).replace("; 'new'", ";"))
    assert done.returncode == 1


def test_plain_words_stay_plain() -> None:
    words = ["tmux", "new", "-A", "/usr/bin/env", "a,b:c", "user+x@host", "--file", "x.y_z", "60001:60010"]
    assert quote_command(words) == words
    assert remote_command(Options(host="host"), {"LANG": "C.UTF-8"}, colors=256) == (
        "mosh-server new -c 256 -s -l 'LANG=C.UTF-8'"
    )


def test_the_line_begins_with_the_server_however_its_address_is_found() -> None:
    options = Options(host="host", experimental_remote_ip="remote", command=("it's",))
    assert remote_command(options, {}, colors=8).startswith("mosh-server new -c 8 -s -- sh -c ")


def test_a_word_that_some_shell_would_read_is_quoted_and_others_are_not() -> None:
    assert quote_command(["ls", "*.c", "", "a b", "and"]) == ["ls", "'*.c'", "''", "'a b'", "'and'"]


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8))
def test_what_is_quoted_is_one_word_of_sh_and_holds_nothing_that_another_shell_reads(word: str) -> None:
    assert can_be_quoted(word) == (not set(word) & set("'\\!$~<>"))
    if can_be_quoted(word):
        assert shlex.split(quote(word)) == [word]
        assert is_plain(quote(word)) == (quote(word) == word)


def test_no_locale_has_a_name_that_cannot_be_quoted() -> None:
    command = remote_command(Options(host="host"), {"LC_ALL": "it's", "LANG": "a b", "LC_TIME": "é"}, colors=8)
    assert command == "mosh-server new -c 8 -s -l 'LANG=a b'"


@given(st.lists(st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"])), min_size=1))
def test_an_odd_command_is_sent_in_plain_words(command: list[str]) -> None:
    words = quote_command([*command, "!"])
    assert words[:2] == ["sh", "-c"]
    assert all(map(is_plain, words[3:]))


@pytest.mark.system
@settings(max_examples=30)
@given(st.lists(st.binary(min_size=1).filter(lambda octets: 0 not in octets), min_size=1, max_size=8))
def test_an_odd_command_is_decoded_to_what_it_was(octets: list[bytes]) -> None:
    command = ["printf", "%s\\0", *map(os.fsdecode, octets)]
    done = subprocess.run(["sh", "-c", " ".join(quote_command(command))], capture_output=True, check=True)
    assert done.stdout == b"".join(each + b"\0" for each in octets)


@pytest.mark.system
def test_the_decoder_becomes_the_command_whatever_its_name_is(tmp_path: Path) -> None:
    program = tmp_path / "-it's"
    program.write_text("#!/bin/sh\necho $$\n")
    program.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    with subprocess.Popen(
        ["sh", "-c", "exec " + " ".join(quote_command([program.name]))], env=environment, stdout=subprocess.PIPE
    ) as started:
        assert started.communicate()[0] == f"{started.pid}\n".encode()
