"""`mosh` as a command: what it says about itself, --local, and what each start has to load."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.support.user_terminal import mosh_words

from mosh_bootstrap.help_text import HELP

pytestmark = pytest.mark.system

if TYPE_CHECKING:
    from tests.bootstrap.conftest import Bench


def test_help_and_version_go_to_standard_output(bench: Bench) -> None:
    assert bench.without_terminal(mosh_words("--help")).stdout == HELP
    done = bench.without_terminal(mosh_words("--version"))
    assert done.stdout.startswith("mosh (mosh-py ")
    assert "mosh 1.4.0" in done.stdout
    assert "\nCipher: OpenSSL " in done.stdout
    assert done.returncode == 0


def test_a_wrong_command_line_is_one_sentence_and_exit_code_2(bench: Bench) -> None:
    done = bench.without_terminal(mosh_words("--predict=sometimes", "host"))
    assert done.returncode == 2
    assert done.stderr.startswith("mosh: --predict must be one of")
    assert done.stderr.count("\n") == 1


def test_an_ssh_command_with_an_open_quote_is_refused(bench: Bench) -> None:
    done = bench.without_terminal(mosh_words("--ssh=ssh 'x", f"--client={bench.client}", "host"))
    assert done.returncode == 2
    assert "--ssh is no shell command" in done.stderr


def local(bench: Bench, *words: str, server: str = "server") -> subprocess.CompletedProcess[str]:
    """`mosh --local` with a server that writes down how it was called."""
    log = bench.folder / "server.log"
    bench.script("server", f'{{ printf "<%s>" "$@"; echo " MARK=$MARK"; }} >{log}', bench.server_answers)
    return bench.without_terminal(
        mosh_words(
            f"--client={bench.client}", f"--server={server.replace('server', str(bench.folder / 'server'))}", *words
        )
    )


def test_local_runs_the_server_here_and_connects_to_the_loopback_address(bench: Bench) -> None:
    done = local(bench, "--local")
    assert done.returncode == 0, done.stderr
    assert (bench.folder / "server.log").read_text().startswith("<new><-c><256><-i><127.0.0.1><-l><LANG=C.UTF-8>")
    assert "argument 127.0.0.1\nargument 60001\n" in bench.client_saw()
    assert f"MOSH_KEY={bench.key}" in bench.client_saw()
    assert bench.key not in done.stdout + done.stderr


def test_a_local_server_knows_its_client_from_the_start(bench: Bench) -> None:
    bench.environment |= {"MOSH_CLIENT_PID": "1", "TMUX": "/tmp/x,1,0", "TMUX_PANE": "%0"}
    done = local(bench, "--local", server="env >server.env; server")
    assert done.returncode == 0, done.stderr
    said = set((bench.folder / "server.env").read_text().splitlines())
    client = {line for line in bench.client_saw().splitlines() if line.startswith("MOSH_CLIENT_PID=")}
    assert {"TMUX=/tmp/x,1,0", "TMUX_PANE=%0"} | client <= said
    assert client != {"MOSH_CLIENT_PID=1"}
    assert "MOSH_KEY=left over from elsewhere" not in said


def test_local_takes_a_host_and_a_command_and_a_piece_of_shell_as_server(bench: Bench) -> None:
    done = local(bench, "--local", "localhost", "-4", "--", "echo", "it's  here", server="MARK=7 server extra")
    assert done.returncode == 0, done.stderr
    log = (bench.folder / "server.log").read_text()
    assert log.startswith("<extra><new>")
    assert log.endswith("<--><echo><it's  here> MARK=7\n")
    assert "argument 127.0.0.1\n" in bench.client_saw()


def test_a_local_server_that_is_missing_is_named(bench: Bench) -> None:
    done = bench.without_terminal(mosh_words(f"--client={bench.client}", "--server=/nowhere/server", "--local"))
    assert done.returncode == 127
    assert "'/nowhere/server' was not found on this machine" in done.stderr


def modules_loaded(bench: Bench, *arguments: str) -> set[str]:
    """The modules that a run of `mosh` imports, by Python's own account."""
    words = [sys.executable, "-P", "-X", "importtime", "-m", "mosh_bootstrap", *arguments]
    lines = bench.without_terminal(words).stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


HEAVY = {"pexpect", "ptyprocess", "argparse", "asyncio", "dataclasses", "inspect", "logging", "subprocess", "threading"}


def test_help_loads_next_to_nothing(bench: Bench) -> None:
    loaded = modules_loaded(bench, "--help")  # --version names the cipher, for which that is loaded
    assert "mosh_bootstrap.cli" in loaded
    assert not loaded & (HEAVY | {"socket", "selectors", "termios", "mosh_bootstrap.ssh"})


def test_a_local_session_does_not_load_pexpect(bench: Bench) -> None:
    bench.script("server", bench.server_answers)
    loaded = modules_loaded(bench, "--local", f"--server={bench.folder / 'server'}", f"--client={bench.client}")
    assert "mosh_bootstrap.ssh" in loaded
    assert not loaded & HEAVY
    assert bench.client_log.exists()


def test_the_proxy_loads_no_more_than_it_needs(bench: Bench) -> None:
    loaded = modules_loaded(bench, "--fake-proxy", "--", "127.0.0.1", "1")
    assert "mosh_bootstrap.fake_proxy" in loaded
    assert not loaded & (HEAVY | {"mosh_bootstrap.ssh", "mosh_bootstrap.command", "mosh_common.wire.key"})
