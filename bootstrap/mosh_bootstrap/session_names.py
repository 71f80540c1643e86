"""What names a session on a command line, and what may be asked of sessions at once. Pure; knows no options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from mosh_common.errors import UsageError

ONLY: Final = "--only"  # in place of an id: the only detached session; to attach to, not to end
_NAME: Final = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]{0,63}")
_ID: Final = re.compile(r"[1-9][0-9]{0,9}")


def check(wishes: Mapping[str, str | bool], *, command: bool) -> None:
    """Raise UsageError for what cannot be asked of sessions.

    `wishes`: what --list, --attach, --session and --end have as their value; False or "" where they were not given.
    `command`: whether there is one.
    """
    asked = [f"--{name}" for name, value in wishes.items() if value]
    if len(asked) > 1:
        raise UsageError(f"{asked[0]} and {asked[1]} are two things to do; give one of them.")
    name = wishes["session"]
    if command and not name:
        raise UsageError(f"{asked[0]} takes no command; what runs in a session was said when it began.")
    if name and not _is_name(name):
        raise UsageError(
            f"--session needs a name of at most 64 letters, digits, '.', '_' and '-', and not of digits alone,"
            f" not {name!r}."
        )
    for verb in ("attach", "end"):
        which = wishes[verb]
        if which and not (_ID.fullmatch(str(which)) or _is_name(which) or (verb == "attach" and which == ONLY)):
            raise UsageError(f"--{verb} needs the id or the name of a session, as --list shows them, not {which!r}.")


def _is_name(name: str | bool) -> bool:
    return isinstance(name, str) and _NAME.fullmatch(name) is not None and not name.isdigit()
