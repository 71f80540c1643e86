"""Sealed datagrams and the reasons for which one is dropped."""

from __future__ import annotations

import pytest

from mosh_common.errors import UsageError
from mosh_common.wire.datagram import Datagram, seal, unseal
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

CIPHER = Ocb(Key(bytes(16)))
TO_CLIENT = Datagram(True, 77, 1234, 65535, b"payload")
TO_SERVER = TO_CLIENT._replace(to_client=False)


def assert_dropped(data: bytes, reason: DropReason, *, to_client: bool = True) -> None:
    with pytest.raises(Dropped) as dropped:
        unseal(CIPHER, data, to_client=to_client)
    assert dropped.value.reason is reason


@pytest.mark.parametrize("sequence", [0, 1, 2**32, 2**63 - 1])
def test_what_was_sealed_is_unsealed(sequence: int) -> None:
    for datagram in (TO_CLIENT, TO_SERVER):
        datagram = datagram._replace(sequence=sequence)
        assert unseal(CIPHER, seal(CIPHER, datagram), to_client=datagram.to_client) == datagram


def test_the_nonce_is_direction_and_sequence_number() -> None:
    assert seal(CIPHER, TO_SERVER)[:8].hex() == "000000000000004d"
    assert seal(CIPHER, TO_CLIENT)[:8].hex() == "800000000000004d"


@pytest.mark.parametrize("sequence", [-1, 2**63])
def test_a_sequence_number_that_would_touch_the_direction_bit_is_refused(sequence: int) -> None:
    with pytest.raises(UsageError):
        seal(CIPHER, TO_SERVER._replace(sequence=sequence))


@pytest.mark.parametrize("octets", [0, 7, 8, 23])
def test_a_datagram_too_short_for_nonce_and_tag_is_dropped(octets: int) -> None:
    assert_dropped(bytes([0x80]) * octets, DropReason.TOO_SHORT)


def test_a_datagram_without_timestamps_is_dropped() -> None:
    nonce = bytes([0x80]) + bytes(7)
    assert_dropped(nonce + CIPHER.seal(bytes(4) + nonce, b"abc"), DropReason.TOO_SHORT)
    assert unseal(CIPHER, nonce + CIPHER.seal(bytes(4) + nonce, b"abcd"), to_client=True).payload == b""


def test_a_reflected_datagram_is_dropped() -> None:
    assert_dropped(seal(CIPHER, TO_SERVER), DropReason.OWN_DIRECTION)
    assert_dropped(seal(CIPHER, TO_CLIENT), DropReason.OWN_DIRECTION, to_client=False)


def test_a_forged_direction_is_not_authentic() -> None:
    sealed = bytearray(seal(CIPHER, TO_SERVER))
    sealed[0] |= 0x80
    assert_dropped(bytes(sealed), DropReason.NOT_AUTHENTIC)


def test_a_datagram_under_another_key_is_not_authentic() -> None:
    assert_dropped(seal(Ocb(Key(bytes(15) + b"x")), TO_CLIENT), DropReason.NOT_AUTHENTIC)
