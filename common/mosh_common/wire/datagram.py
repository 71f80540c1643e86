"""One sealed datagram (docs/wire.md §1).

    offset  octets
    0       8       nonce: direction in bit 63 (1 = to the client), sequence number in bits 0–62
    8       n       ciphertext of: timestamp[2], timestamp reply[2], payload (one fragment)
    8+n     16      tag

Knows no state, no clock and no address: `Endpoint` counts sequence numbers and reads timestamps.
"""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from mosh_common.errors import PeerError, UsageError
from mosh_common.protocol import DATAGRAM_MIN_OCTETS, NONCE_OCTETS, SEQUENCE_LIMIT, TIMESTAMPS_OCTETS, TO_CLIENT_BIT
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.ocb import Ocb

_NONCE: Final = struct.Struct("!Q")
_TIMESTAMPS: Final = struct.Struct("!HH")
_NONCE_PREFIX: Final = b"\0\0\0\0"  # the cipher takes 12 octets, 8 of which travel


class Datagram(NamedTuple):
    """The contents of a datagram (docs/wire.md §1). Timestamps are the low 16 bits of milliseconds; 65535 = none."""

    to_client: bool
    sequence: int  # below SEQUENCE_LIMIT
    timestamp: int
    timestamp_reply: int
    payload: bytes


def seal(cipher: Ocb, datagram: Datagram) -> bytes:
    """Return the octets to send (docs/wire.md §1).

    Never call it twice with one direction and sequence number under one key.
    Raises UsageError for a sequence number that does not fit into 63 bits, and once the key is used up (Ocb.seal).
    """
    if not 0 <= datagram.sequence < SEQUENCE_LIMIT:
        raise UsageError(f"sequence number {datagram.sequence} outside 0–2^63")
    nonce = _NONCE.pack(datagram.sequence | (TO_CLIENT_BIT if datagram.to_client else 0))
    plaintext = _TIMESTAMPS.pack(datagram.timestamp, datagram.timestamp_reply) + datagram.payload
    return nonce + cipher.seal(_NONCE_PREFIX + nonce, plaintext)


def unseal(cipher: Ocb, data: bytes, *, to_client: bool) -> Datagram:
    """Return the contents of a datagram that should come in the direction `to_client`.

    Raises Dropped for one that is too short, not authentic, or of the other direction.
    """
    if len(data) < DATAGRAM_MIN_OCTETS:
        raise Dropped(DropReason.TOO_SHORT, f"datagram of {len(data)} octets, at least {DATAGRAM_MIN_OCTETS}")
    nonce = data[:NONCE_OCTETS]
    (number,) = _NONCE.unpack(nonce)
    # SECURITY: a datagram of our own, sent back to us, is authentic: the direction bit is what tells.
    # (test_a_reflected_datagram_is_dropped)
    if bool(number & TO_CLIENT_BIT) is not to_client:
        raise Dropped(DropReason.OWN_DIRECTION, "datagram of our own direction")
    try:
        plaintext = cipher.open(_NONCE_PREFIX + nonce, data[NONCE_OCTETS:])
    except PeerError as error:
        raise Dropped(DropReason.NOT_AUTHENTIC, str(error)) from None
    if len(plaintext) < TIMESTAMPS_OCTETS:
        raise Dropped(DropReason.TOO_SHORT, f"plaintext of {len(plaintext)} octets, at least {TIMESTAMPS_OCTETS}")
    timestamp, timestamp_reply = _TIMESTAMPS.unpack_from(plaintext)
    return Datagram(to_client, number & ~TO_CLIENT_BIT, timestamp, timestamp_reply, plaintext[TIMESTAMPS_OCTETS:])
