"""How often the terminal may ring."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mosh_client.renderer.drawing.bells import BELLS_WINDOW_MS, MOST_BELLS, BellLimit

NOW = 5_000_000


def test_so_many_bells_ring_at_once_and_the_next_a_second_later() -> None:
    bells = BellLimit()
    assert [bells.take(1, now=NOW) for _ in range(MOST_BELLS + 2)] == [1] * MOST_BELLS + [0, 0]
    assert bells.take(1, now=NOW + BELLS_WINDOW_MS - 1) == 0
    assert bells.take(1, now=NOW + BELLS_WINDOW_MS) == 1


def test_of_many_bells_together_those_ring_that_may() -> None:
    bells = BellLimit()
    assert bells.take(2, now=NOW) == 2
    assert bells.take(1000, now=NOW + 10) == MOST_BELLS - 2
    assert bells.take(1000, now=NOW + BELLS_WINDOW_MS) == 2


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(1, 9)), max_size=60))
def test_no_second_has_more(steps: list[tuple[int, int]]) -> None:
    bells, now, rung = BellLimit(), NOW, list[int]()
    for pause, wanted in steps:
        now += pause
        rung += [now] * bells.take(wanted, now=now)
    for first in rung:
        assert sum(first <= at < first + BELLS_WINDOW_MS for at in rung) <= MOST_BELLS
