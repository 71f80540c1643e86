"""Whatever an application draws and the network does, the client's screen becomes the server's."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.support.fuzzing import tried_with
from tests.support.screens import canonical, programs
from tests.support.simulation import Conditions, Session

from mosh_common.sync.states.screen_state import ClientScreen, ServerScreen
from mosh_common.terminal.emulator import Emulator

PATIENCE_MS = 600_000  # simulated

conditions = st.builds(
    Conditions,
    delay=st.integers(0, 300),
    jitter=st.integers(0, 200),
    loss=st.floats(0, 0.6),
    duplicate=st.floats(0, 0.3),
    times=st.integers(1, 3),
    reorder=st.floats(0, 0.3),
    reorder_by=st.integers(0, 600),
    congestion=st.floats(0, 0.2),
    longest=st.just(65535),
)
drawings = st.lists(
    st.tuples(st.one_of(programs, programs, st.tuples(st.integers(1, 40), st.integers(1, 12))), st.integers(0, 600)),
    min_size=1,
    max_size=12,
)


@tried_with(40)
@given(conditions=conditions, drawings=drawings, seed=st.integers(0, 2**32))
def test_the_clients_screen_becomes_the_servers(
    conditions: Conditions, drawings: list[tuple[str | tuple[int, int], int]], seed: int
) -> None:
    emulator = Emulator(20, 6)
    session = Session(
        seed=seed,
        conditions=conditions,
        server_state=ServerScreen(emulator.snapshot()),
        client_remote=ClientScreen.blank(20, 6),
    )
    session.resize(20, 6)
    for echo_ack, (drawing, pause) in enumerate(drawings):
        if isinstance(drawing, str):
            emulator.feed(drawing.encode())
        else:
            emulator.resize(*drawing)
        session.show(ServerScreen(emulator.snapshot(), echo_ack))
        session.run(pause)

    def converged() -> bool:
        shown = session.client.transport.received.state
        return shown.echo_ack == len(drawings) - 1 and canonical(shown.snapshot) == canonical(emulator.snapshot())

    session.run_until(converged, patience=PATIENCE_MS)
    session.run(20_000)
    assert converged()
