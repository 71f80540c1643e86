"""The server's diff: terminal output, size and echo ack to protobuf and back (docs/wire.md §6).

Knows nothing of states or of what the output means. Instructions of kinds that it does not know are skipped; ours are
in wire/extensions.py.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

from mosh_common.wire import messages, protobuf
from mosh_common.wire.extensions import ANNOUNCEMENT, FEATURES, NOTICE, Features, decode_features, is_number
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
    instructions = [_instruction(event) for event in events]
    return protobuf.encode(messages.HOST_MESSAGE, {messages.INSTRUCTION: instructions})


def _instruction(event: HostEvent) -> protobuf.Message:
    if isinstance(event, HostBytes):
        return {messages.IS_HOST_BYTES: {messages.HOSTSTRING: event.data}}
    if isinstance(event, Resize):
        return {messages.IS_RESIZE: {messages.WIDTH: event.columns, messages.HEIGHT: event.lines}}
    if isinstance(event, EchoAck):
        return {messages.IS_ECHO_ACK: {messages.ECHO_ACK_NUM: event.number}}
    if isinstance(event, Announcement):
        return {messages.IS_ANNOUNCEMENT: {messages.PROGRAM: event.program.encode()}}
    if isinstance(event, Notice):
        return {messages.IS_NOTICE: {messages.NOTICE_KIND: event.kind, messages.NOTICE_TEXT: event.text.encode()}}
    if isinstance(event, Features):
        return {messages.ARE_FEATURES: {messages.FEATURE_NUMBER: event.numbers}}
    return {messages.IS_PART: {messages.PAYLOAD_FEATURE: event.feature, messages.PAYLOAD_OCTETS: event.octets}}


def decode(diff: bytes) -> list[HostEvent]:
    """Return the events of a diff, in order. Raises Dropped."""
    instructions = messages.decode_instructions(messages.HOST_MESSAGE, diff, most=INSTRUCTIONS_LIMIT)
    return [event for event in map(_event, instructions) if event is not None]


def _event(instruction: protobuf.Message) -> HostEvent | None:
    """Return what an instruction says; None for what is skipped. Raises Dropped."""
    if (said := instruction.get(messages.IS_HOST_BYTES)) is not None:
        return HostBytes(said.get(messages.HOSTSTRING, b""))
    if (said := instruction.get(messages.IS_RESIZE)) is not None:
        return decode_size(said.get(messages.WIDTH, 0), said.get(messages.HEIGHT, 0))
    if (said := instruction.get(messages.IS_ECHO_ACK)) is not None:
        return EchoAck(said.get(messages.ECHO_ACK_NUM, 0))
    if (said := instruction.get(messages.IS_ANNOUNCEMENT)) is not None:
        return Announcement(_printable(said.get(messages.PROGRAM, b""), PROGRAM_LIMIT))
    if (said := instruction.get(messages.IS_NOTICE)) is not None:
        kind = said.get(messages.NOTICE_KIND, 0)
        if 1 <= kind <= NOTICE_KINDS:
            return Notice(kind, _printable(said.get(messages.NOTICE_TEXT, b""), NOTICE_LIMIT))
    if (said := instruction.get(messages.ARE_FEATURES)) is not None:
        return decode_features(said.get(messages.FEATURE_NUMBER, ()))
    if (said := instruction.get(messages.IS_PART)) is not None:
        feature, octets = said.get(messages.PAYLOAD_FEATURE, 0), said.get(messages.PAYLOAD_OCTETS, b"")
        # SECURITY: test_a_part_is_bounded.
        if is_number(feature) and feature not in _WITH_INSTRUCTION and len(octets) <= PART_LIMIT:
            return PartDiff(feature, octets)
    return None


def _printable(octets: bytes, longest: int) -> str:
    """Return a peer's words as they may be shown: no control characters, and not many."""
    # SECURITY: test_an_announcement_is_fit_to_be_shown, test_a_notice_is_fit_to_be_shown.
    text = octets[: 4 * longest].decode(errors="replace")[:longest]
    return "".join([char if char.isprintable() else "?" for char in text])
