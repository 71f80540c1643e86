"""A machine that has no more: full disk, no pty, no descriptor.

What happens is the sentence of each test.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.bad_input.rig import (
    LoggedServer,
    WireClient,
    client_of_the_test,
    environment_of,
    read_log,
    sabotaged,
)
from tests.support.programs import OURS, process

pytestmark = pytest.mark.requires_linux

SAY_WHO = ("sh", "-c", "echo server=$PPID.; exec cat")


@contextlib.contextmanager
def session_on(server: LoggedServer) -> Iterator[WireClient]:
    """A session whose server says itself which process it is."""
    client = server.connect()
    client.wait_until(lambda: "." in client.text, lambda: f"nothing is shown: {client.text}")
    server.process = process(int(client.text.partition("server=")[2].partition(".")[0]))
    client.members = [server.process]
    with contextlib.closing(client), contextlib.closing(server):
        yield client


# --- Disks


def test_a_server_whose_log_is_on_a_full_disk_goes_on(tmp_path: Path) -> None:
    """Lines of -v are lost; the session is not."""
    with open("/dev/full", "wb") as full:
        server = LoggedServer(tmp_path, SAY_WHO, log=full.fileno())
    with session_on(server) as client, client.stays_unharmed():
        client.wait_for_echo()


def test_a_server_that_can_write_no_file_goes_on(tmp_path: Path) -> None:
    """Neither its entry in the user's runtime directory nor its log can be written (EFBIG): it does without."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(0o700)
    server = LoggedServer(
        tmp_path,
        SAY_WHO,
        preexec=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        XDG_RUNTIME_DIR=str(runtime),
    )
    with session_on(server) as client, client.stays_unharmed():
        client.wait_for_echo()
        assert {entry.stat().st_size for entry in (runtime / "mosh-py").iterdir()} == {0}


@pytest.mark.parametrize("what", ["a file", "nothing", "not to be written"])
def test_a_server_without_a_runtime_directory_goes_on(what: str, tmp_path: Path) -> None:
    """No entry is kept: what is lost is the warning to later sessions."""
    state = tmp_path / "state"
    if what == "a file":
        state.write_text("")
    elif what == "not to be written":
        if not os.geteuid():
            state = Path("/proc/self")  # where not even root makes a directory
        else:
            state.mkdir(0o500)
    server = LoggedServer(tmp_path, SAY_WHO, XDG_STATE_HOME=str(state), XDG_RUNTIME_DIR=str(tmp_path / "missing"))
    with session_on(server) as client, client.stays_unharmed():
        client.wait_for_echo()


def test_a_client_whose_log_is_on_a_full_disk_goes_on(tmp_path: Path) -> None:
    """Lines of -v are lost; the session is not."""
    with client_of_the_test(tmp_path, log=Path("/dev/full")) as client, client.stays_unharmed():
        client.wait_for_echo()


def test_a_full_disk_behind_standard_output_is_one_sentence(tmp_path: Path) -> None:
    """The MOSH CONNECT line cannot be printed: exit code 1, nothing stays."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [*OURS.server, "new"],
            stdout=full,
            stderr=subprocess.PIPE,
            env=dict(environment_of(tmp_path)),
            timeout=60,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == b"mosh-server: Cannot print the MOSH CONNECT line: No space left on device.\n"


# --- Ptys and descriptors


def test_no_pty_left_is_said_before_anybody_connects(tmp_path: Path) -> None:
    """One sentence where the bootstrap shows it, exit code 1, no MOSH CONNECT."""
    words, _switches = sabotaged("server", tmp_path / "switches")
    done = subprocess.run(
        [*words, "new"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**environment_of(tmp_path), "NO_PTY": "1"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == b""
    assert done.stderr == b"mosh-server: Cannot open a pty: No space left on device.\n"


def limit_descriptors(pid: int, number: int) -> None:
    if sys.platform == "linux":
        _soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (min(number, hard), hard))


def test_a_server_without_a_descriptor_for_the_pty_says_so_on_the_screen(tmp_path: Path) -> None:
    """EMFILE when the shell is to be started: the sentence is the session's last screen, and the session ends."""
    server = LoggedServer(tmp_path, XDG_RUNTIME_DIR=str(tmp_path / "none"))  # its door is in one place then
    process = server.process
    assert process is not None
    limit_descriptors(process.pid, 11)  # a pty takes two, behind the ten that it has
    client = server.connect()
    with contextlib.closing(client), contextlib.closing(server):
        client.wait_for("Cannot open a pty: Too many open files.")
        client.wait_until(lambda: not process.alive, "the server stays")


def test_a_server_that_gets_no_more_descriptors_goes_on(tmp_path: Path) -> None:
    """EMFILE in a running session: it needs no more than it has."""
    server = LoggedServer(tmp_path)
    client = server.connect()
    with contextlib.closing(client), contextlib.closing(server), client.stays_unharmed():
        assert server.process is not None
        limit_descriptors(server.process.pid, 3)
        client.wait_for_echo()


def test_a_client_that_gets_no_more_descriptors_goes_on(tmp_path: Path) -> None:
    """EMFILE in all three processes: the session needs no more than it has."""
    with client_of_the_test(tmp_path) as client, client.stays_unharmed():
        for member in client.members:
            limit_descriptors(member.pid, 3)
        client.wait_for_echo()


def test_a_launcher_without_descriptors_for_another_renderer_says_so(tmp_path: Path) -> None:
    """EMFILE when a renderer has to be replaced: one sentence, exit code 1, the terminal is given back."""
    with client_of_the_test(tmp_path) as client:
        client.wait_for_echo()
        limit_descriptors(client.member("mosh-client").pid, 3)
        client.member("mosh-renderer").signal(signal.SIGKILL)
        assert client.wait_for_end() == 1
        assert "Cannot connect the processes of the session: Too many open files." in read_log(client.log)
        assert "Traceback" not in read_log(client.log)
        assert client.terminal.settings() == client.terminal.settings_before


def test_a_network_process_without_a_descriptor_for_another_renderer_ends_in_order(tmp_path: Path) -> None:
    """EMFILE where a renderer's socket should arrive: renderers are cut off, after six of them the session ends."""
    with client_of_the_test(tmp_path) as client:
        client.wait_for_echo()
        limit_descriptors(client.member("mosh-network").pid, 3)
        client.member("mosh-renderer").signal(signal.SIGKILL)
        assert client.wait_for_end() == 1
        assert "the process that draws the terminal keeps failing" in read_log(client.log)
        assert client.terminal.settings() == client.terminal.settings_before
