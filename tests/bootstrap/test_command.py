"""The words of the command lines are upstream's: recorded from its wrapper with programs that log their arguments."""

from __future__ import annotations

import shlex
import subprocess

import pytest

from mosh_bootstrap.command import (
    client_arguments,
    client_environment,
    proxy_command,
    quote,
    remote_command,
    server_arguments,
    ssh_arguments,
)
from mosh_bootstrap.options import Options, parse_options
from mosh_bootstrap.ssh_config import SshConfig

LOCALE = {"LANG": "C.UTF-8"}


def wish(*words: str) -> Options:
    return parse_options(words, {})


def ssh_line(*words: str) -> list[str]:
    options = wish(*words)
    return ssh_arguments(
        options, LOCALE, ssh=shlex.split(options.ssh), destination=options.host, colors=256, proxy=["/usr/bin/mosh"]
    )


def test_ssh_is_called_as_upstream_calls_it() -> None:
    assert ssh_line("user@host") == [
        "ssh", "-n", "-tt", "-S", "none",
        "-o", "ProxyCommand='/usr/bin/mosh' '--family=prefer-inet' --fake-proxy -- %h %p",
        "user@host", "--", "mosh-server new -c 256 -s -l 'LANG=C.UTF-8'",
    ]  # fmt: skip


def test_options_of_the_ssh_command_come_first_and_its_quotes_count() -> None:
    assert ssh_line("--ssh=/opt/ssh -p 2222 -i 'a b'", "--no-ssh-pty", "host")[:6] == [
        "/opt/ssh", "-p", "2222", "-i", "a b", "-n",
    ]  # fmt: skip
    assert "-tt" not in ssh_line("--no-ssh-pty", "host")


def test_in_the_mode_remote_the_server_comes_first_and_its_sshd_tells_its_address_beside_it() -> None:
    line = ssh_line("--experimental-remote-ip=remote", "-6", "host")
    assert line[:-1] == ["ssh", "-n", "-tt", "-6", "host", "--"]
    assert line[-1].startswith("mosh-server new -c 256 -s -l 'LANG=C.UTF-8' | sh -c 'printf ")


def test_in_the_mode_local_ssh_is_plain() -> None:
    assert ssh_line("--experimental-remote-ip=local", "-4", "host")[:-1] == ["ssh", "-n", "-tt", "host", "--"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["host"], "new -c 256 -s -l LANG=C.UTF-8"),
        (["-p", "60005", "host"], "new -c 256 -s -p 60005 -l LANG=C.UTF-8"),
        (["-p", "60005:60009", "--bind-server=any", "host", "tmux", "a"],
         "new -c 256 -p 60005:60009 -l LANG=C.UTF-8 -- tmux a"),
        (["--bind-server=1.2.3.4", "host"], "new -c 256 -i 1.2.3.4 -l LANG=C.UTF-8"),
        (["--local", "::1"], "new -c 256 -i ::1 -l LANG=C.UTF-8"),
        (["--local"], "new -c 256 -i 127.0.0.1 -l LANG=C.UTF-8"),
        (["--local", "--bind-server=any", "::1"], "new -c 256 -l LANG=C.UTF-8"),
    ],
)  # fmt: skip
def test_the_server_is_called_as_upstream_calls_it(words: list[str], expected: str) -> None:
    assert server_arguments(wish(*words), LOCALE, colors=256) == expected.split()


def test_every_locale_variable_that_is_set_is_passed_on_and_the_strongest_comes_last() -> None:
    environ = {"LC_ALL": "", "LC_TIME": "de_DE.UTF-8", "LANG": "C.UTF-8", "LC_FOO": "x", "HOME": "/", "LANGUAGE": "de"}
    words = server_arguments(wish("host"), environ, colors=8)
    assert words[4:] == ["-l", "LANG=C.UTF-8", "-l", "LANGUAGE=de", "-l", "LC_TIME=de_DE.UTF-8", "-l", "LC_ALL="]


def test_the_server_option_is_a_piece_of_shell() -> None:
    command = remote_command(wish("--server=A=1 exec bin/server -v", "host"), {}, colors=8)
    assert command == "A=1 exec bin/server -v new -c 8 -s"


