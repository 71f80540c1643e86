"""What a host state holds of ours, by name."""

from __future__ import annotations

from typing import Any

from mosh_common.sync.states.parts.table import OURS, index_of
from mosh_common.wire import extensions
from mosh_common.wire.hostdiff import Notice


def part_of(state: Any, number: int) -> Any:
    """Return the value of a part of ours, in a ServerScreen, ClientScreen or BlankScreen."""
    return state.ours[index_of(number, OURS)]


def notices_of(state: Any) -> tuple[Notice, ...]:
    """Return what the server tells the user of itself."""
    notices: tuple[Notice, ...] = part_of(state, extensions.NOTICE)
    return notices
