"""Protobuf's encoding (protobuf.dev, "Encoding"), as far as the messages of mosh need it: docs/adr/0072.

A message is a dict from field numbers to values; what is not said is not in it. On the wire it is one field after the
other: tag, value. A tag is a varint, number << 3 | wire type:

    wire type   value
    0           a varint: 7 bits an octet, the lowest first; bit 7 says that more follow
    1           8 octets
    2           a varint of the length, that many octets: octets, a message, or numbers one after the other ("packed")
    3           a group: fields up to the tag with the same number and wire type 4
    5           4 octets

What a peer sends is read as protobuf's own libraries read it: fields that are not known, or are of another wire type,
are skipped; of a value that comes twice the last one counts; a message that comes twice is put together of both.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from mosh_common.errors import PeerError, UsageError

# Fields of a message and all messages within, packed numbers included. A user message of 65536 sizes, the most that
# may be in one, has half as many; reading so many takes half a second.
FIELDS_LIMIT: Final = 1 << 19
GROUPS_LIMIT: Final = 100  # groups within groups, as in protobuf's own libraries

_MORE: Final = 0x80
_VARINT_MAX_OCTETS: Final = 10
_LARGEST: Final = (1 << 64) - 1
_LARGEST_32: Final = (1 << 32) - 1
_NEGATIVE_32: Final = 1 << 31
_VARINT, _FIXED64, _OCTETS, _GROUP, _END_GROUP, _FIXED32 = range(6)
_FIXED_OCTETS: Final = {_FIXED64: 8, _FIXED32: 4}
_SHORT: Final = [bytes([number]) for number in range(_MORE)]  # the varints of one octet

Message: TypeAlias = dict[int, Any]


# What is done with the value of a field. As plain numbers: to ask a member of an enum takes as long as all the rest,
# and this is done for every datagram. NUMBERS: UINT32, one field after the other; PACKED: the same, from one field.
_UINT32, _UINT64, _INT32, _BYTES, _MESSAGE, _MESSAGES, _NUMBERS, _PACKED = range(8)


class Kind(enum.Enum):
    """What a field holds."""

    UINT32 = _UINT32
    UINT64 = _UINT64
    INT32 = _INT32
    BYTES = _BYTES


class Field(NamedTuple):
    """A row of a message's description."""

    name: str
    number: int
    kind: Kind | Schema
    repeated: bool = False  # its value is a list


class _Row(NamedTuple):
    """What reading and writing want to know of a field; taken apart in one step."""

    tag: bytes
    number: int
    way: int
    inner: Schema | None


class Schema:
    """Which fields a message may have. Of those that repeat there are messages and UINT32."""

    __slots__ = ("fields", "limit", "read", "written")

    def __init__(self, *fields: Field, limit: int | None = None) -> None:
        self.fields: Final = fields
        # Of the fields of a message with all that is within; only the outermost one's counts. None = FIELDS_LIMIT.
        self.limit: Final = limit
        self.read: Final[dict[int, _Row]] = {}  # by tag
        self.written: Final[dict[int, _Row]] = {}  # by number
        for field in fields:
            if isinstance(field.kind, Schema):
                inner, way = field.kind, _MESSAGES if field.repeated else _MESSAGE
            else:
                inner, way = None, _NUMBERS if field.repeated else field.kind.value
            tag = field.number << 3 | (_OCTETS if way in (_BYTES, _MESSAGE, _MESSAGES) else _VARINT)
            row = _Row(varint(tag), field.number, way, inner)
            self.read[tag] = self.written[field.number] = row
            if way == _NUMBERS:
                self.read[field.number << 3 | _OCTETS] = row._replace(way=_PACKED)


def varint(number: int) -> bytes:
    """Return the octets of a number from 0 to 2^64 - 1. Raises UsageError for others."""
    if 0 <= number < _MORE:
        return _SHORT[number]
    if not 0 <= number <= _LARGEST:
        raise UsageError(f"{number} is no number of 64 bits")
    octets = bytearray()
    while number >= _MORE:
        octets.append(number & 0x7F | _MORE)
        number >>= 7
    octets.append(number)
    return bytes(octets)


def encode(schema: Schema, message: Mapping[int, Any]) -> bytes:
    """Return the octets of a message, its fields in the order that they have there. Raises UsageError."""
    rows = schema.written
    parts: list[bytes] = []
    for number, value in message.items():
        tag, _, way, inner = rows[number]
        if way <= _INT32:
            parts += (tag, varint(value & _LARGEST if way == _INT32 else value))
        elif way == _BYTES:
            parts += (tag, varint(len(value)), value)
        elif way == _NUMBERS:
            for each in value:
                parts += (tag, varint(each))
        else:
            assert inner is not None
            for each in (value,) if way == _MESSAGE else value:
                octets = encode(inner, each)
                parts += (tag, varint(len(octets)), octets)
    return b"".join(parts)


