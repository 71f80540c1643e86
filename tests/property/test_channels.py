"""Whatever the network does, all channels of a session agree in the end, and channel 0 waits for none of the others."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.simulation import Conditions, Session, Text

from mosh_common.address import Address
from mosh_common.protocol import COLLECTION_DELAY_SERVER_MS, SEND_INTERVAL_MAX_MS

PATIENCE_MS = 600_000  # simulated
OTHERS = (1, 2)

conditions = st.builds(
    Conditions,
    delay=st.integers(0, 200),
    jitter=st.integers(0, 100),
    loss=st.just(0.3),
    times=st.just(1),
    congestion=st.just(0),
    longest=st.just(65535),
    rate=st.just(0),
    duplicate=st.floats(0, 0.5),
    reorder=st.floats(0, 0.3),
    reorder_by=st.integers(0, 400),
)
# As they are, or so many octets by chance; now and then one that was there before.
texts = st.one_of(st.sampled_from((b"", b"again")), st.binary(max_size=200), st.integers(0, 15_000))
actions = st.lists(
    st.one_of(
        # Of a frame all datagrams must arrive at once: at this loss one of 15,000 octets hardly ever does.
        st.tuples(st.just("show"), st.one_of(st.binary(max_size=200), st.integers(0, 3000))),
        st.tuples(st.just("answer"), st.tuples(st.sampled_from(OTHERS), texts)),
        st.tuples(st.just("wish"), st.tuples(st.sampled_from(OTHERS), st.binary(max_size=100))),
        st.tuples(st.just("wait"), st.integers(0, 2000)),
        st.tuples(st.just("roam"), st.integers(1, 60_000)),
    ),
    max_size=25,
)


@tried_with(40)
@given(conditions=conditions, actions=actions, seed=st.integers(0, 2**32))
def test_all_channels_agree_in_the_end_and_no_frame_waits_for_another_channel(
    conditions: Conditions, actions: list[tuple[str, object]], seed: int
) -> None:
    session = Session(seed=seed, conditions=conditions)
    session.resize(80, 24)
    session.run_until(lambda: session.server.transport.contact.last_heard is not None, patience=PATIENCE_MS)
    client, server = (
        {n: side.transport.channels.open(n, local=Text(), remote=Text(), now=session.now) for n in OTHERS}
        for side in (session.client, session.server)
    )

    def text(wanted: object) -> Text:
        return Text(wanted if isinstance(wanted, bytes) else session.random.randbytes(int(str(wanted))))

    def act(action: str, argument: object) -> None:
        match action, argument:
            case "show", wanted:
                session.show(text(wanted))
                patience = SEND_INTERVAL_MAX_MS + COLLECTION_DELAY_SERVER_MS + 1
                shown = session.server.transport.local_state()
                session.run_until(lambda: session.server.transport.sent.state == shown, patience=patience)
            case "answer", (int(number), wanted):
                server[number].set_local_state(text(wanted))
            case "wish", (int(number), bytes(wanted)):
                client[number].set_local_state(Text(wanted))
            case "roam", int(port):
                session.roam(Address("203.0.113.9", port))
        session.run(argument if action == "wait" and isinstance(argument, int) else 15)

    for action, argument in actions:
        act(action, argument)
    session.run_until(
        lambda: (
            all(
                theirs[n].received.state == ours[n].local_state()
                for ours, theirs in ((client, server), (server, client))
                for n in OTHERS
            )
            and session.client.transport.received.state == session.server.transport.local_state()
        ),
        patience=PATIENCE_MS,
    )
