"""Invariant: any octets are dropped with a reason, and so is any change to an authentic datagram."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed

from mosh_common.wire.datagram import Datagram, seal, unseal
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.key import Key
from mosh_common.wire.ocb import Ocb

CIPHER = Ocb(Key(bytes(range(16))))
datagrams = st.builds(
    Datagram,
    to_client=st.booleans(),
    sequence=st.integers(0, 2**63 - 1),
    timestamp=st.integers(0, 65535),
    timestamp_reply=st.integers(0, 65535),
    payload=st.binary(max_size=100),
)


@fuzzed
@given(st.binary(max_size=200), st.booleans())
def test_any_octets_are_dropped(data: bytes, to_client: bool) -> None:
    with pytest.raises(Dropped) as dropped:
        unseal(CIPHER, data, to_client=to_client)
    assert isinstance(dropped.value.reason, DropReason)


@fuzzed
@given(datagrams, st.data())
def test_any_change_to_an_authentic_datagram_is_noticed(datagram: Datagram, data: st.DataObject) -> None:
    sealed = bytearray(seal(CIPHER, datagram))
    index = data.draw(st.integers(0, len(sealed) - 1))
    sealed[index] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(0, 1)) * data.draw(st.integers(0, len(sealed)))
    for to_client in (False, True):
        with pytest.raises(Dropped):
            unseal(CIPHER, bytes(sealed[cut:]), to_client=to_client)


@fuzzed
@given(datagrams)
def test_an_authentic_datagram_is_opened_in_its_own_direction_only(datagram: Datagram) -> None:
    sealed = seal(CIPHER, datagram)
    assert unseal(CIPHER, sealed, to_client=datagram.to_client) == datagram
    with pytest.raises(Dropped):
        unseal(CIPHER, sealed, to_client=not datagram.to_client)
