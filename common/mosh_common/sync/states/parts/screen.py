"""What the screen shows: made to a diff by the frame diff, executed by the emulator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from mosh_common.errors import place_of
from mosh_common.terminal.cells import Snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff import diff as display
from mosh_common.wire import hostdiff
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.hostdiff import HostBytes, Resize

# What a cell may cost a state that shares nothing with others: text up to 4 octets, a letter of 2 to 4.
_CELL_OCTETS: Final = 8
_STYLE_OCTETS: Final = 100  # and a style of a palette that it does not share, without its hyperlink


class DrawnScreen:
    """The server's half. Values are snapshots."""

    number: Final = hostdiff.SCREEN

    def diff_from(self, known: Snapshot, value: Snapshot) -> list[Resize | HostBytes]:
        """See LocalPart."""
        events: list[Resize | HostBytes] = []
        if (known.columns, known.lines) != (value.columns, value.lines):
            events.append(Resize(value.columns, value.lines))
        output = display.diff(known, value)
        if output:
            events.append(HostBytes(output))
        return events

    def looks_like(self, one: Snapshot, other: Snapshot) -> bool:
        """See LocalPart."""
        return one == other


class Shown(NamedTuple):
    """A value of the client's half."""

    snapshot: Snapshot
    skipped: int = 0  # how much on the way to this state no frame holds, and was skipped
    weight: int = 0


class ShownScreen:
    """The client's half, with the emulator that all states of a session share. Values are `Shown`."""

    number: Final = hostdiff.SCREEN

    def __init__(self, emulator: Emulator) -> None:
        self.emulator: Final = emulator  # where diffs are executed; holds nothing between two of them

    def apply(self, value: Shown, events: Sequence[HostBytes | Resize]) -> Shown:
        """See RemotePart. Raises Dropped when the emulator fails."""
        before = self.emulator.skipped
        try:
            snapshot = self._execute(value.snapshot, events)
        except Exception as error:
            # A bug of ours ends no session. Nor is the state taken with the screen as far as it came: what is
            # acknowledged must be what the server takes it for, or every later diff would be drawn on a wrong screen
            # and nobody would notice. So it is dropped like one that never came: the screen stays as it was, keys go
            # on being acknowledged, and the server tries again with whatever its screen is by then.
            self.emulator.start_over(value.snapshot.columns, value.snapshot.lines)
            raise Dropped(DropReason.NOT_DIGESTED, place_of(error)) from None
        weight = _CELL_OCTETS * snapshot.columns * snapshot.lines
        if snapshot.palette is not value.snapshot.palette:
            weight += _STYLE_OCTETS * len(snapshot.palette.styles) + snapshot.palette.link_octets
        return Shown(snapshot, value.skipped + self.emulator.skipped - before, weight)

    def weight(self, value: Shown) -> int:
        """See RemotePart."""
        return value.weight

    def _execute(self, snapshot: Snapshot, events: Sequence[HostBytes | Resize]) -> Snapshot:
        emulator = self.emulator
        # Also when the emulator shows this screen: a sequence cut short or a margin left behind is not part of it.
        emulator.restore(snapshot)
        for event in events:
            if isinstance(event, HostBytes):
                emulator.feed(event.data)
            else:
                emulator.resize(event.columns, event.lines)
        emulator.replies()  # "the client's emulator must never answer"
        return emulator.snapshot()
