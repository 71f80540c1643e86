"""Which sessions of a user are detached: ours by their locked files, upstream's by utmp."""

from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from mosh_server.host.registry import Registry, detached_in_utmp, directory_for, is_alive, state_directory


def utmp_entry(host: bytes, *, user: bytes = b"ada", kind: int = 7) -> bytes:
    """One `struct utmp` of Linux (utmp(5)), laid out by hand."""
    entry = bytearray(384)
    struct.pack_into("<hxxi", entry, 0, kind, 4242)
    entry[8 : 8 + 5] = b"pts/3"
    entry[44 : 44 + len(user)] = user
    entry[76 : 76 + len(host)] = host
    return bytes(entry)


@pytest.fixture
def directory(tmp_path: Path) -> str:
    return str(tmp_path)


def test_another_session_is_seen_while_it_is_detached(directory):
    left, looking = Registry(directory), Registry(directory)
    left.enter(100)
    looking.enter(200)
    assert looking.detached_pids() == set()
    left.set_detached(True)
    assert looking.detached_pids() == {100}
    left.set_detached(False)
    assert looking.detached_pids() == set()


def test_a_session_does_not_see_itself(directory):
    own = Registry(directory)
    own.enter(100)
    own.set_detached(True)
    assert own.detached_pids() == set()


def test_a_session_that_left_is_gone(directory):
    left = Registry(directory)
    left.enter(100)
    left.set_detached(True)
    left.leave()
    left.leave()
    assert Registry(directory).detached_pids() == set()
    assert os.listdir(directory) == []


def test_the_entry_of_a_server_that_died_is_swept_out(directory):
    Path(directory, "100").write_bytes(b"detached\n")
    assert Registry(directory).detached_pids() == set()
    assert os.listdir(directory) == []


def test_other_files_in_the_directory_are_left_alone(directory):
    Path(directory, "notes").write_bytes(b"detached\n")
    os.mkfifo(os.path.join(directory, "77"))
    os.symlink("/etc/passwd", os.path.join(directory, "78"))
    Registry(directory).detached_pids()
    assert "notes" in os.listdir(directory)
    assert "78" in os.listdir(directory)


def test_without_a_directory_there_is_nothing_to_see_or_say():
    registry = Registry(None)
    registry.enter(1)
    registry.set_detached(True)
    assert registry.detached_pids() == set()
    registry.leave()


def test_the_directory_is_the_user_s_alone(tmp_path):
    path = directory_for({"XDG_RUNTIME_DIR": str(tmp_path)}, uid=os.getuid())
    assert path == str(tmp_path / "mosh-server")
    assert os.stat(path).st_mode & 0o777 == 0o700
    assert directory_for({"XDG_RUNTIME_DIR": str(tmp_path)}, uid=os.getuid()) == path


@pytest.mark.parametrize(
    ("variable", "below"), [("HOME", ".local/state/mosh-server"), ("XDG_STATE_HOME", "mosh-server")]
)
def test_without_a_runtime_directory_the_state_directory_serves(tmp_path, variable, below):
    environ = {"XDG_RUNTIME_DIR": "/no/such/place", variable: str(tmp_path)}
    assert directory_for(environ, uid=os.getuid()) == str(tmp_path / below)
    assert (tmp_path / below).stat().st_mode & 0o777 == 0o700


def test_what_outlives_a_login_is_kept_in_the_state_directory(tmp_path):
    environ = {"XDG_RUNTIME_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    assert state_directory(environ, uid=os.getuid()) == str(tmp_path / "state/mosh-server")
    assert state_directory({"HOME": "relative"}, uid=os.getuid()) is None


def test_without_either_no_entry_is_kept():
    assert directory_for({"XDG_RUNTIME_DIR": "/no/such/place"}, uid=os.getuid()) is None
    assert directory_for({"XDG_RUNTIME_DIR": "/no/such/place", "HOME": "relative"}, uid=os.getuid()) is None


@pytest.mark.parametrize("prepare", ["open to others", "a link", "somebody else's"])
def test_a_directory_that_others_could_have_made_is_not_used(tmp_path, prepare):
    uid = os.getuid() + (1 if prepare == "somebody else's" else 0)
    place = tmp_path / "mosh-server"
    if prepare == "a link":
        (tmp_path / "real").mkdir(mode=0o700)
        place.symlink_to(tmp_path / "real")
    else:
        place.mkdir()
        place.chmod(0o777 if prepare == "open to others" else 0o700)
    environ = {"XDG_RUNTIME_DIR": "/no/such/place", "XDG_STATE_HOME": str(tmp_path)}
    assert directory_for(environ, uid=uid) is None


def test_utmp_names_upstream_s_detached_sessions_of_this_user():
    contents = b"".join(
        [
            utmp_entry(b"mosh [4711]"),
            utmp_entry(b"192.0.2.1 via mosh [4712]"),
            utmp_entry(b"mosh [4713]", user=b"bob"),
            utmp_entry(b"mosh [4714]", kind=8),
            utmp_entry(b"mosh [x]"),
            utmp_entry(b"mosh [4715] "),
            utmp_entry(b"mosh [4716]"),
        ]
    )
    assert detached_in_utmp(contents, user="ada") == {4711, 4716}


def test_a_torn_utmp_is_read_as_far_as_it_goes():
    contents = utmp_entry(b"mosh [4711]") + utmp_entry(b"mosh [4712]")[:100]
    assert detached_in_utmp(contents, user="ada") == {4711}
    assert detached_in_utmp(b"", user="ada") == set()


@pytest.mark.system
def test_a_process_is_alive_or_not():
    assert is_alive(os.getpid())
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    assert not is_alive(child)
