"""What went wrong with what the programs wrote, and what the user is told of it.

Knows nothing of the session; it is asked after each turn.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.payloads import LONGEST_CLIPBOARD
from mosh_common.wire.hostdiff import NoticeKind
from mosh_server.output.guarded_emulator import GuardedEmulator
from mosh_server.output.notices import Notices

# A failure of the emulator may have left the screen wrong until the programs draw it anew; what they print this much
# later without another failure is taken as a sign that they did.
FAILURE_HOLDS_MS: Final = 5000


class Incidents:
    """The failures and refusals of `emulator`, and the `notices` about them."""

    __slots__ = ("_emulator", "_failed_at", "_notices")

    def __init__(self, emulator: GuardedEmulator, notices: Notices) -> None:
        self._emulator = emulator
        self._notices = notices
        self._failed_at: int | None = None  # when the emulator failed last; None = that was long ago

    def digested(self, *, now: int) -> None:
        """Note that all output was digested: without another failure the last one is not told any more."""
        if self._failed_at is not None and not self._emulator.failing and now >= self._failed_at + FAILURE_HOLDS_MS:
            self._failed_at = None
            self._notices.drop(NoticeKind.OUTPUT_NOT_DIGESTED)

    def note_failures(self, *, now: int) -> list[str]:
        """Tell the user that the emulator failed; return where it did since the last call."""
        places = self._emulator.failures()
        if places:
            self._failed_at = now
            self._notices.hold(
                NoticeKind.OUTPUT_NOT_DIGESTED,
                f"cannot digest what the programs print ({places[-1]}); please report this.",
            )
        return places

    def note_clipboard(self, *, now: int) -> None:
        """Tell the user of a clipboard that a program set and that is too long to cross."""
        length = self._emulator.take_refused_clipboard()
        if length:
            self._notices.say(
                NoticeKind.CLIPBOARD_NOT_SET,
                f"a program's clipboard of {_kilobytes(length)} kB was not set; {_kilobytes(LONGEST_CLIPBOARD)} fit.",
                now=now,
            )


def _kilobytes(length: int) -> int:
    """Return how many kB so many characters of base64 hold."""
    return length * 3 // 4 // 1000
