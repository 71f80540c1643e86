"""The messages of Mosh protocol 2 (docs/wire.md §3, §5, §6), and what ours add to them (§8).

The instructions of user and host messages are open to extension (numbers from 2 on); here the known ones are plain
fields that may be there or not, which is the same on the wire. Numbers from 64 on are ours: extensions.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mosh_common.errors import PeerError
from mosh_common.wire import extensions, protobuf
from mosh_common.wire.drop import Dropped, DropReason
from mosh_common.wire.protobuf import Field, Kind, Schema

# SECURITY: what a client reads of a server is read within a turn: 20 ms. Real messages have some tens of fields.
# (test_what_a_server_sends_has_few_fields)
FEW_FIELDS: Final = 1 << 14

VERSION: Final = 1
OLD_NUM: Final = 2
NEW_NUM: Final = 3
ACK_NUM: Final = 4
THROWAWAY_NUM: Final = 5
DIFF: Final = 6
CHAFF: Final = 7
TRANSPORT_INSTRUCTION: Final = Schema(
    Field("protocol_version", VERSION, Kind.UINT32),
    Field("old_num", OLD_NUM, Kind.UINT64),
    Field("new_num", NEW_NUM, Kind.UINT64),
    Field("ack_num", ACK_NUM, Kind.UINT64),
    Field("throwaway_num", THROWAWAY_NUM, Kind.UINT64),
    Field("diff", DIFF, Kind.BYTES),
    Field("chaff", CHAFF, Kind.BYTES),
    limit=FEW_FIELDS,
)

KEYS: Final = 4
KEYSTROKE: Final = Schema(Field("keys", KEYS, Kind.BYTES))

WIDTH: Final = 5
HEIGHT: Final = 6
RESIZE: Final = Schema(Field("width", WIDTH, Kind.INT32), Field("height", HEIGHT, Kind.INT32))

HOSTSTRING: Final = 4
HOST_BYTES: Final = Schema(Field("hoststring", HOSTSTRING, Kind.BYTES))

ECHO_ACK_NUM: Final = 8
ECHO_ACK: Final = Schema(Field("echo_ack_num", ECHO_ACK_NUM, Kind.UINT64))

PROGRAM: Final = 65
ANNOUNCEMENT: Final = Schema(Field("program", PROGRAM, Kind.BYTES))

NOTICE_KIND: Final = 67
NOTICE_TEXT: Final = 68
NOTICE: Final = Schema(Field("kind", NOTICE_KIND, Kind.UINT32), Field("text", NOTICE_TEXT, Kind.BYTES))

FEATURE_NUMBER: Final = 70
FEATURES: Final = Schema(Field("number", FEATURE_NUMBER, Kind.UINT32, repeated=True))

PAYLOAD_FEATURE: Final = 72
PAYLOAD_OCTETS: Final = 73
PAYLOAD: Final = Schema(
    Field("feature", PAYLOAD_FEATURE, Kind.UINT32),
    Field("octets", PAYLOAD_OCTETS, Kind.BYTES),
)

# Of the instructions in a message: which of them it is.
IS_KEYSTROKE: Final = 2
IS_HOST_BYTES: Final = 2
IS_RESIZE: Final = 3
IS_ECHO_ACK: Final = 7
IS_ANNOUNCEMENT: Final = extensions.ANNOUNCEMENT
IS_NOTICE: Final = extensions.NOTICE
ARE_FEATURES: Final = extensions.FEATURES
IS_REQUEST: Final = extensions.REQUEST
IS_PART: Final = extensions.PART
INSTRUCTION: Final = 1

USER_INSTRUCTION: Final = Schema(
    Field("keystroke", IS_KEYSTROKE, KEYSTROKE),
    Field("resize", IS_RESIZE, RESIZE),
    Field("features", ARE_FEATURES, FEATURES),
    Field("request", IS_REQUEST, PAYLOAD),
)
USER_MESSAGE: Final = Schema(Field("instruction", INSTRUCTION, USER_INSTRUCTION, repeated=True))

HOST_INSTRUCTION: Final = Schema(
    Field("hostbytes", IS_HOST_BYTES, HOST_BYTES),
    Field("resize", IS_RESIZE, RESIZE),
    Field("echoack", IS_ECHO_ACK, ECHO_ACK),
    Field("announcement", IS_ANNOUNCEMENT, ANNOUNCEMENT),
    Field("notice", IS_NOTICE, NOTICE),
    Field("features", ARE_FEATURES, FEATURES),
    Field("part", IS_PART, PAYLOAD),
)
HOST_MESSAGE: Final = Schema(Field("instruction", INSTRUCTION, HOST_INSTRUCTION, repeated=True), limit=FEW_FIELDS)


def decode_instructions(schema: Schema, diff: bytes, *, most: int) -> Sequence[protobuf.Message]:
    """Return the instructions of a user or host message. Raises Dropped where it is none, or has more than `most`."""
    try:
        message = protobuf.decode(schema, diff)
    except PeerError as error:
        raise Dropped(DropReason.MALFORMED_DIFF, f"no message of instructions: {error}") from None
    instructions: Sequence[protobuf.Message] = message.get(INSTRUCTION, ())
    if len(instructions) > most:
        raise Dropped(DropReason.MALFORMED_DIFF, f"{len(instructions)} instructions, at most {most}")
    return instructions
