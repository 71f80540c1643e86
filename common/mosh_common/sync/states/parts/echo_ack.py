"""The newest input state whose effect the screen shows: a number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_common.wire import hostdiff
from mosh_common.wire.hostdiff import EchoAck


class EchoAckPart:
    """Values are numbers of input states; 0 in state 0."""

    number: Final = hostdiff.ECHO_ACK

    def diff_from(self, known: int, value: int) -> tuple[EchoAck, ...]:
        """See LocalPart."""
        return (EchoAck(value),) if value != known else ()

    def looks_like(self, _one: int, _other: int) -> bool:
        """See LocalPart: an echo ack shows nothing."""
        return True

    def apply(self, _value: int, events: Sequence[EchoAck]) -> int:
        """See RemotePart."""
        return events[-1].number

    def weight(self, _value: int) -> int:
        """See RemotePart."""
        return 0
