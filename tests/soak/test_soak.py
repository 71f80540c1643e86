"""A fiftieth of `make soak`: nothing grows, no key is lost, and the terminal shows what the program drew."""

from __future__ import annotations

from typing import Any

import pytest
from tests.soak.rig import ALLOWED_KB, INTERVALS, SHORT, Outcome, Sample, Soak

SOUND = Outcome(
    samples={"server": [Sample(20_000 + ALLOWED_KB * (number == 5), 10_000, 9) for number in range(INTERVALS)]},
    descriptors_before={"server": 9},
    wrong="",
    octets=1,
    different_screens=[],
    roams=1,
    seconds=1.0,
)


@pytest.mark.system
@pytest.mark.requires_linux
def test_a_fiftieth_of_the_soak() -> None:
    with Soak(SHORT) as soak:
        outcome = soak.run()
    # Its first tenth is a few seconds, in which not the largest frames are met yet.
    assert outcome.failures(allowed_kb=ALLOWED_KB * 3 // 2) == [], outcome.table()
    assert outcome.octets >= (SHORT.warm_up + SHORT.cycles) * SHORT.octets
    assert outcome.roams == SHORT.cycles // SHORT.cycles_per_roam


def test_what_stays_within_the_bounds_passes() -> None:
    assert SOUND.failures() == []


@pytest.mark.parametrize(
    ("changes", "failure"),
    [
        ({"wrong": "a key twice"}, "keys: a key twice"),
        ({"different_screens": [7]}, "another screen than the program's after cycle 7"),
        ({"descriptors_before": {"server": 8}}, "server: 9 descriptors, 8 before"),
        (
            {"samples": {"server": [Sample(20_000, None, None), Sample(20_001 + ALLOWED_KB, None, None)]}},
            f"server: {ALLOWED_KB + 1} kB more than after the first tenth, {ALLOWED_KB} allowed",
        ),
    ],
)
def test_what_does_not_is_named(changes: dict[str, Any], failure: str) -> None:
    assert SOUND._replace(**changes).failures() == [failure]
