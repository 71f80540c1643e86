"""What ssh's configuration says of a host applies, but for what would defeat the start: with real ssh and sshd."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.support.client_session import comm
from tests.support.network_namespaces import why_not
from tests.support.programs import OURS, Programs, descendants, wait_until, with_any_client
from tests.support.sshd import Sshd, free_port
from tests.support.user_terminal import UserTerminal, mosh_words

if TYPE_CHECKING:
    from tests.e2e.conftest import User

pytestmark = pytest.mark.e2e

SHELL = ("--", "sh", "-c", "echo the session is up; read _")
AUTHENTICATED = "Accepted publickey"


@pytest.fixture
def configured(sshd: Sshd, tmp_path: Path) -> Callable[..., str]:
    """A function that returns the value of --ssh for `sshd`, with these lines of configuration and more options."""

    def command(*lines: str, more: tuple[str, ...] = ()) -> str:
        return ssh_with(sshd, tmp_path / "ssh_config", *lines, more=more)

    return command


def ssh_with(sshd: Sshd, config: Path, *lines: str, more: tuple[str, ...] = ()) -> str:
    config.write_text("\n".join(lines) + "\n")
    words = shlex.split(sshd.ssh(*more))
    words[words.index("-F") + 1] = str(config)
    return shlex.join(words)


def jump_lines(jump: Sshd) -> tuple[str, ...]:
    """The configuration that lets ssh itself, which gets none of our options, log in to `jump`."""
    return (
        "Host jump",
        f"  HostName {jump.listen}",
        f"  Port {jump.port}",
        "Host *",
        f"  IdentityFile {jump.user_key}",
        f"  UserKnownHostsFile {jump.known_hosts}",
        "  GlobalKnownHostsFile /dev/null",
        "  IdentitiesOnly yes",
        "  IdentityAgent none",
        "  BatchMode yes",
    )


def end_session(terminal: UserTerminal) -> None:
    terminal.wait_for("the session is up")
    terminal.type("\r")
    assert terminal.wait_for_end() == 0, terminal.text()


def noting(user: User, programs: Programs = OURS) -> Programs:
    """`programs`, of which the client notes first which addresses it was told."""
    first, others = (shlex.quote(str(user.home / name)) for name in ("address", "addresses"))
    note = (
        f'echo "$MOSH_ADDRESSES" >{others}; for word; do before=$last; last=$word; done; echo "$before" >{first};'
        ' exec "$@"'
    )
    return programs._replace(client=("sh", "-c", note, "-", *programs.client))


def addresses_of(user: User) -> list[str]:
    """The address on the client's command line, and the others that it was told."""
    assert user.terminal is not None
    user.terminal.wait_for("the session is up")
    return [*(user.home / "address").read_text().split(), *(user.home / "addresses").read_text().split()]


# --- Another way to the host ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", ["ProxyJump jump", "ProxyCommand ssh -F {config} -W %h:%p jump"])
def test_a_host_behind_another_one_is_reached_without_an_option(
    user: User, sshd: Sshd, start_sshd: Callable[..., Sshd], tmp_path: Path, setting: str
) -> None:
    jump = start_sshd()
    config = tmp_path / "ssh_config"
    lines = ("Host inner", "  HostName 127.0.0.1", "  " + setting.format(config=config), *jump_lines(jump))
    programs = noting(user, with_any_client())
    terminal = user.mosh(sshd, "inner", *SHELL, programs=programs, ssh=ssh_with(sshd, config, *lines))
    assert addresses_of(user) == ["127.0.0.1"]
    end_session(terminal)
    assert AUTHENTICATED in jump.log()


