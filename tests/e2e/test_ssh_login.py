"""Logging in through a real ssh and a real sshd: every question reaches the user, every answer reaches ssh."""

from __future__ import annotations

import re
import shlex
import signal
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.programs import OURS, UPSTREAM, Programs, with_any_client
from tests.support.sshd import PASSPHRASE, Sshd
from tests.support.user_terminal import UserTerminal

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = pytest.mark.e2e

NEEDS_UPSTREAM = pytest.mark.requires_upstream("mosh", "mosh-client", "mosh-server")
BOTH = pytest.mark.parametrize(
    "programs", [OURS, pytest.param(UPSTREAM, marks=[NEEDS_UPSTREAM, pytest.mark.interop])], ids=lambda p: p.name
)
SHELL = ("--", "sh", "-c", "echo the session is up; read _")
HOST_KEY_QUESTION = "Are you sure you want to continue connecting"


def end_session(terminal: UserTerminal) -> None:
    """The session shows its sign of life; end it."""
    terminal.wait_for("the session is up")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0, terminal.text()


@BOTH
def test_a_key_logs_in_without_a_question(user: User, sshd: Sshd, programs: Programs) -> None:
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=programs)
    end_session(terminal)


@NEEDS_UPSTREAM
@pytest.mark.interop
def test_upstreams_wrapper_drives_our_client_and_server(user: User, sshd: Sshd) -> None:
    end_session(user.mosh(sshd, "127.0.0.1", *SHELL, programs=OURS, wrapper=[*UPSTREAM.wrapper]))


def test_the_question_for_an_unknown_host_can_be_answered_with_no(user: User, sshd: Sshd, tmp_path: Path) -> None:
    ssh = sshd.ssh(known_hosts=tmp_path / "known_hosts")
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh)
    terminal.wait_for(HOST_KEY_QUESTION)
    terminal.type("no\r")
    assert terminal.wait_for_end() == 255, terminal.text()
    assert "Host key verification failed." in terminal.text()


def test_the_question_for_an_unknown_host_is_seen_and_answered_and_nonsense_is_asked_about_again(
    user: User, sshd: Sshd, tmp_path: Path
) -> None:
    known_hosts = tmp_path / "known_hosts"
    ssh = sshd.ssh(known_hosts=known_hosts)
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh)
    terminal.wait_for(HOST_KEY_QUESTION)
    assert re.search(r"ED25519 key fingerprint is:? SHA256:", terminal.text())  # OpenSSH 10 has the colon
    terminal.type("maybe\r")
    terminal.wait_for("Please type 'yes', 'no' or the fingerprint:")
    fingerprint = next(word for word in terminal.text().split() if word.startswith("SHA256:")).rstrip(".")
    terminal.type(f"{fingerprint}\r")
    end_session(terminal)
    assert "ssh-ed25519" in known_hosts.read_text()


def test_a_passphrase_is_typed_unseen_and_accepted_and_a_wrong_one_asked_for_again(user: User, sshd: Sshd) -> None:
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=sshd.ssh(key=sshd.locked_key))
    terminal.wait_for("Enter passphrase for key")
    terminal.type("wrong\r")
    terminal.wait_until(lambda: terminal.text().count("Enter passphrase") == 2, "it is not asked for again")
    terminal.type(f"{PASSPHRASE}\r")
    end_session(terminal)
    assert PASSPHRASE.encode() not in terminal.output


def test_ctrl_c_at_the_passphrase_gives_up_and_restores_the_terminal(user: User, sshd: Sshd) -> None:
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=sshd.ssh(key=sshd.locked_key))
    terminal.wait_for("Enter passphrase for key")

    # More than once: ssh misses a signal that comes after it has printed its question and before it reads.
    # Once the terminal is restored, a further one ends `mosh` amid its last words, which is 130 for a shell, too.
    def gives_up() -> bool:
        if terminal.settings() != terminal.settings_before:
            terminal.type("\x03")
            return False
        return True

    terminal.wait_until(gives_up, "ssh does not give up")
    assert terminal.wait_for_end() in (130, -signal.SIGINT), terminal.text()
    assert terminal.settings() == terminal.settings_before


