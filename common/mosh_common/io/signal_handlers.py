"""Other handlers for signals, without Python's complaint about a signal that came just before.

What a signal means to Python it does a little after it came. Where its handler has been taken away by then, Python
writes "Signal 17 ignored due to race condition" and a traceback to standard error, which is the user's terminal.
"""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import Any

Handler = Callable[[int, Any], Any] | int | None  # what signal.signal takes and returns


def change_handlers(handlers: Mapping[int, Handler]) -> dict[int, Handler]:
    """Give each signal that handler; return those of before. Only in the main thread.

    What came before is handled by the handler before; what comes meanwhile waits for the new one.
    """
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, handlers)  # which also calls the handlers that are due
    try:
        # None: it was not set by Python, which cannot set it again.
        return {number: signal.signal(number, handler) for number, handler in handlers.items() if handler is not None}
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
