"""What the server tells the user of itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_common.wire import extensions
from mosh_common.wire.hostdiff import Notice


class NoticesPart:
    """Values are notices in order of kind, each kind once; none in state 0."""

    number: Final = extensions.NOTICE
    initial: Final[tuple[Notice, ...]] = ()

    def diff_from(self, known: tuple[Notice, ...], value: tuple[Notice, ...]) -> list[Notice]:
        """See LocalPart."""
        over = {notice.kind for notice in known} - {notice.kind for notice in value}
        return [
            *[Notice(kind, "") for kind in sorted(over)],
            *[notice for notice in value if notice not in known],
        ]

    def looks_like(self, one: tuple[Notice, ...], other: tuple[Notice, ...]) -> bool:
        """See LocalPart."""
        return one == other

    def apply(self, value: tuple[Notice, ...], events: Sequence[Notice]) -> tuple[Notice, ...]:
        """See RemotePart."""
        notices = {notice.kind: notice for notice in (*value, *events)}
        return tuple([notices[kind] for kind in sorted(notices) if notices[kind].text])

    def weight(self, value: tuple[Notice, ...]) -> int:
        """See RemotePart."""
        return sum([4 * len(notice.text) for notice in value])
