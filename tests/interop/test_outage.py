"""A black-out of the network, long enough that the client looks for another way out, with every pair.

The sessions go through it at the same time, since it takes as long as it takes; what failed is told by pair.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack

import pytest
from tests.support.programs import ALL_PAIRS, wait_until
from tests.support.terminal_session import MoshSession
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
    pytest.mark.requires_upstream("mosh-client", "mosh-server"),
]

HOP_PATIENCE_S = 40.0  # a client hops 10 s after its last choice of a port and its last acknowledged round trip


def test_a_session_outlives_a_black_out_and_tells_of_it(tmux: Tmux) -> None:
    problems: dict[str, str] = {}
    with ExitStack() as ended_at_exit:
        sessions = [ended_at_exit.enter_context(MoshSession(pair, tmux, seed=3)) for pair in ALL_PAIRS]

        def each(step: Callable[[MoshSession], object]) -> None:
            """Do a step with every session that is still well, so that one pair's fault hides no other's."""
            for session in sessions:
                if str(session.pair) not in problems:
                    try:
                        step(session)
                    except AssertionError as error:
                        problems[str(session.pair)] = str(error)

        each(MoshSession.begin_afresh)
        each(lambda session: session.relay.black_out())
        each(lambda session: session.enter("echo outlived-$((40+2))"))
        each(lambda session: session.mosh.wait_for("Last contact"))
        each(
            lambda session: wait_until(
                lambda: len(session.relay.client_addresses) > 1,
                "the client stays on its port",
                timeout_s=HOP_PATIENCE_S,
            )
        )
        each(lambda session: session.relay.black_out(False))
        each(lambda session: session.expect_same("outlived-42"))
        each(lambda session: session.enter("echo again-$((40+3))"))
        each(lambda session: session.expect_same("again-43"))
    assert not problems, "\n".join(f"{pair}: {problem}" for pair, problem in problems.items())
