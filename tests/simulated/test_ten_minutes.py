"""Ten minutes of typing over a terrible network: every key once and in order, and no more datagrams than allowed.

Both ends and the network are simulated. Among the other tests it is a minute, in which every timer but the
server's for lost clients runs out often; `make fuzz` plays all ten. The bound on datagrams is what the pacing rules add
up to at this speed of typing, whatever the network does: five keys a second, six copies of each (and of its answer),
ten acknowledgements, ten probes or frames.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import pytest
from tests.support.fuzzing import IN_FULL
from tests.support.simulation import Conditions, Session, Side, Text

from mosh_common.address import Address
from mosh_common.sync.events import Event, NewRemoteState

TYPING_MS = 600_000 if IN_FULL else 60_000
EIGHT_HOURS_MS = 8 * 3_600_000
KEY_EVERY_MS = (150, 600)
DATAGRAMS_PER_SECOND = 5 * 6 + 10 + 10
PATIENCE_MS = 60_000
CLEAN = Conditions(delay=50)


class Weather(NamedTuple):
    """What the network is like all the time, and what happens to it."""

    conditions: Conditions
    happens: Callable[[Session, int], None] | None = None  # called every second with its number


def black_outs(session: Session, second: int) -> None:
    session.conditions = CLEAN._replace(loss=1.0) if second % 30 < 10 else CLEAN


def new_addresses(session: Session, second: int) -> None:
    session.roam(Address(f"203.0.113.{second % 250}", 1024 + second))


def a_night(session: Session, second: int) -> None:
    if second == 30:
        session.now += EIGHT_HOURS_MS
        session.client.transport.start_afresh(now=session.now)  # as a loop does that finds itself so late


WEATHERS = {
    "60 % loss": Weather(CLEAN._replace(loss=0.6)),
    "black-outs of 10 s": Weather(CLEAN, black_outs),
    "everything three times": Weather(CLEAN._replace(times=3)),
    "reordering over 500 ms": Weather(CLEAN._replace(reorder=0.5, reorder_by=500)),
    "a clock jump of 8 hours": Weather(CLEAN, a_night),
    "a new address every second": Weather(CLEAN, new_addresses),
    "congestion marks": Weather(CLEAN._replace(congestion=1.0)),
    "all at once": Weather(
        Conditions(delay=50, jitter=60, loss=0.3, times=2, reorder=0.3, reorder_by=500, congestion=0.1), new_addresses
    ),
}


def answer(session: Session, event: Event) -> None:
    """Show how many keys there were, and the last of them."""
    if isinstance(event, NewRemoteState):
        keys = session.received_keys
        session.show(Text(b"%06d " % len(keys) + keys[-60:]))


def busiest_second(side: Side) -> int:
    """Return the most datagrams that went out within a second."""
    times = [at for at, _ in side.sends]
    most = first = 0
    for last, at in enumerate(times):
        while times[first] <= at - 1000:
            first += 1
        most = max(most, last - first + 1)
    return most


@pytest.mark.in_part
@pytest.mark.parametrize("name", WEATHERS)
def test_every_key_arrives_once_and_in_order_and_the_pacing_holds(name: str) -> None:
    weather = WEATHERS[name]
    session = Session(seed=sum(name.encode()), conditions=CLEAN, on_server_event=answer)
    session.resize(80, 24)
    session.run(3000)
    session.conditions = weather.conditions
    began, second, typed = session.now, 0, b""
    next_key = session.now
    while session.now - began < TYPING_MS:
        if weather.happens is not None:
            weather.happens(session, second)
            if session.now - began > TYPING_MS:
                began, next_key = session.now - second * 1000, session.now
        second += 1
        while next_key < began + second * 1000:
            session.run(max(next_key - session.now, 0))
            key = session.random.randbytes(1)
            typed += key
            session.type(key)
            next_key += session.random.randint(*KEY_EVERY_MS)
        session.run(max(began + second * 1000 - session.now, 0))
    session.run_until(
        lambda: (
            session.received_keys == typed
            and session.client.transport.received.state.value == b"%06d " % len(typed) + typed[-60:]
        ),
        patience=PATIENCE_MS,
    )
    assert len(typed) > TYPING_MS / 600
    assert busiest_second(session.client) <= DATAGRAMS_PER_SECOND
    assert busiest_second(session.server) <= DATAGRAMS_PER_SECOND


def test_a_clean_network_carries_less_than_three_datagrams_for_a_key() -> None:
    session = Session(seed=1, conditions=CLEAN, on_server_event=answer)
    session.resize(80, 24)
    session.run(3000)
    before = len(session.client.sends), len(session.server.sends)
    for _ in range(300):
        session.type(b"x")
        session.run(session.random.randint(80, 250))
    assert len(session.client.sends) - before[0] <= 300 * 1.45
    assert len(session.server.sends) - before[1] <= 300 * 1.1


def test_output_without_end_goes_at_the_send_interval() -> None:
    session = Session(seed=2, conditions=CLEAN)
    session.resize(80, 24)
    session.run(3000)
    session.type(b"x")
    session.run(1000)
    first = len(session.server.sends)
    for number in range(2000):
        session.show(Text(b"line %d" % number))
        session.run(1)
    times = sorted({at for at, _ in session.server.sends[first:]})
    gaps = [later - earlier for earlier, later in itertools.pairwise(times)]
    assert min(gaps) >= session.server.transport.send_interval == 50


def test_congestion_marks_slow_frames_down() -> None:
    session = Session(seed=2, conditions=CLEAN._replace(congestion=1.0))
    session.resize(80, 24)
    for number in range(5000):
        session.show(Text(b"line %d" % number))
        session.run(1)
    assert session.server.transport.send_interval == 250
    assert busiest_second(session.server) <= 20
    recent = [at for at, _ in session.server.sends if at > session.now - 2000]
    assert len(recent) <= 9
