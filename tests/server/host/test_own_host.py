"""What the server's process gives up once the shell runs, and that the shell has lost nothing by it."""

from __future__ import annotations

import ctypes
import os
import resource
import select
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mosh_server.host import accounting
from mosh_server.host.environment import Account
from mosh_server.host.own_host import OwnHost
from mosh_server.host.pty import Pty

pytestmark = [pytest.mark.system, pytest.mark.requires_linux]

NOBODY = 65534
PR_SET_DUMPABLE = 4
PRIVATE = ["environ", "mem", "maps"]  # of /proc/PID
PATIENCE_S = 20.0


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory in which everybody may do everything."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o777)
        yield Path(name)


def serve(
    folder: Path,
    command: str,
    then: Callable[[OwnHost], object] = lambda _host: None,
    *,
    before: Callable[[], object] = lambda: None,
    after: Callable[[OwnHost], object] = lambda _host: None,
) -> str:
    """Run `command` in a session of a server that is nobody's (as root), and return what it says.

    The server calls `before`, `then` and `after`: before it has a shell, once it runs, and when it was hung up.
    """
    read_end, write_end = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            if not os.getuid():
                os.setgroups([])
                os.setgid(NOBODY)
                os.setuid(NOBODY)
                ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # as after an exec: changing the user closed it
            before()
            host = OwnHost(
                command=["/bin/sh", "-c", f"while [ ! -e {folder}/go ]; do sleep 0.02; done; {command}"],
                environment={"PATH": os.environ["PATH"], "HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)},
                account=Account(user="nobody", home=str(folder), shell="/bin/sh"),
            )
            pty = Pty(host.start_shell(80, 24))
            then(host)
            (folder / "go").touch()  # the command runs once the server has given up everything
            while select.select([pty.fileno()], [], [], PATIENCE_S)[0]:
                data, is_open = pty.read(65_536, lambda piece, _total: not piece)
                os.write(write_end, data)
                if not is_open:
                    break
            pty.close()
            host.end_shell()
            after(host)
        except BaseException as error:
            os.write(write_end, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(write_end)
    with open(read_end, "rb") as pipe:
        said = pipe.read().decode()
    os.waitpid(pid, 0)
    return said


@pytest.fixture(params=["with a helper for utmp", "without"])
def utmp_helper(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, folder: Path) -> bool:
    """Whether there is one."""
    helper = folder / "utempter"
    helper.write_text('#!/bin/sh\necho "$1" >>"$(dirname "$0")/calls"\n')
    helper.chmod(0o755)
    exists = bool(request.param == "with a helper for utmp")
    monkeypatch.setattr(accounting.Utmp.__init__, "__kwdefaults__", {"helpers": [str(helper)] if exists else []})
    return exists


@pytest.mark.usefixtures("utmp_helper")
def test_setuid_programs_work_in_the_session(folder: Path) -> None:
    if os.getuid():
        pytest.skip("only root can make a setuid program and be nobody")
    if os.statvfs(folder).f_flag & os.ST_NOSUID:
        pytest.skip("no setuid programs on this file system")
    program = folder / "id"
    shutil.copy("/usr/bin/id", program)
    program.chmod(0o4755)
    assert program.stat().st_mode & stat.S_ISUID
    said = serve(folder, f"/usr/bin/id -u; {program} -u; grep NoNewPrivs /proc/self/status")
    assert said.split() == [str(NOBODY), "0", "NoNewPrivs:", "0"]


def test_the_server_gives_up_new_privileges_unless_the_helper_for_utmp_needs_them(
    folder: Path, utmp_helper: bool
) -> None:
    def write_status(_host: OwnHost) -> None:
        # The file of a process that is not dumpable is root's, but everybody may read this one.
        (folder / "status").write_text(Path("/proc/self/status").read_text())

    serve(folder, "true", write_status)
    assert f"NoNewPrivs:\t{int(not utmp_helper)}" in (folder / "status").read_text()
    if utmp_helper:
        assert (folder / "calls").read_text().split() == ["add", "del"]


@pytest.mark.usefixtures("utmp_helper")
def test_the_host_knows_how_the_shell_ended_and_leaves_no_dead_child(folder: Path) -> None:
    def look(host: OwnHost) -> None:
        (folder / "running").write_text(str(host.children_changed()))

    def wait_for_the_end(host: OwnHost) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while (status := host.children_changed()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            (folder / "ended").write_text(str(status))

    serve(folder, "exit 3", look, after=wait_for_the_end)
    assert (folder / "running").read_text() == "None"
    assert (folder / "ended").read_text() == "3"


def test_the_server_has_the_name_by_which_pkill_finds_it(folder: Path) -> None:
    def write_name(_host: OwnHost) -> None:
        (folder / "name").write_text(Path("/proc/self/comm").read_text())

    serve(folder, "true", write_name)
    assert (folder / "name").read_text() == "mosh-server\n"


def test_the_server_leaves_no_core_and_the_shell_has_its_limit_back(folder: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_CORE)

    def write_limits(_host: OwnHost) -> None:
        (folder / "limits").write_text(str(resource.getrlimit(resource.RLIMIT_CORE)))

    said = serve(folder, "ulimit -Sc; ulimit -Hc", write_limits)
    assert (folder / "limits").read_text() == "(0, 0)"
    assert said.split() == ["unlimited" if each == resource.RLIM_INFINITY else str(each // 512) for each in before]


def test_the_server_is_closed_to_its_own_user_once_the_shell_runs(folder: Path) -> None:
    if os.getuid():
        pytest.skip("only root can have two processes of one other user")

    def look_from_a_child(result: str) -> None:
        server = os.getpid()
        pid = os.fork()
        if not pid:
            ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)  # the child is not what is examined
            open_to_it = [name for name in PRIVATE if can_be_read(Path(f"/proc/{server}/{name}"))]
            (folder / result).write_text(" ".join(open_to_it))
            os._exit(0)
        os.waitpid(pid, 0)

    said = serve(
        folder,
        'for name in environ mem maps; do head -c 0 /proc/$PPID/$name 2>&1 || echo "refused"; done',
        lambda _host: look_from_a_child("open after"),
        before=lambda: look_from_a_child("open before"),
    )
    assert (folder / "open before").read_text().split() == PRIVATE
    assert (folder / "open after").read_text() == ""
    assert said.count("refused") == len(PRIVATE)


def can_be_read(path: Path) -> bool:
    """Whether it can be opened."""
    try:
        path.open("rb").close()
    except PermissionError:
        return False
    return True
