"""What the user asks of the sessions that are on a host already: the words for its server, and the way back to one.

Pure. The words, and what the server answers, are docs/door.md's; an answer is `session_answer.py`'s to read.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mosh_bootstrap.options import Options

# At least three words: upstream's server refuses them, and starts nothing.
_SESSION: Final = "session"

# What leads to a host, and what the user wants to see there; what was asked for this once is not among it.
_WAY: Final = (
    *("ssh", "server", "client", "family", "port", "bind_server", "experimental_remote_ip"),
    *("predict", "scrollback", "keep_last_screen"),
)
_SWITCHES: Final = {  # field → option where it is True, where it is False
    "local": ("--local", ""),
    "ssh_pty": ("", "--no-ssh-pty"),
    "init": ("", "--no-init"),
    "predict_overwrite": ("--predict-overwrite", "--no-predict-overwrite"),
}


def words(options: Options, *, listens: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the words behind "mosh-server".

    `listens`: those that say where the session is to answer; `new`: those of a new session, the former among them.
    """
    if options.list:
        return [_SESSION, "list", "--json"]
    if options.end:
        return [_SESSION, "end", options.end]
    if options.attach:
        return [_SESSION, "attach", options.attach, *listens]
    return [_SESSION, "create", options.session, *new]


def way_back(options: Options, plain: Options) -> str:
    """Return the words behind `mosh --attach` that lead to the host again, in shell quoting; to be shown.

    `plain`: what holds where no option is given.
    """
    found: list[str] = []
    for field, (if_true, if_false) in _SWITCHES.items():
        value = getattr(options, field)
        if value != getattr(plain, field):
            found.append(if_true if value else if_false)
    for field in _WAY:
        value = getattr(options, field)
        if value != getattr(plain, field):
            found.append(f"--{field.replace('_', '-')}={shlex.quote(value)}")
    return " ".join([*found, *([shlex.quote(options.host)] if options.host else [])])
