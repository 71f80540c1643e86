"""The client's diff: keys, sizes and what is ours to protobuf and back (docs/wire.md §5).

Knows nothing of states. Instructions of kinds that it does not know are skipped; ours are in wire/extensions.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from google.protobuf.message import DecodeError

from mosh_common.errors import UsageError
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.extensions import Features, decode_features, is_number
from mosh_common.wire.pb import mosh_pb2
from mosh_common.wire.size import Resize, check_size, decode_window

__all__ = [
    "INSTRUCTIONS_LIMIT",
    "REQUEST_LIMIT",
    "Features",
    "Keys",
    "Request",
    "Resize",
    "UserEvent",
    "check_request",
    "check_size",
    "decode",
    "encode",
]

INSTRUCTIONS_LIMIT: Final = 1 << 16  # in one message; a client merges adjacent keys, so real ones hold a handful
REQUEST_LIMIT: Final = 1 << 10  # octets of a request; longer ones are dropped


class Keys(NamedTuple):
    """Octets that the user typed."""

    data: bytes


class Request(NamedTuple):
    """What a feature that both sides named asks of the server."""

    feature: int
    payload: bytes


UserEvent: TypeAlias = Keys | Resize | Features | Request


def check_request(request: Request) -> None:
    """Raise UsageError when no peer would take that request."""
    if not is_number(request.feature) or len(request.payload) > REQUEST_LIMIT:
        raise UsageError(
            f"a request of {len(request.payload)} octets for feature {request.feature}; at most {REQUEST_LIMIT}"
        )


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
        instruction = message.instruction.add()
        if isinstance(event, Resize):
            instruction.resize.width, instruction.resize.height = event.columns, event.lines
        elif isinstance(event, Features):
            instruction.features.SetInParent()  # an empty set says something, too
            instruction.features.number.extend(event.numbers)
        else:
            instruction.request.feature, instruction.request.octets = event.feature, event.payload
    flush()
    return message.SerializeToString()


def decode(diff: bytes) -> list[UserEvent]:
    """Return the events of a diff, adjacent keys merged. Raises Dropped.

    Without requests that nobody may make, and of several sets of features only with the first: a session has one.
    """
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
    named = False
    for instruction in message.instruction:
        if instruction.HasField("keystroke"):
            pending.append(instruction.keystroke.keys)
        elif instruction.HasField("resize"):
            _flush(events, pending)
            events.append(decode_window(instruction.resize.width, instruction.resize.height))
        elif instruction.HasField("features") and not named:
            named = True
            _flush(events, pending)
            events.append(decode_features(instruction.features.number))
        elif instruction.HasField("request"):
            feature, payload = instruction.request.feature, instruction.request.octets
            # SECURITY: test_a_request_is_bounded.
            if is_number(feature) and len(payload) <= REQUEST_LIMIT:
                _flush(events, pending)
                events.append(Request(feature, payload))
    _flush(events, pending)
    return events


def _flush(events: list[UserEvent], pending: list[bytes]) -> None:
    data = b"".join(pending)
    pending.clear()
    if data:
        events.append(Keys(data))
