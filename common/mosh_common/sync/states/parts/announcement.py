"""What program the server is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_common.wire import extensions
from mosh_common.wire.hostdiff import Announcement


class AnnouncementPart:
    """Values are names with versions; "" = nothing, as upstream's server says."""

    number: Final = extensions.ANNOUNCEMENT
    initial: Final = ""

    def diff_from(self, known: str, value: str) -> tuple[Announcement, ...]:
        """See LocalPart."""
        return (Announcement(value),) if value != known else ()

    def looks_like(self, _one: str, _other: str) -> bool:
        """See LocalPart: it is looked up, not shown."""
        return True

    def apply(self, _value: str, events: Sequence[Announcement]) -> str:
        """See RemotePart."""
        return events[-1].program

    def weight(self, value: str) -> int:
        """See RemotePart."""
        return 4 * len(value)
