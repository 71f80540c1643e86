"""From a recording to the screens that it shows, one for each moment at which something changes."""

from __future__ import annotations

from typing import Final, NamedTuple

from tests.pictures.cast import MARKER, OUTPUT, Cast

from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator

TOGETHER_S: Final = 0.02  # output this soon after other output is one change to the eye
LAST_SCREEN_S: Final = 4.0  # how long the last screen stays before the recording begins again


class Moment(NamedTuple):
    """What is to be seen from a time on."""

    seconds: float
    screen: Snapshot
    caption: str


def moments(cast: Cast) -> list[Moment]:
    """Return what the recording shows, in the order of time; the first is at 0."""
    emulator = Emulator(cast.columns, cast.lines)
    found: list[Moment] = []
    caption = ""
    for event in cast.events:
        if event.kind == MARKER:
            caption = event.text
        elif event.kind == OUTPUT:
            emulator.feed(event.text.encode())
        now = Moment(event.seconds if found else 0.0, emulator.snapshot(), caption)
        if found and event.kind == OUTPUT and event.seconds - found[-1].seconds < TOGETHER_S:
            found[-1] = now._replace(seconds=found[-1].seconds)
        else:
            found.append(now)
    return found


def duration_s(cast: Cast) -> float:
    """Return after how many seconds the recording begins again."""
    return cast.events[-1].seconds + LAST_SCREEN_S
