"""Which way a login goes: as the user says, else as ssh's configuration says, else through our own ProxyCommand."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from mosh_bootstrap.login import choose_way, is_script
from mosh_bootstrap.options import Options, parse_options
from mosh_bootstrap.ssh_config import SshConfig

PLAIN = {"hostname": "192.0.2.1", "port": "22", "addressfamily": "any"}


def chosen(*words: str, ssh: tuple[str, ...] = ("ssh",), **settings: str) -> Options:
    return choose_way(parse_options([*words, "host"], {}), ssh, SshConfig(PLAIN | settings)).options


def test_without_a_configuration_the_connection_is_ours_to_make() -> None:
    way = choose_way(parse_options(["host"], {}), ["ssh"], None)
    assert way.options.experimental_remote_ip == "proxy"
    assert not way.by_name
    assert chosen().experimental_remote_ip == "proxy"


@pytest.mark.parametrize("setting", ["proxyjump", "proxycommand", "bindaddress", "bindinterface"])
def test_where_ssh_has_a_way_of_its_own_it_goes_it(setting: str) -> None:
    for value, way in (("something", "remote"), ("none", "proxy")):
        settings: dict[str, Any] = {setting: value}
        assert chosen(**settings).experimental_remote_ip == way


def test_what_is_in_between_is_named_unless_our_own_connection_goes_round_it() -> None:
    config = SshConfig(PLAIN | {"proxyjump": "outer"})
    for mode, jump in (("auto", "ProxyJump outer"), ("remote", "ProxyJump outer"), ("proxy", "")):
        options = parse_options([f"--experimental-remote-ip={mode}", "host"], {})
        assert choose_way(options, ["ssh"], config).jump == jump


def test_a_proxy_in_the_users_own_words_is_left_to_ssh() -> None:
    assert chosen(ssh=("ssh", "-o", "ProxyCommand=none")).experimental_remote_ip == "remote"


@pytest.mark.parametrize("mode", ["proxy", "remote", "local"])
def test_a_mode_that_the_user_names_is_kept_whatever_the_configuration_says(mode: str) -> None:
    way = choose_way(
        parse_options([f"--experimental-remote-ip={mode}", "host"], {}), ["ssh"], SshConfig(PLAIN | {"proxyjump": "x"})
    )
    assert way.options.experimental_remote_ip == mode
    assert not way.by_name


def test_the_family_of_the_configuration_counts_where_the_user_names_none() -> None:
    assert chosen(addressfamily="inet6").family == "inet6"
    assert chosen("-4", addressfamily="inet6").family == "inet"
    assert chosen().family == "prefer-inet"


def test_the_command_of_the_configuration_counts_where_the_user_names_none() -> None:
    words = ("sh", "-c", 'exec "${SHELL:-/bin/sh}" -c "$0"', "tmux new -A")
    assert chosen(remotecommand="tmux new -A").command == words
    options = parse_options(["host", "--", "top"], {})
    config = SshConfig(PLAIN | {"remotecommand": "tmux"})
    assert choose_way(options, ["ssh"], config).options.command == ("top",)


@pytest.mark.system
def test_a_master_counts_only_while_it_listens(tmp_path: Path) -> None:
    path = tmp_path / "master"
    assert chosen(controlpath=str(path)).experimental_remote_ip == "proxy"
    with socket.socket(socket.AF_UNIX) as master:
        master.bind(str(path))
        assert chosen(controlpath=str(path)).experimental_remote_ip == "proxy"
        master.listen()
        assert chosen(controlpath=str(path)).experimental_remote_ip == "remote"
    assert chosen(controlpath=str(path)).experimental_remote_ip == "proxy"
    path.unlink()
    path.write_text("")
    assert chosen(controlpath=str(path)).experimental_remote_ip == "proxy"


def test_a_script_that_the_user_named_is_run_once_and_not_asked(tmp_path: Path) -> None:
    script, program = tmp_path / "my-ssh", tmp_path / "program"
    script.write_text("#!/bin/sh\n")
    program.write_bytes(b"\x7fELF")
    assert is_script([str(script), "-v"])
    assert not is_script([str(program)])
    assert not is_script([str(tmp_path / "missing")])
    assert not is_script(["ssh"])
    assert not is_script([])
