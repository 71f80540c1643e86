"""Fragments: an instruction cut to the path's MTU, and put together again (docs/wire.md §2).

    offset  octets
    0       8       id, the same for all fragments of one instruction; its top 8 bits are the channel
    8       2       final flag (bit 15), number (bits 0–14)
    10      n       contents: a piece of the instruction, encoded and compressed

Channel 0 is the protocol that there has always been: its ids count from 1, so a program that knows no channels never
sees another (docs/adr/0101). Knows nothing of ciphers or of what an instruction says.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from mosh_common.errors import UsageError
from mosh_common.wire.drop import Dropped, DropReason

_HEADER: Final = struct.Struct("!QH")
HEADER_OCTETS: Final = _HEADER.size
_FINAL: Final = 0x8000
FRAGMENTS_LIMIT: Final = 0x8000  # numbers have 15 bits
CHANNEL_SHIFT: Final = 56  # what is left counts 2^56 instructions of each channel: no key lives that long
LAST_CHANNEL: Final = 0xFF
# An instruction compressed to more than this is refused: no sender makes one (see instruction.INFLATED_LIMIT), and an
# incomplete assembly must not eat the process.
ASSEMBLY_LIMIT_OCTETS: Final = 8 << 20


class Fragment(NamedTuple):
    """One piece of an encoded instruction."""

    id: int
    number: int  # from 0
    final: bool
    contents: bytes

    @property
    def channel(self) -> int:
        """The channel that it belongs to."""
        return self.id >> CHANNEL_SHIFT

    def encode(self) -> bytes:
        """Return the payload of a datagram."""
        return _HEADER.pack(self.id, self.number | (_FINAL if self.final else 0)) + self.contents

    @classmethod
    def decode(cls, payload: bytes) -> Fragment:
        """Return the fragment in a datagram's payload. Raises Dropped."""
        if len(payload) < HEADER_OCTETS:
            raise Dropped(DropReason.MALFORMED_FRAGMENT, f"fragment of {len(payload)} octets, at least {HEADER_OCTETS}")
        id_, number = _HEADER.unpack_from(payload)
        return cls(id_, number & ~_FINAL, bool(number & _FINAL), payload[HEADER_OCTETS:])


def channel_of(payload: bytes) -> int:
    """Return the channel of a datagram's payload; of one that is no fragment, whatever it may be."""
    return payload[0] if payload else 0


def split(id_: int, encoded: bytes, fragment_octets: int) -> list[Fragment]:
    """Cut `encoded` into fragments of at most `fragment_octets`, headers included, which must be more than these.

    Raises UsageError when there would be more than the numbers can count.
    """
    size = fragment_octets - HEADER_OCTETS
    count = max(1, -(-len(encoded) // size))
    if count > FRAGMENTS_LIMIT:
        raise UsageError(f"{len(encoded)} octets need {count} fragments, at most {FRAGMENTS_LIMIT}")
    return [
        Fragment(id_, number, number == count - 1, encoded[number * size : (number + 1) * size])
        for number in range(count)
    ]


class Fragmenter:
    """Cuts encoded instructions of one channel, giving each different one a fresh id."""

    __slots__ = ("_encoded", "_fragment_octets", "_id")

    def __init__(self, channel: int = 0) -> None:
        self._id = channel << CHANNEL_SHIFT  # of the last instruction; the first one gets the next
        self._encoded: bytes | None = None  # the last instruction …
        self._fragment_octets = 0  # … and the size to which it was cut

    def split(self, encoded: bytes, fragment_octets: int) -> list[Fragment]:
        """Cut `encoded` as `split` does; the same instruction cut to the same size again keeps its id."""
        if encoded != self._encoded or fragment_octets != self._fragment_octets:
            self._id += 1
            self._encoded = encoded
            self._fragment_octets = fragment_octets
        return split(self._id, encoded, fragment_octets)


class Assembler:
    """Puts the fragments of the newest instruction of one channel together."""

    __slots__ = ("_id", "_limit", "_octets", "_pieces", "_total")

    def __init__(self, *, limit: int | None = None) -> None:
        """Refuse what has more than `limit` octets; None = ASSEMBLY_LIMIT_OCTETS."""
        self._limit = ASSEMBLY_LIMIT_OCTETS if limit is None else limit
        self._id: int | None = None  # of the instruction being assembled, or of the last one completed
        self._pieces: dict[int, bytes] = {}  # contents by number; empty = nothing is being assembled
        self._octets = 0  # sum of the pieces
        self._total: int | None = None  # number of fragments, once the final one came

    def add(self, fragment: Fragment) -> bytes | None:
        """Take a fragment; return the encoded instruction if this one completed it. Raises Dropped.

        Fragments of an id older than the one being assembled do not disturb it: a late single one is complete in
        itself, others are useless.
        """
        if fragment.final and fragment.number == 0:
            if self._id is None or fragment.id >= self._id:
                self._start(fragment.id)
            return fragment.contents
        if self._id is None or fragment.id > self._id:
            self._start(fragment.id)
        elif fragment.id < self._id:
            if self._pieces:
                return None
            self._start(fragment.id)
        return self._add_piece(fragment)

    def _start(self, id_: int) -> None:
        self._id = id_
        self._pieces = {}
        self._octets = 0
        self._total = None

    def _add_piece(self, fragment: Fragment) -> bytes | None:
        number = fragment.number
        held = self._pieces.get(number)
        if held is not None:
            if held != fragment.contents:
                self._refuse(f"two fragments {number} of one instruction differ")
            return None
        if fragment.final:
            if self._total is not None or any(other > number for other in self._pieces):
                self._refuse(f"final fragment {number} is not the last")
            self._total = number + 1
        elif self._total is not None and number >= self._total:
            self._refuse(f"fragment {number} of {self._total}")
        self._octets += len(fragment.contents)
        if self._octets > self._limit:
            self._refuse(f"instruction of more than {self._limit} octets")
        self._pieces[number] = fragment.contents
        if self._total is None or len(self._pieces) < self._total:
            return None
        encoded = b"".join(self._pieces[number] for number in range(self._total))
        self._start(fragment.id)
        return encoded

    def _refuse(self, message: str) -> None:
        """Forget the assembly, of which something cannot be true, and raise."""
        self._pieces = {}
        self._octets = 0
        self._total = None
        raise Dropped(DropReason.MALFORMED_FRAGMENT, message)
