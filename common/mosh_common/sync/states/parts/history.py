"""What of the history there is as of this screen, and whether a program is on the alternate one.

A message of protobuf (docs/wire.md §8, "History"). Knows nothing of the lines themselves: they go on a channel.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from mosh_common.errors import PeerError
from mosh_common.terminal.history.line import LONGEST_LINE, NO_HISTORY, Extent, Position
from mosh_common.wire import extensions, protobuf
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.hostdiff import PartDiff
from mosh_common.wire.protobuf import Field, Kind, Schema

_LARGEST: Final = (1 << 63) - 1  # of lines, as a wish has them, and of clears
_FIRST, _LINE, _COLUMN, _CLEARS, _ALTERNATE = range(1, 6)
_SHOWN: Final = Schema(
    Field("first", _FIRST, Kind.UINT64),
    Field("line", _LINE, Kind.UINT64),
    Field("column", _COLUMN, Kind.UINT32),
    Field("clears", _CLEARS, Kind.UINT64),
    Field("alternate", _ALTERNATE, Kind.UINT32),
    limit=64,
)


class HistoryShown(NamedTuple):
    """What goes with one screen."""

    extent: Extent = NO_HISTORY
    alternate: bool = False  # a program is on the alternate screen


class HistoryPart:
    """Values are `HistoryShown`, or None: the server has not said any."""

    number: Final = extensions.HISTORY
    initial: Final = None

    def diff_from(self, known: HistoryShown | None, value: HistoryShown | None) -> tuple[PartDiff, ...]:
        """See LocalPart: all of it, some ten octets."""
        if value is None or value == known:
            return ()
        (first, (line, column), clears), alternate = value
        numbers = {_FIRST: first, _LINE: line, _COLUMN: column, _CLEARS: clears, _ALTERNATE: int(alternate)}
        said = {number: each for number, each in numbers.items() if each}
        return (PartDiff(self.number, protobuf.encode(_SHOWN, said)),)

    def looks_like(self, _one: HistoryShown | None, _other: HistoryShown | None) -> bool:
        """See LocalPart: alone it takes no frame's turn."""
        return True

    def apply(self, _value: HistoryShown | None, events: Sequence[PartDiff]) -> HistoryShown:
        """See RemotePart. Raises Dropped."""
        try:
            said = protobuf.decode(_SHOWN, events[-1].octets).get
        except PeerError as error:
            raise Dropped(DropReason.MALFORMED_DIFF, f"no extent of a history: {error}") from None
        extent = Extent(said(_FIRST, 0), Position(said(_LINE, 0), said(_COLUMN, 0)), said(_CLEARS, 0))
        # SECURITY: the renderer is told these. Test: test_an_extent_out_of_bounds_is_refused.
        if not extent.first <= extent.end.line <= _LARGEST or extent.end.column > LONGEST_LINE:
            raise Dropped(DropReason.MALFORMED_DIFF, f"a history from {extent.first} to {extent.end}")
        return HistoryShown(extent._replace(clears=min(extent.clears, _LARGEST)), bool(said(_ALTERNATE, 0)))

    def weight(self, _value: HistoryShown | None) -> int:
        """See RemotePart."""
        return 0
