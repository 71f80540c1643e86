"""Why the server shuts a client down although the session goes on.

    offset  octets
    0       1       kind: 1 = detached, as the client asked; 2 = taken over by another client
    1       8       when, Unix time in seconds
    9       0–256   UTF-8 text: the session's id (kind 1), the address that took over (kind 2)

Knows nothing of who may attach and when.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from mosh_common.wire import extensions
from mosh_common.wire.hostdiff import PartDiff

PARTING_TEXT_OCTETS: Final = 256  # an id or an address is far shorter; what follows is cut
_HEAD: Final = struct.Struct(">BQ")


class PartingKind(enum.IntEnum):
    """What became of the client's place. Later versions may have others: then the kind is a number only."""

    DETACHED = 1
    TAKEN_OVER = 2


class Parting(NamedTuple):
    """A client's end that is not the session's."""

    kind: int
    at: int  # Unix time, seconds
    text: str  # printable; what it means depends on the kind


class PartingPart:
    """Values are `Parting`, or None: the client is not parted from its session."""

    number: Final = extensions.PARTING
    initial: Final = None

    def diff_from(self, known: Parting | None, value: Parting | None) -> tuple[PartDiff, ...]:
        """See LocalPart: said once, with the end."""
        return (PartDiff(self.number, _encode(value)),) if value is not None and value != known else ()

    def looks_like(self, _one: Parting | None, _other: Parting | None) -> bool:
        """See LocalPart: it is not shown."""
        return True

    def apply(self, value: Parting | None, events: Sequence[PartDiff]) -> Parting | None:
        """See RemotePart. What is too short to be one changes nothing."""
        octets = events[-1].octets
        if len(octets) < _HEAD.size:
            return value
        kind, at = _HEAD.unpack_from(octets)
        text = octets[_HEAD.size : _HEAD.size + PARTING_TEXT_OCTETS].decode("utf-8", "replace")
        # SECURITY: it is a stranger's, and is told to the user (test_what_a_parting_says_is_printable).
        return Parting(kind, at, "".join([char if char.isprintable() else "?" for char in text]))

    def weight(self, value: Parting | None) -> int:
        """See RemotePart."""
        return 0 if value is None else 4 * len(value.text)


def _encode(parting: Parting) -> bytes:
    text = parting.text.encode("utf-8", "replace")[:PARTING_TEXT_OCTETS]
    return _HEAD.pack(parting.kind, parting.at) + text
