"""The one clock: integer milliseconds that go on counting while the machine sleeps.

Read once per turn of a loop and passed down as ``now``; nothing in the core reads it.
"""

from __future__ import annotations

import time

# CLOCK_BOOTTIME counts through suspend, so that after a wake everything that is overdue is seen to be;
# where it is missing (macOS: CLOCK_MONOTONIC counts through sleep there; BSD) the monotonic clock serves.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now_ms() -> int:
    """Return milliseconds since an arbitrary start; never goes backwards."""
    return time.clock_gettime_ns(_CLOCK) // 1_000_000
