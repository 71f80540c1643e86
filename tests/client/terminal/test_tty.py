"""The terminal's settings and description, on a real pty."""

from __future__ import annotations

import fcntl
import os
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator

import pytest

from mosh_client.terminal import tty
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.fds import write_available
from mosh_common.terminal.emulator import Emulator
from mosh_common.wire.size import SIDE_LIMIT

pytestmark = pytest.mark.system


@pytest.fixture
def pty() -> Iterator[tuple[int, int]]:
    master, slave = os.openpty()
    yield master, slave
    os.close(master)
    os.close(slave)


def test_raw_mode_passes_every_key_on_and_undoes_itself(pty: tuple[int, int]) -> None:
    master, slave = pty
    before = tty.read_attributes(slave)
    with tty.RawMode(slave, before):
        os.write(master, b"\x03\x04\x11\x1a\x1c\r\x7f")
        assert os.read(slave, 100) == b"\x03\x04\x11\x1a\x1c\r\x7f"
        os.write(slave, b"a\n")
        assert os.read(master, 100) == b"a\n"  # no echo before it, no CR added
    assert tty.read_attributes(slave) == before


def test_raw_mode_undoes_itself_when_something_fails(pty: tuple[int, int]) -> None:
    before = tty.read_attributes(pty[1])
    with pytest.raises(ZeroDivisionError), tty.RawMode(pty[1], before):
        1 / 0  # noqa: B018  # raises
    assert tty.read_attributes(pty[1]) == before


def test_what_is_no_terminal_is_said_to_be_none() -> None:
    read, write = os.pipe()
    try:
        with pytest.raises(EnvironmentFailure, match="needs a terminal"):
            tty.read_attributes(read)
        assert tty.window_size(read) == (80, 24)
    finally:
        os.close(read)
        os.close(write)


