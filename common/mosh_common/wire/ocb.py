"""AES-128-OCB (RFC 7253) with 12-octet nonces and 16-octet tags, and the count of blocks under a key.

Knows nothing of datagrams. Who calls `seal` must never repeat a nonce under one key.
"""

from __future__ import annotations

from typing import Final

from mosh_common.errors import PeerError, UsageError
from mosh_common.protocol import BLOCK_LIMIT, CIPHER_BLOCK_OCTETS, TAG_OCTETS
from mosh_common.wire.cipher import Backend, Cipher, backend
from mosh_common.wire.key import Key


class Ocb:
    """The cipher under one key. Counts the blocks that it encrypted."""

    __slots__ = ("_cipher", "_forged", "blocks_sealed")

    def __init__(self, key: Key, *, through: Backend | None = None) -> None:
        """`through`: another implementation than the one to use. Raises EnvironmentFailure when there is none."""
        chosen = through or backend()
        self._cipher: Final[Cipher] = chosen.cipher(key.octets)
        self._forged: Final = chosen.forged
        self.blocks_sealed = 0

    def seal(self, nonce: bytes, plaintext: bytes, associated: bytes | None = None) -> bytes:
        """Return ciphertext and tag, 16 octets more; `nonce` has 12 octets.

        Raises UsageError once the key has encrypted 2^47 blocks.
        """
        # SECURITY: OCB's privacy and authenticity fade near 2^64 blocks²; the session ends long before.
        # (test_a_key_is_not_used_beyond_its_block_limit)
        blocks = self.blocks_sealed + -(-len(plaintext) // CIPHER_BLOCK_OCTETS)
        if blocks > BLOCK_LIMIT:
            raise UsageError(f"the key has encrypted {self.blocks_sealed} blocks of {BLOCK_LIMIT}")
        self.blocks_sealed = blocks
        return self._cipher.encrypt(nonce, plaintext, associated)

    def open(self, nonce: bytes, ciphertext: bytes, associated: bytes | None = None) -> bytes:
        """Return the plaintext of ciphertext and tag; `nonce` has 12 octets. Raises PeerError for a wrong tag."""
        if len(ciphertext) < TAG_OCTETS:
            raise PeerError(f"{len(ciphertext)} octets cannot hold a tag of {TAG_OCTETS}")
        try:
            return self._cipher.decrypt(nonce, ciphertext, associated)
        except self._forged:
            raise PeerError("authentication failed") from None
