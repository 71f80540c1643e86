"""What the user asks of the sessions that are on a host already: the words for its server, and the way back to one.

Pure. The words, and what the server answers, are docs/door.md's; an answer is `session_answer.py`'s to read.
"""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING, Final

from mosh_common.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mosh_bootstrap.options import Options

ONLY: Final = "--only"  # in place of an id: the only detached session
# At least three words: upstream's server refuses them, and starts nothing.
_SESSION: Final = "session"
_NAME: Final = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,63}")
_ID: Final = re.compile(r"[1-9][0-9]{0,9}")
_VERBS: Final = ("list", "attach", "session", "end")  # fields of Options, of which at most one is asked for

# What leads to a host, and what the user wants to see there; what was asked for this once is not among it.
_WAY: Final = (
    *("ssh", "server", "client", "family", "port", "bind_server", "experimental_remote_ip"),
    *("predict", "keep_last_screen"),
)
_SWITCHES: Final = {  # field → option where it is True, where it is False
    "local": ("--local", ""),
    "ssh_pty": ("", "--no-ssh-pty"),
    "init": ("", "--no-init"),
    "predict_overwrite": ("--predict-overwrite", "--no-predict-overwrite"),
}


def check(options: Options) -> None:
    """Raise UsageError for what cannot be asked of sessions."""
    asked = [f"--{verb}" for verb in _VERBS if getattr(options, verb)]
    if len(asked) > 1:
        raise UsageError(f"{asked[0]} and {asked[1]} are two things to do; give one of them.")
    if options.command and not options.session:
        raise UsageError(f"{asked[0]} takes no command; what runs in a session was said when it began.")
    if options.attach and options.attach != ONLY:
        _check_which("attach", options.attach)
    if options.end:
        _check_which("end", options.end)
    if options.session and (not _NAME.fullmatch(options.session) or options.session.isdigit()):
        raise UsageError(
            f"--session needs a name of at most 64 letters, digits, '.', '_' and '-', and not of digits alone,"
            f" not {options.session!r}."
        )


def _check_which(verb: str, which: str) -> None:
    if not (_ID.fullmatch(which) or (_NAME.fullmatch(which) and not which.isdigit())):
        raise UsageError(f"--{verb} needs the id or the name of a session, as --list shows them, not {which!r}.")


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