def test_banner_and_startup_noise_are_shown_and_do_not_disturb(
    user: User, start_sshd: Callable[..., Sshd], tmp_path: Path
) -> None:
    (tmp_path / "banner").write_text("Authorised users only.\n")
    noise = tmp_path / "noise"
    noise.write_text(
        "#!/bin/sh\necho 'bash: warning: setlocale'\necho 'MOSH is installed here' >&2\nprintf 'no end of line'\n"
        'exec sh -c "$SSH_ORIGINAL_COMMAND"\n'
    )
    noise.chmod(noise.stat().st_mode | stat.S_IXUSR)
    sshd = start_sshd(settings=f"ForceCommand {noise}\nBanner {tmp_path / 'banner'}")
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client())
    end_session(terminal)
    # What ssh showed is under the session's alternate screen, and comes first in what the terminal got.
    before_session = terminal.output.partition(b"\x1b[?1049h")[0]
    for line in (b"Authorised users only.", b"bash: warning: setlocale", b"MOSH is installed here", b"no end of line"):
        assert line in before_session
    assert b"MOSH CONNECT" not in terminal.output
    assert b"MOSH IP" not in terminal.output


@BOTH
@pytest.mark.parametrize("mode", ["proxy", "remote", "local"])
def test_the_servers_address_is_found_in_each_mode(user: User, sshd: Sshd, programs: Programs, mode: str) -> None:
    programs = with_any_client() if programs is OURS else programs
    end_session(user.mosh(sshd, f"--experimental-remote-ip={mode}", "127.0.0.1", *SHELL, programs=programs))


@pytest.mark.parametrize("mode", ["proxy", "remote", "local"])
def test_a_server_is_reached_over_ipv6(user: User, start_sshd: Callable[..., Sshd], mode: str) -> None:
    if not has_ipv6():
        pytest.skip("this machine has no IPv6 loopback")
    sshd = start_sshd(listen="::1")
    end_session(user.mosh(sshd, "-6", f"--experimental-remote-ip={mode}", "::1", *SHELL, programs=with_any_client()))


def test_a_name_from_sshs_configuration_is_followed(user: User, sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    config.write_text(f"Host nickname\n  HostName 127.0.0.1\n  HostKeyAlias [127.0.0.1]:{sshd.port}\n")
    ssh = sshd.ssh().replace(shlex.quote(str(sshd.folder / "ssh_config")), shlex.quote(str(config)))
    end_session(user.mosh(sshd, "nickname", *SHELL, programs=with_any_client(), ssh=ssh))


def test_without_a_pty_for_the_server_it_works_too(user: User, sshd: Sshd) -> None:
    end_session(user.mosh(sshd, "--no-ssh-pty", "127.0.0.1", *SHELL, programs=with_any_client()))


def test_a_port_range_and_the_words_of_the_command_arrive_as_they_were_given(user: User, sshd: Sshd) -> None:
    words = [
        "sh",
        "-c",
        'printf "<%s>\\n" "$@"; echo the session is up; read _',
        "-",
        "a b",
        "it's",
        "$HOME",
        "",
        "\\'",
    ]
    terminal = user.mosh(sshd, "-p", "61100:61199", "127.0.0.1", "--", *words, programs=with_any_client())
    terminal.wait_for("the session is up")
    port = int(Path(f"/proc/{terminal.pid}/cmdline").read_bytes().split(b"\0")[-2])
    assert 61100 <= port <= 61199
    assert terminal.text().splitlines()[:5] == ["<a b>", "<it's>", "<$HOME>", "<>", "<\\'>"]
    end_session(terminal)


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
