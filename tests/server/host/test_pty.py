"""The shell and its pty: programs start as a terminal's programs should, and never block the server."""

from __future__ import annotations

import os
import resource
import select
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from mosh_server.host.pty import Pty
from mosh_server.host.shell import Shell

pytestmark = pytest.mark.system

PATIENCE_S = 20.0


class Started:
    """A shell and its pty."""

    def __init__(self, command: Sequence[str], **settings: Any) -> None:
        self.shell, pty = Shell.spawn(command, **settings)
        self.pty = Pty(pty)
        self.pid = self.shell.pid
        self.resize = self.shell.resize
        self.fileno = self.pty.fileno
        self.write = self.pty.write
        self._open = True

    def read(self, limit: int) -> tuple[bytes, bool]:
        """Read what is there now."""
        return self.pty.read(limit, lambda piece, _total: not piece)

    def close(self) -> int | None:
        """Hang up; return the exit status."""
        if self._open:
            self.pty.close()
            self._open = False
        self.shell.close()
        return self.shell.exit_status()


@pytest.fixture
def spawn() -> Iterator[Callable[..., Started]]:
    """Start commands on ptys that are hung up after the test."""
    opened: list[Started] = []

    def start(command: Sequence[str] = (), **changes: Any) -> Started:
        settings: dict[str, object] = {
            "shell": "/bin/sh",
            "environment": {"PATH": os.environ["PATH"], "HOME": "/"},
            "columns": 91,
            "lines": 33,
        }
        pty = Started(command, **(settings | changes))
        opened.append(pty)
        return pty

    yield start
    for pty in opened:
        pty.close()


def everything(pty: Started) -> bytes:
    """All that the programs write until the pty hangs up."""
    parts: list[bytes] = []
    while True:
        assert select.select([pty.fileno()], [], [], PATIENCE_S)[0], f"no end after {b''.join(parts)!r}"
        data, is_open = pty.read(65_536)
        parts.append(data)
        if not is_open:
            return b"".join(parts)


def output_until(pty: Started, expected: bytes) -> bytes:
    seen = b""
    while expected not in seen:
        assert select.select([pty.fileno()], [], [], PATIENCE_S)[0], f"only {seen!r}"
        data, is_open = pty.read(65_536)
        seen += data
        assert is_open or expected in seen, f"ended with {seen!r}"
    return seen


@pytest.mark.requires_program("ps")
def test_a_command_sees_a_terminal_of_the_right_size_as_its_own(spawn: Callable[..., Started]) -> None:
    output = everything(spawn(["sh", "-c", "stty size; tty; ps -o tty= -p $$"]))
    size, tty, own = output.split(b"\r\n")[:3]
    assert size == b"33 91"
    assert tty == b"/dev/" + own.strip()


def test_erasing_in_cooked_mode_knows_utf8(spawn: Callable[..., Started]) -> None:
    assert b" iutf8" in everything(spawn(["stty", "-a"]))


def test_an_empty_command_is_a_login_shell(spawn: Callable[..., Started]) -> None:
    pty = spawn()
    pty.write(b'echo "<$0>"; exit\n')
    assert b"<-sh>" in everything(pty)


def test_the_session_starts_at_home_with_its_environment(spawn: Callable[..., Started], tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MARK": "here"}
    output = everything(spawn(["sh", "-c", "pwd; echo $MARK"], environment=environment))
    assert output == f"{tmp_path}\r\nhere\r\n".encode()


def test_a_missing_home_is_told_and_does_not_keep_the_shell_from_starting(spawn: Callable[..., Started]) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": "/no/such/home"}
    output = everything(spawn(["echo", "on"], environment=environment))
    assert b"home directory" in output
    assert output.endswith(b"on\r\n")


def test_a_command_that_cannot_be_run_says_so_on_the_screen(spawn: Callable[..., Started]) -> None:
    pty = spawn(["/no/such/program"])
    assert b"cannot run /no/such/program: No such file or directory" in everything(pty)
    os.waitpid(pty.pid, 0)


def test_the_shell_inherits_no_descriptor_of_the_server(spawn: Callable[..., Started]) -> None:
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    try:
        # `ls` itself opens one more for the directory.
        output = everything(spawn(["sh", "-c", "ls /proc/$$/fd"]))
        assert output.split() == [b"0", b"1", b"2"] or output.split() == [b"0", b"1", b"10", b"2"]
        assert str(write_end).encode() not in output.split()
    finally:
        os.close(read_end)
        os.close(write_end)


def test_the_signals_that_the_server_ignores_are_the_programs_own_again(spawn: Callable[..., Started]) -> None:
    old = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGHUP, signal.SIGPIPE)}
    try:
        output = everything(spawn(["grep", "SigIgn", "/proc/self/status"]))
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
    ignored = int(output.split()[1], 16)
    assert not ignored & (1 << signal.SIGHUP - 1 | 1 << signal.SIGPIPE - 1)


def test_the_programs_get_their_core_limit_back(spawn: Callable[..., Started]) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    output = everything(spawn(["sh", "-c", "ulimit -c"], core_limit=(0, hard)))
    assert output.strip() == b"0"
    assert resource.getrlimit(resource.RLIMIT_CORE) == (soft, hard)