def test_the_window_size_is_columns_and_lines(pty: tuple[int, int]) -> None:
    fcntl.ioctl(pty[1], termios.TIOCSWINSZ, struct.pack("HHHH", 40, 132, 0, 0))
    assert tty.window_size(pty[1]) == (132, 40)
    fcntl.ioctl(pty[1], termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    assert tty.window_size(pty[1]) == (80, 24)


@pytest.mark.parametrize(
    ("columns", "lines", "counts_as", "exceeds"),
    [
        (SIDE_LIMIT, 24, (SIDE_LIMIT, 24), False),
        (SIDE_LIMIT + 1, 24, (SIDE_LIMIT, 24), True),
        (80, SIDE_LIMIT, (80, SIDE_LIMIT), False),
        (80, SIDE_LIMIT + 1, (80, SIDE_LIMIT), True),
        (1024, 1024, (1024, 1024), False),
        (1024, 1025, (1024, 1024), True),
        (80, 24, (80, 24), False),
    ],
)
def test_a_window_larger_than_any_screen_is_known_to_be(
    pty: tuple[int, int], columns: int, lines: int, counts_as: tuple[int, int], exceeds: bool
) -> None:
    fcntl.ioctl(pty[1], termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
    assert tty.window_size(pty[1]) == counts_as
    assert tty.exceeds(pty[1], counts_as) is exceeds


def test_output_never_blocks_and_leaves_the_shells_descriptor_alone(pty: tuple[int, int]) -> None:
    output = tty.open_for_output(pty[1])
    try:
        while write_available(output, b"x" * 4096):
            pass  # until the pty is full
        assert os.get_blocking(pty[1])
    finally:
        os.close(output)


@pytest.mark.parametrize(("name", "colors"), [("xterm", 8), ("xterm-256color", 256), ("vt100", 0)])
def test_the_number_of_colours_is_terminfos(name: str, colors: int) -> None:
    assert _in_a_python_of_its_own("print(tty.colors_of_terminal())", name) == str(colors)


@pytest.mark.parametrize("name", ["", "no-such-terminal"])
def test_a_terminal_without_a_description_is_an_error_of_one_sentence(name: str) -> None:
    script = """
from mosh_common.errors import EnvironmentFailure
try:
    tty.describe_terminal(alternate_screen=True)
except EnvironmentFailure as error:
    print(error)
"""
    said = _in_a_python_of_its_own(script, name)
    assert "TERM" in said
    assert len(said.splitlines()) == 1


def test_the_alternate_screen_is_the_users_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    with_it = tty.describe_terminal(alternate_screen=True)
    without = tty.describe_terminal(alternate_screen=False)
    assert b"\x1b[?1049h" in with_it.smcup
    assert b"\x1b[?1049l" in with_it.rmcup
    assert (without.smcup, without.rmcup) == (b"", b"")


def test_leaving_undoes_every_mode_that_a_frame_can_set() -> None:
    terminal = tty.Terminal(b"", b"", {})
    emulator = Emulator(10, 3)
    blank = emulator.snapshot()
    emulator.feed(
        b"\x1b[?1h\x1b[?5h\x1b[?25l\x1b[?2004h\x1b[?1003h\x1b[?1006h\x1b[?1004h\x1b[?1007h\x1b[4 q"
        b"\x1b[1;31m\x1b]8;;http://x/\x1b\\"
    )
    emulator.feed(tty.entering(terminal, title=True))
    before = emulator.application_cursor_keys
    emulator.feed(
        tty.leaving(
            terminal,
            hyperlinks=True,
            synchronized=True,
            cursor_shape=0,
            modes={1007: False},
            title=True,
            lines=3,
        )
    )
    after = emulator.snapshot()
    assert (before, emulator.application_cursor_keys) == (True, False)
    assert after.modes == blank.modes
    assert after.style == blank.style


def test_the_title_is_kept_once_however_many_renderers_are_killed() -> None:
    terminal = tty.Terminal(b"\x1b[?1049h\x1b[22;0;0t", b"\x1b[?1049l\x1b[23;0;0t", {})
    first, second = (tty.entering(terminal, title=True, taken=taken) for taken in (False, True))
    assert first.count(b"\x1b[22;0") == 2
    assert second.count(b"\x1b[22;0") == second.count(b"\x1b[23;0") == 2
    assert second.rindex(b"\x1b[23;0") < second.index(b"\x1b[22;0")
    assert second.endswith(first)
    without_screens = tty.Terminal(b"", b"", {})
    assert b"\x1b[2" not in tty.entering(without_screens, title=True, taken=True)


def leaving(*, cursor_shape: int | None = None, modes: dict[int, bool] | None = None) -> bytes:
    terminal = tty.Terminal(b"", b"", {})
    return tty.leaving(
        terminal,
        hyperlinks=True,
        synchronized=True,
        cursor_shape=cursor_shape,
        modes=modes or {},
        title=True,
        lines=3,
    )


def test_what_no_frame_has_changed_is_left_alone() -> None:
    assert b"?1007" not in leaving()
    assert b" q" not in leaving()


def test_what_frames_have_changed_goes_back_to_what_it_was() -> None:
    assert b"\x1b[4 q" in leaving(cursor_shape=4)
    assert b"\x1b[0 q" in leaving(cursor_shape=0)
    left = leaving(modes={1: True, 7: False, 1007: True})
    assert left.rindex(b"\x1b[?1h") > left.rindex(b"\x1b[?1l")
    assert b"\x1b[?7l" in left
    assert b"\x1b[?1007h" in left


@pytest.mark.parametrize(("name", "takes"), [("xterm-256color", True), ("screen-256color", False), ("screen", False)])
def test_gnu_screen_is_sent_no_strings(name: str, takes: bool) -> None:
    script = "print(tty.describe_terminal(alternate_screen=True).takes_strings)"
    assert _in_a_python_of_its_own(script, name) == str(takes)


def test_terminfo_delays_are_left_out() -> None:
    assert tty._without_padding(b"\x1b[?1049h$<5/>x$<2>") == b"\x1b[?1049hx"


def _in_a_python_of_its_own(script: str, terminal: str) -> str:
    """Return what `script` prints there; curses reads one description per process, and a fork inherits it."""
    return subprocess.run(
        [sys.executable, "-c", f"from mosh_client.terminal import tty\n{script}"],
        env={**os.environ, "TERM": terminal, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout.strip()
