"""The server's screen before anything of it came: state 0, and the way to the emulator that the first diff needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mosh_common.errors import PeerError, place_of
from mosh_common.sync.states.parts.part import Part
from mosh_common.sync.states.parts.table import OURS, initial_values
from mosh_common.terminal.cells import blank_snapshot
from mosh_common.wire.drop import Dropped, DropReason

if TYPE_CHECKING:
    from mosh_common.sync.states.screen_state import ClientScreen


class BlankScreen:
    """State 0 of the server's screen, which needs no emulator yet.

    The emulator takes as long to import as everything else, and the server needs a while to answer: the first
    datagram is sent before, and `load_emulator` called while the answer is on its way.
    """

    __slots__ = ("_parts", "_screen", "ours", "snapshot")

    weight: Final = 0  # it shares nothing, but there is only one
    echo_ack: Final = 0
    skipped: Final = 0

    def __init__(self, columns: int, lines: int, *, parts: tuple[Part, ...] = OURS) -> None:
        self.snapshot: Final = blank_snapshot(columns, lines)
        self.ours: Final = initial_values(parts)
        self._parts: Final = parts
        self._screen: ClientScreen | None = None  # the same with an emulator, once one was needed

    def apply(self, diff: bytes) -> ClientScreen:
        """Return the screen that a host message leads to. Raises PeerError."""
        try:
            if self._screen is None:
                from mosh_common.sync.states.screen_state import ClientScreen

                self._screen = ClientScreen.begin_at(self.snapshot, ours=self._parts)
            return self._screen.apply(diff)
        except PeerError:
            raise
        except Exception as error:  # an emulator that cannot even begin is like one that fails later
            raise Dropped(DropReason.NOT_DIGESTED, place_of(error)) from None

    def trimmed(self, _known: object) -> BlankScreen:
        """Return this screen."""
        return self


def load_emulator() -> None:
    """Import what the server's answers need; afterwards no file need be read any more."""
    import mosh_common.sync.states.history.answer
    import mosh_common.sync.states.screen_state  # noqa: F401  # for their being imported
