"""Work, counted instead of timed: the same on every machine, whatever else it does."""

from __future__ import annotations

from collections.abc import Callable
from cProfile import Profile


def calls_of(run: Callable[[], object]) -> int:
    """Return how many functions `run` calls, those of the interpreter's own included."""
    counter = Profile()  # counts in C; a function of Python's that is called for each takes longer than what it counts
    counter.enable()
    try:
        run()
    finally:
        counter.disable()
    return sum(entry.callcount for entry in counter.getstats())
