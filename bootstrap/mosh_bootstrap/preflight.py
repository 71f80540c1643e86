"""What the client would refuse, asked before anybody logs in for it and a server is started that cannot be used.

The sentences and exit codes are the client's own; it asks again, since it may be started by others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Final

from mosh_common.errors import EnvironmentFailure, UsageError
from mosh_common.terminal_type import load_description

_OVERRULED: Final = "MOSH_PREDICTION_DISPLAY"


def check(environ: Mapping[str, str], *, own_client: bool) -> None:
    """Raise EnvironmentFailure for the first thing that keeps the client from starting here.

    `own_client`: it is ours; else only what every client needs is asked.
    """
    if own_client:
        check_choices(environ)
        if not os.isatty(0):
            raise EnvironmentFailure("mosh-client needs a terminal as its standard input.")
    with suppress(ImportError):  # a Python built without curses; the client has perhaps another
        load_description(environ.get("TERM", ""))


def check_choices(environ: Mapping[str, str]) -> None:
    """Raise EnvironmentFailure for a variable of the user's that our client would not take."""
    # What the options say of predictions was checked with them, and overrules the variable.
    chosen = {name: environ[name] for name in environ if name.startswith("MOSH_") and name != _OVERRULED}
    if not chosen:
        return
    try:
        from mosh_client.settings import read_settings  # 2 ms, and hardly anybody has chosen anything
    except ImportError:  # the client beside us is another Python's
        return
    try:
        read_settings(chosen)
    except UsageError as error:
        raise EnvironmentFailure(str(error)) from None
