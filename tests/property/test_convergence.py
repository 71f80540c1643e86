"""Whatever the network does, both sides agree in the end, and every key arrives exactly once and in order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.simulation import Conditions, Session, Text

from mosh_common.address import Address
from mosh_common.sync.events import Event, NewRemoteState, PeerShutdown, ShutdownDone

PATIENCE_MS = 600_000  # simulated; at 60 % loss one exchange in six succeeds

conditions = st.builds(
    Conditions,
    delay=st.integers(0, 400),
    jitter=st.integers(0, 300),
    loss=st.floats(0, 0.6),
    duplicate=st.floats(0, 0.5),
    times=st.integers(1, 3),
    reorder=st.floats(0, 0.3),
    reorder_by=st.integers(0, 600),
    congestion=st.floats(0, 0.2),
    longest=st.just(65535),
    rate=st.just(0),
)
actions = st.lists(
    st.one_of(
        st.tuples(st.just("type"), st.binary(min_size=1, max_size=20)),
        st.tuples(st.just("resize"), st.tuples(st.integers(1, 300), st.integers(1, 100))),
        st.tuples(st.just("show"), st.binary(max_size=3000)),
        st.tuples(st.just("wait"), st.integers(0, 3000)),
        st.tuples(st.just("roam"), st.integers(1, 60000)),
        st.tuples(st.just("outage"), st.integers(0, 60_000)),
    ),
    max_size=25,
)


def echo(session: Session, event: Event) -> None:
    """Show all that was typed, as an application would."""
    if isinstance(event, NewRemoteState):
        session.show(Text(session.received_keys))


def act(session: Session, action: str, argument: object) -> None:
    match action, argument:
        case "type", bytes(data):
            session.type(data)
        case "resize", (int(columns), int(lines)):
            session.resize(columns, lines)
        case "show", bytes(data):
            session.show(Text(data))
        case "roam", int(port):
            session.roam(Address("203.0.113.9", port))
        case "outage", int(milliseconds):
            before, session.conditions = session.conditions, Conditions(loss=1.0)
            session.run(milliseconds)
            session.conditions = before
    session.run(argument if action == "wait" and isinstance(argument, int) else 15)


@tried_with(60)
@given(conditions=conditions, actions=actions, seed=st.integers(0, 2**32))
def test_both_sides_agree_in_the_end_and_no_key_is_lost_or_repeated(
    conditions: Conditions, actions: list[tuple[str, object]], seed: int
) -> None:
    session = Session(seed=seed, conditions=conditions, on_server_event=echo)
    session.resize(80, 24)
    typed, size = b"", (80, 24)
    for action, argument in actions:
        act(session, action, argument)
        if action == "type" and isinstance(argument, bytes):
            typed += argument
        if action == "resize" and isinstance(argument, tuple):
            size = argument
    session.type(b".")
    session.run_until(
        lambda: session.received_keys == typed + b"." and session.client.transport.received.state.value == typed + b".",
        patience=PATIENCE_MS,
    )
    assert session.received_size == size


@tried_with(30)
@given(conditions=conditions, seed=st.integers(0, 2**32), by_client=st.booleans())
def test_shutdown_ends_both_sides_whatever_the_network_does(conditions: Conditions, seed: int, by_client: bool) -> None:
    session = Session(seed=seed, conditions=conditions)
    session.resize(80, 24)
    session.run_until(lambda: session.server.transport.path.peer is not None, patience=PATIENCE_MS)
    one, other = (session.client, session.server) if by_client else (session.server, session.client)
    one.transport.start_shutdown(now=session.now)
    session.run_until(lambda: bool(one.of_kind(ShutdownDone)), patience=11_000)
    if one.of_kind(ShutdownDone)[0].acknowledged:
        assert other.of_kind(PeerShutdown)
        assert other.of_kind(ShutdownDone) == [ShutdownDone(True)]


def test_a_long_paste_arrives_whole_over_a_lossy_link() -> None:
    session = Session(seed=5, conditions=Conditions(delay=25, loss=0.05))
    session.resize(80, 24)
    paste = session.random.randbytes(1 << 18)  # 200 datagrams: all at once they would never arrive
    session.type(paste)
    session.run_until(lambda: session.received_keys == paste, patience=PATIENCE_MS)
