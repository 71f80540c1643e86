"""Becoming mosh-client: the last thing that `mosh` does."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Final, NoReturn

from mosh_bootstrap.program import own_program, path_program
from mosh_common.errors import EnvironmentFailure

_NOT_FOUND_EXIT: Final = 127  # sh(1)
_NOT_EXECUTABLE_EXIT: Final = 126  # sh(1)


def find_client(client: str, *, own_path: str) -> list[str]:
    """Return the words that run the client, before anybody has to log in for one that is missing.

    `client`: the user's choice, empty for ours. Raises EnvironmentFailure when there is none.
    """
    if client:
        found = shutil.which(client)
        if found is None:
            raise EnvironmentFailure(
                f"Cannot find the client {client!r} on this machine; --client must name an executable file.",
                exit_code=_NOT_FOUND_EXIT,
            )
        return [found]
    own = own_program("mosh-client", "mosh_client", own_path=own_path)
    if own is not None:
        # It is of the same installation; the server alone has no need of it.
        if find_spec("msgpack") is None:
            raise EnvironmentFailure(
                f"{sys.executable} lacks the package msgpack, which mosh-client needs; install it, or name another"
                " Python in MOSH_PYTHON.",
                exit_code=_NOT_FOUND_EXIT,
            )
        return own
    found = path_program("mosh-client")
    if found is None:
        raise EnvironmentFailure(
            "Cannot find mosh-client on this machine; install it, or name it with --client=PATH.",
            exit_code=_NOT_FOUND_EXIT,
        )
    return [found]


def become_client(words: Sequence[str], environ: Mapping[str, str]) -> NoReturn:
    """Replace this process by the client. Raises EnvironmentFailure when that cannot be done.

    SECURITY: the key travels in `environ`, which only this user and root can read; never in `words`, which all can.
    test_the_key_is_in_no_argument
    """
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and exec would pass that on
    try:
        os.execvpe(words[0], list(words), dict(environ))
    except OSError as error:
        raise EnvironmentFailure(
            f"Cannot run the client {words[0]!r}: {error.strerror}.", exit_code=_NOT_EXECUTABLE_EXIT
        ) from None
