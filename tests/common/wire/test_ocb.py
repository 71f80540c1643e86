"""AES-128-OCB as in RFC 7253, Appendix A."""

from __future__ import annotations

import pytest

from mosh_common.errors import EnvironmentFailure, PeerError, UsageError
from mosh_common.protocol import BLOCK_LIMIT
from mosh_common.wire.cipher import Backend, through_cryptography, through_ctypes
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

KEY = Key(bytes(range(16)))
NONCE_PREFIX = bytes.fromhex("BBAA998877665544332211")

# Last octet of the nonce, octets of associated data, octets of plaintext (each 00 01 02 …), ciphertext and tag.
RFC_7253 = [
    (0x00, 0, 0, "785407BFFFC8AD9EDCC5520AC9111EE6"),
    (0x01, 8, 8, "6820B3657B6F615A5725BDA0D3B4EB3A257C9AF1F8F03009"),
    (0x02, 8, 0, "81017F8203F081277152FADE694A0A00"),
    (0x03, 0, 8, "45DD69F8F5AAE72414054CD1F35D82760B2CD00D2F99BFA9"),
    (0x04, 16, 16, "571D535B60B277188BE5147170A9A22C3AD7A4FF3835B8C5701C1CCEC8FC3358"),
    (0x05, 16, 0, "8CF761B6902EF764462AD86498CA6B97"),
    (0x06, 0, 16, "5CE88EC2E0692706A915C00AEB8B2396F40E1C743F52436BDF06D8FA1ECA343D"),
    (0x07, 24, 24, "1CA2207308C87C010756104D8840CE1952F09673A448A122C92C62241051F57356D7F3C90BB0E07F"),
    (0x08, 24, 0, "6DC225A071FC1B9F7C69F93B0F1E10DE"),
    (0x09, 0, 24, "221BD0DE7FA6FE993ECCD769460A0AF2D6CDED0C395B1C3CE725F32494B9F914D85C0B1EB38357FF"),
    (
        0x0A,
        32,
        32,
        "BD6F6C496201C69296C11EFD138A467ABD3C707924B964DEAFFC40319AF5A48540FBBA186C5553C68AD9F592A79A4240",
    ),
    (0x0B, 32, 0, "FE80690BEE8A485D11F32965BC9D2A32"),
    (
        0x0C,
        0,
        32,
        "2942BFC773BDA23CABC6ACFD9BFD5835BD300F0973792EF46040C53F1432BCDFB5E1DDE3BC18A5F840B52E653444D5DF",
    ),
    (
        0x0D,
        40,
        40,
        (
            "D5CA91748410C1751FF8A2F618255B68A0A12E093FF454606E59F9C1D0DDC54B65E8628E568BAD7AED07BA06A4A69483"
            "A7035490C5769E60"
        ),
    ),
    (0x0E, 40, 0, "C5CD9D1850C141E358649994EE701B68"),
    (
        0x0F,
        0,
        40,
        (
            "4412923493C57D5DE0D700F753CCE0D1D2D95060122E9F15A5DDBFC5787E50B5CC55EE507BCB084E479AD363AC366B95"
            "A98CA5F3000B1479"
        ),
    ),
]


@pytest.fixture(params=[through_cryptography, through_ctypes], ids=["cryptography", "ctypes"])
def through(request: pytest.FixtureRequest) -> Backend:
    """Each implementation; skips where there is none."""
    try:
        backend: Backend = request.param()
    except EnvironmentFailure as error:
        pytest.skip(str(error))
    return backend


@pytest.mark.parametrize(("last", "associated", "plain", "sealed"), RFC_7253)
def test_the_vectors_of_rfc_7253(last: int, associated: int, plain: int, sealed: str, through: Backend) -> None:
    cipher, nonce = Ocb(KEY, through=through), NONCE_PREFIX + bytes([last])
    plaintext, data = bytes(range(plain)), bytes(range(associated))
    assert cipher.seal(nonce, plaintext, data).hex().upper() == sealed
    assert cipher.open(nonce, bytes.fromhex(sealed), data) == plaintext


def test_the_iterated_vector_of_rfc_7253(through: Backend) -> None:
    cipher, sealed = Ocb(Key(bytes(15) + b"\x80"), through=through), b""
    for i in range(128):
        zeros = bytes(i)
        sealed += cipher.seal((3 * i + 1).to_bytes(12, "big"), zeros, zeros)
        sealed += cipher.seal((3 * i + 2).to_bytes(12, "big"), zeros, b"")
        sealed += cipher.seal((3 * i + 3).to_bytes(12, "big"), b"", zeros)
    assert cipher.seal((385).to_bytes(12, "big"), b"", sealed).hex() == "67e944d23256c5e0b6c61fa22fdf1ea2"


def test_a_changed_octet_anywhere_is_noticed(through: Backend) -> None:
    cipher, nonce = Ocb(KEY, through=through), bytes(12)
    sealed = cipher.seal(nonce, b"seventeen octets!")
    for index in range(len(sealed)):
        forged = bytearray(sealed)
        forged[index] ^= 1
        with pytest.raises(PeerError):
            cipher.open(nonce, bytes(forged))


@pytest.mark.parametrize("octets", [0, 1, 15])
def test_less_than_a_tag_is_refused(octets: int) -> None:
    with pytest.raises(PeerError):
        Ocb(KEY).open(bytes(12), bytes(octets))


def test_a_key_is_not_used_beyond_its_block_limit() -> None:
    cipher = Ocb(KEY)
    cipher.seal(bytes(12), bytes(17))
    assert cipher.blocks_sealed == 2
    cipher.blocks_sealed = BLOCK_LIMIT - 1
    cipher.seal(bytes(12), bytes(16))
    with pytest.raises(UsageError):
        cipher.seal(bytes(12), b"x")
    assert cipher.blocks_sealed == BLOCK_LIMIT
