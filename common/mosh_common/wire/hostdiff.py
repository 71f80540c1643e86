"""The server's diff: terminal output, size and echo ack to protobuf and back (docs/wire.md §6).

Knows nothing of states or of what the output means. Instructions of kinds that it does not know are skipped; ours are
in wire/extensions.py.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from google.protobuf.message import DecodeError

from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.extensions import ANNOUNCEMENT, FEATURES, NOTICE, Features, decode_features, is_number
from mosh_common.wire.pb import mosh_pb2
from mosh_common.wire.size import Resize, check_size, decode_size

__all__ = [
    "INSTRUCTIONS_LIMIT",
    "NOTICE_KINDS",
    "NOTICE_LIMIT",
    "PART_LIMIT",
    "PROGRAM_LIMIT",
    "Announcement",
    "EchoAck",
    "Features",
    "HostBytes",
    "HostEvent",
    "Notice",
    "NoticeKind",
    "PartDiff",
    "Resize",
    "check_size",
    "decode",
    "encode",
    "part_number",
]

INSTRUCTIONS_LIMIT: Final = 1 << 10  # in one message; real ones hold at most one of each kind

PROGRAM_LIMIT: Final = 64  # characters of a program's name and version
NOTICE_LIMIT: Final = 160  # characters of a notice: a line of a wide window; longer ones are cut
NOTICE_KINDS: Final = 8  # kinds 1 to this are kept, so many at once; others are skipped
PART_LIMIT: Final = 1 << 16  # octets of one PartDiff; longer ones are dropped

ECHO_ACK: Final = 7  # upstream's numbers of the two parts of a host state that it has
SCREEN: Final = 2  # the size belongs to it


class HostBytes(NamedTuple):
    """Terminal output that turns the old screen into the new one; never answered."""

    data: bytes


class EchoAck(NamedTuple):
    """The screen shows the effect of the input state with this number."""

    number: int


class Announcement(NamedTuple):
    """What program the server is, for people to read. Upstream's says nothing, and its client skips this."""

    program: str


class NoticeKind(enum.IntEnum):
    """What a notice is about. A client shows those that it does not know, too: the words are the server's."""

    OUTPUT_NOT_DIGESTED = 1  # the server's emulator fails on what the programs print
    CLIPBOARD_NOT_SET = 2  # a program set a clipboard that is too long for the wire


class Notice(NamedTuple):
    """What the server tells the user of itself; "" takes the last one of this kind away. Upstream's client skips it."""

    kind: int
    text: str


class PartDiff(NamedTuple):
    """What has changed in a part of the host state that has no instruction of its own. What it means is the part's."""

    feature: int
    octets: bytes


HostEvent: TypeAlias = HostBytes | Resize | EchoAck | Features | Announcement | Notice | PartDiff

_PARTS: Final[dict[type[HostEvent], int]] = {
    HostBytes: SCREEN,
    Resize: SCREEN,
    EchoAck: ECHO_ACK,
    Features: FEATURES,
    Announcement: ANNOUNCEMENT,
    Notice: NOTICE,
}
_WITH_INSTRUCTION: Final = frozenset(_PARTS.values())


def part_number(event: HostEvent) -> int:
    """Return the number of the part of the host state that an event is about."""
    return event.feature if isinstance(event, PartDiff) else _PARTS[type(event)]


def encode(events: Iterable[HostEvent]) -> bytes:
    """Return the diff that says `events`, in the order given (upstream's is echo ack, size, bytes)."""
    message = mosh_pb2.HostMessage()
    for event in events:
        instruction = message.instruction.add()
        if isinstance(event, HostBytes):
            instruction.hostbytes.hoststring = event.data
        elif isinstance(event, Resize):
            instruction.resize.width, instruction.resize.height = event.columns, event.lines
        elif isinstance(event, EchoAck):
            instruction.echoack.echo_ack_num = event.number
        elif isinstance(event, Announcement):
            instruction.announcement.program = event.program.encode()
        elif isinstance(event, Notice):
            instruction.notice.kind, instruction.notice.text = event.kind, event.text.encode()
        elif isinstance(event, Features):
            instruction.features.SetInParent()  # an empty set says something, too
            instruction.features.number.extend(event.numbers)
        else:
            instruction.part.feature, instruction.part.octets = event.feature, event.octets
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
            events.append(Announcement(_printable(instruction.announcement.program, PROGRAM_LIMIT)))
        elif instruction.HasField("notice") and 1 <= instruction.notice.kind <= NOTICE_KINDS:
            events.append(Notice(instruction.notice.kind, _printable(instruction.notice.text, NOTICE_LIMIT)))
        elif instruction.HasField("features"):
            events.append(decode_features(instruction.features.number))
        elif instruction.HasField("part"):
            feature, octets = instruction.part.feature, instruction.part.octets
            # SECURITY: test_a_part_is_bounded.
            if is_number(feature) and feature not in _WITH_INSTRUCTION and len(octets) <= PART_LIMIT:
                events.append(PartDiff(feature, octets))
    return events


def _printable(octets: bytes, longest: int) -> str:
    """Return a peer's words as they may be shown: no control characters, and not many."""
    # SECURITY: test_an_announcement_is_fit_to_be_shown, test_a_notice_is_fit_to_be_shown.
    text = octets[: 4 * longest].decode(errors="replace")[:longest]
    return "".join([char if char.isprintable() else "?" for char in text])
