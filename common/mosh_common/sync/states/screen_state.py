"""The server's screen as a synchronised object (docs/wire.md §6).

`ServerScreen` makes diffs with the frame diff, `ClientScreen` executes them with the emulator. Both are values, cheap
to keep by the dozen: snapshots share their rows. Knows nothing of numbers of states, of time or of the network.
"""

from __future__ import annotations

from typing import Final

from mosh_common.errors import place_of
from mosh_common.terminal.cells import Snapshot, blank_snapshot
from mosh_common.terminal.emulator import Emulator
from mosh_common.terminal.frame_diff import diff as display
from mosh_common.terminal.frame_diff.portions import portion
from mosh_common.wire import hostdiff
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.hostdiff import Announcement, EchoAck, HostBytes, HostEvent, Notice, Resize

# What a cell may cost a state that shares nothing with others: text up to 4 octets, a letter of 2 to 4.
_CELL_OCTETS: Final = 8
_STYLE_OCTETS: Final = 100  # and a style of a palette that it does not share, without its hyperlink


class ServerScreen:
    """What the server shows: a snapshot, and the newest input state whose effect is in it. Immutable."""

    __slots__ = ("echo_ack", "notices", "program", "snapshot")

    def __init__(
        self, snapshot: Snapshot, echo_ack: int = 0, program: str = "", notices: tuple[Notice, ...] = ()
    ) -> None:
        self.snapshot: Final = snapshot
        self.echo_ack: Final = echo_ack
        self.program: Final = program  # what the server says that it is; nothing in state 0
        self.notices: Final = notices  # what it tells the user, in order of kind, each kind once; none in state 0

    def diff_from(self, known: ServerScreen) -> bytes:
        """Return the host message that turns `known` into this screen."""
        events: list[HostEvent] = []
        if self.echo_ack != known.echo_ack:
            events.append(EchoAck(self.echo_ack))
        old, new = known.snapshot, self.snapshot
        if old is not new:
            if (old.columns, old.lines) != (new.columns, new.lines):
                events.append(Resize(new.columns, new.lines))
            output = display.diff(old, new)
            if output:
                events.append(HostBytes(output))
        if self.program != known.program:
            events.append(Announcement(self.program))
        if self.notices != known.notices:
            over = {notice.kind for notice in known.notices} - {notice.kind for notice in self.notices}
            events += [Notice(kind, "") for kind in sorted(over)]
            events += [notice for notice in self.notices if notice not in known.notices]
        return hostdiff.encode(events)

    def looks_like(self, other: ServerScreen) -> bool:
        """Return whether only the echo ack differs."""
        return self.notices == other.notices and (self.snapshot is other.snapshot or self.snapshot == other.snapshot)

    def within_reach(self, known: ServerScreen) -> ServerScreen:
        """Return this screen, or what of it one frame may carry, which is less only for enormous ones."""
        snapshot, last = portion(known.snapshot, self.snapshot)
        if snapshot is self.snapshot:
            return self
        # The echo is not said to be in a screen that is not whole.
        return ServerScreen(snapshot, self.echo_ack if last else known.echo_ack, self.program, self.notices)

    def trimmed(self, _known: ServerScreen) -> ServerScreen:
        """Return this screen: rows that it shares with another cost nothing."""
        return self

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, ServerScreen)
            and (self.echo_ack, self.program, self.notices) == (other.echo_ack, other.program, other.notices)
            and (self.snapshot is other.snapshot or self.snapshot == other.snapshot)
        )

    __hash__ = None  # type: ignore[assignment]  # never a key; rows hold mappings

    def __repr__(self) -> str:
        return f"ServerScreen({self.snapshot.columns}×{self.snapshot.lines}, echo ack {self.echo_ack})"


