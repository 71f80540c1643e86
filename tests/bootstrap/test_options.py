"""The command line of `mosh` means what users of mosh and ssh expect."""

from __future__ import annotations

from typing import Any

import pytest

from mosh_bootstrap.help_text import HELP
from mosh_bootstrap.options import INTERNAL, SPELLINGS, Options, parse_options
from mosh_common.errors import UsageError


def parsed(*words: str, **environ: str) -> Options:
    return parse_options(words, environ)


def test_a_host_alone_takes_every_default() -> None:
    assert parsed("user@host") == Options(host="user@host")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--client=/x/c"], {"client": "/x/c"}),
        (["--client", "/x/c"], {"client": "/x/c"}),
        (["--server=env A=1 mosh-server"], {"server": "env A=1 mosh-server"}),
        (["--predict=never"], {"predict": "never"}),
        (["-a"], {"predict": "always"}),
        (["-n"], {"predict": "never"}),
        (["-o"], {"predict_overwrite": True}),
        (["--predict-overwrite"], {"predict_overwrite": True}),
        (["-4"], {"family": "inet"}),
        (["-6"], {"family": "inet6"}),
        (["--family=prefer-inet6"], {"family": "prefer-inet6"}),
        (["-p", "60005"], {"port": "60005"}),
        (["-p60005:60010"], {"port": "60005:60010"}),
        (["--port=0"], {"port": "0"}),
        (["--bind-server=any"], {"bind_server": "any"}),
        (["--bind-server=192.0.2.1"], {"bind_server": "192.0.2.1"}),
        (["--bind-server=fe80::1%eth0"], {"bind_server": "fe80::1%eth0"}),
        (["--ssh=ssh -p 2222"], {"ssh": "ssh -p 2222"}),
        (["--no-ssh-pty"], {"ssh_pty": False}),
        (["--no-ssh-pty", "--ssh-pty"], {"ssh_pty": True}),
        (["--no-init"], {"init": False}),
        (["--scrollback=native"], {"scrollback": "native"}),
        (["--scroll", "NONE"], {"scrollback": "none"}),
        (["--keep-last-screen"], {"keep_last_screen": "yes"}),
        (["--no-keep-last-screen"], {"keep_last_screen": "no"}),
        (["--local"], {"local": True}),
        (["--experimental-remote-ip=remote"], {"experimental_remote_ip": "remote"}),
        (["--exp=remote"], {"experimental_remote_ip": "remote"}),
        (["-v"], {"verbose": True}),
        (["--install-server", "--yes"], {"install_server": True, "yes": True}),
        (["--uninstall-server"], {"uninstall_server": True}),
        (["-G"], {"print_config": True}),
        (["--stand-in=MOSH"], {"stand_in": "mosh"}),
        (["--family=INET"], {"family": "inet"}),
        (["--bind-server=ANY"], {"bind_server": "any"}),
        (["--bind-server", "SSH"], {"bind_server": "ssh"}),
        (["--predict=ALWAYS"], {"predict": "always"}),
        (["--experimental-remote-ip=Proxy"], {"experimental_remote_ip": "proxy"}),
        (["-p", "+60100"], {"port": "60100"}),
        (["-p", "+60100:+60110"], {"port": "60100:60110"}),
        (["-@", "X"], {}),
        (["-a@X"], {"predict": "always"}),
        (["-ao4", "-p1"], {"predict": "always", "predict_overwrite": True, "family": "inet", "port": "1"}),
    ],
)
def test_an_option_is_understood_before_and_after_the_host(words: list[str], expected: dict[str, Any]) -> None:
    wish = Options(host="host")._replace(**expected)
    assert parsed(*words, "host") == wish
    assert parsed("host", *words) == wish


