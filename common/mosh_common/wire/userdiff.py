"""The client's diff: keys, sizes and what is ours to protobuf and back (docs/wire.md §5).

Knows nothing of states. Instructions of kinds that it does not know are skipped; ours are in wire/extensions.py.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from mosh_common.errors import UsageError
from mosh_common.wire import messages, protobuf
from mosh_common.wire.extensions import Features, decode_features, is_number
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
    instructions: list[protobuf.Message] = []
    pending: list[bytes] = []

    def flush() -> None:
        if pending:
            instructions.append({messages.IS_KEYSTROKE: {messages.KEYS: b"".join(pending)}})
            pending.clear()

    for event in events:
        if isinstance(event, Keys):
            pending.append(event.data)
            continue
        flush()
        if isinstance(event, Resize):
            size = {messages.WIDTH: event.columns, messages.HEIGHT: event.lines}
            instructions.append({messages.IS_RESIZE: size})
        elif isinstance(event, Features):
            instructions.append({messages.ARE_FEATURES: {messages.FEATURE_NUMBER: event.numbers}})
        else:
            payload = {messages.PAYLOAD_FEATURE: event.feature, messages.PAYLOAD_OCTETS: event.payload}
            instructions.append({messages.IS_REQUEST: payload})
    flush()
    return protobuf.encode(messages.USER_MESSAGE, {messages.INSTRUCTION: instructions})


def decode(diff: bytes) -> list[UserEvent]:
    """Return the events of a diff, adjacent keys merged. Raises Dropped.

    Without requests that nobody may make, and of several sets of features only with the first: a session has one.
    """
    instructions = messages.decode_instructions(messages.USER_MESSAGE, diff, most=INSTRUCTIONS_LIMIT)
    events: list[UserEvent] = []
    pending: list[bytes] = []
    named = False
    for instruction in instructions:
        if messages.IS_KEYSTROKE in instruction:
            pending.append(instruction[messages.IS_KEYSTROKE].get(messages.KEYS, b""))
        elif messages.IS_RESIZE in instruction:
            _flush(events, pending)
            size = instruction[messages.IS_RESIZE]
            events.append(decode_window(size.get(messages.WIDTH, 0), size.get(messages.HEIGHT, 0)))
        elif messages.ARE_FEATURES in instruction and not named:
            named = True
            _flush(events, pending)
            events.append(decode_features(instruction[messages.ARE_FEATURES].get(messages.FEATURE_NUMBER, ())))
        elif messages.IS_REQUEST in instruction:
            request = instruction[messages.IS_REQUEST]
            feature = request.get(messages.PAYLOAD_FEATURE, 0)
            payload = request.get(messages.PAYLOAD_OCTETS, b"")
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
