"""Non-blocking reads and writes as values."""

from __future__ import annotations

import os
import resource
import select
import subprocess
import sys

import pytest

from mosh_common.io.fds import read_available, write_available, write_line


def test_an_empty_pipe_gives_nothing_and_a_closed_one_the_end() -> None:
    read, write = os.pipe()
    os.set_blocking(read, False)
    assert read_available(read) == b""
    os.write(write, b"abc")
    assert read_available(read) == b"abc"
    os.close(write)
    assert read_available(read) is None
    os.close(read)


def test_a_full_pipe_takes_nothing_and_a_broken_one_says_so() -> None:
    read, write = os.pipe()
    os.set_blocking(write, False)
    while write_available(write, b"x" * 65536):
        pass
    assert write_available(write, b"x") == 0
    os.close(read)
    assert write_available(write, b"x") is None
    os.close(write)


@pytest.mark.system
def test_inherited_descriptors_are_closed_but_for_those_named() -> None:
    script = (
        "import os\n"
        "from mosh_common.io.fds import close_all_except\n"
        "a, b = os.pipe(); c, d = os.pipe()\n"
        "close_all_except({b, c})\n"
        "alive = []\n"
        "for fd in (a, b, c, d):\n"
        "    try: os.fstat(fd); alive.append(fd)\n"
        "    except OSError: pass\n"
        "assert alive == [b, c], alive\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, env={**os.environ, "PYTHONPATH": "common"})


def test_a_line_is_written_where_it_can_be_and_lost_where_not() -> None:
    reading, writing = os.pipe()
    write_line(writing, "wörd\udc80")
    assert os.read(reading, 100) == "wörd\\udc80\n".encode()
    while select.select([], [writing], [], 0)[1]:
        os.write(writing, bytes(4096))
    write_line(writing, "blocks nobody")
    os.close(reading)
    write_line(writing, "nobody reads")
    os.close(writing)
    write_line(writing, "closed")
    with open("/dev/full", "wb") as full:
        write_line(full.fileno(), "no room")


@pytest.mark.system
def test_a_line_is_written_by_a_process_that_may_open_no_descriptor() -> None:
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
        write_line(writing, "still")
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writing)
    assert os.read(reading, 100) == b"still\n"
    os.close(reading)


@pytest.mark.system
@pytest.mark.parametrize("is_read", [True, False], ids=["read", "nobody-reads"])
def test_a_process_that_leaves_writes_what_is_buffered_and_tidies_nothing_up(
    is_read: bool,
) -> None:
    script = (
        "import atexit, sys; from mosh_common.io.fds import leave; atexit.register(print, 'tidied up');"
        " print('said', flush=False); leave(7)"
    )
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": "common"}
    words = [sys.executable, "-c", script]
    if is_read:
        done = subprocess.run(words, env=environment, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (7, b"said\n", b"")
        return
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(words, env=environment, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (7, b"")
