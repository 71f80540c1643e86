"""Which of the states that were sent the peer may be assumed to hold."""

from __future__ import annotations

import pytest
from tests.support.simulation import Text

from mosh_common.protocol import SENT_STATES_LIMIT, SHUTDOWN_NUMBER
from mosh_common.sync.sent_states import SentState, SentStates

NOW = 1_000_000
ANSWER_MS = 300


def sent(*entries: tuple[int, int, int]) -> SentStates[Text]:
    """State 0, and others of (number, number of the base, time after NOW)."""
    states = SentStates(Text(), now=NOW)
    for number, base, later in entries:
        states.add(SentState(NOW + later, number, Text(b"%d" % number), base))
    return states


def assumed(states: SentStates[Text], *, later: int) -> tuple[int, int | None]:
    return states.assumed(answer_ms=ANSWER_MS, now=NOW + later)


def test_a_state_is_assumed_to_have_arrived_until_its_acknowledgement_is_overdue() -> None:
    states = sent((1, 0, 10))
    assert assumed(states, later=309) == (1, NOW + 310)
    assert assumed(states, later=310) == (0, None)


def test_what_builds_on_an_overdue_state_is_overdue() -> None:
    states = sent((1, 0, 0), (2, 1, 200))
    assert assumed(states, later=299) == (2, NOW + 300)
    assert assumed(states, later=300) == (0, None)


def test_what_builds_on_a_held_state_stands_by_itself() -> None:
    assert assumed(sent((1, 0, 0), (2, 0, 200)), later=300) == (2, NOW + 500)


def test_the_end_is_never_assumed_to_have_arrived() -> None:
    assert assumed(sent((1, 0, 0), (SHUTDOWN_NUMBER, 1, 0)), later=1) == (1, NOW + 300)


def test_after_the_path_changed_nothing_under_way_is_assumed_to_arrive() -> None:
    states = sent((1, 0, 0), (2, 1, 0))
    states.doubt_all()
    assert assumed(states, later=1) == (0, None)


def test_an_acknowledgement_makes_what_came_before_be_forgotten() -> None:
    states = sent((1, 0, 10), (2, 1, 20), (3, 2, 30))
    entry = states.acknowledge(2)
    assert entry is not None
    assert entry.number == states.acknowledged_number == 2
    assert (states.held, states.number, states.last_acknowledged_at) == (2, 3, NOW + 20)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_an_acknowledgement_that_is_no_news_or_unknown_changes_nothing(number: int) -> None:
    states = sent((2, 0, 20), (3, 2, 30))
    assert states.acknowledge(number) is None
    assert (states.held, states.last_acknowledged_at) == (3, None)


def test_too_many_states_lose_one_from_the_middle() -> None:
    states = sent(*((number, 0, 0) for number in range(1, SENT_STATES_LIMIT + 1)))
    numbers = [entry.number for entry in states.entries]
    assert numbers == [number for number in range(SENT_STATES_LIMIT + 1) if number != SENT_STATES_LIMIT - 15]
