"""A process that has loaded little, to do what makes copies of the process that it is done in.

A process of tests has all tests in it: a copy of it took 15 ms and more, and to dump its core a second. The server is
this file, run as a program; it does what it is asked for one by one.
"""

from __future__ import annotations

import gc
import json
import os
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from typing import TypeVar

from tests.support.programs import REPOSITORY, SOURCE_FOLDERS

Answer = TypeVar("Answer")


class SmallProcess:
    """The asking side, and a server of its own."""

    def __init__(self) -> None:
        self._socket, other = socket.socketpair()
        with other:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", __name__, str(other.fileno())],
                env={**os.environ, "PYTHONPATH": os.pathsep.join([*SOURCE_FOLDERS, str(REPOSITORY)])},
                stdin=subprocess.DEVNULL,
                pass_fds=[other.fileno()],
            )
        self._answers = self._socket.makefile()

    def ask(self, function: Callable[..., Answer], *arguments: str) -> Answer:
        """Return what `function` of a module returns there, which JSON can say; fail with what it raises."""
        request = [function.__module__, function.__name__, *arguments]
        self._socket.sendall(f"{json.dumps(request)}\n".encode())
        answer = self._answers.readline()
        assert answer, f"the small process ended with {self._process.wait()}"
        error, value = json.loads(answer)
        assert not error, error
        returned: Answer = value
        return returned

    def close(self) -> None:
        """End the server."""
        self._answers.close()
        self._socket.close()
        self._process.wait()


def _serve(asking: socket.socket) -> None:
    with asking.makefile() as requests:
        for request in requests:
            module, name, *arguments = json.loads(request)
            gc.freeze()  # for copies, to leave alone what was there before
            try:
                answer = ["", getattr(import_module(module), name)(*arguments)]
            except Exception:
                answer = [traceback.format_exc(), None]
            asking.sendall(f"{json.dumps(answer)}\n".encode())


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
