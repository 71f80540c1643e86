"""What a process gives up of its own accord: prctl(2) on Linux. Elsewhere nothing; no caller depends on it.

Called once everything is imported and started; ctypes is loaded only then.
"""

from __future__ import annotations

import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4  # <linux/prctl.h>
_PR_SET_NAME: Final = 15
_PR_SET_NO_NEW_PRIVS: Final = 38


def forbid_tracing() -> bool:
    """No other process of the user may attach to this one or read its memory and environment; return whether so."""
    return _prctl(_PR_SET_DUMPABLE, 0)


def forbid_new_privileges() -> bool:
    """Nothing that this process may start gets more rights than it has; return whether so."""
    return _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def name_process(name: str) -> bool:
    """Show `name` (15 octets at most) in ps and top; return whether so."""
    return _prctl(_PR_SET_NAME, name.encode())


def _prctl(option: int, value: int | bytes) -> bool:
    if sys.platform.startswith("linux"):
        try:
            import ctypes

            return bool(ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0)
        except (ImportError, OSError, AttributeError):
            pass
    return False