@pytest.mark.parametrize(
    ("host_name", "options"),
    [
        ("192.0.2.1", ()),  # nobody answers there (RFC 5737)
        ("::1", ("--bind-server=127.0.0.1",)),  # the server is there, but not by this protocol
        ("::1", ()),  # and here it is
    ],
)
def test_the_address_that_answers_is_found_among_those_that_a_host_may_have(
    user: User, sshd: Sshd, start_sshd: Callable[..., Sshd], tmp_path: Path, host_name: str, options: tuple[str, ...]
) -> None:
    jump = start_sshd()
    config = tmp_path / "ssh_config"
    # What sshd says of itself is an address of its own network, where ssh came to it by a way of its own.
    lines = (
        "Host inner",
        f"  HostName {host_name}",
        f"  HostKeyAlias [127.0.0.1]:{sshd.port}",
        f"  ProxyCommand ssh -F {config} -W 127.0.0.1:%p jump",
        *jump_lines(jump),
    )
    ssh = ssh_with(sshd, config, *lines)
    terminal = user.mosh(sshd, *options, "inner", *SHELL, programs=noting(user), ssh=ssh)
    assert addresses_of(user) == [host_name, "127.0.0.1"]
    end_session(terminal)


def why_no_names_of_its_own() -> str:
    """Why a program cannot be given another /etc/hosts than the machine's; empty if it can."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return "only root may mount, and it takes unshare"
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, text=True, check=False)
    return done.stderr.strip() if done.returncode else ""


@pytest.mark.skipif(bool(why_no_names_of_its_own()), reason=why_no_names_of_its_own())
@pytest.mark.parametrize(("serves", "expected"), [("::1", ["127.0.0.1", "::1"]), ("127.0.0.1", ["127.0.0.1", "::1"])])
def test_a_host_with_both_families_is_reached_by_the_one_that_udp_gets_through(
    user: User, sshd: Sshd, configured: Callable[..., str], serves: str, expected: list[str]
) -> None:
    names = user.home / "hosts"
    names.write_text("127.0.0.1 both\n::1 both\n")
    with_names = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(names)]
    terminal = user.mosh(
        sshd,
        f"--bind-server={serves}",
        "both",
        *SHELL,
        programs=noting(user),
        ssh=configured(f"HostKeyAlias [127.0.0.1]:{sshd.port}"),
        wrapper=[*with_names, *mosh_words()],
    )
    assert addresses_of(user) == expected
    end_session(terminal)


@pytest.mark.skipif(bool(why_no_names_of_its_own()), reason=why_no_names_of_its_own())
@pytest.mark.parametrize("when", ["yes", "always"])
def test_a_name_is_made_canonical_as_ssh_does(
    user: User, sshd: Sshd, configured: Callable[..., str], when: str
) -> None:
    names = user.home / "hosts"
    names.write_text("127.0.0.1 short.canonical.test short.canonical.test.\n")
    with_names = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/hosts && exec "$@"', str(names)]
    ssh = configured(
        f"CanonicalizeHostname {when}",
        "CanonicalDomains canonical.test",
        "Match canonical host short.canonical.test",
        f"  HostKeyAlias [127.0.0.1]:{sshd.port}",
    )
    programs = noting(user, with_any_client())
    terminal = user.mosh(sshd, "short", *SHELL, programs=programs, ssh=ssh, wrapper=[*with_names, *mosh_words()])
    assert addresses_of(user) == ["127.0.0.1"]
    end_session(terminal)


# Runs its arguments in a network of their own, with an sshd that listens on a link-local address only there.
ON_A_LINK = """
ip link set lo up && ip link add link0 type veth peer name link1 && ip address add fe80::77/64 dev link0 nodad &&
ip link set link1 up && ip link set link0 up || exit
"$0" -D -o "ListenAddress [fe80::77%link0]" -f "$1" & sshd=$!
shift
"$@"
code=$?
kill $sshd
exit $code
"""


@pytest.mark.requires_linux
@pytest.mark.skipif(bool(why_not()), reason=why_not())
def test_a_link_local_address_keeps_its_scope(user: User, sshd: Sshd, configured: Callable[..., str]) -> None:
    program = str(shutil.which("sshd", path="/usr/sbin:/sbin:/usr/local/sbin"))
    on_a_link = ["unshare", "--net", "sh", "-c", ON_A_LINK, program, str(sshd.folder / "sshd_config")]
    terminal = user.mosh(
        sshd,
        "fe80::77%link0",
        *SHELL,
        programs=noting(user),
        ssh=configured(f"HostKeyAlias [127.0.0.1]:{sshd.port}", "ConnectionAttempts 10"),
        wrapper=[*on_a_link, *mosh_words()],
    )
    terminal.wait_for("the session is up")
    assert (user.home / "address").read_text() == "fe80::77%link0\n"
    end_session(terminal)


def test_a_jump_host_that_fails_is_named(user: User, sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    lines = ("Host inner", f"  ProxyJump 127.0.0.1:{free_port()}")
    terminal = user.mosh(sshd, "inner", *SHELL, programs=with_any_client(), ssh=ssh_with(sshd, config, *lines))
    assert terminal.wait_for_end() == 255, terminal.text()
    said = terminal.said()
    assert "mosh: ssh reaches inner through its ProxyJump 127.0.0.1:" in said.replace("[127.0.0.1]", "127.0.0.1")
    assert "mosh: ssh could not log in to inner through its ProxyJump" in said


@pytest.fixture
def master(sshd: Sshd, tmp_path: Path) -> Iterator[Path]:
    """The socket of a master that is logged in to `sshd`."""
    path = tmp_path / "master"
    logins = sshd.log().count(AUTHENTICATED)
    words = [*shlex.split(sshd.ssh()), "-M", "-S", str(path), "-N", "127.0.0.1"]
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL)
    wait_until(path.exists, "the master does not listen")
    wait_until(lambda: sshd.log().count(AUTHENTICATED) > logins, "its login is not told of")  # that may be later
    yield path
    process.terminate()
    process.wait()


def test_a_shared_connection_is_used_and_nobody_is_asked_again(
    user: User, sshd: Sshd, master: Path, configured: Callable[..., str]
) -> None:
    logins = sshd.log().count(AUTHENTICATED)
    ssh = configured(f"ControlPath {master}", "ControlMaster yes", more=("-i", "/nowhere"))
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=noting(user, with_any_client()), ssh=ssh)
    assert addresses_of(user) == ["127.0.0.1"]
    end_session(terminal)
    assert sshd.log().count(AUTHENTICATED) == logins


def test_a_master_that_is_gone_is_done_without(user: User, sshd: Sshd, configured: Callable[..., str]) -> None:
    path = user.home / "left-over"
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    ssh = configured(f"ControlPath {path}", "ControlMaster auto", "ControlPersist yes")
    end_session(user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh))


# --- What is neutralised ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lines",
    [
        ("ForkAfterAuthentication yes", "StdinNull yes", "RequestTTY no", "ProxyCommand none", "ProxyJump none"),
        (
            *("SessionType none", "RequestTTY yes", "ControlMaster auto", "ControlPath none"),
            *("ExitOnForwardFailure yes", "LocalForward {taken} 127.0.0.1:9"),
        ),
    ],
    ids=lambda lines: lines[0],
)
def test_a_setting_that_would_defeat_the_start_does_not(
    user: User, sshd: Sshd, configured: Callable[..., str], lines: tuple[str, ...]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        ssh = configured(*[line.format(taken=somebody.getsockname()[1]) for line in lines])
        end_session(user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh))


def test_options_that_would_defeat_the_start_do_not(user: User, sshd: Sshd, configured: Callable[..., str]) -> None:
    ssh = configured("", more=("-fNT", "-oProxyCommand=none", "-oRemoteCommand=false"))
    end_session(user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh))


def test_the_remote_command_of_the_configuration_is_what_the_session_runs(
    user: User, sshd: Sshd, configured: Callable[..., str]
) -> None:
    ssh = configured('RemoteCommand echo "it\'s for  %n"; echo the session is up; read _')
    terminal = user.mosh(sshd, "127.0.0.1", programs=with_any_client(), ssh=ssh)
    terminal.wait_for("it's for  127.0.0.1\nthe session is up")
    end_session(terminal)


def test_a_command_of_the_users_is_preferred_to_the_configurations(
    user: User, sshd: Sshd, configured: Callable[..., str]
) -> None:
    ssh = configured("RemoteCommand echo something else; read _", "RequestTTY yes")
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh)
    end_session(terminal)
    assert "something else" not in terminal.text()


# --- What applies -----------------------------------------------------------------------------------------------------


def test_name_port_and_user_may_stand_in_the_configuration_alone(user: User, sshd: Sshd, tmp_path: Path) -> None:
    config = tmp_path / "ssh_config"
    config.write_text(f"Host alias\n  HostName 127.0.0.1\n  Port {sshd.port}\n")
    words = shlex.split(sshd.ssh())
    words[words.index("-F") + 1] = str(config)
    del words[words.index("-p") : words.index("-p") + 2]
    end_session(user.mosh(sshd, "alias", *SHELL, programs=with_any_client(), ssh=shlex.join(words)))


def test_the_family_of_the_configuration_applies_and_ours_is_stronger(
    user: User, sshd: Sshd, configured: Callable[..., str]
) -> None:
    ssh = configured("AddressFamily inet6")
    refused = user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh)
    assert refused.wait_for_end() == 255
    assert "The host has no IPv6 address" in refused.text()
    end_session(user.mosh(sshd, "-4", "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh))


def test_the_users_own_shell_plays_no_part(user: User, sshd: Sshd) -> None:
    refuses = user.home / "refuses"  # as nologin does, with a word
    refuses.write_text("#!/bin/sh\necho no\nexit 1\n")
    refuses.chmod(0o755)
    user.environment["SHELL"] = str(refuses)
    end_session(user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client()))


def test_the_local_command_is_run_by_the_users_own_shell(
    user: User, sshd: Sshd, configured: Callable[..., str]
) -> None:
    shell, log = user.home / "my shell", user.home / "log"
    shell.write_text(f'#!/bin/sh\nprintf "%s|" "$SHELL" "$@" >{shlex.quote(str(log))}\n')
    shell.chmod(0o755)
    user.environment["SHELL"] = str(shell)
    ssh = configured("PermitLocalCommand yes", "LocalCommand echo 'to %h'  now")
    end_session(user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=ssh))
    assert log.read_text() == f"{shell}|-c|echo 'to 127.0.0.1'  now|"


def test_nothing_of_ours_stays_in_the_way_of_ssh(user: User, sshd: Sshd) -> None:
    # A question keeps ssh where it is, connected and with its proxy command long run.
    terminal = user.mosh(sshd, "127.0.0.1", *SHELL, programs=with_any_client(), ssh=sshd.ssh(key=sshd.locked_key))
    terminal.wait_for("Enter passphrase for key")

    def names() -> list[str]:
        return [comm(each) for each in descendants(terminal.pid)]

    wait_until(lambda: names() == ["ssh"], lambda: f"these run: {names()}")  # the proxy command may be about to end
    terminal.type("\x03")


@pytest.mark.parametrize("options", [(), ("--experimental-remote-ip=proxy",), ("--experimental-remote-ip=local",)])
def test_a_name_that_nobody_knows_is_one_line(user: User, options: tuple[str, ...]) -> None:
    terminal = user.run(mosh_words(*options, "--ssh=ssh -F none", "no-such-host.invalid"))
    assert terminal.wait_for_end() == 255, terminal.text()
    said = terminal.said()
    assert said.startswith("mosh: Cannot find the address of 'no-such-host.invalid': ")
    assert said.count(".") == 2
    assert terminal.settings() == terminal.settings_before
