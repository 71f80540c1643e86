"""Our three programs forked from a process that has loaded them: processes of their own in all but their start.

The server is this file, run as a program; what it starts becomes a child of whoever asks, as one that it has started
itself. Who asks for what, and what starts for real all the same: forked.py.
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
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TypedDict

FOLDERS = tuple(str(Path(__file__).resolve().parents[2] / name) for name in ("bootstrap", "client", "common", "server"))
PACKAGES = ("mosh_bootstrap", "mosh_client", "mosh_server")
# What they load on most ways, beside their own modules; "mosh_common" as a whole is loaded, too.
_LOADED_TOO = ("curses", "email.parser", "mmap", "pexpect", "pyte", "subprocess", "traceback")
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
_LONGEST_REQUEST = 150_000  # octets; what a socket takes as one message
# Octets that a process shows in /proc: its words and its environment, which are its first memory.
LONGEST_WORDS, LONGEST_ENVIRONMENT = 8_000, 24_000
_MEMORY_FIELDS = slice(45, 49)  # arg_start, arg_end, env_start, env_end behind field 2 of /proc/self/stat (proc(5))


class Request(TypedDict):
    """What a program is started with, as JSON; its standard descriptors come beside that."""

    program: str  # one of PACKAGES, or the path of a file that runs one
    words: list[str]
    environment: dict[str, str]
    folder: str
    leader: bool  # of a session of its own
    terminal: bool  # its standard input is a terminal, and becomes its own


class ForkServer:
    """The asking side."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LANG": "C.UTF-8"}
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(other.fileno()), "-" * LONGEST_WORDS],
                env={**environment, "PYTHONPATH": os.pathsep.join(FOLDERS), "ROOM": "-" * LONGEST_ENVIRONMENT},
                stdin=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
            )
        self._prctl = ctypes.CDLL(None).prctl

    def start(self, request: Request, descriptors: Sequence[int]) -> int:
        """Start a program with these three standard descriptors; return its process id.

        Whoever asks must wait for it, as for any child.
        """
        held, gate = os.pipe()  # it begins when that is closed
        # A terminal once: the kernel bounds how many are on their way between all processes of a user, and a program
        # with a bound of 24 (tests/e2e/test_ssh_inherited.py) cannot hand on its own while we have more.
        standard = descriptors[:1] if len(set(descriptors)) == 1 else descriptors
        # Who starts it ends at once, and leaves it to us, since we take in what our children leave: not what the new
        # process's children leave, too, so it begins after that.
        self._prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], [*standard, held])
            return int(self._socket.recv(100))
        finally:
            self._prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
            os.close(held)
            os.close(gate)

    def close(self) -> None:
        """End the server; what it has started stays."""
        self._socket.close()
        self._process.wait()


def _serve(asking: socket.socket) -> Request:
    """Fork once for each request; return that in what has been forked. Leave the process where nobody asks any more."""
    while True:
        message, descriptors, _flags, _address = socket.recv_fds(asking, _LONGEST_REQUEST, 4)
        if not message:
            os._exit(0)
        from_between, to_us = os.pipe()
        between = os.fork()
        if not between:
            program = os.fork()
            if program:
                os.write(to_us, str(program).encode())
                os._exit(0)
            *standard, gate = descriptors
            standard *= 3 // len(standard)
            os.close(to_us)
            os.read(gate, 1)
            request: Request = json.loads(message)
            _become(request, standard)
            return request
        os.waitpid(between, 0)  # from now on it is the asking one's
        asking.send(os.read(from_between, 100))
        for descriptor in (from_between, to_us, *descriptors):
            os.close(descriptor)


def _become(request: Request, descriptors: Sequence[int]) -> None:
    """Put on what a new process has from whoever starts it."""
    import fcntl
    import locale
    import random
    import termios
    import time

    if request["leader"]:
        os.setsid()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
    os.closerange(3, 1000)
    if request["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    if signal.getsignal(signal.SIGINT) is _not_for_us:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    locale.setlocale(locale.LC_CTYPE, "")
    time.tzset()
    random.seed()
    sys.argv = ["", *request["words"]]
    called = ["-m"] if request["program"] in PACKAGES else []
    sys.orig_argv = [sys.executable, *called, request["program"], *request["words"]]
    _show_as(sys.orig_argv, request["environment"])
    # As Python itself makes them in this locale, in which the server was started.
    stdin, stdout, stderr = (os.fdopen(number, mode, closefd=False) for number, mode in enumerate(("rb", "wb", "wb")))
    sys.stdin = io.TextIOWrapper(stdin, encoding="utf-8", errors=sys.stdin.errors)
    sys.stdout = io.TextIOWrapper(stdout, encoding="utf-8", errors=sys.stdout.errors, line_buffering=os.isatty(1))
    sys.stderr = io.TextIOWrapper(stderr, encoding="utf-8", errors=sys.stderr.errors, line_buffering=True)


def _show_as(words: Sequence[str], environment: dict[str, str]) -> None:
    """Let /proc/PID/cmdline and environ say this, where the product looks, too, and erases the key."""
    stat = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    first_word, end_of_words, first_variable, end_of_variables = map(int, stat[_MEMORY_FIELDS])
    shown = (
        (first_word, end_of_words, [*words]),
        (first_variable, end_of_variables, [f"{name}={value}" for name, value in environment.items()]),
    )
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        for start, end, texts in shown:
            octets = b"".join(os.fsencode(text) + b"\0" for text in texts)
            os.pwrite(memory.fileno(), octets.ljust(end - start, b"\0"), start)


def _not_for_us(*_: object) -> None:
    """A key of a terminal that the tests run in: who asks ends, and we with it."""


def _load() -> None:
    for name in (*PACKAGES, "mosh_common"):
        for module in pkgutil.walk_packages(import_module(name).__path__, f"{name}."):
            if not module.name.endswith("__main__"):
                import_module(module.name)
    for name in _LOADED_TOO:
        import_module(name)


def _main() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _not_for_us)
    asking = socket.socket(fileno=int(sys.argv[1]))
    _load()
    gc.freeze()
    request = _serve(asking)
    asking.detach()  # it is closed
    program = request["program"]
    try:
        if program in PACKAGES:
            runpy.run_module(program, run_name="__main__", alter_sys=True)
        else:
            sys.argv[0] = program
            runpy.run_path(program, run_name="__main__")
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
