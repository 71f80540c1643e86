"""`mosh` forked from a process that has loaded it: a program of its own in all but its start, which takes longest.

For tests of what it does; how a Python comes to run it is what tests/bootstrap/test_wrapper.py and others try. The
server is this file, run as a program; each `mosh` becomes a child of whoever asks, as one that it has started itself.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import io
import json
import os
import pkgutil
import runpy
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TypedDict

_PROGRAM = "mosh_bootstrap"
# What it loads on most ways, beside its own modules.
_LOADED_TOO = (
    *("mosh_common.wire.key", "mosh_common.io.inherited", "mosh_client.settings"),
    *("curses", "email.parser", "pexpect", "subprocess"),
)
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_LONGEST_REQUEST = 150_000  # octets; what a socket takes as one message


class _Request(TypedDict):
    """What `mosh` is started with, as JSON."""

    words: list[str]
    environment: dict[str, str]
    folder: str
    terminal: bool  # its descriptors are a terminal, and its own


class ForkServer:
    """The asking side. `folders` are those of our packages."""

    def __init__(self, folders: Sequence[str]) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(other.fileno())],
                env={**environment, "PYTHONPATH": os.pathsep.join(folders)},
                stdin=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
            )
        self._prctl = ctypes.CDLL(None).prctl

    def start(
        self, words: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int], *, terminal: bool
    ) -> int:
        """Start `mosh` with these arguments in a session of its own; return its process id.

        Its standard input, output and error are the three `descriptors`: a terminal, where that is said, it has for its
        own. Whoever asks must wait for it, as for any child.
        """
        request = _Request(words=list(words), environment=dict(environment), folder=os.getcwd(), terminal=terminal)
        # Who starts it ends at once, and leaves it to us, since we take in what our children leave.
        self._prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], descriptors)
            return int(self._socket.recv(100))
        finally:
            self._prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)

    def close(self) -> None:
        """End the server; what it has started stays."""
        self._socket.close()
        self._process.wait()


def _serve(asking: socket.socket) -> None:
    """Fork once for each request; return in what has been forked, and leave the process where nobody asks any more."""
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(asking, _LONGEST_REQUEST, 3)
        if not message:
            os._exit(0)
        from_between, to_us = os.pipe()
        between = os.fork()
        if not between:
            program = os.fork()
            if program:
                os.write(to_us, str(program).encode())
                os._exit(0)
            _become(json.loads(message), descriptors)
            return
        os.waitpid(between, 0)  # from now on it is the asking one's
        asking.send(os.read(from_between, 100))
        for descriptor in (from_between, to_us, *descriptors):
            os.close(descriptor)


def _become(request: _Request, descriptors: Sequence[int]) -> None:
    """Put on what a new process has from whoever starts it."""
    import fcntl
    import locale
    import random
    import termios

    os.setsid()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, 1000)
    if request["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    locale.setlocale(locale.LC_CTYPE, "")
    random.seed()
    sys.argv = ["", *request["words"]]
    stdin, stdout, stderr = (os.fdopen(number, mode, closefd=False) for number, mode in enumerate(("rb", "wb", "wb")))
    sys.stdin = io.TextIOWrapper(stdin, encoding="utf-8")
    sys.stdout = io.TextIOWrapper(stdout, encoding="utf-8", line_buffering=os.isatty(1))
    sys.stderr = io.TextIOWrapper(stderr, encoding="utf-8", errors="backslashreplace", line_buffering=True)


def _main() -> None:
    asking = socket.socket(fileno=int(sys.argv[1]))
    package = import_module(_PROGRAM)
    for module in pkgutil.walk_packages(package.__path__, f"{_PROGRAM}."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    for name in _LOADED_TOO:
        import_module(name)
    gc.freeze()
    _serve(asking)
    asking.detach()  # it is closed
    try:
        runpy.run_module(_PROGRAM, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            _end(end.code or 0)
        raise


def _end(code: int) -> None:
    """End as Python does, without taking apart what was loaded: that takes longer than all else."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)


if __name__ == "__main__":
    sys.path[:] = [folder for folder in sys.path if folder != str(Path(__file__).parent)]
    _main()
