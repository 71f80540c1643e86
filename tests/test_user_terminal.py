"""The terminal that tests look at must not fail on what programs draw on it."""

from __future__ import annotations

import pyte
import pytest
from tests.support.user_terminal import shown_text


@pytest.mark.parametrize(
    ("drawn", "shown"),
    [
        ("plain  \r\n\r\nlast\r\n", "plain\n\nlast"),
        ("a世b", "a世b"),
        ("世\x1b[1;1Hx", "x"),  # the first half overwritten
        ("世\x1b[1;2Hx", "世x"),  # the second
        ("世\x1b[1;1H\x1b[P", ""),  # deleted by half
        ("e\u0301", "\u00e9"),
    ],
)
def test_what_is_drawn_is_read(drawn: str, shown: str) -> None:
    screen = pyte.Screen(10, 4)
    pyte.Stream(screen).feed(drawn)
    assert shown_text(screen) == shown
