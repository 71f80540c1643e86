"""The environment as the user has set it, and not as Python has set it for itself.

Imports next to nothing, so that it can be asked before another Python takes this one's place: that one would find what
this one has added among what it was given.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing has it, which imports half of the library
if TYPE_CHECKING:
    from collections.abc import Mapping

_COERCION_TARGETS = ("C.UTF-8", "C.utf8", "UTF-8")  # PEP 538
_ASSIGNMENT = b"LC_CTYPE="
_INITIAL_ENVIRONMENT = "/proc/self/environ"


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
