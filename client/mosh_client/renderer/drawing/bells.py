"""How often the terminal may ring: what is beyond is dropped, lest a flood of bells make it useless.

Pure: time is an argument. How many bells the server counted, and what rings, is others'.
"""

from __future__ import annotations

from collections import deque
from typing import Final

MOST_BELLS: Final = 5  # within …
BELLS_WINDOW_MS: Final = 1000  # … any time as long as this


class BellLimit:
    """A bucket of tokens, one for each bell, that come back a second after they were spent."""

    def __init__(self) -> None:
        self._spent: deque[int] = deque(maxlen=MOST_BELLS)  # when, oldest first

    def take(self, wanted: int, *, now: int) -> int:
        """Return how many of the bells that are `wanted` may ring now, and spend the tokens for them."""
        spent = self._spent
        while spent and now - spent[0] >= BELLS_WINDOW_MS:
            spent.popleft()
        granted = min(wanted, MOST_BELLS - len(spent))
        spent.extend([now] * granted)
        return granted
