"""A path that drops long datagrams without a word: redraws complete all the same, for both clients of our server.

And typing there, between such redraws, is as quick as it was before.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest
from tests.support.parameters import pair_parameters
from tests.support.programs import ALL_PAIRS, OURS, Pair, clean_environment, start_server
from tests.support.relay import Relay
from tests.support.terminal_session import MoshSession
from tests.support.tmux import Tmux
from tests.support.user_terminal import UserTerminal

pytestmark = [
    pytest.mark.interop,
    pytest.mark.requires_linux,
    pytest.mark.requires_program("tmux", "bash"),
]

LONGEST_OCTETS = 600
REDRAW_LIMIT_S = 3.0  # of the median; measured: a fifth of a second
# Text that hardly compresses, so that a screen of it takes several datagrams.
REDRAW = "clear; head -c 1200 /dev/urandom | base64 -w 78; echo done-$((40+{}))"

OUR_SERVERS = pair_parameters(pair for pair in ALL_PAIRS if pair.server is OURS)

# Echoes what is typed (the line discipline does); Enter draws a new screen.
PAINTER = r"""
echo drawn first
while read -r word; do
    printf '\033[2J\033[H'; head -c 1200 /dev/urandom | base64 -w 78; echo "drawn after $word"
done
"""
ONE_WAY_MS = 50
LOST_KEY_MS = 100  # what a key whose answer is lost takes longer at least: a round trip
KEYS = "abcdefghijkl"


@pytest.mark.parametrize("pair", OUR_SERVERS)
def test_a_redraw_completes_where_long_datagrams_vanish(pair: Pair, tmux: Tmux) -> None:
    with MoshSession(pair, tmux, seed=5) as session:
        session.begin_afresh()
        session.relay.set(longest=LONGEST_OCTETS)
        took = []
        for number in range(5):
            began = time.monotonic()
            session.enter(REDRAW.format(number))
            session.wait_for(f"done-{40 + number}")
            took.append(time.monotonic() - began)
        print(f"{pair}: redraws took", *(f"{each:.2f}" for each in took), "s")
        assert session.relay.downward.lost >= 1
        assert statistics.median(took) < REDRAW_LIMIT_S


@pytest.mark.parametrize("pair", OUR_SERVERS)
def test_typing_stays_as_quick_where_long_datagrams_vanish(pair: Pair, tmp_path: Path) -> None:
    environment = clean_environment(tmp_path)
    server = start_server(pair.server, ["/bin/sh", "-c", PAINTER], environment=environment, directory=tmp_path)
    environment |= {"MOSH_KEY": server.key, "MOSH_PREDICTION_DISPLAY": "never"}
    try:
        with Relay(server.port, delay_ms=ONE_WAY_MS) as relay:
            words = [*pair.client.client, "127.0.0.1", str(relay.port)]
            with UserTerminal(words, environment=environment) as terminal:
                terminal.wait_for("drawn first")
                before = _typed_and_redrawn(terminal) + _typed_and_redrawn(terminal)
                relay.set(longest=LONGEST_OCTETS)
                first = _typed_and_redrawn(terminal)  # the redraw at its end finds out what the path drops
                after = _typed_and_redrawn(terminal) + _typed_and_redrawn(terminal)
                assert relay.downward.lost >= 1
    finally:
        server.end()
    medians = [statistics.median(each) for each in (before, first, after)]
    print(f"{pair}: a key took {medians[0]:.0f} ms before, {medians[1]:.0f}, then {medians[2]:.0f} (median)")
    assert medians[1] < medians[0] + LOST_KEY_MS / 2
    assert medians[2] < medians[0] + LOST_KEY_MS / 2


def _typed_and_redrawn(terminal: UserTerminal) -> list[float]:
    """Type KEYS and Enter, wait for the new screen; return how long each key took to be shown, ms."""

    def last_line() -> str:
        return (terminal.text().splitlines() or [""])[-1]

    took = []
    for count in range(1, len(KEYS) + 1):
        pressed = time.monotonic()
        terminal.type(KEYS[count - 1])
        terminal.wait_until(lambda wanted=KEYS[:count]: last_line() == wanted, f"key {count} was not shown")
        took.append((time.monotonic() - pressed) * 1000)
    terminal.type("\r")
    terminal.wait_until(lambda: last_line() == f"drawn after {KEYS}", "the new screen did not come")
    return took