def test_a_new_size_reaches_the_program(spawn: Callable[..., Started]) -> None:
    pty = spawn(["sh", "-c", "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"])
    output_until(pty, b"ready")
    pty.resize(120, 50)
    assert b"50 120" in everything(pty)


@pytest.mark.parametrize("refused", [False, True])
def test_a_program_is_told_a_size_that_it_has(
    spawn: Callable[..., Started], monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    pty = spawn(["sh", "-c", "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done"])
    output_until(pty, b"ready")
    asked = []

    def refuse(group: int, number: int) -> None:
        asked.append((group, number))
        raise PermissionError  # another user's, as below sudo

    if refused:
        monkeypatch.setattr(os, "killpg", refuse)
    pty.resize(91, 33, signal=True)
    told = everything(pty)
    assert b"33 91" in told or (refused and b"32 91" in told)
    assert asked == ([(pty.pid, signal.SIGWINCH)] if refused else [])


def test_a_size_that_is_told_again_is_the_size(spawn: Callable[..., Started], monkeypatch: pytest.MonkeyPatch) -> None:
    pty = spawn(["sh", "-c", "echo ready; read line; stty size"])
    output_until(pty, b"ready")

    def refuse(_group: int, _number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "killpg", refuse)
    pty.resize(91, 33, signal=True)
    pty.write(b"\n")
    assert b"33 91" in everything(pty)


def test_an_application_that_reads_nothing_does_not_block_a_write(spawn: Callable[..., Started]) -> None:
    pty = spawn(["sh", "-c", "stty raw -echo; echo ready; exec sleep 60"])
    output_until(pty, b"ready")
    paste = b"x" * 1_000_000
    taken = pty.write(paste)
    assert 0 < taken < len(paste)
    assert pty.write(paste[taken:]) < len(paste) - taken


def test_what_was_not_taken_can_be_written_later(spawn: Callable[..., Started]) -> None:
    pty = spawn(["sh", "-c", "stty raw -echo; echo ready; head -c 200000 | wc -c"])
    output_until(pty, b"ready")
    rest = memoryview(b"y" * 200_000)
    while rest:
        assert select.select([], [pty.fileno()], [], PATIENCE_S)[1]
        rest = rest[pty.write(rest) :]
    assert b"200000" in everything(pty)


def test_one_read_is_bounded_while_a_program_floods(spawn: Callable[..., Started]) -> None:
    pty = spawn(["yes"])
    output_until(pty, b"y\r\ny")
    for _ in range(20):
        data, is_open = pty.read(10_000)
        assert is_open
        assert len(data) < 10_000 + 65_536


def test_a_read_ends_with_the_piece_that_is_enough(spawn: Callable[..., Started]) -> None:
    pty = spawn(["yes"])
    output_until(pty, b"y\r\ny")
    pieces: list[tuple[bytes, int]] = []

    def until(piece: bytes, total: int) -> bool:
        pieces.append((piece, total))
        return total >= 10_000

    data, is_open = pty.pty.read(1_000_000, until)
    assert is_open
    assert data == b"".join(piece for piece, _ in pieces)
    assert [total for _, total in pieces][-1] == len(data)
    assert [total >= 10_000 for _, total in pieces] == [False] * (len(pieces) - 1) + [True]


def test_the_shell_hangs_up_with_the_last_descriptor_of_its_pty(spawn: Callable[..., Started]) -> None:
    pty = spawn(["sh", "-c", "echo ready; exec sleep 60"])
    output_until(pty, b"ready")
    pty.shell.close()
    assert pty.shell.exit_status() is None
    time.sleep(0.05)
    assert pty.shell.exit_status() is None
    deadline = time.monotonic() + PATIENCE_S
    while (status := pty.close()) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert status == 128 + signal.SIGHUP


def test_nothing_to_read_is_no_end(spawn: Callable[..., Started]) -> None:
    pty = spawn(["sh", "-c", "echo ready; exec sleep 60"])
    output_until(pty, b"ready\r\n")
    assert pty.read(65_536) == (b"", True)


def test_closing_hangs_the_programs_up(spawn: Callable[..., Started]) -> None:
    pty = spawn(["sh", "-c", "echo ready; exec sleep 60"])
    output_until(pty, b"ready")
    deadline = time.monotonic() + PATIENCE_S
    while (status := pty.close()) is None and time.monotonic() < deadline:  # it may be gone by the first time
        time.sleep(0.01)
    assert status == 128 + signal.SIGHUP


def test_a_hung_up_pty_takes_input_without_complaint(spawn: Callable[..., Started]) -> None:
    pty = spawn(["true"])
    everything(pty)
    assert pty.write(b"late") == 4
    pty.resize(10, 10)


def test_the_exit_status_is_known_after_the_end(spawn: Callable[..., Started]) -> None:
    pty = spawn(["sh", "-c", "exit 3"])
    everything(pty)
    deadline = time.monotonic() + PATIENCE_S
    while (status := pty.close()) is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert status == 3
