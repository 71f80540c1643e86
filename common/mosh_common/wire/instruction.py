"""The transport instruction: its fields, protobuf and zlib around them (docs/wire.md §2, §3).

Knows nothing of fragments, and of states only that they have numbers.
"""

from __future__ import annotations

import zlib
from typing import Final, NamedTuple

from mosh_common.errors import PeerError, UsageError
from mosh_common.protocol import CHAFF_MAX_OCTETS, PROTOCOL_VERSION
from mosh_common.wire import messages, protobuf
from mosh_common.wire.drop import Dropped, DropReason

# What an instruction may inflate to: a frame that paints each cell of a 480×200 screen in its own two colours is half
# of it.
INFLATED_LIMIT: Final = 8 << 20


# Up to this many octets, a window and tables of that size compress as well as the largest ones.
SMALL_WINDOW_OCTETS: Final = 1024
_SMALL_WINDOW_BITS: Final = 12
_SMALL_MEMORY_LEVEL: Final = 5
_ZLIB_HEADER: Final = b"\x78\x9c"  # RFC 1950 §2.2: deflate, a window of at most 32 KiB, default level; as upstream's


class Instruction(NamedTuple):
    """One step of synchronisation; the fields of the table in docs/wire.md §3."""

    old_num: int
    new_num: int
    ack_num: int
    throwaway_num: int
    diff: bytes = b""
    chaff: bytes = b""
    protocol_version: int = PROTOCOL_VERSION

    def encode(self) -> bytes:
        """Return the compressed message, to be cut into fragments. Raises UsageError when no peer would take it."""
        serialized = protobuf.encode(
            messages.TRANSPORT_INSTRUCTION,
            {
                messages.VERSION: self.protocol_version,
                messages.OLD_NUM: self.old_num,
                messages.NEW_NUM: self.new_num,
                messages.ACK_NUM: self.ack_num,
                messages.THROWAWAY_NUM: self.throwaway_num,
                messages.DIFF: self.diff,
                messages.CHAFF: self.chaff,
            },
        )
        if len(serialized) > INFLATED_LIMIT:
            raise UsageError(f"an instruction of {len(serialized)} octets, at most {INFLATED_LIMIT}")
        return deflate(serialized)

    @classmethod
    def decode(cls, encoded: bytes, *, limit: int | None = None) -> Instruction:
        """Return the instruction in a compressed message. Raises Dropped.

        Also when it inflates to more than `limit` octets; None = INFLATED_LIMIT.
        """
        serialized = inflate(encoded, limit=limit)
        try:
            said = protobuf.decode(messages.TRANSPORT_INSTRUCTION, serialized).get
        except PeerError as error:
            raise Dropped(DropReason.MALFORMED_INSTRUCTION, f"no transport instruction: {error}") from None
        version = said(messages.VERSION, 0)
        # "2; anything else ends the session with a clear message"
        if version != PROTOCOL_VERSION:
            raise Dropped(
                DropReason.WRONG_VERSION,
                f"the other side speaks version {version} of the mosh protocol, this one {PROTOCOL_VERSION}",
            )
        return cls(
            said(messages.OLD_NUM, 0),
            said(messages.NEW_NUM, 0),
            said(messages.ACK_NUM, 0),
            said(messages.THROWAWAY_NUM, 0),
            said(messages.DIFF, b""),
            said(messages.CHAFF, b""),
            version,
        )


def deflate(serialized: bytes) -> bytes:
    """Return `serialized` as a zlib stream (RFC 1950)."""
    if len(serialized) > SMALL_WINDOW_OCTETS:
        return zlib.compress(serialized)
    # Measured: 6 µs for a key in place of 66, most of which go into clearing tables that a key has no use for.
    stream = zlib.compressobj(wbits=-_SMALL_WINDOW_BITS, memLevel=_SMALL_MEMORY_LEVEL)
    compressed = stream.compress(serialized) + stream.flush()
    return _ZLIB_HEADER + compressed + zlib.adler32(serialized).to_bytes(4, "big")


def inflate(encoded: bytes, *, limit: int | None = None) -> bytes:
    """Return what a zlib stream (RFC 1950) holds, up to `limit` octets (None: INFLATED_LIMIT). Raises Dropped."""
    if limit is None:
        limit = INFLATED_LIMIT
    # SECURITY: never more than the limit is inflated, whatever the stream promises.
    # (test_an_instruction_that_inflates_past_the_limit_is_refused)
    stream = zlib.decompressobj()
    try:
        inflated = stream.decompress(encoded, limit)
        # A stream that fills the limit exactly needs one more call to see its end; a longer one shows itself here.
        surplus = b"" if stream.eof else stream.decompress(stream.unconsumed_tail, 1)
    except zlib.error as error:
        raise Dropped(DropReason.MALFORMED_INSTRUCTION, f"not a zlib stream: {error}") from None
    if surplus:
        raise Dropped(DropReason.MALFORMED_INSTRUCTION, f"inflates to more than {limit} octets")
    if not stream.eof or stream.unused_data:
        raise Dropped(DropReason.MALFORMED_INSTRUCTION, "zlib stream cut short or followed by something")
    return inflated


def chaff(entropy: bytes) -> bytes:
    """Return 0 to 16 of the octets of `entropy`, of which 17 are wanted."""
    return entropy[1 : 1 + entropy[0] % (CHAFF_MAX_OCTETS + 1)]


CHAFF_ENTROPY_OCTETS: Final = CHAFF_MAX_OCTETS + 1  # what `chaff` wants: a length and the longest chaff
