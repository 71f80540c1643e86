"""What the titles of the user's window say: the server's behind a prefix, and for a second that the clipboard was set.

Pure: time is an argument. Writing titles is the frame diff's; that a terminal may have none is the caller's to know.
"""

from __future__ import annotations

from typing import Final

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.payloads import title_of

CLIPBOARD_SET: Final = "[mosh: clipboard set] "
ANNOUNCED_MS: Final = 1000  # as long as a passing notice


class TitleBar:
    """The prefix, and what is announced in its place."""

    def __init__(self, *, prefix: str) -> None:
        self._prefix = prefix
        self._announced_until: int | None = None

    def announce_clipboard(self, *, now: int) -> None:
        """Say from now on, for a while, that the clipboard was set."""
        self._announced_until = now + ANNOUNCED_MS

    def announcing(self, *, now: int) -> bool:
        """Return whether that is to be said now."""
        return self._announced_until is not None and now < self._announced_until

    def over(self, screen: Snapshot, *, now: int) -> Snapshot:
        """Return `screen` with the titles that the window is to have."""
        # SECURITY: what is ours leads, so a long title cannot push it out of sight, and the whole is bounded.
        # Test: test_a_title_is_bounded_with_its_prefix.
        announcing = self.announcing(now=now)
        if not screen.title_set and not announcing:
            return screen
        prefix = self._prefix if screen.title_set else ""
        leading = CLIPBOARD_SET if announcing else prefix
        return screen._replace(
            title=title_of(leading + screen.title),
            icon_name=title_of(prefix + screen.icon_name),
            title_set=True,
        )

    def next_deadline(self, *, now: int) -> int | None:
        """Return when `over` changes although nothing is told; None = never. Changes nothing."""
        return self._announced_until if self.announcing(now=now) else None
