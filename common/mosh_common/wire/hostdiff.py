"""The server's diff: terminal output, size and echo ack to protobuf and back (docs/wire.md §6).

Knows nothing of states or of what the output means. Instructions of kinds that it does not know are skipped; features
between two of our own programs use numbers from 64 on.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from google.protobuf.message import DecodeError

from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.pb import mosh_pb2
from mosh_common.wire.size import Resize, check_size, decode_size

__all__ = [
    "INSTRUCTIONS_LIMIT",
    "PROGRAM_LIMIT",
    "Announcement",
    "EchoAck",
    "HostBytes",
    "HostEvent",
    "Resize",
    "check_size",
    "decode",
    "encode",
]

INSTRUCTIONS_LIMIT: Final = 1 << 10  # in one message; real ones hold at most one of each kind

PROGRAM_LIMIT: Final = 64  # characters of a program's name and version


class HostBytes(NamedTuple):
    """Terminal output that turns the old screen into the new one; never answered."""

    data: bytes


class EchoAck(NamedTuple):
    """The screen shows the effect of the input state with this number."""

    number: int


class Announcement(NamedTuple):
    """What program the server is, for people to read. Upstream's says nothing, and its client skips this."""

    program: str


HostEvent: TypeAlias = HostBytes | Resize | EchoAck | Announcement


def encode(events: Iterable[HostEvent]) -> bytes:
    """Return the diff that says `events`, in the order given (upstream's is echo ack, size, bytes)."""
    message = mosh_pb2.HostMessage()
    for event in events:
        instruction = message.instruction.add()
        if isinstance(event, HostBytes):
            instruction.hostbytes.hoststring = event.data
        elif isinstance(event, Resize):
            instruction.resize.width, instruction.resize.height = event.columns, event.lines
        elif isinstance(event, Announcement):
            instruction.announcement.program = event.program.encode()
        else:
            instruction.echoack.echo_ack_num = event.number
    return message.SerializeToString()


def decode(diff: bytes) -> list[HostEvent]:
    """Return the events of a diff, in order. Raises Dropped."""
    message = mosh_pb2.HostMessage()
    try:
        message.ParseFromString(diff)
    except DecodeError as error:
        raise Dropped(DropReason.MALFORMED_DIFF, f"no host message: {error}") from None
    if len(message.instruction) > INSTRUCTIONS_LIMIT:
        raise Dropped(
            DropReason.MALFORMED_DIFF, f"{len(message.instruction)} instructions, at most {INSTRUCTIONS_LIMIT}"
        )
    events: list[HostEvent] = []
    for instruction in message.instruction:
        if instruction.HasField("hostbytes"):
            events.append(HostBytes(instruction.hostbytes.hoststring))
        elif instruction.HasField("resize"):
            events.append(decode_size(instruction.resize.width, instruction.resize.height))
        elif instruction.HasField("echoack"):
            events.append(EchoAck(instruction.echoack.echo_ack_num))
        elif instruction.HasField("announcement"):
            events.append(Announcement(_printable(instruction.announcement.program)))
    return events


def _printable(octets: bytes) -> str:
    """Return a peer's words as they may be shown: no control characters, and not many."""
    text = octets[: 4 * PROGRAM_LIMIT].decode(errors="replace")[:PROGRAM_LIMIT]
    return "".join([char if char.isprintable() else "?" for char in text])
