"""What the user is told of a login that goes on: with -v the stages as they are reached, else that it takes long.

On standard error, or on the terminal where it is for nobody else. Knows nothing of ssh.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Final, NamedTuple

from mosh_common import handover
from mosh_common.clock import now_ms

PATIENCE_MS: Final = 2000  # before somebody who sees nothing is told what is waited for
# Between two looks at a login that has not led to a server: one that is stuck at both is told of.
STUCK_LOOK_MS: Final = 5000
_ERASED: Final = b"\r\x1b[K"


def begun() -> int:
    """Return when this process was started, on the clock of `now_ms`: it has been busy ever since."""
    return now_ms() - int(time.process_time() * 1000)


class Progress(NamedTuple):
    """For one login."""

    host: str = ""  # "" = nothing is waited for that the user could not name
    since: int | None = None  # with -v: when all began (`now_ms`)

    def reached(self, stage: str, *, in_mid_line: bool = False) -> None:
        """Say that `stage` is reached, with the milliseconds since the beginning; nothing without -v.

        `in_mid_line`: what stands on the terminal did not end its line.
        """
        if self.since is None:
            return
        # Raw or not: the terminal goes to the beginning of the line.
        text = f"mosh: {now_ms() - self.since:6} ms  {stage}\r\n"
        if not os.isatty(2):
            text = text.replace("\r", "")
        elif in_mid_line:
            text = "\r\n" + text
        try:
            sys.stderr.write(text)
            sys.stderr.flush()
        except OSError:  # closed by whoever started us
            pass

    def for_client(self) -> dict[str, str]:
        """Return the variable by which the client tells its own stages from the same beginning; nothing without -v."""
        return {} if self.since is None else {handover.BEGUN_VARIABLE: str(self.since)}

    def waiting(self, columns: int) -> bytes:
        """Return the line for a terminal of so many columns that tells what is waited for; `erased` takes it away."""
        text = f"mosh: connecting to {self.host} through ssh… (Ctrl-C gives up)"
        return text[: columns - 1].encode()  # of a line that was broken only the end could be taken away

    def stuck(self) -> bytes:
        """Return the line that tells what a login may wait for that has come no further."""
        return (
            f"mosh: logged in to {self.host}, but mosh-server says nothing; a start-up file there may read the keyboard"
            " or start another shell: Ctrl-C gives up, and --no-ssh-pty may do.\r\n"
        ).encode()

    @staticmethod
    def erased() -> bytes:
        """Return what takes the line away that `waiting` gave, with the keys that were shown behind it."""
        return _ERASED


SILENT: Final = Progress()
