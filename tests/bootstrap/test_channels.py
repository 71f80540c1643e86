"""Further commands go over the login that is there, and only there; without one each logs in by itself."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from mosh_bootstrap.channels import Channels
from mosh_bootstrap.control_socket import Folder
from mosh_bootstrap.ssh_config import SshConfig

pytestmark = pytest.mark.system

CONFIG = SshConfig({"hostname": "192.0.2.1", "port": "22", "remotecommand": "tmux", "requesttty": "yes"})
SSH = ["env", "A=b", "ssh", "-p", "2222", "-N", "-J", "jump"]
ALONE = ["-F", "none", "-o", "ControlMaster=no", "-o", "ProxyCommand=false", "-o", "LogLevel=ERROR"]


@pytest.fixture
def place() -> Iterator[Path]:
    path = Path(f"/tmp/mc-{os.getpid()}")
    path.mkdir(mode=0o700)
    yield path
    path.rmdir()  # nothing is left in it


@pytest.fixture
def folder(place: Path) -> Iterator[Folder]:
    made = Folder.make({"XDG_RUNTIME_DIR": str(place)})
    assert made is not None
    yield made
    made.remove()


def listening(path: str) -> socket.socket:
    master = socket.socket(socket.AF_UNIX)
    master.bind(path)
    master.listen()
    return master


def test_a_command_goes_through_the_socket_and_no_other_way(folder: Folder) -> None:
    channels = Channels(SSH, "host", config=CONFIG, folder=folder)
    with listening(folder.socket):
        assert channels.shared
        way = ["env", "A=b", "ssh", *ALONE, "-S", folder.socket]
        assert channels.words("ls -l") == [*way, "-T", "host", "--", "ls -l"]
        assert channels.words("top", terminal=True) == [*way, "-t", "host", "--", "top"]
        assert channels.words("x", terminal=True, reads=False) == [*way, "-tt", "-n", "host", "--", "x"]
    channels.close()


def test_the_users_own_shell_is_his_own_command_through_the_socket(folder: Folder) -> None:
    channels = Channels(["ssh", "-A", "-L1:h:2"], "host", config=CONFIG, folder=folder)
    with listening(folder.socket):
        way = ["ssh", "-A", "-L1:h:2", "-o", "ControlMaster=no", "-S", folder.socket]
        assert channels.shell_words() == [*way, "-t", "host"]
        assert channels.shell_words("ls", terminal=False) == [*way, "host", "--", "ls"]
    channels.close()
    assert channels.shell_words() == ["ssh", "-A", "-L1:h:2", "-t", "host"]


def test_without_a_master_each_command_logs_in(folder: Folder) -> None:
    channels = Channels(SSH, "host", config=CONFIG, folder=folder)
    assert not channels.shared
    ssh = ["env", "A=b", "ssh", "-o", "RemoteCommand=none", "-o", "RequestTTY=no", "-p", "2222", "-J", "jump"]
    assert channels.words("ls") == [*ssh, "-T", "host", "--", "ls"]
    assert Channels(["dbclient"], "host", config=None, folder=None).words("ls") == [
        "dbclient",
        "-T",
        "host",
        "--",
        "ls",
    ]


def test_a_master_that_has_gone_is_noticed(folder: Folder) -> None:
    channels = Channels(["ssh"], "host", config=CONFIG, folder=folder)
    master = listening(folder.socket)
    shared = [channels.shared]
    connection, _address = master.accept()
    shared.append(channels.shared)
    connection.close()
    master.close()
    assert [*shared, channels.shared] == [True, True, False]
    assert "-S" not in channels.words("ls")


def test_what_is_closed_leaves_nothing(folder: Folder) -> None:
    channels = Channels(["ssh"], "host", config=CONFIG, folder=folder)
    listening(folder.socket).close()
    channels.close()
    channels.close()
    channels.leave()
    assert not os.path.exists(folder.path)
    assert channels.own_path == ""


def test_a_master_of_the_users_is_used_and_never_told_to_end(place: Path) -> None:
    path = place / "master"
    with listening(str(path)) as master:
        channels = Channels(["ssh"], "host", config=CONFIG, folder=None, master=str(path))
        assert channels.own_path == ""
        assert str(path) in channels.words("ls")
        connection, _address = master.accept()
        channels.close()
        with connection:
            assert connection.recv(100) == b""  # it heard nothing
    path.unlink()
