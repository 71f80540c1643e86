"""Which message may come when: one table for each direction. Whatever is not in it ends the child that sent it.

Knows the kinds of messages, not their contents (but for whether a first frame is whole).
"""

from __future__ import annotations

from typing import Final

from mosh_client.ipc.messages import (
    Exit,
    Frame,
    Hello,
    Input,
    Link,
    Message,
    Notice,
    Progress,
    Quit,
    Resize,
    ServerNotices,
    Statistics,
    Watch,
)
from mosh_common.errors import PeerError

# Phases of a socketpair, the same words for both directions.
GREETING: Final = "greeting"  # nothing was said yet
RUNNING: Final = "running"
OVER: Final = "over"  # the last word was said

_Table = dict[tuple[str, type[Message]], str]

# (phase, kind) → phase. Missing pairs are refused.
FROM_RENDERER: Final[_Table] = {
    (GREETING, Hello): RUNNING,
    (RUNNING, Input): RUNNING,
    (RUNNING, Resize): RUNNING,
    (RUNNING, Quit): RUNNING,
    (RUNNING, Watch): RUNNING,
}
FROM_NETWORK: Final[_Table] = {
    (GREETING, Link): GREETING,
    (GREETING, Notice): GREETING,
    (GREETING, ServerNotices): GREETING,
    (GREETING, Statistics): GREETING,
    (GREETING, Progress): GREETING,  # keys typed while connecting are counted too
    (GREETING, Frame): RUNNING,
    (GREETING, Exit): OVER,
    (RUNNING, Frame): RUNNING,
    (RUNNING, Progress): RUNNING,
    (RUNNING, Link): RUNNING,
    (RUNNING, Notice): RUNNING,
    (RUNNING, ServerNotices): RUNNING,
    (RUNNING, Statistics): RUNNING,
    (RUNNING, Exit): OVER,
}


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
