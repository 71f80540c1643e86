"""The folder with a master's socket is ours alone and goes away with its login; a master hears two requests."""

from __future__ import annotations

import fcntl
import os
import socket
import stat
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.user_terminal import UserTerminal

from mosh_bootstrap import control_socket
from mosh_bootstrap.control_socket import Control, Folder

pytestmark = pytest.mark.system

HELLO = bytes.fromhex("00000008 00000001 00000004")
STOP_LISTENING = bytes.fromhex("00000008 10000009 00000000")
TERMINATE = bytes.fromhex("00000008 10000005 00000000")
OK = bytes.fromhex("00000008 80000001 00000000")


class Master:
    """Listens as an ssh does that is a master, and notes what it hears; answers, or ends the connection at once."""

    def __init__(self, path: str, answer: bytes) -> None:
        self.heard = b""
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self._answer = answer
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _address = self.listener.accept()
        with connection:
            connection.sendall(HELLO)
            while len(self.heard) < len(HELLO + OK) and (octets := connection.recv(100)):
                self.heard += octets
            connection.sendall(self._answer)

    def end(self) -> bytes:
        """Wait until it has heard all; return that."""
        self._thread.join(timeout=60)
        self.listener.close()
        return self.heard


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A short path, as a runtime directory has."""
    link = Path(f"/tmp/mt-{os.getpid()}")
    real = tmp_path / "p"
    real.mkdir(mode=0o700)
    link.symlink_to(real)
    yield link
    link.unlink()


def made(place: Path) -> Folder:
    folder = Folder.make({"XDG_RUNTIME_DIR": str(place)})
    assert folder is not None
    assert folder.place == str(place)
    return folder


def test_the_folder_is_ours_alone_and_its_name_cannot_be_foreseen(place: Path) -> None:
    one, two = made(place), made(place)
    assert stat.S_IMODE(os.stat(one.path).st_mode) == 0o700
    assert one.path != two.path
    one.remove()
    one.remove()
    two.remove()
    assert os.listdir(place) == []


@pytest.mark.parametrize("harm", ["writable by others", "missing", "a file", "relative", "too long", "%h"])
def test_a_place_where_others_could_put_theirs_is_not_used(place: Path, harm: str) -> None:
    bad = place / "bad"
    if harm == "%h":  # which would be the host's name to ssh
        bad = place / harm
    if harm == "a file":
        bad.write_text("")
    elif harm == "too long":
        bad = place / ("x" * 60)
        bad.mkdir()
    elif harm != "missing":
        bad.mkdir()
        bad.chmod(0o777 if harm == "writable by others" else 0o700)
    named = os.path.relpath(bad) if harm == "relative" else str(bad)
    folder = Folder.make({"XDG_RUNTIME_DIR": named, "TMPDIR": str(place)})
    assert folder is not None
    assert folder.place == str(place)
    folder.remove()


def test_others_may_write_where_they_cannot_rename(place: Path) -> None:
    sticky = place / "t"
    sticky.mkdir()
    sticky.chmod(0o1777)
    made(sticky).remove()


def test_what_killed_logins_have_left_is_swept_and_nothing_else(place: Path) -> None:
    live, dead, foreign = made(place), made(place), place / "mosh-session"
    listening, closing = made(place), made(place)
    for folder in (dead, listening, closing):
        os.close(folder._lock)  # as the end of a process does
        folder._lock = -1
    Path(dead.socket + ".AbCd").write_text("")  # as an ssh leaves it that is killed while it makes it
    left_over = socket.socket(socket.AF_UNIX)
    left_over.bind(dead.socket)
    left_over.close()
    master = socket.socket(socket.AF_UNIX)
    master.bind(listening.socket)
    master.listen()
    foreign.mkdir()
    link = place / "mosh-ssh-link"
    link.symlink_to(foreign)
    control_socket.sweep(str(place))
    assert set(os.listdir(place)) == {
        os.path.basename(live.path),
        os.path.basename(listening.path),
        "mosh-session",
        "mosh-ssh-link",
    }
    master.close()
    for folder in (live, listening):
        folder.remove()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make another user's folder")
def test_another_users_folder_is_not_swept(place: Path) -> None:
    other = place / "mosh-ssh-other"
    other.mkdir()
    os.chown(other, 12345, 12345)
    control_socket.sweep(str(place))
    assert other.is_dir()


def test_a_place_that_is_gone_is_not_swept(place: Path) -> None:
    control_socket.sweep(str(place / "gone"))


@pytest.mark.parametrize(
    ("ask", "request_octets", "answer"),
    [(Control.stop_listening, STOP_LISTENING, OK), (Control.terminate, TERMINATE, b"")],
    ids=["stop", "terminate"],
)
def test_a_master_hears_what_the_protocol_says(
    place: Path, monkeypatch: pytest.MonkeyPatch, ask: object, request_octets: bytes, answer: bytes
) -> None:
    """Also one whose hello was read before."""
    monkeypatch.setattr(control_socket, "_TIMEOUT_S", 60.0)  # the master is a thread that may have to wait for its turn
    path = str(place / "s")
    master = Master(path, answer)
    control = control_socket.connect(path)
    assert control is not None
    assert callable(ask)
    assert control.is_open()
    ask(control)
    control.close()
    assert master.end() == HELLO + request_octets


def test_a_master_that_does_not_answer_is_not_waited_for(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_socket, "_TIMEOUT_S", 0.05)
    path = str(place / "s")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(path)
        silent.listen()
        control = control_socket.connect(path)
        assert control is not None
        control.stop_listening()  # returns
        assert control.is_open()
    assert not control.is_open()
    control.close()


def test_nobody_listens_where_there_is_no_socket(place: Path) -> None:
    (place / "file").write_text("")
    for path in ("", str(place / "none"), str(place / "file"), "x" * 200):
        assert not control_socket.listens(path)


def test_the_folder_s_shell_is_the_users_with_errors_on_the_terminal(place: Path) -> None:
    folder = made(place)
    shell = place / "my shell"
    shell.write_text('#!/bin/sh\nprintf "%s|" "$SHELL" "$@"\n')
    shell.chmod(0o755)
    assert folder.add_shell(str(shell))
    assert os.access(folder.shell, os.X_OK)
    words = [folder.shell, "-c", "it's", "$HOME"]
    done = subprocess.run(words, capture_output=True, text=True, start_new_session=True, check=True)  # no terminal
    assert (done.stdout, done.stderr) == (f"{shell}|-c|it's|$HOME|", "")
    other = made(place)
    assert other.add_shell("/bin/sh")
    with UserTerminal(["sh", "-c", f"{other.shell} -c 'echo why >&2' 2>/dev/null"], environment={}) as terminal:
        terminal.wait_for("why")
    other.remove()
    assert not folder.add_shell(str(shell))  # there is something already
    folder.remove()


def test_a_folder_is_locked_for_as_long_as_its_login_lasts(place: Path) -> None:
    folder = made(place)
    other = os.open(folder.path, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    folder.remove()
    fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(other)
