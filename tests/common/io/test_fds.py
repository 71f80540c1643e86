"""Non-blocking reads and writes as values."""

from __future__ import annotations

import os
import subprocess
import sys

from mosh_common.io.fds import read_available, write_available


def test_an_empty_pipe_gives_nothing_and_a_closed_one_the_end():
    read, write = os.pipe()
    os.set_blocking(read, False)
    assert read_available(read) == b""
    os.write(write, b"abc")
    assert read_available(read) == b"abc"
    os.close(write)
    assert read_available(read) is None
    os.close(read)


def test_a_full_pipe_takes_nothing_and_a_broken_one_says_so():
    read, write = os.pipe()
    os.set_blocking(write, False)
    while write_available(write, b"x" * 65536):
        pass
    assert write_available(write, b"x") == 0
    os.close(read)
    assert write_available(write, b"x") is None
    os.close(write)


def test_inherited_descriptors_are_closed_but_for_those_named():
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
