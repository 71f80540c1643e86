"""The client's diff: keys and sizes to protobuf and back (docs/wire.md §5).

Knows nothing of states. Instructions of kinds that it does not know are skipped, so newer clients can add some.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from google.protobuf.message import DecodeError

from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.pb import mosh_pb2
from mosh_common.wire.size import Resize, check_size, decode_window

__all__ = ["INSTRUCTIONS_LIMIT", "Keys", "Resize", "UserEvent", "check_size", "decode", "encode"]

INSTRUCTIONS_LIMIT: Final = 1 << 16  # in one message; a client merges adjacent keys, so real ones hold a handful


class Keys(NamedTuple):
    """Octets that the user typed."""

    data: bytes


UserEvent: TypeAlias = Keys | Resize


def encode(events: Iterable[UserEvent]) -> bytes:
    """Return the diff that says `events`; adjacent keys share one keystroke. Nothing gives b""."""
    message = mosh_pb2.UserMessage()
    pending: list[bytes] = []

    def flush() -> None:
        if pending:
            message.instruction.add().keystroke.keys = b"".join(pending)
            pending.clear()

    for event in events:
        if isinstance(event, Keys):
            pending.append(event.data)
            continue
        flush()
        resize = message.instruction.add().resize
        resize.width, resize.height = event.columns, event.lines
    flush()
    return message.SerializeToString()


def decode(diff: bytes) -> list[UserEvent]:
    """Return the events of a diff, adjacent keys merged. Raises Dropped."""
    message = mosh_pb2.UserMessage()
    try:
        message.ParseFromString(diff)
    except DecodeError as error:
        raise Dropped(DropReason.MALFORMED_DIFF, f"no user message: {error}") from None
    if len(message.instruction) > INSTRUCTIONS_LIMIT:
        raise Dropped(
            DropReason.MALFORMED_DIFF, f"{len(message.instruction)} instructions, at most {INSTRUCTIONS_LIMIT}"
        )
    events: list[UserEvent] = []
    pending: list[bytes] = []
    for instruction in message.instruction:
        if instruction.HasField("keystroke"):
            pending.append(instruction.keystroke.keys)
        elif instruction.HasField("resize"):
            _flush(events, pending)
            events.append(decode_window(instruction.resize.width, instruction.resize.height))
    _flush(events, pending)
    return events


def _flush(events: list[UserEvent], pending: list[bytes]) -> None:
    data = b"".join(pending)
    pending.clear()
    if data:
        events.append(Keys(data))