def decode(schema: Schema, data: bytes) -> Message:
    """Return the message in `data`. Raises PeerError."""
    message: Message = {}
    _decode(schema.read, data, (0, len(data)), message, schema.limit or FIELDS_LIMIT)
    return message


def _decode(rows: Mapping[int, _Row], data: bytes, span: tuple[int, int], message: Message, left: int) -> int:
    """Add the fields between the two places of `span` to `message`; return how many more of `left` there may be."""
    at, end = span
    while at < end:
        # SECURITY: test_a_message_has_a_bounded_number_of_fields
        left -= 1
        if left < 0:
            raise PeerError("more fields than such a message may have")
        tag = data[at]
        at += 1
        if tag >= _MORE:
            tag, at = _read_varint(data, at - 1, end)
        row = rows.get(tag)
        if row is None:
            at, left = _skip(data, (at, end), tag, left)
            continue
        if at >= end:
            raise PeerError("a field without a value")
        value = data[at]
        at += 1
        if value >= _MORE:
            value, at = _read_varint(data, at - 1, end)
        _, number, way, inner = row
        if way == _UINT64:
            message[number] = value
            continue
        if way < _BYTES:
            message[number] = _of_32_bits(value, way)
            continue
        if way == _NUMBERS:
            message.setdefault(number, []).append(value & _LARGEST_32)
            continue
        start, at = at, at + value
        if at > end:
            raise PeerError(f"a field of {value} octets, of which {end - start} are there")
        if way == _BYTES:
            message[number] = data[start:at]
        elif inner is not None:
            left = _decode(inner.read, data, (start, at), _inner(message, number, way), left)
        else:
            left = _decode_packed(data, (start, at), message.setdefault(number, []), left)
            if not message[number]:
                del message[number]
    return left


def _of_32_bits(value: int, way: int) -> int:
    value &= _LARGEST_32
    return value - _LARGEST_32 - 1 if way == _INT32 and value & _NEGATIVE_32 else value


def _inner(message: Message, number: int, way: int) -> Message:
    """Return the message within `message` that a field adds to."""
    if way == _MESSAGE:
        inner: Message = message.setdefault(number, {})
        return inner
    new: Message = {}
    message.setdefault(number, []).append(new)
    return new


def _decode_packed(data: bytes, span: tuple[int, int], numbers: list[int], left: int) -> int:
    at, end = span
    while at < end:
        left -= 1
        if left < 0:
            raise PeerError("more fields than such a message may have")
        value, at = _read_varint(data, at, end)
        numbers.append(value & _LARGEST_32)
    return left


def _read_varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """Return the number that begins at `at`, without what is beyond 64 bits, and where it ends."""
    value = shift = 0
    for place in range(at, min(end, at + _VARINT_MAX_OCTETS)):
        octet = data[place]
        value |= (octet & 0x7F) << shift
        if octet < _MORE:
            return value & _LARGEST, place + 1
        shift += 7
    raise PeerError("a number that does not end")


def _skip(data: bytes, span: tuple[int, int], tag: int, left: int) -> tuple[int, int]:
    """Return where the value of a field ends that nobody reads, and how many more of `left` fields there may be."""
    at, end = span
    groups: list[int] = []  # the tags that end those which are open
    while True:
        wire_type = tag & 7
        if tag < 1 << 3 or tag > _LARGEST_32:
            raise PeerError(f"a tag of {tag}")
        if wire_type == _GROUP and len(groups) < GROUPS_LIMIT:
            groups.append(tag - _GROUP + _END_GROUP)
        elif wire_type == _END_GROUP and groups and groups[-1] == tag:
            groups.pop()
        elif wire_type == _VARINT:
            at = _read_varint(data, at, end)[1]
        elif wire_type == _OCTETS:
            length, at = _read_varint(data, at, end)
            at += length
        elif wire_type in _FIXED_OCTETS:
            at += _FIXED_OCTETS[wire_type]
        else:
            raise PeerError(f"a tag of {tag} where none may be")
        if at > end:
            raise PeerError(f"an unknown field that ends {at - end} octets behind its message")
        if not groups:
            return at, left
        left -= 1
        if left < 0:
            raise PeerError("more fields than such a message may have")
        tag, at = _read_varint(data, at, end)