@pytest.mark.parametrize(
    ("words", "host", "command"),
    [
        (["host", "ls", "-l"], "host", ("ls", "-l")),
        (["host", "--", "ls", "-l"], "host", ("ls", "-l")),
        (["host", "--", "-x"], "host", ("-x",)),
        (["--", "host", "-x"], "host", ("-x",)),
        (["--", "host", "--", "ls"], "host", ("--", "ls")),
        (["host", "tmux", "a", "--client=x"], "host", ("tmux", "a", "--client=x")),
        (["host", "-a", "tmux", "-a"], "host", ("tmux", "-a")),
        (["host", "--"], "host", ()),
        (["host", "-", "x"], "host", ("-", "x")),
    ],
)
def test_the_command_begins_with_its_first_word(words: list[str], host: str, command: tuple[str, ...]) -> None:
    options = parsed(*words)
    assert (options.host, options.command) == (host, command)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "Which host"),
        (["-a"], "Which host"),
        (["-x", "host"], "Unknown option -x"),
        (["-ax", "host"], "Unknown option -x"),
        (["--nonsense", "host"], "Unknown option --nonsense"),
        (["--pred=never", "host"], "--predict or --predict-overwrite"),
        (["--fake", "host"], "Unknown option --fake"),
        (["--no-init=1", "host"], "takes no value"),
        (["host", "--client"], "needs a value"),
        (["-p"], "needs a value"),
        (["host", "-@"], "-@ needs a value"),
        (["-p", "++1", "host"], "decimal"),
        (["--bind-server=ANYWHERE", "host"], "numeric IP address"),
        (["--predict=some", "host"], "--predict must be one of"),
        (["--family=v5", "host"], "--family must be one of"),
        (["--experimental-remote-ip=guess", "host"], "--experimental-remote-ip must be one of"),
        (["-p", "x", "host"], "decimal"),
        (["-p", "-1", "host"], "decimal"),
        (["-p", "٣", "host"], "decimal"),
        (["-p", "1:2:3", "host"], "decimal"),
        (["-p", "65536", "host"], "at most 65535"),
        (["-p", "60001:65536", "host"], "at most 65535"),
        (["-p", "0:60001", "host"], "system choose"),
        (["-p", "60002:60001", "host"], "ends before it begins"),
        (["--bind-server=example.org", "host"], "numeric IP address"),
        (["--ssh=", "host"], "--ssh needs a command"),
        (["host", "--as-ssh", "-v"], "--as-ssh must stand before the host"),
        (["-G", "--as-ssh", "host"], "Which host"),
        (["--as-ssh=yes", "host"], "takes no value"),
        (["--stand-in=never", "host"], "--stand-in must be one of"),
        (["--fake-proxy", "host"], "a host and a port"),
        (["--install-server"], "Which host"),
        (["--install-server", "--uninstall-server", "host"], "not both at once"),
        (["--install-server", "host", "ls"], "no command"),
        (["--uninstall-server", "--local"], "take a host to log in to"),
        (["--yes", "host"], "goes with these alone"),
        ([""], "cannot be a host"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_one_sentence(words: list[str], complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint) as refused:
        parsed(*words)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "host",
    [
        *("-oProxyCommand=touch /tmp/owned", "-", "--version", "user@-oProxyCommand=x", "-l@host", "user@", "@"),
        *("ssh://-oProxyCommand=x", "ssh://-l@host", "ssh://", "ssh://user@", "ssh://%2doProxyCommand=x@host"),
    ],
)
def test_a_host_that_ssh_would_take_for_an_option_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="cannot be a host"):
        parsed("--", host)


@pytest.mark.parametrize(
    "host", ["../../x", "user@h/../../etc", "/etc/passwd", "ssh://host/", "ssh://host/path", "fe80::1/64"]
)
def test_a_host_is_no_path(host: str) -> None:
    with pytest.raises(UsageError, match="cannot be a host"):
        parsed("--", host)


NO_NAMES = [*map(chr, range(33)), "\x7f", *"$`\"'\\;&|<>(){}*?[]!~#%^"]
NO_NAMES += ["\x80", "\x9b", "\xa0", "\u2028", "\u202e", "\u3000", "\udcff"]


