"""Which way each option and each setting of ssh's goes, held against the ssh that is installed."""

from __future__ import annotations

import re
import string
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.programs import REPOSITORY

from mosh_bootstrap.ssh_config import SshConfig, parse
from mosh_bootstrap.ssh_line import OPTIONS, SETTINGS, SSH, SshLine, escape_key, is_left_to_ssh, read_ssh_line


def ssh_says(*words: str, directory: Path) -> str:
    done = subprocess.run(
        ["ssh", "-F", "none", *words],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "HOME": str(directory)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout + done.stderr


def settings_of(*words: str, directory: Path) -> SshConfig:
    config = parse(ssh_says("-G", *words, directory=directory).encode())
    assert config is not None
    return config


@pytest.mark.system
@pytest.mark.requires_program("ssh")
@pytest.mark.parametrize("letter", string.ascii_letters + string.digits)
def test_the_table_has_each_option_of_the_ssh_that_is_installed(letter: str, tmp_path: Path) -> None:
    """Behind it stands "-!": the option's value, or else an option that no ssh knows, which it complains of."""
    unknown = re.findall(r"(?:unknown|invalid) option -- '?(.)", ssh_says(f"-{letter}", "-!", directory=tmp_path))
    row = OPTIONS.get(letter)
    if letter in unknown:
        assert row is None, "this ssh does not know it"
        return
    assert row is not None, "this ssh knows it"
    if letter not in "1PV":  # -P is of two kinds; with the others it does not read on
        assert row.has_value == ("!" not in unknown)


@pytest.mark.system
@pytest.mark.requires_program("ssh")
def test_the_table_has_each_option_that_ssh_tells_of(tmp_path: Path) -> None:
    flags, *others = re.findall(r"\[-([A-Za-z0-9]+)", ssh_says(directory=tmp_path))
    told = set(flags) | set("".join(others))
    assert len(told) > 40
    assert told <= set(OPTIONS)


def test_the_manual_page_names_the_options_and_settings_that_are_ssh_s() -> None:
    page = (REPOSITORY / "man" / "mosh.1").read_text().replace("\\-", "-")
    section = page[page.index(".SH STANDING IN FOR SSH") : page.index(".SH CONFIGURATION FILE")]
    listed = section[section.index("one of these options:") : section.index("The others")]
    assert set(re.findall(r"-([A-Za-z])", listed)) == {letter for letter, row in OPTIONS.items() if row.way == SSH} - {
        "1"
    }
    told = section.lower()
    assert [keyword for keyword in SETTINGS if keyword not in told] == []


@pytest.mark.parametrize("letter", sorted(OPTIONS))
def test_an_option_goes_its_way(letter: str) -> None:
    row = OPTIONS[letter]
    given_so = [f"-{letter}", "value"] if row.has_value else [f"-{letter}"]
    line = read_ssh_line([*given_so, "host"])
    if row.way == SSH:
        assert line is None
        assert read_ssh_line(["-v" + given_so[0][1:], *given_so[1:], "host"]) is None
        assert read_ssh_line(["host", *given_so]) is None
    else:
        assert line is not None
        assert (line.host, line.command) == ("host", "")
        assert line.options == ([] if letter == "t" else given_so)


@pytest.mark.parametrize(
    ("words", "options", "host", "command"),
    [
        (["host"], [], "host", ""),
        (["me@host"], [], "me@host", ""),
        (["ssh://me@host:22"], [], "ssh://me@host:22", ""),
        (["-p2222", "host"], ["-p", "2222"], "host", ""),
        (["-vp", "2222", "host", "-l", "me"], ["-v", "-p", "2222", "-l", "me"], "host", ""),
        (["host", "-4C"], ["-4", "-C"], "host", ""),
        (["-i", "-x", "host"], ["-i", "-x"], "host", ""),
        (["-t", "host", "tmux", "new -A"], [], "host", "tmux new -A"),
        (["host", "-tt", "ls", "-l"], [], "host", "ls -l"),
        (["-t", "host", "--", "ls"], [], "host", "ls"),
        (["-t", "--", "host", "ls", "-l"], [], "host", "ls -l"),
        (["-t", "host"], [], "host", ""),
        (["-oPort=1", "-o", "User me", "host"], ["-o", "Port=1", "-o", "User me"], "host", ""),
    ],
)
def test_a_login_is_understood(words: list[str], options: list[str], host: str, command: str) -> None:
    line = read_ssh_line(words)
    assert line is not None
    assert (line.options, line.host, line.command) == (options, host, command)


@pytest.mark.parametrize(
    "words",
    [
        *([], ["--"], [""], ["-v"], ["host", "ls"], ["host", "--", "ls"], ["-p"], ["host", "-p"], ["-z", "host"]),
        *(["--version"], ["--", "host", "-p", "1"], ["-tN", "host"], ["-vT", "host"], ["host", "-t", "-W", "a:1"]),
    ],
)
def test_what_is_ssh_s_for_certain_stays_ssh_s(words: list[str]) -> None:
    assert read_ssh_line(words) is None


def test_a_family_on_the_line_is_the_session_s_too() -> None:
    for words, family in ((["-4", "h"], "inet"), (["h", "-v6"], "inet6"), (["-46", "h"], "inet6"), (["h"], "")):
        line = read_ssh_line(words)
        assert line is not None
        assert line.family == family


@given(st.lists(st.text(alphabet="-tvphost=4 \"'\\\0é!", max_size=6) | st.sampled_from(["--", "-o", "-tt", "h"])))
def test_any_words_are_a_login_or_ssh_s(words: list[str]) -> None:
    line = read_ssh_line(words)
    assert line is None or line.host


# --- settings of the host

FORWARDING = [
    "ForwardAgent=yes",
    "ForwardAgent=/run/agent",
    "ForwardX11=yes",
    "LocalForward=8080 localhost:80",
    "RemoteForward=8080 localhost:80",
    "RemoteForward=1080",
    "DynamicForward=1080",
    "Tunnel=yes",
    "GSSAPIDelegateCredentials=yes",
    "StdinNull=yes",
    "SessionType=none",
    "SessionType=subsystem",
    "RequestTTY=no",
    "RemoteCommand=tmux attach",
    "ControlMaster=yes",
    "ControlMaster=ask",
]
HARMLESS = [
    "ForwardAgent=no",
    "ForwardX11Trusted=yes",
    "ControlMaster=auto",
    "RequestTTY=yes",
    "RequestTTY=force",
    "SessionType=default",
    "EscapeChar=none",
    "ProxyJump=jump",
    "SendEnv=LANG",
    "PermitLocalCommand=yes",
]


def line_of(*words: str) -> SshLine:
    line = read_ssh_line(words)
    assert line is not None
    return line


@pytest.mark.system
@pytest.mark.requires_program("ssh")
@pytest.mark.parametrize("setting", FORWARDING)
def test_a_host_whose_settings_ask_for_what_only_ssh_does_is_ssh_s(setting: str, tmp_path: Path) -> None:
    subsystem = ["sftp"] if "subsystem" in setting else []
    said = ssh_says("-G", "-o", setting, "host", *subsystem, directory=tmp_path)
    if "unsupported option" in said.lower():
        pytest.skip("this ssh was built without it")
    config = parse(said.encode())
    assert config is not None
    assert is_left_to_ssh(line_of("host"), config, stand_in="auto")
    assert not is_left_to_ssh(line_of("host"), config, stand_in="mosh"), "a file's, which the user's own overrules"
    if not setting.startswith("RemoteCommand"):
        assert is_left_to_ssh(line_of("-o", setting, "host"), config, stand_in="mosh"), "on the line"
        keyword, _, value = setting.partition("=")
        assert is_left_to_ssh(line_of("-o", f'"{keyword}"\t = {value}', "host"), config, stand_in="mosh")


@pytest.mark.system
@pytest.mark.requires_program("ssh")
@pytest.mark.parametrize("setting", HARMLESS)
def test_other_settings_leave_a_login_to_mosh(setting: str, tmp_path: Path) -> None:
    config = settings_of("-o", setting, "host", directory=tmp_path)
    assert not is_left_to_ssh(line_of("-o", setting, "host"), config, stand_in="auto")


@pytest.mark.system
@pytest.mark.requires_program("ssh")
def test_forwards_that_are_cleared_are_none(tmp_path: Path) -> None:
    words = ("-o", "LocalForward=1 a:2", "-o", "ClearAllForwardings=yes", "host")
    assert not is_left_to_ssh(line_of("host"), settings_of(*words, directory=tmp_path), stand_in="auto")


def test_the_settings_of_an_old_ssh_leave_a_login_to_mosh() -> None:
    assert not is_left_to_ssh(line_of("host"), SshConfig({"hostname": "h", "port": "22"}), stand_in="auto")
    assert {"forwardagent", "forwardx11", "localforward", "remoteforward", "dynamicforward", "tunnel"} <= set(SETTINGS)


def test_a_command_of_the_settings_becomes_a_session_only_with_a_terminal() -> None:
    command = {"remotecommand": "tmux attach"}
    assert is_left_to_ssh(line_of("host"), SshConfig(command), stand_in="auto")
    assert not is_left_to_ssh(line_of("host"), SshConfig(command | {"requesttty": "force"}), stand_in="auto")
    assert is_left_to_ssh(line_of("-t", "host", "ls"), SshConfig(command | {"requesttty": "force"}), stand_in="auto")


@pytest.mark.system
@pytest.mark.requires_program("ssh")
@pytest.mark.parametrize(
    ("given_as", "key"), [("~", "~"), ("none", ""), ("^]", "\x1d"), ("^A", "\x01"), ("\\", "\\"), ("^", "^")]
)
def test_the_escape_key_is_the_one_of_ssh(given_as: str, key: str, tmp_path: Path) -> None:
    assert escape_key(settings_of("-e", given_as, "host", directory=tmp_path)) == key


@pytest.mark.parametrize("said", ["\\M-i", "\\^@", "", "ab", "é"])
def test_an_escape_key_that_cannot_be_typed_is_none(said: str) -> None:
    assert escape_key(SshConfig({"escapechar": said})) == ""
