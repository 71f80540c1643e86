"""What `ssh -G` prints is read as it stands, and the user's ssh command keeps all that does not defeat a login."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mosh_bootstrap.ssh_config import (
    OUTPUT_LIMIT,
    SshConfig,
    login_words,
    names_a_proxy,
    parse,
    program_of,
    query_words,
)

PLAIN = b"""\
host name
user me
hostname 192.0.2.1
port 22
addressfamily any
controlmaster false
permitlocalcommand no
proxyusefdpass no
requesttty auto
sessiontype default
stdinnull no
forkafterauthentication no
tunnel false
identityfile ~/.ssh/id_rsa
identityfile ~/.ssh/id_ed25519
canonicaldomains none
controlpersist no
"""


def config(*lines: str) -> SshConfig:
    """What applies when ssh prints `lines` before what it always prints."""
    found = parse("\n".join(lines).encode() + b"\n" + PLAIN)
    assert found is not None
    return found


def test_a_configuration_without_particulars_asks_for_nothing() -> None:
    plain = config()
    assert plain.host_name == "192.0.2.1"
    assert plain.passes_sockets
    assert (plain.family, plain.jump, plain.master_path, plain.remote_command) == ("", "", "", "")
    assert not plain.chooses_its_own_way
    assert plain.overrides(pty=True) == plain.overrides(pty=False) == []


@pytest.mark.parametrize(
    ("line", "jump"),
    [
        ("proxyjump root@[127.0.0.1]:2200", "ProxyJump root@[127.0.0.1]:2200"),
        ("proxycommand nc %h %p", "ProxyCommand"),  # its words may be many, and a secret
        ("proxycommand none", ""),
        ("proxyjump none", ""),
    ],
)
def test_what_is_in_between_has_the_name_that_its_user_gave_it(line: str, jump: str) -> None:
    assert config(line).jump == jump
    assert config(line).chooses_its_own_way is bool(jump)


@pytest.mark.parametrize("line", ["bindaddress 10.0.0.1", "bindinterface wg0"])
def test_a_connection_from_a_certain_address_is_sshs_own_to_make(line: str) -> None:
    assert config(line).chooses_its_own_way
    assert config(line).jump == ""


@pytest.mark.parametrize(
    ("lines", "path"),
    [
        (["controlpath /run/master"], "/run/master"),
        (["controlpath /run/master", "controlmaster auto"], "/run/master"),
        (["controlpath /run/master", "controlmaster auto-ask"], "/run/master"),
        (["controlpath /run/master", "controlmaster true"], "/run/master"),  # ours is none itself
        (["controlpath none", "controlmaster auto"], ""),
    ],
)
def test_a_master_is_used_where_ssh_would_use_it(lines: list[str], path: str) -> None:
    assert config(*lines).master_path == path


@pytest.mark.parametrize(
    ("line", "override"),
    [
        ("remotecommand tmux new -A", "RemoteCommand=none"),
        ("forkafterauthentication yes", "ForkAfterAuthentication=no"),
        ("sessiontype none", "SessionType=default"),
        ("sessiontype subsystem", "SessionType=default"),
        ("localforward 8080 [localhost]:80", "ClearAllForwardings=yes"),
        ("remoteforward 8080 [localhost]:80", "ClearAllForwardings=yes"),
        ("dynamicforward 1080", "ClearAllForwardings=yes"),
        ("tunnel point-to-point", "ClearAllForwardings=yes"),
        ("controlmaster auto", "ControlMaster=no"),
        ("controlmaster true", "ControlMaster=no"),
    ],
)
def test_what_would_defeat_the_login_is_set_otherwise(line: str, override: str) -> None:
    assert config(line).overrides(pty=True) == config(line).overrides(pty=False) == [override]


def test_a_pseudo_terminal_that_the_user_does_not_want_is_not_forced_by_the_configuration() -> None:
    assert config("requesttty force").overrides(pty=False) == ["RequestTTY=no"]
    assert config("requesttty force").overrides(pty=True) == []  # -tt says it all


def test_the_first_of_two_values_counts_and_the_case_of_a_keyword_does_not() -> None:
    assert config("HostName 192.0.2.9", "addressfamily inet6").host_name == "192.0.2.9"
    assert config("addressfamily inet6").family == "inet6"


def test_a_remote_command_keeps_its_blanks_and_quotes() -> None:
    assert config("remotecommand tmux new  -A 'my name'").remote_command == "tmux new  -A 'my name'"
    assert config("remotecommand none").remote_command == ""


def test_the_local_command_is_still_run_by_the_users_own_shell() -> None:
    lines = ("permitlocalcommand yes", "localcommand echo 'it is %h'")
    assert config(*lines).local_command("/opt/100%/fish") == (
        "SHELL='/opt/100%%/fish'; exec '/opt/100%%/fish' -c 'echo '\\''it is %h'\\'''"
    )
    assert config(*lines).local_command("") == ""
    assert config(lines[1]).local_command("/bin/fish") == ""
    assert config(lines[0]).local_command("/bin/fish") == ""


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"unknown option -- G\n",
        b"MOSH IP 192.0.2.1\r\n\r\nMOSH CONNECT 60001 dbTr4wfrdT3JItUtiV3QpA\r\n",
        b"hostname far\n",
        b"port 22\nhostname \n",
    ],
)
def test_what_an_ssh_without_this_question_prints_is_no_configuration(output: bytes) -> None:
    assert parse(output) is None


@given(st.binary(max_size=300))
def test_whatever_is_printed_is_read_without_a_complaint(output: bytes) -> None:
    found = parse(output)
    assert found is None or found.host_name
    assert parse(PLAIN + output) is not None


def test_what_is_too_long_is_not_read() -> None:
    assert parse(b"x" * OUTPUT_LIMIT + b"\n" + PLAIN) is None
    assert config("remotecommand " + "x" * 20_000).remote_command == ""


@pytest.mark.parametrize(
    ("ssh", "words"),
    [
        ("ssh", "ssh -o A=b"),
        ("ssh -p 2222 -f -N -i key", "ssh -o A=b -p 2222 -i key"),
        ("ssh -fNp 2222", "ssh -o A=b -p 2222"),
        ("ssh -4fvMNT", "ssh -o A=b -4vT"),
        ("ssh -i fNs -l N -oUser=f -F -f", "ssh -o A=b -i fNs -l N -oUser=f -F -f"),  # values are none of these
        ("ssh -s -t", "ssh -o A=b -t"),
        ("sshpass -f secret /usr/bin/ssh -f", "sshpass -f secret /usr/bin/ssh -o A=b"),
        ("tsh ssh -N -- more -f", "tsh ssh -o A=b -- more -f"),
        ("/home/me/my-ssh -fv", "/home/me/my-ssh -o A=b -v"),
        ("ssh - -f", "ssh -o A=b - -f"),
    ],
)
def test_options_that_defeat_a_login_are_left_out_and_ours_come_first(ssh: str, words: str) -> None:
    assert login_words(ssh.split(), ["A=b"]) == words.split()


def test_a_plain_command_is_left_as_it_is() -> None:
    assert login_words(["/opt/ssh", "-p", "2222", "-i", "a b"]) == ["/opt/ssh", "-p", "2222", "-i", "a b"]
    assert login_words([]) == []


def test_the_word_that_stands_for_ssh_is_found() -> None:
    assert program_of(["env", "A=b", "/opt/ssh", "-v"]) == "/opt/ssh"
    assert program_of(["dbclient", "-y"]) == "dbclient"
    assert program_of([]) == ""


def test_the_question_comes_first_and_is_about_the_login() -> None:
    assert query_words(["ssh", "-fp", "2222"], "me@host") == ["ssh", "-G", "-p", "2222", "me@host"]
    assert query_words(["env", "A=b", "ssh"], "host") == ["env", "A=b", "ssh", "-G", "host"]


@pytest.mark.parametrize(
    ("ssh", "named"),
    [
        ("ssh -o ProxyCommand=none", True),
        ("ssh -oproxyjump=none", True),
        ("ssh -J none", True),
        ("ssh -Jinner", True),
        ("ssh -p 2222", False),
        ("/opt/proxy/ssh -v", False),
    ],
)
def test_a_proxy_on_the_command_line_is_the_users_word_on_it(ssh: str, named: bool) -> None:
    assert names_a_proxy(ssh.split()) is named
