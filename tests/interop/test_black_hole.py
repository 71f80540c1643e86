"""A path that drops long datagrams without a word: redraws complete all the same, for both clients of our server."""

from __future__ import annotations

import time

import pytest
from tests.support.programs import ALL_PAIRS, Pair
from tests.support.terminal_session import MoshSession
from tests.support.tmux import Tmux

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("mosh-client", "mosh-server", "tmux", "bash"),
]

LONGEST_OCTETS = 600
REDRAW_PATIENCE_S = 15.0  # a loaded machine's; measured: a quarter of a second
# Text that hardly compresses, so that a screen of it takes several datagrams.
REDRAW = "clear; head -c 1200 /dev/urandom | base64 -w 78; echo done-$((40+{}))"


@pytest.mark.parametrize("pair", [pair for pair in ALL_PAIRS if pair.server.name == "ours"], ids=str)
def test_a_redraw_completes_where_long_datagrams_vanish(pair: Pair, tmux: Tmux) -> None:
    with MoshSession(pair, tmux, seed=5) as session:
        session.begin_afresh()
        session.relay.set(longest=LONGEST_OCTETS)
        for number in range(5):
            began = time.monotonic()
            session.enter(REDRAW.format(number))
            session.wait_for(f"done-{40 + number}")
            print(f"{pair}: redraw {number} took {time.monotonic() - began:.2f} s")
        assert session.relay.downward.lost >= 1
