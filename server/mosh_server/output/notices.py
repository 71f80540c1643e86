"""What the server tells the user of itself: sentences for the bar of our client (docs/wire.md §6, `notice`).

Knows nothing of what they say, nor of the screen that they go with. Time is an argument.
"""

from __future__ import annotations

from typing import Final

from mosh_common.wire.hostdiff import NOTICE_LIMIT, Notice, NoticeKind

PASSING_MS: Final = 5000  # a sentence that nobody takes away: time to read it, over a slow link too


class Notices:
    """The sentences that hold now, one of each kind."""

    def __init__(self) -> None:
        self._held: dict[NoticeKind, Notice] = {}
        self._until: dict[NoticeKind, int] = {}  # when those that pass are taken away

    def hold(self, kind: NoticeKind, text: str) -> None:
        """Say `text` in place of what was said of this kind, until it is dropped."""
        shown = "".join([char if char.isprintable() else "?" for char in text[:NOTICE_LIMIT]])
        self._held[kind] = Notice(int(kind), shown)
        self._until.pop(kind, None)

    def say(self, kind: NoticeKind, text: str, *, now: int) -> None:
        """Say `text` for PASSING_MS. Until then ask `next_deadline`, and call `expire`."""
        self.hold(kind, text)
        self._until[kind] = now + PASSING_MS

    def drop(self, kind: NoticeKind) -> None:
        """Take away what was said of this kind; harmless when nothing was."""
        self._held.pop(kind, None)
        self._until.pop(kind, None)

    def expire(self, *, now: int) -> bool:
        """Take away what has stood for long enough; return whether there was any."""
        over = [kind for kind, until in self._until.items() if now >= until]
        for kind in over:
            self.drop(kind)
        return bool(over)

    def next_deadline(self) -> int | None:
        """Return when `expire` wants to be called; None = never."""
        return min(self._until.values(), default=None)

    @property
    def current(self) -> tuple[Notice, ...]:
        """What is said now, in order of kind."""
        return tuple([self._held[kind] for kind in sorted(self._held)]) if self._held else ()
