# mypy: disable-error-code="type-arg"
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Iterable as _Iterable, Mapping as _Mapping, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Announcement(_message.Message):
    __slots__ = ["program"]
    PROGRAM_FIELD_NUMBER: _ClassVar[int]
    program: bytes
    def __init__(self, program: _Optional[bytes] = ...) -> None: ...

class EchoAck(_message.Message):
    __slots__ = ["echo_ack_num"]
    ECHO_ACK_NUM_FIELD_NUMBER: _ClassVar[int]
    echo_ack_num: int
    def __init__(self, echo_ack_num: _Optional[int] = ...) -> None: ...

class Features(_message.Message):
    __slots__ = ["number"]
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    number: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, number: _Optional[_Iterable[int]] = ...) -> None: ...

class HostBytes(_message.Message):
    __slots__ = ["hoststring"]
    HOSTSTRING_FIELD_NUMBER: _ClassVar[int]
    hoststring: bytes
    def __init__(self, hoststring: _Optional[bytes] = ...) -> None: ...

class HostInstruction(_message.Message):
    __slots__ = ["announcement", "echoack", "features", "hostbytes", "notice", "part", "resize"]
    ANNOUNCEMENT_FIELD_NUMBER: _ClassVar[int]
    ECHOACK_FIELD_NUMBER: _ClassVar[int]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    HOSTBYTES_FIELD_NUMBER: _ClassVar[int]
    NOTICE_FIELD_NUMBER: _ClassVar[int]
    PART_FIELD_NUMBER: _ClassVar[int]
    RESIZE_FIELD_NUMBER: _ClassVar[int]
    announcement: Announcement
    echoack: EchoAck
    features: Features
    hostbytes: HostBytes
    notice: Notice
    part: Payload
    resize: Resize
    def __init__(self, hostbytes: _Optional[_Union[HostBytes, _Mapping]] = ..., resize: _Optional[_Union[Resize, _Mapping]] = ..., echoack: _Optional[_Union[EchoAck, _Mapping]] = ..., announcement: _Optional[_Union[Announcement, _Mapping]] = ..., notice: _Optional[_Union[Notice, _Mapping]] = ..., features: _Optional[_Union[Features, _Mapping]] = ..., part: _Optional[_Union[Payload, _Mapping]] = ...) -> None: ...

class HostMessage(_message.Message):
    __slots__ = ["instruction"]
    INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    instruction: _containers.RepeatedCompositeFieldContainer[HostInstruction]
    def __init__(self, instruction: _Optional[_Iterable[_Union[HostInstruction, _Mapping]]] = ...) -> None: ...

class Keystroke(_message.Message):
    __slots__ = ["keys"]
    KEYS_FIELD_NUMBER: _ClassVar[int]
    keys: bytes
    def __init__(self, keys: _Optional[bytes] = ...) -> None: ...

class Notice(_message.Message):
    __slots__ = ["kind", "text"]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    kind: int
    text: bytes
    def __init__(self, kind: _Optional[int] = ..., text: _Optional[bytes] = ...) -> None: ...

class Payload(_message.Message):
    __slots__ = ["feature", "octets"]
    FEATURE_FIELD_NUMBER: _ClassVar[int]
    OCTETS_FIELD_NUMBER: _ClassVar[int]
    feature: int
    octets: bytes
    def __init__(self, feature: _Optional[int] = ..., octets: _Optional[bytes] = ...) -> None: ...

class Resize(_message.Message):
    __slots__ = ["height", "width"]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    height: int
    width: int
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class TransportInstruction(_message.Message):
    __slots__ = ["ack_num", "chaff", "diff", "new_num", "old_num", "protocol_version", "throwaway_num"]
    ACK_NUM_FIELD_NUMBER: _ClassVar[int]
    CHAFF_FIELD_NUMBER: _ClassVar[int]
    DIFF_FIELD_NUMBER: _ClassVar[int]
    NEW_NUM_FIELD_NUMBER: _ClassVar[int]
    OLD_NUM_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_VERSION_FIELD_NUMBER: _ClassVar[int]
    THROWAWAY_NUM_FIELD_NUMBER: _ClassVar[int]
    ack_num: int
    chaff: bytes
    diff: bytes
    new_num: int
    old_num: int
    protocol_version: int
    throwaway_num: int
    def __init__(self, protocol_version: _Optional[int] = ..., old_num: _Optional[int] = ..., new_num: _Optional[int] = ..., ack_num: _Optional[int] = ..., throwaway_num: _Optional[int] = ..., diff: _Optional[bytes] = ..., chaff: _Optional[bytes] = ...) -> None: ...

class UserInstruction(_message.Message):
    __slots__ = ["features", "keystroke", "request", "resize"]
    FEATURES_FIELD_NUMBER: _ClassVar[int]
    KEYSTROKE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    RESIZE_FIELD_NUMBER: _ClassVar[int]
    features: Features
    keystroke: Keystroke
    request: Payload
    resize: Resize
    def __init__(self, keystroke: _Optional[_Union[Keystroke, _Mapping]] = ..., resize: _Optional[_Union[Resize, _Mapping]] = ..., features: _Optional[_Union[Features, _Mapping]] = ..., request: _Optional[_Union[Payload, _Mapping]] = ...) -> None: ...

class UserMessage(_message.Message):
    __slots__ = ["instruction"]
    INSTRUCTION_FIELD_NUMBER: _ClassVar[int]
    instruction: _containers.RepeatedCompositeFieldContainer[UserInstruction]
    def __init__(self, instruction: _Optional[_Iterable[_Union[UserInstruction, _Mapping]]] = ...) -> None: ...
