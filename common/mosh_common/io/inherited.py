"""What a process may have inherited from whoever started it, and cannot work with: signals, a limit of descriptors.

Shells, supervisors and cron jobs hand on what they have set for themselves. Each of our programs calls these first.
"""

from __future__ import annotations

import os
import signal
from typing import Final

from mosh_common.errors import EnvironmentFailure

# With fewer open files a session does not come to be; tests/e2e/test_ssh_inherited.py has one at these limits.
FEWEST_FOR_SERVER: Final = 24  # 19 of a session with a name; visitors at its door, sockets of other clients
FEWEST_FOR_CLIENT: Final = 16  # and for `mosh`, which becomes it


def expect_signals() -> None:
    """Let no signal be blocked, the end of a child be told, and SIGTERM be heard before there is a loop.

    With SIGCHLD ignored the system reaps children itself, and waiting for one fails: no exit status, no wake-up.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    for number in (signal.SIGCHLD, signal.SIGTERM):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


def require_descriptors(fewest: int) -> None:
    """Raise EnvironmentFailure where fewer files may be open: the session would fail later, for another reason."""
    allowed = os.sysconf("SC_OPEN_MAX")  # RLIMIT_NOFILE without a module of its own to load; -1 = no limit
    if 0 <= allowed < fewest:
        raise EnvironmentFailure(
            f"Too few open files are allowed (ulimit -n {allowed}); allow at least {fewest}, for example"
            " with ulimit -n 256."
        )