@pytest.mark.parametrize(
    "place",
    ["{}host", "ho{}st", "host{}", "{}user@host", "us{}@host", "user@ho{}st", "ssh://user@host{}:22", "fe80::1{}"],
)
def test_a_host_that_a_shell_would_read_as_more_is_refused(place: str) -> None:
    for character in NO_NAMES:
        for local in ((), ("--local",)):
            with pytest.raises(UsageError, match="cannot be a host") as refused:
                parsed(*local, "--", place.format(character))
            assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "host",
    [
        *("host", "host.example.org", "my_host-1", "192.0.2.1", "2001:db8::1", "::1", "::ffff:192.0.2.1", "host:22"),
        *("fe80::1%eth0", "fe80::1%wlan0.7", "[2001:db8::1]", "[fe80::1%eth0]", "user@fe80::1%en0", "user@[::1]"),
        *("user@host", "first.last@host", "a_b-c+d=e@host", "name@example.org@host", "ünï@bücher.example", "例え.jp"),
        *(
            "CORP\\ada@host",
            "ssh://host",
            "ssh://user@host:2222",
            "ssh://[fe80::1%eth0]:22",
            "ssh://a%40b@host",
            "jump,2",
        ),
    ],
)
def test_a_host_that_is_a_name_or_address_goes_to_ssh_unchanged(host: str) -> None:
    assert parsed("--", host).host == host


@pytest.mark.parametrize(
    "host",
    [
        *("fe80::1%$(id)", "fe80::1%", "fe80::1%a;b", "[::1", "::1]", "[host]", "host%eth0", "[::1]:22;id", "[::1]22"),
        *(
            "CORP\\@host",
            "\\ada@host",
            "A\\b\\c@host",
            "A\\ada@ho\\st",
            "ssh://a%60id%60@host",
            "ssh://a%@host",
            "a%41@host",
        ),
    ],
)
def test_what_only_looks_like_an_address_or_a_domain_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="cannot be a host"):
        parsed("--", host)


@pytest.mark.parametrize("port", ["65535", "1", "0", "60001:60001"])
def test_a_port_at_the_edge_is_accepted(port: str) -> None:
    assert parsed("-p", port, "host").port == port


def test_local_needs_no_host() -> None:
    assert parsed("--local") == Options(local=True)


def test_help_and_version_need_nothing_else_to_be_right() -> None:
    assert parsed("--help", "--predict=some").help
    assert parsed("--version").version
    assert parsed("-V").version


def test_the_environment_gives_defaults_that_options_override() -> None:
    environ = {"MOSH_PREDICTION_DISPLAY": "always", "MOSH_PREDICTION_OVERWRITE": "yes"}
    assert parsed("host", **environ) == Options(host="host", predict="always", predict_overwrite=True)
    assert parsed("-n", "--no-predict-overwrite", "host", **environ) == Options(host="host", predict="never")


def test_the_environment_is_read_in_any_case_as_options_are() -> None:
    assert parsed("host", MOSH_PREDICTION_DISPLAY="ALWAYS").predict == "always"


def test_a_wrong_default_in_the_environment_is_refused() -> None:
    with pytest.raises(UsageError, match="'sometimes'"):
        parsed("host", MOSH_PREDICTION_DISPLAY="sometimes")


def test_the_internal_option_names_host_and_port() -> None:
    options = parsed("--family=inet6", "--fake-proxy", "--", "host", "22")
    assert (options.host, options.command, options.family) == ("host", ("22",), "inet6")


def test_the_internal_option_that_hands_over_may_name_seconds_too() -> None:
    assert parsed("--hand-over", "--", "host", "22").command == ("22",)
    assert parsed("--hand-over", "--", "host", "22", "5").command == ("22", "5")
    with pytest.raises(UsageError, match="needs a host and a port"):
        parsed("--fake-proxy", "--", "host", "22", "5")


def test_the_help_names_every_option_but_the_internal_ones() -> None:
    for name in Options._fields:
        spelt = {field for spelling, (field, _) in SPELLINGS.items() if spelling.startswith("--")}
        if name in spelt and name not in ("fake_proxy", "hand_over", "complete_sessions"):
            spelled = "--no-" if name in ("ssh_pty", "init") else "--"
            assert spelled + name.replace("_", "-") in HELP
    assert not any(name in HELP for name in INTERNAL)
    assert all(len(line) <= 80 for line in HELP.splitlines())


def test_what_is_behind_as_ssh_is_read_by_nobody_here() -> None:
    options = parsed("-a", "--as-ssh", "--no-such-option", "-p", "x", "host", "--")
    assert options == Options(command=("--no-such-option", "-p", "x", "host", "--"), as_ssh=True, predict="always")
