"""Changes of rendition in areas that nobody has looked at yet: several are worked out as one.

Knows nothing of sequences, of palettes and of how a row is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias

from mosh_common.terminal.cells import Row
from mosh_common.terminal.screen.style_change import NO_CHANGE, StyleChange

MOST_STEPS: Final = 16  # areas; with more of them working out costs more than it saves

Segments: TypeAlias = tuple[tuple[int, int, StyleChange], ...]  # (start, end, change) from left to right


class Step(NamedTuple):
    """One change, on rows `first` to `last` (included) and columns `start` to `end` (excluded)."""

    first: int
    last: int
    start: int
    end: int
    change: StyleChange


class Restyling:
    """Changes that wait, in order."""

    __slots__ = ("_steps",)

    def __init__(self) -> None:
        self._steps: list[Step] = []

    def __bool__(self) -> bool:
        return bool(self._steps)

    @property
    def full(self) -> bool:
        """Whether the changes are to be made before another one is added."""
        return len(self._steps) >= MOST_STEPS

    def add(self, step: Step) -> None:
        """Append a change."""
        if self._steps and self._steps[-1][:4] == step[:4]:
            last = self._steps.pop()
            step = last._replace(change=last.change.then(step.change))
        self._steps.append(step)

    def take(self) -> list[tuple[int, int, Segments]]:
        """Return what is to be done to which rows (first, last), and forget it."""
        steps, self._steps = self._steps, []
        if len(steps) == 1:
            first, last, start, end, change = steps[0]
            return [(first, last, ((start, end, change),))] if change != NO_CHANGE else []
        edges = sorted({step.first for step in steps} | {step.last + 1 for step in steps})
        bands = []
        known: dict[tuple[int, ...], Segments] = {}
        for first, end in pairwise(edges):
            covering = tuple([number for number, step in enumerate(steps) if step.first <= first <= step.last])
            segments = known.get(covering)
            if segments is None:
                segments = known[covering] = _segments([steps[number] for number in covering])
            if segments:
                bands.append((first, end - 1, segments))
        return bands


def _segments(steps: list[Step]) -> Segments:
    """Return what `steps`, all on the same rows, do to which columns."""
    edges = sorted({step.start for step in steps} | {step.end for step in steps})
    places = {edge: number for number, edge in enumerate(edges)}
    changes = [NO_CHANGE] * len(edges)
    together: dict[tuple[StyleChange, StyleChange], StyleChange] = {}
    for step in steps:
        for number in range(places[step.start], places[step.end]):
            pair = (changes[number], step.change)
            change = together.get(pair)
            if change is None:
                change = together[pair] = pair[0].then(pair[1])
            changes[number] = change
    return tuple(
        [
            (start, end, change)
            for (start, end), change in zip(pairwise(edges), changes, strict=False)
            if change != NO_CHANGE
        ]
    )


class RestyledRows(list[Row]):
    """Rows on which changes wait until somebody looks at any of them; to whoever looks, a list like any other."""

    __slots__ = ("_change", "waiting")

    def __init__(self, rows: Iterable[Row], change: Callable[[list[Row], Segments], list[Row]]) -> None:
        """`change` makes a change to rows and returns them."""
        super().__init__(rows)
        self._change = change
        self.waiting = Restyling()

    def settle(self) -> None:
        """Make the changes that wait."""
        if self.waiting:
            for first, last, segments in self.waiting.take():
                super().__setitem__(
                    slice(first, last + 1), self._change(super().__getitem__(slice(first, last + 1)), segments)
                )

    def __getitem__(self, key: Any) -> Any:
        self.settle()
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.settle()
        super().__setitem__(key, value)

    def __iter__(self) -> Iterator[Row]:
        self.settle()
        return super().__iter__()

    def __eq__(self, other: object) -> bool:
        self.settle()
        return super().__eq__(other)

    __hash__ = None