@pytest.mark.system
@pytest.mark.parametrize("shell", ["sh", "bash", "fish", "zsh"])
def test_a_quoted_word_is_one_word_of_any_shell(shell: str) -> None:
    word = "it's $HOME `x` \"y\" \\ \\\\ \\' ! * ~ 'a'\n#"
    try:
        printed = subprocess.run([shell, "-c", "printf %s " + quote(word)], capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip(f"{shell} is not installed")
    assert printed.decode() == word


def test_a_percent_sign_in_our_own_path_is_no_token_of_ssh() -> None:
    command = proxy_command(["/home/100%h/mosh"], "inet")
    assert command == "'/home/100%%h/mosh' '--family=inet' --fake-proxy -- %h %p"


CONFIG = SshConfig({"hostname": "host", "port": "22", "proxyusefdpass": "no"})


def ssh_line_of(config: SshConfig, *words: str, **environ: str) -> list[str]:
    options = wish(*words)
    ssh = shlex.split(options.ssh)
    return ssh_arguments(
        options, environ, ssh=ssh, destination="host", colors=8, proxy=["/usr/bin/mosh"], config=config
    )


def test_an_ssh_that_can_take_a_connection_over_is_asked_to() -> None:
    assert ssh_line_of(CONFIG, "host")[:8] == [
        "ssh", "-n", "-tt", "-S", "none",
        "-o", "ProxyCommand='/usr/bin/mosh' '--family=prefer-inet' --hand-over -- %h %p", "-o",
    ]  # fmt: skip
    assert ssh_line_of(CONFIG, "host")[8] == "ProxyUseFdpass=yes"
    hasty = SshConfig({**CONFIG.values, "connecttimeout": "5"})
    assert "ProxyCommand='/usr/bin/mosh' '--family=prefer-inet' --hand-over -- %h %p 5" in ssh_line_of(hasty, "host")
    assert SshConfig({"connecttimeout": "none"}).connect_timeout_s == ""


def test_what_would_defeat_the_login_is_overruled_before_the_users_own_words() -> None:
    config = SshConfig({**CONFIG.values, "remotecommand": "tmux", "permitlocalcommand": "yes", "localcommand": "date"})
    line = ssh_line_of(config, "--ssh=ssh -f -v", "host", SHELL="/bin/fish")
    assert line[:7] == [
        "ssh", "-o", "RemoteCommand=none",
        "-o", "LocalCommand=SHELL='/bin/fish'; exec '/bin/fish' -c 'date'", "-v", "-n",
    ]  # fmt: skip
    in_mode_remote = ssh_line_of(config, "--experimental-remote-ip=remote", "host", SHELL="/bin/fish")
    assert in_mode_remote[:4] == ["ssh", "-o", "RemoteCommand=none", "-n"]


def test_the_client_is_called_as_upstream_calls_it() -> None:
    words = client_arguments(["/bin/mosh-client"], ["-a", "user@host", "a b"], ip="192.0.2.1", port=60001)
    assert words == ["/bin/mosh-client", "-# -a user@host a b |", "192.0.2.1", "60001"]


def test_the_client_learns_wishes_and_key_from_its_environment() -> None:
    ours = {"TERM": "xterm", "MOSH_CLIPBOARD": "no"}
    environ = client_environment(wish("-a", "-o", "--no-init", "host"), ours, key="k" * 22)
    assert environ == {
        "TERM": "xterm",
        "MOSH_CLIPBOARD": "no",
        "MOSH_KEY": "k" * 22,
        "MOSH_PREDICTION_DISPLAY": "always",
        "MOSH_PREDICTION_OVERWRITE": "yes",
        "MOSH_NO_TERM_INIT": "1",
    }


@pytest.mark.parametrize(
    ("words", "environ", "kept"),
    [
        (["host"], {}, None),
        (["host"], {"MOSH_KEEP_LAST_SCREEN": "yes"}, "yes"),
        (["--keep-last-screen", "host"], {"MOSH_KEEP_LAST_SCREEN": "no"}, "yes"),
        (["host", "df"], {}, "yes"),
        (["host", "df"], {"MOSH_KEEP_LAST_SCREEN": "auto"}, "yes"),
        (["host", "df"], {"MOSH_KEEP_LAST_SCREEN": "no"}, "no"),
        (["--no-keep-last-screen", "host", "df"], {}, "no"),
    ],
)
def test_the_last_screen_of_a_command_is_kept_unless_the_user_says_otherwise(
    words: list[str], environ: dict[str, str], kept: str | None
) -> None:
    options = parse_options(words, environ)
    assert client_environment(options, environ, key="").get("MOSH_KEEP_LAST_SCREEN") == kept


def test_the_client_is_told_where_else_the_server_may_be() -> None:
    ours = {"MOSH_ADDRESSES": "192.0.2.7"}
    environ = client_environment(wish("host"), ours, key="", others=["192.0.2.8", "2001:db8::1"])
    assert environ["MOSH_ADDRESSES"] == "192.0.2.8 2001:db8::1"
    assert client_environment(wish("host"), ours, key="")["MOSH_ADDRESSES"] == "192.0.2.7"


def test_overwriting_can_be_switched_off_against_the_environment() -> None:
    environ = client_environment(wish("--no-predict-overwrite", "host"), {"MOSH_PREDICTION_OVERWRITE": "yes"}, key="")
    assert "MOSH_PREDICTION_OVERWRITE" not in environ


def test_the_key_is_in_no_argument() -> None:
    key = "abcdefghijklmnopqrstuA"
    options = wish("host", "x")
    assert key not in "".join(client_arguments(["c"], ["host", "x"], ip="192.0.2.1", port=1))
    assert client_environment(options, {}, key=key)["MOSH_KEY"] == key
