"""Sees to it that only tests with the mark `system` use the system: start processes, open ptys, speak to sockets.

The interpreter says so itself (sys.audit), whatever module of ours or of others asks for it.
"""

from __future__ import annotations

import os
import sys
from typing import Final

import pytest

_USES: Final = frozenset(
    {
        *("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.openpty"),
        *("socket.bind", "socket.connect", "socket.sendto"),
    }
)
_openpty: Final = os.openpty


class Guard:
    """Fails a test at the first use of the system, while `refusing` is true."""

    def __init__(self) -> None:
        self.refusing = False

    def install(self) -> None:
        """Listen to the interpreter; this lasts as long as the process."""
        sys.addaudithook(self._heard)
        os.openpty = _audited_openpty

    def _heard(self, event: str, _arguments: object) -> None:
        if self.refusing and event in _USES:
            self.refusing = False  # said once: what tidies up may need it
            pytest.fail(f"{event} in a test without pytest.mark.system (docs/testing.md)")


def _audited_openpty() -> tuple[int, int]:
    sys.audit("os.openpty")  # the interpreter has no event of it
    return _openpty()
