"""The parts of a host state that are ours, in the order in which a diff says them, after upstream's two.

Knows nothing of the screen, so that a client can name what it has before it loads an emulator.
"""

from __future__ import annotations

from typing import Any, Final

from mosh_common.sync.states.parts.announcement import AnnouncementPart
from mosh_common.sync.states.parts.exit_status import ExitStatusPart
from mosh_common.sync.states.parts.features import FeaturesPart
from mosh_common.sync.states.parts.history import HistoryPart
from mosh_common.sync.states.parts.notices import NoticesPart
from mosh_common.sync.states.parts.part import Part
from mosh_common.sync.states.parts.parting import PartingPart

OURS: Final[tuple[Part, ...]] = (
    FeaturesPart(),  # before what a feature says
    AnnouncementPart(),
    NoticesPart(),
    ExitStatusPart(),
    PartingPart(),
    HistoryPart(),
)


def initial_values(parts: tuple[Part, ...]) -> tuple[Any, ...]:
    """Return what state 0 holds of `parts`."""
    return tuple([part.initial for part in parts])


def index_of(number: int, parts: tuple[Part, ...]) -> int:
    """Return the index of the part with that number. Raises LookupError."""
    return [part.number for part in parts].index(number)


INITIAL: Final = initial_values(OURS)
