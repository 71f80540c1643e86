"""Messages on a stream: a length of four octets, then that many octets. Both directions bound the length.

Knows nothing of what a message holds, and does no I/O.
"""

from __future__ import annotations

import struct
from typing import Final

from mosh_common.errors import PeerError, UsageError

_LENGTH: Final = struct.Struct("!I")


class MessageReader:
    """Cuts a stream into the contents of its messages."""

    def __init__(self, *, longest: int) -> None:
        self._longest = longest  # octets that the other side may announce
        self._pending = bytearray()  # what came and is not yet a whole message

    def feed(self, data: bytes) -> list[bytes]:
        """Return the messages that `data` completes. Raises PeerError as soon as a length is out of bounds."""
        self._pending += data
        messages: list[bytes] = []
        position = 0
        while len(self._pending) - position >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._pending, position)
            if not 1 <= length <= self._longest:
                raise PeerError(f"IPC message of {length} octets, expected 1–{self._longest}")
            end = position + _LENGTH.size + length
            if len(self._pending) < end:
                break
            messages.append(bytes(self._pending[position + _LENGTH.size : end]))
            position = end
        if position:
            del self._pending[:position]
        return messages


def with_length(message: bytes, *, longest: int) -> bytes:
    """Return `message` with its length in front. Raises UsageError when the reader would refuse it."""
    if not 1 <= len(message) <= longest:
        raise UsageError(f"IPC message of {len(message)} octets, at most {longest} are allowed")
    return _LENGTH.pack(len(message)) + message