class ClientScreen:
    """What the client knows the server shows. Immutable; all states of a session share one emulator."""

    __slots__ = ("_emulator", "echo_ack", "notices", "program", "skipped", "snapshot", "weight")

    def __init__(
        self,
        snapshot: Snapshot,
        echo_ack: int,
        *,
        emulator: Emulator,
        weight: int = 0,
        program: str = "",
        notices: tuple[Notice, ...] = (),
        skipped: int = 0,
    ) -> None:
        self.snapshot: Final = snapshot
        self.echo_ack: Final = echo_ack
        self.program: Final = program  # what the server said that it is; "" = nothing, as upstream's
        self.notices: Final = notices  # what it tells the user, in order of kind, each kind once
        self.skipped: Final = skipped  # how much on the way to this state no frame holds, and was skipped
        self.weight: Final = weight  # see RemoteState
        self._emulator: Final = emulator  # where diffs are executed; holds nothing between two of them

    @classmethod
    def blank(cls, columns: int, lines: int) -> ClientScreen:
        """Return state 0: a blank terminal of the size that the client's window has when the session begins."""
        return cls.begin_at(blank_snapshot(columns, lines))

    @classmethod
    def begin_at(cls, snapshot: Snapshot) -> ClientScreen:
        """Return state 0 as `snapshot`, which is blank."""
        return cls(snapshot, 0, emulator=Emulator(snapshot.columns, snapshot.lines, frames=True))

    def apply(self, diff: bytes) -> ClientScreen:
        """Return the screen that a host message leads to. Raises PeerError."""
        echo_ack, program = self.echo_ack, self.program
        notices = {notice.kind: notice for notice in self.notices}
        drawing: list[HostBytes | Resize] = []
        for event in hostdiff.decode(diff):
            if isinstance(event, EchoAck):
                echo_ack = event.number
            elif isinstance(event, Announcement):
                program = event.program
            elif isinstance(event, Notice):
                notices[event.kind] = event
            else:
                drawing.append(event)
        told = tuple([notices[kind] for kind in sorted(notices) if notices[kind].text]) if notices else ()
        if not drawing:
            return ClientScreen(
                self.snapshot,
                echo_ack,
                emulator=self._emulator,
                program=program,
                notices=told,
                skipped=self.skipped,
            )
        before = self._emulator.skipped
        snapshot = self._draw(drawing)
        weight = len(diff) + _CELL_OCTETS * snapshot.columns * snapshot.lines
        if snapshot.palette is not self.snapshot.palette:
            weight += _STYLE_OCTETS * len(snapshot.palette.styles) + snapshot.palette.link_octets
        return ClientScreen(
            snapshot,
            echo_ack,
            emulator=self._emulator,
            weight=weight,
            program=program,
            notices=told,
            skipped=self.skipped + self._emulator.skipped - before,
        )

    def trimmed(self, _known: ClientScreen) -> ClientScreen:
        """Return this screen: rows that it shares with another cost nothing."""
        return self

    def __repr__(self) -> str:
        return f"ClientScreen({self.snapshot.columns}×{self.snapshot.lines}, echo ack {self.echo_ack})"

    def _draw(self, drawing: list[HostBytes | Resize]) -> Snapshot:
        """Return this screen after `drawing` was executed on it. Raises Dropped when the emulator fails."""
        try:
            return self._execute(drawing)
        except Exception as error:
            # A bug of ours ends no session. Nor is the state taken with the screen as far as it came: what is
            # acknowledged must be what the server takes it for, or every later diff would be drawn on a wrong screen
            # and nobody would notice. So it is dropped like one that never came: the screen stays as it was, keys go
            # on being acknowledged, and the server tries again with whatever its screen is by then.
            self._emulator.start_over(self.snapshot.columns, self.snapshot.lines)
            raise Dropped(DropReason.NOT_DIGESTED, place_of(error)) from None

    def _execute(self, drawing: list[HostBytes | Resize]) -> Snapshot:
        emulator = self._emulator
        # Also when the emulator shows this screen: a sequence cut short or a margin left behind is not part of it.
        emulator.restore(self.snapshot)
        for event in drawing:
            if isinstance(event, HostBytes):
                emulator.feed(event.data)
            else:
                emulator.resize(event.columns, event.lines)
        emulator.replies()  # "the client's emulator must never answer"
        return emulator.snapshot()
