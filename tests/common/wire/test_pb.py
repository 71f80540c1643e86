"""The checked-in protobuf code is what mosh.proto says, and runs with old runtimes too."""

from __future__ import annotations

import re
from pathlib import Path

from mosh_common.wire.pb import mosh_pb2

FOLDER = Path(mosh_pb2.__file__).parent
TYPES = {5: "int32", 4: "uint64", 13: "uint32", 12: "bytes"}  # numbers of FieldDescriptorProto.Type; 11 is a message


def test_the_generated_code_is_that_of_the_proto_file() -> None:
    source = re.sub(r"//.*", "", (FOLDER / "mosh.proto").read_text())
    declared = {
        (message, name, int(number), kind)
        for message, body in re.findall(r"message (\w+) \{(.*?)\n\}", source, re.DOTALL)
        for kind, name, number in re.findall(r"(?:optional|repeated) (\w+) (\w+) = (\d+);", body)
    }
    generated = {
        (message.name, field.name, field.number, TYPES.get(field.type) or field.message_type.name)
        for message in mosh_pb2.DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    }
    assert generated == declared
    assert len(declared) == 31


def test_the_generated_code_asks_for_no_particular_runtime() -> None:
    # Generators from 26 on write a check that refuses the runtime of Debian 12.
    assert "runtime_version" not in (FOLDER / "mosh_pb2.py").read_text()
