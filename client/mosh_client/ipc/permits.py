"""Which message may come when: one table for each direction. Whatever is not in it ends the child that sent it.

Made from the kinds' rows; knows nothing of the messages' contents (but for whether a first frame is whole).
"""

from __future__ import annotations

from typing import Final

from mosh_client.ipc.messages import GREETING, KINDS, NETWORK, RENDERER, Frame, Message
from mosh_common.errors import PeerError

_Table = dict[tuple[str, type[Message]], str]


def _table(sender: str) -> _Table:
    """Return (phase, kind) → phase for what `sender` says. Missing pairs are refused."""
    return {
        (phase, kind.message): following
        for kind in KINDS
        if kind.sender == sender
        for phase, following in kind.phases.items()
    }


FROM_RENDERER: Final = _table(RENDERER)
FROM_NETWORK: Final = _table(NETWORK)


class Permits:
    """Follows one direction of a socketpair through its phases."""

    def __init__(self, table: _Table) -> None:
        self._table = table
        self.phase = GREETING

    def admit(self, message: Message) -> None:
        """Let `message` pass or raise PeerError."""
        kind = type(message)
        following = self._table.get((self.phase, kind))
        if following is None:
            raise PeerError(f"{kind.__name__} is not allowed while {self.phase}")
        # A change to a frame that was never sent has nothing to build on.
        if self.phase == GREETING and isinstance(message, Frame) and not message.whole:
            raise PeerError("the first frame is not a whole one")
        self.phase = following
