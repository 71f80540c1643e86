"""The variables of the environment that choose a locale, as the user and not as Python has set them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Final

# All of them, in the order of `locale`'s output, which is the one to apply them in: LC_ALL last.
LOCALE_VARIABLES: Final = (
    "LANG", "LANGUAGE", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "LC_COLLATE", "LC_MONETARY", "LC_MESSAGES",
    "LC_PAPER", "LC_NAME", "LC_ADDRESS", "LC_TELEPHONE", "LC_MEASUREMENT", "LC_IDENTIFICATION", "LC_ALL",
)  # fmt: skip
CHARACTER_SET_VARIABLES: Final = ("LC_ALL", "LC_CTYPE", "LANG")  # the first that is set rules (POSIX 8.2)

_COERCION_TARGETS: Final = ("C.UTF-8", "C.utf8", "UTF-8")  # PEP 538
_ASSIGNMENT: Final = b"LC_CTYPE="
_INITIAL_ENVIRONMENT: Final = "/proc/self/environ"


def native_environment(environ: Mapping[str, str], *, initial: str = _INITIAL_ENVIRONMENT) -> dict[str, str]:
    """Return the environment as this process was given it: with no LC_CTYPE of Python's own (PEP 538).

    Python sets it where the locale is C or not installed, in place of what was there. `initial` is the file that has
    the environment block of the process's start; it is read only where LC_CTYPE may be Python's.
    """
    given = dict(environ)
    if given.get("LC_CTYPE") not in _COERCION_TARGETS or given.get("LC_ALL"):
        return given
    try:
        with open(initial, "rb") as file:
            entries = file.read().split(b"\0")
    except OSError:
        # No telling. Taken for Python's own where nothing else names a locale: then -l has its say.
        if sys.platform != "darwin" and given.get("LANG", "") in ("", "C", "POSIX"):
            del given["LC_CTYPE"]
        return given
    values = [entry.removeprefix(_ASSIGNMENT) for entry in entries if entry.startswith(_ASSIGNMENT)]
    if values:
        given["LC_CTYPE"] = os.fsdecode(values[0])
    else:
        del given["LC_CTYPE"]
    return given
