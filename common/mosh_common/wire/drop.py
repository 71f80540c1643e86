"""Why something that a peer sent was not used.

Each decoder of a kind of message raises `Dropped` and nothing else. What they are made of, protobuf.py and the ciphers,
knows of no reasons, and raises PeerError.
"""

from __future__ import annotations

import enum
from typing import Final

from mosh_common.errors import PeerError


class DropReason(enum.Enum):
    """Why something that came was not used. The value is for debug lines."""

    TOO_SHORT = "too short"  # cannot hold nonce and tag, or no timestamps under them
    NOT_AUTHENTIC = "not authentic"
    OWN_DIRECTION = "our own direction"  # reflected
    MALFORMED_FRAGMENT = "malformed fragment"
    MALFORMED_INSTRUCTION = "malformed instruction"  # does not inflate or parse, or its numbers contradict
    WRONG_VERSION = "another protocol version"
    ALREADY_HELD = "state already held"  # a duplicate or a resend: normal
    UNKNOWN_BASE = "diff from a state not held"  # overtaken or lost: normal on bad networks
    TOO_MANY_STATES = "too many states held"
    MALFORMED_DIFF = "malformed diff"
    UNKNOWN_CHANNEL = "unknown channel"  # one that is not open here
    NOT_DIGESTED = "our emulator failed on it"  # a bug of ours, whatever it was that came


class Dropped(PeerError):
    """Something that came was not used; `reason` says why."""

    def __init__(self, reason: DropReason, message: str) -> None:
        super().__init__(message)
        self.reason: Final = reason
