"""Becoming mosh-client: the last thing that `mosh` does."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Final, NamedTuple, NoReturn

from mosh_bootstrap.program import own_program, path_program
from mosh_common import handover
from mosh_common.errors import EnvironmentFailure
from mosh_common.io.fds import write_available

_NOT_FOUND_EXIT: Final = 127  # sh(1)
_NOT_EXECUTABLE_EXIT: Final = 126  # sh(1)


class Client(NamedTuple):
    """What is started at the end."""

    words: list[str]  # that run it
    ours: bool  # of this installation: it knows what handover.py says


def find_client(client: str, *, own_path: str) -> Client:
    """Return how the client is run, before anybody has to log in for one that is missing.

    `client`: the user's choice, empty for ours. Raises EnvironmentFailure when there is none.
    """
    if client:
        found = shutil.which(client)
        if found is None:
            raise EnvironmentFailure(
                f"Cannot find the client {client!r} on this machine; --client must name an executable file.",
                exit_code=_NOT_FOUND_EXIT,
            )
        return Client([found], ours=False)
    own = own_program("mosh-client", "mosh_client", own_path=own_path)
    if own is not None:
        # It is of the same installation; the server alone has no need of it.
        if find_spec("msgpack") is None:
            raise EnvironmentFailure(
                f"{sys.executable} lacks the package msgpack, which mosh-client needs; install it, or name another"
                " Python in MOSH_PYTHON.",
                exit_code=_NOT_FOUND_EXIT,
            )
        return Client(own, ours=True)
    found = path_program("mosh-client")
    if found is None:
        raise EnvironmentFailure(
            "Cannot find mosh-client on this machine; install it, or name it with --client=PATH.",
            exit_code=_NOT_FOUND_EXIT,
        )
    return Client([found], ours=False)


def become_client(
    words: Sequence[str], environ: Mapping[str, str], *, typed: bytes = b"", left: Sequence[int] = ()
) -> NoReturn:
    """Replace this process by the client. Raises EnvironmentFailure when that cannot be done.

    `typed`: what the user has typed for the session already. It goes through a pipe, whose number the client finds in
    its environment: no terminal takes keys back. `left`: our children that still run.

    SECURITY: the key travels in `environ`, which only this user and root can read; never in `words`, which all can.
    test_the_key_is_in_no_argument
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and exec would pass that on
    inherited = dict(environ)
    for name in (handover.TYPED_VARIABLE, handover.LEFT_VARIABLE):
        inherited.pop(name, None)
    if left:
        inherited[handover.LEFT_VARIABLE] = " ".join(map(str, left))
    if typed:
        inherited[handover.TYPED_VARIABLE] = str(_pipe_with(typed))
    try:
        os.execvpe(words[0], list(words), inherited)
    except OSError as error:
        raise EnvironmentFailure(
            f"Cannot run the client {words[0]!r}: {error.strerror}.", exit_code=_NOT_EXECUTABLE_EXIT
        ) from None


def _pipe_with(data: bytes) -> int:
    """Return the end of a pipe with `data` in it, as much as it takes; a program that replaces us has it too."""
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    write_available(write_end, data)
    os.close(write_end)
    os.set_inheritable(read_end, True)
    return read_end
