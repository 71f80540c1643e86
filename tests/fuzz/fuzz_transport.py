"""Invariant: whatever an authentic peer says, a Transport raises nothing, does not spin and stays within its bounds.

On channel 0, on one that is open (1), and on one that is not (2).
"""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import fuzzed
from tests.support.simulation import CLIENT_ADDRESS, KEY, SERVER_ADDRESS, START, Session, Text

from mosh_common.protocol import SENT_STATES_LIMIT, SHUTDOWN_NUMBER
from mosh_common.sync.channel import ASSEMBLY_LIMIT_OCTETS, STATES_LIMIT
from mosh_common.sync.path.endpoint import Endpoint
from mosh_common.wire.fragment import CHANNEL_SHIFT, Fragment, split
from mosh_common.wire.instruction import Instruction

numbers = st.one_of(st.integers(0, 6), st.sampled_from([SHUTDOWN_NUMBER, SHUTDOWN_NUMBER - 1, 2**63]))
instructions = st.builds(
    Instruction,
    numbers,
    numbers,
    numbers,
    numbers,
    st.one_of(st.just(b""), st.sampled_from([b"0:a", b"3:b", b"\x0a\x05\x12\x03\x22\x01k"]), st.binary(max_size=9)),
    protocol_version=st.sampled_from([2, 2, 2, 2, 2, 3]),
)
ids = st.builds(lambda channel, number: channel << CHANNEL_SHIFT | number, st.integers(0, 2), st.integers(0, 9))
says = st.one_of(
    instructions,
    st.tuples(st.integers(1, 2), instructions),
    st.builds(Fragment, ids, st.integers(0, 3), st.booleans(), st.binary(max_size=20)),
    st.binary(max_size=60),
    st.integers(0, 5000),  # waits so long
)


@fuzzed
@given(st.lists(says, max_size=30), st.booleans())
def test_a_transport_survives_any_peer(
    sequence: list[Instruction | tuple[int, Instruction] | Fragment | bytes | int], is_server: bool
) -> None:
    session = Session()
    # The peer is an endpoint with the right key; the other Transport of the session is not heard.
    side = session.server if is_server else session.client
    channel = side.transport.channels.open(1, local=Text(b"says this"), remote=Text(), now=START)
    peer = Endpoint(key=KEY, is_server=not is_server, now=START, peer=None if is_server else SERVER_ADDRESS)
    source = CLIENT_ADDRESS if is_server else SERVER_ADDRESS
    for number, say in enumerate(sequence):
        if isinstance(say, int):
            session._flying.clear()
            session.run(say)
            continue
        if isinstance(say, Instruction):
            payloads = [fragment.encode() for fragment in split(number, say.encode(), 1000)]
        elif isinstance(say, tuple) and not isinstance(say, Fragment):
            id_ = say[0] << CHANNEL_SHIFT | number
            payloads = [fragment.encode() for fragment in split(id_, say[1].encode(), 1000)]
        else:
            payloads = [say.encode() if isinstance(say, Fragment) else say]
        for payload in payloads:
            session.deliver(peer.seal(payload, now=session.now), source, side)
    assert side.transport._sender.sent.held <= SENT_STATES_LIMIT
    assert channel._sent.held <= SENT_STATES_LIMIT
    assert channel._receiver.states_held <= STATES_LIMIT
    assert channel._assembler._octets <= ASSEMBLY_LIMIT_OCTETS
    assert side.transport.counters.received >= sum(side.transport.counters.dropped.values())
