"""The directories of a user's sessions: private, and never another's."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

import pytest

from mosh_server.host.places import Place, machine, old_places_of, places_of, state_directory

UID = os.getuid()


def paths(environ: dict[str, str], *, uid: int = UID) -> list[str]:
    return [place.path for place in places_of(environ, uid=uid)]


def test_both_directories_are_the_user_s_alone(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    expected = [str(tmp_path / "state/mosh-py" / machine()), str(tmp_path / "mosh-py")]
    assert paths(environ) == expected
    assert paths(environ) == expected
    assert [os.stat(path).st_mode & 0o777 for path in expected] == [0o700, 0o700]


@pytest.mark.parametrize(("variable", "below"), [("HOME", ".local/state"), ("XDG_STATE_HOME", "")])
def test_without_a_runtime_directory_the_state_directory_serves(tmp_path: Path, variable: str, below: str) -> None:
    environ = {"XDG_RUNTIME_DIR": "/no/such/place", variable: str(tmp_path)}
    assert paths(environ) == [str(tmp_path / below / "mosh-py" / machine())]


def test_a_directory_that_cannot_be_made_leaves_the_other(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environ = {"XDG_RUNTIME_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "file" / "state")}
    assert paths(environ) == [str(tmp_path / "mosh-py")]


@pytest.mark.parametrize("environ", [{}, {"HOME": "relative"}, {"XDG_STATE_HOME": "relative", "HOME": "/"}])
def test_without_either_there_is_no_place(environ: dict[str, str]) -> None:
    assert paths({"XDG_RUNTIME_DIR": "/no/such/place", **environ}) == []
    assert paths({"XDG_RUNTIME_DIR": "relative", **environ}) == []


@pytest.mark.parametrize(
    ("which", "prepare"),
    [
        *(
            (which, prepare)
            for which in ("mosh-py", "the machine's")
            for prepare in ("open to others", "a link", "a file")
        ),
        ("mosh-py", "somebody else's"),
    ],
)
def test_a_directory_that_others_could_have_made_is_not_used(tmp_path: Path, prepare: str, which: str) -> None:
    folder = tmp_path / "mosh-py" / ("" if which == "mosh-py" else machine())
    if folder.parent != tmp_path:
        folder.parent.mkdir(mode=0o700)
    if prepare == "a link":
        (tmp_path / "real").mkdir(mode=0o700)
        folder.symlink_to(tmp_path / "real")
    elif prepare == "a file":
        folder.touch(mode=0o700)
    else:
        folder.mkdir()
        folder.chmod(0o710 if prepare == "open to others" else 0o700)
    environ = {"XDG_RUNTIME_DIR": "/no/such/place", "XDG_STATE_HOME": str(tmp_path)}
    assert paths(environ, uid=UID + 1 if prepare == "somebody else's" else UID) == []


def test_machines_that_share_a_home_directory_have_each_their_own(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("3d1219c7c4c5404aaa1f6d2a48adfda4\n")
    (tmp_path / "other").write_text("3d1219c7c4c5404aaa1f6d2a48adfda5\n")
    (tmp_path / "empty").write_text("\n")
    names = [machine(machine_id=str(tmp_path / name)) for name in ("one", "other", "empty", "none")]
    assert len(set(names[:3])) == 3
    assert all(len(name) == 16 and int(name, 16) for name in names[:2])
    assert "3d1219c7" not in names[0]
    assert names[2] == names[3] != ""
    assert "/" not in names[2]


def test_what_old_servers_left_is_found_and_never_made(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path)}
    assert old_places_of(environ, uid=UID) == []
    (tmp_path / ".local/state/mosh-server").mkdir(mode=0o700, parents=True)
    assert [place.path for place in old_places_of(environ, uid=UID)] == [str(tmp_path / ".local/state/mosh-server")]
    assert not (tmp_path / "run").exists()


def test_what_outlives_a_login_is_kept_in_the_state_directory(tmp_path: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path / "state")}
    assert state_directory(environ, uid=UID) == str(tmp_path / "state/mosh-server")
    assert state_directory({"HOME": "relative"}, uid=UID) is None


def place(tmp_path: Path) -> Place:
    opened = Place.opened(str(tmp_path), "place", uid=UID)
    assert opened is not None
    return opened


def test_a_lock_is_one_process_s_until_it_is_closed(tmp_path: Path) -> None:
    here = place(tmp_path)
    assert here.is_locked("x") is None
    file = here.lock("x")
    assert file is not None
    assert here.lock("x") is None
    assert here.is_locked("x") is True
    here.sweep("x")
    assert here.names() == ["x"]
    os.close(file)
    assert here.is_locked("x") is False
    here.sweep("x")
    assert here.names() == []


def test_a_file_that_was_swept_out_under_the_locker_s_hands_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = place(tmp_path)
    looked: list[bool] = []

    def holds(self: Place, name: str, file: int) -> bool:
        if not looked:
            self.remove(name)
        looked.append(own(self, name, file))
        return looked[-1]

    own = Place.holds
    monkeypatch.setattr(Place, "holds", holds)
    assert here.lock("x") is not None
    assert looked == [False, True]
    assert here.names() == ["x"]


@pytest.mark.system
def test_a_socket_has_a_short_path_however_long_the_directory_s_is(tmp_path: Path) -> None:
    parent = tmp_path / ("x" * 150)
    here = Place.opened(str(parent), "place", uid=UID)
    assert here is not None
    before = os.getcwd()
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as calling, here.entered():
        listening.bind("door")
        listening.listen()
        calling.connect("door")
    assert os.getcwd() == before
    assert here.names() == ["door"]


def test_who_stands_in_a_directory_that_is_gone_can_enter_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    shutil.rmtree(tmp_path / "gone")
    here = place(tmp_path)
    with here.entered():
        assert os.getcwd() == here.path
