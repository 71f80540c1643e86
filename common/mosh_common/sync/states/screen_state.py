"""The server's state as a synchronised object (docs/wire.md §6): its screen, and what goes with it.

A state is a tuple of values, one for each part (`parts/`): upstream's two, the echo ack and the screen, and ours. A
diff says those that changed. `ServerScreen` makes diffs, `ClientScreen` executes them. Both are values, cheap to keep
by the dozen: what did not change is shared. Knows nothing of numbers of states, of time or of the network.
"""

from __future__ import annotations

from typing import Any, Final

from mosh_common.sync.states.parts.echo_ack import EchoAckPart
from mosh_common.sync.states.parts.part import LocalPart, Part, RemotePart
from mosh_common.sync.states.parts.screen import DrawnScreen, Shown, ShownScreen
from mosh_common.sync.states.parts.table import INITIAL, OURS, initial_values
from mosh_common.terminal.cells import Snapshot, blank_snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff.portions import portion
from mosh_common.wire import hostdiff
from mosh_common.wire.hostdiff import HostEvent


def local_parts(ours: tuple[Part, ...]) -> tuple[LocalPart, ...]:
    """Return the parts of a server's state, in the order in which a diff says them: upstream's, then `ours`."""
    return (EchoAckPart(), DrawnScreen(), *ours)


LOCAL_PARTS: Final = local_parts(OURS)


class ServerScreen:
    """What the server shows: a snapshot, the newest input state whose effect is in it, and what is ours. Immutable."""

    __slots__ = ("_parts", "_values", "echo_ack", "ours", "snapshot")

    def __init__(
        self,
        snapshot: Snapshot,
        echo_ack: int = 0,
        ours: tuple[Any, ...] = INITIAL,
        *,
        parts: tuple[LocalPart, ...] = LOCAL_PARTS,
    ) -> None:
        """Hold that screen; `ours` has a value for each of `parts` after the first two."""
        self.snapshot: Final = snapshot
        self.echo_ack: Final = echo_ack
        self.ours: Final = ours
        self._parts: Final = parts  # the same in all states of a session
        self._values: Final = (echo_ack, snapshot, *ours)

    def diff_from(self, known: ServerScreen) -> bytes:
        """Return the host message that turns `known` into this screen."""
        events: list[HostEvent] = []
        for part, old, new in zip(self._parts, known._values, self._values, strict=True):
            if old is not new:
                events += part.diff_from(old, new)
        return hostdiff.encode(events)

    def looks_like(self, other: ServerScreen) -> bool:
        """Return whether only the echo ack differs, or what nobody sees."""
        for part, ours, theirs in zip(self._parts, self._values, other._values, strict=True):
            if ours is not theirs and not part.looks_like(ours, theirs):
                return False
        return True

    def within_reach(self, known: ServerScreen) -> ServerScreen:
        """Return this screen, or what of it one frame may carry, which is less only for enormous ones."""
        snapshot, last = portion(known.snapshot, self.snapshot)
        if snapshot is self.snapshot:
            return self
        # The echo is not said to be in a screen that is not whole.
        return ServerScreen(snapshot, self.echo_ack if last else known.echo_ack, self.ours, parts=self._parts)

    def trimmed(self, _known: ServerScreen) -> ServerScreen:
        """Return this screen: rows that it shares with another cost nothing."""
        return self

    def __eq__(self, other: object) -> bool:
        # Tuples compare what is the same object without looking into it.
        return self is other or (isinstance(other, ServerScreen) and self._values == other._values)

    __hash__ = None  # type: ignore[assignment]  # never a key; rows hold mappings

    def __repr__(self) -> str:
        return f"ServerScreen({self.snapshot.columns}×{self.snapshot.lines}, echo ack {self.echo_ack})"


class ClientScreen:
    """What the client knows the server shows. Immutable; all states of a session share one emulator."""

    __slots__ = ("_parts", "_values", "echo_ack", "ours", "skipped", "snapshot", "weight")

    def __init__(self, values: tuple[Any, ...], *, parts: tuple[RemotePart, ...], weight: int = 0) -> None:
        """Hold `values`, one for each of `parts`: an echo ack, a screen and what is ours."""
        shown: Shown = values[1]
        self.snapshot: Final = shown.snapshot
        self.skipped: Final = shown.skipped  # how much on the way here no frame holds, see Shown
        self.echo_ack: Final[int] = values[0]
        self.ours: Final = values[2:]  # a value for each part of ours
        self.weight: Final = weight  # see RemoteState
        self._values: Final = values
        self._parts: Final = parts  # the same in all states of a session; that of the screen holds the emulator

    @classmethod
    def blank(cls, columns: int, lines: int, *, ours: tuple[Part, ...] = OURS) -> ClientScreen:
        """Return state 0: a blank terminal of the size that the client's window has when the session begins."""
        return cls.begin_at(blank_snapshot(columns, lines), ours=ours)

    @classmethod
    def begin_at(
        cls, snapshot: Snapshot, *, ours: tuple[Part, ...] = OURS, emulator: Emulator | None = None
    ) -> ClientScreen:
        """Return state 0 as `snapshot`, which is blank; `emulator`, one of frames, is to execute diffs."""
        emulator = emulator or Emulator(snapshot.columns, snapshot.lines, frames=True)
        return cls((0, Shown(snapshot), *initial_values(ours)), parts=(EchoAckPart(), ShownScreen(emulator), *ours))

    def apply(self, diff: bytes) -> ClientScreen:
        """Return the screen that a host message leads to. Raises PeerError."""
        said: dict[int, list[HostEvent]] = {}
        for event in hostdiff.decode(diff):
            said.setdefault(hostdiff.part_number(event), []).append(event)
        values = list(self._values)
        weight = 0
        for place, part in enumerate(self._parts):
            events = said.get(part.number)
            if events is not None:
                values[place] = part.apply(values[place], events)
                weight += part.weight(values[place])
        # Where anything weighs, so do the octets that it was made from.
        return ClientScreen(tuple(values), parts=self._parts, weight=weight + len(diff) if weight else 0)

    def trimmed(self, _known: ClientScreen) -> ClientScreen:
        """Return this screen: rows that it shares with another cost nothing."""
        return self

    def __repr__(self) -> str:
        return f"ClientScreen({self.snapshot.columns}×{self.snapshot.lines}, echo ack {self.echo_ack})"
