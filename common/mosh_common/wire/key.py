"""The session key: 16 octets, and the 22 characters in which they travel (docs/wire.md §1). Knows no cipher."""

from __future__ import annotations

import binascii
import re
from typing import Final

from mosh_common.errors import UsageError
from mosh_common.protocol import KEY_OCTETS, KEY_TEXT_LENGTH

_TEXT: Final = re.compile(rf"[A-Za-z0-9+/]{{{KEY_TEXT_LENGTH}}}")


class Key:
    """A session key. Its `repr` does not show it; error messages never do."""

    __slots__ = ("octets",)

    def __init__(self, octets: bytes) -> None:
        if len(octets) != KEY_OCTETS:
            raise UsageError(f"a key has {KEY_OCTETS} octets, not {len(octets)}")
        self.octets: Final = bytes(octets)

    @classmethod
    def parse(cls, text: str) -> Key:
        """Return the key written as `text`: standard base64 without padding. Raises UsageError."""
        # SECURITY: one text for each key: stray low bits in the last character are refused.
        # (test_a_key_with_stray_low_bits_is_refused)
        if _TEXT.fullmatch(text) is None:
            raise UsageError(f"a key is {KEY_TEXT_LENGTH} characters of base64; this has {len(text)} or others")
        key = cls(binascii.a2b_base64(text + "=="))
        if key.text != text:
            raise UsageError("a key's last character is one of A, Q, g, w")
        return key

    @classmethod
    def generate(cls, entropy: bytes) -> Key:
        """Return a new key made of 16 octets from the system's random generator."""
        return cls(entropy)

    @property
    def text(self) -> str:
        """The 22 characters that `parse` reads."""
        return binascii.b2a_base64(self.octets, newline=False).decode("ascii")[:KEY_TEXT_LENGTH]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.octets == other.octets

    def __hash__(self) -> int:
        return hash(self.octets)

    def __repr__(self) -> str:
        return "Key(…)"
