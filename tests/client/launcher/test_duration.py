"""How long a session was, as its last line says it."""

from __future__ import annotations

import pytest

from mosh_client.launcher.duration import duration

SECOND = 1000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (0, "1 s"),
        (1999, "1 s"),
        (12 * SECOND, "12 s"),
        (MINUTE - 1, "59 s"),
        (MINUTE, "1 min"),
        (HOUR - 1, "59 min"),
        (HOUR, "1 h"),
        (2 * HOUR + 10 * MINUTE, "2 h 10 min"),
        (DAY - 1, "23 h 59 min"),
        (DAY, "1 d"),
        (3 * DAY + 4 * HOUR + 59 * MINUTE, "3 d 4 h"),
        (400 * DAY, "400 d"),
    ],
)
def test_a_duration_has_its_two_largest_units(milliseconds: int, words: str) -> None:
    assert duration(milliseconds) == words
