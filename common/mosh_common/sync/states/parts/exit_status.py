"""How the program that the session ran has ended, for the client to end likewise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_common.wire import extensions
from mosh_common.wire.hostdiff import PartDiff


class ExitStatusPart:
    """Values are 0 to 255, as shells say them (128 + n: signal n), or None: it has not ended, or nobody knows how."""

    number: Final = extensions.EXIT_STATUS
    initial: Final = None

    def diff_from(self, known: int | None, value: int | None) -> tuple[PartDiff, ...]:
        """See LocalPart: said once, with the end."""
        return (PartDiff(self.number, bytes((value,))),) if value is not None and value != known else ()

    def looks_like(self, _one: int | None, _other: int | None) -> bool:
        """See LocalPart: it is not shown."""
        return True

    def apply(self, value: int | None, events: Sequence[PartDiff]) -> int | None:
        """See RemotePart. One octet; what follows it is of later versions, and none changes nothing."""
        octets = events[-1].octets
        return octets[0] if octets else value

    def weight(self, _value: int | None) -> int:
        """See RemotePart."""
        return 0
